//! A traffic file, line by line: plain or compressed, and of any length.
//!
//! One line is in memory at a time, and no more of it than [`MAX_LINE`]. What is longer counts as
//! an empty line, which is a bad one.

use crate::observer::{Instant, Span};
use crate::wire::capture::{Line, MAX_LINE, What};
use anyhow::Context;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

/// A pause: when it began, and the moment of the line that tells of it.
pub(in crate::cli) type Pause = (Instant, Instant);

/// All pauses of a file that are longer than `shortest`, in the order in which they began.
pub(in crate::cli) fn find_pauses(path: &Path, shortest: Span) -> anyhow::Result<Vec<Pause>> {
    let finder = memchr::memmem::Finder::new(b"\"paused_s\"");
    let mut pauses = Vec::new();
    for_lines(path, |line| {
        if finder.find(line).is_some()
            && let Some(Line { at, what: What::Paused(length) }) = Line::read(line)
            && length > shortest
        {
            pauses.push((at - length, at));
        }
        Ok(())
    })?;
    pauses.sort_unstable();
    Ok(pauses)
}

/// Hands each line of a file on, without its line break; false if a compressed file ends in the
/// middle, as it may when whoever wrote it was killed.
pub(in crate::cli) fn for_lines(
    path: &Path,
    mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<bool> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let mut reader: Box<dyn BufRead> = if path.extension().is_some_and(|end| end == "zst") {
        Box::new(BufReader::with_capacity(1 << 18, zstd::Decoder::new(file)?))
    } else {
        Box::new(BufReader::with_capacity(1 << 18, file))
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut reader, MAX_LINE as u64).read_until(b'\n', &mut line);
        let read = match read {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
            read => read.with_context(|| path.display().to_string())?,
        };
        if read == 0 {
            return Ok(true);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if read == MAX_LINE {
            skip_line(&mut reader)?;
            line.truncate(0);
        }
        take(&line)?;
    }
}

/// Skips the rest of a line that is too long.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = memchr::memchr(b'\n', buffer);
        let used = end.map_or(buffer.len(), |at| at + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}
