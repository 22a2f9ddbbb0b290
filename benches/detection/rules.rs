//! The rules lookout is compared with, as their documentation has them, with its defaults.
//!
//! Each says where its numbers come from. An error that a JSON-RPC client raises is an exception
//! to the libraries, and by default every exception counts, the caller's own errors included;
//! Envoy, which sits between, counts only what would be a 5xx.

use super::caller::{Caller, End, Log, Rule};
use super::chance::SECOND;
use std::collections::VecDeque;

/// The rules in the order of [`panel`].
pub(crate) const NAMES: [&str; 6] =
    ["naive rule", "Resilience4j", "Polly v8", "Hystrix", "Resilience4j + TimeLimiter", "Envoy"];

/// All rules for one service.
///
/// Timeouts: 30 s for what has none of its own (Polly's Timeout strategy has the same default,
/// <https://www.pollydocs.org/strategies/timeout>); 1 s for Hystrix
/// (`execution.isolation.thread.timeoutInMilliseconds`) and for Resilience4j with its TimeLimiter
/// (`timeoutDuration`, <https://resilience4j.readme.io/docs/timeout>); 15 s for Envoy (route
/// timeout, <https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts>).
pub(crate) fn panel() -> Vec<Caller> {
    vec![
        Caller::new(
            30 * SECOND,
            vec![
                Box::new(Naive::default()),
                Box::new(Resilience4j::default()),
                Box::new(Polly::default()),
            ],
        ),
        Caller::new(SECOND, vec![Box::new(Hystrix::default()), Box::new(Resilience4j::default())]),
        Caller::new(15 * SECOND, vec![Box::new(Envoy::default())]),
    ]
}

/// What anyone would write first: alarm while responses / calls over 2 min is below 0.5 with at
/// least 5 calls; looked at every second; a call in flight has no response yet.
#[derive(Default)]
struct Naive {
    second: u64,
    /// Second, calls, responses.
    buckets: VecDeque<(u64, u32, u32)>,
    calls: u32,
    responses: u32,
    log: Log,
}

impl Naive {
    fn count(&mut self, now: u64, calls: u32, responses: u32) {
        self.advance(now);
        self.calls += calls;
        self.responses += responses;
        match self.buckets.back_mut().filter(|bucket| bucket.0 == now / SECOND) {
            Some(bucket) => *bucket = (bucket.0, bucket.1 + calls, bucket.2 + responses),
            None => self.buckets.push_back((now / SECOND, calls, responses)),
        }
    }
}

impl Rule for Naive {
    fn permits(&mut self, now: u64) -> bool {
        self.count(now, 1, 0);
        true
    }

    fn ended(&mut self, now: u64, end: End, _: u64) {
        if end != End::Timeout {
            self.count(now, 0, 1);
        }
    }

    fn advance(&mut self, now: u64) {
        while self.second < now / SECOND {
            if self.buckets.is_empty() {
                self.second = now / SECOND;
                break;
            }
            self.second += 1;
            while let Some((_, calls, responses)) =
                self.buckets.front().copied().filter(|bucket| bucket.0 + 120 < self.second)
            {
                self.buckets.pop_front();
                self.calls -= calls;
                self.responses -= responses;
            }
            let bad = self.calls >= 5 && self.responses * 2 < self.calls;
            self.log.set(self.second * SECOND, bad);
        }
    }

    fn log(&self) -> &Log {
        &self.log
    }
}

/// <https://resilience4j.readme.io/docs/circuitbreaker>: `slidingWindowType` COUNT_BASED,
/// `slidingWindowSize` 100, `minimumNumberOfCalls` 100, `failureRateThreshold` 50 (reached, not
/// passed), `slowCallDurationThreshold` 60 s, `slowCallRateThreshold` 100,
/// `waitDurationInOpenState` 60 s, `permittedNumberOfCallsInHalfOpenState` 10,
/// `automaticTransitionFromOpenToHalfOpenEnabled` false, every exception recorded.
#[derive(Default)]
struct Resilience4j {
    phase: Phase,
    /// Failed, slow.
    window: VecDeque<(bool, bool)>,
    failed: usize,
    slow: usize,
    permitted: usize,
    log: Log,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Closed,
    /// Since or until a moment, as the rule has it.
    Open(u64),
    HalfOpen,
}

impl Resilience4j {
    fn go(&mut self, now: u64, phase: Phase) {
        self.phase = phase;
        self.window.clear();
        (self.failed, self.slow, self.permitted) = (0, 0, 0);
        self.log.set(now, phase != Phase::Closed);
    }
}

impl Rule for Resilience4j {
    fn permits(&mut self, now: u64) -> bool {
        if let Phase::Open(since) = self.phase
            && now >= since + 60 * SECOND
        {
            self.go(now, Phase::HalfOpen);
        }
        match self.phase {
            Phase::Closed => true,
            Phase::Open(_) => false,
            Phase::HalfOpen => {
                self.permitted += 1;
                self.permitted <= 10
            }
        }
    }

    fn ended(&mut self, now: u64, end: End, took: u64) {
        let size = match self.phase {
            Phase::Closed => 100,
            Phase::HalfOpen => 10,
            Phase::Open(_) => return,
        };
        if self.window.len() == size
            && let Some((failed, slow)) = self.window.pop_front()
        {
            self.failed -= usize::from(failed);
            self.slow -= usize::from(slow);
        }
        let (failed, slow) = (end != End::Ok, took > 60 * SECOND);
        self.failed += usize::from(failed);
        self.slow += usize::from(slow);
        self.window.push_back((failed, slow));
        if self.window.len() < size {
            return;
        }
        if self.failed * 2 >= size || self.slow >= size {
            self.go(now, Phase::Open(now));
        } else if self.phase == Phase::HalfOpen {
            self.go(now, Phase::Closed);
        }
    }

    fn advance(&mut self, _: u64) {}

    fn log(&self) -> &Log {
        &self.log
    }
}

/// Counts over a rolling span, in buckets.
#[derive(Default)]
struct Rolling {
    /// Bucket, ended, failed.
    buckets: VecDeque<(u64, u32, u32)>,
}

impl Rolling {
    fn add(&mut self, bucket: u64, failed: bool) {
        match self.buckets.back_mut().filter(|last| last.0 == bucket) {
            Some(last) => *last = (bucket, last.1 + 1, last.2 + u32::from(failed)),
            None => self.buckets.push_back((bucket, 1, u32::from(failed))),
        }
    }

    fn sum(&mut self, oldest: u64) -> (u32, u32) {
        while self.buckets.front().is_some_and(|bucket| bucket.0 < oldest) {
            self.buckets.pop_front();
        }
        self.buckets.iter().fold((0, 0), |sum, bucket| (sum.0 + bucket.1, sum.1 + bucket.2))
    }
}

/// <https://www.pollydocs.org/strategies/circuit-breaker#defaults>: `FailureRatio` 0.1 (reached),
/// `MinimumThroughput` 100, `SamplingDuration` 30 s, `BreakDuration` 5 s; one probe closes or
/// reopens; looked at on each failure. The span rolls in ten windows, as in its source.
#[derive(Default)]
struct Polly {
    phase: Phase,
    rolling: Rolling,
    log: Log,
}

impl Polly {
    const WINDOW: u64 = 3 * SECOND;
    const BREAK: u64 = 5 * SECOND;
}

impl Rule for Polly {
    fn permits(&mut self, now: u64) -> bool {
        match self.phase {
            Phase::Closed => true,
            Phase::Open(until) if now >= until => {
                self.phase = Phase::HalfOpen;
                true
            }
            Phase::Open(_) | Phase::HalfOpen => false,
        }
    }

    fn ended(&mut self, now: u64, end: End, _: u64) {
        let failed = end != End::Ok;
        let bucket = now / Self::WINDOW;
        match (self.phase, failed) {
            (Phase::HalfOpen, false) => {
                self.phase = Phase::Closed;
                self.rolling.buckets.clear();
                self.log.set(now, false);
            }
            (Phase::HalfOpen, true) => self.phase = Phase::Open(now + Self::BREAK),
            (_, failed) => {
                self.rolling.add(bucket, failed);
                if failed && self.phase == Phase::Closed {
                    let (all, failures) = self.rolling.sum((bucket + 1).saturating_sub(10));
                    if all >= 100 && failures * 10 >= all {
                        self.phase = Phase::Open(now + Self::BREAK);
                        self.log.set(now, true);
                    }
                }
            }
        }
    }

    fn advance(&mut self, _: u64) {}

    fn log(&self) -> &Log {
        &self.log
    }
}

/// <https://github.com/Netflix/Hystrix/wiki/Configuration>:
/// `metrics.rollingStats.timeInMilliseconds` 10 000, `circuitBreaker.requestVolumeThreshold` 20,
/// `circuitBreaker.errorThresholdPercentage` 50 (reached),
/// `circuitBreaker.sleepWindowInMilliseconds` 5 000,
/// `metrics.healthSnapshot.intervalInMilliseconds` 500: that often it is looked at. One request
/// after the sleep closes (and forgets) or reopens.
#[derive(Default)]
struct Hystrix {
    phase: Phase,
    half_second: u64,
    rolling: Rolling,
    log: Log,
}

impl Hystrix {
    const SNAPSHOT: u64 = SECOND / 2;
}

impl Rule for Hystrix {
    fn permits(&mut self, now: u64) -> bool {
        self.advance(now);
        match self.phase {
            Phase::Closed => true,
            Phase::Open(since) if now > since + 5 * SECOND => {
                self.phase = Phase::HalfOpen;
                true
            }
            Phase::Open(_) | Phase::HalfOpen => false,
        }
    }

    fn ended(&mut self, now: u64, end: End, _: u64) {
        self.advance(now);
        let failed = end != End::Ok;
        self.rolling.add(now / Self::SNAPSHOT, failed);
        if self.phase == Phase::HalfOpen {
            self.phase = if failed { Phase::Open(now) } else { Phase::Closed };
            if !failed {
                self.rolling.buckets.clear();
                self.log.set(now, false);
            }
        }
    }

    fn advance(&mut self, now: u64) {
        while self.half_second < now / Self::SNAPSHOT {
            if self.rolling.buckets.is_empty() {
                self.half_second = now / Self::SNAPSHOT;
                break;
            }
            self.half_second += 1;
            let (all, failed) = self.rolling.sum(self.half_second.saturating_sub(20));
            if self.phase == Phase::Closed && all >= 20 && failed * 2 >= all {
                let at = self.half_second * Self::SNAPSHOT;
                self.phase = Phase::Open(at);
                self.log.set(at, true);
            }
        }
    }

    fn log(&self) -> &Log {
        &self.log
    }
}

/// <https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier> and
/// `config.cluster.v3.OutlierDetection`: `consecutive_5xx` 5, `interval` 10 s,
/// `base_ejection_time` 30 s times the ejections in a row, `max_ejection_time` 300 s; a single
/// host is ejected whatever `max_ejection_percent` says. A timeout is a 504, an internal error a
/// 500, a caller's own error a 4xx, which breaks the row.
#[derive(Default)]
struct Envoy {
    row: u32,
    ejections: u64,
    ejected: Option<u64>,
    sweep: u64,
    log: Log,
}

impl Envoy {
    const INTERVAL: u64 = 10 * SECOND;
}

impl Rule for Envoy {
    fn permits(&mut self, now: u64) -> bool {
        self.advance(now);
        self.ejected.is_none()
    }

    fn ended(&mut self, now: u64, end: End, _: u64) {
        self.advance(now);
        let bad = matches!(end, End::ServiceError | End::Timeout);
        self.row = if bad { self.row + 1 } else { 0 };
        if self.row >= 5 && self.ejected.is_none() {
            self.ejections += 1;
            self.row = 0;
            self.ejected = Some(now);
            self.log.set(now, true);
        }
    }

    fn advance(&mut self, now: u64) {
        while self.sweep < now / Self::INTERVAL {
            if self.ejected.is_none() && self.ejections == 0 {
                self.sweep = now / Self::INTERVAL;
                break;
            }
            self.sweep += 1;
            let at = self.sweep * Self::INTERVAL;
            match self.ejected {
                Some(since) if at >= since + (30 * self.ejections).min(300) * SECOND => {
                    self.ejected = None;
                    self.row = 0;
                    self.log.set(at, false);
                }
                Some(_) => {}
                None => self.ejections -= 1,
            }
        }
    }

    fn log(&self) -> &Log {
        &self.log
    }
}
