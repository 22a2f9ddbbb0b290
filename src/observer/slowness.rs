//! Slowness: replies that come, but take too long; one of the findings of `judge`.
//!
//! The median of what was answered lately is compared with the median of the hour before, and
//! the mean of five minutes with a bound that nobody waits for gladly. Either must last. Once
//! slow, a service is slow until it is clearly faster, and it is compared with what was usual
//! before it grew slow, so that slowness does not become its own measure. To look means to walk
//! through the log of the last seconds, so a busy service is looked at a few times a second.

use super::judge::{Judge, Scene};
use super::latency::bin;
use super::settings::VerdictPolicy;
use super::time::{Instant, Span};

/// The share of a bound above which what was slow is still slow.
const STILL: f64 = 0.8;
/// Of a service that is near a bound, the median of the last five is looked at too: twenty replies
/// that take just about as long as the bound allows have their median below it in half of all
/// cases, and another twenty must be waited for.
const FEW: usize = 5;
/// Looks in one second.
const LOOKS: u32 = 4;

impl Judge {
    pub(super) fn look_for_slowness(&mut self, scene: &Scene<'_>) {
        let second = scene.now.second();
        self.looked =
            if self.looked.0 == second { (second, self.looked.1 + 1) } else { (second, 0) };
        if self.looked.1 >= LOOKS {
            return;
        }
        let (now, policy, floor) = (scene.now, scene.policy, self.slow.floor());
        let floor = self.from.map_or(floor, |from| floor.max(from));
        if self.slow.is_on() {
            let holds = self.still_slow(scene, floor);
            self.slow.lasts(now, holds, policy.clear_after, &mut self.evidence);
            if !self.slow.is_on() {
                self.usual = None;
            }
            return;
        }
        let (slow, usual) = self.is_slow(scene, floor);
        let Some(over) = slow else {
            self.slow_since = None;
            return;
        };
        let (since, before) = self.slow_since.unwrap_or((now, false));
        // Sampled medians of a service near the bound lie on either side of it: one is enough.
        let over = over || before;
        self.slow_since = Some((since, over));
        if over && now.since(since) >= policy.slow_after {
            self.slow.begin(now);
            self.slow_since = None;
            self.usual = usual;
        }
    }

    /// Whether replies are slow now: `None` if not, else whether beyond the bounds or only
    /// near them; and the usual median they were compared with.
    fn is_slow(&self, scene: &Scene<'_>, floor: Instant) -> (Option<bool>, Option<Span>) {
        let policy = scene.policy;
        // Replies that are all fast, lately and among the last twenty, cannot be slow on average.
        let longest = scene.window.replies().quantile(1.0).unwrap_or_default();
        let longest = scene.pace.longest_of_last().max(longest);
        if longest <= policy.slow_median.min(policy.slow_mean).scaled(STILL) {
            return (None, None);
        }
        let very_slow = self.very_slow(scene, policy.long_span, policy.min_calls, floor);
        let (median, usual) = scene.pace.medians(scene.now, scene.window, floor, policy);
        // The last few never begin it: they confirm what has begun, or keep it up.
        let begun = self.slow_since.is_some();
        let last = scene.pace.median_of_last(scene.now, FEW, floor).filter(|_| begun);
        let is = |share| {
            very_slow
                || unusual(policy, median, usual, share)
                || unusual(policy, last, usual, share)
        };
        (is(STILL).then(|| is(1.0)), usual)
    }

    fn still_slow(&self, scene: &Scene<'_>, floor: Instant) -> Option<bool> {
        let (now, policy) = (scene.now, scene.policy);
        let recent = scene.window.latency(now, policy.short_span.whole_secs(), None);
        if recent.count >= u64::from(policy.clear_calls) {
            let unusual = unusual(policy, recent.p50, self.usual, STILL);
            return Some(unusual || self.very_slow(scene, policy.short_span, 1, floor));
        }
        if recent.count == 0 {
            return None; // No traffic is not a recovery.
        }
        let (median, _) = scene.pace.medians(now, scene.window, floor, policy);
        Some(
            unusual(policy, median, self.usual, STILL)
                || self.very_slow(scene, policy.long_span, policy.min_calls, floor),
        )
    }

    /// Whether the mean reply time is too long, and not because of one reply alone.
    fn very_slow(&self, scene: &Scene<'_>, span: Span, least: u32, floor: Instant) -> bool {
        let limit = scene.policy.slow_mean;
        if scene.window.replies().count_from(bin(limit)) < 2 {
            return false;
        }
        let replies = scene.window.replies_since(scene.now, span.whole_secs(), floor, limit);
        let mean = replies.sum.micros().checked_div(replies.count).unwrap_or(0);
        replies.count >= u64::from(least) && mean > limit.micros() && replies.long > 1
    }
}

/// Whether a median is above both bounds, or above this share of them.
fn unusual(policy: &VerdictPolicy, median: Option<Span>, usual: Option<Span>, share: f64) -> bool {
    let (Some(median), Some(usual)) = (median, usual) else {
        return false;
    };
    median > policy.slow_median.scaled(share) && median > usual.scaled(policy.slow_factor * share)
}
