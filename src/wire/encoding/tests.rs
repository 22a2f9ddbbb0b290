//! CBOR by the examples of RFC 8949 (appendix A), MessagePack by its specification, and both in the
//! hands of those who mean harm.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::{Encoding, NotDecoded, to_json};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn decoded(encoding: Encoding, payload: &[u8]) -> Result<String, NotDecoded> {
    let mut out = b"left over".to_vec();
    to_json(payload, encoding, &|name| name != "drop", &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn check(encoding: Encoding, cases: &[(&str, &str)]) {
    for (hex, wanted) in cases {
        let payload = bytes(hex);
        assert_eq!(decoded(encoding, &payload).as_deref(), Ok(*wanted), "{hex}");
        // Whatever is cut off or added is noticed.
        for end in 0..payload.len() {
            assert_eq!(decoded(encoding, &payload[..end]), Err(NotDecoded), "{hex} to {end}");
        }
        let longer = [payload.as_slice(), &[0]].concat();
        assert_eq!(decoded(encoding, &longer), Err(NotDecoded), "{hex} and more");
    }
}

#[test]
fn cbor_reads_as_json() {
    check(
        Encoding::Cbor,
        &[
            ("00", "0"),
            ("17", "23"),
            ("1818", "24"),
            ("1903e8", "1000"),
            ("1bffffffffffffffff", "18446744073709551615"),
            ("20", "-1"),
            ("3903e7", "-1000"),
            ("3bffffffffffffffff", "-18446744073709551616"),
            ("c249010000000000000000", "\"b64:AQAAAAAAAAAA\""),
            ("f90000", "0.0"),
            ("f93c00", "1.0"),
            ("f93e00", "1.5"),
            ("f97bff", "65504.0"),
            ("f90001", "5.960464477539063e-8"),
            ("f90400", "0.00006103515625"),
            ("f9c400", "-4.0"),
            ("f97c00", "null"),
            ("f97e00", "null"),
            ("fa47c35000", "100000.0"),
            ("fb3ff199999999999a", "1.1"),
            ("f4", "false"),
            ("f5", "true"),
            ("f6", "null"),
            ("f7", "null"),
            ("f0", "null"),
            ("c074323031332d30332d32315432303a30343a30305a", "\"2013-03-21T20:04:00Z\""),
            ("d818456449455446", "\"b64:ZElFVEY=\""),
            ("4401020304", "\"b64:AQIDBA==\""),
            ("62225c", "\"\\\"\\\\\""),
            ("64f0908591", "\"\u{10151}\""),
            ("80", "[]"),
            ("8301820203820405", "[1,[2,3],[4,5]]"),
            ("a0", "{}"),
            // Keys that are integers, and one that is neither.
            ("a201020304", "{\"1\":2,\"3\":4}"),
            ("a2f401616102", "{\"a\":2}"),
            ("a26161016162820203", "{\"a\":1,\"b\":[2,3]}"),
            ("5f42010243030405ff", "\"b64:AQIDBAU=\""),
            ("7f657374726561646d696e67ff", "\"streaming\""),
            ("9fff", "[]"),
            ("9f018202039f0405ffff", "[1,[2,3],[4,5]]"),
            ("bf61610161629f0203ffff", "{\"a\":1,\"b\":[2,3]}"),
            // A member twice, one that is undefined, one that nobody reads.
            ("a2616101616102", "{\"a\":1,\"a\":2}"),
            ("a2656572726f72f7616101", "{\"a\":1}"),
            ("a26464726f70a16161f7616101", "{\"a\":1}"),
            // Tags before a key, and before what is undefined.
            ("a1c1616b01", "{\"k\":1}"),
            ("a26161c1f7616201", "{\"b\":1}"),
            // What nobody reads is left out of the elements of a batch, but kept deeper down.
            ("81a26464726f7001616102", "[{\"a\":2}]"),
            ("a16161a16464726f7001", "{\"a\":{\"drop\":1}}"),
        ],
    );
}

#[test]
fn messagepack_reads_as_json() {
    check(
        Encoding::MessagePack,
        &[
            ("00", "0"),
            ("7f", "127"),
            ("e0", "-32"),
            ("ccff", "255"),
            ("cdffff", "65535"),
            ("ceffffffff", "4294967295"),
            ("cfffffffffffffffff", "18446744073709551615"),
            ("d080", "-128"),
            ("d18000", "-32768"),
            ("d280000000", "-2147483648"),
            ("d38000000000000000", "-9223372036854775808"),
            ("ca3fc00000", "1.5"),
            ("cb3ff199999999999a", "1.1"),
            ("cb7ff8000000000000", "null"),
            ("c0", "null"),
            ("c2", "false"),
            ("c3", "true"),
            ("a26162", "\"ab\""),
            ("d9026162", "\"ab\""),
            ("da00026162", "\"ab\""),
            ("db000000026162", "\"ab\""),
            ("c4020102", "\"b64:AQI=\""),
            ("c500020102", "\"b64:AQI=\""),
            ("c6000000020102", "\"b64:AQI=\""),
            ("90", "[]"),
            ("93019202039104", "[1,[2,3],[4]]"),
            ("dc00020102", "[1,2]"),
            ("dd0000000101", "[1]"),
            ("82a16101a16292a0c0", "{\"a\":1,\"b\":[\"\",null]}"),
            ("de0001a16101", "{\"a\":1}"),
            ("df0000000101c3", "{\"1\":true}"),
            ("8281a16101c3a16102", "{\"a\":2}"),
            ("82a16101a16102", "{\"a\":1,\"a\":2}"),
            ("82a464726f7081a16192a0c0a16102", "{\"a\":2}"),
            // Extensions, a time stamp among them.
            ("d40700", "null"),
            ("d6ff00000000", "null"),
            ("92c7030101020305", "[null,5]"),
        ],
    );
}

#[test]
fn what_is_no_encoding_is_refused() {
    for (encoding, hex) in [
        (Encoding::Cbor, "ff"),
        (Encoding::Cbor, "1c"),
        (Encoding::Cbor, "61ff"),
        // Malformed where nobody reads: a break in an array, half a map, a break, a simple value
        // that is none, text that is none.
        (Encoding::Cbor, "a16464726f708201ff"),
        (Encoding::Cbor, "a16464726f70bf01ff"),
        (Encoding::Cbor, "a16464726f70ff"),
        (Encoding::MessagePack, "81a464726f70a1ff"),
        (Encoding::Cbor, "9bffffffffffffffff"),
        (Encoding::Cbor, "bbffffffffffffffff"),
        (Encoding::Cbor, "5bffffffffffffffff00"),
        (Encoding::Cbor, "7bffffffffffffffff61"),
        (Encoding::MessagePack, "c1"),
        (Encoding::MessagePack, "a1ff"),
        (Encoding::MessagePack, "ddffffffff"),
        (Encoding::MessagePack, "dfffffffff"),
        (Encoding::MessagePack, "dbffffffff61"),
        (Encoding::MessagePack, "c6ffffffff00"),
        (Encoding::MessagePack, "c9ffffffff0000"),
        (Encoding::Json, "7b7d"),
        (Encoding::Opaque, "00"),
    ] {
        assert_eq!(decoded(encoding, &bytes(hex)), Err(NotDecoded), "{hex}");
    }
}

#[test]
fn nesting_is_bounded_and_tags_are_none() {
    for (encoding, open, end) in [(Encoding::Cbor, 0x81, 0x01), (Encoding::MessagePack, 0x91, 0x01)]
    {
        for (depth, good) in [(127, true), (128, true), (129, false), (100_000, false)] {
            let mut payload = vec![open; depth];
            payload.push(end);
            assert_eq!(decoded(encoding, &payload).is_ok(), good, "{encoding:?} {depth}");
        }
    }
    // As in JSON, what nobody reads is held to the same.
    for (encoding, head, open) in
        [(Encoding::Cbor, "a16464726f70", 0x81), (Encoding::MessagePack, "81a464726f70", 0x91)]
    {
        for (depth, good) in [(127, true), (128, false), (100_000, false)] {
            let mut payload = bytes(head);
            payload.extend(vec![open; depth]);
            assert_eq!(decoded(encoding, &payload), Err(NotDecoded), "{encoding:?} {depth}");
            payload.push(1);
            assert_eq!(decoded(encoding, &payload).is_ok(), good, "{encoding:?} {depth}");
        }
    }
    let mut tags = vec![0xc1; 1_000_000];
    tags.push(0);
    assert_eq!(decoded(Encoding::Cbor, &tags).as_deref(), Ok("0"));
}

#[test]
fn the_text_is_at_most_some_six_times_the_payload() {
    let mut control = vec![0x1a; 1 << 16];
    let mut text = vec![0x7a, 0, 1, 0, 0];
    text.append(&mut control);
    let floats = [&[0x9a, 0, 0, 0x20, 0][..], &[0xf9, 0, 1].repeat(1 << 13)].concat();
    for payload in [text, floats] {
        let json = decoded(Encoding::Cbor, &payload).unwrap();
        assert!(json.len() < 8 * payload.len() + 64, "{} of {}", json.len(), payload.len());
    }
}
