//! Recordings of what sessions and users do, for who looks into an attack later: the response
//! `preserve_evidence`.
//!
//! What is recorded is redacted, as `lookout record --redact` does it, and `lookout replay` reads it. Replies
//! are known by the session that they are for, or by the call that they answer. Bounded: so many recordings at
//! once, so many bytes each. Files are written by threads of their own; what they cannot take is left out and
//! counted. A file is new, and its owner alone may read it.

use crate::observer::Instant;
use crate::observer::digest::Digest;
use crate::observer::input::Link;
use crate::observer::measure::{Measure, MeasureId};
use crate::wire::about::{About, about};
use crate::wire::{Message, Reader, Redactor, action_id, recording};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use tokio::sync::oneshot;

/// Recordings at once.
const MOST: usize = 8;
/// Bytes of one.
const LARGEST: u64 = 64 << 20;
/// Lines that may wait for the disk.
const LINES: usize = 1_024;
/// Sessions of a user.
const CALLERS: usize = 16;
/// Calls whose replies are waited for, twice, as a call may be known by two keys.
const KEYS: usize = 512;

/// What became of a recording that was begun, or ended.
pub(super) type Word = oneshot::Receiver<Result<String, String>>;

/// A word that is there already: that it went well.
pub(super) fn at_once(said: &str) -> Word {
    let (say, word) = oneshot::channel();
    // The other end is here.
    let _ = say.send(Ok(said.to_owned()));
    word
}

/// All recordings.
pub(super) struct Witness {
    folder: PathBuf,
    reader: Reader,
    redactor: Redactor,
    running: Vec<Recording>,
}

/// One of them.
struct Recording {
    id: MeasureId,
    user: Option<Arc<str>>,
    /// The session, or what the user was seen to call from.
    callers: Vec<Digest>,
    /// What ties calls that are recorded to their replies, the latest last.
    keys: VecDeque<Digest>,
    lines: SyncSender<Vec<u8>>,
    /// What came of it, when it is over.
    ended: Word,
    bytes: u64,
    messages: u64,
    left_out: u64,
}

impl Recording {
    /// Whether a call or a reply belongs in it.
    fn wants(&mut self, it: &About<'_>) -> bool {
        let is_known = it.caller.is_some_and(|caller| self.callers.contains(&caller));
        let is_user = it.user.is_some() && self.user.as_deref() == it.user;
        if is_user && !is_known && self.callers.len() < CALLERS {
            self.callers.extend(it.caller);
        }
        if !it.is_call {
            return is_known || it.keys.iter().any(|key| self.keys.contains(key));
        }
        let wanted = is_known || is_user;
        if wanted {
            self.keys.extend(&it.keys);
            self.keys.drain(..self.keys.len().saturating_sub(KEYS));
        }
        wanted
    }

    fn take(&mut self, line: Vec<u8>) {
        let size = line.len() as u64;
        if self.bytes + size <= LARGEST && self.lines.try_send(line).is_ok() {
            (self.bytes, self.messages) = (self.bytes + size, self.messages + 1);
        } else {
            self.left_out += 1;
        }
    }
}

impl Witness {
    /// Nothing is recorded yet.
    pub(super) const fn new(folder: PathBuf, reader: Reader, redactor: Redactor) -> Self {
        Self { folder, reader, redactor, running: Vec::new() }
    }

    /// Begins to record what a measure is about.
    pub(super) fn begin(&mut self, now: Instant, measure: &Measure) -> Word {
        let (say, word) = oneshot::channel();
        if self.running.len() == MOST {
            // Who waits for it is there: it is handed on at once.
            let _ = say.send(Err(format!("{MOST} sessions are recorded already")));
            return word;
        }
        let path = self.folder.join(format!("{}.ndjson", action_id(measure.id)));
        let (lines, waiting) = sync_channel(LINES);
        let (end, ended) = oneshot::channel();
        let spawned = std::thread::Builder::new()
            .name("evidence".to_owned())
            .spawn(move || write(&path, now, &waiting, say, end));
        let session = measure.on.session.as_deref();
        if spawned.is_ok() {
            self.running.push(Recording {
                id: measure.id,
                user: measure.on.user.clone(),
                callers: session.map(|it| self.reader.caller_of(it)).into_iter().collect(),
                keys: VecDeque::new(),
                lines,
                ended,
                bytes: 0,
                messages: 0,
                left_out: 0,
            });
        }
        word
    }

    /// Ends a recording. What came of it; nothing if there is no such recording.
    pub(super) fn end(&mut self, now: Instant, id: MeasureId) -> Option<Word> {
        let at = self.running.iter().position(|it| it.id == id)?;
        let Recording { lines, ended, messages, left_out, .. } = self.running.swap_remove(at);
        tracing::info!("{}: {messages} messages recorded, {left_out} left out", action_id(id));
        let mut last = Vec::new();
        recording::link(now, Link::Down, &mut last);
        // A disk that is behind loses no more than that the file says where it ends.
        let _ = lines.try_send(last);
        Some(ended)
    }

    /// Records a message that was heard, if it is of somebody who is recorded.
    pub(super) fn hear(&mut self, now: Instant, message: &Message<'_>) {
        if self.running.is_empty() {
            return;
        }
        let Self { reader, redactor, running, .. } = self;
        let mut wanted = [false; MOST];
        about(reader, message, |it| {
            for (wanted, recording) in wanted.iter_mut().zip(running.iter_mut()) {
                *wanted |= recording.wants(it);
            }
        });
        if !wanted.contains(&true) {
            return;
        }
        let (payload, user) = (redactor.payload(message), redactor.user(message));
        let mut message = *message;
        (message.payload, message.properties.user) = (&payload, &user);
        let mut line = Vec::new();
        recording::message(now, &message, &mut line);
        for (_, recording) in wanted.iter().zip(running).filter(|(wanted, _)| **wanted) {
            recording.take(line.clone());
        }
    }
}

/// Writes lines into a new file until there are no more.
fn write(
    path: &Path,
    now: Instant,
    lines: &Receiver<Vec<u8>>,
    begun: oneshot::Sender<Result<String, String>>,
    ended: oneshot::Sender<Result<String, String>>,
) {
    let shown = path.display();
    let mut file = match create(path, now) {
        Ok(file) => file,
        Err(error) => {
            let _ = begun.send(Err(format!("{shown} cannot be written: {error}")));
            return;
        }
    };
    let _ = begun.send(Ok(format!("recorded in {shown}")));
    let mut write = || {
        while let Ok(line) = lines.recv() {
            file.write_all(&line)?;
            // Nothing waits: what is known so far is kept, whatever becomes of this process.
            while let Ok(line) = lines.try_recv() {
                file.write_all(&line)?;
            }
            file.flush()?;
        }
        file.get_ref().sync_all()
    };
    let done: io::Result<()> = write();
    let _ = ended.send(match done {
        Ok(()) => Ok(format!("recorded in {shown}")),
        Err(error) => Err(format!("{shown} is not whole: {error}")),
    });
}

fn create(path: &Path, now: Instant) -> io::Result<BufWriter<File>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut file = BufWriter::new(file);
    let mut first = Vec::new();
    recording::link(now, Link::Up, &mut first);
    file.write_all(&first)?;
    file.flush()?;
    Ok(file)
}
