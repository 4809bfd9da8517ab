//! What becomes of a draft: begun, signed, put behind what came meanwhile, entered, taken back. (会签)
//!
//! A signature counts only over the statement as it stands: if its stream has moved on, the draft is put
//! behind the new head, every signature falls, and whoever had signed is asked again. What all have signed
//! goes to the writer as it is; the log finds at most one entry for it, however often it is sent.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use ledger_core::authenticate::authenticate;
use ledger_core::event::{SignedEvent, Statement};
use ledger_core::hash::Digest;
use ledger_core::ledger::{AppendError, LedgerError};
use ledger_core::refusal::Class;
use ledger_core::store::StoreError;
use ledger_core::store::local::DocumentName;
use ledger_core::{Language, MemberId, Refusal};

use super::draft::{Draft, DraftId, Ended, Rebased};
use super::inbox::{Drafts, Inbox};
use super::session::Sitting;
use super::standing::Standing;
use crate::catalogue::NoView;
use crate::drafting::{self, Drafting, Fault};
use crate::queue::SubmitError;
use crate::served::{Served, Snapshot};
use crate::signers::{self, Seat};

mod lines;
mod not_done;
mod now;

pub(crate) use not_done::NotDone;

/// How long an entry may take.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// How a draft stands after it was touched.
#[derive(Debug)]
pub(crate) enum State {
    /// Others have to sign.
    Waiting,
    /// It stands in the log.
    Entered(u64),
    /// All have signed, and it is not in the log yet: it is tried again by itself.
    Held(SubmitError),
    /// All have signed, and a rule refuses it now: it is tried again by itself.
    Refused(Fault),
    /// The stream had moved: it says something new now, which nobody has signed.
    Moved,
    /// The stream had moved, and a rule refuses what it would say now.
    Stuck(Fault),
}

/// A draft as it is put before the rules.
struct Judged<'a> {
    drafting: Drafting<'a>,
    standing: &'a Standing,
}

impl<'a> Judged<'a> {
    fn of(
        standing: &'a Standing,
        statement: &'a Statement,
        by: &MemberId,
    ) -> Result<Self, NotDone> {
        let kind = statement.event.kind();
        let signer = (by.clone(), Language::Zh);
        let drafting = Drafting::of(
            kind,
            statement.stream.clone(),
            None,
            &standing.state,
            signer,
        );
        let drafting = drafting.ok_or(NotDone::View(NoView::Failed(LedgerError::Empty)))?;
        Ok(Self { drafting, standing })
    }

    fn refused(&self, statement: &Statement, fault: Fault) -> NotDone {
        let kind = statement.event.kind();
        NotDone::Refused { fault, kind }
    }
}

/// One ledger's drafts, and the ledger as it stands.
pub(crate) struct Table<'a> {
    inbox: &'a Inbox,
    ledger: &'a Served,
    snapshot: Arc<Snapshot>,
}

impl<'a> Table<'a> {
    /// The drafts of a ledger, by its newest snapshot.
    pub(crate) fn of(ledger: &'a Served) -> Result<Self, NotDone> {
        let inbox = ledger.desk.inbox.as_ref().ok_or(NotDone::NoInbox)?;
        let snapshot = ledger.snapshot();
        Ok(Self {
            inbox,
            ledger,
            snapshot,
        })
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        self.inbox
    }

    pub(crate) fn ledger(&self) -> &Served {
        self.ledger
    }

    pub(crate) fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Begins a draft of a signed note, or of a statement that others are to sign. Gives its name, and
    /// whether it is new: what has been begun is not begun again. May wait for a disk.
    pub(crate) fn begin(
        &self,
        sitting: &Sitting,
        given: &Given,
    ) -> Result<(DraftId, bool), NotDone> {
        let (id, is_new) = self.begun(sitting, given)?;
        if let (false, Given::Note(note)) = (is_new, given) {
            self.join(sitting, &id, SignedEvent::parse(note.as_bytes())?)?;
        }
        Ok((id, is_new))
    }

    fn begun(&self, sitting: &Sitting, given: &Given) -> Result<(DraftId, bool), NotDone> {
        let (statement, note) = match given {
            Given::Note(note) => {
                let signed = SignedEvent::parse(note.as_bytes())?;
                (signed.statement().clone(), Some(signed))
            }
            Given::Statement(text) => (Statement::parse(text)?, None),
        };
        if !drafting::kinds().any(|kind| kind == statement.event.kind()) {
            return Err(NotDone::Elsewhere);
        }
        if let Some(known) = self.known(&statement.to_text()?) {
            return Ok((known, false));
        }
        let standing = Standing::under(self.ledger, &self.snapshot, &statement)?;
        let judged = Judged::of(&standing, &statement, &sitting.member)?;
        let refused = |fault| judged.refused(&statement, fault);
        let lines = note.as_ref().map(|note| note.note().signatures().to_vec());
        let signers = match note {
            None => Vec::new(),
            Some(signed) => {
                let authentic = authenticate(&standing.state, signed);
                let authentic = authentic.map_err(|refusal| refused(refusal.into()))?;
                authentic.signers().to_vec()
            }
        };
        if lines.is_some() && !signers.contains(&sitting.member) {
            return Err(NotDone::NotOwn);
        }
        let rehearsed = judged.drafting.rehearse(&statement, &signers, standing.now);
        rehearsed.map_err(refused)?;
        let disclosure = disclosure(&judged.drafting, &statement).map_err(refused)?;
        if disclosure.as_deref().map(Digest::of) != published(&statement) {
            return Err(NotDone::OtherDisclosure);
        }
        let made = (standing.now, self.snapshot.size());
        let disclosure = disclosure.and_then(|bytes| String::from_utf8(bytes).ok());
        let mut draft = Draft::new(sitting.member.clone(), made, statement, disclosure)?;
        for (member, line) in signers.into_iter().zip(lines.into_iter().flatten()) {
            draft.add(member, line);
        }
        let mut drafts = self.inbox.lock();
        if let Some(known) = known(&drafts, &draft.text) {
            return Ok((known, false));
        }
        Inbox::room(&drafts, &draft.author).map_err(NotDone::TooMany)?;
        let id = draft.id.clone();
        // One that waits may say something else by now; one that is over makes room for its like.
        if drafts.get(&id).is_some_and(|known| known.ended.is_none()) {
            return Ok((id, false));
        }
        self.inbox.keep(&mut drafts, draft)?;
        Ok((id, true))
    }

    fn known(&self, text: &str) -> Option<DraftId> {
        known(&self.inbox.lock(), text)
    }

    /// Whether something has entered the draft's stream since it was made.
    pub(crate) fn is_stale(&self, draft: &Draft) -> Result<bool, NotDone> {
        let catalogue = &self.ledger.catalogue;
        let head = catalogue.head(&self.snapshot, &draft.statement.stream)?;
        Ok(head != draft.statement.prev)
    }

    /// Puts a draft behind what entered its stream meanwhile. May wait for a disk.
    pub(crate) fn rebase(&self, id: &DraftId, by: &MemberId) -> Result<(), NotDone> {
        let mut drafts = self.inbox.lock();
        let draft = waiting(&drafts, id)?;
        if !self.is_stale(&draft)? {
            return Ok(());
        }
        if let Some(index) = self.entry_of(&draft)? {
            return Err(NotDone::Ended(Ended::Entered { index }));
        }
        let draft = self.counting(draft)?;
        self.move_on(&mut drafts, draft, by)
    }

    fn move_on(&self, drafts: &mut Drafts, draft: Draft, by: &MemberId) -> Result<(), NotDone> {
        let standing = Standing::under(self.ledger, &self.snapshot, &draft.statement)?;
        let judged = Judged::of(&standing, &draft.statement, by)?;
        let refused = |fault| judged.refused(&draft.statement, fault);
        let drafting = &judged.drafting;
        drafting.check_turn().map_err(refused)?;
        let again = drafting.stated(draft.statement.event.clone(), draft.statement.at);
        let again = again.map_err(refused)?;
        let tried = drafting.tried(&again.statement, judged.standing.now);
        tried.verdict.map_err(refused)?;
        let mut asked_again = draft
            .rebased
            .as_ref()
            .map_or_else(Vec::new, |r| r.asked_again.clone());
        asked_again.extend(draft.signers());
        asked_again.sort_unstable();
        asked_again.dedup();
        let moved = Draft {
            disclosure: again
                .disclosure
                .and_then(|bytes| String::from_utf8(bytes).ok()),
            rebased: Some(Rebased {
                at: judged.standing.now,
                asked_again,
                since: draft.since(),
            }),
            signatures: Vec::new(),
            size: self.snapshot.size(),
            text: again.statement.to_text()?,
            statement: again.statement,
            ..draft.clone()
        };
        self.inbox.keep(drafts, moved)?;
        Ok(())
    }

    /// Who has signed a draft, and who could fill the roles that are left; and whether a member may sign
    /// it, who has not.
    pub(crate) fn seating(
        &self,
        draft: &Draft,
        member: &MemberId,
    ) -> Result<(Vec<Seat>, bool), NotDone> {
        let draft = &self.counting(draft.clone())?;
        let mut signers = draft.signers();
        let has_signed = signers.contains(member);
        let Some(rule) = self.rule(draft)? else {
            return Ok((Vec::new(), !has_signed && draft.author == *member));
        };
        let (roster, position) = (&self.snapshot.state.roster, self.snapshot.size());
        let seats = signers::seats(&signers, &rule, roster, position).unwrap_or_default();
        signers.push(member.clone());
        let may_sign = !has_signed && signers::seats(&signers, &rule, roster, position).is_some();
        Ok((seats, may_sign))
    }

    /// The charter's rule for who signs a draft. Reads nothing back but for a correction.
    fn rule(&self, draft: &Draft) -> Result<Option<ledger_core::charter::SigningRule>, NotDone> {
        let (statement, state) = (&draft.statement, &self.snapshot.state);
        if statement.event.kind() == "corrected" {
            let standing = Standing::under(self.ledger, &self.snapshot, statement)?;
            let transaction = standing.state.transaction_of(&statement.stream);
            let charter = standing.state.charter_of(&statement.stream);
            return Ok(charter.and_then(|charter| {
                ledger_core::signing::rule_of(charter, &statement.event, transaction).cloned()
            }));
        }
        let begun = self
            .ledger
            .catalogue
            .begun(&self.snapshot, &statement.stream)?;
        let position = self.snapshot.size();
        let charter = match begun {
            Some(begun) => state.charter_of(begun, position),
            None => state.charter_at(position),
        };
        Ok(ledger_core::signing::rule_of(charter, &statement.event, None).cloned())
    }

    /// Ends a draft that stands in the log, or that somebody takes back.
    fn end(&self, id: &DraftId, ended: Ended) -> Result<Option<Draft>, NotDone> {
        let mut drafts = self.inbox.lock();
        let Some(draft) = drafts
            .get(id)
            .filter(|draft| draft.ended.is_none())
            .cloned()
        else {
            return Ok(None);
        };
        let over = Draft {
            ended: Some(ended),
            ..draft.clone()
        };
        self.inbox.keep(&mut drafts, over)?;
        Ok(Some(draft))
    }

    /// What is to be done with a draft now: what to submit, or how it stands.
    fn ready(&self, id: &DraftId) -> Result<Result<(Draft, Bytes), State>, NotDone> {
        let draft = waiting(&self.inbox.lock(), id)?;
        if let Some(index) = self.found_in_log(&draft)? {
            return Ok(Err(State::Entered(index)));
        }
        let draft = self.counting(draft)?;
        let Some(note) = draft.note() else {
            return Ok(Err(State::Waiting));
        };
        let standing = Standing::under(self.ledger, &self.snapshot, &draft.statement)?;
        let judged = Judged::of(&standing, &draft.statement, &draft.author)?;
        let signers = draft.signers();
        let found = judged
            .drafting
            .judge(&draft.statement, &signers, standing.now);
        let fault = match found {
            Ok(()) => return Ok(Ok((draft, note.into()))),
            Err(fault) => fault,
        };
        Ok(match &fault {
            // It may have come to stand since: the writer knows.
            Fault::Refused(refusal) if refusal.class() == Class::Conflict => {
                Ok((draft, note.into()))
            }
            Fault::Refused(refusal) if matches!(**refusal, Refusal::MissingRoles { .. }) => {
                Err(State::Waiting)
            }
            _ => Err(State::Refused(fault)),
        })
    }

    /// Hands in the disclosure that is published with a draft, so that it is there when the entry is.
    fn hand_in_disclosure(&self, draft: &Draft) -> Result<(), StoreError> {
        let (Some(text), Some(documents)) = (&draft.disclosure, self.snapshot.reader.documents())
        else {
            return Ok(());
        };
        let name = DocumentName::Public(Digest::of(text.as_bytes()));
        let mut incoming = documents.receive(&draft.author, name)?;
        incoming.take(text.as_bytes())?;
        incoming.finish(false)?;
        Ok(())
    }

    /// Lets go of the documents of a draft that is not to be, but for those that another names and those
    /// that somebody handed in who has nothing to do with it.
    fn let_go(&self, draft: &Draft) -> Result<(), StoreError> {
        let Some(documents) = self.snapshot.reader.documents() else {
            return Ok(());
        };
        let others = self.inbox.all(|other| other.ended.is_none());
        let wanted: Vec<DocumentName> = others.iter().flat_map(Draft::documents).collect();
        let mut mine = draft.documents();
        mine.retain(|name| !wanted.contains(name));
        let of: Vec<MemberId> = draft
            .signers()
            .into_iter()
            .chain([draft.author.clone()])
            .collect();
        documents.discard(&mine, &of)
    }
}

/// What a draft is begun with.
#[derive(Debug)]
pub(crate) enum Given {
    /// A statement that its author has signed.
    Note(String),
    /// A statement that others are to sign.
    Statement(String),
}

fn known(drafts: &Drafts, text: &str) -> Option<DraftId> {
    let same = |draft: &&Draft| {
        let stands = !matches!(draft.ended, Some(Ended::Withdrawn { .. } | Ended::Expired));
        stands && draft.text == text
    };
    drafts.values().find(same).map(|draft| draft.id.clone())
}

fn waiting(drafts: &Drafts, id: &DraftId) -> Result<Draft, NotDone> {
    let draft = drafts.get(id).ok_or(NotDone::Unknown)?;
    match &draft.ended {
        None => Ok(draft.clone()),
        Some(ended) => Err(NotDone::Ended(ended.clone())),
    }
}

/// The digest of what a statement says is published with it.
fn published(statement: &Statement) -> Option<Digest> {
    let publication = statement.event.publication();
    publication.map(|publication| publication.disclosure)
}

fn disclosure(drafting: &Drafting<'_>, statement: &Statement) -> Result<Option<Vec<u8>>, Fault> {
    match published(statement) {
        Some(_) => drafting.compose(&statement.event),
        None => Ok(None),
    }
}

/// Works on the drafts of a ledger where waiting for a disk holds up nobody.
pub(crate) async fn at_table<T: Send + 'static>(
    ledger: &Arc<Served>,
    work: impl FnOnce(&Table<'_>) -> Result<T, NotDone> + Send + 'static,
) -> Result<T, NotDone> {
    let ledger = Arc::clone(ledger);
    let done = tokio::task::spawn_blocking(move || work(&Table::of(&ledger)?)).await;
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "the desk broke off");
        Err(NotDone::View(NoView::Failed(LedgerError::Failed)))
    })
}

/// Lets a draft enter the log if all have signed whom the charter requires; says how it stands. Once
/// begun, it is carried out even if nobody waits any more.
pub(crate) async fn enter(ledger: &Arc<Served>, id: &DraftId) -> Result<State, NotDone> {
    let (ledger, id) = (Arc::clone(ledger), id.clone());
    let entering = tokio::spawn(async move { entered(&ledger, &id).await });
    let done = entering.await;
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "the desk broke off");
        Err(NotDone::View(NoView::Failed(LedgerError::Failed)))
    })
}

/// Puts a member's line below a draft, and lets it enter the log if that was the last one. If its stream
/// has moved, it is put behind what came, and everybody is asked again.
pub(crate) async fn sign(
    ledger: &Arc<Served>,
    sitting: Sitting,
    id: &DraftId,
    line: String,
) -> Result<State, NotDone> {
    let (of, by) = (id.clone(), sitting.member.clone());
    match at_table(ledger, move |table| table.sign(&sitting, &of, &line)).await {
        Ok(()) => return enter(ledger, id).await,
        // Whoever signs a moment too late is told that it stands.
        Err(NotDone::Ended(Ended::Entered { index })) => return Ok(State::Entered(index)),
        Err(NotDone::Moved) => {}
        Err(error) => return Err(error),
    }
    // It may stand already, brought in by other means.
    let state = enter(ledger, id).await?;
    let of = id.clone();
    match state {
        State::Moved => Err(NotDone::Moved),
        State::Stuck(fault) => {
            let kind = at_table(ledger, move |table| {
                Ok(waiting(&table.inbox.lock(), &of)?.statement.event.kind())
            });
            let kind = kind.await?;
            Err(NotDone::Refused { fault, kind })
        }
        State::Waiting => {
            at_table(ledger, move |table| table.rebase(&of, &by)).await?;
            Err(NotDone::Moved)
        }
        state @ (State::Entered(_) | State::Held(_) | State::Refused(_)) => Ok(state),
    }
}

async fn entered(ledger: &Arc<Served>, id: &DraftId) -> Result<State, NotDone> {
    let inbox = ledger.desk.inbox.as_ref().ok_or(NotDone::NoInbox)?;
    let _one = inbox.entering.lock().await;
    let of = id.clone();
    let ready = at_table(ledger, move |table| {
        let ready = table.ready(&of)?;
        if let Ok((draft, _)) = &ready {
            table.hand_in_disclosure(draft)?;
        }
        Ok(ready)
    });
    let (draft, note) = match ready.await {
        Ok(Ok(ready)) => ready,
        Ok(Err(state)) => return Ok(state),
        Err(NotDone::Ended(Ended::Entered { index })) => return Ok(State::Entered(index)),
        Err(error) => return Err(error),
    };
    let answer = tokio::time::timeout(ANSWER_TIME, ledger.submit(note)).await;
    let (id, by) = (draft.id.clone(), draft.author.clone());
    match answer.unwrap_or(Err(SubmitError::QueueFull)) {
        Ok(receipt) => {
            let index = receipt.index;
            tracing::info!(
                slug = ledger.slug(),
                index,
                draft = id.as_str(),
                "a draft entered the log"
            );
            let over = move |table: &Table<'_>| table.end(&id, Ended::Entered { index });
            if let Err(error) = at_table(ledger, over).await {
                // It stands: the next look finds that out from the log.
                tracing::warn!(?error, "a draft's end could not be kept");
            }
            Ok(State::Entered(index))
        }
        Err(SubmitError::Rejected(error)) => {
            let AppendError::Refused(refusal) = &*error else {
                return Ok(State::Held(SubmitError::Rejected(error)));
            };
            if refusal.class() != Class::Conflict {
                return Ok(State::Refused(Fault::from(refusal.clone())));
            }
            match at_table(ledger, move |table| table.rebase(&id, &by)).await {
                Ok(()) => Ok(State::Moved),
                Err(NotDone::Refused { fault, .. }) => Ok(State::Stuck(fault)),
                Err(error) => Err(error),
            }
        }
        Err(error) => Ok(State::Held(error)),
    }
}

/// Takes a draft back. Gives it only if it had not entered the log.
pub(crate) async fn withdraw(
    ledger: &Arc<Served>,
    sitting: &Sitting,
    id: &DraftId,
    reason: Option<String>,
) -> Result<(), NotDone> {
    let inbox = ledger.desk.inbox.as_ref().ok_or(NotDone::NoInbox)?;
    let _one = inbox.entering.lock().await;
    let (by, id) = (sitting.member.clone(), id.clone());
    at_table(ledger, move |table| {
        let draft = waiting(&table.inbox.lock(), &id)?;
        let is_signer = draft.signers().contains(&by);
        if let Some(index) = table.found_in_log(&draft)? {
            return Err(NotDone::Ended(Ended::Entered { index }));
        }
        if draft.author != by && !is_signer && !table.seating(&draft, &by)?.1 {
            return Err(NotDone::NotYours);
        }
        let ended = Ended::Withdrawn { by, reason };
        if let Some(draft) = table.end(&id, ended)? {
            table.let_go(&draft)?;
        }
        Ok(())
    })
    .await
}

/// Sees to the drafts of a ledger: what has waited too long ends, and what all have signed enters the log.
pub(crate) async fn tend(ledger: &Arc<Served>) -> Result<(), NotDone> {
    if ledger.desk.inbox.is_none() {
        return Ok(());
    }
    let complete = at_table(ledger, |table| {
        for draft in table.inbox.all(|draft| draft.ended.is_none()) {
            table.found_in_log(&draft)?;
        }
        for draft in table.inbox.expire((table.ledger.clock)())? {
            table.let_go(&draft)?;
        }
        let signed = |draft: &Draft| draft.ended.is_none() && !draft.signatures.is_empty();
        let signed = table.inbox.all(signed);
        Ok(signed.into_iter().map(|draft| draft.id).collect::<Vec<_>>())
    });
    let mut all = Ok(());
    for id in complete.await? {
        // One that cannot be read holds up no other.
        if let Err(error) = enter(ledger, &id).await {
            all = Err(error);
        }
    }
    all
}
