//! Rust source as far as the walls need it: words and paths, without comments and literals.
//!
//! Not a parser: a lexer that knows where comments, strings, characters and lifetimes end, a walk
//! that spells out `use` trees, and a mark on what is only compiled for tests. What macros make of
//! their input is not seen.

/// A word or a sign of the source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    /// As written; a literal with its quotes, so that it is never taken for a word.
    pub(crate) text: &'a str,
    /// The line it stands on, from 1.
    pub(crate) line: usize,
    /// Whether it is only compiled for tests.
    pub(crate) test: bool,
}

/// A path of at least two segments, or a whole crate that is imported.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// Its segments; those of a path inside this crate start at the crate's root.
    pub(crate) segments: Vec<String>,
    /// Whether it leads into this crate (`crate::`, `self::`, `super::`, `lookout::`).
    pub(crate) inside: bool,
    /// The line of its last segment.
    pub(crate) line: usize,
    /// Whether it is only compiled for tests.
    pub(crate) test: bool,
}

/// The tokens of a source, with those marked that belong to tests.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = lex(source);
    mark_tests(&mut tokens);
    tokens
}

fn lex(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut line = 1;
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        let (length, text) = if first.is_whitespace() {
            (first.len_utf8(), None)
        } else if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (block_comment(rest), None)
        } else if let Some(length) = literal(rest) {
            (length, Some(&rest[..length]))
        } else if rest.starts_with("::") {
            (2, Some("::"))
        } else if first == '\'' || word(first) {
            // A lifetime, an identifier, or a number.
            let raw = if rest.starts_with("r#") { 2 } else { first.len_utf8() };
            let length = raw + rest[raw..].find(|c| !word(c)).unwrap_or(rest.len() - raw);
            (length, Some(&rest[..length]))
        } else {
            (first.len_utf8(), Some(&rest[..first.len_utf8()]))
        };
        tokens.extend(text.map(|text| Token { text, line, test: false }));
        line += rest[..length].matches('\n').count();
        at += length;
    }
    tokens
}

fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a block comment, which may hold others.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of a string, raw string or character at the start, if there is one.
fn literal(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|rest| {
            rest.starts_with('"')
                || (prefix.ends_with('r') && rest.trim_start_matches('#').starts_with('"'))
                || (matches!(*prefix, "b" | "") && rest.starts_with('\''))
        })
    })?;
    let body = &rest[prefix.len()..];
    let length = if prefix.ends_with('r') {
        let hashes = body.len() - body.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        hashes + 1 + body[hashes + 1..].find(&end).map_or(body.len(), |at| at + end.len())
    } else if body.starts_with('"') {
        quoted(body, '"')
    } else {
        // 'a' and '\n' are characters, 'a without an end is a lifetime.
        let mut inside = body[1..].chars();
        let first = inside.next()?;
        if first != '\\' && inside.next() != Some('\'') {
            return None;
        }
        quoted(body, '\'')
    };
    Some((prefix.len() + length).min(rest.len()))
}

/// The length of what starts with a quote and ends at the next one that is not escaped.
fn quoted(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    body.len()
}

fn mark_tests(tokens: &mut [Token<'_>]) {
    let mut at = 0;
    while at < tokens.len() {
        let Some(inner) = attribute(tokens, at) else {
            at += 1;
            continue;
        };
        let end = closing(tokens, inner, "[", "]");
        if is_test(&tokens[inner + 1..end]) {
            let stop =
                if tokens[at + 1].text == "!" { tokens.len() } else { item_end(tokens, end + 1) };
            tokens[at..stop].iter_mut().for_each(|token| token.test = true);
            at = stop;
        } else {
            at = end;
        }
    }
}

/// Where the bracket of an attribute at `at` opens, if there is one.
fn attribute(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let text = |at: usize| tokens.get(at).map(|token| token.text);
    match (text(at), text(at + 1), text(at + 2)) {
        (Some("#"), Some("["), _) => Some(at + 1),
        (Some("#"), Some("!"), Some("[")) => Some(at + 2),
        _ => None,
    }
}

/// Whether an attribute is `cfg(test)` or one of the kind of `test` and `tokio::test`.
fn is_test(attribute: &[Token<'_>]) -> bool {
    let has = |word| attribute.iter().any(|token| token.text == word);
    let name = attribute.iter().take_while(|token| token.text != "(").last();
    match name.map(|token| token.text) {
        Some("cfg") => has("test") && !has("not"),
        name => name == Some("test"),
    }
}

/// Where the bracket that opens at `at` closes.
fn closing(tokens: &[Token<'_>], at: usize, open: &str, close: &str) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(at) {
        if token.text == open {
            depth += 1;
        } else if token.text == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    tokens.len().saturating_sub(1)
}

/// The first token after the item that starts at `at`, its further attributes included.
fn item_end(tokens: &[Token<'_>], mut at: usize) -> usize {
    let mut depth = 0;
    while at < tokens.len() {
        match tokens[at].text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            ";" if depth == 0 => return at + 1,
            "{" if depth == 0 => return closing(tokens, at, "{", "}") + 1,
            "}" if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

/// The modules in files of their own that are only compiled for tests: their names, and the files
/// that a `#[path]` names for them.
pub(crate) fn test_modules<'a>(tokens: &[Token<'a>]) -> Vec<(&'a str, Option<&'a str>)> {
    let mut found = Vec::new();
    for (at, three) in tokens.windows(3).enumerate() {
        if three[0].text != "mod" || three[2].text != ";" || !three[0].test {
            continue;
        }
        let attributes = tokens[..at].iter().rev().take_while(|t| !matches!(t.text, ";" | "}"));
        let attributes: Vec<&str> = attributes.map(|token| token.text).collect();
        // Read backwards: the literal, the sign, the word.
        let file = attributes.windows(3).find(|three| three[1..] == ["=", "path"]);
        found.push((three[1].text, file.map(|three| three[0].trim_matches('"'))));
    }
    found
}

/// Every path in a source whose module is `module`, such as `["mqtt", "inlet"]`.
pub(crate) fn paths(tokens: &[Token<'_>], module: &[String]) -> Vec<Path> {
    let mut walk = Walk { tokens, module: module.to_vec(), paths: Vec::new() };
    let mut inline = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        let text = tokens[at].text;
        match text {
            "{" => {
                if at >= 2 && walk.text(at - 2) == "mod" {
                    walk.module.push(walk.text(at - 1).to_owned());
                    inline.push(depth);
                }
                depth += 1;
            }
            "}" => {
                depth -= 1;
                if inline.last() == Some(&depth) {
                    inline.pop();
                    walk.module.pop();
                }
            }
            _ => {}
        }
        let before = if at == 0 { "" } else { walk.text(at - 1) };
        at = if text == "use" {
            let leading = usize::from(walk.text(at + 1) == "::");
            walk.tree(at + 1 + leading, &[])
        } else if is_name(text) && walk.text(at + 1) == "::" && !matches!(before, "::" | ".") {
            walk.tree(at, &[])
        } else {
            // `::tokio::spawn` starts at its leading sign, `Vec::<u8>::new` goes on at its second.
            let leads = text == "::" && !is_name(before) && before != ">";
            if leads && is_name(walk.text(at + 1)) { walk.tree(at + 1, &[]) } else { at + 1 }
        };
    }
    walk.paths
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

struct Walk<'a> {
    tokens: &'a [Token<'a>],
    module: Vec<String>,
    paths: Vec<Path>,
}

impl Walk<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    /// Records the paths of a tree such as `a::{b, c::*}` and returns where it ends.
    fn tree(&mut self, mut at: usize, prefix: &[String]) -> usize {
        let mut segments = prefix.to_vec();
        loop {
            match self.text(at) {
                "{" => {
                    let end = closing(self.tokens, at, "{", "}");
                    at += 1;
                    while at < end {
                        at = self.tree(at, &segments);
                        while at < end && self.text(at) != "," {
                            at += 1; // `as name`
                        }
                        at += 1;
                    }
                    return end + 1;
                }
                text if is_name(text) || text == "*" => {
                    // A name can be raw; it is still the same name.
                    segments.push(text.strip_prefix("r#").unwrap_or(text).to_owned());
                    at += 1;
                }
                _ => break,
            }
            if self.text(at) != "::" {
                break;
            }
            at += 1;
        }
        // `a::{self}` is `a`.
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        if !segments.is_empty() {
            self.record(segments, at - 1);
        }
        at
    }

    fn record(&mut self, segments: Vec<String>, at: usize) {
        let mut rest = segments.as_slice();
        let mut root = match rest.first().map(String::as_str) {
            Some("crate" | "lookout") => Some(Vec::new()),
            Some("self" | "super") => Some(self.module.clone()),
            _ => None,
        };
        if let Some(root) = &mut root {
            while let Some(first @ ("crate" | "lookout" | "self" | "super")) =
                rest.first().map(String::as_str)
            {
                if first == "super" {
                    root.pop();
                }
                rest = &rest[1..];
            }
            root.extend_from_slice(rest);
        }
        let Some(token) = self.tokens.get(at) else { return };
        self.paths.push(Path {
            inside: root.is_some(),
            segments: root.unwrap_or(segments),
            line: token.line,
            test: token.test,
        });
    }
}
