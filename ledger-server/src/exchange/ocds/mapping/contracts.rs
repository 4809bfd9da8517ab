//! Awards, contracts, and what became of them.

use ledger_core::Step;
use ledger_core::event::Event;
use ledger_core::money::Fen;
use ledger_core::record::{Bidding, BiddingOutcome, ContractSigning, Due};
use ledger_core::recorded::{Noted, Recorded};
use ledger_core::time::Date;
use ledger_core::transaction::Phase;

use super::{Mapping, Section};
use crate::exchange::ocds::model::{
    Amendment, Award, Contract, Document, Implementation, Milestone, Payment, Period, cny,
};

impl Mapping<'_> {
    /// All biddings: those that were set aside, and the one that stands.
    pub(super) fn awards(&self) -> Vec<Award> {
        let aside = self.set_aside();
        let stands = self.transaction.record(Step::Bidding);
        let mut awards = Vec::new();
        for (passed, standing) in aside
            .map(|passed| (passed, false))
            .chain(stands.map(|passed| (passed, true)))
        {
            if let Event::Bidding(bidding) = &passed.event {
                awards.push(self.award(&passed.recorded, bidding, standing));
            }
        }
        if self.standing_award().is_none() {
            awards.extend(self.award_without_bidding());
        }
        awards
    }

    /// The award of the bidding that stands, if somebody won it.
    fn standing_award(&self) -> Option<String> {
        let (recorded, bidding) = record!(self, Bidding)?;
        let won = matches!(bidding.outcome, BiddingOutcome::Won { .. });
        won.then(|| self.award_id(recorded))
    }

    /// What was recorded of the life of the contract that stands, in order, as corrected since; the end
    /// of the transaction sets the contract aside but not its signing.
    pub(super) fn life(&self) -> impl Iterator<Item = &Noted> {
        let signed = self.transaction.record(Step::ContractSigning);
        let signed = signed.map(|passed| passed.recorded.index);
        let aside = self.transaction.contracts_set_aside.iter();
        let all = self.transaction.contract.iter();
        let all = all.chain(aside.map(|aside| &aside.contract));
        all.filter(move |contract| Some(contract.entry) == signed)
            .flat_map(|contract| contract.events.iter().map(|standing| &standing.noted))
    }

    fn award(&self, recorded: &Recorded, bidding: &Bidding, standing: bool) -> Award {
        let signed = self.transaction.record(Step::ContractSigning).is_some();
        let ended = matches!(self.transaction.phase, Phase::Terminated { .. });
        let (status, value, suppliers, why) = match &bidding.outcome {
            BiddingOutcome::Failed { reason } => {
                ("unsuccessful", None, Vec::new(), reason.to_string())
            }
            BiddingOutcome::Won { price, winner } => {
                let status = match (standing, signed) {
                    (true, true) => "active",
                    (true, false) if !ended => "pending",
                    _ => "cancelled",
                };
                let supplier = match standing {
                    true => self.winner(recorded, winner.as_str()),
                    false => self.outsider("winner", recorded.index, winner.as_str()),
                };
                let said = format!("成交价：{price}");
                (status, Some(cny(price.fen)), vec![supplier], said)
            }
        };
        Award {
            id: self.award_id(recorded),
            title: format!("第 {} 轮", bidding.round),
            description: format!("{} {why}", bidding.summary),
            status,
            date: bidding.held_at.to_string(),
            value,
            suppliers,
            documents: match standing {
                true => self.documents(Section::Award),
                false => Vec::new(),
            },
        }
    }

    fn award_id(&self, recorded: &Recorded) -> String {
        format!("{}-award-{}", self.ocid, recorded.index)
    }

    /// A contract needs an award, also where there was no bidding.
    fn award_without_bidding(&self) -> Option<Award> {
        let (recorded, contract) = record!(self, ContractSigning)?;
        Some(Award {
            id: self.award_id(recorded),
            title: contract.contract_number.to_string(),
            description: "未经竞价 (no bidding was held)".to_owned(),
            status: "active",
            date: self.day(contract.signed_on),
            value: Some(cny(contract.amount_fen)),
            suppliers: self.counterparty().into_iter().collect(),
            documents: Vec::new(),
        })
    }

    pub(super) fn contracts(&self) -> Vec<Contract> {
        let mut contracts = self.contracts_set_aside();
        let Some((recorded, signed)) = record!(self, ContractSigning) else {
            return contracts;
        };
        let award = self.standing_award();
        let award = award.unwrap_or_else(|| self.award_id(recorded));
        contracts.push(self.contract(recorded, signed, &award));
        for noted in self.life() {
            let of = format!("entry-{}", noted.recorded.index);
            match (&noted.event, contracts.last_mut()) {
                (Event::ContractAmended(amended), Some(last)) => {
                    if let Some(amount) = amended.amount_fen {
                        last.value = Some(cny(amount));
                    }
                    if let (Some(end), Some(period)) = (amended.term_end, &mut last.period) {
                        period.end_date = self.end_of(end);
                    }
                    last.amendments.push(Amendment {
                        id: of,
                        date: self.day(amended.signed_on),
                        rationale: amended.reason.to_string(),
                    });
                }
                (Event::ContractRenewed(renewed), Some(last)) => {
                    last.status = "terminated";
                    contracts.push(Contract {
                        id: renewed.contract_number.to_string(),
                        award_id: award.clone(),
                        title: renewed.contract_number.to_string(),
                        description: renewed.reason.to_string(),
                        status: "active",
                        period: Some(Period {
                            start_date: self.day(renewed.term_start),
                            end_date: self.end_of(renewed.term_end),
                        }),
                        value: Some(cny(renewed.amount_fen)),
                        date_signed: self.day(renewed.signed_on),
                        documents: self.of_life(noted),
                        amendments: Vec::new(),
                        implementation: nothing_done(),
                    });
                }
                (Event::ContractTerminated(_) | Event::AssetReturned(_), Some(last)) => {
                    last.status = "terminated";
                }
                (event, Some(last)) => self.add_payment(last, noted, event),
                (_, None) => {}
            }
        }
        contracts
    }

    /// Contracts whose signing was set aside: they were signed, so they are told, as ended.
    fn contracts_set_aside(&self) -> Vec<Contract> {
        let mut contracts = Vec::new();
        let mut award = None;
        for passed in self.set_aside() {
            match &passed.event {
                Event::Bidding(bidding)
                    if matches!(bidding.outcome, BiddingOutcome::Won { .. }) =>
                {
                    award = Some(self.award_id(&passed.recorded));
                }
                Event::ContractSigning(signed) => {
                    // A return sets aside from the first step on: its bidding has come before, or stands.
                    let Some(award) = award.clone().or_else(|| self.standing_award()) else {
                        continue;
                    };
                    contracts.push(Contract {
                        id: format!("{}-entry-{}", signed.contract_number, passed.recorded.index),
                        status: "terminated",
                        documents: Vec::new(),
                        implementation: nothing_done(),
                        ..self.contract(&passed.recorded, signed, &award)
                    });
                }
                _ => {}
            }
        }
        contracts
    }

    fn contract(&self, recorded: &Recorded, signed: &ContractSigning, award: &str) -> Contract {
        let period = signed
            .term_start
            .zip(signed.term_end)
            .map(|(start, end)| Period {
                start_date: self.day(start),
                end_date: self.end_of(end),
            });
        let over = match self.transaction.phase {
            Phase::Terminated { .. } => true,
            // What has no term has been carried out when all is done.
            Phase::Completed(_) => period.is_none(),
            _ => false,
        };
        Contract {
            id: match signed.contract_number.as_str() {
                "" => format!("entry-{}", recorded.index),
                number => number.to_owned(),
            },
            award_id: award.to_owned(),
            title: signed.contract_number.to_string(),
            description: signed.summary.to_string(),
            status: if over { "terminated" } else { "active" },
            period,
            value: Some(cny(signed.amount_fen)),
            date_signed: self.day(signed.signed_on),
            documents: self.documents(Section::Contract),
            amendments: Vec::new(),
            implementation: Implementation {
                transactions: self.handed_over(),
                milestones: self.milestones(Section::Implementation),
                documents: self.documents(Section::Implementation),
            },
        }
    }

    /// What came in by the handover.
    fn handed_over(&self) -> Vec<Payment> {
        let Some((recorded, handover)) = record!(self, HandoverAndReceipt) else {
            return Vec::new();
        };
        let received = (1..).zip(&handover.received);
        received
            .map(|(number, amount)| Payment {
                id: format!("entry-{}-{number}", recorded.index),
                date: self.day(amount.received_on),
                value: Some(cny(amount.amount_fen)),
                payer: self.counterparty(),
                payee: Some(self.collective()),
            })
            .collect()
    }

    /// Takes what is paid, or falls due, into the contract.
    fn add_payment(&self, contract: &mut Contract, noted: &Noted, event: &Event) {
        let of = format!("entry-{}", noted.recorded.index);
        let own = Some(self.collective());
        let other = |name: &str| Some(self.other_side(noted, name));
        let (date, amount, payer, payee): (Date, Fen, _, _) = match event {
            Event::PaymentReceived(paid) => (
                paid.received_on,
                paid.amount_fen,
                other(paid.payer.as_str()),
                own,
            ),
            Event::PaymentMade(paid) => (
                paid.paid_on,
                paid.amount_fen,
                own,
                other(paid.payee.as_str()),
            ),
            Event::PaymentDue(due) => {
                let dues = due.dues.iter().map(|due| self.falls_due(&of, due));
                contract.implementation.milestones.extend(dues);
                return;
            }
            _ => return,
        };
        // Corrected to be no payment at all.
        if amount == Fen::ZERO {
            return;
        }
        let implementation = &mut contract.implementation;
        implementation.transactions.push(Payment {
            id: of,
            date: self.day(date),
            value: Some(cny(amount)),
            payer,
            payee,
        });
        for document in self.of_life(noted) {
            // One file may go with many payments.
            let mut known = implementation.documents.iter();
            if !known.any(|known| known.id == document.id) {
                implementation.documents.push(document);
            }
        }
    }

    /// An amount that falls due, and whether it was paid.
    fn falls_due(&self, of: &str, due: &Due) -> Milestone {
        let contract = self.transaction.contract.as_ref();
        let state = contract.and_then(|contract| contract.dues.get(&due.id));
        let paid = state.map_or(Fen::ZERO, |state| state.paid_fen);
        let status = match state {
            Some(state) if state.cancelled_by.is_some() => "notMet",
            _ if paid >= due.amount_fen => "met",
            _ if paid > Fen::ZERO => "partiallyMet",
            _ => "scheduled",
        };
        Milestone {
            id: format!("{of}-{}", due.id),
            title: due.purpose.to_string(),
            r#type: "payment",
            description: format!("{} {} 元", due.direction.zh(), due.amount_fen),
            code: "payment_due",
            due_date: self.day(due.due_on),
            date_met: String::new(),
            status,
        }
    }

    /// The documents of an event of the contract's life.
    fn of_life(&self, noted: &Noted) -> Vec<Document> {
        let date = self.moment(noted.recorded.received_at);
        self.named(None, noted.event.documents(), &date)
    }
}

fn nothing_done() -> Implementation {
    Implementation {
        transactions: Vec::new(),
        milestones: Vec::new(),
        documents: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use ledger_core::audit::{Expected, Pins, audit};
    use ledger_core::contract::Standing;
    use ledger_core::source::StoreSource;
    use ledger_core::{MemoryStore, StatedTime};
    use ledger_server::demo::{DEFAULT_SEED, build_year};
    use serde_json::{Value, json};

    /// What was recorded of a contract's life, one event after the other.
    fn life(events: &[Value]) -> Vec<Standing> {
        let at: StatedTime = "2019-01-02T09:00:00+08:00".parse().unwrap();
        let noted = |(index, event): (u64, &Value)| Standing {
            corrected_by: Vec::new(),
            noted: Noted {
                event: serde_json::from_value(event.clone()).unwrap(),
                recorded: Recorded {
                    at,
                    index,
                    received_at: at.instant(),
                    recorded_late: false,
                    signers: Vec::new(),
                },
            },
            received_on: "2019-01-02".parse().unwrap(),
        };
        (9000..).zip(events).map(noted).collect()
    }

    /// Every reference to a party that a release makes.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let one =
                        ["payer", "payee", "procuringEntity", "buyer"].contains(&name.as_str());
                    let many = ["suppliers", "tenderers"].contains(&name.as_str());
                    let named = if one {
                        std::slice::from_ref(member)
                    } else {
                        &[]
                    };
                    let named = if many {
                        member.as_array().unwrap()
                    } else {
                        named
                    };
                    found.extend(
                        named
                            .iter()
                            .map(|party| party["id"].as_str().unwrap().to_owned()),
                    );
                    references(member, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn a_contract_s_life_is_told_to_its_end() {
        let ledger = build_year(MemoryStore::new(), DEFAULT_SEED, &mut |_, _| {}).unwrap();
        let state = ledger.state().unwrap();
        let pins = Pins {
            ledger_id: state.ledger_id,
            log_key: ledger.log_key().clone(),
            origin: state.origin.clone(),
        };
        let expected = Expected {
            pins: &pins,
            policy: None,
        };
        let report = audit(&StoreSource(ledger.store()), expected, &mut |_, _, _| {}).unwrap();
        let id = "2018-004".parse().unwrap();
        let mut transaction = report.state.transaction(&id).unwrap().clone();
        transaction.contract.as_mut().unwrap().events = life(&[
            json!({ "kind": "payment_due", "documents": [], "summary": "租金", "dues": [{
                "amount_fen": 310_000, "direction": "incoming", "due_on": "2018-06-05", "id": "rent", "purpose": "6 月租金" }] }),
            json!({ "kind": "payment_received", "amount_fen": 310_001, "documents": [], "dues": ["rent"], "payer": "别*",
                "received_on": "2018-06-06", "summary": "租金", "voucher": "1" }),
            json!({ "kind": "contract_amended", "amount_fen": 7_000_050, "cancels": [], "documents": [], "reason": "减租",
                "signed_on": "2018-07-01", "term_end": "2019-12-31" }),
            json!({ "kind": "contract_renewed", "amount_fen": 100, "contract_number": "N2", "documents": [], "reason": "续",
                "signed_on": "2019-12-01", "term_end": "2020-12-31", "term_start": "2020-01-01" }),
            json!({ "kind": "payment_made", "account": "corporate", "amount_fen": 5, "documents": [], "dues": ["rent"], "payee": "别*",
                "paid_on": "2020-06-06", "summary": "退", "voucher": "2" }),
            json!({ "kind": "contract_terminated", "cancels": [], "documents": [], "ended_on": "2020-07-01", "reason": "终止" }),
        ]);
        let mapping = Mapping {
            ledger: report.state.ledger().unwrap(),
            ocid: "ocds-000000-donglang-2018-004",
            offset_minutes: 480,
            transaction: &transaction,
        };
        let written = mapping.release("1".to_owned(), String::new(), vec!["contract"]);
        let text = serde_json::to_string(&written).unwrap();
        let release: Value = serde_json::from_str(&text).unwrap();
        let [first, second] = release["contracts"].as_array().unwrap().as_slice() else {
            panic!("{release}");
        };
        assert_eq!(
            (&first["status"], &second["status"]),
            (&json!("terminated"), &json!("terminated"))
        );
        assert_eq!(
            (&first["awardID"], &second["id"]),
            (&second["awardID"], &json!("N2"))
        );
        assert_eq!(first["period"]["endDate"], "2019-12-31T23:59:59+08:00");
        assert_eq!(first["amendments"][0]["rationale"], "减租");
        assert!(text.contains(r#""amount":70000.50"#) && text.contains(r#""amount":3100.01"#));
        let due = first["implementation"]["milestones"].as_array().unwrap();
        let due = due
            .iter()
            .find(|milestone| milestone["type"] == "payment")
            .unwrap();
        assert_eq!(
            (&due["dueDate"], &due["status"]),
            (&json!("2018-06-05T00:00:00+08:00"), &json!("scheduled"))
        );
        let paid = &second["implementation"]["transactions"][0];
        assert_eq!(paid["payer"], release["tender"]["procuringEntity"]);
        assert_eq!(paid["payee"]["name"], "别*");
        let mut referred = BTreeSet::new();
        references(&release, &mut referred);
        let parties = release["parties"].as_array().unwrap();
        let known: BTreeSet<String> = parties
            .iter()
            .map(|party| party["id"].as_str().unwrap().to_owned())
            .collect();
        assert!(referred.is_subset(&known), "{referred:?} {known:?}");
        assert_eq!(known.len(), parties.len());
    }
}
