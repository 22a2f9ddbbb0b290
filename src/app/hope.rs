//! When it makes no sense to go on: then the program ends with the reason.
//!
//! Whoever runs lookout can start it anew, and sees that it ended. Quiet is not deaf: that nobody
//! calls is a reason only if it was said to be one. That another client has the same identifier and
//! does not give it up is a reason at once: waiting would be what keeps the two from hearing.

use crate::config::FailFast;
use crate::mqtt::Status;
use crate::observer::event::What;
use crate::observer::input::{Link, Severity};
use crate::observer::{Instant, Span};

/// What is known of it.
#[derive(Debug)]
pub(super) struct Hope {
    limits: FailFast,
    /// When a message was last heard, or the link changed.
    heard: Instant,
}

impl Hope {
    /// Hope with these limits, from `now` on.
    pub(super) const fn new(limits: FailFast, now: Instant) -> Self {
        Self { limits, heard: now }
    }

    /// A message was heard, or the link changed.
    pub(super) fn heard(&mut self, at: Instant) {
        self.heard = self.heard.max(at);
    }

    /// How long no message was heard, and the link did not change.
    pub(super) fn quiet_for(&self, now: Instant) -> Span {
        now.since(self.heard)
    }

    /// Why it makes no sense to go on, if it does not; the canary was not heard for `deaf_for`.
    pub(super) fn lost(&self, now: Instant, status: &Status, deaf_for: Span) -> Option<String> {
        let FailFast { no_link, no_canary, quiet, .. } = self.limits;
        if status.link == Link::Down {
            return hopeless(no_link, status, now);
        }
        if deaf_for > no_canary {
            return Some(format!(
                "deaf: lookout did not hear its own canary for {no_canary} \
                 (`fail_fast.no_canary`): check that the broker lets it write and read \
                 `system/{{cluster}}/observer/{{id}}/canary`"
            ));
        }
        let quiet = quiet.filter(|quiet| now.since(self.heard) > *quiet)?;
        Some(format!(
            "no message for {quiet} (`fail_fast.exit_on_quiet`): check `traffic` and the broker's \
             access rules"
        ))
    }
}

impl Hope {
    /// Why it makes no sense to go on after what was said, if it was set that critical components
    /// are a reason.
    pub(super) fn lost_to(&self, said: &What) -> Option<String> {
        let What::ComponentError(finding) = said else { return None };
        let critical = finding.critical && finding.severity == Severity::Critical;
        (self.limits.on_critical && critical).then(|| {
            format!(
                "{} is critical (`fail_fast.stop_on_critical`): {}",
                finding.component, finding.message
            )
        })
    }
}

/// Why it makes no sense to wait for a link any longer, if there is none for longer than that, or
/// the session itself gave up.
pub(crate) fn hopeless(no_link: Span, status: &Status, now: Instant) -> Option<String> {
    let problem = status.problem.as_deref().unwrap_or("no reason known");
    if status.hopeless {
        return Some(format!("thrown off the broker again and again: {problem}"));
    }
    (status.link == Link::Down && now.since(status.since) > no_link)
        .then(|| format!("no link to the broker for {no_link} (`fail_fast.no_link`): {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_holds_beyond_its_limit_and_names_its_setting() {
        let (up, down) = (Link::Up, Link::Down);
        let at = |secs| Instant::default() + Span::from_secs(secs);
        for (link, now, deaf, quiet, reason) in [
            (down, 600, 0, None, None),
            (down, 601, 0, None, Some("`fail_fast.no_link`): connection refused")),
            (up, 601, 0, None, None),
            (up, 601, 120, None, None),
            (up, 601, 121, None, Some("`fail_fast.no_canary`")),
            (up, 800, 0, Some(300), None),
            (up, 801, 0, Some(300), Some("`fail_fast.exit_on_quiet`")),
        ] {
            let (no_link, no_canary) = (Span::from_secs(600), Span::from_secs(120));
            let quiet = quiet.map(Span::from_secs);
            let limits = FailFast { no_link, no_canary, quiet, on_critical: false };
            let mut hope = Hope::new(limits, at(0));
            hope.heard(at(500));
            hope.heard(at(400));
            let problem = Some("connection refused".to_owned()).filter(|_| link == down);
            let status = Status { problem, ..Status::of(link, at(0)) };
            let told = hope.lost(at(now), &status, Span::from_secs(deaf));
            assert_eq!(told.is_some(), reason.is_some(), "{told:?}");
            assert!(told.unwrap_or_default().contains(reason.unwrap_or_default()));
        }
    }

    #[test]
    fn a_session_that_gave_up_is_a_reason_at_once() {
        let now = Instant::default() + Span::from_secs(1);
        let problem = Some("`broker.client_id`".to_owned());
        let status = Status { problem, hopeless: true, ..Status::of(Link::Down, now) };
        let told = hopeless(Span::from_secs(600), &status, now);
        assert!(told.is_some_and(|reason| reason.ends_with("again and again: `broker.client_id`")));
    }
}
