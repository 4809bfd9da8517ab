//! Signed notes: text with signature lines. (签名文书)
//!
//! Only the form: which keys count, and whether a signature is true, is for [`crate::key`] and its
//! callers to say, and until they have, the text means nothing. Follows C2SP signed-note.

use core::fmt::{self, Write as _};
use core::str::FromStr;

use data_encoding::BASE64;

/// The largest note that is read, in bytes.
pub const MAX_NOTE_BYTES: usize = 1_000_000;

/// The most signature lines a note may have.
pub const MAX_SIGNATURES: usize = 100;

/// Bytes are not a signed note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The note is too large.
    #[error("签名文书应不超过 {MAX_NOTE_BYTES} 字节，实为 {found} (note too large: {found} bytes)")]
    Size {
        /// Its size in bytes.
        found: usize,
    },
    /// The bytes are not UTF-8.
    #[error("第 {at} 字节起不是 UTF-8 (not UTF-8 from byte {at})")]
    Utf8 {
        /// The place of the first byte that is not.
        at: usize,
    },
    /// A control character other than a newline.
    #[error("第 {at} 字节处有控制字符 (control character at byte {at})")]
    Control {
        /// Its place.
        at: usize,
    },
    /// The text does not end in a newline.
    #[error("正文应以换行结尾 (expected text that ends in a newline)")]
    Text,
    /// No empty line stands between text and signatures.
    #[error("缺少正文与签名之间的空行 (expected an empty line between text and signatures)")]
    Separator,
    /// There are no signatures, or too many.
    #[error(
        "应有 1 至 {MAX_SIGNATURES} 行签名，实有 {found} (expected 1 to {MAX_SIGNATURES} signature lines, found {found})"
    )]
    Signatures {
        /// How many lines there are.
        found: usize,
    },
    /// A signature line has not its form.
    #[error(
        "签名行应为“— 密钥名 base64”，实为 {found:?} (expected an em dash, a key name and base64)"
    )]
    Line {
        /// The line, cut to a length that fits a message.
        found: String,
    },
    /// A key name has not its form.
    #[error(
        "密钥名不可为空，不可含空白或加号，实为 {found:?} (expected a key name without spaces and plus)"
    )]
    Name {
        /// The name, cut to a length that fits a message.
        found: String,
    },
    /// The bytes are another encoding of the note than the one there is.
    #[error("不是签名文书的规范写法 (not the one encoding of this note)")]
    NotCanonical,
}

/// Whether a text can be the name of a key: not empty, without spaces, control characters and plus.
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    !name.is_empty() && name.chars().all(allowed)
}

pub(crate) fn check_key_name(name: &str) -> Result<(), NoteError> {
    if is_key_name(name) {
        return Ok(());
    }
    let found = cut(name);
    Err(NoteError::Name { found })
}

/// Whether `value` is written as `text`, compared while it is written.
fn reads(value: &impl fmt::Display, text: &str) -> bool {
    struct Rest<'a>(&'a str);

    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, written: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(written).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Rest(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
}

fn cut(text: &str) -> String {
    text.chars().take(160).collect()
}

/// One signature of a note, with the name and id of the key that is said to have made it. (签名行)
///
/// Text form: `— <name> <base64 of id and signature>`, without the newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    name: Box<str>,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl SignatureLine {
    /// Makes a line of its parts.
    ///
    /// # Errors
    /// [`NoteError::Name`] if the name cannot be a key's, [`NoteError::Line`] if the signature is empty.
    pub fn new(name: &str, key_id: [u8; 4], signature: Vec<u8>) -> Result<Self, NoteError> {
        check_key_name(name)?;
        if signature.is_empty() {
            let found = cut(name);
            return Err(NoteError::Line { found });
        }
        Ok(Self::of_checked(name, key_id, signature))
    }

    /// For callers that hold a checked name and a signature they just made.
    pub(crate) fn of_checked(name: &str, key_id: [u8; 4], signature: Vec<u8>) -> Self {
        let name = name.into();
        Self {
            name,
            key_id,
            signature,
        }
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id, which is not proof of anything.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// The signature's bytes, whose form depends on the key's algorithm.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id[..], &self.signature].concat();
        write!(f, "— {} {}", self.name, BASE64.encode_display(&bytes))
    }
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let error = || NoteError::Line { found: cut(text) };
        let rest = text.strip_prefix("— ").ok_or_else(error)?;
        let (name, encoded) = rest.split_once(' ').ok_or_else(error)?;
        let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| error())?;
        let (key_id, signature) = bytes.split_first_chunk().ok_or_else(error)?;
        if signature.is_empty() {
            return Err(error());
        }
        let line = Self::new(name, *key_id, signature.to_vec())?;
        // The decoder also reads several padded encodings one after another.
        if !reads(&line, text) {
            return Err(error());
        }
        Ok(line)
    }
}

/// Reads signature lines alone, each ending in a newline, as a witness answers.
///
/// # Errors
/// [`NoteError::Signatures`] unless there are 1 to [`MAX_SIGNATURES`]; [`NoteError::Line`] or
/// [`NoteError::Name`] for a line that has not its form.
pub fn parse_signature_lines(text: &str) -> Result<Vec<SignatureLine>, NoteError> {
    if text.len() > MAX_NOTE_BYTES {
        return Err(NoteError::Size { found: text.len() });
    }
    let count = text.bytes().filter(|byte| *byte == b'\n').count();
    if !(1..=MAX_SIGNATURES).contains(&count) {
        return Err(NoteError::Signatures { found: count });
    }
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => line.parse(),
            None => Err(NoteError::Line { found: cut(line) }),
        })
        .collect()
}

/// Text and the signatures that stand below it, none of them verified. (签名文书)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Puts signatures below a text.
    ///
    /// # Errors
    /// [`NoteError::Text`] unless the text ends in a newline, [`NoteError::Control`] if it holds any other
    /// control character, [`NoteError::Signatures`] or [`NoteError::Size`] beyond the limits.
    pub fn new(text: String, signatures: Vec<SignatureLine>) -> Result<Self, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::Text);
        }
        check_control(&text)?;
        if !(1..=MAX_SIGNATURES).contains(&signatures.len()) {
            let found = signatures.len();
            return Err(NoteError::Signatures { found });
        }
        let note = Self { text, signatures };
        check_bytes(note.to_bytes().len())?;
        Ok(note)
    }

    /// Reads a note.
    ///
    /// # Errors
    /// The variant of [`NoteError`] that says what is not as signed-note has it.
    ///
    /// Source: C2SP signed-note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        check_bytes(bytes.len())?;
        let whole = str::from_utf8(bytes).map_err(|error| NoteError::Utf8 {
            at: error.valid_up_to(),
        })?;
        check_control(whole)?;
        let end = whole.rfind("\n\n").ok_or(NoteError::Separator)?;
        let (text, signatures) = (&whole[..=end], &whole[end + 2..]);
        let note = Self {
            text: text.to_owned(),
            signatures: parse_signature_lines(signatures)?,
        };
        if !reads(&note, whole) {
            return Err(NoteError::NotCanonical);
        }
        Ok(note)
    }

    /// The text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// The note with a line added at the end.
    ///
    /// # Errors
    /// [`NoteError::Signatures`] or [`NoteError::Size`] beyond the limits.
    pub fn with_signature(mut self, line: SignatureLine) -> Result<Self, NoteError> {
        self.signatures.push(line);
        Self::new(self.text, self.signatures)
    }

    /// The note's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::with_capacity(self.text.len() + 256);
        // Writing to a string cannot fail.
        let _ = write!(text, "{self}");
        text.into_bytes()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        let mut lines = self.signatures.iter();
        lines.try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn check_bytes(found: usize) -> Result<(), NoteError> {
    if found > MAX_NOTE_BYTES {
        return Err(NoteError::Size { found });
    }
    Ok(())
}

fn check_control(text: &str) -> Result<(), NoteError> {
    match text.bytes().position(|byte| byte < 0x20 && byte != b'\n') {
        Some(at) => Err(NoteError::Control { at }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

    #[test]
    fn the_last_empty_line_ends_the_text() {
        let note = Note::parse(EXAMPLE.as_bytes()).unwrap();
        assert!(note.text().ends_with("\n\ned è subito sera.\n"));
        let [line] = note.signatures() else { panic!() };
        assert_eq!(line.name(), "quasimodo.example/salvatore");
        assert_eq!(line.key_id(), [0x36, 0x7b, 0xa0, 0x4b]);
        assert_eq!(line.signature().len(), 64);
        assert_eq!(note.to_bytes(), EXAMPLE.as_bytes());
        assert_eq!(
            Note::new(note.text().to_owned(), note.signatures().to_vec()),
            Ok(note)
        );
    }

    #[test]
    fn a_signature_line_has_one_text() {
        for (text, accepted) in [
            ("— a AAAAAAAA", true),
            // The same six bytes, but padded in the middle.
            ("— a AA==AAAAAAA=", false),
            ("— a AAAAAAA", false),
        ] {
            assert_eq!(text.parse::<SignatureLine>().is_ok(), accepted, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_note_is_refused() {
        let parse = |text: &str| Note::parse(text.as_bytes());
        let line = |found: &str| {
            Err(NoteError::Line {
                found: found.to_owned(),
            })
        };
        let name = |found: &str| {
            Err(NoteError::Name {
                found: found.to_owned(),
            })
        };
        assert_eq!(parse("t\n\n— a AAAAAAE=\n").unwrap().text(), "t\n");
        assert_eq!(parse("\n\n— a AAAAAAE=\n").unwrap().text(), "\n");
        assert_eq!(parse(""), Err(NoteError::Separator));
        assert_eq!(parse("t\n— a AAAAAAE=\n"), Err(NoteError::Separator));
        assert_eq!(parse("t\n\n"), Err(NoteError::Signatures { found: 0 }));
        assert_eq!(
            parse("t\n\n— a AAAAAAE=\n\n"),
            Err(NoteError::Signatures { found: 0 })
        );
        assert_eq!(
            parse("t\n\n— a AAAAAAE="),
            Err(NoteError::Signatures { found: 0 })
        );
        assert_eq!(
            parse("t\n\n— a AAAAAAE=\n— b AAAAAAE="),
            line("— b AAAAAAE=")
        );
        assert_eq!(parse("t\n\n- a AAAAAAE=\n"), line("- a AAAAAAE="));
        assert_eq!(parse("t\n\n— a AAAAAA==\n"), line("— a AAAAAA=="));
        assert_eq!(parse("t\n\n— a AAAAAAF=\n"), line("— a AAAAAAF="));
        assert_eq!(parse("t\n\n— a AAAAAAE\n"), line("— a AAAAAAE"));
        assert_eq!(parse("t\n\n— a AAAAAAE= \n"), line("— a AAAAAAE= "));
        assert_eq!(parse("t\n\n— a b AAAAAAE=\n"), line("— a b AAAAAAE="));
        assert_eq!(parse("t\n\n—  AAAAAAE=\n"), name(""));
        assert_eq!(parse("t\n\n— a+b AAAAAAE=\n"), name("a+b"));
        assert_eq!(parse("t\n\n— a\u{a0}b AAAAAAE=\n"), name("a\u{a0}b"));
        assert_eq!(parse("t\n\n— a\u{3000} AAAAAAE=\n"), name("a\u{3000}"));
        assert_eq!(
            parse("t\r\n\n— a AAAAAAE=\n"),
            Err(NoteError::Control { at: 1 })
        );
        assert_eq!(Note::parse(b"t\xff\n\n"), Err(NoteError::Utf8 { at: 1 }));
        assert_eq!(
            parse(&format!(
                "t\n\n{}",
                "— a AAAAAAE=\n".repeat(MAX_SIGNATURES + 1)
            )),
            Err(NoteError::Signatures {
                found: MAX_SIGNATURES + 1
            })
        );
        assert_eq!(
            Note::parse(&vec![b'a'; MAX_NOTE_BYTES + 1]),
            Err(NoteError::Size {
                found: MAX_NOTE_BYTES + 1
            })
        );
    }

    #[test]
    fn what_is_made_can_be_read() {
        let line = SignatureLine::new("a", [1, 2, 3, 4], vec![5]).unwrap();
        assert_eq!(
            Note::new("t".into(), vec![line.clone()]),
            Err(NoteError::Text)
        );
        assert_eq!(
            Note::new("t\t\n".into(), vec![line.clone()]),
            Err(NoteError::Control { at: 1 })
        );
        assert_eq!(
            Note::new("t\n".into(), vec![]),
            Err(NoteError::Signatures { found: 0 })
        );
        assert!(SignatureLine::new("a", [0; 4], vec![]).is_err());
        assert!(SignatureLine::new("a b", [0; 4], vec![1]).is_err());
        let note = Note::new("t\n".into(), vec![line.clone()]).unwrap();
        let note = note.with_signature(line).unwrap();
        assert_eq!(Note::parse(&note.to_bytes()), Ok(note));
    }

    proptest! {
        #[test]
        fn what_is_read_has_one_encoding(bytes in "[a—\n +]{0,12}\n\n(— [a-b+]{0,2} AAAAA[A-D]E=\n){0,3}[—a ]{0,2}") {
            if let Ok(note) = Note::parse(bytes.as_bytes()) {
                prop_assert_eq!(note.to_string(), bytes);
                let again = Note::new(note.text().to_owned(), note.signatures().to_vec());
                prop_assert_eq!(again, Ok(note));
            }
        }
    }
}
