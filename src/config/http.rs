//! The HTTP server: where it listens, and who may change something there.
//!
//! Tokens stand in a file of their own, one a line, each with a name before it by which it is known
//! in the log: `alice 6b1f…`. A short token could be guessed, so it is refused.

use super::Secret;
use super::broker::password_from;
use super::draft::Draft;
use super::gather::Gathered;
use super::mistake::quoted;
use std::net::SocketAddr;

const FILE: &str = "http.token_file";
const LISTEN: &str = "http.listen";

/// Fewest characters of a token: 96 bits in base64.
const SHORTEST: usize = 16;
/// Most characters of a token, and of its name.
const LONGEST: usize = 256;
const LONGEST_NAME: usize = 64;
/// Most tokens: each is compared with what is given.
const TOKENS: usize = 100;

/// The HTTP server.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Who may change something; nobody, if there are none.
    pub tokens: Vec<Token>,
}

/// A token.
#[derive(Clone, Debug)]
pub struct Token {
    /// By which it is known in the log.
    pub name: String,
    /// What is to be shown.
    pub secret: Secret,
}

/// The server, if there is to be one: `Some(None)` is none, `None` a mistake.
pub(super) fn http(gathered: &mut Gathered, draft: &Draft) -> Option<Option<Http>> {
    // "off" is the one text allowed that is no address.
    let listen = draft.listen.parse().ok();
    let Some(path) = draft.token_file.as_deref() else {
        return Some(listen.map(|listen| Http { listen, tokens: Vec::new() }));
    };
    if listen.is_none() && !gathered.is_bad(LISTEN) {
        let spot = gathered.spot(FILE);
        gathered.mistake(spot, quoted(path), format!("no such setting where {LISTEN} is \"off\""));
        return None;
    }
    let text = password_from(gathered, FILE, path)?;
    match tokens(&text) {
        Ok(tokens) => Some(listen.map(|listen| Http { listen, tokens })),
        Err(problem) => {
            let spot = gathered.spot(FILE);
            gathered.mistake(spot, quoted(path), problem);
            None
        }
    }
}

/// The tokens of a file, or what would be right; nothing of what is in it is told.
fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens: Vec<Token> = Vec::new();
    for (at, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong =
            |what: &str| Err(format!("a name and a token on each line; on line {at} {what}"));
        let mut words = line.split_whitespace();
        let (Some(name), Some(secret), None) = (words.next(), words.next(), words.next()) else {
            return wrong("there are not two words");
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
        if name.len() > LONGEST_NAME || !name.chars().all(plain) {
            return wrong(
                "the name has other characters than letters, digits and - _ . @, or more than 64",
            );
        }
        if !(SHORTEST..=LONGEST).contains(&secret.len())
            || !secret.bytes().all(|b| b.is_ascii_graphic())
        {
            return wrong("the token has not 16 to 256 visible ASCII characters");
        }
        if tokens.iter().any(|known| known.name == name || known.secret.0 == secret) {
            return wrong("the name or the token is there a second time");
        }
        if tokens.len() == TOKENS {
            return wrong("there are more than 100 tokens");
        }
        tokens.push(Token { name: name.to_owned(), secret: Secret(secret.to_owned()) });
    }
    if tokens.is_empty() {
        return Err("a file with a name and a token on at least one line".to_owned());
    }
    Ok(tokens)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_line_is_named_and_its_token_is_not() {
        let good = "# who may\nalice 0123456789abcdef\n\n  bob\tfedcba9876543210  \n";
        let names: Vec<_> = tokens(good).unwrap().into_iter().map(|token| token.name).collect();
        assert_eq!(names, ["alice", "bob"]);
        for (text, wanted) in [
            ("", "at least one line"),
            ("# nobody", "at least one line"),
            ("hunter2hunter2hunter2", "on line 1 there are not two words"),
            ("a b c", "on line 1 there are not two words"),
            ("\nalice hunter2", "on line 2 the token has not 16"),
            ("al/ice hunter2hunter2hunter2", "on line 1 the name"),
            ("a hunter2hunter2hunter2\na hunter3hunter3hunter3", "on line 2 the name or the token"),
            ("a hunter2hunter2hunter2\nb hunter2hunter2hunter2", "on line 2 the name or the token"),
        ] {
            let said = tokens(text).unwrap_err();
            assert!(said.contains(wanted) && !said.contains("hunter"), "{text:?}: {said}");
        }
        let many: String = (0..101).map(|at| format!("n{at} 0123456789abcdef{at}\n")).collect();
        assert!(tokens(&many).unwrap_err().contains("more than 100"));
    }
}
