//! The ways to a broker, as they are set: several addresses and who logs in there, certificates,
//! and every way to get them wrong.

use super::authority::Authority;
use super::{check_bad, check_config, good, load};

/// The addresses of a configuration, each with user and password.
fn logins(file: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let broker = good(file, environment, &[]).broker;
    let shown = broker.addresses.iter().map(|address| {
        let user = address.user.as_deref().unwrap_or("-");
        let password = address.password.as_ref().map_or("-", |password| &password.0);
        format!("{user} {password} {address}")
    });
    shown.collect()
}

#[test]
fn several_addresses_come_from_every_source() {
    let two = ["- - mqtts://a:8883", "- - wss://b:443/mqtt"];
    let file = "[broker]\nurl = ['mqtts://a', 'wss://b']\nca_file = '";
    let authority = Authority::new();
    let ca = authority.path("ca");
    assert_eq!(logins(&format!("{file}{ca}'"), &[]), two);
    for value in ["mqtts://a, wss://b", "mqtts://a,wss://b", "[\"mqtts://a\", \"wss://b\"]"] {
        let environment = [("LOOKOUT_BROKER", value), ("LOOKOUT_BROKER_CA_FILE", &ca)];
        assert_eq!(logins("", &environment), two, "{value}");
    }
    assert_eq!(logins("", &[("LOOKOUT_BROKER", "[::1]:1884")]), ["- - mqtt://[::1]:1884"]);
    let comma = "mqtt://ann:one,two@a";
    assert_eq!(logins("", &[("LOOKOUT_BROKER", comma)]), ["ann one,two mqtt://a:1883"]);
}

#[test]
fn users_and_passwords_reach_the_addresses_that_have_none() {
    let file = "[broker]\nurl = ['mqtt://ann:one@a', 'mqtt://b', 'mqtt://cid@c']\n";
    let user = "user = 'bob'\npassword = 'two'\n";
    assert_eq!(
        logins(file, &[]),
        ["ann one mqtt://a:1883", "- - mqtt://b:1883", "cid - mqtt://c:1883"]
    );
    assert_eq!(
        logins(&format!("{file}{user}"), &[]),
        ["ann one mqtt://a:1883", "bob two mqtt://b:1883", "cid two mqtt://c:1883"]
    );
    // A stronger source holds for all of them.
    assert_eq!(
        logins(file, &[("LOOKOUT_BROKER_PASSWORD", "two")]),
        ["ann two mqtt://a:1883", "- two mqtt://b:1883", "cid two mqtt://c:1883"]
    );
    let url = ("LOOKOUT_BROKER", "mqtt://eve:three@a,mqtt://b");
    assert_eq!(
        logins("[broker]\nuser = 'bob'\npassword = 'two'", &[url]),
        ["eve three mqtt://a:1883", "bob two mqtt://b:1883"]
    );
}

#[test]
fn addresses_that_do_not_go_together_are_refused() {
    for (file, expected) in [
        (
            "[broker]\nurl = ['mqtts://a', 'mqtt://b']",
            "lookout.toml:2: broker.url: found addresses with TLS and without, allowed: mqtts:// \
             and wss:// alone or not at all, as TLS that gives way is none",
        ),
        (
            "[broker]\nurl = []",
            "lookout.toml:2: broker.url: found an array, allowed: an address such as \
             mqtt://host:1883, mqtts://user:password@host or wss://host/mqtt, or a list of up to 16",
        ),
        (
            "[broker]\nurl = ['mqtt://ann:one@a', 'mqtt://bob:two@b']\nuser = 'cid'",
            "lookout.toml:3: broker.user: found a user name here and in broker.url, allowed: only \
             one of them",
        ),
        (
            "[broker]\nprotocol = '3.1.1'\nurl = ['mqtt://ann:one@a', 'mqtt://b']\npassword = 'two'",
            "lookout.toml:4: broker.password: found a password without a user name, allowed: a \
             user name too, as MQTT 3.1.1 demands",
        ),
    ] {
        check_bad(file, &[], &[], &[expected]);
    }
    let many = vec!["mqtt://h"; 17].join(",");
    let mistakes = load("", &[("LOOKOUT_BROKER", &many)], &[]).unwrap_err();
    assert!(mistakes[0].contains("up to 16"), "{mistakes:?}");
    let bad = [("LOOKOUT_BROKER", "mqtt://a,http://u:secret@b")];
    let mistakes = load("", &bad, &[]).unwrap_err();
    assert!(mistakes[0].contains("LOOKOUT_BROKER[1]: found \"http://u:***@b\""), "{mistakes:?}");
}

#[test]
fn settings_of_tls_are_for_addresses_with_tls() {
    let file = "[broker]\nca_file = '/ca'\nserver_name = 'h'\nalpn = ['mqtt']";
    let only = "such a setting only where broker.url is mqtts:// or wss://";
    let expected = [
        format!("lookout.toml:2: broker.ca_file: found \"/ca\", allowed: {only}"),
        format!("lookout.toml:3: broker.server_name: found \"h\", allowed: {only}"),
        format!("lookout.toml:4: broker.alpn: found \"mqtt\", allowed: {only}"),
    ];
    check_bad(file, &[], &[], &expected.each_ref().map(String::as_str));
}

#[test]
fn files_that_are_no_use_are_named_with_their_setting() {
    let authority = Authority::new();
    let path = |name: &str| authority.path(name);
    authority.write("empty", "");
    authority.write("words", "secret words\n");
    authority.write("cut", &std::fs::read_to_string(path("ca")).unwrap()[..200]);
    authority.write("bytes", "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n");
    let locked =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED PRIVATE KEY-----\n";
    authority.write("locked", locked);
    authority.write("large", vec![b'\n'; (1 << 20) + 1]);
    let (client, key) = (path("client"), path("client.key"));
    for (settings, named, words) in [
        (vec![("ca_file", path("none"))], "broker.ca_file", "No such file"),
        (vec![("ca_file", "/".to_owned())], "broker.ca_file", "can be read"),
        (vec![("ca_file", path("empty"))], "broker.ca_file", "not empty"),
        (vec![("ca_file", path("words"))], "broker.ca_file", "a PEM file with"),
        (vec![("ca_file", path("cut"))], "broker.ca_file", "a PEM file with"),
        (vec![("ca_file", path("bytes"))], "broker.ca_file", "a PEM file with"),
        (vec![("ca_file", path("client.key"))], "broker.ca_file", "a PEM file with"),
        (vec![("ca_file", path("large"))], "broker.ca_file", "at most 1 MiB"),
        (vec![("cert_file", client.clone())], "broker.cert_file", "or neither"),
        (vec![("key_file", key.clone())], "broker.key_file", "or neither"),
        (
            vec![("cert_file", path("empty")), ("key_file", key.clone())],
            "broker.cert_file",
            "not empty",
        ),
        (
            vec![("cert_file", path("bytes")), ("key_file", key)],
            "broker.key_file",
            "the private key of the certificate",
        ),
        (
            vec![("cert_file", client.clone()), ("key_file", path("locked"))],
            "broker.key_file",
            "no passphrase",
        ),
        (
            vec![("cert_file", client.clone()), ("key_file", path("words"))],
            "broker.key_file",
            "a private key",
        ),
        (
            vec![("cert_file", client), ("key_file", path("broker.key"))],
            "broker.key_file",
            "the private key of the certificate",
        ),
        (vec![("server_name", "a b".to_owned())], "broker.server_name", "a host name"),
        (vec![("alpn", "x".repeat(256))], "broker.alpn[0]", "protocol names"),
    ] {
        let mut file = "[broker]\nurl = 'mqtts://u:secret@host'\n".to_owned();
        if settings[0].0 != "ca_file" {
            file += &format!("ca_file = '{}'\n", path("ca"));
        }
        for (name, value) in &settings {
            let value = if *name == "alpn" { format!("['{value}']") } else { format!("'{value}'") };
            file += &format!("{name} = {value}\n");
        }
        let mistakes = load(&file, &[], &[]).err().unwrap_or_default();
        assert_eq!(mistakes.len(), 1, "{file}{mistakes:#?}");
        let mistake = &mistakes[0];
        assert!(mistake.contains(&format!(": {named}: found ")), "{mistake}");
        assert!(mistake.contains(words) && !mistake.contains("secret"), "{mistake}");
    }
}

#[test]
fn a_wrong_file_ends_check_config_with_64_and_a_right_one_is_summed_up() {
    let authority = Authority::new();
    let url = "broker.url=mqtts://ann:secret@a,mqtts://b";
    let check = |ca: &str| {
        let ca = format!("broker.ca_file={}", authority.path(ca));
        let file = authority.write("lookout.toml", "");
        check_config(&[&file, "--set", url, "--set", &ca])
    };
    let output = check("none");
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("command line: broker.ca_file: found \""), "{said}");
    let output = check("ca");
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).unwrap();
    let broker = "  broker   mqtts://a:8883 as ann, MQTT 5\n  broker   mqtts://b:8883, MQTT 5\n";
    assert!(said.contains(broker), "{said}");
}
