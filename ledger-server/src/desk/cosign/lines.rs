//! Lines below a draft: a member's own, and those of a note that says the same.

use ledger_core::Refusal;
use ledger_core::authenticate::authenticate;
use ledger_core::event::SignedEvent;
use ledger_core::note::SignatureLine;
use ledger_core::{MemberId, Role};

use super::{Judged, NotDone, Table, waiting};
use crate::desk::draft::{Draft, DraftId};
use crate::desk::inbox::Drafts;
use crate::desk::session::Sitting;
use crate::desk::standing::Standing;
use crate::drafting::Fault;

impl Table<'_> {
    /// Puts a member's line below a draft. May wait for a disk.
    pub(super) fn sign(&self, sitting: &Sitting, id: &DraftId, line: &str) -> Result<(), NotDone> {
        let line: SignatureLine = line.trim_end().parse().map_err(NotDone::Line)?;
        if line.name() != sitting.key.name() {
            return Err(NotDone::NotOwn);
        }
        let mut drafts = self.inbox.lock();
        let draft = self.counting(waiting(&drafts, id)?)?;
        let is_stale = self.is_stale(&draft)?;
        if sitting.key.verify_line(&draft.text, &line).is_err() {
            return Err(NotDone::Untrue);
        }
        if draft.signers().contains(&sitting.member) {
            return Ok(());
        }
        if is_stale {
            return Err(NotDone::Moved);
        }
        let standing = Standing::under(self.ledger, &self.snapshot, &draft.statement)?;
        let mut signed = draft;
        signed.add(sitting.member.clone(), line);
        self.keep_signed(&mut drafts, signed, &standing, &sitting.member)
    }

    /// Puts the lines of a note below the draft that says the same already: its sender's, and others'.
    /// May wait for a disk.
    pub(super) fn join(
        &self,
        sitting: &Sitting,
        id: &DraftId,
        note: SignedEvent,
    ) -> Result<(), NotDone> {
        let mut drafts = self.inbox.lock();
        let draft = match waiting(&drafts, id) {
            Ok(draft) => self.counting(draft)?,
            Err(NotDone::Ended(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        if draft.text != note.note().text() {
            return Err(NotDone::Moved);
        }
        let standing = Standing::under(self.ledger, &self.snapshot, &draft.statement)?;
        let judged = Judged::of(&standing, &draft.statement, &sitting.member)?;
        let lines = note.note().signatures().to_vec();
        let authentic = authenticate(&standing.state, note);
        let refused = |refusal: Refusal| judged.refused(&draft.statement, refusal.into());
        let authentic = authentic.map_err(refused)?;
        if !authentic.signers().contains(&sitting.member) {
            return Err(NotDone::NotOwn);
        }
        let mut signed = draft.clone();
        for (member, line) in authentic.signers().iter().zip(lines) {
            if !signed.signers().contains(member) {
                signed.add(member.clone(), line);
            }
        }
        // What stands already, or has to be put behind something, is found out next.
        if signed.signatures.len() == draft.signatures.len() || self.is_stale(&draft)? {
            return Ok(());
        }
        self.keep_signed(&mut drafts, signed, &standing, &sitting.member)
    }

    /// Keeps a draft with a signature more, if that helps it on.
    fn keep_signed(
        &self,
        drafts: &mut Drafts,
        signed: Draft,
        standing: &Standing,
        by: &MemberId,
    ) -> Result<(), NotDone> {
        let (statement, signers) = (&signed.statement, signed.signers());
        let judged = Judged::of(standing, statement, by)?;
        match judged.drafting.judge(statement, &signers, standing.now) {
            Ok(()) => {}
            Err(Fault::Refused(refusal)) => {
                let Refusal::MissingRoles { missing_roles } = &*refusal else {
                    return Err(judged.refused(statement, Fault::Refused(refusal)));
                };
                if judged.drafting.seats(statement, &signers).is_none() {
                    let (roster, position) = (&self.snapshot.state.roster, self.snapshot.size());
                    let is_held = |role: &Role| roster.is_appointed(*role, position);
                    // Somebody has to be appointed first, or has no key in use.
                    if !missing_roles.iter().all(is_held) {
                        return Err(judged.refused(statement, Fault::Refused(refusal)));
                    }
                    return Err(NotDone::NoSeat);
                }
            }
            Err(fault) => return Err(judged.refused(statement, fault)),
        }
        self.inbox.keep(drafts, signed)?;
        Ok(())
    }
}
