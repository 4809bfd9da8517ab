use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::time::StatedTime;

/// What may happen to a contract of one year with monthly dues: by number, so that mistakes are made.
#[derive(Debug, Clone)]
enum Act {
    Due {
        month: u8,
        fen: u64,
        outgoing: bool,
    },
    Pay {
        dues: Vec<u8>,
        fen: u64,
        outgoing: bool,
        voucher: u8,
    },
    Cancel {
        month: u8,
    },
    End {
        month: u8,
        cancel: u8,
    },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let month = 1_u8..=12;
    let act = prop_oneof![
        4 => (month.clone(), 1_u64..50, any::<bool>())
            .prop_map(|(month, fen, outgoing)| Act::Due { month, fen, outgoing }),
        6 => (prop::collection::vec(1_u8..=12, 1..4), 0_u64..60, any::<bool>(), 0_u8..30)
            .prop_map(|(dues, fen, outgoing, voucher)| Act::Pay { dues, fen, outgoing, voucher }),
        1 => month.clone().prop_map(|month| Act::Cancel { month }),
        1 => (month, 1_u8..=12).prop_map(|(month, cancel)| Act::End { month, cancel }),
    ];
    prop::collection::vec(act, 0..60)
}

fn signing() -> ContractSigning {
    serde_json::from_value(json!({
        "amount_fen": 1_000, "contract_number": "1", "documents": [], "parties": ["甲", "乙"],
        "performance_bond_fen": 0, "signed_on": "2018-01-01", "summary": "签约",
        "term_end": "2018-12-31", "term_start": "2018-01-01",
    }))
    .unwrap()
}

fn event_of(act: &Act) -> Event {
    let day = |month: &u8| format!("2018-{month:02}-01");
    let name = |month: &u8| format!("m{month}");
    let value: Value = match act {
        Act::Due {
            month,
            fen,
            outgoing,
        } => json!({
            "kind": "payment_due", "documents": [], "summary": "款项", "dues": [{
                "amount_fen": fen, "due_on": day(month), "id": name(month), "purpose": "租金",
                "direction": if *outgoing { "outgoing" } else { "incoming" },
            }],
        }),
        Act::Pay {
            dues,
            fen,
            outgoing,
            voucher,
        } => {
            let dues: Vec<String> = dues.iter().map(name).collect();
            let mut value = json!({
                "amount_fen": fen, "documents": [], "dues": dues, "summary": "收付",
                "voucher": format!("v{voucher}"),
            });
            let rest = if *outgoing {
                json!({"kind": "payment_made", "account": "cash", "paid_on": "2018-01-01", "payee": "乙"})
            } else {
                json!({"kind": "payment_received", "received_on": "2018-01-01", "payer": "乙"})
            };
            value
                .as_object_mut()
                .unwrap()
                .extend(rest.as_object().unwrap().clone());
            value
        }
        Act::Cancel { month } => json!({
            "kind": "contract_amended", "cancels": [name(month)], "documents": [], "reason": "减免",
            "signed_on": "2018-01-01",
        }),
        Act::End { month, cancel } => json!({
            "kind": "contract_terminated", "cancels": [name(cancel)], "documents": [],
            "ended_on": day(month), "reason": "退租",
        }),
    };
    Event::from_value(value).unwrap()
}

fn standing(index: usize, event: Event) -> Standing {
    let at: StatedTime = "2018-01-01T09:00:00+08:00".parse().unwrap();
    Standing {
        corrected_by: Vec::new(),
        noted: Noted {
            event,
            recorded: Recorded {
                at,
                index: index as u64 + 100,
                received_at: at.instant(),
                recorded_late: false,
                signers: Vec::new(),
            },
        },
        received_on: "2018-01-01".parse().unwrap(),
    }
}

/// The rules once more, over plain lists: every question scans all that was admitted.
#[derive(Default)]
struct Naive<'a>(Vec<&'a Act>);

impl Naive<'_> {
    fn ended(&self) -> bool {
        self.0.iter().any(|act| matches!(act, Act::End { .. }))
    }

    fn due(&self, wanted: u8) -> Option<(u64, bool)> {
        self.0.iter().find_map(|act| match act {
            Act::Due {
                month,
                fen,
                outgoing,
            } if *month == wanted => Some((*fen, *outgoing)),
            _ => None,
        })
    }

    fn cancelled(&self, wanted: u8) -> bool {
        self.0.iter().any(|act| {
            matches!(act, Act::Cancel { month: gone } | Act::End { cancel: gone, .. } if *gone == wanted)
        })
    }

    /// What was paid for each month: money runs through the dues of each payment in turn.
    fn paid(&self, wanted: u8) -> u64 {
        let mut paid = [0_u64; 13];
        for act in &self.0 {
            if let Act::Pay { dues, fen, .. } = act {
                let mut left = *fen;
                for due in dues {
                    let owed = self.due(*due).unwrap().0 - paid[usize::from(*due)];
                    let part = owed.min(left);
                    paid[usize::from(*due)] += part;
                    left -= part;
                }
                assert_eq!(left, 0);
            }
        }
        paid[usize::from(wanted)]
    }

    fn open(&self, month: u8) -> u64 {
        match self.due(month) {
            Some((fen, _)) if !self.cancelled(month) => fen - self.paid(month),
            _ => 0,
        }
    }

    fn admits(&self, act: &Act) -> bool {
        match act {
            Act::Due { month, .. } => !self.ended() && self.due(*month).is_none(),
            Act::Cancel { month } => !self.ended() && self.open(*month) > 0,
            Act::End { cancel, .. } => !self.ended() && self.open(*cancel) > 0,
            Act::Pay {
                dues,
                fen,
                outgoing,
                voucher,
            } => {
                let fits = |due: &u8| {
                    self.due(*due).is_some_and(|(_, out)| out == *outgoing) && !self.cancelled(*due)
                };
                let used = self.0.iter().any(|act| {
                    matches!(act, Act::Pay { voucher: other, fen, .. } if other == voucher && *fen > 0)
                });
                if !dues.iter().all(fits) || *fen > 0 && used {
                    return false;
                }
                // Each due it names gets a part of it, all but the last one whole.
                let mut left = *fen;
                for (place, due) in dues.iter().enumerate() {
                    let again = dues[..place].contains(due);
                    let part = self.open(*due).min(left);
                    if *fen > 0 && (part == 0 || again) {
                        return false;
                    }
                    left -= part;
                }
                left == 0
            }
        }
    }
}

proptest! {
    #[test]
    fn the_fold_agrees_with_a_naive_sum(acts in acts(), day in 1_u8..=28) {
        let mut naive = Naive::default();
        let mut events: Vec<Standing> = Vec::new();
        let mut contract = Contract::signed(&signing(), 14);
        for act in &acts {
            // The record by itself refuses a payment that names a due twice.
            if matches!(act, Act::Pay { dues, .. } if (1..dues.len()).any(|n| dues[..n].contains(&dues[n]))) {
                continue;
            }
            let standing = standing(events.len(), event_of(act));
            let fits = contract.check(&standing.noted.event, standing.received_on);
            prop_assert_eq!(fits.is_ok(), naive.admits(act), "{:?} {:?}", act, fits);
            if fits.is_ok() {
                contract.note(standing.clone());
                events.push(standing);
                naive.0.push(act);
            }
        }
        let on: Date = format!("2018-07-{day:02}").parse().unwrap();
        for (direction, outgoing) in [(Direction::Incoming, false), (Direction::Outgoing, true)] {
            let months = (1..=12).filter(|month| naive.due(*month).is_some_and(|(_, out)| out == outgoing));
            let months: Vec<u8> = months.collect();
            let open: u64 = months.iter().map(|month| naive.open(*month)).sum();
            let paid: u64 = months.iter().map(|month| naive.paid(*month)).sum();
            let late = months.iter().filter(|month| **month < 7 || **month == 7 && day > 1);
            let late: u64 = late.map(|month| naive.open(*month)).sum();
            let next = months.iter().filter(|month| **month > 7 || **month == 7 && day == 1);
            let next = next.copied().find(|month| naive.open(*month) > 0);
            prop_assert_eq!(contract.outstanding_fen(direction).get(), open);
            prop_assert_eq!(contract.paid_fen(direction).get(), paid);
            prop_assert_eq!(contract.arrears_fen(direction, on).get(), late);
            prop_assert_eq!(
                contract.next_due(direction, on).map(|due| due.due.id.to_string()),
                next.map(|month| format!("m{month}"))
            );
        }
        let folded = Contract::fold((&signing(), 14), None, &events);
        prop_assert_eq!(folded, Ok(contract));
    }
}

#[test]
fn a_fold_names_the_event_that_does_not_fit() {
    let due = Act::Due {
        month: 3,
        fen: 10,
        outgoing: false,
    };
    let pay = Act::Pay {
        dues: vec![3],
        fen: 10,
        outgoing: false,
        voucher: 1,
    };
    let events = [
        standing(0, event_of(&due)),
        standing(1, event_of(&pay)),
        standing(2, event_of(&pay)),
    ];
    let unfit = Contract::fold((&signing(), 14), None, &events).unwrap_err();
    assert_eq!((unfit.entry, unfit.refusal.rule()), (102, "voucher_used"));
}
