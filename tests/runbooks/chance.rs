//! Commands by chance: what the reader lets pass is run in real shells with a name that means harm.
//!
//! Nobody thinks of every way in which quotes can be nested. So pieces of shell are put together
//! without sense, from a seed, and most are refused; of those that pass nothing may come.

use crate::kit::{book, inside, sh, with_command};
use lookout::runbook::Subject;

const PIECES: &[&str] = &[
    "'",
    "'",
    "\"",
    "\"",
    "\\",
    "$(",
    ")",
    "(",
    "((",
    "))",
    "`",
    "${X:-",
    "${X}",
    "{",
    "}",
    "}",
    " ",
    " ",
    " ",
    "#",
    ";",
    "|",
    "&",
    "&&",
    "<",
    ">",
    "<<E",
    "\n",
    "$",
    "$'",
    "echo",
    "echo ",
    "x",
    "X=",
    "[[ ",
    " ]]",
    "if ",
    "then ",
    "fi",
    "case x in x) ",
    "esac",
    "for x in ",
    "do ",
    "done",
    "{service}",
    "{service}",
    "{service}",
    "{service}",
    "E\n",
    "!",
    "*",
    "~",
    "{{",
    "}}",
    ":",
    "=",
    ": ",
    "set -- ",
];

/// Breaks out of every kind of quotes, if it can.
const HARM: [&str; 2] =
    ["';>pwned;'$(>pwned)`>pwned`\";>pwned;\"}>pwned;)>pwned;\\';>pwned;#", "a[$(>pwned)]"];

/// Numbers that look like chance: a linear congruential generator.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn nothing_comes_of_a_name_in_any_command_that_is_let_pass() {
    let number =
        |name: &str, usual| std::env::var(name).ok().map_or(usual, |it| it.parse().unwrap());
    let (seed, wanted) = (number("RUNBOOK_SEED", 1), number("RUNBOOK_RUNS", 400));
    let mut chance = Chance(seed);
    let (mut tried, mut ran) = (0_u64, 0_u64);
    while ran < wanted {
        tried += 1;
        let mut command = ["echo ", ": ", ""][chance.below(3)].to_owned();
        for _ in 0..=chance.below(12) {
            command.push_str(PIECES[chance.below(PIECES.len())]);
        }
        if !command.contains("{service}") {
            continue;
        }
        let Ok(book) = book(&[("x.md", &with_command(&command))]) else { continue };
        let harm = HARM[chance.below(2)];
        let subject = Subject { service: Some(harm), ..Subject::default() };
        let filled = book.get("x").unwrap().fill(&subject, book.constants());
        let filled = filled.steps[0].command.as_deref().unwrap();
        for shell in ["/bin/sh", "/bin/bash"] {
            let folder = tempfile::tempdir().unwrap();
            sh(shell, folder.path(), "/nonexistent", filled);
            let files = inside(folder.path());
            let is_done = files.iter().any(|file| file.starts_with("pwned"));
            assert!(
                !is_done,
                "seed {seed}, {shell}: {command:?} became {filled:?} and made {files:?}"
            );
        }
        ran += 1;
    }
    println!("{ran} of {tried} commands were let pass");
}
