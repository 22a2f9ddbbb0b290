//! The security watch, as it is set, and ways to get it wrong.

use super::{good, load};
use lookout::observer::Span;
use lookout::observer::alert::Severity;
use lookout::security::incident::Kind;

#[test]
fn a_watch_is_off_unless_it_is_wanted() {
    let now = lookout::observer::Instant::default();
    let without = good("[security]\nfailures = 3", &[], &[]);
    assert!(without.watch(now).is_none() && !without.settings.security);
    let with = good(
        "[security]\nenabled = true\noff = ['unusual_hours']\nseverities = ['unusual_volume = error']\n\
         failures = 3\nwindow = '5m'\nbytes_floor = 2048\nremembered = 5000\nincidents = 20",
        &[],
        &[],
    );
    assert!(with.watch(now).is_some() && with.settings.security);
    let policy = &with.security;
    assert_eq!((policy.failures, policy.window), (3, Span::from_secs(300)));
    assert_eq!((policy.bytes_floor, policy.remembered, policy.incidents), (2_048, 5_000, 20));
    assert!(policy.has(Kind::BruteForce) && !policy.has(Kind::UnusualHours));
    assert_eq!(policy.severity(Kind::UnusualVolume), Severity::Error);
    assert_eq!(policy.severity(Kind::UnusualServices), Severity::Warning);
}

#[test]
fn mistakes_are_named() {
    for (lines, key, found) in [
        ("off = ['unusual_days']", "security.off[0]", "'unusual_days'"),
        ("severities = ['unusual_volume']", "security.severities[0]", "'unusual_volume'"),
        ("severities = ['unusual_volume=bad']", "security.severities[0]", "'unusual_volume=bad'"),
        ("user = ['userId']", "security.user[0]", "'userId'"),
        ("user = ['body.']", "security.user[0]", "'body.'"),
        (
            "address = ['body.a..b']",
            "security.address[0]",
            "\"body.a..b\", allowed: the place of a name",
        ),
        ("failures = 1", "security.failures", "1"),
        ("failures = 65", "security.failures", "65"),
        ("window = '10s'", "security.window", "'10s'"),
        ("volume = 1.0", "security.volume", "1.0"),
    ] {
        let file = format!("[security]\nenabled = true\n{lines}\n");
        let mistakes = load(&file, &[], &[]).err().unwrap();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(mistakes[0].contains(key) && mistakes[0].contains(found), "{mistakes:?}");
    }
}
