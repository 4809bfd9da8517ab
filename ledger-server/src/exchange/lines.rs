//! Raw entries as JSON Lines: one header, then one line for each entry. (逐条原文)
//!
//! The form is specified in FORMAT.md, *Entries as JSON Lines*. Reads strictly and one line at a time,
//! and believes nothing: that the entries hold is for [`ledger_core::ledger::Rebuild`] to say.

use std::io::{self, BufRead, Read as _, Write};

use ledger_core::admit::Entry;
use ledger_core::hash::Hash;
use ledger_core::state::State;
use ledger_core::{Origin, Pins, VerifierKey};
use serde::{Deserialize, Serialize};

use super::Form;

/// What the first line says the file is.
const FORM: &str = "sanzi entries 1";

/// The longest line, in bytes: an entry of the greatest length, every byte of it escaped.
const LINE_LIMIT: usize = 6 * ledger_core::store::MAX_ENTRY_BYTES + 1024;

/// The first line: which ledger this is, and the checkpoint that its entries come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// The signed checkpoint, verbatim, with all cosignatures.
    pub(crate) checkpoint: String,
    /// [`FORM`].
    form: String,
    /// The leaf hash of entry 0.
    pub(crate) ledger_id: Hash,
    /// The key that signed the checkpoint.
    pub(crate) log_key: VerifierKey,
    /// The name of the log.
    pub(crate) origin: Origin,
    /// The root that the checkpoint states.
    pub(crate) root: Hash,
    /// How many entries the checkpoint states.
    pub(crate) size: u64,
    /// Whether this is a training ledger.
    pub(crate) training: bool,
}

impl Header {
    /// The header of a ledger's file; `None` if the checkpoint states no tree.
    fn new(pins: &Pins, checkpoint: &str, training: bool) -> Option<Self> {
        let (size, root) = ledger_core::store::stated_tree(checkpoint.as_bytes())?;
        Some(Self {
            checkpoint: checkpoint.to_owned(),
            form: FORM.to_owned(),
            ledger_id: pins.ledger_id,
            log_key: pins.log_key.clone(),
            origin: pins.origin.clone(),
            root,
            size,
            training,
        })
    }

    /// What the file itself offers to pin.
    pub(crate) fn pins(&self) -> Pins {
        Pins {
            ledger_id: self.ledger_id,
            log_key: self.log_key.clone(),
            origin: self.origin.clone(),
        }
    }
}

/// A line after the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// The entry, verbatim: entries are UTF-8.
    pub(crate) entry: String,
    /// Its place in the log.
    pub(crate) index: u64,
    /// Its leaf hash.
    pub(crate) leaf: Hash,
}

/// Writes raw entries.
pub(crate) struct Lines<W> {
    /// The signed checkpoint of all of them.
    pub(crate) checkpoint: String,
    /// The ledger.
    pub(crate) pins: Pins,
    /// Where to.
    pub(crate) out: W,
}

impl<W: Write> Lines<W> {
    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

impl<W: Write> Form for Lines<W> {
    fn entry(&mut self, entry: &Entry, state: &State) -> anyhow::Result<()> {
        if entry.index() == 0 {
            let training = state.ledger().is_some_and(|ledger| ledger.training);
            let header = Header::new(&self.pins, &self.checkpoint, training);
            self.line(&header.ok_or_else(|| anyhow::anyhow!("checkpoint"))?)?;
        }
        let line = Line {
            entry: String::from_utf8(entry.bytes().to_vec())?,
            index: entry.index(),
            leaf: entry.leaf(),
        };
        Ok(self.line(&line)?)
    }

    fn finish(mut self: Box<Self>, _: &State) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }
}

/// A file is not one of raw entries. (格式不符)
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LineError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The file ends before its last entry.
    #[error(
        "文件到此为止，首行说有 {expected} 条，只有 {found} 条：文件不完整 (the file ends here: it should have {expected} entries, found {found})"
    )]
    Ended {
        /// What the header says.
        expected: u64,
        /// How many there were.
        found: u64,
    },
    /// The line is longer than an entry can be.
    #[error("这一行超过 {LINE_LIMIT} 字节 (longer than {LINE_LIMIT} bytes)")]
    TooLong,
    /// The line is not of its form.
    #[error("应为一行{expected}，读不懂：{fault} (expected {expected_en})")]
    Form {
        /// What it should be.
        expected: &'static str,
        /// The same in English.
        expected_en: &'static str,
        /// What is wrong.
        fault: String,
    },
    /// The file is of another form, or of a newer version.
    #[error(
        "文件格式应为 {FORM:?}，实为 {found:?}；若是新版导出的，请升级 (expected the form {FORM:?}, found {found:?})"
    )]
    Version {
        /// What it says it is.
        found: String,
    },
    /// The header contradicts itself.
    #[error("size、root 与检查点所说的不同 (size and root are not those of the checkpoint)")]
    Tree,
    /// An entry is missing, twice there, or out of its order.
    #[error(
        "应为第 {expected} 条，实为第 {found} 条：缺了、重了或乱了次序 (expected entry {expected}, found {found}: missing, repeated or out of order)"
    )]
    Order {
        /// The entry whose turn it is.
        expected: u64,
        /// The one that the line says it is.
        found: u64,
    },
    /// The entry is not the one whose leaf hash stands beside it.
    #[error(
        "条目内容与叶哈希不符：写的是 {expected}，算得 {found} (the leaf hash says {expected}, the entry gives {found})"
    )]
    Leaf {
        /// The hash on the line.
        expected: Hash,
        /// The hash of the entry.
        found: Hash,
    },
    /// There is something after the last entry.
    #[error("首行说有 {size} 条，后面还有内容 (there is more after the last of {size} entries)")]
    More {
        /// What the header says.
        size: u64,
    },
}

/// Reads a file of raw entries line by line.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    from: R,
    header: Header,
    next: u64,
    /// The number of the line that was read last, from 1.
    number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub(crate) fn new(mut from: R) -> Result<Self, LineError> {
        let mut line = Vec::new();
        read_line(&mut from, &mut line)?;
        let header: Header = parse(&line, "文件头", "a header")?;
        if header.form != FORM {
            let found = header.form.chars().take(80).collect();
            return Err(LineError::Version { found });
        }
        let stated = ledger_core::store::stated_tree(header.checkpoint.as_bytes());
        if stated != Some((header.size, header.root)) {
            return Err(LineError::Tree);
        }
        Ok(Self {
            from,
            header,
            next: 0,
            number: 1,
            line,
        })
    }

    /// What the first line says.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// The number of the line that was read last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The next entry, of its place and leaf hash; `None` after the last.
    pub(crate) fn entry(&mut self) -> Result<Option<String>, LineError> {
        self.number += 1;
        let more = read_line(&mut self.from, &mut self.line)?;
        let (expected, size) = (self.next, self.header.size);
        match (more, expected < size) {
            (false, false) => return Ok(None),
            (false, true) => {
                let (expected, found) = (size, expected);
                return Err(LineError::Ended { expected, found });
            }
            (true, false) => return Err(LineError::More { size }),
            (true, true) => {}
        }
        let Line { entry, index, leaf } = parse(&self.line, "条目", "an entry")?;
        if index != expected {
            let found = index;
            return Err(LineError::Order { expected, found });
        }
        let found = Hash::leaf(entry.as_bytes());
        if found != leaf {
            let expected = leaf;
            return Err(LineError::Leaf { expected, found });
        }
        self.next += 1;
        Ok(Some(entry))
    }
}

/// Reads one line, with its end; whether there was one.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, LineError> {
    line.clear();
    let mut limited = from.take(LINE_LIMIT as u64 + 1);
    limited.read_until(b'\n', line)?;
    if line.len() > LINE_LIMIT {
        return Err(LineError::TooLong);
    }
    Ok(!line.is_empty())
}

fn parse<'a, T: Deserialize<'a>>(
    line: &'a [u8],
    expected: &'static str,
    expected_en: &'static str,
) -> Result<T, LineError> {
    serde_json::from_slice(line).map_err(|error| LineError::Form {
        expected,
        expected_en,
        fault: error.to_string(),
    })
}
