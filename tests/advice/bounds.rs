//! Bounds of what is kept and told, whatever there is.

use crate::made_up::{Load, snapshot};
use lookout::advice::Advisor;
use lookout::advice::limits::{FINDINGS, METHODS};

#[test]
fn only_so_many_findings_are_told_and_the_rest_are_counted() {
    let failing = Load { failed: 30, ..Load::default() };
    let mut advisor = Advisor::default();
    for minute in (0..=40).step_by(5) {
        let services = (0..FINDINGS + 7).map(|at| failing.after(minute, &format!("s{at}")));
        advisor.look(&snapshot(minute, services.collect()));
    }
    let advice = advisor.advice();
    assert_eq!((advice.findings.len(), advice.left_out), (FINDINGS, 7));
}

#[test]
fn a_method_that_takes_the_time_is_kept_among_a_hundred() {
    // Every one is called as often; one of them takes the time, and comes last.
    let names: Vec<&'static str> = (0..100).map(|at| &*format!("m{at:02}").leak()).collect();
    let mut methods: Vec<_> = names.iter().map(|name| (*name, 2, 20, 20)).collect();
    methods[99].2 = 9_000;
    methods[99].3 = 9_000;
    let load = Load { methods, ..Load::default() };
    let mut advisor = Advisor::default();
    for minute in 0..=120 {
        advisor.look(&snapshot(minute, vec![load.after(minute, "A")]));
    }
    assert!(names.len() > METHODS);
    let found = &advisor.advice().findings;
    let dominant: Vec<_> = found.iter().filter_map(|it| it.method.as_deref()).collect();
    assert!(dominant.contains(&"m99"), "{found:#?}");
}
