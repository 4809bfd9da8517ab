//! The code on a resident's receipt: who holds it raised the concern, and nobody else knows it. (查询码)
//!
//! The concern's id *is* the hash of the code, and the id stands in the log. So nothing has to be kept to
//! know the code again, and no server can forget it or give the concern to somebody else. 80 bits are too
//! many to guess, even for somebody who copies the log.

use core::fmt;

use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_VISUAL};
use ledger_core::name::ConcernId;
use sha2::{Digest as _, Sha256};

/// What is hashed first, so that no other hash can pass for a concern's id.
const DOMAIN: &[u8] = b"sanzi/concern-code/v1\n";

/// How many bytes a code has, and how many of the hash stand in the id.
const LENGTH: usize = 10;

/// The code of one concern; as secret as the resident wants to keep it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Code([u8; LENGTH]);

impl Code {
    /// A new one.
    pub(crate) fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads what somebody typed: case, spaces and hyphens do not count, and what looks alike is alike.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let text: String = text
            .chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let bytes = BASE32_NOPAD_VISUAL.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The id of the concern that it belongs to.
    pub(crate) fn id(&self) -> Option<ConcernId> {
        let hash = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(self.0)
            .finalize();
        let short = hash.get(..LENGTH).unwrap_or_default();
        let text = BASE32_NOPAD.encode(short).to_ascii_lowercase();
        grouped(&text).parse().ok()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(&BASE32_NOPAD.encode(&self.0)))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// In groups of four, for reading aloud.
fn grouped(text: &str) -> String {
    let mut grouped = String::with_capacity(text.len() * 5 / 4);
    for (place, c) in text.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            grouped.push('-');
        }
        grouped.push(c);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_again_however_it_is_typed() {
        let code = Code([0x5a; LENGTH]);
        let shown = code.to_string();
        assert_eq!(shown.len(), 19);
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', " "),
            format!(" {} ", shown.replace('-', "")),
        ] {
            assert_eq!(Code::typed(&typed), Some(code.clone()), "{typed}");
        }
        let alike = ["O0I1-B8AA-AAAA-AAAA", "ooii-bbaa-aaaa-aaaa"].map(Code::typed);
        assert!(alike[0].is_some() && alike[0] == alike[1]);
        for wrong in [
            "",
            "ABCD",
            "ABCD-EFGH-IJKL-MNO9",
            "ABCD-EFGH-IJKL-MNOP-Q",
            &shown[1..],
            "张三",
        ] {
            assert_eq!(Code::typed(wrong), None, "{wrong}");
        }
        assert!(!format!("{code:?}").contains(&shown));
    }

    #[test]
    fn the_id_says_nothing_of_the_code_and_is_fixed_for_ever() {
        let code = Code([0; LENGTH]);
        // Computed by: (printf 'sanzi/concern-code/v1\n'; head -c10 /dev/zero) | sha256sum
        assert_eq!(code.id().unwrap().as_str(), "o7uh-4fnm-546t-iufg");
        assert_ne!(Code([1; LENGTH]).id(), code.id());
    }
}
