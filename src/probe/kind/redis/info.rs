//! The answers to `INFO` and `CLUSTER INFO`: lines of `name:value`, with headings between.

use std::collections::BTreeMap;

/// Bytes of an answer that are read, lines of it, and bytes of a value.
const MOST: usize = 256 << 10;
const LINES: usize = 2_000;
const LONGEST: usize = 500;

/// An answer, by name.
#[derive(Debug, Default)]
pub(super) struct Info(BTreeMap<String, String>);

impl Info {
    /// Reads an answer; what is no line of it is passed over.
    pub(super) fn read(text: &str) -> Self {
        let mut end = text.len().min(MOST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let lines = text.get(..end).unwrap_or_default().lines().take(LINES);
        let pair = |line: &str| {
            let (name, value) = line.trim().split_once(':')?;
            let short = name.len() <= LONGEST && value.len() <= LONGEST;
            (short && !name.starts_with('#')).then(|| (name.to_owned(), value.to_owned()))
        };
        Self(lines.filter_map(pair).collect())
    }

    /// A value; empty if it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A value that is a number.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.parse::<f64>().ok().filter(|number| number.is_finite())
    }

    /// The replicas of a primary: `slave0:ip=…,port=…,state=online,offset=…,lag=…`.
    pub(super) fn replicas(&self) -> Vec<Replica> {
        let is_one =
            |name: &str| name.strip_prefix("slave").is_some_and(|rest| rest.parse::<u32>().is_ok());
        self.0
            .iter()
            .filter(|(name, _)| is_one(name))
            .map(|(_, line)| Replica::read(line))
            .collect()
    }
}

/// A replica, as its primary tells of it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Replica {
    /// Address and port.
    pub(super) place: String,
    /// `online`, or how far it is on its way.
    pub(super) state: String,
    /// How much it has acknowledged, in bytes of the replication stream.
    pub(super) offset: Option<f64>,
    /// Seconds since it last did.
    pub(super) lag: Option<f64>,
}

impl Replica {
    fn read(line: &str) -> Self {
        let parts: BTreeMap<_, _> =
            line.split(',').filter_map(|part| part.split_once('=')).collect();
        let text = |name: &str| parts.get(name).copied().unwrap_or_default();
        let number = |name: &str| parts.get(name)?.parse::<f64>().ok().filter(|it| it.is_finite());
        Self {
            place: format!("{}:{}", text("ip"), text("port")),
            state: text("state").to_owned(),
            offset: number("offset"),
            lag: number("lag"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_all_else_is_passed_over() {
        let text = "# Server\r\nredis_version:7.0.15\r\n\r\nused_memory:1024\r\nnonsense\r\nx:NaN\r\n\
                    slave0:ip=127.0.0.1,port=7001,state=online,offset=42,lag=1\r\nslaves:3\r\n";
        let info = Info::read(text);
        assert_eq!((info.text("redis_version"), info.text("absent")), ("7.0.15", ""));
        assert_eq!((info.number("used_memory"), info.number("x")), (Some(1024.0), None));
        let replica = Replica {
            place: "127.0.0.1:7001".to_owned(),
            state: "online".to_owned(),
            offset: Some(42.0),
            lag: Some(1.0),
        };
        assert_eq!(info.replicas(), [replica]);
        let long = format!("a:{}\nb:1\n", "x".repeat(LONGEST + 1));
        assert_eq!((Info::read(&long).text("a"), Info::read(&long).text("b")), ("", "1"));
        assert_eq!(Info::read(&"é:1\n".repeat(MOST)).number("é"), Some(1.0));
    }
}
