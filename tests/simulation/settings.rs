//! How lookout is set up in a world: three traffic pairs, and in some worlds bounds so small
//! that they are hit.

use crate::pipeline::Pipeline;
use crate::plan::Plan;
use lookout::observer::digest::DigestKey;
use lookout::observer::settings::PairSettings;
use lookout::observer::{Instant, Settings};
use lookout::wire::{PairSpec, Traffic, TrafficSpec, Voice};

const PAIRS: [(&str, &str, &str); 3] = [
    ("default", "service/{service}", "session/{session}/response"),
    ("rpc", "rpc/{service}/{method}/{call}", "rpc/{service}/{method}/{call}/reply"),
    ("deaf", "deaf/{service}", "deaf/{session}/answer"),
];

pub(crate) fn of(plan: &Plan) -> Settings {
    let pair = |(name, call, reply): (&str, &str, &str)| PairSettings {
        name: name.to_owned(),
        call: call.to_owned(),
        reply: reply.to_owned(),
        ..PairSettings::default()
    };
    let mut settings = Settings::with_pairs(PAIRS.map(pair).into());
    settings.seed = plan.seed;
    settings.cascade.learn = plan.learn;
    settings.trace.enabled = plan.traced;
    if plan.dependencies {
        // Two more than half of the others may depend on it; not all can be opened ahead.
        let on_users = ["Checkout", "Orders", "Billing", "Mail 2%"];
        let depends = |name: &str| (name.to_owned(), vec!["Users".to_owned()]);
        settings.dependencies = on_users.map(depends).into();
    }
    if plan.tight {
        settings.limits.services = 5;
        settings.limits.methods = 4;
        settings.limits.methods_total = 14;
        settings.limits.settled_calls = 30;
        settings.limits.held_replies = 4;
        settings.limits.components = 1;
    }
    if plan.few_open {
        settings.limits.open_calls = 6;
    }
    settings
}

pub(crate) fn pipeline(settings: &Settings, now: Instant) -> Pipeline {
    let pair = |(name, call, reply): (&str, &str, &str)| PairSpec {
        name: name.to_owned(),
        call: call.to_owned(),
        reply: vec![reply.into()],
        ..PairSpec::default()
    };
    let spec = TrafficSpec {
        cluster: "main".to_owned(),
        observer_id: "lookout-1".to_owned(),
        ignore: Vec::new(),
        activity: Vec::new(),
        security: Vec::new(),
        pairs: PAIRS.map(pair).into(),
        max_payload: 1 << 20,
        who: None,
    };
    let traffic = Traffic::new(&spec).expect("templates that are well formed");
    let voice = Voice { cluster: "main".into(), id: "lookout-1".into(), ..Voice::default() };
    Pipeline::new(voice, traffic, settings.clone(), DigestKey::new(17, 23), now)
}
