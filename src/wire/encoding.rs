//! What payloads are written in, and how those that are no JSON are brought there.
//!
//! CBOR and MessagePack have the same shape as JSON, so their payloads become JSON text, and all
//! that follows is the same for them. Only the envelope is brought over: of an outermost map the
//! members that somebody reads, the others are skipped. What has no equal in JSON becomes what is
//! nearest: bytes a string in base64 with a mark before it, numbers that are none `null`, keys that
//! are integers their digits. A member twice stays there twice, for the reader of the JSON to
//! notice. CBOR's `undefined` as a member is that member absent.
//!
//! Payloads come from strangers: nesting is bounded, nothing is reserved before its bytes are
//! there, and the text is never longer than some six times the payload.

mod cbor;
mod msgpack;

use base64::Engine;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = super::envelope::MAX_DEPTH;

/// What the payloads of a pair are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// JSON (RFC 8259).
    #[default]
    Json,
    /// CBOR (RFC 8949).
    Cbor,
    /// MessagePack.
    MessagePack,
    /// Anything: it is not read.
    Opaque,
}

impl Encoding {
    /// All of them, by the names that settings use.
    pub const ALL: [(&'static str, Self); 4] = [
        ("json", Self::Json),
        ("cbor", Self::Cbor),
        ("msgpack", Self::MessagePack),
        ("opaque", Self::Opaque),
    ];
}

/// Bytes that are not what the encoding makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDecoded;

/// Writes a payload as JSON; of an outermost map, or of those in an outermost array, only the
/// members that `keep` names.
///
/// # Errors
///
/// If the bytes are not what the encoding makes, if there are more of them, if they nest deeper
/// than 128, or if the encoding is none that can be brought over.
pub fn to_json(
    payload: &[u8],
    encoding: Encoding,
    keep: &dyn Fn(&str) -> bool,
    out: &mut Vec<u8>,
) -> Result<(), NotDecoded> {
    out.clear();
    match encoding {
        Encoding::Cbor => cbor::read(payload, keep, out),
        Encoding::MessagePack => msgpack::read(payload, keep, out),
        Encoding::Json | Encoding::Opaque => Err(NotDecoded),
    }
}

/// Which members of a map are written.
#[derive(Clone, Copy)]
enum Level<'k> {
    /// Of an outermost value.
    Top(&'k dyn Fn(&str) -> bool),
    /// Of an element of an outermost array.
    Element(&'k dyn Fn(&str) -> bool),
    /// Of what is within, so deep: all.
    Inner(usize),
}

impl<'k> Level<'k> {
    /// The level of an array's elements.
    fn element(self) -> Self {
        match self {
            Self::Top(keep) => Self::Element(keep),
            _ => self.member(),
        }
    }

    /// The level of a map's members.
    fn member(self) -> Self {
        Self::Inner(match self {
            Self::Top(_) => 1,
            Self::Element(_) => 2,
            Self::Inner(depth) => depth + 1,
        })
    }

    /// Whether a member of this name is written.
    fn keeps(self, name: &str) -> bool {
        match self {
            Self::Top(keep) | Self::Element(keep) => keep(name),
            Self::Inner(_) => true,
        }
    }

    /// Whether there may be a map or an array here.
    fn nests(self) -> Result<(), NotDecoded> {
        match self {
            Self::Inner(depth) if depth >= MAX_DEPTH => Err(NotDecoded),
            _ => Ok(()),
        }
    }
}

/// Writes a string.
fn text(text: &str, out: &mut Vec<u8>) {
    // Writing a string to memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// Writes bytes.
fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    text(&format!("b64:{encoded}"), out);
}

/// Writes a number.
fn float(number: f64, out: &mut Vec<u8>) {
    // What is no number becomes `null`.
    let _ = serde_json::to_writer(out, &number);
}

/// Writes an integer.
fn integer(number: i128, out: &mut Vec<u8>) {
    out.extend_from_slice(number.to_string().as_bytes());
}

/// Writes a comma where one is needed.
fn separate(first: &mut bool, out: &mut Vec<u8>) {
    if !std::mem::take(first) {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests;
