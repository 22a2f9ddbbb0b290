//! The settings under `[limits]`: the bounds on memory and cardinality.

use super::{H, MS, S, Section, count, span};

/// `[limits]`.
pub(super) static LIMITS: Section = Section {
    name: "limits",
    meaning: "Bounds on memory and cardinality. Whoever can publish can try to fill lookout's memory; \
              each table therefore ends somewhere, and reaching the end is counted and shown, never an error.",
    settings: &[
        count(
            "open_calls",
            |d| &mut d.settings.limits.open_calls,
            (1, 50_000_000),
            "Calls waited for at once; beyond, the oldest becomes void. The default is 30 s of patience at \
             33 000 calls/s, in some 100 MB.",
        ),
        count(
            "settled_calls",
            |d| &mut d.settings.limits.settled_calls,
            (1, 50_000_000),
            "Settled calls remembered to recognise late and duplicate replies. The default is 5 min at \
             1 600 calls/s; beyond, the oldest is forgotten and its late reply counts as unmatched.",
        ),
        span(
            "settled_for",
            |d| &mut d.settings.limits.settled_for,
            (S, 24 * H),
            "How long they are remembered: ten times the longest patience, for a reply that is very late. At \
             least `held_for`.",
        ),
        count(
            "held_replies",
            |d| &mut d.settings.limits.held_replies,
            (1, 10_000_000),
            "Replies held for a call that may still come. The default is 2 s at 50 000 replies/s.",
        ),
        span(
            "held_for",
            |d| &mut d.settings.limits.held_for,
            (MS, 60 * S),
            "How long they are held. A reply can overtake its call over another connection, another node or \
             another QoS; 2 s covers a broker under load.",
        ),
        count(
            "services",
            |d| &mut d.settings.limits.services,
            (1, 1_000_000),
            "Services with figures of their own; the rest are counted under `_other`, which has no verdict and \
             no circuit. Far above what one platform runs, low enough for a metrics server.",
        ),
        count(
            "methods",
            |d| &mut d.settings.limits.methods,
            (1, 100_000),
            "Methods of one service with figures of their own; the rest under `_other`. More than this is no \
             interface but an id in a method's name.",
        ),
        count(
            "methods_total",
            |d| &mut d.settings.limits.methods_total,
            (1, 10_000_000),
            "Methods of all services together, as each costs a window of counts. At least `methods`.",
        ),
        count(
            "name_bytes",
            |d| &mut d.settings.limits.name_bytes,
            (1, 65_535),
            "Bytes of a service's or method's name; longer ones go under `_other`. Names end up in topics and \
             metric labels.",
        ),
        count(
            "channels",
            |d| &mut d.settings.limits.channels,
            (1, 1_000_000),
            "Activity channels and security kinds counted apart; each is a metric series.",
        ),
        count(
            "components",
            |d| &mut d.settings.limits.components,
            (1, 100_000),
            "Components that can be reported on; each is a metric series.",
        ),
    ],
};
