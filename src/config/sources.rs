//! Where settings come from: file, environment, flags.
//!
//! Every setting `a.b_c` is the variable `LOOKOUT_A_B_C` and the flag `--set a.b_c=…`; an unknown
//! variable is a mistake like an unknown key, as a misspelt name would otherwise do nothing in
//! silence. Two exceptions: an empty variable counts as not set (that is how compose files pass on
//! what is not there), and the variables that Kubernetes sets for a Service named `lookout…` are
//! none of lookout's.

use super::gather::{Gathered, Rank, Spot};
use super::mistake::{key_part, quoted, shown};
use super::raw;
use super::suggest::nearest;
use super::table;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest configuration file, in bytes; what is larger is no configuration.
const LARGEST: u64 = 1 << 20;

/// What all variables begin with.
const PREFIX: &str = "LOOKOUT_";

/// Where settings come from beside the defaults; later ones win in the order file,
/// environment, flags.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file.
    pub file: Option<PathBuf>,
    /// `LOOKOUT_…` variables with their values.
    pub environment: Vec<(String, String)>,
    /// `--set key=value` flags.
    pub flags: Vec<(String, String)>,
}

/// Takes `key=value` apart, for the parser of the command line.
pub fn parse_flag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err("expected key=value, such as broker.url=mqtt://host".to_owned()),
    }
}

impl Sources {
    /// The sources of this process: its `LOOKOUT_…` variables beside the given file and flags.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            // Names outside Unicode are not ours; values are checked like any other.
            let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
            Some((name, value.to_string_lossy().into_owned()))
        });
        Self { file, environment: variables.collect(), flags }
    }

    /// Reads all sources over the defaults.
    pub(super) fn gather(&self) -> Gathered {
        let file =
            self.file.as_deref().map_or_else(String::new, |path| shown(&path.to_string_lossy()));
        let mut gathered = Gathered::new(file);
        if let Some(path) = &self.file {
            read_file(&mut gathered, path);
        }
        // The environment has no order of its own; mistakes should.
        let mut variables: Vec<_> = self.environment.iter().collect();
        variables.sort();
        for (name, value) in variables {
            variable(&mut gathered, name, value, &self.environment);
        }
        for (key, value) in &self.flags {
            flag(&mut gathered, key, value);
        }
        gathered
    }
}

fn read_file(gathered: &mut Gathered, path: &Path) {
    let spot = |line, name: &str| Spot { rank: Rank::File, line, name: name.to_owned() };
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return gathered.mistake(
            spot(0, "file"),
            shown(&error.to_string()),
            "a file that can be read",
        );
    }
    if bytes.len() as u64 > LARGEST {
        return gathered.mistake(
            spot(0, "file"),
            "more than 1 MiB",
            "a configuration of at most 1 MiB",
        );
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|b| **b == b'\n').count();
            return gathered.mistake(spot(line, "syntax"), "bytes that are no text", "UTF-8");
        }
    };
    match raw::parse(text) {
        Ok(entries) => gathered.file(&entries),
        Err(error) => gathered.mistake(spot(error.line, "syntax"), error.message, "TOML"),
    }
}

fn variable(gathered: &mut Gathered, name: &str, value: &str, all: &[(String, String)]) {
    if !name.starts_with(PREFIX) || value.is_empty() {
        return;
    }
    let spot = Spot { rank: Rank::Environment, line: 0, name: shown(name) };
    // How a value outside Unicode arrives here.
    if value.contains('\u{fffd}') {
        return gathered.mistake(spot, "bytes that are no text", "UTF-8");
    }
    let is_short = name == "LOOKOUT_BROKER";
    let long = if is_short { "LOOKOUT_BROKER_URL" } else { name };
    if is_short && all.iter().any(|(other, value)| other == long && !value.is_empty()) {
        return gathered.mistake(
            spot,
            "LOOKOUT_BROKER_URL beside it",
            "one of the two, as they mean the same",
        );
    }
    let known = table::singles()
        .find(|(section, setting)| section.variable(setting.name).as_deref() == Some(long));
    match known {
        Some((section, setting)) => gathered.single(section, setting, spot, value),
        None if is_service_link(name, value) => {}
        None => {
            // Without what all have in common, or everything would be near.
            let known =
                table::singles().filter_map(|(section, setting)| section.variable(setting.name));
            let known: Vec<_> = known.collect();
            let tails = known.iter().filter_map(|name| name.strip_prefix(PREFIX)).chain(["BROKER"]);
            let near = name.strip_prefix(PREFIX).and_then(|tail| nearest(tail, tails));
            gathered.unknown(spot, near.map(|tail| format!("{PREFIX}{tail}")).as_deref());
        }
    }
}

/// Whether Kubernetes set a variable for a Service in the pod's namespace whose name begins with
/// `lookout`: `…_SERVICE_HOST`, `…_SERVICE_PORT_HTTP`, `…_PORT=tcp://…`, `…_PORT_9464_TCP_ADDR`.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_url =
        |text: &str| ["tcp://", "udp://", "sctp://"].iter().any(|scheme| text.starts_with(scheme));
    if name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
    {
        return true;
    }
    if name.ends_with("_PORT") && is_url(value) {
        return true;
    }
    let Some((_, tail)) = name.split_once("_PORT_") else {
        return false;
    };
    let mut parts = tail.split('_');
    let is_number = parts.next().is_some_and(|port| port.parse::<u16>().is_ok());
    let is_protocol =
        parts.next().is_some_and(|protocol| matches!(protocol, "TCP" | "UDP" | "SCTP"));
    let is_detail = parts.next().is_none_or(|detail| matches!(detail, "PROTO" | "PORT" | "ADDR"));
    is_number && is_protocol && is_detail
}

fn flag(gathered: &mut Gathered, key: &str, value: &str) {
    let parts = raw::parse_key(key).unwrap_or_default();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let name: Vec<_> = parts.iter().map(|part| key_part(part)).collect();
    let name = if name.is_empty() { quoted(key) } else { name.join(".") };
    let spot = Spot { rank: Rank::CommandLine, line: 0, name };
    let (section, name) = match parts.as_slice() {
        [name] => ("", *name),
        [table::DEPENDENCIES, service] => return gathered.dependencies_flag(service, spot, value),
        [table::SERVICE, service, name] => {
            let setting = table::section(table::SERVICE).and_then(|section| section.setting(name));
            return match setting {
                Some(setting) => gathered.service_flag(service, setting, spot, value),
                None => gathered.unknown(spot, None),
            };
        }
        [section, name] => (*section, *name),
        _ => ("", ""),
    };
    if key.starts_with(table::PAIR) {
        return gathered.mistake(spot, "a pair", "[[traffic.pair]] in the file only");
    }
    if section == table::CHECK || key.starts_with("check[") {
        return gathered.mistake(spot, "a check", "[[check]] in the file only");
    }
    let known = table::section(section).filter(|section| section.is_single());
    match known.and_then(|section| Some((section, section.setting(name)?))) {
        Some((section, setting)) => gathered.single(section, setting, spot, value),
        None => {
            let keys: Vec<_> =
                table::singles().map(|(section, setting)| section.key(setting.name)).collect();
            let near = nearest(key, keys.iter().map(String::as_str));
            gathered.unknown(spot, near);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_sets_is_known() {
        for (name, value, link) in [
            ("LOOKOUT_SERVICE_HOST", "10.0.0.1", true),
            ("LOOKOUT_SERVICE_PORT", "9464", true),
            ("LOOKOUT_SERVICE_PORT_METRICS", "9464", true),
            ("LOOKOUT_PORT", "tcp://10.0.0.1:9464", true),
            ("LOOKOUT_PORT", "1883", false),
            ("LOOKOUT_PORT_9464_TCP", "tcp://10.0.0.1:9464", true),
            ("LOOKOUT_METRICS_PORT_9464_TCP_ADDR", "10.0.0.1", true),
            ("LOOKOUT_PORT_9464_TCP_NAME", "x", false),
            ("LOOKOUT_PORT_X_TCP", "x", false),
            ("LOOKOUT_CLUSTR", "x", false),
        ] {
            assert_eq!(is_service_link(name, value), link, "{name}={value}");
        }
    }

    #[test]
    fn flags_are_taken_apart() {
        assert_eq!(parse_flag("a.b=c=d"), Ok(("a.b".to_owned(), "c=d".to_owned())));
        assert_eq!(parse_flag("a="), Ok(("a".to_owned(), String::new())));
        assert!(parse_flag("a").is_err());
        assert!(parse_flag("=b").is_err());
    }
}
