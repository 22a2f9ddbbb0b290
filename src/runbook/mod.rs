//! Runbooks: what whoever is on call does about an alert, step by step, with the names filled in.
//!
//! A runbook is a Markdown file with a front matter that says what it is for. `read` parses it
//! strictly; `shipped` holds those that come along; [`Book`] keeps all, and finds the one that
//! fits a [`Subject`] best; `fill` puts the names of the subject in the places of `{service}` and
//! its like.
//!
//! Edge rules: names come from the network, so in a command each is quoted as one word of a POSIX
//! shell (`shell`), in prose nothing in it is Markdown (`text`), nowhere has it control
//! characters or more than 200 characters. What cannot be quoted safely (a place inside quotes, a
//! word that a shell reads again) is refused when the file is read. Something is always found:
//! where nothing fits, the general runbook.

mod book;
mod criteria;
mod fill;
mod front;
mod prose;
mod read;
mod shell;
mod shipped;
mod steps;
mod subject;
mod text;
mod values;

pub use book::{Book, MAX_FILES};
pub use criteria::{Criteria, EVENTS, KINDS, SEVERITIES};
pub use fill::{Block, BlockKind, Filled, FilledStep};
pub use read::{MAX_BYTES, Mistake, Runbook};
pub use subject::{PLACEHOLDERS, Subject};
pub use values::{CONSTANTS, check_constant, tame};
