//! Where lines go: a file, a row of files, or stdout.
//!
//! Lines are gathered and written as one piece at least once a second, and a piece of a
//! compressed file is a frame of its own. So whatever ends the program, what was written before
//! can be read; and a piece that could not be written whole is taken back.
//!
//! No file is ever overwritten, and no file is readable to others: it holds what services say to
//! each other. A row of files is refused if any file of that row is there, or an old recording
//! would seem to continue the new one.

use crate::wire::capture::MAX_LINE;
use anyhow::Context;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Bytes of lines that are gathered before they are written anyway.
const PIECE: usize = 1 << 20;
/// The level at which a busy broker's traffic is packed without effort.
const LEVEL: i32 = 3;
/// Endings of a name that stay at its end when a number is put into it.
const ENDINGS: [&str; 5] = [".ndjson.zst", ".jsonl.zst", ".zst", ".ndjson", ".jsonl"];

/// Takes lines.
#[derive(Debug)]
pub(super) struct Output {
    place: Place,
    gathered: Vec<u8>,
    piece: usize,
    /// Bytes written so far.
    written: u64,
}

#[derive(Debug)]
enum Place {
    Stdout,
    Files(Files),
}

/// A file, or the last of a row.
#[derive(Debug)]
struct Files {
    name: PathBuf,
    /// The size at which the next file begins, if there is a row.
    rotate: Option<u64>,
    number: u64,
    path: PathBuf,
    file: File,
    len: u64,
}

impl Output {
    /// Lines to stdout, never compressed.
    pub(super) fn stdout() -> Self {
        Self { place: Place::Stdout, gathered: Vec::new(), piece: PIECE, written: 0 }
    }

    /// Lines to a file of this name, compressed if it ends with `.zst`; with `rotate`, to a row
    /// of files of about that many bytes with a number in their names.
    ///
    /// # Errors
    ///
    /// If there is such a file, or it cannot be made.
    pub(super) fn file(name: &Path, rotate: Option<u64>) -> anyhow::Result<Self> {
        if rotate.is_some() {
            refuse_row(name)?;
        }
        let path = if rotate.is_some() { numbered(name, 1) } else { name.to_owned() };
        let file = create(&path)?;
        let files = Files { name: name.to_owned(), rotate, number: 1, path, file, len: 0 };
        // Pieces well below the size of a file, so that no file is much larger.
        let piece = rotate.map_or(PIECE, |size| usize::try_from(size / 4).unwrap_or(PIECE));
        let (place, piece) = (Place::Files(files), piece.min(PIECE));
        Ok(Self { place, gathered: Vec::new(), piece, written: 0 })
    }

    /// Takes what `write` appends, one line or several; false if it is longer than a line may
    /// be, and was left out.
    ///
    /// # Errors
    ///
    /// If lines cannot be written.
    pub(super) fn take(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> anyhow::Result<bool> {
        let before = self.gathered.len();
        write(&mut self.gathered);
        if self.gathered.len() - before > MAX_LINE {
            self.gathered.truncate(before);
            return Ok(false);
        }
        if self.gathered.len() >= self.piece {
            self.write()?;
        }
        Ok(true)
    }

    /// Writes what was gathered.
    ///
    /// # Errors
    ///
    /// If that is not possible; what was written before stays as it is.
    pub(super) fn write(&mut self) -> anyhow::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        self.written += match &mut self.place {
            Place::Stdout => {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(&self.gathered).and_then(|()| stdout.flush()).context("stdout")?;
                self.gathered.len() as u64
            }
            Place::Files(files) => files.write(&self.gathered)?,
        };
        self.gathered.clear();
        Ok(())
    }

    /// Bytes written so far, over all files, as they are on the disk.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Writes what is left, and takes a file away that nothing was written to. Says where the
    /// lines are.
    ///
    /// # Errors
    ///
    /// As [`Output::write`].
    pub(super) fn finish(&mut self) -> anyhow::Result<String> {
        self.write()?;
        let Place::Files(files) = &self.place else { return Ok("stdout".to_owned()) };
        if self.written == 0 {
            let _ = std::fs::remove_file(&files.path);
            return Ok("no file".to_owned());
        }
        files.file.sync_all().with_context(|| files.path.display().to_string())?;
        Ok(match files.number {
            1 => files.path.display().to_string(),
            last => format!(
                "{} to {}",
                numbered(&files.name, 1).display(),
                numbered(&files.name, last).display()
            ),
        })
    }
}

impl Files {
    /// Writes one piece; gives its bytes on the disk.
    fn write(&mut self, lines: &[u8]) -> anyhow::Result<u64> {
        let packed;
        let piece = if self.name.extension().is_some_and(|end| end == "zst") {
            packed = pack(lines).context("a piece of the recording cannot be compressed")?;
            packed.as_slice()
        } else {
            lines
        };
        let bytes = piece.len() as u64;
        if self.len > 0 && self.rotate.is_some_and(|most| self.len + bytes > most) {
            self.number += 1;
            self.path = numbered(&self.name, self.number);
            self.file = create(&self.path)?;
            self.len = 0;
        }
        if let Err(error) = self.file.write_all(piece) {
            // Half a frame would spoil the file for who reads it.
            let _ = self.file.set_len(self.len);
            let _ = self.file.seek(SeekFrom::Start(self.len));
            let path = self.path.display();
            return Err(anyhow::Error::new(error)
                .context(format!("-o {path}: what was recorded before is there, this is not")));
        }
        self.len += bytes;
        Ok(bytes)
    }
}

/// One frame; its checksum tells a damaged file.
fn pack(lines: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = zstd::bulk::Compressor::new(LEVEL)?;
    packer.include_checksum(true)?;
    packer.compress(lines)
}

fn create(path: &Path) -> anyhow::Result<File> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| {
        let path = path.display();
        if error.kind() == ErrorKind::AlreadyExists {
            return there(&path.to_string());
        }
        anyhow::Error::new(error).context(format!("-o {path}"))
    })
}

fn there(path: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "-o {path}: this file is there already, and is not overwritten; give another name"
    )
}

/// Refuses a row of which any file is there.
fn refuse_row(name: &Path) -> anyhow::Result<()> {
    let (stem, ending) = parts(name);
    let directory = name.parent().filter(|directory| !directory.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    let entries = std::fs::read_dir(directory);
    for entry in entries.with_context(|| format!("-o {}", name.display()))? {
        let found = entry.with_context(|| format!("-o {}", name.display()))?.file_name();
        let found = found.to_string_lossy();
        let number =
            found.strip_prefix(&format!("{stem}.")).and_then(|rest| rest.strip_suffix(ending));
        if number.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit())) {
            return Err(there(&directory.join(&*found).display().to_string()));
        }
    }
    Ok(())
}

/// The name of a file of a row: `traffic.ndjson.zst` is `traffic.1.ndjson.zst`.
fn numbered(name: &Path, number: u64) -> PathBuf {
    let (stem, ending) = parts(name);
    name.with_file_name(format!("{stem}.{number}{ending}"))
}

/// The last part of a name, without and with its ending.
fn parts(name: &Path) -> (String, &'static str) {
    let last = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let found = ENDINGS.into_iter().find(|end| last.len() > end.len() && last.ends_with(end));
    let ending = found.unwrap_or_default();
    (last[..last.len() - ending.len()].to_owned(), ending)
}
