//! Values in commands: as one word of a POSIX shell, and only where a word can stand safely.
//!
//! Single quotes make any text one word, if nothing around it is in quotes itself and no program
//! reads the word as another program. So [`Command::read`] refuses placeholders inside quotes,
//! after a backslash, in comments, in place of a command or of a file that is written, beside what
//! nests, and behind `sh`, `eval`, `ssh` and their like. `tests/runbooks/chance.rs` looks for a way
//! through. A value that begins with `-` could be an option: at the beginning of
//! a word its first character becomes `_`, which names nothing. This is done for every value, so that
//! no author can forget a `--`.

use super::text::{Piece, pieces};
use super::values::Values;

/// What is wrong, and what would be right.
type Wrong = (String, String);

/// Commands whose arguments are read as a program, a script or arithmetic.
const READ_AGAIN: &[&str] = &[
    "eval", "source", ".", "sh", "bash", "dash", "ksh", "zsh", "ssh", "su", "xargs", "parallel",
    "watch", "sed", "awk", "gawk", "perl", "python", "python3", "ruby", "node", "lua", "trap",
    "alias", "[[", "[", "test", "let", "declare", "typeset", "local", "readonly", "export",
    "unset", "read", "mapfile",
];
/// Options whose argument is.
const SCRIPTS: &[&str] = &["--eval", "--command", "--execute", "-exec", "-execdir"];
/// Words of the shell after which a command follows.
const LEADERS: &[&str] = &[
    "!", "{", "if", "then", "elif", "else", "while", "until", "do", "time", "sudo", "exec", "env",
];

/// Stands in a word for what was in quotes or filled in.
const QUOTED: char = '\u{0}';

/// A value as one word. `starts` says whether it is at the beginning of one.
pub(super) fn word(value: &str, starts: bool) -> String {
    let value = match value.strip_prefix('-') {
        Some(rest) if starts => format!("_{rest}"),
        _ => value.to_owned(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@".contains(c);
    if value.chars().all(plain) && !value.is_empty() {
        return value;
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// A command of one or several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command(Vec<(Piece, bool)>);

impl Command {
    /// Reads a command; `Err` has the line, counted from 0, with what is wrong there.
    pub(super) fn read(text: &str) -> Result<Self, (usize, Wrong)> {
        if let Some((at, found)) = nested(text) {
            return Err((at, wrong(found, "two commands, or a variable that is set before")));
        }
        let mut reader = Reader::default();
        let mut all = Vec::new();
        let mut dangling = (0, None);
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                all.push((Piece::Literal("\n".to_owned()), false));
            }
            for piece in pieces(line) {
                let starts = reader.word.chars().all(|c| c == QUOTED);
                let read = match &piece {
                    Piece::Literal(literal) => reader.literal(literal),
                    Piece::Place(name) => reader.place(name),
                };
                read.map_err(|wrong| (at, wrong))?;
                all.push((piece, starts));
            }
            dangling = (at, reader.escaped.then_some("a backslash at the end"));
            reader.line();
        }
        let (last, backslash) = dangling;
        match backslash.or(reader.quote.map(|_| "an open quote")) {
            Some(found) => Err((last, wrong(found, "a command that is complete"))),
            None => Ok(Self(all)),
        }
    }

    /// Filled in. What is not known stands there in upper case, as a name that nothing has.
    pub(super) fn fill(&self, values: &Values<'_>) -> String {
        let shown = |(piece, starts): &(Piece, bool)| match piece {
            Piece::Literal(literal) => literal.clone(),
            Piece::Place(name) => match values.get(name) {
                Some(value) => word(&value, *starts),
                None => name.to_uppercase(),
            },
        };
        self.0.iter().map(shown).collect()
    }
}

fn has_place(text: &str) -> bool {
    text.split('\n').flat_map(pieces).any(|piece| matches!(piece, Piece::Place(_)))
}

/// What nests in a command with a placeholder, and in which line. Inside of such, quotes open and close
/// by rules of their own, which differ from shell to shell, so that no value beside it is safe.
fn nested(text: &str) -> Option<(usize, &'static str)> {
    if !has_place(text) {
        return None;
    }
    let mut quote = None;
    let mut at = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let name = after.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let plain = |name: &str| {
            let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        match (quote, c) {
            (Some('\''), '\'') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                let skipped = after.chars().next().map_or(0, char::len_utf8);
                at += usize::from(after.starts_with('\n'));
                rest = after.get(skipped..).unwrap_or_default();
                continue;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(_), '"') => quote = None,
            (Some(_), '$') if after.starts_with('(') => return Some((at, "$( inside quotes")),
            (None, '(') if after.starts_with('(') => return Some((at, "((")),
            (_, '$') if after.starts_with('{') && !name.is_some_and(|(name, _)| plain(name)) => {
                return Some((at, "${ with more than a name"));
            }
            _ => {}
        }
        at += usize::from(c == '\n');
        rest = after;
    }
    None
}

/// Checks what stands between backticks in prose: a command, or a part of one.
pub(super) fn check_span(text: &str) -> Result<(), Wrong> {
    let mut reader = Reader { is_span: true, ..Reader::default() };
    if !has_place(text) {
        return Ok(());
    }
    if let Some((_, found)) = nested(text) {
        return Err(wrong(found, "no such thing beside a placeholder"));
    }
    let pieces = pieces(text);
    for piece in &pieces {
        match piece {
            Piece::Literal(literal) => reader.literal(literal)?,
            Piece::Place(name) => reader.place(name)?,
        }
    }
    Ok(())
}

/// Where in a command the reader is.
#[derive(Default)]
struct Reader {
    /// The quote that is open.
    quote: Option<char>,
    /// Whether a backslash came just before.
    escaped: bool,
    /// Whether the rest of the line is a comment.
    comment: bool,
    /// The word that is being read, quotes left out.
    word: String,
    /// The words of the command so far.
    words: Vec<String>,
    /// Whether the word is a file to be read or written.
    redirects: bool,
    /// Whether this is a span in prose, which may be a part of a command only.
    is_span: bool,
}

impl Reader {
    fn literal(&mut self, text: &str) -> Result<(), Wrong> {
        for c in text.chars() {
            self.take(c)?;
        }
        Ok(())
    }

    fn take(&mut self, c: char) -> Result<(), Wrong> {
        if self.comment {
            // Shells at which people sit may not know comments, and would open the quote.
            let quotes = matches!(c, '\'' | '"' | '`' | '\\');
            return if quotes { Err(wrong(format!("{c} in a comment"), "words")) } else { Ok(()) };
        }
        if std::mem::take(&mut self.escaped) {
            self.word.push(c);
            return Ok(());
        }
        match (self.quote, c) {
            (Some(open), c) if open == c => self.quote = None,
            (Some('\''), c) => self.word.push(c),
            (_, '\\') => self.escaped = true,
            (_, '`') => return Err(wrong("a backtick in a command", "$( ) around it")),
            (Some(_), c) => self.word.push(c),
            (None, '\'') if self.word.ends_with('$') => {
                return Err(wrong(
                    "$' in a command",
                    "printf or plain quotes, as not every shell reads it alike",
                ));
            }
            (None, '\'' | '"') => {
                self.quote = Some(c);
                // Also an empty word is one.
                self.word.push(QUOTED);
            }
            (None, '#') if self.word.is_empty() => self.comment = true,
            (None, '<') if self.word.ends_with('<') => {
                return Err(wrong("a here-document", "a file or printf"));
            }
            (None, '>' | '<') => {
                self.redirects = true;
                self.word = c.to_string();
            }
            // `>&` and `>|` go on with a file.
            (None, '&' | '|') if matches!(self.word.as_str(), "<" | ">") => {}
            (None, ' ' | '\t') => self.end_word(),
            (None, ';' | '|' | '&' | '(' | ')') => self.end_command(),
            (None, c) => {
                if matches!(self.word.as_str(), "<" | ">") {
                    self.word.clear();
                }
                self.word.push(c);
            }
        }
        Ok(())
    }

    fn place(&mut self, name: &str) -> Result<(), Wrong> {
        let refuse =
            |where_: &str, allowed: &str| Err(wrong(format!("{{{name}}} {where_}"), allowed));
        if let Some(quote) = self.quote {
            return refuse(
                &format!("inside {quote}"),
                "no quotes around it: it is quoted when it is filled in. For other braces in quotes, a blank in them",
            );
        }
        if self.escaped {
            return refuse("after a backslash", "no backslash before it");
        }
        if self.comment {
            return refuse("in a comment", "the text of the step");
        }
        if self.redirects {
            return refuse("as a file", "a file with a name of its own");
        }
        if self.words.is_empty() && !sets_variable(&self.word) && !self.is_span {
            return refuse("in place of a command", "a command before it");
        }
        let base = |word: &String| word.rsplit('/').next().unwrap_or_default().replace(QUOTED, "");
        let again = self.words.iter().map(base).find(|word| READ_AGAIN.contains(&word.as_str()));
        let script = || self.words.last().filter(|word| SCRIPTS.contains(&word.as_str())).cloned();
        let glued = || {
            let option = self.word.strip_suffix('=')?;
            SCRIPTS.contains(&option).then(|| option.to_owned())
        };
        if let Some(again) = again.or_else(script).or_else(glued) {
            let why = format!("a way without {again}, which reads it a second time");
            return refuse(&format!("behind {again}"), &why);
        }
        self.word.push(QUOTED);
        Ok(())
    }

    fn end_word(&mut self) {
        if matches!(self.word.as_str(), "<" | ">") {
            return;
        }
        let word = std::mem::take(&mut self.word);
        if std::mem::take(&mut self.redirects) || word.is_empty() {
            return;
        }
        // A command may follow variables that are set for it, and words of the shell.
        if self.words.is_empty() && (sets_variable(&word) || LEADERS.contains(&word.as_str())) {
            return;
        }
        self.words.push(word);
    }

    fn end_command(&mut self) {
        self.word = self.word.trim_matches(['<', '>']).to_owned();
        self.end_word();
        self.words.clear();
        self.redirects = false;
    }

    /// A line ended.
    fn line(&mut self) {
        self.comment = false;
        let goes_on = std::mem::take(&mut self.escaped);
        match self.quote {
            Some(_) => self.word.push('\n'),
            None if goes_on => self.end_word(),
            None => self.end_command(),
        }
    }
}

/// Whether a word sets a variable: `X=1`.
fn sets_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

fn wrong(found: impl Into<String>, allowed: impl Into<String>) -> Wrong {
    (found.into(), allowed.into())
}
