//! Calls for the tests of this room.

use crate::observer::Instant;
use crate::observer::call::PairId;
use crate::observer::trace::{End, Identity, Sighting, SpanId, TraceId, Traced};
use std::sync::Arc;

/// When the calls are made: in microseconds, and not round.
pub(super) const MADE: u64 = 1_796_083_200_123_457;

/// A call of `getUser` that ended so, 5 s after it was made.
pub(super) fn call(end: End) -> Traced {
    let texts = ["getUser", "17", "order-7", "service/UserManagement"];
    Traced {
        end,
        made: Instant::from_micros(MADE),
        ended: Instant::from_micros(MADE + 5_000_000),
        service: "UserManagement".into(),
        method: Some("getUser".into()),
        pair: PairId(0),
        caller: Some("OrderService".into()),
        trace: TraceId::of(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c),
        span: SpanId::of(0xb7ad_6b71_6920_3331),
        parent: Some(SpanId::of(0x00f0_67aa_0ba9_02b7)),
        remote: true,
        flags: 2,
        state: Some("vendor=1".into()),
        kept: false,
        seen: Arc::new(Sighting::new(Identity::Alone, true, 225, texts)),
    }
}
