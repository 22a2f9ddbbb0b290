//! EMQX's interface, as it is set, and every way to get it wrong.

use super::{check_bad, good};

const WHOLE: &str = "[emqx]\nurl = 'https://emqx.example:18084/'\napi_key = 'k'\n";

#[test]
fn it_is_asked_only_if_it_is_set() {
    assert!(good("", &[], &[]).emqx.is_none());
    let emqx = good(WHOLE, &[("LOOKOUT_EMQX_API_SECRET", "s")], &[]).emqx.unwrap();
    assert_eq!(emqx.url, "https://emqx.example:18084");
    assert_eq!((emqx.key.0.as_str(), emqx.key.1.0.as_str()), ("k", "s"));
    assert!(!format!("{emqx:?}").contains("\"s\""), "{emqx:?}");
}

#[test]
fn the_secret_comes_from_the_strongest_source() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    std::fs::write(&path, " from-file\n").unwrap();
    let path = path.to_str().unwrap();
    let file = format!("{WHOLE}api_secret_file = '{path}'\n");
    let secret = |environment: &[(&str, &str)], file: &str| {
        good(file, environment, &[]).emqx.unwrap().key.1.0
    };
    assert_eq!(secret(&[], &file), "from-file");
    assert_eq!(secret(&[("LOOKOUT_EMQX_API_SECRET", "s")], &file), "s");
    let both = format!("{WHOLE}api_secret = 's'\n");
    assert_eq!(secret(&[("LOOKOUT_EMQX_API_SECRET_FILE", path)], &both), "from-file");
    check_bad(
        &format!("{both}api_secret_file = '{path}'\n"),
        &[],
        &[],
        &[
            "lookout.toml:5: emqx.api_secret_file: found a secret here and in emqx.api_secret, allowed: only one \
           of them",
        ],
    );
}

#[test]
fn what_is_wrong_is_refused_without_its_secret() {
    const ADDRESS: &str = "an address such as http://127.0.0.1:18083 or https://emqx.example";
    for (file, wanted) in [
        ("url = 'emqx:18083'", format!("2: emqx.url: found \"emqx:18083\", allowed: {ADDRESS}")),
        ("url = 'mqtt://emqx'", format!("2: emqx.url: found \"mqtt://emqx\", allowed: {ADDRESS}")),
        (
            "url = 'http://k:planted@emqx'",
            format!("2: emqx.url: found \"http://k:***@emqx\", allowed: {ADDRESS}"),
        ),
        (
            "url = 'http://emqx'",
            "2: emqx.url: found an address without emqx.api_key, allowed: emqx.api_key and emqx.api_secret (or \
             emqx.api_secret_file) beside it"
                .to_owned(),
        ),
        (
            "url = 'http://emqx'\napi_key = 'k'",
            "2: emqx.url: found an address without emqx.api_secret, allowed: emqx.api_key and emqx.api_secret (or \
             emqx.api_secret_file) beside it"
                .to_owned(),
        ),
        (
            "url = 'http://emqx'\napi_key = 'k'\napi_secret = 'planted'\nca_file = 'x'",
            "5: emqx.ca_file: found \"x\", allowed: such a setting only where emqx.url is https://".to_owned(),
        ),
        (
            "api_secret = 'planted'",
            "2: emqx.api_secret: found ***, allowed: such a setting only beside emqx.url".to_owned(),
        ),
        (
            "onlookers = ['a*b']",
            "2: emqx.onlookers[0]: found 'a*b', allowed: client identifiers, `*` at the end for any ending"
                .to_owned(),
        ),
        ("look_every = '0s'", "2: emqx.look_every: found '0s', allowed: a duration such as 30s, from 1s to 1m".to_owned()),
    ] {
        check_bad(&format!("[emqx]\n{file}"), &[], &[], &[&format!("lookout.toml:{wanted}")]);
    }
}
