//! Runbooks in few words.

use lookout::runbook::{Book, Filled, Mistake, Subject};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

/// A runbook with this in its front matter beside the title, and these steps.
pub fn file(front: &str, steps: &str) -> String {
    format!("---\ntitle: T\n{front}---\n\nprose\n\n## Steps\n\n{steps}")
}

/// A runbook of one step, with this command.
pub fn with_command(command: &str) -> String {
    file("", &format!("### 1. Do\n\n```sh\n{command}\n```\n"))
}

/// A book of these alone, with the constant `namespace`.
pub fn book(files: &[(&str, &str)]) -> Result<Book, Vec<Mistake>> {
    let constants = BTreeMap::from([("namespace".to_owned(), "prod".to_owned())]);
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Book::default().with_constants(constants).with(files.collect())
}

/// The only runbook of this text, filled in.
#[track_caller]
pub fn fill(text: &str, subject: &Subject<'_>) -> Filled {
    let book = book(&[("x.md", text)]).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    book.get("x").unwrap().fill(subject, book.constants())
}

/// Runs a command in a shell, in this folder, where no program is found unless `path` names some.
pub fn sh(shell: &str, folder: &Path, path: &str, command: &str) -> Output {
    let mut process = Command::new(shell);
    process.arg("-c").arg(command).current_dir(folder).env_clear().env("PATH", path);
    process.stdin(std::process::Stdio::null());
    process.output().unwrap()
}

/// What is in a folder.
pub fn inside(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
