//! Dialects on the wire: which topic stands for a service, and what is heard before its time.

use crate::kit::{KEY, M, m, spec};
use lookout::observer::call::Answer;
use lookout::observer::input::{Input, Stray};
use lookout::wire::dialect::{DialectSpec, SenderSpec};
use lookout::wire::outcome::RuleSpec;
use lookout::wire::{PairSpec, Reader, Traffic};

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#;

fn reader(pair: PairSpec) -> Reader {
    let mut spec = spec(&[]);
    spec.pairs.push(pair);
    Reader::new(Traffic::new(&spec).unwrap(), KEY)
}

fn bus() -> PairSpec {
    let texts = |text: &str| vec![text.to_owned()];
    PairSpec {
        name: "bus".into(),
        call: "bus/{client}/{zone}/{service}".into(),
        reply: vec!["bus/{client}/{zone}/{service}".into()],
        dialect: DialectSpec {
            sender: Some(SenderSpec {
                property: "side".into(),
                client: texts("client"),
                server: texts("server"),
            }),
            called_by: Some("client {client}".into()),
            ..DialectSpec::default()
        },
        ..PairSpec::default()
    }
}

/// Service and topic of a call, or what else it is.
fn called(reader: &mut Reader, message: &M) -> String {
    let mut said = String::new();
    reader.read(&message.message(), &mut |input| {
        said = match input {
            Input::Call(call) => format!("{} {}", call.service.text, call.topic),
            other => format!("{other:?}"),
        };
    });
    said
}

#[test]
fn a_topic_shows_the_levels_that_name_whoever_is_called() {
    let mut reader = reader(bus());
    let message = || m("bus/me/z1/printer", CALL);
    for (message, wanted) in [
        (message(), "printer bus/+/+/printer"),
        (message().user("side", "client"), "printer bus/+/+/printer"),
        (message().user("side", "server"), "client me bus/me/+/+"),
        (message().user("side", "other"), "printer bus/+/+/printer"),
    ] {
        assert_eq!(called(&mut reader, &message), wanted);
    }
}

#[test]
fn a_reply_that_may_be_early_is_held_with_what_its_pair_reads_in_it() {
    let pair = PairSpec {
        name: "any".into(),
        call: "{service...}".into(),
        reply: vec!["{session...}".into()],
        dialect: DialectSpec {
            only_addressed: true,
            outcome: vec![RuleSpec {
                from: "property:stat".into(),
                failed: vec!["5??".into()],
                ..RuleSpec::default()
            }],
            ..DialectSpec::default()
        },
        ..PairSpec::default()
    };
    let mut reader = reader(pair);
    for (message, held, answer) in [
        (m("replies/a", "x").cd(b"k").user("stat", "503"), true, Answer::Failed),
        (m("replies/a", "x").cd(b"k"), true, Answer::Result),
        // Telemetry: nothing says that it answers anything.
        (m("sensors/a", "21.5"), false, Answer::Result),
    ] {
        reader.read(&message.message(), &mut |input| {
            let Input::Reply(reply) = input else { panic!("{input:?}") };
            assert_eq!((reply.hold, reply.stray), (held, Stray::Ignored));
            let dialect = reply.dialect.expect("the pair has one");
            assert_eq!(dialect.readings[0].lenient, answer);
        });
    }
}
