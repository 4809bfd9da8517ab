//! Who takes part: the collective, those who applied, the winner, who paid and was paid.

use ledger_core::Step;
use ledger_core::event::Event;
use ledger_core::record::BiddingOutcome;
use ledger_core::recorded::{Noted, Recorded};
use ledger_core::transaction::Passed;

use super::Mapping;
use crate::exchange::ocds::model::{Address, Identifier, Party, Reference};

impl Mapping<'_> {
    pub(super) fn collective(&self) -> Reference {
        Reference {
            id: self.ledger.collective.credit_code.to_string(),
            name: self.ledger.collective.name.to_string(),
        }
    }

    /// What a party that the ledger knows by a masked name only is called by.
    pub(super) fn outsider(&self, what: &str, index: u64, name: &str) -> Reference {
        Reference {
            id: format!("{}-{what}-{index}", self.ocid),
            name: name.to_owned(),
        }
    }

    /// Those who applied.
    pub(super) fn applicants(&self) -> Vec<(Reference, bool)> {
        let Some((recorded, qualification)) = record!(self, BidderQualification) else {
            return Vec::new();
        };
        let applicants = (1..).zip(&qualification.applicants);
        applicants
            .map(|(number, applicant)| {
                let what = format!("applicant-{}", recorded.index);
                let party = self.outsider(&what, number, applicant.name.as_str());
                (party, applicant.admitted)
            })
            .collect()
    }

    /// The winner of a bidding: the one admitted applicant of that name, if there is only one.
    pub(super) fn winner(&self, recorded: &Recorded, name: &str) -> Reference {
        let applicants = self.applicants();
        let mut same = applicants
            .iter()
            .filter(|(party, admitted)| *admitted && party.name == name);
        match (same.next(), same.next()) {
            (Some((only, _)), None) => only.clone(),
            _ => self.outsider("winner", recorded.index, name),
        }
    }

    /// Who the contract is with, if that is known.
    pub(super) fn counterparty(&self) -> Option<Reference> {
        if let Some((recorded, bidding)) = record!(self, Bidding)
            && let BiddingOutcome::Won { winner, .. } = &bidding.outcome
        {
            return Some(self.winner(recorded, winner.as_str()));
        }
        let (recorded, contract) = record!(self, ContractSigning)?;
        let own = self.ledger.collective.name.as_str();
        let other = contract
            .parties
            .iter()
            .find(|party| party.as_str() != own)?;
        Some(self.outsider("party", recorded.index, other.as_str()))
    }

    pub(super) fn parties(&self) -> Vec<Party> {
        let (spends, other) = (self.spends(), self.counterparty());
        let pays = |pays: bool| if pays { "payer" } else { "payee" };
        let mut own = vec!["procuringEntity"];
        if spends {
            own.insert(0, "buyer");
        }
        if other.is_some() {
            own.push(pays(spends));
        }
        let Reference { id, name } = self.collective();
        let mut parties = vec![Party {
            identifier: Some(Identifier {
                id: id.clone(),
                legal_name: name.clone(),
            }),
            id,
            name,
            address: Some(Address {
                region: self.ledger.collective.region.to_string(),
                country_name: "中国",
            }),
            roles: own,
        }];
        let outside = |party: Reference, roles| Party {
            id: party.id,
            name: party.name,
            identifier: None,
            address: None,
            roles,
        };
        let won = |party: &Reference| other.as_ref().is_some_and(|other| other.id == party.id);
        let theirs = |applied: bool| {
            let applied = applied.then_some("tenderer");
            applied
                .into_iter()
                .chain(["supplier", pays(!spends)])
                .collect()
        };
        let applicants = self.applicants();
        let applied = |id: &str| applicants.iter().any(|(party, _)| party.id == id);
        for (party, admitted) in &applicants {
            let roles = match (won(party), admitted) {
                (true, _) => theirs(true),
                (false, true) => vec!["tenderer"],
                (false, false) => vec!["interestedParty"],
            };
            parties.push(outside(party.clone(), roles));
        }
        if let Some(other) = other.as_ref().filter(|other| !applied(&other.id)) {
            parties.push(outside(other.clone(), theirs(false)));
        }
        for passed in self.set_aside() {
            if let Some(winner) = self.winner_set_aside(passed) {
                parties.push(outside(winner, vec!["tenderer"]));
            }
        }
        for noted in self.life() {
            let (party, role) = match &noted.event {
                Event::PaymentReceived(paid) => {
                    (self.other_side(noted, paid.payer.as_str()), "payer")
                }
                Event::PaymentMade(paid) => (self.other_side(noted, paid.payee.as_str()), "payee"),
                _ => continue,
            };
            match parties.iter_mut().find(|known| known.id == party.id) {
                Some(known) if known.roles.contains(&role) => {}
                Some(known) => known.roles.push(role),
                None => parties.push(outside(party, vec![role])),
            }
        }
        parties
    }

    /// The steps that stood once.
    pub(super) fn set_aside(&self) -> impl Iterator<Item = &Passed> {
        self.transaction.superseded.iter().map(|old| &old.passed)
    }

    /// Who had won a bidding that was set aside.
    pub(super) fn winner_set_aside(&self, passed: &Passed) -> Option<Reference> {
        match &passed.event {
            Event::Bidding(bidding) => match &bidding.outcome {
                BiddingOutcome::Won { winner, .. } => {
                    Some(self.outsider("winner", passed.recorded.index, winner.as_str()))
                }
                BiddingOutcome::Failed { .. } => None,
            },
            _ => None,
        }
    }

    /// Who paid, or was paid: the other party of the contract, or somebody else.
    pub(super) fn other_side(&self, noted: &Noted, name: &str) -> Reference {
        let other = self.counterparty().filter(|other| other.name == name);
        other.unwrap_or_else(|| self.outsider("paid", noted.recorded.index, name))
    }
}
