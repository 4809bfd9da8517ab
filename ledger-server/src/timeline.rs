//! Entries as people read them: what, when by both clocks, late or not, signed by whom as what.

use ledger_core::Step;
use ledger_core::admit::Entry;
use ledger_core::event::{Event, Statement};
use ledger_core::name::StreamId;
use ledger_core::record::DocumentRef;
use ledger_core::signing;
use ledger_core::state::State;
use ledger_core::transaction::Transaction;
use ledger_core::{Language, LogTime, MemberId, Role};
use serde_json::{Value, json};

use crate::moment;
use crate::words::{self, Words, words_for};

/// An entry that holds, with what the ledger knew of it when it came.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) index: u64,
    pub(crate) received_at: LogTime,
    pub(crate) recorded_late: bool,
    pub(crate) signers: Vec<(MemberId, Vec<Role>)>,
    pub(crate) statement: Statement,
    /// In words, one line each.
    pub(crate) lines: Vec<String>,
    /// What it is, when it was received, and who signed, in one line.
    line: String,
    pub(crate) training: bool,
}

impl Shown {
    /// An entry, seen with the state after it, and its transaction as it stood before: what a
    /// correction replaced.
    pub(crate) fn new(
        language: Language,
        entry: &Entry,
        state: &State,
        before: Option<&Transaction>,
    ) -> Self {
        let statement = entry.statement();
        let words = Words {
            transaction: before,
            ..words_for(language, state, statement)
        };
        let mut lines = words::lines(&words.statement(statement), language);
        let signers = roles(entry, state);
        let offset = words.utc_offset_minutes();
        let recorded_late = late(entry, state);
        let late = if recorded_late {
            language.pick("【补录】", " [RECORDED LATE]")
        } else {
            ""
        };
        let received = moment::logged(entry.received_at(), offset);
        lines.push(language.pick(
            format!("  登记时间：{received}{late}"),
            format!("  received at: {received}{late}"),
        ));
        for (member, roles) in &signers {
            let roles: Vec<&str> = roles.iter().map(|role| words.role(*role)).collect();
            let roles = roles.join(language.pick("、", ", "));
            let name = words.member(member);
            lines.push(language.pick(
                format!("  签署：{name} 作为{roles}"),
                format!("  signed: {name} as {roles}"),
            ));
        }
        let names: Vec<String> = signers.iter().map(|(id, _)| words.member(id)).collect();
        let line = format!(
            "{:>5}  {received}{late}  {}  {}",
            entry.index(),
            words.title(&statement.event),
            names.join(language.pick("、", ", "))
        );
        Self {
            line,
            index: entry.index(),
            received_at: entry.received_at(),
            recorded_late,
            signers,
            statement: statement.clone(),
            lines,
            training: words.ledger.is_some_and(|ledger| ledger.training),
        }
    }

    /// Adds what became of its private documents since, as the ledger stands now.
    pub(crate) fn note_erasures(&mut self, language: Language, state: &State) {
        let Some(papers) = state.papers(&self.statement.stream) else {
            return;
        };
        for document in self.statement.event.documents() {
            let DocumentRef::Private {
                commitment, title, ..
            } = document
            else {
                continue;
            };
            if let Some(entry) = papers.of(commitment).and_then(|paper| paper.erased_by) {
                self.lines.push(language.pick(
                    format!("  不公开材料「{title}」已由第 {entry} 条销毁，承诺仍然有效"),
                    format!("  private document “{title}”: erased by entry {entry}, the commitment stands"),
                ));
            }
        }
    }

    /// The entry in one line.
    pub(crate) fn brief(&self, language: Language) -> String {
        let star = match step_of(&self.statement).and_then(Step::publication_point) {
            Some(_) => language.pick(" ★", " *"),
            None => "",
        };
        format!("{}{star}", self.line)
    }

    pub(crate) fn to_json(&self) -> Value {
        let signers: Vec<Value> = self
            .signers
            .iter()
            .map(|(member, roles)| json!({ "member": member, "roles": roles }))
            .collect();
        json!({
            "index": self.index, "received_at": self.received_at, "recorded_late": self.recorded_late,
            "signers": signers, "statement": self.statement, "step": self.statement.event.step().map(|view| view.step.number()),
        })
    }
}

/// In which role each signer signed.
pub(crate) fn roles(entry: &Entry, state: &State) -> Vec<(MemberId, Vec<Role>)> {
    let Some(ledger) = state.ledger() else {
        return Vec::new();
    };
    let (position, signers) = (entry.index(), entry.signers());
    let rule = state
        .charter_of(&entry.statement().stream)
        .and_then(|charter| {
            signing::rule_of(
                charter,
                &entry.statement().event,
                state.transaction_of(&entry.statement().stream),
            )
        });
    let assigned =
        rule.and_then(|rule| signing::assign(signers, rule, &ledger.roster, position).ok());
    // The founding is signed by all, in all the roles they take up with it.
    let at = if matches!(entry.statement().event, Event::LedgerOpened(_)) {
        1
    } else {
        position
    };
    let held = |id: &MemberId| {
        ledger
            .roster
            .member(id)
            .map(|m| m.roles_at(at).collect())
            .unwrap_or_default()
    };
    signers
        .iter()
        .enumerate()
        .map(|(place, id)| match &assigned {
            Some(roles) => (id.clone(), roles.get(place).copied().into_iter().collect()),
            None => (id.clone(), held(id)),
        })
        .collect()
}

/// Whether the ledger marked it as recorded late.
pub(crate) fn late(entry: &Entry, state: &State) -> bool {
    let index = entry.index();
    let stream = &entry.statement().stream;
    if let StreamId::Concern(id) = stream {
        let concern = state.concern(id);
        let recorded = concern.and_then(|concern| concern.recorded(index));
        return recorded.is_some_and(|recorded| recorded.recorded_late);
    }
    let recorded = match state.transaction_of(stream) {
        Some(transaction) => transaction.recorded(index),
        None => state
            .ledger()
            .and_then(|ledger| {
                ledger
                    .notes
                    .iter()
                    .find(|noted| noted.recorded.index == index)
            })
            .map(|noted| &noted.recorded),
    };
    recorded.is_some_and(|recorded| recorded.recorded_late)
}

/// The step that an entry records, for headings.
pub(crate) fn step_of(statement: &Statement) -> Option<Step> {
    statement.event.step().map(|view| view.step)
}
