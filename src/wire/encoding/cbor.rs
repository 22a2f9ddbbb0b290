//! CBOR (RFC 8949) as JSON. Tags are passed over: what they stand before is read. Lengths that are
//! not said beforehand, of strings and of arrays and maps, are read to their end.

use super::{Level, NotDecoded, bytes, float, integer, separate, text};
use minicbor::Decoder;
use minicbor::data::Type;

/// Writes a payload as JSON.
pub(super) fn read(
    payload: &[u8],
    keep: &dyn Fn(&str) -> bool,
    out: &mut Vec<u8>,
) -> Result<(), NotDecoded> {
    let mut decoder = Decoder::new(payload);
    value(&mut decoder, Level::Top(keep), out)?;
    if decoder.position() == payload.len() { Ok(()) } else { Err(NotDecoded) }
}

fn value(decoder: &mut Decoder<'_>, level: Level<'_>, out: &mut Vec<u8>) -> Result<(), NotDecoded> {
    match untagged(decoder)? {
        Type::Null => {
            decoder.null()?;
            out.extend_from_slice(b"null");
        }
        Type::Undefined => {
            decoder.undefined()?;
            out.extend_from_slice(b"null");
        }
        Type::Bool => {
            let word = if decoder.bool()? { "true" } else { "false" };
            out.extend_from_slice(word.as_bytes());
        }
        Type::Simple => {
            decoder.simple()?;
            out.extend_from_slice(b"null");
        }
        Type::F16 => float(half(decoder)?, out),
        Type::F32 => float(f64::from(decoder.f32()?), out),
        Type::F64 => float(decoder.f64()?, out),
        Type::Bytes | Type::BytesIndef => {
            let mut whole = Vec::new();
            for part in decoder.bytes_iter()? {
                whole.extend_from_slice(part?);
            }
            bytes(&whole, out);
        }
        Type::String | Type::StringIndef => text(&string(decoder)?, out),
        Type::Array | Type::ArrayIndef => array(decoder, level, out)?,
        Type::Map | Type::MapIndef => map(decoder, level, out)?,
        Type::Break | Type::Tag | Type::Unknown(_) => return Err(NotDecoded),
        // All that is left are integers.
        _ => integer(i128::from(decoder.int()?), out),
    }
    Ok(())
}

fn array(decoder: &mut Decoder<'_>, level: Level<'_>, out: &mut Vec<u8>) -> Result<(), NotDecoded> {
    level.nests()?;
    let inner = level.element();
    let mut left = decoder.array()?;
    let mut first = true;
    out.push(b'[');
    while more(decoder, &mut left)? {
        separate(&mut first, out);
        value(decoder, inner, out)?;
    }
    out.push(b']');
    Ok(())
}

fn map(decoder: &mut Decoder<'_>, level: Level<'_>, out: &mut Vec<u8>) -> Result<(), NotDecoded> {
    level.nests()?;
    let inner = level.member();
    let mut left = decoder.map()?;
    let mut first = true;
    out.push(b'{');
    while more(decoder, &mut left)? {
        let key = key(decoder, inner, out)?;
        let absent = matches!(untagged(decoder)?, Type::Undefined);
        match key.filter(|key| !absent && level.keeps(key)) {
            Some(key) => {
                separate(&mut first, out);
                text(&key, out);
                out.push(b':');
                value(decoder, inner, out)?;
            }
            None => skip(decoder, inner, out)?,
        }
    }
    out.push(b'}');
    Ok(())
}

/// Whether another element or member follows; `left` is how many, if that was said beforehand.
fn more(decoder: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, NotDecoded> {
    if let Some(left) = left {
        let any = *left > 0;
        *left = left.saturating_sub(1);
        return Ok(any);
    }
    if matches!(decoder.datatype()?, Type::Break) {
        // The mark is one byte.
        decoder.set_position(decoder.position() + 1);
        return Ok(false);
    }
    Ok(true)
}

/// A key; `None` if it is neither a string nor an integer.
fn key(
    decoder: &mut Decoder<'_>,
    level: Level<'_>,
    out: &mut Vec<u8>,
) -> Result<Option<String>, NotDecoded> {
    Ok(match untagged(decoder)? {
        Type::String | Type::StringIndef => Some(string(decoder)?),
        Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64
        | Type::Int => Some(i128::from(decoder.int()?).to_string()),
        _ => {
            skip(decoder, level, out)?;
            None
        }
    })
}

/// Passes over what nobody reads. The decoder's own way to do that does not look whether it is well
/// formed, so it is read like all else, and then forgotten.
fn skip(decoder: &mut Decoder<'_>, level: Level<'_>, out: &mut Vec<u8>) -> Result<(), NotDecoded> {
    let before = out.len();
    value(decoder, level, out)?;
    out.truncate(before);
    Ok(())
}

/// The type of what follows, behind its tags: they are no nesting, however many there are.
fn untagged(decoder: &mut Decoder<'_>) -> Result<Type, NotDecoded> {
    loop {
        match decoder.datatype()? {
            Type::Tag => decoder.tag()?,
            other => return Ok(other),
        };
    }
}

fn string(decoder: &mut Decoder<'_>) -> Result<String, NotDecoded> {
    let mut whole = String::new();
    for part in decoder.str_iter()? {
        whole.push_str(part?);
    }
    Ok(whole)
}

/// A number of 16 bits (RFC 8949, appendix D).
fn half(decoder: &mut Decoder<'_>) -> Result<f64, NotDecoded> {
    let at = decoder.position() + 1;
    let Some([high, low]) = decoder.input().get(at..at + 2) else { return Err(NotDecoded) };
    decoder.set_position(at + 2);
    let bits = u16::from_be_bytes([*high, *low]);
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 if mantissa > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (mantissa + 1024.0) * 2_f64.powi(exponent - 25),
    };
    Ok(if bits & 0x8000 == 0 { size } else { -size })
}

impl From<minicbor::decode::Error> for NotDecoded {
    fn from(_: minicbor::decode::Error) -> Self {
        Self
    }
}
