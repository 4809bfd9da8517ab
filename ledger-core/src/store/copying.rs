//! Documents on their way, in parts: no longer in memory than it takes. (搬运)

use std::io::{ErrorKind, Read, Write};

use zeroize::Zeroizing;

use crate::hash::{Digest, DigestBuilder};

/// How much is in memory at a time, in bytes.
const PART: usize = 64 * 1024;

/// Copies all that a reader still gives, and says its digest and its length in bytes; into
/// [`std::io::sink`], where only these are wanted. What went through is wiped from memory.
///
/// # Errors
/// As reading or writing fails; then some of it may have been written.
pub fn copy_digested(from: &mut dyn Read, to: &mut dyn Write) -> std::io::Result<(Digest, u64)> {
    let mut digest = DigestBuilder::default();
    let mut length = 0;
    let mut part = Zeroizing::new(vec![0; PART]);
    loop {
        let count = match from.read(&mut part) {
            Ok(0) => return Ok((digest.finish(), length)),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        digest.update(&part[..count]);
        to.write_all(&part[..count])?;
        length += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::{PART, copy_digested};
    use crate::hash::Digest;

    /// Gives a byte at a time, and is interrupted before each.
    struct Halting<'a>(&'a [u8], bool);

    impl Read for Halting<'_> {
        fn read(&mut self, part: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = part.len().min(1);
            self.0.read(&mut part[..count])
        }
    }

    #[test]
    fn what_arrives_is_what_was_read_however_it_comes() {
        for length in [0, 1, PART - 1, PART, 3 * PART + 7] {
            let document: Vec<u8> = (0..length).map(|n| n as u8).collect();
            for from in [
                &mut document.as_slice() as &mut dyn Read,
                &mut Halting(&document, false),
            ] {
                let mut copy = Vec::new();
                let said = copy_digested(from, &mut copy).unwrap();
                assert_eq!(said, (Digest::of(&document), length as u64));
                assert_eq!(copy, document);
            }
        }
    }

    #[test]
    fn a_full_disk_is_no_digest() {
        let mut full: &mut [u8] = &mut [0; 10];
        assert!(copy_digested(&mut [1; 11].as_slice(), &mut full).is_err());
    }
}
