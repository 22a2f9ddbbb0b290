//! The trace of a call: a `traceparent` as W3C Trace Context level 1 has it.
//!
//! A call takes part in the trace that it is given; one that is given none begins its own, so that
//! the call can be found again in whatever records it. Then nobody records the span that it names,
//! which a `tracestate` says: a lookout that traces makes it that span.

/// The name of the user property, and of the member over MQTT 3.1.1.
pub(super) const NAME: &str = "traceparent";

/// What goes with it if it began here.
pub(super) const STATE: (&str, &str) = ("tracestate", crate::observer::trace::BEGUN);

/// A trace that begins here: version 00, sampled.
pub(super) fn begin(mut random: impl FnMut() -> u64) -> String {
    // An id of zeros is none.
    let mut part = || random().max(1);
    format!("00-{:016x}{:016x}-{:016x}-01", part(), part(), part())
}

/// Whether a text is a `traceparent`: what is not would be refused, or worse, further on.
pub(super) fn is_valid(text: &str) -> bool {
    let bytes = text.as_bytes();
    let dashes = [2, 35, 52];
    let fits = |(at, byte): (usize, &u8)| {
        if dashes.contains(&at) { *byte == b'-' } else { matches!(byte, b'0'..=b'9' | b'a'..=b'f') }
    };
    let zeros = |range| text.get(range).is_some_and(|id: &str| id.bytes().all(|it| it == b'0'));
    bytes.len() == 55
        && bytes.iter().enumerate().all(fits)
        && !text.starts_with("ff")
        && !zeros(3..35)
        && !zeros(36..52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_here_is_valid_and_garbage_is_not() {
        let mut state = 0_u64;
        let made = begin(|| {
            state = state.wrapping_mul(31).wrapping_add(7);
            state
        });
        assert!(is_valid(&made), "{made}");
        assert!(is_valid(&begin(|| 0)));
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_valid(good));
        let zeros = "0".repeat(16);
        for bad in [
            "",
            &good[1..],
            &good.to_uppercase(),
            &good.replacen("00-", "ff-", 1),
            &good.replace("00f067aa0ba902b7", &zeros),
            &good.replace('-', "_"),
            &format!("{good}-x"),
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
