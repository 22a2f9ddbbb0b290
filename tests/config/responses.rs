//! What is done about attacks, as it is set, and ways to get it wrong.

use super::{good, load};
use lookout::observer::attack::Response;
use lookout::observer::measure::Means;
use lookout::observer::{Instant, Span};
use lookout::security::incident::Kind;

const WATCH: &str = "[security]\nenabled = true\n";
const EMQX: &str = "[emqx]\nurl = 'http://127.0.0.1:18083'\napi_key = 'a'\napi_secret = 'b'\n";
const HOOK: &str = "[[webhook]]\nname = 'a'\nurl = 'http://127.0.0.1:1'\n\
                    secret = 'a-secret-of-24-characters'\nactions = ['notify_user', 'block_ip']\n";

#[test]
fn nothing_is_done_unless_it_is_wanted() {
    let none = good(WATCH, &[], &[]).responses;
    assert!(!none.enabled && none.dry_run);
    assert!(none.spared.has_address("127.0.0.9".parse().unwrap()), "the machine itself");
    assert!(good("", &[], &[]).responder(Instant::default(), true).is_none(), "no watch");
    let file = format!(
        "{WATCH}{EMQX}{HOOK}[responses]\nenabled = true\ndry_run = false\n\
         table = ['brute_force = block_ip + notify_user', 'unusual_hours=']\nemqx = ['block_ip']\n\
         never_addresses = ['10.0.0.0/8']\nnever_users = ['root', 'svc-*']\nblock_for = '5m'\n"
    );
    let config = good(&file, &[], &[]);
    let set = &config.responses;
    assert_eq!(set.to(Kind::BruteForce), [Response::BlockIp, Response::NotifyUser]);
    assert_eq!(set.to(Kind::UnusualHours), []);
    assert_eq!(set.to(Kind::Spoofing), Kind::Spoofing.responses());
    let both = Means { emqx: true, webhook: true, own: false };
    assert_eq!(set.means(Response::BlockIp), both);
    assert_eq!(set.means(Response::LockUser), Means::default());
    assert_eq!(set.lasts(Response::BlockIp), Some(Span::from_secs(300)));
    assert_eq!(set.lasts(Response::NotifyUser), None);
    assert!(set.spared.has_user("svc-7") && !set.spared.has_user("ana"));
    assert!(set.spared.has_address("10.1.2.3".parse().unwrap()));
    assert!(config.webhooks[0].alerts, "it is told of alerts as well");
}

#[test]
fn mistakes_are_named() {
    let dry = "[responses]\nenabled = true\n";
    for (file, key, found) in [
        (dry.to_owned(), "responses.enabled", "where `security.enabled` is false"),
        (
            format!("{WATCH}{dry}emqx = ['block_ip']\n"),
            "responses.emqx",
            "where `emqx.url` is not set",
        ),
        (
            format!("{WATCH}{EMQX}{dry}emqx = ['notify_user']\n"),
            "responses.emqx[0]",
            "'notify_user'",
        ),
        (format!("{WATCH}{dry}table = ['brute_force']\n"), "responses.table[0]", "'brute_force'"),
        (format!("{WATCH}{dry}table = ['brute_force=ban']\n"), "responses.table[0]", "ban"),
        (
            format!("{WATCH}{dry}never_addresses = ['10.0.0.1/8']\n"),
            "responses.never_addresses[0]",
            "10.0.0.1/8",
        ),
        (format!("{WATCH}{dry}never_users = ['a*b']\n"), "responses.never_users[0]", "a*b"),
        (format!("{WATCH}{dry}per_hour = 0\n"), "responses.per_hour", "0"),
        (format!("{WATCH}{dry}block_for = '0s'\n"), "responses.block_for", "0s"),
        (
            HOOK.replace("actions = ['notify_user', 'block_ip']", "alerts = false"),
            "webhook[0].alerts",
            "something that it is told",
        ),
        (HOOK.replace("notify_user", "notify"), "webhook[0].actions[0]", "'notify'"),
        (
            HOOK.replace("secret = 'a-secret-of-24-characters'\n", ""),
            "webhook[0].actions",
            "what acts has to know who wants it",
        ),
    ] {
        let mistakes = load(&file, &[], &[]).err().unwrap();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(mistakes[0].contains(key) && mistakes[0].contains(found), "{mistakes:?}");
    }
}
