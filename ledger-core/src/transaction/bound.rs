//! The contract that a transaction comes to, or begins with: made at step 14 or taken over, set aside
//! with it, folded anew when something it rests on is corrected.

use super::{Phase, Transaction};
use crate::contract::{Contract, Deed, SetAside, Standing, Unfit};
use crate::event::Event;
use crate::record::{Corrected, HandoverAndReceipt};
use crate::recorded::{Noted, Recorded};
use crate::step::Step;
use crate::time::Date;

impl Transaction {
    /// The contract as it would be if `entry` had recorded `event`; `None` if there is none.
    ///
    /// # Errors
    /// The first event that would not have been admitted then.
    pub fn contract_with(&self, entry: u64, event: &Event) -> Result<Option<Contract>, Unfit> {
        let Some(contract) = &self.contract else {
            return Ok(None);
        };
        let mut events = contract.events.clone();
        for standing in &mut events {
            if standing.noted.recorded.index == entry {
                standing.noted.event = event.clone();
            }
        }
        let replaced = Some((entry, event));
        let Some(signed) = self.signed(replaced) else {
            return Ok(None);
        };
        Contract::fold(signed, self.handed_over(replaced), &events).map(Some)
    }

    /// Takes note of a step on which the contract rests.
    pub(crate) fn bind(&mut self, event: &Event, entry: u64) {
        match (event, &mut self.contract) {
            (Event::ContractSigning(signing), _) => {
                self.contract = Some(Contract::signed(signing, entry));
            }
            (Event::HandoverAndReceipt(handover), Some(contract)) => {
                contract.note_handover(handover, entry);
            }
            _ => {}
        }
    }

    /// Begins with a contract that was made before the ledger: there are no steps.
    pub(crate) fn take_over(&mut self, event: &Event, recorded: Recorded, received_on: Date) {
        let Event::ContractTakenOver(taken) = event else {
            return;
        };
        self.contract = Some(Contract::signed(&**taken, recorded.index));
        self.phase = Phase::TakenOver {
            since: recorded.received_at,
        };
        self.takeover = Some(Standing {
            corrected_by: Vec::new(),
            noted: Noted {
                event: event.clone(),
                recorded,
            },
            received_on,
        });
    }

    /// Takes note of an event of the contract's life.
    pub(crate) fn live(&mut self, event: &Event, recorded: Recorded, received_on: Date) {
        if let Some(contract) = &mut self.contract {
            contract.note(Standing {
                corrected_by: Vec::new(),
                noted: Noted {
                    event: event.clone(),
                    recorded,
                },
                received_on,
            });
        }
    }

    /// After a return: a contract whose signing no longer stands is set aside; one whose handover no
    /// longer stands forgets its vouchers.
    pub(super) fn unbind(&mut self, to: Step, by: u64) {
        if to <= Step::ContractSigning {
            self.set_contract_aside(by);
        } else {
            self.refold();
        }
    }

    /// Sets the contract aside, if there is one.
    pub(crate) fn set_contract_aside(&mut self, by: u64) {
        let aside = self.contract.take();
        self.contracts_set_aside
            .extend(aside.map(|contract| SetAside { by, contract }));
    }

    /// Puts a corrected event of the contract's life, or its taking over, in the place of what it
    /// corrects; says whether it was one.
    pub(super) fn correct_contract(&mut self, corrected: &Corrected, by: u64) -> bool {
        let life = self.contract.iter_mut().flat_map(|c| &mut c.events);
        let found = life
            .chain(&mut self.takeover)
            .find(|standing| standing.noted.recorded.index == corrected.entry);
        let Some(standing) = found else {
            return false;
        };
        if let Ok(event) = standing.noted.event.corrected(corrected) {
            standing.noted.event = event;
            standing.corrected_by.push(by);
            self.refold();
        }
        true
    }

    /// Folds the contract anew from what stands.
    pub(super) fn refold(&mut self) {
        let Some(contract) = &self.contract else {
            return;
        };
        let folded = self.signed(None).and_then(|signed| {
            Contract::fold(signed, self.handed_over(None), &contract.events).ok()
        });
        // What was admitted folds: the door ran the very same fold.
        if let Some(folded) = folded {
            self.contract = Some(folded);
        }
    }

    fn signed<'a>(&'a self, replaced: Option<(u64, &'a Event)>) -> Option<(Deed<'a>, u64)> {
        let taken = self.takeover.as_ref().map(|standing| &standing.noted);
        let (event, entry) = match taken {
            Some(noted) => instead(&noted.event, noted.recorded.index, replaced),
            None => self.stands(Step::ContractSigning, replaced)?,
        };
        match event {
            Event::ContractSigning(signing) => Some((signing.into(), entry)),
            Event::ContractTakenOver(taken) => Some(((&**taken).into(), entry)),
            _ => None,
        }
    }

    fn handed_over<'a>(
        &'a self,
        replaced: Option<(u64, &'a Event)>,
    ) -> Option<(&'a HandoverAndReceipt, u64)> {
        match self.stands(Step::HandoverAndReceipt, replaced)? {
            (Event::HandoverAndReceipt(handover), entry) => Some((handover, entry)),
            _ => None,
        }
    }

    /// What stands of a step, or what is in its place, and its entry.
    fn stands<'a>(
        &'a self,
        step: Step,
        replaced: Option<(u64, &'a Event)>,
    ) -> Option<(&'a Event, u64)> {
        let passed = self.record(step)?;
        Some(instead(&passed.event, passed.recorded.index, replaced))
    }
}

/// An entry's event, or what is in its place.
fn instead<'a>(
    event: &'a Event,
    entry: u64,
    replaced: Option<(u64, &'a Event)>,
) -> (&'a Event, u64) {
    match replaced {
        Some((index, other)) if index == entry => (other, entry),
        _ => (event, entry),
    }
}
