//! Whether one more event fits a contract's life: a flat list of questions each.

use std::collections::BTreeSet;

use super::{Contract, DueState, Money, sum, voucher_key};
use crate::event::Event;
use crate::money::Fen;
use crate::name::Label;
use crate::record::{
    AssetReturned, ContractAmended, ContractRenewed, ContractTerminated, HandoverAndReceipt,
    PaymentDue,
};
use crate::refusal::Refusal;
use crate::time::Date;

impl Contract {
    /// Whether an event fits the contract as it stands. `today` is the log's day.
    ///
    /// An event of another kind fits always: it changes nothing here.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self, event: &Event, today: Date) -> Result<(), Refusal> {
        match event {
            Event::PaymentDue(registered) => self.check_dues(registered),
            Event::PaymentReceived(received) => self.check_payment(&received.into()),
            Event::PaymentMade(made) => self.check_payment(&made.into()),
            Event::ContractAmended(amended) => self.check_amendment(amended),
            Event::ContractRenewed(renewed) => self.check_renewal(renewed),
            Event::ContractTerminated(ended) => self.check_end(ended),
            Event::AssetReturned(returned) => self.check_return(returned, today),
            _ => Ok(()),
        }
    }

    /// Whether what step 15 received comes with vouchers that no payment had.
    ///
    /// # Errors
    /// [`Refusal::VoucherUsed`].
    pub fn check_handover(&self, handover: &HandoverAndReceipt) -> Result<(), Refusal> {
        let mut vouchers = handover.received.iter().map(|amount| &amount.voucher);
        let used = vouchers.find_map(|voucher| {
            let entry = *self.vouchers.get(&voucher_key(voucher))?;
            Some(Refusal::VoucherUsed {
                entry,
                found: voucher.clone(),
            })
        });
        used.map_or(Ok(()), Err)
    }

    /// New dues: until the contract has ended, and not once more under a name that was used.
    ///
    /// A contract whose term is over runs on for as long as the other party keeps the asset, so dues
    /// may still arise then. Source: 民法典, article 734.
    fn check_dues(&self, registered: &PaymentDue) -> Result<(), Refusal> {
        self.check_not_ended()?;
        let mut names = BTreeSet::new();
        for due in &registered.dues {
            if !names.insert(&due.id) || self.dues.contains_key(&due.id) {
                return Err(Refusal::DueExists {
                    found: due.id.clone(),
                });
            }
        }
        let before = self.dues.values().map(|state| &state.due);
        let mut amounts = before.chain(&registered.dues).map(|due| due.amount_fen);
        match amounts.try_fold(Fen::ZERO, Fen::checked_add) {
            Some(_) => Ok(()),
            None => Err(Refusal::Inconsistent {
                field: "dues.amount_fen",
                expected: format!("合计 (in all) ≤ {}", Fen::MAX),
                found: format!("> {}", Fen::MAX),
            }),
        }
    }

    /// A payment: of dues that stand, in their direction, once per voucher, and of no more than they
    /// come to. Admitted for ever: arrears are paid after the end as well.
    fn check_payment(&self, money: &Money<'_>) -> Result<(), Refusal> {
        for id in money.dues {
            let due = self.known(id)?;
            if let Some(entry) = due.cancelled_by {
                return Err(Refusal::DueCancelled {
                    entry,
                    found: id.clone(),
                });
            }
            if due.due.direction != money.direction {
                return Err(Refusal::WrongDirection {
                    due: id.clone(),
                    expected: due.due.direction,
                    found: money.direction,
                });
            }
        }
        if money.amount_fen == Fen::ZERO {
            return Ok(());
        }
        if let Some(entry) = self.vouchers.get(&voucher_key(money.voucher)) {
            return Err(Refusal::VoucherUsed {
                entry: *entry,
                found: money.voucher.clone(),
            });
        }
        let settles = self.split(money);
        let expected = sum(settles.iter().map(|(_, part)| *part));
        if expected < money.amount_fen {
            return Err(Refusal::PaymentExceedsDue {
                dues: money.dues.to_vec(),
                expected,
                found: money.amount_fen,
            });
        }
        let reached = |id: &&Label| settles.iter().any(|(due, _)| due == *id);
        match money.dues.iter().find(|id| !reached(id)) {
            Some(found) => Err(Refusal::PaymentFallsShort {
                found: found.clone(),
            }),
            None => Ok(()),
        }
    }

    fn check_amendment(&self, amended: &ContractAmended) -> Result<(), Refusal> {
        self.check_not_ended()?;
        self.check_since("signed_on", amended.signed_on, None)?;
        self.check_cancels(&amended.cancels)?;
        let Some(found) = amended.term_end else {
            return Ok(());
        };
        // To give a term that is over more time is to renew; one that never was cannot be moved.
        let open = self.term().filter(|term| amended.signed_on <= term.end);
        let Some(term) = open else {
            return Err(Refusal::NoTermToAmend {
                expected: self.term().map(|term| term.end),
                found: amended.signed_on,
            });
        };
        let paid = self.dues.values().filter(|due| due.paid_fen > Fen::ZERO);
        let paid = paid.map(|due| due.due.due_on).max();
        // Dues may lie after the term; a paid one does not forbid to leave the term's end or to move
        // it back.
        let paid = paid
            .filter(|_| found < term.end)
            .map(|day| day.min(term.end));
        let expected = amended
            .signed_on
            .max(term.start)
            .max(paid.unwrap_or(Date::MIN));
        if found < expected {
            return Err(Refusal::TermTooShort { expected, found });
        }
        Ok(())
    }

    fn check_renewal(&self, renewed: &ContractRenewed) -> Result<(), Refusal> {
        self.check_not_ended()?;
        self.check_since("signed_on", renewed.signed_on, None)?;
        let expected = match self.term() {
            Some(term) => term.end.plus_days(1).unwrap_or(Date::MAX),
            None => self.signed_on,
        };
        if renewed.term_start < expected {
            return Err(Refusal::RenewalOverlaps {
                expected,
                found: renewed.term_start,
            });
        }
        Ok(())
    }

    fn check_end(&self, ended: &ContractTerminated) -> Result<(), Refusal> {
        self.check_not_ended()?;
        let last = self.term().map(|term| term.end);
        self.check_since("ended_on", ended.ended_on, last)?;
        self.check_cancels(&ended.cancels)
    }

    /// The asset comes back once, and not while the contract runs: once it ended early, or from the
    /// log's last day of the term on. The day itself may be earlier: the keys are often handed over
    /// some days before the term is over, and that is recorded when it is.
    fn check_return(&self, returned: &AssetReturned, today: Date) -> Result<(), Refusal> {
        if let Some((_, entry)) = self.returned {
            return Err(Refusal::AssetAlreadyReturned { entry });
        }
        let over = self.ended.is_some() || self.term().is_some_and(|term| term.end <= today);
        if !over {
            return Err(Refusal::ContractRunning {
                acceptable_from: self.term().map(|term| term.end),
            });
        }
        self.check_since("returned_on", returned.returned_on, None)
    }

    fn known(&self, id: &Label) -> Result<&DueState, Refusal> {
        self.dues.get(id).ok_or_else(|| Refusal::UnknownDue {
            expected: self.open_dues(),
            found: id.clone(),
        })
    }

    /// The first few dues that are still to be paid: what somebody may have meant.
    fn open_dues(&self) -> Vec<Label> {
        let mut open: Vec<&DueState> = self.dues.values().collect();
        open.retain(|due| due.outstanding_fen() > Fen::ZERO);
        open.sort_by_key(|due| due.due.due_on);
        open.into_iter()
            .take(6)
            .map(|due| due.due.id.clone())
            .collect()
    }

    fn check_cancels(&self, ids: &[Label]) -> Result<(), Refusal> {
        let mut names = BTreeSet::new();
        for id in ids {
            let due = self.known(id)?;
            if due.outstanding_fen() == Fen::ZERO || !names.insert(id) {
                return Err(Refusal::NothingToCancel {
                    found: id.clone(),
                    paid_fen: due.paid_fen,
                });
            }
        }
        Ok(())
    }

    /// After an early end, and after the asset's return, nothing new begins.
    fn check_not_ended(&self) -> Result<(), Refusal> {
        match self.returned.or(self.ended) {
            Some((on, entry)) => Err(Refusal::ContractEnded { entry, on }),
            None => Ok(()),
        }
    }

    /// A day not before the contract: its signing, or its first day if that was earlier.
    fn check_since(
        &self,
        field: &'static str,
        found: Date,
        until: Option<Date>,
    ) -> Result<(), Refusal> {
        let start = self.terms.first().map_or(self.signed_on, |term| term.start);
        let from = self.signed_on.min(start);
        if found >= from && until.is_none_or(|until| found <= until) {
            return Ok(());
        }
        Err(Refusal::DateOutsideContract {
            field,
            found,
            from,
            until,
        })
    }
}
