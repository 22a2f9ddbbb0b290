//! Tests of the room as a whole.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use std::collections::BTreeMap;

/// A runbook that can be read, with this in the place of its steps.
fn file(front: &str, steps: &str) -> String {
    format!("---\ntitle: T\n{front}---\n\nprose\n\n## Steps\n\n{steps}")
}

fn own(files: &[(&str, &str)]) -> Result<Book, Vec<Mistake>> {
    let constants = BTreeMap::from([("namespace".to_owned(), "prod".to_owned())]);
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Book::shipped().with_constants(constants).with(files.collect())
}

#[test]
fn the_general_one_is_found_where_nothing_fits() {
    let book = own(&[]).unwrap();
    assert_eq!(book.find(&Subject::default()).unwrap().name(), "general");
}

#[test]
fn names_are_filled_in() {
    let text = file(
        "",
        "### 1. Look at {service}\n\n```sh\nkubectl get pod -n {namespace} -- {service}\n```\n",
    );
    let book = own(&[("mine.md", &text)]).unwrap();
    let subject = Subject { service: Some("a b"), ..Subject::default() };
    let filled = book.get("mine").unwrap().fill(&subject, book.constants());
    assert_eq!(filled.steps[0].command.as_deref(), Some("kubectl get pod -n prod -- 'a b'"));
    assert!(filled.markdown().contains("### 1. Look at a b\n"), "{}", filled.markdown());
}
