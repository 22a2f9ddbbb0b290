//! `[runbooks]`: an operator's own runbooks and the values they use, beside those that come along.
//!
//! The folder is read once, before anything connects. A mistake in a runbook is named with its own
//! file and line. What begins with a dot is left alone, as Kubernetes mounts such beside the files
//! of a ConfigMap; anything else that is no runbook is a mistake, since somebody meant it to be one.

use super::draft::Draft;
use super::gather::Gathered;
use super::mistake::{quoted, shown};
use super::{Broker, Platforms};
use crate::runbook::{Book, MAX_BYTES, MAX_FILES, check_constant};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

const FOLDER: &str = "runbooks.folder";
const VALUES: &str = "runbooks.values";
/// Most values.
const MOST_VALUES: usize = 100;

/// All runbooks; `None` if a mistake was noted.
pub(super) fn runbooks(
    gathered: &mut Gathered,
    draft: &Draft,
    broker: Option<&Broker>,
    platforms: Option<&Platforms>,
) -> Option<Book> {
    let constants = constants(gathered, draft, broker, platforms)?;
    let workloads = draft.workloads.iter().cloned().collect();
    let book = Book::shipped().with_constants(constants).with_workloads(workloads);
    let Some(folder) = draft.runbook_folder.as_deref() else { return Some(book) };
    let files = read(folder).map_err(|(found, allowed)| {
        let spot = gathered.spot(FOLDER);
        gathered.mistake(spot, quoted(&found), allowed);
    });
    match book.with(files.ok()?) {
        Ok(book) => Some(book),
        Err(mistakes) => {
            for mistake in mistakes {
                let at = Path::new(folder).join(&mistake.file);
                let place = match mistake.line {
                    0 => shown(&at.to_string_lossy()),
                    line => format!("{}:{line}", shown(&at.to_string_lossy())),
                };
                let spot = gathered.spot(FOLDER);
                gathered.mistake_in(spot, place, shown(&mistake.found), mistake.allowed);
            }
            None
        }
    }
}

/// The operator's values, and those that follow from other settings.
fn constants(
    gathered: &mut Gathered,
    draft: &Draft,
    broker: Option<&Broker>,
    platforms: Option<&Platforms>,
) -> Option<BTreeMap<String, String>> {
    let mut own = BTreeMap::new();
    let mut good = true;
    for (index, text) in draft.runbook_values.iter().enumerate() {
        let (name, value) = text.split_once('=')?;
        let checked = match check_constant(name, value) {
            Ok(()) if own.contains_key(name) => Err("each name once".to_owned()),
            Ok(()) if index == MOST_VALUES => Err(format!("at most {MOST_VALUES} values")),
            checked => checked,
        };
        match checked {
            Ok(()) => drop(own.insert(name.to_owned(), value.to_owned())),
            Err(allowed) => {
                let spot = gathered.spot(&format!("{VALUES}[{index}]"));
                gathered.mistake(spot, quoted(text), allowed);
                good = false;
            }
        }
    }
    let host = broker.and_then(|broker| broker.addresses.first()).map(|at| at.host.clone());
    let replicas = platforms.and_then(|platforms| platforms.replicas.as_ref());
    let namespace = replicas.and_then(|replicas| replicas.namespace.single()).map(str::to_owned);
    // With more in its value it would not select what runs the service.
    let label = replicas.map(|replicas| &replicas.label).filter(|label| label.is_bare());
    let label = label.map(|label| label.key.clone());
    for (name, value) in [("broker", host), ("namespace", namespace), ("label", label)] {
        // One that cannot be shown is left out, as it would be if nobody knew it.
        if let Some(value) = value.filter(|value| check_constant(name, value).is_ok()) {
            own.entry(name.to_owned()).or_insert(value);
        }
    }
    good.then_some(own)
}

/// The runbooks in a folder, in order of their names; or what was found, and what would be right.
fn read(folder: &str) -> Result<Vec<(String, String)>, (String, String)> {
    let fail =
        |error: std::io::Error| (folder.to_owned(), format!("a folder that can be read: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        if !name.ends_with(".md") || !path.is_file() {
            let allowed = "runbooks alone in this folder, NAME.md each".to_owned();
            return Err((path.to_string_lossy().into_owned(), allowed));
        }
        if files.len() == MAX_FILES {
            return Err((folder.to_owned(), format!("a folder with at most {MAX_FILES} runbooks")));
        }
        let mut text = String::new();
        // One byte more than is allowed, so that whoever reads it sees that it is too much.
        let file = std::fs::File::open(&path).map(|file| file.take(MAX_BYTES as u64 + 1));
        file.and_then(|mut file| file.read_to_string(&mut text)).map_err(|error| {
            let allowed = format!("a file of UTF-8 that can be read: {error}");
            (path.to_string_lossy().into_owned(), allowed)
        })?;
        files.push((name, text));
    }
    files.sort();
    Ok(files)
}
