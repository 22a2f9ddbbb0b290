//! What is decided about attacks, under a made-up clock: by a table, once, not to those who are spared, not too
//! often; and undone in time, whatever becomes of it.

use crate::kit::{World, at};
use lookout::observer::attack::Response;
use lookout::observer::measure::{Means, Measure, Stage};
use lookout::observer::{Instant, Span};
use lookout::security::incident::{Incident, Kind};
use lookout::security::responder::Responder;
use lookout::security::responses::Responses;
use lookout::security::spared::{Network, Spared};

/// Somebody who decides, and everything that was said.
struct Desk {
    responder: Responder,
    said: Vec<Measure>,
}

/// Responses are on and done by EMQX, where they can be.
fn acting() -> Responses {
    let emqx = vec![Response::BlockIp, Response::LockUser, Response::SuspendUser];
    Responses { enabled: true, dry_run: false, emqx, ..Responses::default() }
}

impl Desk {
    fn new(policy: Responses) -> Self {
        Self { responder: Responder::new(policy, 1, at(0.0)), said: Vec::new() }
    }

    fn hear(&mut self, attack: &Incident) {
        self.responder.hear(attack.said, attack);
        self.read();
    }

    fn told(&mut self, seconds: f64, measure: &Measure, done: Result<&str, &str>) {
        self.responder.told(at(seconds), measure.id, done);
        self.read();
    }

    fn advance(&mut self, now: Instant) {
        self.responder.advance(now);
        self.read();
    }

    fn read(&mut self) {
        self.said.extend(std::iter::from_fn(|| self.responder.poll()));
    }

    /// Response, whom, stage and dry run of all that was said, and forgets it.
    fn gist(&mut self) -> Vec<String> {
        let line = |it: &Measure| {
            let dry = if it.dry_run { " dry" } else { "" };
            format!("{} {} {}{dry}", it.response.name(), it.about(), it.stage.name())
        };
        self.said.drain(..).map(|it| line(&it)).collect()
    }
}

/// The attack of somebody who guesses passwords.
fn guessed(user: &str, address: &str) -> Incident {
    let mut world = World::new();
    (0..5).for_each(|second| world.login(f64::from(second), user, address, false));
    world.said.pop().expect("an attack")
}

#[test]
fn each_kind_gets_its_responses_once_by_those_who_do_them() {
    let mut world = World::new();
    let mut desk = Desk::new(acting());
    (0..9).for_each(|second| world.login(f64::from(second), "ana", "192.0.2.7", false));
    world.said.iter().for_each(|it| desk.hear(it));
    assert_eq!(
        desk.gist(),
        [
            "block_ip 192.0.2.7 started",
            "lock_user ana started",
            "notify_security_team ana proposed"
        ]
    );
    // It becomes worse: what that asks for beside, and nothing twice.
    let before = world.said.len();
    world.login(20.0, "ana", "192.0.2.7", true);
    world.said[before..].iter().for_each(|it| desk.hear(it));
    assert_eq!(
        desk.gist(),
        ["suspend_user ana started", "notify_user ana proposed", "preserve_evidence ana proposed"]
    );
    // Another attack of the same address: it is kept out already.
    let mut other = guessed("bob", "192.0.2.7");
    other.id.0 += 1;
    desk.hear(&other);
    assert_eq!(desk.gist(), ["lock_user bob started", "notify_security_team bob proposed"]);
}

#[test]
fn what_nobody_does_and_what_is_a_dry_run_is_only_said() {
    let off = Responses { enabled: false, ..acting() };
    let nobody = Responses { emqx: Vec::new(), ..acting() };
    let dry = Responses { dry_run: true, ..acting() };
    let nothing = Responses { table: vec![(Kind::BruteForce, Vec::new())], ..acting() };
    let (block, lock, notify) = (
        "block_ip 192.0.2.7 proposed",
        "lock_user ana proposed",
        "notify_security_team ana proposed",
    );
    for (policy, expected) in [
        (off, Vec::new()),
        (nobody, [block, lock, notify].map(str::to_owned).to_vec()),
        (dry, [block, lock, notify].map(|it| format!("{it} dry")).to_vec()),
        (nothing, Vec::new()),
    ] {
        let mut desk = Desk::new(policy);
        desk.hear(&guessed("ana", "192.0.2.7"));
        assert_eq!(desk.gist(), expected);
        assert_eq!(desk.responder.live().count(), 0, "nothing is in force");
        desk.advance(at(1e7));
        assert_eq!(desk.gist(), Vec::<String>::new(), "and nothing is to be undone");
    }
}

#[test]
fn nobody_who_is_spared_is_touched_and_no_name_that_may_not_be_whole() {
    let network = |text| Network::read(text).expect("a network");
    let long = "a".repeat(300);
    for (user, address, refused) in [
        ("root", "192.0.2.7", &["lock_user root refused"][..]),
        ("svc-1", "10.1.2.3", &["block_ip 10.1.2.3 refused", "lock_user svc-1 refused"]),
        ("ana", "::ffff:10.1.2.3", &["block_ip ::ffff:10.1.2.3 refused"]),
        ("a\nb", "192.0.2.7", &["lock_user a\u{fffd}b refused"]),
        (&long, "192.0.2.7", &[&format!("lock_user {} refused", "a".repeat(256))]),
        ("ana", "192.0.2.7", &[]),
        // What is no address blocks nobody, and is not tried.
        ("ana", "the office", &[]),
    ] {
        let users = vec!["root".to_owned(), "svc-*".to_owned()];
        let spared = Spared { users, networks: vec![network("10.0.0.0/8")] };
        let mut desk = Desk::new(Responses { spared, ..acting() });
        desk.hear(&guessed(user, address));
        let said = desk.gist();
        let is_refused = |line: &&String| line.ends_with("refused");
        assert_eq!(said.iter().filter(is_refused).collect::<Vec<_>>(), refused, "{user} {address}");
        let block = said.iter().filter(|it| it.starts_with("block_ip")).count();
        assert_eq!(block, usize::from(address != "the office"), "{said:?}");
    }
}

#[test]
fn there_are_only_so_many_of_each_kind_within_an_hour() {
    let mut desk = Desk::new(Responses { per_hour: 3, ..acting() });
    let attack = |number: u32, second: f64| {
        let mut attack = guessed(&format!("user-{number}"), &format!("192.0.2.{number}"));
        attack.id.0 += u64::from(number);
        attack.said = at(second);
        attack
    };
    for number in 0..5 {
        desk.hear(&attack(number, 10.0 + f64::from(number)));
    }
    let blocks = |desk: &mut Desk| -> Vec<String> {
        let said = desk.gist();
        said.into_iter().filter(|it| it.starts_with("block_ip")).collect()
    };
    assert_eq!(
        blocks(&mut desk),
        [
            "block_ip 192.0.2.0 started",
            "block_ip 192.0.2.1 started",
            "block_ip 192.0.2.2 started",
            "block_ip 192.0.2.3 refused",
            "block_ip 192.0.2.4 refused"
        ]
    );
    // An hour after the first there is room for one.
    desk.hear(&attack(5, 3_610.0));
    desk.hear(&attack(6, 3_610.5));
    assert_eq!(blocks(&mut desk), ["block_ip 192.0.2.5 started", "block_ip 192.0.2.6 refused"]);
}

/// A measure that was started at ten seconds.
fn started() -> (Desk, Measure) {
    let table = vec![(Kind::BruteForce, vec![Response::BlockIp])];
    let mut desk = Desk::new(Responses { table, ..acting() });
    let attack = Incident { said: at(10.0), ..guessed("ana", "192.0.2.7") };
    desk.hear(&attack);
    let measure = desk.said.pop().expect("a measure");
    (desk, measure)
}

#[test]
fn what_is_done_is_undone_when_its_time_is_over() {
    let (mut desk, measure) = started();
    assert_eq!(measure.until, Some(at(3_610.0)));
    desk.told(12.0, &measure, Ok("banned"));
    assert_eq!(desk.gist(), ["block_ip 192.0.2.7 done"]);
    assert_eq!(desk.responder.poll_timeout(), measure.until);
    desk.advance(at(3_609.9));
    assert_eq!(desk.gist(), Vec::<String>::new());
    desk.advance(at(3_610.0));
    assert_eq!(desk.gist(), ["block_ip 192.0.2.7 undoing"]);
    desk.advance(at(3_700.0));
    assert_eq!(desk.gist(), Vec::<String>::new(), "it is under way");
    desk.told(3_701.0, &measure, Ok("lifted"));
    assert_eq!(desk.gist(), ["block_ip 192.0.2.7 undone"]);
    assert_eq!((desk.responder.live().count(), desk.responder.poll_timeout()), (0, None));
    desk.told(3_702.0, &measure, Ok("again"));
    assert_eq!(desk.gist(), Vec::<String>::new(), "it was told before");
}

#[test]
fn what_cannot_be_done_is_over_and_what_cannot_be_undone_is_tried_for_a_day() {
    let (mut desk, measure) = started();
    desk.told(12.0, &measure, Err("no"));
    assert_eq!(desk.gist(), ["block_ip 192.0.2.7 failed"]);
    assert_eq!(desk.responder.live().count(), 0);

    let (mut desk, measure) = started();
    desk.told(12.0, &measure, Ok(""));
    let mut tries = 0;
    let mut now = at(3_610.0);
    while desk.responder.live().count() > 0 {
        desk.advance(now);
        let undoing = desk.said.iter().any(|it| it.stage == Stage::Undoing);
        assert!(undoing, "it is tried again");
        desk.said.clear();
        tries += 1;
        desk.responder.told(now, measure.id, Err("EMQX gives no answer"));
        desk.read();
        now = desk.responder.poll_timeout().unwrap_or(now);
        assert!(tries < 100, "it ends");
    }
    assert_eq!(desk.gist(), ["block_ip 192.0.2.7 failed"], "given up");
    assert!(tries > 20, "{tries}");
    assert!(now.since(at(3_610.0)) >= Span::from_secs(24 * 3_600), "{now:?}");
}

#[test]
fn an_operator_undoes_it_even_while_it_is_being_done() {
    let (mut desk, measure) = started();
    let stands = desk.responder.undo(at(11.0), measure.id).expect("in force");
    assert_eq!(stands.stage, Stage::Started);
    desk.advance(at(11.5));
    assert_eq!(desk.gist(), Vec::<String>::new(), "it is not both at once");
    desk.told(12.0, &measure, Ok("banned"));
    desk.advance(at(12.0));
    assert_eq!(desk.gist(), ["block_ip 192.0.2.7 done", "block_ip 192.0.2.7 undoing"]);
    desk.told(13.0, &measure, Ok("lifted"));
    assert_eq!(desk.gist(), ["block_ip 192.0.2.7 undone"]);
    assert_eq!(desk.responder.undo(at(14.0), measure.id), None, "it is over");
}

#[test]
fn the_next_run_undoes_what_it_finds_and_nothing_else() {
    let (_, measure) = started();
    let done = Measure { stage: Stage::Done, ..measure.clone() };
    let own = Measure {
        response: Response::PreserveEvidence,
        means: Means { own: true, ..Means::default() },
        ..done.clone()
    };
    let forever = Measure { until: Some(at(1e9)), ..done.clone() };
    let month = 30.0 * 24.0 * 3_600.0;
    for (measure, of_earlier_run, now, expected) in [
        (done.clone(), true, 100.0, &[][..]),
        (done.clone(), false, 4_000.0, &["block_ip 192.0.2.7 undoing"]),
        (
            Measure { stage: Stage::Started, ..done.clone() },
            true,
            4_000.0,
            &["block_ip 192.0.2.7 undoing"],
        ),
        (Measure { stage: Stage::Undone, ..done.clone() }, true, 4_000.0, &[]),
        (Measure { dry_run: true, ..done.clone() }, true, 4_000.0, &[]),
        // What lookout did itself ended with it; another observer may still do it.
        (own.clone(), true, 100.0, &["preserve_evidence 192.0.2.7 undoing"]),
        (own.clone(), false, 100.0, &[]),
        (own, false, 4_000.0, &["preserve_evidence 192.0.2.7 undoing"]),
        // Longer than anything can be set to last.
        (forever.clone(), true, month - 1.0, &[]),
        (forever, true, month, &["block_ip 192.0.2.7 undoing"]),
    ] {
        // Responses that are off now are undone all the same.
        let mut desk = Desk::new(Responses::default());
        desk.responder.restore(at(0.0), measure.clone(), of_earlier_run);
        desk.responder.restore(at(0.0), measure, of_earlier_run);
        desk.advance(at(now));
        assert_eq!(desk.gist(), expected);
    }
}

#[test]
fn who_is_looked_at_closely_needs_half_of_each_threshold() {
    for (closely, until, expected) in [(false, 0.0, 0), (true, 10_000.0, 1), (true, 1_500.0, 0)] {
        let mut world = World::new();
        (0..5).for_each(|second| world.login(f64::from(second), "ana", "192.0.2.7", false));
        let attack = world.said.pop().expect("an attack");
        if closely {
            world.watch.look_closer(attack.id, at(until));
        }
        world.watch.advance(at(1_900.0));
        world.said.extend(std::iter::from_fn(|| world.watch.poll()));
        assert_eq!(world.said.len(), 1, "the first attack is over");
        // Two failures of ana are enough now; of somebody else they are none.
        for second in [2_000.0, 2_001.0] {
            world.login(second, "ana", "192.0.2.99", false);
            world.login(second, "bob", "192.0.2.98", false);
        }
        assert_eq!(world.said.len() - 1, expected, "{:?}", world.said);
        world.watch.look_away(attack.id);
    }
}
