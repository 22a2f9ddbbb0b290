//! MessagePack as JSON. Extensions, time stamps among them, become `null`.

use super::{Level, NotDecoded, bytes, float, integer, separate, text};
use rmp::Marker;
use rmp::decode::RmpRead;

/// Writes a payload as JSON.
pub(super) fn read(
    payload: &[u8],
    keep: &dyn Fn(&str) -> bool,
    out: &mut Vec<u8>,
) -> Result<(), NotDecoded> {
    let mut rest = payload;
    value(&mut rest, Level::Top(keep), out)?;
    if rest.is_empty() { Ok(()) } else { Err(NotDecoded) }
}

/// What stands before a value: all of a number, the length of what follows else.
enum Head {
    Null,
    Flag(bool),
    Integer(i128),
    Float(f64),
    Text(usize),
    Bytes(usize),
    Array(usize),
    Map(usize),
    Extension(usize),
}

fn head(rest: &mut &[u8]) -> Result<Head, NotDecoded> {
    let marker = rmp::decode::read_marker(rest).map_err(|_| NotDecoded)?;
    Ok(match marker {
        Marker::Null => Head::Null,
        Marker::False => Head::Flag(false),
        Marker::True => Head::Flag(true),
        Marker::FixPos(number) => Head::Integer(number.into()),
        Marker::FixNeg(number) => Head::Integer(number.into()),
        Marker::U8 => Head::Integer(i128::from(number(rest, 1)?)),
        Marker::U16 => Head::Integer(i128::from(number(rest, 2)?)),
        Marker::U32 => Head::Integer(i128::from(number(rest, 4)?)),
        Marker::U64 => Head::Integer(i128::from(number(rest, 8)?)),
        // What is cut off holds nothing but the sign.
        Marker::I8 => Head::Integer(i128::from(number(rest, 1)? as i8)),
        Marker::I16 => Head::Integer(i128::from(number(rest, 2)? as i16)),
        Marker::I32 => Head::Integer(i128::from(number(rest, 4)? as i32)),
        Marker::I64 => Head::Integer(i128::from(number(rest, 8)? as i64)),
        Marker::F32 => Head::Float(f32::from_bits(number(rest, 4)? as u32).into()),
        Marker::F64 => Head::Float(f64::from_bits(number(rest, 8)?)),
        Marker::FixStr(length) => Head::Text(length.into()),
        Marker::Str8 => Head::Text(length(rest, 1)?),
        Marker::Str16 => Head::Text(length(rest, 2)?),
        Marker::Str32 => Head::Text(length(rest, 4)?),
        Marker::Bin8 => Head::Bytes(length(rest, 1)?),
        Marker::Bin16 => Head::Bytes(length(rest, 2)?),
        Marker::Bin32 => Head::Bytes(length(rest, 4)?),
        Marker::FixArray(length) => Head::Array(length.into()),
        Marker::Array16 => Head::Array(length(rest, 2)?),
        Marker::Array32 => Head::Array(length(rest, 4)?),
        Marker::FixMap(length) => Head::Map(length.into()),
        Marker::Map16 => Head::Map(length(rest, 2)?),
        Marker::Map32 => Head::Map(length(rest, 4)?),
        // One byte more says what kind of extension it is.
        Marker::FixExt1 => Head::Extension(2),
        Marker::FixExt2 => Head::Extension(3),
        Marker::FixExt4 => Head::Extension(5),
        Marker::FixExt8 => Head::Extension(9),
        Marker::FixExt16 => Head::Extension(17),
        Marker::Ext8 => Head::Extension(length(rest, 1)?.saturating_add(1)),
        Marker::Ext16 => Head::Extension(length(rest, 2)?.saturating_add(1)),
        Marker::Ext32 => Head::Extension(length(rest, 4)?.saturating_add(1)),
        Marker::Reserved => return Err(NotDecoded),
    })
}

fn value(rest: &mut &[u8], level: Level<'_>, out: &mut Vec<u8>) -> Result<(), NotDecoded> {
    match head(rest)? {
        Head::Null => out.extend_from_slice(b"null"),
        Head::Flag(flag) => out.extend_from_slice(if flag { b"true" } else { b"false" }),
        Head::Integer(number) => integer(number, out),
        Head::Float(number) => float(number, out),
        Head::Text(length) => text(string(rest, length)?, out),
        Head::Bytes(length) => bytes(take(rest, length)?, out),
        Head::Extension(length) => {
            take(rest, length)?;
            out.extend_from_slice(b"null");
        }
        Head::Array(length) => {
            level.nests()?;
            let inner = level.element();
            let mut first = true;
            out.push(b'[');
            for _ in 0..length {
                separate(&mut first, out);
                value(rest, inner, out)?;
            }
            out.push(b']');
        }
        Head::Map(length) => map(rest, length, level, out)?,
    }
    Ok(())
}

fn map(
    rest: &mut &[u8],
    length: usize,
    level: Level<'_>,
    out: &mut Vec<u8>,
) -> Result<(), NotDecoded> {
    level.nests()?;
    let inner = level.member();
    let mut first = true;
    out.push(b'{');
    for _ in 0..length {
        match key(rest, inner, out)?.filter(|key| level.keeps(key)) {
            Some(key) => {
                separate(&mut first, out);
                text(&key, out);
                out.push(b':');
                value(rest, inner, out)?;
            }
            None => skip(rest, inner, out)?,
        }
    }
    out.push(b'}');
    Ok(())
}

/// A key; `None` if it is neither a string nor an integer.
fn key(
    rest: &mut &[u8],
    level: Level<'_>,
    out: &mut Vec<u8>,
) -> Result<Option<String>, NotDecoded> {
    let before = *rest;
    Ok(match head(rest)? {
        Head::Text(length) => Some(string(rest, length)?.to_owned()),
        Head::Integer(number) => Some(number.to_string()),
        _ => {
            *rest = before;
            skip(rest, level, out)?;
            None
        }
    })
}

/// Passes over what nobody reads: it is read like all else, and then forgotten.
fn skip(rest: &mut &[u8], level: Level<'_>, out: &mut Vec<u8>) -> Result<(), NotDecoded> {
    let before = out.len();
    value(rest, level, out)?;
    out.truncate(before);
    Ok(())
}

fn string<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a str, NotDecoded> {
    std::str::from_utf8(take(rest, length)?).map_err(|_| NotDecoded)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], NotDecoded> {
    let (taken, after) = rest.split_at_checked(length).ok_or(NotDecoded)?;
    *rest = after;
    Ok(taken)
}

/// An unsigned number of so many bytes, the highest first.
fn number(rest: &mut &[u8], bytes: usize) -> Result<u64, NotDecoded> {
    let mut number = 0;
    for _ in 0..bytes {
        number = number << 8 | u64::from(rest.read_u8().map_err(|_| NotDecoded)?);
    }
    Ok(number)
}

fn length(rest: &mut &[u8], bytes: usize) -> Result<usize, NotDecoded> {
    usize::try_from(number(rest, bytes)?).map_err(|_| NotDecoded)
}
