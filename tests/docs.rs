//! Holds the documentation to what is there: files it names, links it gives, samples it shows.
//!
//! A map that names a file which has moved sends a newcomer the wrong way, and nothing else in
//! the build would notice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/schemas.rs"]
mod support;

use std::path::{Path, PathBuf};
use support::Schemas;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files of the repository, without what was built or fetched.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![root().to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir()
                && !["target", "node_modules"].contains(&name)
                && !name.starts_with('.')
            {
                waiting.push(path);
            } else if name.ends_with(".md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The lines outside fenced blocks, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push((at + 1, line));
        }
    }
    lines
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut inside = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(_), Some(_)) => inside = None,
            (Some(opened), None) => {
                inside = Some(opened == language);
                found.extend((opened == language).then(String::new));
            }
            (None, Some(true)) => found.last_mut().unwrap().extend([line, "\n"]),
            (None, _) => {}
        }
    }
    found
}

/// Whether what stands in backticks means a file or directory of the repository.
fn looks_like_a_path(code: &str) -> bool {
    const PLACES: &[&str] = &["src", "tests", "docs", "schemas", "scripts", "benches", "fuzz"];
    const KINDS: &[&str] = &[".rs", ".toml", ".md", ".yml", ".json", ".lock"];
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let (first, rest) = code.split_once('/').unwrap_or((code, ""));
    code.chars().all(plain)
        && code.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
        && (PLACES.contains(&first) && !rest.is_empty()
            || PLACES.contains(&code.trim_end_matches('/'))
            || KINDS.iter().any(|kind| code.ends_with(kind) && code.len() > kind.len()))
}

/// What stands in backticks in a line.
fn in_backticks(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The targets of the links in a line, without what stands in backticks.
fn links(line: &str) -> Vec<String> {
    let text: String = line.split('`').step_by(2).collect();
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|x| x.0.into()).collect()
}

#[test]
fn paths_that_are_named_exist() {
    let mut checked = 0;
    let mut missing = Vec::new();
    for name in ["README.md", "docs/ARCHITECTURE.md"] {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        for (line, prose) in prose(&text) {
            for path in in_backticks(prose).filter(|code| looks_like_a_path(code)) {
                checked += 1;
                // A room may be named without saying whether it is a file or a directory.
                let there =
                    root().join(path).exists() || root().join(format!("{path}.rs")).exists();
                if !there {
                    missing.push(format!("{name}:{line}: {path} does not exist"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(checked > 20, "only {checked} paths were found, so the check itself is broken");
}

#[test]
fn links_lead_somewhere() {
    let mut checked = 0;
    let mut broken = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for (line, prose) in prose(&text) {
            for link in links(prose) {
                let target = link.split(['#', ' ']).next().unwrap_or_default();
                let elsewhere = target.is_empty() || target.contains("://");
                if elsewhere || target.starts_with("mailto:") {
                    continue;
                }
                checked += 1;
                if !document.parent().unwrap().join(target).exists() {
                    broken.push(format!("{}:{line}: {link} leads nowhere", document.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(checked > 3, "only {checked} links were found, so the check itself is broken");
}

#[test]
fn documents_shown_in_the_readme_are_as_the_schemas_say() {
    let schemas = Schemas::load();
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let shown = blocks(&readme, "json");
    assert!(!shown.is_empty());
    for block in shown {
        let document = serde_json::from_str(&block).unwrap();
        schemas.check("notification.json", &document).unwrap();
    }
}

#[test]
fn paths_and_links_are_told_from_the_rest() {
    for path in
        ["src/app", "src/main.rs", "schemas/", "tests/house.rs", "clippy.toml", "scripts/test"]
    {
        assert!(looks_like_a_path(path), "{path}");
    }
    for code in ["service/{service}", "errors", "cargo fmt", ".rs", "system/#", "src::x", "run/now"]
    {
        assert!(!looks_like_a_path(code), "{code}");
    }
    assert_eq!(
        links("see [a](b.md#c), `[no](link)` and [d](https://e.f)"),
        ["b.md#c", "https://e.f"]
    );
    assert_eq!(in_backticks("`a` b `c`").collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(blocks("x\n```json\n1\n```\n```\n2\n```\n", "json"), ["1\n"]);
}
