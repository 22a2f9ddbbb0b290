//! Calls that are traced: messages in, and what is told of each call out, through the real reader and
//! observer. Spans are named by the order in which they are first mentioned: `#1`, and `#1s` for the
//! service's side of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lookout::observer::digest::DigestKey;
use lookout::observer::exemplars::class;
use lookout::observer::input::{Input, Link};
use lookout::observer::settings::{DirectPolicy, PairSettings, TracePolicy};
use lookout::observer::trace::{Beside, End, Identity, SpanId, TraceId, Traced};
use lookout::observer::{Instant, Settings, Span};
use lookout::pipeline::Pipeline;
use lookout::wire::{Envelope, Message, PairSpec, Properties, Traffic, TrafficSpec, Voice};
use std::borrow::Cow;

/// Microseconds of a millisecond.
const MS: u64 = 1_000;

struct Scene {
    pipeline: Pipeline,
    now: u64,
    spans: Vec<SpanId>,
    documents: Vec<String>,
}

impl Scene {
    fn new(change: impl Fn(&mut Settings)) -> Self {
        let text = str::to_owned;
        let pair = PairSpec {
            name: text("default"),
            call: text("service/{service}"),
            reply: vec!["session/{session}/response".into()],
            ..PairSpec::default()
        };
        let traffic = TrafficSpec {
            cluster: text("main"),
            observer_id: text("lookout-1"),
            pairs: vec![pair],
            max_payload: 1 << 20,
            who: None,
            ignore: Vec::new(),
            activity: Vec::new(),
            security: Vec::new(),
        };
        let pair = PairSettings { name: text("default"), ..PairSettings::default() };
        let mut settings = Settings::with_pairs(vec![pair]);
        settings.trace.enabled = true;
        change(&mut settings);
        let voice =
            Voice { cluster: text("main"), id: text("lookout-1"), envelope: Envelope::default() };
        let traffic = Traffic::new(&traffic).unwrap();
        let start = Instant::from_micros(1_000_000_000);
        let mut pipeline = Pipeline::new(voice, traffic, settings, DigestKey::new(1, 2), start);
        pipeline.tell(start, Input::Link(Link::Up));
        Self { pipeline, now: 2_000_000_000, spans: Vec::new(), documents: Vec::new() }
    }

    /// A message, so many milliseconds after the one before.
    fn say(&mut self, after: u64, topic: &str, payload: &str, user: &[(&str, &str)]) {
        self.now += after * MS;
        let user: Vec<_> = user
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), Cow::Borrowed(*value)))
            .collect();
        let properties = Properties { user: &user, ..Properties::default() };
        let message = Message { topic, payload: payload.as_bytes(), retain: false, properties };
        self.pipeline.hear(Instant::from_micros(self.now), &message);
        self.read();
    }

    fn call(&mut self, after: u64, service: &str, id: &str, more: &str) {
        let call =
            format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"do","sessionId":"s"{more}}}"#);
        self.say(after, &format!("service/{service}"), &call, &[]);
    }

    fn reply(&mut self, after: u64, id: &str, what: &str) {
        let reply = format!(r#"{{"jsonrpc":"2.0","id":"{id}",{what}}}"#);
        self.say(after, "session/s/response", &reply, &[]);
    }

    fn ok(&mut self, after: u64, id: &str) {
        self.reply(after, id, r#""result":1"#);
    }

    fn pass(&mut self, millis: u64) {
        self.now += millis * MS;
        self.pipeline.advance(Instant::from_micros(self.now));
        self.read();
    }

    fn read(&mut self) {
        while let Some(document) = self.pipeline.poll_document() {
            self.documents.extend(document.payload);
        }
    }

    fn all(&mut self) -> Vec<Traced> {
        std::iter::from_fn(|| self.pipeline.poll_traced()).collect()
    }

    fn name(&mut self, span: SpanId) -> String {
        let server = |it: &SpanId| it.beside(Beside::Server) == span;
        if let Some(at) = self.spans.iter().position(server) {
            return format!("#{}s", at + 1);
        }
        let at = self.spans.iter().position(|it| *it == span).unwrap_or_else(|| {
            self.spans.push(span);
            self.spans.len() - 1
        });
        format!("#{}", at + 1)
    }

    /// What was told: span, whom, how it ended, from when to when, below what, by whom.
    fn told(&mut self) -> Vec<String> {
        self.all().into_iter().map(|traced| self.line(&traced)).collect()
    }

    fn line(&mut self, traced: &Traced) -> String {
        let end = match &traced.end {
            End::Answered(outcome, code) => format!("{} {code:?}", outcome.name()),
            End::Unanswered { worked } => {
                format!("unanswered{}", if *worked { " worked" } else { "" })
            }
            End::Late { outcome, worked, .. } => {
                format!("late {}{}", outcome.name(), if *worked { " worked" } else { "" })
            }
            End::Direct(why) => format!("direct {why:?}"),
            End::OneWay => "one_way".to_owned(),
            End::Unheard => "unheard".to_owned(),
        };
        let Traced { made, ended, service, method, caller, span, parent, remote, .. } = traced;
        let span = self.name(*span);
        let parent = match parent {
            Some(parent) if *remote => format!(" under {parent} of another"),
            Some(parent) => format!(" under {}", self.name(*parent)),
            None => String::new(),
        };
        let by = caller.as_ref().map_or_else(String::new, |caller| format!(" by {caller}"));
        let method = method.as_deref().unwrap_or("?");
        let took = ended.since(*made).micros();
        format!("{span} {service}/{method} {end} +{took}us{parent}{by}")
    }
}

fn depends(settings: &mut Settings) {
    settings.dependencies =
        vec![("A".to_owned(), vec!["B".to_owned()]), ("B".to_owned(), vec!["C".to_owned()])];
}

const CORRELATION: &str = r#","correlationId":"order-7""#;

#[test]
fn every_end_of_a_call_is_told_once_with_its_times() {
    let mut scene = Scene::new(|_| {});
    scene.call(0, "A", "1", "");
    scene.ok(12, "1");
    scene.call(5, "A", "2", "");
    scene.reply(3, "2", r#""error":{"code":-32602,"message":"no"}"#);
    scene.call(5, "A", "3", "");
    scene.reply(4, "3", r#""error":{"code":-32603,"message":"no"}"#);
    scene.say(5, "service/A", r#"{"jsonrpc":"2.0","method":"do"}"#, &[]);
    // The reply before its call.
    scene.ok(5, "4");
    scene.call(1, "A", "4", "");
    assert_eq!(
        scene.told(),
        [
            "#1 A/do ok None +12000us",
            "#2 A/do rejected Number(-32602) +3000us",
            "#3 A/do failed Number(-32603) +4000us",
            "#4 A/do one_way +0us",
            "#5 A/do ok None +0us",
        ]
    );
    scene.call(0, "A", "5", "");
    scene.pass(600_000);
    let told = scene.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("#6 A/do unanswered +"), "{told:?}");
    // A second answer is a duplicate, and no late reply.
    scene.call(0, "A", "6", "");
    scene.pass(31_000);
    scene.ok(0, "6");
    scene.ok(1, "6");
    let told = scene.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[1], "#7 A/do late ok +31000000us");
}

#[test]
fn calls_within_calls_are_children_where_that_is_known() {
    let mut scene = Scene::new(depends);
    scene.call(0, "A", "1", CORRELATION);
    scene.call(1, "B", "2", CORRELATION);
    scene.call(1, "C", "3", CORRELATION);
    // Of the same operation, but nobody knows that C or A calls it; and of another operation.
    scene.call(1, "D", "4", CORRELATION);
    scene.call(0, "B", "5", r#","correlationId":"other""#);
    for id in ["3", "4", "2", "5", "1"] {
        scene.ok(1, id);
    }
    let all = scene.all();
    let trace = all[0].trace;
    let same: Vec<_> = all.iter().map(|it| it.trace == trace).collect();
    assert_eq!(same, [true, true, true, false, true], "one trace for the operation");
    let lines: Vec<_> = all.iter().rev().map(|it| scene.line(it)).collect();
    assert_eq!(
        lines,
        [
            "#1 A/do ok None +8000us",
            "#2 B/do ok None +4000us",
            "#3 B/do ok None +5000us under #1s by A",
            "#4 D/do ok None +2000us",
            "#5 C/do ok None +2000us under #3s by B",
        ]
    );
}

#[test]
fn who_calls_whom_is_learned_before_it_is_drawn() {
    let mut scene = Scene::new(|settings| settings.cascade.sightings = 3);
    for round in 0..5 {
        let operation = format!(r#","correlationId":"order-{round}""#);
        scene.call(5, "A", "a", &operation);
        scene.call(1, "B", "b", &operation);
        scene.ok(1, "b");
        scene.ok(1, "a");
    }
    let callers: Vec<_> =
        scene.all().iter().filter(|it| &*it.service == "B").map(|it| it.parent.is_some()).collect();
    assert_eq!(callers, [false, false, false, true, true]);
}

#[test]
fn a_service_that_made_a_call_worked_though_it_did_not_answer() {
    let mut scene = Scene::new(depends);
    scene.call(0, "A", "1", CORRELATION);
    scene.call(1, "B", "2", CORRELATION);
    scene.ok(1, "2");
    scene.pass(40_000);
    scene.ok(0, "1");
    let all = scene.all();
    let told: Vec<_> = all.iter().rev().map(|it| scene.line(it)).collect();
    assert_eq!(told[0], "#1 A/do late ok worked +40002000us");
    assert!(told[1].starts_with("#1 A/do unanswered worked +"), "{told:?}");
    assert_eq!(told[2], "#2 B/do ok None +1000us under #1s by A");
}

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn traced_call(scene: &mut Scene, service: &str, id: &str, user: &[(&str, &str)]) {
    let call = format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"do","sessionId":"s"}}"#);
    scene.say(1, &format!("service/{service}"), &call, user);
}

#[test]
fn a_trace_that_the_caller_names_is_gone_on_with() {
    let mut scene = Scene::new(depends);
    let state = [("traceparent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2")];
    traced_call(&mut scene, "A", "1", &state);
    scene.ok(1, "1");
    let told = scene.all();
    let it = &told[0];
    assert_eq!(it.trace.to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(it.parent.unwrap().to_string(), "b7ad6b7169203331");
    assert!(it.remote && it.flags == 1);
    assert_eq!(it.state.as_deref(), Some("a=1,b=2"));
    // In the body.
    scene.call(1, "A", "2", &format!(r#","traceparent":"{PARENT}","tracestate":"c=3""#));
    scene.ok(1, "2");
    let told = scene.all();
    assert_eq!(told[0].trace, it.trace);
    assert_eq!(told[0].state.as_deref(), Some("c=3"));
}

#[test]
fn a_header_that_was_passed_on_as_it_came_is_not_mistaken_for_a_sibling() {
    let mut scene = Scene::new(depends);
    let other = PARENT.replace("b7ad", "c7ad");
    traced_call(&mut scene, "A", "1", &[("traceparent", PARENT)]);
    traced_call(&mut scene, "B", "2", &[("traceparent", PARENT)]);
    traced_call(&mut scene, "C", "3", &[("traceparent", &other)]);
    for id in ["3", "2", "1"] {
        scene.ok(1, id);
    }
    let all = scene.all();
    let lines: Vec<_> = all.iter().rev().map(|it| scene.line(it)).collect();
    assert_eq!(
        lines,
        [
            "#1 A/do ok None +5000us under b7ad6b7169203331 of another",
            "#2 B/do ok None +3000us under #1s by A",
            // B has a span of its own for this.
            "#3 C/do ok None +1000us under c7ad6b7169203331 of another by B",
        ]
    );
}

#[test]
fn a_trace_that_a_client_of_lookout_began_has_its_first_span_here() {
    let mut scene = Scene::new(|_| {});
    let begun = [("traceparent", PARENT), ("tracestate", "x=1, lookout=begun")];
    traced_call(&mut scene, "A", "1", &begun);
    // The service passed it on: nobody has to learn who called.
    traced_call(&mut scene, "B", "2", &[("traceparent", PARENT)]);
    traced_call(&mut scene, "C", "3", &[("traceparent", &PARENT.replace("b7ad", "c7ad"))]);
    for id in ["3", "2", "1"] {
        scene.ok(1, id);
    }
    let all = scene.all();
    assert_eq!(all[2].span.to_string(), "b7ad6b7169203331");
    let lines: Vec<_> = all.iter().rev().map(|it| scene.line(it)).collect();
    assert_eq!(
        lines,
        [
            "#1 A/do ok None +5000us",
            "#2 B/do ok None +3000us under #1s by A",
            "#3 C/do ok None +1000us under c7ad6b7169203331 of another",
        ]
    );
}

#[test]
fn a_batch_is_one_trace_and_the_same_batch_again_is_another() {
    let mut scene = Scene::new(|_| {});
    let batch = r#"[{"jsonrpc":"2.0","id":"1","method":"do","sessionId":"s"},{"jsonrpc":"2.0","id":"2","method":"do","sessionId":"s"}]"#;
    for _ in 0..2 {
        scene.say(1, "service/A", batch, &[]);
        scene.ok(1, "1");
        scene.reply(1, "2", r#""error":{"code":5,"message":"no"}"#);
    }
    let all = scene.all();
    assert_eq!(all.len(), 4);
    assert_eq!((all[0].trace == all[1].trace, all[1].trace == all[2].trace), (true, false));
    let mut spans: Vec<_> = all.iter().map(|it| it.span).collect();
    spans.sort_unstable();
    spans.dedup();
    assert_eq!(spans.len(), 4);
}

#[test]
fn operations_have_the_same_trace_everywhere() {
    let trace = |id: &str, seed| {
        let mut scene = Scene::new(|settings| settings.seed = seed);
        scene.call(1, "A", "1", &format!(r#","correlationId":"{id}""#));
        scene.ok(1, "1");
        let told = scene.all();
        assert!(matches!(told[0].seen.identity, Identity::Operation(_)));
        assert_eq!(told[0].seen.operation(), Some(id));
        told[0].trace.to_string()
    };
    for (id, wanted) in [
        ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e04f8941d39a0c0305e82c3301"),
        ("018F8B0C-7C2A-7D3E-8F00-AABBCCDDEEFF", "018f8b0c7c2a7d3e8f00aabbccddeeff"),
        ("0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319c"),
    ] {
        assert_eq!(trace(id, 1), wanted, "{id}");
    }
    // By a clock and a card, all zeros, or anything else: digested.
    for id in [
        "d9428888-122b-11e1-b85c-61cd3cbb3210",
        "00000000000000000000000000000000",
        "order-7",
        "3f2504e0-4f89-41d3-9a0c-0305e82c330é",
    ] {
        assert_eq!(trace(id, 1), trace(id, 2), "{id}");
        assert_ne!(trace(id, 1).to_string(), TraceId::of(1).to_string());
    }
    assert_ne!(trace("order-7", 1), trace("order-8", 1));
}

#[test]
fn failures_and_what_is_around_them_are_told_whatever_the_ratio() {
    let policy = TracePolicy { enabled: true, ratio: 0.0, ..TracePolicy::default() };
    let mut scene = Scene::new(|settings| {
        depends(settings);
        settings.trace = policy;
    });
    scene.call(1, "A", "1", CORRELATION);
    scene.call(1, "B", "2", CORRELATION);
    scene.reply(1, "2", r#""error":{"code":-32603,"message":"no"}"#);
    scene.ok(1, "1");
    scene.call(1, "A", "3", "");
    scene.ok(1, "3");
    scene.call(1, "A", "4", "");
    scene.ok(1_001, "4");
    let told = scene.told();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains("B/do failed"), "{told:?}");
    assert!(told[1].contains("A/do ok"), "{told:?}");
    assert!(told[2].contains("A/do ok None +1001000us"), "{told:?}");
}

#[test]
fn a_ratio_is_kept_by_whole_traces_and_says_so() {
    let policy = TracePolicy { enabled: true, ratio: 0.25, ..TracePolicy::default() };
    let mut scene = Scene::new(|settings| settings.trace = policy);
    let mut random = 1_u64;
    for number in 0..4_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let operation =
            format!(r#","correlationId":"{random:016x}{:016x}""#, random.reverse_bits());
        for service in ["A", "E"] {
            let id = format!("{service}{number}");
            scene.call(0, service, &id, &operation);
            scene.ok(1, &id);
        }
    }
    let all = scene.all();
    let mut traces: Vec<_> = all.iter().map(|it| it.trace).collect();
    traces.dedup();
    assert_eq!(2 * traces.len(), all.len(), "both calls or neither");
    assert!((900..1_100).contains(&traces.len()), "{}", traces.len());
    for it in &all {
        assert_eq!(it.state.as_deref(), Some("ot=th:c"));
        assert!(it.trace.0.get() as u64 & 0x00ff_ffff_ffff_ffff >= 0x00c0_0000_0000_0000);
    }
    // What the caller says of the randomness comes before the id, and it may say that it records none.
    let said = |flags: &str, state: &str| {
        let mut scene = Scene::new(|settings| settings.trace = policy);
        let parent = format!("00-0af7651916cd43dd84ffffffffffffff-b7ad6b7169203331-{flags}");
        traced_call(&mut scene, "A", "1", &[("traceparent", &parent), ("tracestate", state)]);
        scene.ok(1, "1");
        scene.all().first().map(|it| it.state.as_deref().unwrap_or_default().to_owned())
    };
    assert_eq!(said("01", "x=1").as_deref(), Some("ot=th:c,x=1"));
    assert_eq!(said("00", "x=1"), None, "its caller does not record it");
    assert_eq!(said("01", "x=1,ot=rv:00000000000001"), None);
    assert_eq!(said("01", "ot=rv:fe000000000000").as_deref(), Some("ot=rv:fe000000000000"));
}

#[test]
fn what_lookout_cannot_know_is_not_told() {
    let mut scene = Scene::new(|_| {});
    scene.call(1, "A", "1", "");
    scene.pipeline.tell(Instant::from_micros(scene.now + 1), Input::Link(Link::Down));
    scene.pass(120_000);
    assert_eq!(scene.told(), [""; 0]);
    assert_eq!(scene.pipeline.trace_counts().void, 1);
}

#[test]
fn what_is_said_of_a_service_names_a_trace_that_is_told() {
    let mut scene = Scene::new(|settings| settings.trace.ratio = 0.0);
    for id in 0..40 {
        scene.call(100, "A", &format!("warm-{id}"), "");
        scene.ok(1, &format!("warm-{id}"));
    }
    assert!(scene.all().is_empty());
    scene.documents.clear();
    for id in 0..20 {
        scene.call(1_000, "A", &format!("lost-{id}"), "");
    }
    scene.pass(60_000);
    let said = scene.documents.iter().find(|it| it.contains("service_unavailable"));
    let said = said.unwrap().clone();
    let (_, rest) = said.split_once(r#""traceId":""#).unwrap();
    let told: Vec<_> = scene.all().iter().map(|it| it.trace.to_string()).collect();
    assert!(told.iter().any(|trace| rest.starts_with(trace.as_str())), "{said} {told:?}");
    let snapshot = scene.pipeline.snapshot(Instant::from_micros(scene.now));
    let service = &snapshot.services[0];
    assert!(rest.starts_with(&service.trace.unwrap().to_string()));
    assert!(service.errors.last.iter().all(|(_, it)| it.trace.is_some()));
}

#[test]
fn an_answered_call_that_is_told_is_an_example_of_its_reply_time() {
    let mut scene = Scene::new(|_| {});
    scene.call(0, "A", "1", "");
    scene.ok(12, "1");
    let told = scene.all();
    let snapshot = scene.pipeline.snapshot(Instant::from_micros(scene.now));
    let exemplars = snapshot.services[0].exemplars.clone().unwrap();
    let example = exemplars.of(class(Span::from_millis(12))).unwrap();
    assert_eq!((example.trace, example.span), (told[0].trace, told[0].span));
    assert_eq!(example.took, Span::from_millis(12));
}

#[test]
fn an_answer_in_the_place_of_a_service_is_told_beside_the_call() {
    let mut scene = Scene::new(|settings| {
        settings.direct = DirectPolicy { enabled: true, per_second: 100 };
    });
    for id in 0..40 {
        scene.call(100, "A", &format!("warm-{id}"), "");
        scene.ok(1, &format!("warm-{id}"));
    }
    scene.all();
    for id in 0..40 {
        scene.call(1_000, "A", &format!("lost-{id}"), "");
    }
    let all = scene.all();
    let direct: Vec<_> = all.iter().filter(|it| matches!(it.end, End::Direct(_))).collect();
    assert!(!direct.is_empty());
    scene.pass(60_000);
    let ends = scene.all();
    for it in direct {
        let mut others = all.iter().chain(&ends).filter(|other| other.span == it.span);
        assert!(others.any(|other| matches!(other.end, End::Unanswered { .. })), "{it:?}");
    }
}

#[test]
fn methods_are_bounded_and_what_was_written_is_kept() {
    let mut scene = Scene::new(|settings| settings.limits.methods = 1);
    for (id, method) in [("1", "do"), ("2", "made-up"), ("3", "do")] {
        let call =
            format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"{method}","sessionId":"s"}}"#);
        scene.say(1, "service/A", &call, &[]);
        scene.ok(1, id);
    }
    let all = scene.all();
    let methods: Vec<_> =
        all.iter().map(|it| (it.method.as_deref(), it.seen.method().unwrap())).collect();
    assert_eq!(methods, [(Some("do"), "do"), (None, "made-up"), (Some("do"), "do")]);
}

#[test]
fn nothing_is_kept_or_told_where_nobody_traces() {
    let mut scene = Scene::new(|settings| settings.trace.enabled = false);
    scene.call(1, "A", "1", CORRELATION);
    scene.ok(1, "1");
    assert!(scene.all().is_empty());
}
