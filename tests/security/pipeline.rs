//! The watch where it stands: messages in, documents out, with what the observer knows in between.

use lookout::config;
use lookout::observer::digest::DigestKey;
use lookout::observer::input::Link;
use lookout::observer::survey::Survey;
use lookout::observer::{Input, Instant, Span};
use lookout::pipeline::Pipeline;
use lookout::wire::{Message, Properties};
use serde_json::{Value, json};

struct Scene {
    pipeline: Pipeline,
    now: Instant,
    documents: Vec<Value>,
}

impl Scene {
    fn new(lines: &str) -> Self {
        let config = config::from_text(&format!("cluster = 'test'\n[security]\n{lines}")).unwrap();
        let now = Instant::from_micros(1_767_571_200_000_000);
        let (voice, watch) = (config.voice(), config.watch(now));
        let pipeline =
            Pipeline::new(voice, config.traffic, config.settings, DigestKey::new(1, 2), now);
        let mut pipeline = pipeline.with_security(watch);
        pipeline.tell(now, Input::Link(Link::Up));
        let mut scene = Self { pipeline, now, documents: Vec::new() };
        scene.pass(10);
        scene
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now + Span::from_secs(seconds);
        self.pipeline.advance(self.now);
        self.read();
    }

    fn say(&mut self, topic: &str, body: &Value) {
        let body = body.to_string();
        let (payload, properties) = (body.as_bytes(), Properties::default());
        let message = Message { topic, payload, retain: false, properties };
        self.now = self.now + Span::from_millis(10);
        self.pipeline.hear(self.now, &message);
        self.read();
    }

    fn call(&mut self, id: u32, user: &str) {
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "list", "sessionId": "s",
            "userContext": {"userId": user}});
        self.say("service/Billing", &body);
    }

    fn reply(&mut self, id: u32, member: &str, value: Value) {
        self.say("session/s/response", &json!({"jsonrpc": "2.0", "id": id, member: value}));
    }

    fn read(&mut self) {
        while let Some(document) = self.pipeline.poll_document() {
            if document.topic == "system/test/security" {
                let whole: Value = serde_json::from_str(&document.payload.unwrap()).unwrap();
                self.documents.push(whole["params"].clone());
            }
        }
    }

    fn told(&self) -> Vec<String> {
        let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
        self.documents
            .iter()
            .map(|it| format!("{} {}", text(it, "attack"), text(it, "state")))
            .collect()
    }
}

const ON: &str = "enabled = true\n";

#[test]
fn denials_of_calls_and_then_none_are_seen_by_their_answers() {
    for (lines, told) in [(ON, vec!["escalation opened"]), ("", vec![])] {
        let mut scene = Scene::new(lines);
        for id in 0..3 {
            scene.call(id, "ana");
            scene.reply(id, "error", json!({"code": -32003, "message": "no"}));
        }
        scene.call(3, "ana");
        scene.reply(3, "result", json!([]));
        assert_eq!(scene.told(), told);
    }
}

#[test]
fn the_size_of_answers_counts_for_whom_they_are() {
    let mut scene = Scene::new(&format!("{ON}bytes_floor = 10000\nlearn = '1h'\n"));
    let mut id = 0;
    let mut ask = |scene: &mut Scene, user: &str, size: usize| {
        id += 1;
        scene.call(id, user);
        scene.reply(id, "result", json!("x".repeat(size)));
    };
    // Five days of little, at the same hour.
    for _ in 0..5 {
        ask(&mut scene, "ana", 1_000);
        ask(&mut scene, "ben", 100_000);
        scene.pass(24 * 3_600);
    }
    ask(&mut scene, "ben", 200_000);
    assert_eq!(scene.told(), [""; 0], "what is usual for ben");
    ask(&mut scene, "ana", 200_000);
    assert_eq!(scene.told(), ["exfiltration opened"]);
    assert_eq!(scene.documents[0]["source"], json!({"user": "ana"}));
}

#[test]
fn stray_replies_count_but_not_after_lookout_was_deaf() {
    let mut scene = Scene::new(ON);
    scene.pass(600);
    for id in 0..9 {
        scene.reply(id, "result", json!(1));
    }
    // A reply may come before its call; that none came is known two seconds later.
    scene.pass(3);
    assert_eq!(scene.told(), [""; 0], "nine");
    let mut deaf = Scene::new(ON);
    deaf.pass(600);
    deaf.pipeline.tell(deaf.now, Input::Link(Link::Down));
    deaf.pipeline.tell(deaf.now, Input::Link(Link::Up));
    for scene in [&mut scene, &mut deaf] {
        for id in 100..120 {
            scene.reply(id, "result", json!(1));
        }
        scene.pass(3);
    }
    assert_eq!(scene.told(), ["spoofing opened"]);
    assert_eq!(scene.documents[0]["target"], json!({"session": "s"}));
    assert_eq!(deaf.told(), [""; 0], "its calls may have been made meanwhile");
}

#[test]
fn an_attack_ends_by_time_alone_and_is_in_the_snapshot_until_then() {
    let mut scene = Scene::new(&format!("{ON}calm = '60s'\n"));
    for _ in 0..5 {
        scene.say("security/auth/login", &json!({"user": "ana", "success": false}));
    }
    let now = scene.now;
    let snapshot = scene.pipeline.turn(now, &mut Survey::default(), None);
    assert_eq!(snapshot.attacks.len(), 1);
    assert_eq!(snapshot.watch.unwrap().signs, [5, 0, 0, 0, 0, 0, 0]);
    let due = scene.pipeline.poll_timeout();
    assert!(due <= now + Span::from_secs(60), "it asks to be woken");
    scene.pass(61);
    assert_eq!(scene.told(), ["brute_force opened", "brute_force ended"]);
    let now = scene.now;
    assert!(scene.pipeline.turn(now, &mut Survey::default(), None).attacks.is_empty());
}
