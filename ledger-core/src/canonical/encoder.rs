//! The encoder: serde_json's compact form, with the members of every object in the order of RFC 8785.
//!
//! Everything goes into one buffer, and an object whose members came in another order is put in order
//! there when it ends. What the narrowed JSON has no form for is refused on the way. The order of keys
//! is by UTF-16, as text and not as it is escaped.

use std::cmp::Ordering;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use super::{CanonicalError, MAX_INTEGER};

/// Encodes a value. The encoding should have about `length` bytes.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T, length: usize) -> io::Result<Vec<u8>> {
    let mut encoder = Encoder {
        bytes: Vec::with_capacity(length),
        ..Encoder::default()
    };
    value.serialize(&mut Serializer::with_formatter(io::sink(), &mut encoder))?;
    Ok(encoder.bytes)
}

/// A member of an object that has not ended yet, as places in the buffer.
#[derive(Debug)]
struct Member {
    start: usize,
    key_end: usize,
    end: usize,
}

#[derive(Debug, Default)]
struct Encoder {
    bytes: Vec<u8>,
    /// Of each object that has not ended, where it starts and how many members there were before.
    objects: Vec<(usize, usize)>,
    members: Vec<Member>,
    /// For putting members in order.
    sorted: Vec<u8>,
}

impl Encoder {
    fn member(&mut self) -> io::Result<&mut Member> {
        self.members.last_mut().ok_or_else(unbalanced)
    }

    /// Ends the members of the object that starts at `start`, in their order.
    fn put_in_order(&mut self, start: usize, before: usize) -> io::Result<()> {
        let bytes = &self.bytes;
        let key = |member: &Member| Key(&bytes[member.start..member.key_end]);
        let members = &mut self.members[before..];
        if !members.is_sorted_by(|one, other| key(one).order(key(other)).is_lt()) {
            members.sort_by(|one, other| key(one).order(key(other)));
            let twice = members
                .windows(2)
                .find(|w| key(&w[0]).order(key(&w[1])).is_eq());
            if let Some(twice) = twice {
                let found = String::from_utf8_lossy(key(&twice[0]).0);
                return Err(refused(format!("键重复 (key occurs twice): {found}")));
            }
            self.sorted.clear();
            for member in &*members {
                if !self.sorted.is_empty() {
                    self.sorted.push(b',');
                }
                self.sorted
                    .extend_from_slice(&bytes[member.start..member.end]);
            }
            self.bytes.truncate(start);
            self.bytes.extend_from_slice(&self.sorted);
        }
        self.members.truncate(before);
        Ok(())
    }

    fn check_integer(magnitude: u128, negative: bool) -> io::Result<()> {
        if magnitude <= u128::from(MAX_INTEGER) {
            return Ok(());
        }
        let sign = if negative { "-" } else { "" };
        let found = format!("{sign}{magnitude}");
        Err(io::Error::other(CanonicalError::Integer { found }))
    }

    fn fraction(found: String) -> io::Result<()> {
        Err(io::Error::other(CanonicalError::Fraction { found }))
    }

    fn integer(&mut self, value: i128) -> io::Result<()> {
        Self::check_integer(value.unsigned_abs(), value < 0)?;
        CompactFormatter.write_i64(
            &mut self.bytes,
            i64::try_from(value).map_err(io::Error::other)?,
        )
    }
}

/// A key as it is encoded, in quotation marks.
#[derive(Debug, Clone, Copy)]
struct Key<'a>(&'a [u8]);

impl Key<'_> {
    /// Whether its bytes are in the same order as its UTF-16.
    fn is_plain(self) -> bool {
        self.0.iter().all(|byte| byte.is_ascii() && *byte != b'\\')
    }

    fn order(self, other: Self) -> Ordering {
        if self.is_plain() && other.is_plain() {
            // Without the mark behind it, which would count as a character.
            let text = |key: Self| key.0.len().saturating_sub(1);
            return self.0[..text(self)].cmp(&other.0[..text(other)]);
        }
        self.utf16().cmp(&other.utf16())
    }

    fn utf16(self) -> Vec<u16> {
        let text: String = serde_json::from_slice(self.0).unwrap_or_default();
        text.encode_utf16().collect()
    }
}

fn refused(message: String) -> io::Error {
    io::Error::other(CanonicalError::Encode(message))
}

fn unbalanced() -> io::Error {
    refused("成员不在对象之内 (a member outside of an object)".to_owned())
}

/// Writes to the encoder's own buffer and leaves the writer that serde_json offers alone.
impl Formatter for &mut Encoder {
    fn write_null<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        Err(io::Error::other(CanonicalError::Null))
    }

    fn write_bool<W: ?Sized + Write>(&mut self, _: &mut W, value: bool) -> io::Result<()> {
        CompactFormatter.write_bool(&mut self.bytes, value)
    }

    fn write_i8<W: ?Sized + Write>(&mut self, _: &mut W, value: i8) -> io::Result<()> {
        self.integer(value.into())
    }

    fn write_i16<W: ?Sized + Write>(&mut self, _: &mut W, value: i16) -> io::Result<()> {
        self.integer(value.into())
    }

    fn write_i32<W: ?Sized + Write>(&mut self, _: &mut W, value: i32) -> io::Result<()> {
        self.integer(value.into())
    }

    fn write_i64<W: ?Sized + Write>(&mut self, _: &mut W, value: i64) -> io::Result<()> {
        self.integer(value.into())
    }

    fn write_i128<W: ?Sized + Write>(&mut self, _: &mut W, value: i128) -> io::Result<()> {
        self.integer(value)
    }

    fn write_u8<W: ?Sized + Write>(&mut self, _: &mut W, value: u8) -> io::Result<()> {
        self.integer(value.into())
    }

    fn write_u16<W: ?Sized + Write>(&mut self, _: &mut W, value: u16) -> io::Result<()> {
        self.integer(value.into())
    }

    fn write_u32<W: ?Sized + Write>(&mut self, _: &mut W, value: u32) -> io::Result<()> {
        self.integer(value.into())
    }

    fn write_u64<W: ?Sized + Write>(&mut self, _: &mut W, value: u64) -> io::Result<()> {
        self.integer(value.into())
    }

    fn write_u128<W: ?Sized + Write>(&mut self, _: &mut W, value: u128) -> io::Result<()> {
        Encoder::check_integer(value, false)?;
        self.integer(i128::try_from(value).map_err(io::Error::other)?)
    }

    fn write_f32<W: ?Sized + Write>(&mut self, _: &mut W, value: f32) -> io::Result<()> {
        Encoder::fraction(value.to_string())
    }

    fn write_f64<W: ?Sized + Write>(&mut self, _: &mut W, value: f64) -> io::Result<()> {
        Encoder::fraction(value.to_string())
    }

    fn write_number_str<W: ?Sized + Write>(&mut self, _: &mut W, text: &str) -> io::Result<()> {
        Encoder::fraction(text.to_owned())
    }

    fn begin_string<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.begin_string(&mut self.bytes)
    }

    fn end_string<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.end_string(&mut self.bytes)
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        _: &mut W,
        text: &str,
    ) -> io::Result<()> {
        CompactFormatter.write_string_fragment(&mut self.bytes, text)
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        _: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        CompactFormatter.write_char_escape(&mut self.bytes, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.begin_array(&mut self.bytes)
    }

    fn end_array<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.end_array(&mut self.bytes)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        CompactFormatter.begin_array_value(&mut self.bytes, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.end_array_value(&mut self.bytes)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.begin_object(&mut self.bytes)?;
        self.objects.push((self.bytes.len(), self.members.len()));
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let (start, before) = self.objects.pop().ok_or_else(unbalanced)?;
        self.put_in_order(start, before)?;
        CompactFormatter.end_object(&mut self.bytes)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        CompactFormatter.begin_object_key(&mut self.bytes, first)?;
        let start = self.bytes.len();
        self.members.push(Member {
            start,
            key_end: start,
            end: start,
        });
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.bytes.len();
        self.member()?.key_end = end;
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.begin_object_value(&mut self.bytes)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.bytes.len();
        self.member()?.end = end;
        Ok(())
    }

    fn write_raw_fragment<W: ?Sized + Write>(&mut self, _: &mut W, text: &str) -> io::Result<()> {
        Err(refused(format!(
            "未经解析的 JSON (JSON that was not read): {text}"
        )))
    }
}
