//! Floods of one kind: made-up names, replies without calls, one id again and again, batches.

use crate::kit::Line;
use lookout::wire::Properties;

#[test]
fn made_up_services_are_bounded_and_visible() {
    let mut line = Line::new(|settings| settings.limits.services = 100);
    line.good();
    for at in 0..30_000_u64 {
        let topic = format!("service/made-up-{at}");
        let call = format!(r#"{{"id":{at},"method":"m{at}"}}"#);
        line.hear(&topic, call.as_bytes(), Properties::default());
        if at % 1_000 == 0 {
            line.good();
            line.check(100);
        }
    }
    assert_eq!(line.totals("_other").calls, 30_000 - 99);
    assert_eq!(line.snapshot().services.len(), 101);
    line.settle();
    line.check(100);
    line.check_good();
    assert_eq!(line.totals("_other").unanswered, 30_000 - 99);
}

#[test]
fn made_up_services_that_answer_themselves_displace_no_good_one() {
    let mut line = Line::new(|settings| settings.limits.services = 50);
    line.good();
    for round in 0..3 {
        for at in 0..3_000_u64 {
            let call = format!(r#"{{"id":"{round}-{at}","method":"m"}}"#);
            line.hear(&format!("service/made-up-{at}"), call.as_bytes(), Properties::default());
            let reply = format!(r#"{{"id":"{round}-{at}","result":1}}"#);
            line.hear("session/x/response", reply.as_bytes(), Properties::default());
        }
        line.good();
        line.check(50);
    }
    line.settle();
    line.check_good();
    assert_eq!(line.counted(), line.heard);
}

#[test]
fn made_up_methods_are_bounded() {
    let mut line = Line::new(|_| ());
    for at in 0..5_000_u64 {
        let call = format!(r#"{{"id":{at},"method":"m{at}"}}"#);
        line.hear("service/A", call.as_bytes(), Properties::default());
    }
    line.check(1);
    let snapshot = line.snapshot();
    let methods = &snapshot.services[0].methods;
    assert_eq!(methods.len(), 101);
    let other = methods.iter().find(|(name, _)| &**name == "_other").unwrap();
    assert_eq!(other.1.totals.calls, 4_900);
}

#[test]
fn replies_without_calls_are_held_and_counted() {
    let mut line = Line::new(|settings| settings.limits.held_replies = 1_000);
    for at in 0..20_000_u64 {
        let reply = format!(r#"{{"id":"r-{at}","result":1}}"#);
        let topic = format!("session/{}/response", at % 5_000);
        line.hear(&topic, reply.as_bytes(), Properties::default());
        if at % 1_000 == 0 {
            line.good();
        }
    }
    assert!(line.snapshot().unmatched >= 19_000);
    line.settle();
    assert_eq!(line.snapshot().unmatched, 20_000);
    line.check_good();
    assert_eq!(line.counted(), line.heard);
}

#[test]
fn one_id_again_and_again_voids_and_settles() {
    let mut line = Line::new(|_| ());
    line.good();
    for _ in 0..10_000 {
        line.hear("service/A", br#"{"id":1,"method":"m"}"#, Properties::default());
    }
    let totals = line.totals("A");
    assert_eq!((totals.calls, totals.void, totals.open), (10_000, 9_999, 1));
    for _ in 0..10_000 {
        line.hear("session/s/response", br#"{"id":1,"result":1}"#, Properties::default());
    }
    line.good();
    line.settle();
    let totals = line.totals("A");
    assert_eq!((totals.calls, totals.void, totals.ok), (10_000, 9_999, 1));
    assert_eq!(line.snapshot().duplicate, 9_999);
    line.check_good();
    assert_eq!(line.counted(), line.heard);
}

#[test]
fn batches_of_ten_thousand_elements() {
    let mut line = Line::new(|_| ());
    line.good();
    let batch = |element: &dyn Fn(u64) -> String| {
        let all: Vec<_> = (0..10_000).map(element).collect();
        format!("[{}]", all.join(","))
    };
    let calls = batch(&|at| format!(r#"{{"id":{at},"method":"m"}}"#));
    let bad =
        batch(&|at| if at % 2 == 0 { "1".into() } else { r#"{"id":[],"method":"m"}"#.into() });
    let replies = batch(&|at| format!(r#"{{"id":{at},"result":1}}"#));
    line.hear("service/B", calls.as_bytes(), Properties::default());
    line.hear("service/B", bad.as_bytes(), Properties::default());
    assert_eq!(line.totals("B").open, 10_000);
    line.pass(1_000);
    line.hear("session/s/response", replies.as_bytes(), Properties::default());
    assert_eq!(line.totals("B").ok, 10_000);
    let malformed: u64 = line.snapshot().malformed.iter().map(|(.., count)| count).sum();
    assert_eq!(malformed, 10_000);
    line.good();
    line.settle();
    line.check_good();
}

#[test]
fn deep_and_large_payloads_cost_only_themselves() {
    let mut line = Line::new(|_| ());
    for open in ["[", "{\"a\":", "[{\"id\":", "[[],"] {
        let payload = open.repeat((1 << 20) / open.len());
        line.hear("service/A", payload.as_bytes(), Properties::default());
        line.hear("session/s/response", payload.as_bytes(), Properties::default());
    }
    let keys: Vec<_> = (0..50_000).map(|at| format!("\"k{at}\":{at}")).collect();
    let wide = format!("{{{},\"id\":1,\"method\":\"m\"}}", keys.join(","));
    line.hear("service/A", wide.as_bytes(), Properties::default());
    line.good();
    line.settle();
    line.check_good();
    assert_eq!(line.totals("A").calls, 1);
    assert_eq!(line.counted(), line.heard);
}
