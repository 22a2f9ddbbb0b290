//! Traces, as they are set, and every way to get them wrong.

use super::{check_bad, good, load};
use lookout::config::{Collector, Config, Login, Otlp};
use lookout::observer::Span;

fn collector(config: &Config) -> &Collector {
    config.trace.collector.as_ref().unwrap()
}

#[test]
fn an_address_is_all_it_takes() {
    let config = good("[trace]\nendpoint = 'http://tempo:4318'", &[], &[]);
    assert!(config.settings.trace.enabled && config.settings.trace.server_spans);
    assert_eq!(
        (config.settings.trace.ratio, config.settings.trace.slow),
        (1.0, Span::from_secs(1))
    );
    let it = collector(&config);
    assert_eq!(it.door.url.as_str(), "http://tempo:4318/v1/traces");
    assert_eq!(it.protocol, Otlp::Http);
    assert_eq!((&it.door.login, it.door.timeout), (&Login::None, Span::from_secs(10)));
    assert_eq!((it.batch, it.queue, it.requests), (1_000, 20_000, 4));
    assert_eq!((it.every, it.retry_for), (Span::from_secs(1), Span::from_secs(300)));
    assert_eq!((it.callers.as_str(), it.server_spans), ("mqtt-callers", true));
    assert!(it.headers.is_empty() && config.trace.link.is_none());

    let without = good("", &[], &[]);
    assert!(without.trace.collector.is_none() && !without.settings.trace.enabled);
    let variable = good("", &[("LOOKOUT_TRACE_ENDPOINT", "https://otlp.example")], &[]);
    assert_eq!(collector(&variable).door.url.as_str(), "https://otlp.example/v1/traces");
}

#[test]
fn a_path_is_kept_and_a_slash_is_none() {
    for (endpoint, url) in [
        ("http://a:1", "http://a:1/v1/traces"),
        ("http://a:1/", "http://a:1/v1/traces"),
        ("http://a:1/otlp/v1/traces", "http://a:1/otlp/v1/traces"),
        ("http://a:1/api/", "http://a:1/api/"),
    ] {
        let config = good(&format!("[trace]\nendpoint = '{endpoint}'"), &[], &[]);
        assert_eq!(collector(&config).door.url.as_str(), url);
    }
}

#[test]
fn headers_come_from_a_list_and_a_file_and_are_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let more = file("headers", "# a key\nX-Key:  planted-hunter2 \n\nX-Other: a: b, c\n");
    let (token, password) = (file("token", "planted-t0ken\n"), file("password", "planted-word"));
    let config = good(
        &format!(
            "[trace]\nendpoint = 'http://a'\nheaders = ['X-Scope-OrgID: shop']\nheaders_file = '{more}'\n\
             token_file = '{token}'\nratio = 0\nslow = '250ms'\nserver_spans = false\ncallers = 'edge'\nbatch = 10\n\
             link = 'https://grafana.example/explore?left={{\"q\":\"{{traceId}}\"}}'\n"
        ),
        &[],
        &[],
    );
    let it = collector(&config);
    let headers: Vec<_> =
        it.headers.iter().map(|(name, value)| (name.as_str(), value.0.as_str())).collect();
    assert_eq!(
        headers,
        [("x-scope-orgid", "shop"), ("x-key", "planted-hunter2"), ("x-other", "a: b, c")]
    );
    assert!(matches!(&it.door.login, Login::Bearer(_)));
    assert_eq!((config.settings.trace.ratio, config.settings.trace.server_spans), (0.0, false));
    assert!(config.trace.link.as_deref().unwrap().contains("{traceId}"));
    assert!(!format!("{:?}", config.trace).contains("planted"), "{:?}", config.trace);

    // A variable covers what the file says.
    let text =
        format!("[trace]\nendpoint = 'http://a'\nuser = 'u'\npassword_file = '{password}'\n");
    let word = |config: &Config| match &collector(config).door.login {
        Login::Basic(user, word) => format!("{user} {}", word.0),
        other => format!("{other:?}"),
    };
    assert_eq!(word(&good(&text, &[], &[])), "u planted-word");
    let covered = good(&text, &[("LOOKOUT_TRACE_PASSWORD", "other")], &[]);
    assert_eq!(word(&covered), "u other");
    let two = [("LOOKOUT_TRACE_HEADERS", "X-A: 1, X-B: 2")];
    assert_eq!(collector(&good("[trace]\nendpoint = 'http://a'", &two, &[])).headers.len(), 2);
}

#[test]
fn what_is_wrong_names_the_setting_and_no_secret() {
    check_bad(
        "[trace]\nendpoint = 'http://ann:hunter2@a'\nratio = 1.5\nslow = '1us'\nbatch = 0\nqueue = 999\n\
         every = '5ms'\nretry_for = '2h'\ntimeout = '1h'\nrequests = 17\ncallers = ' '\nlink = 'https://a/trace'\n\
         headers = ['X-Key: hunter2', 'hunter2', 'X Y: hunter2', 'X-Key:']\nserver_spans = 'yes'\nuser = 'a:b'\nratios = 1\n",
        &[],
        &[],
        &[
            "lookout.toml:2: trace.endpoint: found \"http://ann:***@a\", allowed: an address such as http://127.0.0.1:18083 or \
             https://emqx.example",
            "lookout.toml:3: trace.ratio: found 1.5, allowed: a number from 0 to 1",
            "lookout.toml:4: trace.slow: found '1us', allowed: a duration such as 30s, from 1ms to 10m",
            "lookout.toml:5: trace.batch: found 0, allowed: an integer from 1 to 4096",
            "lookout.toml:6: trace.queue: found 999, allowed: an integer from 1000 to 1000000",
            "lookout.toml:7: trace.every: found '5ms', allowed: a duration such as 30s, from 10ms to 1m",
            "lookout.toml:8: trace.retry_for: found '2h', allowed: a duration such as 30s, from 0s to 1h",
            "lookout.toml:9: trace.timeout: found '1h', allowed: a duration such as 30s, from 100ms to 1m",
            "lookout.toml:10: trace.requests: found 17, allowed: an integer from 1 to 16",
            "lookout.toml:11: trace.callers: found ' ', allowed: a string of 1 to 256 characters",
            "lookout.toml:12: trace.link: found 'https://a/trace', allowed: an address such as \
             https://jaeger.example/trace/{traceId}",
            "lookout.toml:13: trace.headers[1]: found ***, allowed: headers such as X-Scope-OrgID: shop",
            "lookout.toml:13: trace.headers[2]: found ***, allowed: headers such as X-Scope-OrgID: shop",
            "lookout.toml:13: trace.headers[3]: found ***, allowed: headers such as X-Scope-OrgID: shop",
            "lookout.toml:14: trace.server_spans: found 'yes', allowed: true or false",
            "lookout.toml:15: trace.user: found 'a:b', allowed: a string without a colon",
            "lookout.toml:16: trace.ratios: found an unknown setting, allowed: a known one, did you mean trace.ratio?",
        ],
    );
    for link in [
        "https://u:p@a/{traceId}",
        "ftp://a/{traceId}",
        "https://a/{traceID}",
        "{traceId}",
        "https://a/ {traceId}",
    ] {
        let said = load(&format!("[trace]\nlink = \"{link}\""), &[], &[]).unwrap_err();
        assert!(said[0].contains("trace.link"), "{said:?}");
    }
}

#[test]
fn what_only_a_collector_has_a_use_for_is_refused_without_one() {
    check_bad(
        "[trace]\nheaders = ['X-Key: hunter2']\nuser = 'u'\npassword = 'hunter2'\nca_file = '/x.pem'\n\
         headers_file = '/h'\ntoken_file = '/t'\nratio = 0.5\nlink = 'https://a/{traceId}'\n",
        &[],
        &[],
        &[
            "lookout.toml:2: trace.headers: found ***, allowed: such a setting only beside trace.endpoint",
            "lookout.toml:3: trace.user: found \"u\", allowed: such a setting only beside trace.endpoint",
            "lookout.toml:4: trace.password: found ***, allowed: such a setting only beside trace.endpoint",
            "lookout.toml:5: trace.ca_file: found \"/x.pem\", allowed: such a setting only beside trace.endpoint",
            "lookout.toml:6: trace.headers_file: found \"/h\", allowed: such a setting only beside trace.endpoint",
            "lookout.toml:7: trace.token_file: found \"/t\", allowed: such a setting only beside trace.endpoint",
        ],
    );
}

#[test]
fn logins_tls_and_headers_are_held_together() {
    let allowed = "user and password_file, or token_file";
    for (more, said) in [
        ("user = 'u'", format!("trace.user: found a user without a password, allowed: {allowed}")),
        (
            "password = 'hunter2'",
            format!("trace.password_file: found a password without a user, allowed: {allowed}"),
        ),
        (
            "password = 'hunter2'\npassword_file = '/p'",
            "trace.password_file: found a password here and in password, allowed: only one of them".to_owned(),
        ),
        (
            "ca_file = '/x.pem'",
            "trace.ca_file: found \"/x.pem\", allowed: such a setting only beside an address with TLS".to_owned(),
        ),
        (
            "headers = ['Content-Type: hunter2']",
            "trace.headers[0]: found ***, allowed: another header: lookout sets this one itself".to_owned(),
        ),
        ("headers = ['X: hunter2', 'x: hunter3']", "trace.headers[1]: found ***, allowed: each header once".to_owned()),
        ("batch = 2000\nqueue = 1000", "trace.queue: found 1000, allowed: at least trace.batch (2000)".to_owned()),
    ] {
        let mistakes = load(&format!("[trace]\nendpoint = 'http://a'\n{more}\n"), &[], &[]).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(mistakes[0].ends_with(&said), "{mistakes:?}");
        assert!(!mistakes[0].contains("hunter"), "{mistakes:?}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("headers");
    std::fs::write(&path, "X-Key: a\nX-Key hunter2\n").unwrap();
    let text = format!("[trace]\nendpoint = 'http://a'\nheaders_file = '{}'\n", path.display());
    let mistakes = load(&text, &[], &[]).unwrap_err().join("\n");
    assert!(
        mistakes.contains("a header such as X-Scope-OrgID: shop; see its line 2"),
        "{mistakes}"
    );
    assert!(!mistakes.contains("hunter"), "{mistakes}");
    let encrypted =
        load("[trace]\nendpoint = 'https://a'\nca_file = '/no.pem'\n", &[], &[]).unwrap_err();
    assert!(encrypted[0].contains("trace.ca_file: found \"/no.pem\""), "{encrypted:?}");
}

#[test]
fn grpc_has_an_address_without_a_path_and_headers_that_are_metadata() {
    let told = |endpoint: &str, more: &str| {
        load(&format!("[trace]\nendpoint = '{endpoint}'\nprotocol = 'grpc'\n{more}\n"), &[], &[])
    };
    for endpoint in
        ["http://tempo:4317", "http://tempo:4317/", "https://[::1]:4317", "https://tempo"]
    {
        let config = told(endpoint, "headers = ['X-Scope-OrgID: shop', 'x_y.z: 1']").unwrap();
        let it = collector(&config);
        assert_eq!((it.protocol, it.door.url.path()), (Otlp::Grpc, "/"), "{endpoint}");
        let names: Vec<_> = it.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["x-scope-orgid", "x_y.z"]);
    }
    let variable = [("LOOKOUT_TRACE_PROTOCOL", "grpc")];
    let config = good("[trace]\nendpoint = 'http://a:4317'", &variable, &[]);
    assert_eq!(collector(&config).protocol, Otlp::Grpc);

    let plain = "http://a:4317";
    let own = "headers[0]: found ***, allowed: another header: lookout sets this one itself";
    for (endpoint, more, said) in [
        (
            "http://a:4317/v1/traces",
            "",
            "endpoint: found \"http://a:4317/***\", allowed: an address without a path where trace.protocol is \"grpc\"",
        ),
        (
            "https://a..b:4317",
            "",
            "endpoint: found \"https://a..b:4317/\", allowed: an address with a host that a certificate can name",
        ),
        (
            plain,
            "ca_file = '/x.pem'",
            "ca_file: found \"/x.pem\", allowed: such a setting only beside an address with TLS",
        ),
        (
            plain,
            "headers = ['X-Key-Bin: hunter2']",
            "headers[0]: found ***, allowed: a header for a text: gRPC takes bytes where a name ends with -bin",
        ),
        (
            plain,
            "headers = ['X-Key!: hunter2']",
            "headers[0]: found ***, allowed: a header for gRPC, whose name has letters, digits and - _ . only",
        ),
        (plain, "headers = ['gRPC-Timeout: 1S']", own),
        (plain, "headers = ['Upgrade: hunter2']", own),
        (plain, "headers = ['User-Agent: hunter2']", own),
        (plain, "headers = ['TE: hunter2']", own),
    ] {
        let mistakes = told(endpoint, more).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(mistakes[0].ends_with(&format!("trace.{said}")), "{mistakes:?}");
        assert!(!mistakes[0].contains("hunter"), "{mistakes:?}");
    }
    // They are no matter over HTTP.
    let other =
        "[trace]\nendpoint = 'http://a'\nheaders = ['X-Key-Bin: a', 'User-Agent: b', 'X!: c']";
    assert_eq!(collector(&good(other, &[], &[])).headers.len(), 3);
    let unknown = load("[trace]\nendpoint = 'http://a'\nprotocol = 'http/json'", &[], &[]);
    let unknown = unknown.unwrap_err();
    assert!(unknown[0].contains("trace.protocol: found 'http/json', allowed: "), "{unknown:?}");
    assert!(unknown[0].contains("http/protobuf") && unknown[0].contains("grpc"), "{unknown:?}");
}
