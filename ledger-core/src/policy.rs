//! Trust policies: which logs, and how many of which witnesses. (见证规则)
//!
//! Says whether a checkpoint is to be believed; does not know how cosignatures are obtained. Follows C2SP
//! tlog-policy, with one limit of its own: names and URLs are UTF-8 (comments may be anything).

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::cosignature::{self, CosignatureError};
use crate::key::{Algorithm, KeyError, VerifierKey};
use crate::note::Note;

/// The largest policy that is read, in bytes.
pub const MAX_POLICY_BYTES: usize = 1_000_000;

/// A policy is not well formed, or a checkpoint does not satisfy it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The policy is too large.
    #[error(
        "见证规则应不超过 {MAX_POLICY_BYTES} 字节，实为 {found} (policy too large: {found} bytes)"
    )]
    Bytes {
        /// Its size in bytes.
        found: usize,
    },
    /// A line has not its form.
    #[error("第 {line} 行应为 {expected}，实为 {found:?} (line {line}: expected {expected})")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// The form that was expected.
        expected: &'static str,
        /// The line, cut to a length that fits a message.
        found: String,
    },
    /// A key cannot be used.
    #[error("第 {line} 行 (line {line}): {problem}")]
    Key {
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with the key.
        problem: KeyError,
    },
    /// A name, a key, a member or the quorum is given twice.
    #[error("第 {line} 行重复了 {found:?} (line {line}: {found:?} is given twice)")]
    Twice {
        /// The line's number, from 1.
        line: usize,
        /// What is given twice.
        found: String,
    },
    /// A name is not defined on a line before.
    #[error("第 {line} 行：{found:?} 未在前文定义 (line {line}: {found:?} is not defined before)")]
    Undefined {
        /// The line's number, from 1.
        line: usize,
        /// The name.
        found: String,
    },
    /// A group needs more members than it has, or none.
    #[error(
        "第 {line} 行：门槛应为 1 至 {members}，实为 {found:?} (line {line}: expected a threshold of 1 to {members}, found {found:?})"
    )]
    Threshold {
        /// The line's number, from 1.
        line: usize,
        /// How many members the group has.
        members: usize,
        /// The threshold.
        found: String,
    },
    /// There is no quorum line.
    #[error("缺少 quorum 行 (expected a quorum line)")]
    NoQuorum,
    /// The checkpoint is not one, or its log's signature is not true.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// None of the policy's logs has signed the checkpoint.
    #[error(
        "检查点出自未列入的日志 {found:?} (no log of the policy signed this checkpoint of {found:?})"
    )]
    UnknownLog {
        /// The checkpoint's origin.
        found: String,
    },
    /// A line that names a witness was not made by it.
    #[error("见证方 {witness} 的签名无效 (the cosignature of {witness} does not hold): {problem}")]
    Cosignature {
        /// The witness's name in the policy.
        witness: String,
        /// What is wrong with the line.
        problem: CosignatureError,
    },
    /// Too few witnesses have cosigned.
    #[error(
        "见证未达门槛 {expected:?}，已有 {found:?} (expected the quorum {expected:?}, found {found:?})"
    )]
    Quorum {
        /// The quorum's name.
        expected: String,
        /// The witnesses that have cosigned.
        found: Vec<String>,
    },
}

/// A log that the policy accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    key: VerifierKey,
    url: Option<String>,
}

impl Log {
    /// The key that signs its checkpoints; its name is the log's origin.
    #[must_use]
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Where the log is to be found.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

/// A witness that the policy knows. (见证方)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    name: String,
    key: VerifierKey,
    url: Option<String>,
}

impl Witness {
    /// Its name in this policy.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that makes its cosignatures.
    #[must_use]
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Where checkpoints are submitted to it.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

/// Which logs, which witnesses, and which of them must have cosigned. (见证规则)
///
/// Text form: tlog-policy, without comments, logs before witnesses before groups before the quorum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// The name of a witness or a group; `None` if no cosignature is needed.
    quorum: Option<String>,
}

/// A witness's cosignature that has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cosigned {
    /// The witness's name in the policy.
    pub witness: String,
    /// The latest time at which it cosigned, in seconds since 1970.
    pub time_seconds: u64,
}

/// What a policy says of a checkpoint that one of its logs has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a checkpoint is to be believed only if the quorum is met"]
pub struct PolicyVerdict {
    /// The key of the log.
    pub log: VerifierKey,
    /// The checkpoint, with the log's signature verified.
    pub checkpoint: SignedCheckpoint,
    /// The witnesses that cosigned, in the policy's order.
    pub cosigned: Vec<Cosigned>,
    /// The quorum's name; `None` if the policy needs no cosignature.
    pub quorum: Option<String>,
    /// Whether these witnesses are enough.
    pub quorum_met: bool,
}

impl PolicyVerdict {
    /// Returns the checkpoint if enough witnesses have cosigned it.
    ///
    /// # Errors
    /// [`PolicyError::Quorum`] if not.
    pub fn accept(self) -> Result<SignedCheckpoint, PolicyError> {
        if self.quorum_met {
            return Ok(self.checkpoint);
        }
        Err(PolicyError::Quorum {
            expected: self.quorum.unwrap_or_default(),
            found: self.cosigned.into_iter().map(|c| c.witness).collect(),
        })
    }
}

impl Policy {
    /// The logs, in the order of the text.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses, in the order of the text.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The name of the witness or group that must have cosigned; `None` if none must.
    #[must_use]
    pub fn quorum(&self) -> Option<&str> {
        self.quorum.as_deref()
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// The variant of [`PolicyError`] that says what is not as tlog-policy has it, and on which line.
    ///
    /// Source: C2SP tlog-policy.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > MAX_POLICY_BYTES {
            return Err(PolicyError::Bytes { found: bytes.len() });
        }
        let mut reader = Reader::default();
        for (line, bytes) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
            reader.line = line;
            reader.read(bytes)?;
        }
        let quorum = reader.quorum.ok_or(PolicyError::NoQuorum)?;
        Ok(Self {
            quorum,
            ..reader.policy
        })
    }

    /// Says what the policy makes of a signed checkpoint: which of its logs, which of its witnesses.
    ///
    /// # Errors
    /// [`PolicyError::UnknownLog`] if no log of the policy signed it, [`PolicyError::Checkpoint`] if it is
    /// not a true checkpoint, [`PolicyError::Cosignature`] if a line names a witness that did not make it.
    /// A quorum that is not met is no error here: see [`PolicyVerdict::accept`].
    pub fn check(&self, checkpoint: &[u8]) -> Result<PolicyVerdict, PolicyError> {
        self.check_note(Note::parse(checkpoint).map_err(CheckpointError::from)?)
    }

    /// As [`Policy::check`], for a note that has been parsed.
    ///
    /// # Errors
    /// As [`Policy::check`].
    pub fn check_note(&self, note: Note) -> Result<PolicyVerdict, PolicyError> {
        let found: Checkpoint = note.text().parse()?;
        let signed = |log: &&Log| {
            let mut lines = note.signatures().iter();
            log.key.name() == found.origin() && lines.any(|line| log.key.is_named_by(line))
        };
        // Each key that a line names must have made that line, though one of them would do.
        let keys: Vec<_> = self.logs.iter().filter(signed).map(Log::key).collect();
        let mut opened = None;
        for key in keys.into_iter().rev() {
            opened = Some((key, SignedCheckpoint::open_note(note.clone(), key)?));
        }
        let Some((log, checkpoint)) = opened else {
            let found = found.origin().to_owned();
            return Err(PolicyError::UnknownLog { found });
        };
        self.check_witnesses(log, checkpoint)
    }

    /// As [`Policy::check`], for a log that is known from elsewhere. A policy without logs is of any
    /// log; one that names logs is of those only.
    ///
    /// # Errors
    /// As [`Policy::check`].
    pub fn check_log(
        &self,
        checkpoint: &[u8],
        log: &VerifierKey,
    ) -> Result<PolicyVerdict, PolicyError> {
        let checkpoint = SignedCheckpoint::open(checkpoint, log)?;
        let named = |known: &Log| known.key == *log;
        if !self.logs.is_empty() && !self.logs.iter().any(named) {
            let found = checkpoint.checkpoint().origin().to_owned();
            return Err(PolicyError::UnknownLog { found });
        }
        self.check_witnesses(log, checkpoint)
    }

    fn check_witnesses(
        &self,
        log: &VerifierKey,
        checkpoint: SignedCheckpoint,
    ) -> Result<PolicyVerdict, PolicyError> {
        let mut cosigned = Vec::new();
        for witness in &self.witnesses {
            let error = |problem| PolicyError::Cosignature {
                witness: witness.name.clone(),
                problem,
            };
            let lines = checkpoint.note().signatures().iter();
            let mut latest = None;
            for line in lines.filter(|line| witness.key.is_named_by(line)) {
                let time = cosignature::verify(&witness.key, checkpoint.checkpoint(), line);
                latest = latest.max(Some(time.map_err(error)?));
            }
            cosigned.extend(latest.map(|time_seconds| Cosigned {
                witness: witness.name.clone(),
                time_seconds,
            }));
        }
        Ok(PolicyVerdict {
            quorum_met: self.is_met_by(cosigned.iter().map(|c| c.witness.as_str())),
            quorum: self.quorum.clone(),
            log: log.clone(),
            checkpoint,
            cosigned,
        })
    }

    /// Whether these witnesses, by their names in the policy, are enough.
    pub fn is_met_by<'a>(&'a self, witnesses: impl IntoIterator<Item = &'a str>) -> bool {
        let known = |name: &&str| self.witnesses.iter().any(|witness| witness.name == *name);
        let mut met: BTreeSet<&str> = witnesses.into_iter().filter(known).collect();
        // A group's members are defined before it, so that one pass in order is enough.
        for group in &self.groups {
            let members = group.members.iter();
            let count = members.filter(|name| met.contains(name.as_str())).count();
            if count >= group.threshold {
                met.insert(&group.name);
            }
        }
        self.quorum.as_deref().is_none_or(|name| met.contains(name))
    }
}

/// What has been read of a policy.
#[derive(Default)]
struct Reader {
    policy: Policy,
    quorum: Option<Option<String>>,
    defined: BTreeSet<String>,
    members: BTreeSet<String>,
    line: usize,
}

impl Default for Policy {
    /// No log, no witness, and none needed.
    fn default() -> Self {
        Self {
            logs: Vec::new(),
            witnesses: Vec::new(),
            groups: Vec::new(),
            quorum: None,
        }
    }
}

impl Reader {
    fn read(&mut self, bytes: &[u8]) -> Result<(), PolicyError> {
        let form = |expected| PolicyError::Line {
            line: self.line,
            expected,
            found: String::from_utf8_lossy(bytes).chars().take(160).collect(),
        };
        let content = bytes
            .strip_suffix(b"\n")
            .ok_or_else(|| form("a line that ends in a newline"))?;
        if content
            .iter()
            .any(|byte| byte.is_ascii_control() && *byte != b'\t')
        {
            return Err(form("no control characters"));
        }
        if content.trim_ascii_start().starts_with(b"#") {
            return Ok(());
        }
        let text = str::from_utf8(content).map_err(|_| form("UTF-8"))?;
        let words = text.split([' ', '\t']).filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        match *words.as_slice() {
            [] => Ok(()),
            ["log", key] => self.log(key, None),
            ["log", key, url] => self.log(key, Some(url)),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, threshold, ref members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            ["quorum", name] => self.quorum(name),
            _ => Err(form(
                "`log <vkey> [<url>]`, `witness <name> <vkey> [<url>]`, `group <name> all|any|<k> <name>…` or `quorum <name>`",
            )),
        }
    }

    fn log(&mut self, key: &str, url: Option<&str>) -> Result<(), PolicyError> {
        let key = self.key(key, Algorithm::Ed25519)?;
        let mut logs = self.policy.logs.iter();
        if logs.any(|log| log.key.public_key() == key.public_key()) {
            return Err(self.twice(&key.to_string()));
        }
        let url = url.map(str::to_owned);
        self.policy.logs.push(Log { key, url });
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), PolicyError> {
        let key = self.key(key, Algorithm::CosignatureV1)?;
        let mut witnesses = self.policy.witnesses.iter();
        if witnesses.any(|witness| witness.key.public_key() == key.public_key()) {
            return Err(self.twice(&key.to_string()));
        }
        let name = self.define(name)?;
        let url = url.map(str::to_owned);
        self.policy.witnesses.push(Witness { name, key, url });
        Ok(())
    }

    fn group(&mut self, name: &str, threshold: &str, names: &[&str]) -> Result<(), PolicyError> {
        let mut members = Vec::new();
        for member in names {
            self.expect(member)?;
            if !self.members.insert((*member).to_owned()) {
                return Err(self.twice(member));
            }
            members.push((*member).to_owned());
        }
        let threshold = match threshold {
            "all" => members.len(),
            "any" => 1,
            number => number
                .parse()
                .ok()
                .filter(|k: &usize| (1..=members.len()).contains(k) && k.to_string() == number)
                .ok_or_else(|| PolicyError::Threshold {
                    line: self.line,
                    members: members.len(),
                    found: number.to_owned(),
                })?,
        };
        let name = self.define(name)?;
        self.policy.groups.push(Group {
            name,
            threshold,
            members,
        });
        Ok(())
    }

    fn quorum(&mut self, name: &str) -> Result<(), PolicyError> {
        if self.quorum.is_some() {
            return Err(self.twice("quorum"));
        }
        if name == "none" {
            self.quorum = Some(None);
            return Ok(());
        }
        self.expect(name)?;
        self.quorum = Some(Some(name.to_owned()));
        Ok(())
    }

    fn key(&self, text: &str, purpose: Algorithm) -> Result<VerifierKey, PolicyError> {
        let line = self.line;
        let key: Result<VerifierKey, KeyError> = text.parse();
        key.and_then(|key| key.check_purpose(purpose).map(|()| key))
            .map_err(|problem| PolicyError::Key { line, problem })
    }

    fn define(&mut self, name: &str) -> Result<String, PolicyError> {
        if name == "none" || !self.defined.insert(name.to_owned()) {
            return Err(self.twice(name));
        }
        Ok(name.to_owned())
    }

    fn expect(&self, name: &str) -> Result<(), PolicyError> {
        if self.defined.contains(name) {
            return Ok(());
        }
        Err(PolicyError::Undefined {
            line: self.line,
            found: name.to_owned(),
        })
    }

    fn twice(&self, found: &str) -> PolicyError {
        PolicyError::Twice {
            line: self.line,
            found: found.to_owned(),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url =
            |url: &Option<String>| url.as_ref().map_or(String::new(), |url| format!(" {url}"));
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, url(&log.url))?;
        }
        for witness in &self.witnesses {
            writeln!(
                f,
                "witness {} {}{}",
                witness.name,
                witness.key,
                url(&witness.url)
            )?;
        }
        for group in &self.groups {
            let threshold = match group.threshold {
                all if all == group.members.len() => "all".to_owned(),
                1 => "any".to_owned(),
                k => k.to_string(),
            };
            writeln!(
                f,
                "group {} {threshold} {}",
                group.name,
                group.members.join(" ")
            )?;
        }
        writeln!(f, "quorum {}", self.quorum.as_deref().unwrap_or("none"))
    }
}

impl FromStr for Policy {
    type Err = PolicyError;
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        Self::parse(text.as_bytes())
    }
}

impl From<Policy> for String {
    fn from(policy: Policy) -> String {
        policy.to_string()
    }
}

impl TryFrom<String> for Policy {
    type Error = PolicyError;
    fn try_from(text: String) -> Result<Self, PolicyError> {
        text.parse()
    }
}
