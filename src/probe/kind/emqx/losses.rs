//! Messages that are lost, by EMQX's counters.
//!
//! What a counter grew since the last look is what was lost since. The counters are each node's
//! own: a sum over the cluster falls when a node leaves, and when it comes back its whole past
//! would look like a loss. A counter that went back was set to zero by a restart. A message that
//! nobody subscribes to is no loss, and one that expired was meant to.

use super::figures::{member, number};
use crate::probe::found::{Found, Trouble};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Nodes whose counters are remembered.
const REMEMBERED: usize = 1_000;

/// A counter.
struct Counter {
    /// EMQX's name for it.
    name: &'static str,
    /// How its growth is called among the details.
    detail: &'static str,
    /// What to say, after the number of messages, and what to do; `None` if it is only a fact.
    said: Option<(&'static str, &'static str)>,
}

const COUNTERS: &[Counter] = &[
    Counter {
        name: "delivery.dropped.queue_full",
        detail: "lostToFullQueues",
        said: Some((
            "lost to full queues of slow subscribers",
            "Find the subscribers: sort the clients of the dashboard by dropped messages (mqueue_dropped); make them \
             faster or more of them ($share/…), or raise mqtt.max_mqueue_len",
        )),
    },
    Counter {
        name: "delivery.dropped.too_large",
        detail: "lostAsTooLarge",
        said: Some((
            "not delivered, as they are larger than their subscribers accept",
            "Raise Maximum Packet Size of the subscribers, or publish smaller messages",
        )),
    },
    Counter {
        name: "messages.dropped.quota_exceeded",
        detail: "refusedByQuota",
        said: Some((
            "refused, as their publishers exceed a quota",
            "Find who publishes so much (emqx ctl clients list), or raise the limit of the listener \
             (messages_rate, bytes_rate)",
        )),
    },
    Counter {
        name: "messages.dropped.receive_maximum",
        detail: "refusedByReceiveMaximum",
        said: Some((
            "refused, as their publishers have too many unacknowledged",
            "Let the publishers wait for acknowledgements, or raise mqtt.max_awaiting_rel",
        )),
    },
    Counter { name: "delivery.dropped.expired", detail: "expired", said: None },
    Counter { name: "messages.dropped.no_subscribers", detail: "withoutSubscribers", said: None },
];

/// The counters at the last look, by node; in the order of [`COUNTERS`].
#[derive(Default)]
pub(super) struct Losses(BTreeMap<String, Vec<Option<f64>>>);

impl Losses {
    /// Says what was lost since the last look.
    pub(super) fn judge(&mut self, metrics: &Value, found: &mut Found) {
        let nodes: Vec<&Map<String, Value>> = match metrics {
            Value::Array(nodes) => nodes.iter().filter_map(Value::as_object).collect(),
            // A version that knows no nodes here gives the sum.
            Value::Object(sum) => vec![sum],
            _ => Vec::new(),
        };
        let mut grown: Vec<Option<f64>> = COUNTERS.iter().map(|_| None).collect();
        for node in nodes {
            let now: Vec<_> =
                COUNTERS.iter().map(|counter| number(member(node, counter.name))).collect();
            let name = member(node, "node").as_str().unwrap_or_default();
            if let Some(before) = self.0.get(name) {
                for (grown, (before, now)) in grown.iter_mut().zip(before.iter().zip(&now)) {
                    if let (Some(before), Some(now)) = (before, now) {
                        *grown = Some(grown.unwrap_or_default() + (now - before).max(0.0));
                    }
                }
            }
            if self.0.len() < REMEMBERED || self.0.contains_key(name) {
                self.0.insert(name.to_owned(), now);
            }
        }
        for (counter, grown) in COUNTERS.iter().zip(grown) {
            let Some(grown) = grown else { continue };
            // Counters are whole, and a float holds them exactly up to 2^53.
            found.detail(counter.detail, grown as u64);
            if let Some((said, advice)) = counter.said.filter(|_| grown > 0.0) {
                let noun = if grown < 1.5 { "message" } else { "messages" };
                let message = format!("{grown:.0} {noun} {said}");
                // A burst is over at the next look, and lost all the same.
                found.trouble(Trouble::warning("lost_messages", message).counted().advice(advice));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What two looks in a row find to be lost to full queues.
    fn lost(looks: &[Value]) -> Option<u64> {
        let mut losses = Losses::default();
        let mut last = Found::new();
        for metrics in looks {
            last = Found::new();
            losses.judge(metrics, &mut last);
        }
        last.fact("lostToFullQueues").and_then(Value::as_u64)
    }

    #[test]
    fn only_growth_is_a_loss() {
        let at =
            |node: &str, count: i64| json!({"node": node, "delivery.dropped.queue_full": count});
        let (a, b) = (|count| at("a", count), |count| at("b", count));
        for (looks, wanted) in [
            (vec![json!([a(7), b(9)])], None),
            (vec![json!([a(7), b(9)]), json!([a(7), b(9)])], Some(0)),
            (vec![json!([a(7), b(9)]), json!([a(10), b(10)])], Some(4)),
            // A restart of one hides nothing of the other.
            (vec![json!([a(7), b(9)]), json!([a(0), b(11)])], Some(2)),
            // One that was away comes back with its counters.
            (vec![json!([a(7), b(900)]), json!([a(7)]), json!([a(7), b(905)])], Some(5)),
            (vec![json!([a(7)]), json!([a(7), b(900)])], Some(0)),
            // A sum without names.
            (
                vec![
                    json!({"delivery.dropped.queue_full": 1}),
                    json!({"delivery.dropped.queue_full": 3}),
                ],
                Some(2),
            ),
            (vec![json!([a(-7)]), json!([a(7)])], None),
            (vec![json!("x"), json!([1, null])], None),
        ] {
            assert_eq!(lost(&looks), wanted, "{looks:?}");
        }
    }
}
