//! Traffic made beforehand: calls and replies in order of time, under keys that are never used
//! twice, as a busy platform makes them.

use lookout::observer::call::{Answer, PairId};
use lookout::observer::digest::{Digest, DigestKey, Kind};
use lookout::observer::input::{Call, CallKind, Direction, Input, Name, Reply, Stray};
use lookout::observer::settings::PairSettings;
use lookout::observer::{Instant, Observer, Settings, Span};
use smallvec::SmallVec;
use std::cell::Cell;

const KEY: DigestKey = DigestKey::new(3, 5);
const BEGIN: u64 = 1_700_000_000_000_000;

/// A platform: how many services with how many methods each, called how often in all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) services: u32,
    pub(crate) methods: u32,
    pub(crate) calls_per_second: u32,
    /// Of a thousand calls, how many fail, and how many are never answered.
    pub(crate) failed: u64,
    pub(crate) lost: u64,
}

/// One message.
#[derive(Clone, Copy)]
pub(crate) struct Heard {
    micros: u64,
    key: Digest,
    name: Digest,
    service: u32,
    method: u16,
    what: What,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Call,
    Result,
    Failure,
}

/// The names of a scene, with their digests.
///
/// A name comes with its message, so reading it costs no wait for memory. Here the names of ten
/// thousand services would lie all over a table of our own; so a service is introduced by its
/// name, and later meant by its digest, which is all that the observer looks at then.
pub(crate) struct Cast {
    services: Vec<(String, String, Digest)>,
    methods: Vec<(String, Digest)>,
    introduced: Vec<Cell<bool>>,
}

impl Cast {
    pub(crate) fn new(scene: &Scene) -> Self {
        let services = (0..scene.services).map(|at| {
            let name = format!("Service{at:05}");
            let digest = KEY.digest(Kind::Service, name.as_bytes());
            (format!("service/{name}"), name, digest)
        });
        let methods = (0..scene.methods).map(|at| {
            let name = format!("method{at:02}");
            let digest = KEY.digest(Kind::Method, name.as_bytes());
            (name, digest)
        });
        let introduced = vec![Cell::new(false); scene.services as usize];
        Self { services: services.collect(), methods: methods.collect(), introduced }
    }

    /// Topic and name of a service.
    fn named(&self, service: u32) -> (&str, &str) {
        if self.introduced[service as usize].replace(true) {
            return ("service/Known", "Known");
        }
        let (topic, name, _) = &self.services[service as usize];
        (topic, name)
    }
}

/// An observer with the defaults, that listens from the first message on.
pub(crate) fn observer() -> Observer {
    observer_with(|_| {})
}

/// An observer with other settings.
pub(crate) fn observer_with(change: impl FnOnce(&mut Settings)) -> Observer {
    let pair = PairSettings {
        name: "default".into(),
        call: "service/{service}".into(),
        reply: "session/{session}/response".into(),
        ..PairSettings::default()
    };
    let mut settings = Settings::with_pairs(vec![pair]);
    change(&mut settings);
    Observer::new(settings, KEY, Instant::from_micros(BEGIN))
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A reply time in microseconds: log-normal with a median of 50 ms, as most services show.
    fn reply_time(&mut self) -> u64 {
        let (u, v) = (self.share().max(1e-12), self.share());
        let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        (50_000.0 * (0.5 * normal).exp()) as u64
    }
}

/// Makes the messages of a scene, stretch by stretch, in order of time.
pub(crate) struct Recorder<'c> {
    scene: Scene,
    cast: &'c Cast,
    random: Random,
    second: u64,
    /// Replies that come after the stretches made so far.
    later: Vec<Heard>,
}

impl<'c> Recorder<'c> {
    pub(crate) fn new(scene: &Scene, cast: &'c Cast, seed: u64) -> Self {
        Self { scene: *scene, cast, random: Random(seed), second: 0, later: Vec::new() }
    }

    /// The next so many seconds.
    pub(crate) fn record(&mut self, seconds: u64) -> Vec<Heard> {
        let Self { scene, cast, random, .. } = self;
        let calls = u64::from(scene.calls_per_second) * seconds;
        let mut heard = std::mem::take(&mut self.later);
        heard.reserve(calls as usize * 2);
        let begin = BEGIN + self.second * 1_000_000;
        let step = 1_000_000.0 / f64::from(scene.calls_per_second);
        for at in 0..calls {
            let micros = begin + (at as f64 * step) as u64;
            let draw = random.next();
            let service = (draw % u64::from(scene.services)) as u32;
            let method = ((draw >> 32) % u64::from(scene.methods)) as u16;
            let number = random.next();
            let key = KEY.digest(Kind::IntegerId, &number.to_le_bytes());
            let name = cast.services[service as usize].2;
            heard.push(Heard { micros, key, name, service, method, what: What::Call });
            let luck = number % 1_000;
            if luck >= scene.lost {
                let failed = luck < scene.lost + scene.failed;
                let what = if failed { What::Failure } else { What::Result };
                let micros = micros + random.reply_time();
                heard.push(Heard { micros, what, key, name, service, method });
            }
        }
        heard.sort_by_key(|heard| heard.micros);
        self.second += seconds;
        let end = BEGIN + self.second * 1_000_000;
        self.later = heard.split_off(heard.partition_point(|heard| heard.micros < end));
        heard
    }
}

/// Tells an observer all of it.
pub(crate) fn play(observer: &mut Observer, cast: &Cast, tape: &[Heard]) -> u64 {
    let mut events = 0;
    for heard in tape {
        let now = Instant::from_micros(heard.micros);
        if heard.what == What::Call {
            let (topic, text) = cast.named(heard.service);
            let (method, method_digest) = &cast.methods[usize::from(heard.method)];
            observer.handle(
                now,
                Input::Call(Call {
                    pair: PairId(0),
                    service: Name { text, digest: heard.name },
                    method: Some(Name { text: method, digest: *method_digest }),
                    topic,
                    kind: CallKind::TwoWay {
                        keys: (heard.key, None),
                        shared: [false; 2],
                        lenient: false,
                        deadline: None,
                    },
                    caller: Some(heard.name),
                    parts: [None; 2],
                    address: None,
                    seen: None,
                    who: None,
                }),
            );
        } else {
            let answer = match heard.what {
                What::Failure => Answer::Error(Some(-32603)),
                _ => Answer::Result,
            };
            observer.handle(
                now,
                Input::Reply(Reply {
                    pair: PairId(0),
                    direction: Direction::Reply,
                    topic: "session/s/response",
                    keys: SmallVec::from_slice(&[heard.key]),
                    strict: Ok(answer),
                    lenient: answer,
                    stray: Stray::Unmatched,
                    bytes: 0,
                    hold: true,
                    dialect: None,
                }),
            );
        }
        while observer.poll_event().is_some() {
            events += 1;
        }
    }
    events
}

/// The moment so many seconds after the beginning.
pub(crate) fn at(seconds: u64) -> Instant {
    Instant::from_micros(BEGIN) + Span::from_secs(seconds)
}
