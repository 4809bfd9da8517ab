//! Findings on their way to one receiver, on the disk until it has taken them. (发件箱)
//!
//! ```text
//! <folder>/<number>-<id>.json   a finding that waits
//! <folder>/message              the message that is being sent, with the same bytes until it is taken
//! <folder>/pace                 when the last messages left
//! ```
//!
//! At least once: a message whose answer was lost is sent again with the same id. Nobody who puts
//! findings in waits for a receiver. When more than [`MERGE_ABOVE`] wait, those about the same are
//! merged into the newest of them, so that there are never more than subjects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use ledger_core::hash::Digest;
use serde::{Deserialize, Serialize};

use super::finding::{Finding, Severity};
use super::pace::{Pace, pause};
use super::target::{Target, Undelivered};
use crate::keeping;
use crate::terminal::Terminal;

/// From how many waiting findings on those about the same are merged.
const MERGE_ABOVE: usize = 500;

/// After how many failures in a row, and every so many more, a person is told.
const TOLD_EVERY: u32 = 8;

const MESSAGE: &str = "message";
const PACE: &str = "pace";

/// A message as it is sent, byte for byte, until it is taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    pub(crate) body: String,
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created_at: u64,
    /// The names of the findings' files.
    files: Vec<String>,
}

/// What waits for one receiver.
pub(crate) struct Outbox {
    terminal: Terminal,
    folder: PathBuf,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// By file name, oldest first.
    findings: BTreeMap<String, Finding>,
    sending: Option<Message>,
    next: u64,
    stopped: bool,
}

impl Outbox {
    /// Opens the folder with what an earlier process left in it.
    pub(crate) fn open(terminal: Terminal, folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let mut waiting = Waiting::default();
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let Some((number, _)) = name.split_once('-').filter(|_| name.ends_with(".json")) else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            let path = folder.join(&name);
            let read = std::fs::read(&path).with_context(|| path.display().to_string())?;
            let finding = serde_json::from_slice(&read).with_context(|| {
                terminal.pick(
                    format!("{} 损坏；删去这个文件就会跳过这一条", path.display()),
                    format!("{} is damaged; remove the file to skip it", path.display()),
                )
            })?;
            waiting.next = waiting.next.max(number + 1);
            waiting.findings.insert(name, finding);
        }
        waiting.sending = read(&folder.join(MESSAGE))?;
        Ok(Self {
            terminal,
            folder: folder.to_owned(),
            waiting: Mutex::new(waiting),
            changed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes findings; they are on the disk when it returns. One that waits already is not taken twice.
    pub(crate) fn put(&self, findings: &[Finding]) -> anyhow::Result<()> {
        let mut waiting = self.lock();
        for finding in findings {
            if waiting
                .findings
                .values()
                .any(|there| there.id == finding.id)
            {
                continue;
            }
            let name = format!("{:016}-{}.json", waiting.next, finding.id);
            self.write(&name, &serde_json::to_vec(finding)?)?;
            waiting.next += 1;
            waiting.findings.insert(name, finding.clone());
        }
        if waiting.findings.len() > MERGE_ABOVE {
            self.merge(&mut waiting)?;
        }
        self.changed.notify_all();
        Ok(())
    }

    /// Takes over what waits in other folders: a receiver whose URL was changed is still to be told.
    pub(crate) fn take_over(&self, kind: &str) -> anyhow::Result<()> {
        let all = self.folder.parent().unwrap_or(Path::new("."));
        for entry in std::fs::read_dir(all)? {
            let (path, name) = {
                let entry = entry?;
                (
                    entry.path(),
                    entry.file_name().to_string_lossy().into_owned(),
                )
            };
            if path == self.folder || !name.starts_with(kind) {
                continue;
            }
            let other = Self::open(self.terminal, &path)?;
            let waiting: Vec<Finding> = other.lock().findings.values().cloned().collect();
            self.put(&waiting)?;
            std::fs::remove_dir_all(&path).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }

    /// Merges findings about the same into the newest of them.
    fn merge(&self, waiting: &mut Waiting) -> anyhow::Result<()> {
        let held: Vec<String> = (waiting.sending.iter())
            .flat_map(|message| message.files.iter().cloned())
            .collect();
        let mut newest: BTreeMap<String, String> = BTreeMap::new();
        let names: Vec<String> = waiting.findings.keys().cloned().collect();
        for name in names.into_iter().filter(|name| !held.contains(name)) {
            let Some(finding) = waiting.findings.get(&name) else {
                continue;
            };
            let origin = finding.ledger.as_ref().map_or("", |origin| origin.as_str());
            let about = format!("{origin} {}", finding.subject);
            let Some(older) = newest.insert(about, name.clone()) else {
                continue;
            };
            let times = waiting.findings.get(&older).map_or(0, |older| older.times);
            if let Some(finding) = waiting.findings.get_mut(&name) {
                finding.times = finding.times.saturating_add(times);
                self.write(&name, &serde_json::to_vec(finding)?)?;
            }
            waiting.findings.remove(&older);
            self.remove(&older)?;
        }
        Ok(())
    }

    /// How many findings wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().findings.len()
    }

    /// Ends [`Outbox::deliver`].
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Waits until nothing waits any more, or the time is over.
    pub(crate) fn drained(&self, within: Duration) -> bool {
        let until = Instant::now() + within;
        let mut waiting = self.lock();
        while !waiting.findings.is_empty() || waiting.sending.is_some() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.changed.wait_timeout(waiting, left);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Sends what waits, again and again until it is taken, until told to stop.
    pub(crate) fn deliver(&self, target: &Target) -> anyhow::Result<()> {
        let pace: Option<Pace> = read(&self.folder.join(PACE))?;
        let mut pace = pace.unwrap_or_default().resumed(now());
        let mut failures = 0;
        loop {
            let wait = pace.wait(target.limit(), now());
            if self.is_stopped_within(wait) {
                return Ok(());
            }
            let Some(message) = self.next_message(target)? else {
                return Ok(());
            };
            pace.begin(now());
            self.write(PACE, &serde_json::to_vec(&pace)?)?;
            let sent = target.send(&message);
            pace.end(now());
            self.write(PACE, &serde_json::to_vec(&pace)?)?;
            let Err(undelivered) = sent else {
                failures = 0;
                self.taken(&message)?;
                continue;
            };
            failures += 1;
            let wait = pause(failures).max(undelivered.wait.unwrap_or_default());
            if failures % TOLD_EVERY == 1 {
                self.tell(target, &undelivered, failures);
            }
            if self.is_stopped_within(wait) {
                return Ok(());
            }
        }
    }

    fn tell(&self, target: &Target, undelivered: &Undelivered, failures: u32) {
        let (name, why, waiting) = (target.name(), &undelivered.why, self.len());
        self.terminal.advise(self.terminal.pick(
            format!("{name} 没有收下消息（第 {failures} 次）：{why}。{waiting} 条发现留在发件箱，会一直再试"),
            format!("{name} did not take a message (attempt {failures}): {why}. {waiting} findings stay in the outbox and are tried again"),
        ));
    }

    /// Whether it was told to stop, within that time.
    pub(crate) fn is_stopped_within(&self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        let mut waiting = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if waiting.stopped || left.is_zero() {
                return waiting.stopped;
            }
            let woken = self.changed.wait_timeout(waiting, left);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The message that is to be sent next, on the disk; waits for findings. `None` when told to stop.
    fn next_message(&self, target: &Target) -> anyhow::Result<Option<Message>> {
        let mut waiting = self.lock();
        loop {
            if waiting.stopped {
                return Ok(None);
            }
            if let Some(message) = &waiting.sending {
                return Ok(Some(message.clone()));
            }
            if !waiting.findings.is_empty() {
                break;
            }
            let woken = self.changed.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
        let message = self.compose(target, &waiting);
        self.write(MESSAGE, &serde_json::to_vec(&message)?)?;
        waiting.sending = Some(message.clone());
        Ok(Some(message))
    }

    /// A message of what waits, the gravest first, as many as fit.
    fn compose(&self, target: &Target, waiting: &Waiting) -> Message {
        let mut all: Vec<(&String, &Finding)> = waiting.findings.iter().collect();
        let rank = |finding: &Finding| match finding.severity {
            Severity::Critical => 0,
            Severity::Warning | Severity::Info => 1,
        };
        all.sort_by_key(|(name, finding)| (rank(finding), *name));
        let findings: Vec<&Finding> = all.iter().map(|(_, finding)| *finding).collect();
        let created_at = now() / 1000;
        let ids = findings.iter().map(|finding| finding.id.as_str());
        let ids: Vec<&str> = ids.collect();
        let digest = Digest::of(format!("{created_at} {}", ids.join(" ")).as_bytes());
        let id: String = digest.to_string().chars().take(32).collect();
        let (body, taken) = target.compose(&findings, &id);
        let files = all.iter().take(taken).map(|(name, _)| (*name).clone());
        Message {
            body,
            id,
            created_at,
            files: files.collect(),
        }
    }

    /// The receiver has taken a message.
    fn taken(&self, message: &Message) -> anyhow::Result<()> {
        let mut waiting = self.lock();
        for file in &message.files {
            self.remove(file)?;
            waiting.findings.remove(file);
        }
        self.remove(MESSAGE)?;
        waiting.sending = None;
        self.changed.notify_all();
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        keeping::put(self.terminal, &self.folder.join(name), bytes, true)
    }

    fn remove(&self, name: &str) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| path.display().to_string())
            }
            _ => Ok(()),
        }
    }
}

fn read<T: for<'a> Deserialize<'a>>(file: &Path) -> anyhow::Result<Option<T>> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .with_context(|| file.display().to_string())
            .map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| file.display().to_string()),
    }
}

/// This computer's clock, in milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Kind, Standing};
    use super::*;
    use ledger_core::{Language, LogTime};

    fn finding(number: usize, about: usize) -> Finding {
        Finding {
            at: LogTime::MIN,
            details: serde_json::Value::Null,
            evidence: None,
            id: format!("{number:016x}"),
            ledger: None,
            message: format!("第 {number} 条"),
            name: None,
            severity: Severity::Warning,
            since: LogTime::MIN,
            source: None,
            state: Standing::Found,
            subject: format!("overdue - {about}"),
            training: false,
            times: 1,
            kind: Kind::Overdue,
        }
    }

    fn open(folder: &Path) -> Outbox {
        Outbox::open(Terminal::new(Language::En), folder).unwrap()
    }

    #[test]
    fn what_waits_is_there_again_and_nothing_twice() {
        let kept = tempfile::tempdir().unwrap();
        let outbox = open(kept.path());
        outbox.put(&[finding(1, 1), finding(2, 2)]).unwrap();
        outbox.put(&[finding(2, 2), finding(3, 3)]).unwrap();
        drop(outbox);
        let outbox = open(kept.path());
        outbox.put(&[finding(3, 3)]).unwrap();
        let ids: Vec<String> = outbox
            .lock()
            .findings
            .values()
            .map(|f| f.id.clone())
            .collect();
        assert_eq!(ids, [1, 2, 3].map(|n| format!("{n:016x}")));
    }

    #[test]
    fn what_nobody_takes_is_merged_and_no_subject_is_lost() {
        let kept = tempfile::tempdir().unwrap();
        let outbox = open(kept.path());
        let many: Vec<Finding> = (0..620).map(|n| finding(n, n % 70)).collect();
        for some in many.chunks(155) {
            outbox.put(some).unwrap();
            assert!(outbox.len() <= MERGE_ABOVE + 300);
        }
        let again = open(kept.path());
        let waiting = again.lock();
        let times: u32 = waiting.findings.values().map(|f| f.times).sum();
        assert_eq!(times, 620);
        let subjects: std::collections::BTreeSet<&str> = waiting
            .findings
            .values()
            .map(|f| f.subject.as_str())
            .collect();
        assert_eq!(subjects.len(), 70);
        assert!(waiting.findings.len() <= MERGE_ABOVE);
        // The newest words about each are there.
        let last = |n: usize| {
            waiting
                .findings
                .values()
                .any(|f| f.id == format!("{n:016x}"))
        };
        assert!((550..620).all(last));
    }
}
