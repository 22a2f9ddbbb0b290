//! `[[traffic.pair]]`: where calls go, where replies come back, and how they are read.

use super::program::LEVEL;
use super::{Kind, PAIR as NAME, Section, Setting, Slot, is_level, not_empty, setting};
use crate::config::pair::{self, PairDraft, Take};
use crate::config::profile;

/// `[[traffic.pair]]`.
pub(super) static PAIR: Section = Section {
    name: NAME,
    meaning: "Where calls go and where their replies come back; any number of pairs, the first match in order wins. \
              Pairs given here replace the default one. A name in both templates has the same value in both. \
              docs/DIALECTS.md explains what is more than topics.",
    settings: &[
        pair(
            "profile",
            Kind::Choice(&profile::NAMES),
            |p| &mut p.profile,
            "A system whose pairs are known: all that is not set here is as `lookout profile show NAME` prints it. A \
             profile of several pairs takes neither `name` nor `call` nor `reply`.",
        )
        .unset("\"service-functions\"", "`call` and `reply` are set here"),
        pair(
            "name",
            Kind::Text { allowed: LEVEL, check: is_level },
            |p| &mut p.name,
            "Names the pair in reports, and its calls' service if nothing else does. No two pairs share one.",
        ),
        pair(
            "call",
            Kind::Text {
                allowed: "a template of call topics such as \"service/{service}\"",
                check: not_empty,
            },
            |p| &mut p.call,
            "Template of the call topics. `service`, `method`, `session`, `client` and `call` have a meaning, other \
             names serve to compose and to agree.",
        ),
        form(
            "reply",
            pair::REPLY,
            pair::reply,
            // The default is one template.
            |p| Some(format!("{:?}", p.reply.as_ref()?.first()?.template)),
            "Templates of the reply topics. `{body.src}` stands for a string of the call's body, \
             `{property.NAME}` for a user property of it. In a table, replies on such topics have that outcome.",
        ),
        pair(
            "service",
            Kind::Text {
                allowed: "what composes a service's name such as \"{driver}/{service}\"",
                check: not_empty,
            },
            |p| &mut p.service,
            "What composes the service's name, if it is not the one level `{service}`: names of the call template, \
             `{body.PATH}`, `{property.NAME}`, and text.",
        )
        .unset("\"{driver}/{service}\"", "`{service}`"),
        pair(
            "method",
            Kind::Text { allowed: "what composes a method such as \"{verb} {path}\"", check: not_empty },
            |p| &mut p.method,
            "What composes the method where the body names none, if it is not what `{method}` stands for.",
        )
        .unset("\"{verb} {path}\"", "`{method}`"),
        form(
            "methods",
            "a list of methods",
            pair::methods,
            |_| None,
            "The methods that are counted by name; all others are counted under `_other`.",
        )
        .unset("[\"get\", \"set\"]", "all, up to `limits.methods`"),
        form(
            "outcome",
            pair::OUTCOME,
            pair::outcome,
            |_| None,
            "Where the outcome of a call stands, if not in `result` and `error`: each rule names a place, \
             `property:NAME`, `body:PATH`, `topic:NAME` or `template`, and patterns of its values (`?` is one \
             character, `*` any). The first rule that says other than ok wins; a rule whose place is absent says \
             nothing.",
        )
        .unset(
            "[{ from = \"property:__stat\", ok = [\"2??\"], rejected = [\"4??\"], failed = [\"5??\"] }]",
            "`result` and `error` decide",
        ),
        form(
            "codes",
            pair::CODES,
            pair::codes,
            |_| None,
            "The table of error codes for this pair alone, as in `[codes]`; a list that is not given is as by default.",
        )
        .unset("{ rejected = [-32601, -32602], failed = [500] }", "`[codes]`"),
        form(
            "body",
            pair::BODY,
            pair::body,
            |_| None,
            "Where id, method, result and error stand in a body, if not under these names: paths of members with dots \
             between them, the first that is there.",
        )
        .unset("{ id = [\"transaction\", \"data.id\"], method = \"data.method\" }", "the members of JSON-RPC"),
        pair(
            "without_id",
            Kind::Choice(&["oneway", "oldest"]),
            |p| &mut p.without_id,
            "What a call without an id is: one-way, or two-way and answered by the next reply without an id on its \
             reply topic, the oldest call first.",
        )
        .unset("\"oldest\"", "one-way"),
        form(
            "only_addressed",
            "true or false",
            pair::only_addressed,
            |_| None,
            "Whether only what carries a Response Topic is a call; all else on these topics is a reply if a call waits \
             for it, and ignored if not. For templates that are as wide as `{service...}`.",
        )
        .unset("true", "false"),
        form(
            "sender_property",
            pair::SENDER,
            pair::sender,
            |_| None,
            "The user property that says who sends, and its values (patterns), where both sides call on one topic.",
        )
        .unset("{ name = \"COMPONENT-TYPE\", client = \"client\", server = \"server\" }", "only clients call"),
        pair(
            "called_by",
            Kind::Text {
                allowed: "what composes a client's name such as \"client {client}\"",
                check: not_empty,
            },
            |p| &mut p.called_by,
            "With `sender_property`: what composes the name of a client that its server calls. Such calls count under \
             that name, never against the server.",
        )
        .unset("\"client {client}\"", "they count under the service's name"),
        pair(
            "replied_by",
            Kind::Text {
                allowed: "a place in a reply such as \"body:src\", \"property:NAME\" or \"topic:NAME\"",
                check: not_empty,
            },
            |p| &mut p.replied_by,
            "Where a reply names the service it is from. One caller may then use one id towards several services at \
             once.",
        )
        .unset("\"body:src\"", "a reply belongs to whoever was called under its id"),
        pair(
            "encoding",
            Kind::Choice(&["json", "cbor", "msgpack", "opaque"]),
            |p| &mut p.encoding,
            "What payloads are written in. What is `opaque` is not read: ids come from Correlation Data or the topic, \
             and each message on a call topic is a call.",
        )
        .unset("\"cbor\"", "JSON"),
    ],
};

/// A string of a pair.
const fn pair(
    name: &'static str,
    kind: Kind,
    at: fn(&mut PairDraft) -> &mut Option<String>,
    meaning: &'static str,
) -> Setting {
    setting(name, kind, Slot::Pair(at), meaning)
}

/// What is read by a function of its own.
const fn form(
    name: &'static str,
    allowed: &'static str,
    take: Take,
    show: fn(&PairDraft) -> Option<String>,
    meaning: &'static str,
) -> Setting {
    setting(name, Kind::Form(allowed), Slot::PairForm(take, show), meaning)
}
