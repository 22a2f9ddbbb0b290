//! Who plays: five made-up services and how often each is called.
//!
//! Two services lean on `UserManagement`: they ask it about the user before they do the first of their
//! methods, and do without if it does not answer. With five services a cascade may open two circuits
//! ahead at most (half of the other four), so two is also as many as can be shown.

use crate::observer::Span;
use std::time::Duration;

/// One made-up service.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    /// Its name, and its topic below `service/`.
    pub name: &'static str,
    /// What can be called.
    pub methods: &'static [&'static str],
    /// Median reply time, in milliseconds.
    pub median_ms: u64,
    /// Calls per second, all callers together.
    pub rate: f64,
    /// Calls per second while everybody signs in, at the start of the show.
    pub rush: f64,
    /// Whom it asks for its first method.
    pub asks: Option<Ask>,
}

/// What a service asks of another.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Whom.
    pub service: &'static str,
    /// What.
    pub method: &'static str,
}

const USER: Option<Ask> = Some(Ask { service: "UserManagement", method: "getUser" });

/// How long it waits for that.
pub const ASKED: Duration = Duration::from_millis(100);

/// The services.
pub const CAST: [Role; 5] = [
    Role {
        name: "UserManagement",
        methods: &["login", "getUser", "updateUser"],
        median_ms: 25,
        rate: 5.0,
        rush: 22.0,
        asks: None,
    },
    Role {
        name: "OrderService",
        methods: &["placeOrder", "getOrder", "cancelOrder"],
        median_ms: 45,
        rate: 7.0,
        rush: 7.0,
        asks: USER,
    },
    Role {
        name: "Billing",
        methods: &["charge", "getInvoice"],
        median_ms: 60,
        rate: 6.0,
        rush: 6.0,
        asks: USER,
    },
    Role {
        name: "Catalogue",
        methods: &["search", "getItem"],
        median_ms: 20,
        rate: 13.0,
        rush: 13.0,
        asks: None,
    },
    Role {
        name: "Inventory",
        methods: &["getStock", "reserve"],
        median_ms: 15,
        rate: 7.0,
        rush: 7.0,
        asks: None,
    },
];

/// How many callers share the calls.
pub const CALLERS: usize = 20;

/// How long everybody signs in. A service that dies needs a past: with fewer than about ten
/// calls for each one lost in the first seconds, its failure rate would be the first news.
pub const RUSH: Span = Span::from_secs(16);

/// Invalid calls per second while the flood lasts.
pub const FLOOD_RATE: f64 = 25.0;

/// The bounds of reply times while all is well.
pub const LATENCY: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(120));

/// The bounds of reply times of a service that has grown slow: well above the one second that
/// counts as slow, and below the two seconds that lookout waits at least.
pub const SLOW: (Duration, Duration) = (Duration::from_millis(1_300), Duration::from_millis(1_650));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_traffic_is_about_forty_calls_a_second_and_reaches_every_service() {
        let asked = |role: &Role| {
            let share = 1.0 / role.methods.len() as f64;
            role.rate * (1.0 + role.asks.map_or(0.0, |_| share))
        };
        let total: f64 = CAST.iter().map(asked).sum();
        assert!((41.0..45.0).contains(&total), "{total}");
        assert!(CAST.iter().all(|role| role.rate >= 5.0 && role.rush >= role.rate));
    }
}
