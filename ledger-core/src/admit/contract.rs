//! After step 16, and from step 14 on: the rules of the contract's life; and of contracts that were made
//! before the ledger.

use super::{Case, limits};
use crate::event::Event;
use crate::record::ContractTakenOver;
use crate::refusal::Refusal;
use crate::step::Step;
use crate::transaction::Transaction;

impl Case<'_> {
    /// A contract that was made before the ledger: it opens a transaction, and none that has begun. The
    /// negative list is for new dealings, and what was signed long ago is recorded as it is.
    pub(super) fn taken_over(
        &self,
        transaction: Option<&Transaction>,
        taken: &ContractTakenOver,
    ) -> Result<(), Refusal> {
        if let Some(begun) = transaction {
            return Err(Refusal::TransactionExists {
                found: begun.id.clone(),
            });
        }
        self.check_taken_over(taken)
    }

    /// What a contract taken over must satisfy by itself: it was signed by the day on which the ledger
    /// was opened, and it has begun.
    fn check_taken_over(&self, taken: &ContractTakenOver) -> Result<(), Refusal> {
        self.check_record(taken)?;
        let calendar = self.ledger.calendar_at(self.position);
        let (expected, found) = (calendar.date_of(self.ledger.opened_at), taken.signed_on);
        if found > expected {
            return Err(Refusal::SignedUnderLedger { expected, found });
        }
        Ok(())
    }

    /// An event of the contract's life: it needs a contract, and must fit how that stands.
    ///
    /// Who signs has been checked, and so has the record by itself.
    pub(super) fn contract_event(&self, transaction: &Transaction) -> Result<(), Refusal> {
        let contract = transaction.contract.as_ref().ok_or(Refusal::NoContract)?;
        limits::check(self.charter(), Some(transaction), &self.statement.event)?;
        contract.check(&self.statement.event, self.today())
    }

    /// Step 15 after payments: no voucher twice.
    pub(super) fn check_vouchers(
        &self,
        transaction: Option<&Transaction>,
        event: &Event,
    ) -> Result<(), Refusal> {
        let contract = transaction.and_then(|transaction| transaction.contract.as_ref());
        match (event, contract) {
            (Event::HandoverAndReceipt(handover), Some(contract)) => {
                contract.check_handover(handover)
            }
            _ => Ok(()),
        }
    }

    /// A contract on which payments stand is ended, and not undone: nothing goes back to its signing
    /// or before, nor is the transaction broken off. `to` is `None` for that.
    pub(super) fn check_undoing(
        &self,
        transaction: &Transaction,
        to: Option<Step>,
    ) -> Result<(), Refusal> {
        let undone = to.is_none_or(|to| to <= Step::ContractSigning);
        let contract = transaction.contract.as_ref();
        match contract.filter(|contract| undone && contract.has_payments()) {
            Some(contract) => Err(Refusal::PaymentsStand {
                found: contract.payments.iter().filter(|p| !p.is_void()).count(),
            }),
            None => Ok(()),
        }
    }

    /// A correction of what the contract rests on, or of its life: everything after it must still fit.
    pub(super) fn check_refold(
        &self,
        transaction: &Transaction,
        entry: u64,
        event: &Event,
    ) -> Result<(), Refusal> {
        match transaction.contract_with(entry, event) {
            Ok(_) => Ok(()),
            Err(unfit) if unfit.entry == entry => Err(unfit.refusal),
            Err(unfit) => Err(Refusal::CorrectionBreaks {
                entry: unfit.entry,
                broken: unfit.refusal.rule(),
            }),
        }
    }

    /// What a corrected event of the contract's life must satisfy by itself: as when it was recorded,
    /// by the charter of then, but that a payment may be corrected to nothing, if there was none.
    pub(super) fn check_corrected_life(
        &self,
        transaction: &Transaction,
        entry: u64,
        event: &Event,
    ) -> Result<(), Refusal> {
        if let Event::ContractTakenOver(taken) = event {
            return self.check_taken_over(taken);
        }
        let charter = self.ledger.charter_of(transaction.begun_at, entry);
        limits::check(charter, Some(transaction), event)?;
        let Some(record) = event.record() else {
            return Ok(());
        };
        let void = match event {
            Event::PaymentReceived(received) => received.amount_fen.get() == 0,
            Event::PaymentMade(made) => made.amount_fen.get() == 0,
            _ => false,
        };
        if void {
            return self.check_days(record.days());
        }
        self.check_record(record)
    }
}
