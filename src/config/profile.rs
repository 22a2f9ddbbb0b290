//! Profiles: systems whose pairs are known, so that naming one is all that has to be configured.
//!
//! A profile is a configuration file like any other, with nothing in it but pairs and what is to be
//! ignored beside them. Its first lines say what it is for and where that was read. A pair that
//! names a profile stands for all of the profile's pairs, each with what is set beside it in place
//! of its own.

use super::draft::TrafficDraft;
use super::gather::Gathered;
use super::pair::PairDraft;
use super::raw;

/// A profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What `profile` calls it.
    pub name: &'static str,
    /// It as a configuration file.
    pub text: &'static str,
}

macro_rules! profiles {
    ($($name:literal),* $(,)?) => {
        /// All profiles; the first is the default.
        pub static PROFILES: [Profile; [$($name),*].len()] = [$(Profile {
            name: $name,
            text: include_str!(concat!("profiles/", $name, ".toml")),
        }),*];
        /// Their names.
        pub(super) static NAMES: [&str; [$($name),*].len()] = [$($name),*];
    };
}

profiles![
    "service-functions",
    "aws-jobs",
    "aws-shadow",
    "azure-iot-hub-methods",
    "azure-mrpc",
    "hono-command",
    "mcp-over-mqtt",
    "mqtt-json-rpc",
    "mqtt5-request-response",
    "shelly-gen2",
    "thingsboard-rpc",
    "wirenboard",
    "zigbee2mqtt",
];

impl Profile {
    /// The profile of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }

    /// What it is for, in a sentence.
    pub fn about(&self) -> String {
        let lines = self.comment().take_while(|line| !line.starts_with(SOURCE));
        lines.collect::<Vec<_>>().join(" ")
    }

    /// Where what it says was read.
    pub fn source(&self) -> &'static str {
        self.comment().find_map(|line| line.strip_prefix(SOURCE)).unwrap_or_default()
    }

    /// The comment that it begins with.
    fn comment(&self) -> impl Iterator<Item = &'static str> {
        self.text.lines().map_while(|line| line.strip_prefix("# "))
    }

    /// Its pairs, and what is ignored beside them.
    fn content(&self) -> (Vec<PairDraft>, Vec<String>) {
        let mut gathered = Gathered::new(self.name.to_owned());
        // A test holds that each of them can be read.
        if let Ok(entries) = raw::parse(self.text) {
            gathered.file(&entries);
        }
        (gathered.draft.traffic.pairs, gathered.draft.traffic.ignore)
    }
}

/// What begins the line that says where it was read.
const SOURCE: &str = "Source: ";

/// The pairs that a file's pairs stand for, each with the place of that pair in the file.
pub(super) struct Expanded {
    pub(super) pairs: Vec<(usize, PairDraft)>,
    /// What profiles ignore.
    pub(super) ignore: Vec<String>,
}

/// Makes a pair of each profile that is named apart from them: beside those of the file if there are
/// any (`given`), else in place of the default. Naming one twice is naming it once.
pub(super) fn name_pairs(traffic: &mut TrafficDraft, given: bool) {
    if !given && !traffic.profiles.is_empty() {
        traffic.pairs.clear();
    }
    for name in &traffic.profiles {
        let named = |pair: &PairDraft| pair.profile.as_ref() == Some(name);
        if !traffic.pairs.iter().any(named) {
            traffic.pairs.push(PairDraft { profile: Some(name.clone()), ..PairDraft::default() });
        }
    }
}

/// Puts profiles in place of pairs that name one.
pub(super) fn expand(pairs: &[PairDraft]) -> Expanded {
    let mut expanded = Expanded { pairs: Vec::new(), ignore: Vec::new() };
    for (at, pair) in pairs.iter().enumerate() {
        let Some(profile) = pair.profile.as_deref().and_then(Profile::find) else {
            expanded.pairs.push((at, pair.clone()));
            continue;
        };
        let (known, ignore) = profile.content();
        expanded.pairs.extend(known.into_iter().map(|known| (at, pair.clone().over(known))));
        expanded.ignore.extend(ignore);
    }
    expanded
}

/// Settings of a pair that a profile of several pairs does not take.
pub(super) fn own_only(pair: &PairDraft) -> Option<&'static str> {
    let profile = Profile::find(pair.profile.as_deref()?)?;
    let several = profile.content().0.len() > 1;
    let set = [
        ("name", pair.name.is_some()),
        ("call", pair.call.is_some()),
        ("reply", pair.reply.is_some()),
        ("method", pair.method.is_some()),
    ];
    set.into_iter().find(|(_, set)| several && *set).map(|(name, _)| name)
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::super::draft::Draft;
    use super::super::resolve;
    use super::*;

    #[test]
    fn every_profile_is_a_configuration_without_mistakes_and_names_its_source() {
        for profile in &PROFILES {
            let in_pair = format!("[[traffic.pair]]\nprofile = \"{}\"\n", profile.name);
            let apart = format!("[traffic]\nprofiles = [\"{}\"]\n", profile.name);
            for text in [profile.text, &in_pair, &apart] {
                let mut gathered = Gathered::new(profile.name.to_owned());
                gathered.file(&raw::parse(text).unwrap_or_else(|it| panic!("{}", it.message)));
                let config = resolve::resolve(&mut gathered);
                assert_eq!(gathered.into_mistakes(), []);
                let pairs = config.map(|config| config.traffic.pairs().len());
                assert_eq!(pairs, Some(profile.content().0.len()), "{}", profile.name);
            }
            assert!(profile.about().len() > 20 && profile.about().ends_with('.'));
            let source = profile.source();
            assert!(source.starts_with("https://") || source.starts_with("lookout"), "{source}");
            let (pairs, _) = profile.content();
            let names: Vec<_> = pairs.iter().filter_map(|pair| pair.name.as_deref()).collect();
            assert!(names.iter().all(|name| name.starts_with(profile.name)), "{names:?}");
        }
    }

    #[test]
    fn the_first_profile_is_the_default() {
        assert!(PROFILES[0].content().0 == Draft::default().traffic.pairs);
    }
}
