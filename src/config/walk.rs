//! The file, table by table: which key is a setting, which a table, and which is neither.
//!
//! Most tables exist once and hold settings. Some do not: `[[traffic.pair]]`, `[[check]]` and the like
//! repeat, and the keys of `[dependencies]` and `[service]` are the operator's own names.

use super::gather::{Gathered, Spot, file_spot};
use super::mistake::{key_part, quoted};
use super::pair::PairDraft;
use super::raw::{Entry, Form, Node};
use super::row::Row;
use super::suggest::nearest;
use super::table::{self, Repeated, Section, Setting, Slot};
use crate::observer::breaker::Mode;
use crate::observer::settings::ServiceSettings;

/// Most pairs: each message is tried against all of them.
pub(super) const PAIRS: usize = 256;

impl Gathered {
    /// Takes the file.
    pub(super) fn file(&mut self, entries: &[Entry]) {
        if let Some(top) = table::section("") {
            self.entries(top, entries);
        }
    }

    /// Takes a flag for a service's dependencies.
    pub(super) fn dependencies_flag(&mut self, name: &str, spot: Spot, text: &str) {
        self.dependency(name, spot, &Node::loose(text));
    }

    /// Takes a flag for a setting of a service.
    pub(super) fn service_flag(&mut self, name: &str, setting: &Setting, spot: Spot, text: &str) {
        self.service_setting(name, setting, spot, &Node::loose(text));
    }

    /// Takes the entries of a section that exists once.
    fn entries(&mut self, section: &Section, entries: &[Entry]) {
        for entry in entries {
            let full = section.key(&key_part(&entry.key));
            let spot = file_spot(entry.line, &full);
            if let Some(setting) = section.setting(&entry.key) {
                self.setting(section, setting, spot, &entry.value);
                continue;
            }
            match (table::section(&section.key(&entry.key)), &entry.value.form) {
                // A name with a dot in it is quoted, and thereby another; so is an empty one.
                (Some(sub), _) if entry.key.contains('.') => self.unknown(spot, Some(sub.name)),
                (Some(sub), _) if sub.name.is_empty() => self.unknown(spot, None),
                (Some(sub), Form::List(pairs)) if sub.name == table::PAIR => {
                    self.pairs(spot, pairs)
                }
                (Some(sub), _) if sub.name == table::PAIR => {
                    self.mistake(
                        spot,
                        entry.value.sort(),
                        "[[traffic.pair]], a table for each pair",
                    );
                }
                (Some(sub), form) if let Some(repeated) = sub.repeated() => match form {
                    Form::List(nodes) => self.rows(sub, repeated, spot, nodes),
                    _ => {
                        let allowed = format!("[[{}]], a table for each {}", sub.name, repeated.of);
                        self.mistake(spot, entry.value.sort(), allowed);
                    }
                },
                (Some(sub), Form::Table(entries)) if sub.is_single() => self.entries(sub, entries),
                (Some(sub), Form::Table(entries)) => self.by_service(sub, entries),
                // What stands in place of a table may be anything, the broker's address included.
                (Some(sub), _) => {
                    self.mistake(spot, entry.value.sort(), format!("a table, [{}]", sub.name))
                }
                (None, _) => {
                    let suggestion = suggestion(section, &entry.key);
                    self.unknown(spot, suggestion.as_deref());
                }
            }
        }
    }

    /// Takes `[[traffic.pair]]`, in place of the default.
    fn pairs(&mut self, spot: Spot, nodes: &[Node]) {
        self.note(table::PAIR, &spot);
        if nodes.len() > PAIRS {
            let found = format!("{} pairs", nodes.len());
            return self.mistake(
                spot,
                found,
                format!("at most {PAIRS}: each message is tried against all of them"),
            );
        }
        self.draft.traffic.pairs.clear();
        for (index, node) in nodes.iter().enumerate() {
            let name = format!("{}[{index}]", table::PAIR);
            let spot = file_spot(node.line, &name);
            self.note(&name, &spot);
            let mut pair = PairDraft::default();
            match &node.form {
                Form::Table(entries) => self.pair(&name, &mut pair, entries),
                _ => {
                    self.spoil(&name);
                    self.mistake(spot, node.sort(), "a table with name, call and reply");
                }
            }
            self.draft.traffic.pairs.push(pair);
        }
    }

    fn pair(&mut self, name: &str, pair: &mut PairDraft, entries: &[Entry]) {
        let Some(section) = table::section(table::PAIR) else {
            return;
        };
        for entry in entries {
            let key = format!("{name}.{}", key_part(&entry.key));
            let spot = file_spot(entry.line, &key);
            match section.setting(&entry.key) {
                Some(Setting { kind, slot: Slot::Pair(at), .. }) => {
                    self.note(&key, &spot);
                    let done = kind.text(&entry.value).map(|text| *at(pair) = Some(text));
                    self.faults(&key, &spot, done);
                }
                Some(Setting { slot: Slot::PairForm(take, _), .. }) => {
                    self.note(&key, &spot);
                    let done = take(pair, &entry.value);
                    self.faults(&key, &spot, done);
                }
                _ => {
                    let known = section.settings.iter().map(|setting| setting.name);
                    let suggestion =
                        nearest(&entry.key, known).map(|near| format!("{name}.{near}"));
                    self.unknown(spot, suggestion.as_deref());
                }
            }
        }
    }

    /// Takes the tables of a section whose tables repeat.
    fn rows(&mut self, section: &'static Section, repeated: &Repeated, spot: Spot, nodes: &[Node]) {
        self.note(section.name, &spot);
        if nodes.len() > repeated.most {
            let found = format!("{} of them", nodes.len());
            return self.mistake(
                spot,
                found,
                format!("at most {}: {}", repeated.most, repeated.why),
            );
        }
        let mut rows = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let name = format!("{}[{index}]", section.name);
            let spot = file_spot(node.line, &name);
            self.note(&name, &spot);
            let mut row = Row::default();
            match &node.form {
                Form::Table(entries) => self.row(section, &name, &mut row, entries),
                _ => {
                    self.spoil(&name);
                    let needed = repeated.needs.join(" and ");
                    self.mistake(spot, node.sort(), format!("a table with {needed}"));
                }
            }
            rows.push(row);
        }
        self.draft.rows.insert(section.name, rows);
    }

    fn row(&mut self, section: &Section, name: &str, row: &mut Row, entries: &[Entry]) {
        for entry in entries {
            let key = format!("{name}.{}", key_part(&entry.key));
            let spot = file_spot(entry.line, &key);
            let Some(setting) = section.setting(&entry.key) else {
                let known = section.settings.iter().map(|setting| setting.name);
                let suggestion = nearest(&entry.key, known).map(|near| format!("{name}.{near}"));
                self.unknown(spot, suggestion.as_deref());
                continue;
            };
            self.note(&key, &spot);
            let done = row.take(setting.name, &setting.kind, &entry.value);
            self.faults(&key, &spot, done);
        }
    }

    /// Takes `[dependencies]` or `[service]`, whose keys are services.
    fn by_service(&mut self, section: &Section, entries: &[Entry]) {
        for entry in entries {
            let key = section.key(&key_part(&entry.key));
            let spot = file_spot(entry.line, &key);
            if section.name == table::DEPENDENCIES {
                self.dependency(&entry.key, spot, &entry.value);
                continue;
            }
            let Form::Table(settings) = &entry.value.form else {
                self.mistake(spot, entry.value.sort(), "a table, [service.NAME]");
                continue;
            };
            if settings.is_empty() {
                self.service_name(&entry.key, spot);
            }
            for inner in settings {
                let spot = file_spot(inner.line, &format!("{key}.{}", key_part(&inner.key)));
                match section.setting(&inner.key) {
                    Some(setting) => self.service_setting(&entry.key, setting, spot, &inner.value),
                    None => {
                        let known = section.settings.iter().map(|setting| setting.name);
                        let suggestion =
                            nearest(&inner.key, known).map(|near| format!("{key}.{near}"));
                        self.unknown(spot, suggestion.as_deref());
                    }
                }
            }
        }
    }

    /// Whether a name can be a service's; a mistake if not.
    fn service_name(&mut self, name: &str, spot: Spot) -> bool {
        let good = table::is_service(name);
        if !good {
            self.mistake(
                spot,
                quoted(name),
                "a service's name of 1 to 256 bytes without + # and control characters",
            );
        }
        good
    }

    fn dependency(&mut self, name: &str, spot: Spot, node: &Node) {
        let Some(setting) =
            table::section(table::DEPENDENCIES).and_then(|section| section.settings.first())
        else {
            return;
        };
        if !self.service_name(name, spot.clone()) {
            return;
        }
        let key = spot.name.clone();
        let mut called: Vec<String> = Vec::new();
        match setting.kind.texts(node) {
            // Said twice is still said once.
            Ok(services) => services.into_iter().for_each(|service| {
                if !called.contains(&service) {
                    called.push(service);
                }
            }),
            Err(faults) => return self.faults(&key, &spot, Err(faults)),
        }
        if called.iter().any(|service| service == name) {
            return self.mistake(spot, quoted(name), "services other than the one that calls them");
        }
        let all = &mut self.draft.settings.dependencies;
        all.retain(|(known, _)| known != name);
        all.push((name.to_owned(), called));
    }

    fn service_setting(&mut self, name: &str, setting: &Setting, spot: Spot, node: &Node) {
        if !self.service_name(name, spot.clone()) {
            return;
        }
        if setting.name == "workload" {
            let workloads = &mut self.draft.workloads;
            let done = setting.kind.text(node).map(|word| {
                workloads.retain(|(known, _)| known != name);
                workloads.push((name.to_owned(), word));
            });
            let key = spot.name.clone();
            return self.faults(&key, &spot, done);
        }
        let services = &mut self.draft.settings.services;
        let at = services.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            services.push((name.to_owned(), ServiceSettings::default()));
            services.len() - 1
        });
        let Some((_, service)) = services.get_mut(at) else {
            return;
        };
        let done = match setting.name {
            "patience" => setting.kind.span(node).map(|span| service.patience = Some(span)),
            _ => setting.kind.text(node).map(|word| service.circuit = mode(&word)),
        };
        let key = spot.name.clone();
        self.faults(&key, &spot, done);
    }
}

/// The mode of a word that the table allows.
fn mode(word: &str) -> Mode {
    match word {
        "forced_open" => Mode::ForcedOpen,
        "disabled" => Mode::Disabled,
        "observe_only" => Mode::ObserveOnly,
        _ => Mode::Automatic,
    }
}

/// What an unknown key of a section may have meant, as a full key.
fn suggestion(section: &Section, name: &str) -> Option<String> {
    let in_section = section.settings.iter().map(|setting| setting.name);
    if let Some(near) = nearest(name, in_section) {
        return Some(section.key(near));
    }
    // A table of this section, such as `traffic.pair`.
    let prefix = section.key("");
    let tables = table::SECTIONS.iter().filter_map(|sub| sub.name.strip_prefix(&*prefix));
    if let Some(near) = nearest(name, tables.filter(|name| !name.is_empty() && !name.contains('.')))
    {
        return Some(section.key(near));
    }
    // The right key in the wrong section.
    let home = table::singles().find(|(_, setting)| setting.name == name);
    home.map(|(section, setting)| section.key(setting.name))
}
