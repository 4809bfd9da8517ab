//! A concern as lists and pages show it: what was said, how far it has come, and how much time is left.

use ledger_core::LogTime;
use ledger_core::hash::Commitment;
use ledger_core::language::Language;
use ledger_core::name::ConcernId;

use super::Scene;
use super::facts::{Part, moment};
use crate::catalogue::{BEGINNING, Voiced};
use crate::intake::{Words, words_of};

/// A concern in a list.
pub(super) struct ConcernRow {
    pub(super) id: String,
    pub(super) transaction: String,
    pub(super) said: Said,
    pub(super) subject: &'static str,
    pub(super) overdue: bool,
    /// How much of the time to answer is left.
    pub(super) left: Option<String>,
    pub(super) state: Far,
    pub(super) time: String,
    pub(super) stars: Option<u8>,
}

/// How far a concern has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Far {
    Waiting,
    Answered,
    Settled,
}

impl ConcernRow {
    /// As a list shows it.
    pub(super) fn of(scene: &Scene, concern: &Voiced) -> Self {
        Self::with(scene, concern, BEGINNING)
    }

    /// With so many characters of what was said.
    pub(super) fn with(scene: &Scene, concern: &Voiced, characters: usize) -> Self {
        let (l, now) = (scene.visit.language, scene.visit.now);
        let state = match (concern.answered_in, concern.is_closed) {
            (None, _) => Far::Waiting,
            (Some(_), false) => Far::Answered,
            (Some(_), true) => Far::Settled,
        };
        let deadline = moment(concern.deadline.at.minus_seconds(1));
        let time = match concern.answered_at {
            None => l.pick(
                format!("最迟 {deadline} 答复"),
                format!("to be answered by {deadline}"),
            ),
            Some(at) => l.pick(
                format!("{} 答复", moment(at)),
                format!("answered {}", moment(at)),
            ),
        };
        Self {
            id: concern.id.to_string(),
            transaction: concern.transaction.to_string(),
            said: Said::of(scene, concern, characters),
            subject: l.pick(concern.subject.zh(), subject_en(concern.subject)),
            overdue: concern.is_overdue(now),
            left: concern
                .answered_in
                .is_none()
                .then(|| left(l, concern.deadline.at, now)),
            state,
            time,
            stars: concern.stars,
        }
    }
}

/// What a resident said, as a page shows it.
pub(super) enum Said {
    /// It stands in the entry, or its beginning does.
    InEntry(Part),
    /// It is kept beside the entry, and opens its commitment; which entry, where all of it is shown.
    Beside(String, Option<u64>),
    /// It is no longer shown: by which entry, and why.
    Hidden(u64, Part),
    /// An entry erased it.
    Erased(u64),
    /// It is not kept here.
    Missing,
}

impl Said {
    pub(super) fn of(scene: &Scene, concern: &Voiced, characters: usize) -> Self {
        if let Some((by, reason)) = &concern.hidden {
            let reason = Part::fact(*by, "/event/reason", "text", reason.clone());
            return Self::Hidden(*by, reason);
        }
        let Some(commitment) = &concern.words else {
            return Self::InEntry(match concern.is_whole {
                true => Part::fact(concern.index, "/event/text", "text", concern.text.clone()),
                false => Part::derived(format!("{}…", concern.text)),
            });
        };
        let at = (concern.index, commitment);
        Self::kept(scene, &concern.id, at, characters)
    }

    /// What is kept beside an entry.
    pub(super) fn kept(
        scene: &Scene,
        id: &ConcernId,
        (entry, commitment): (u64, &Commitment),
        characters: usize,
    ) -> Self {
        let documents = scene.snapshot.reader.documents();
        match words_of(documents.as_ref(), commitment) {
            Ok(Words::Open { text, .. }) => {
                let shown = beginning(&text, characters);
                let whole = (shown == text).then_some(entry);
                Self::Beside(shown, whole)
            }
            Ok(Words::Erased(by)) => Self::Erased(by),
            Ok(Words::Missing) => Self::Missing,
            Err(error) => {
                tracing::warn!(%error, concern = %id, "words cannot be shown");
                Self::Missing
            }
        }
    }
}

fn beginning(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// How much time is left until a deadline, or how long it has passed.
fn left(l: Language, deadline: LogTime, now: LogTime) -> String {
    let (late, seconds) = match now < deadline {
        true => (false, deadline.seconds_since(now)),
        false => (true, now.seconds_since(deadline)),
    };
    let time = match (seconds / 86_400, seconds / 3600) {
        (0, 0) => l.pick("不到 1 小时", "less than an hour").to_owned(),
        (0, hours) => l.pick(format!("{hours} 小时"), format!("{hours} h")),
        (days, _) => l.pick(format!("{days} 天"), format!("{days} d")),
    };
    match late {
        false => l.pick(format!("还剩 {time}"), format!("{time} left")),
        true => l.pick(format!("已超 {time}"), format!("{time} late")),
    }
}

/// What a concern is about, in English.
pub(super) fn subject_en(subject: ledger_core::record::ConcernSubject) -> &'static str {
    use ledger_core::record::ConcernSubject as Subject;
    match subject {
        Subject::PrePlan => "publication before the plan",
        Subject::Plan => "publication of the plan",
        Subject::Result => "result",
        Subject::Completion => "publication of completion",
        Subject::General => "general",
    }
}

impl ConcernRow {
    pub(super) fn is_waiting(&self) -> bool {
        self.state == Far::Waiting
    }

    pub(super) fn is_settled(&self) -> bool {
        self.state == Far::Settled
    }
}
