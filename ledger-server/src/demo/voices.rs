//! What residents ask, and whether they are answered. (群众意见)

use ledger_core::record::{ConcernSubject, Outcome};
use ledger_core::step::PublicationPoint;
use ledger_core::time::{Date, StatedTime};

use super::agenda::Agenda;
use super::clock::{Clock, Workday};
use super::course::What;
use super::dice::Dice;
use super::fault::DemoError;

/// How a concern is answered and what the resident thinks of it. (答复与评价)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) outcome: Outcome,
    pub(crate) answer: &'static str,
    pub(crate) closed: &'static str,
    pub(crate) comment: &'static str,
    pub(crate) stars: u8,
}

/// What a resident asks. (意见)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Concern {
    pub(crate) id: &'static str,
    pub(crate) by: Option<&'static str>,
    pub(crate) subject: ConcernSubject,
    pub(crate) text: &'static str,
    /// `None` if nobody has answered by the end of the year.
    pub(crate) reply: Option<Reply>,
}

/// What is done about a concern. (办理)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Raised,
    Answered,
    Closed,
    Rated,
}

/// A concern, about which transaction, and when what was done. (意见及其办理)
#[derive(Debug, Clone)]
pub(crate) struct Voice {
    pub(crate) concern: Concern,
    /// The number of the transaction.
    pub(crate) about: usize,
    pub(crate) acts: Vec<(Said, StatedTime, Workday)>,
}

/// Asked while the plan is open, answered in time.
const ANSWERED: Concern = Concern {
    id: "2018-YJ-01",
    by: Some("黄**"),
    subject: ConcernSubject::Plan,
    text: "方案里只写每年交承包款，没写谁修塘埂。前年雨季塘埂垮过两次，希望在合同里写清楚。",
    reply: Some(Reply {
        outcome: Outcome::Explained,
        answer: "合同草案第六条已写明：承包人负责塘埂日常维护，每年雨季前由联社和监事会查验，不合格的先用履约保证金整修。\
                 方案摘要没有写出这一条，已在公告栏补贴合同草案全文。",
        closed: "提出人到办公室看过合同草案，没有新的意见。",
        comment: "第三个工作日就答复了，也说清楚了；以后摘要里也写上更好。",
        stars: 4,
    }),
};

/// Asked about the rent that is owed, and not answered.
const OVERDUE: Concern = Concern {
    id: "2018-YJ-02",
    by: None,
    subject: ConcernSubject::General,
    text: "9 号水产档还在开，听说欠了一季租。联社催过没有？欠多少、什么时候补，请公开。",
    reply: None,
};

/// The concerns of the year, about these two: the number of each and its agenda.
pub(crate) fn voices(
    [open, owed]: [(usize, &Agenda); 2],
    clock: &Clock,
    seed: u64,
) -> Result<Vec<Voice>, DemoError> {
    let posted = |what: What| matches!(what, What::Post(PublicationPoint::Plan, _));
    let last = open.1.acts.iter().rev().find(|act| posted(act.what));
    let asked_on = last.map_or(Workday(0), |act| act.recorded_on.plus(1));
    let owed_on = clock.from(Date::new(2018, 12, 12)?);
    let mut voices = Vec::new();
    for (concern, about, from) in [(ANSWERED, open.0, asked_on), (OVERDUE, owed.0, owed_on)] {
        let said = match concern.reply {
            Some(_) => &[
                (Said::Raised, 0),
                (Said::Answered, 2),
                (Said::Closed, 3),
                (Said::Rated, 4),
            ][..],
            None => &[(Said::Raised, 0)],
        };
        let mut dice = Dice::new(seed, concern.id);
        let mut acts = Vec::new();
        for (said, later) in said {
            let on = from.plus(*later);
            let Some(moment) = clock.office(on, &mut dice) else {
                continue;
            };
            acts.push((*said, clock.stated(moment)?, on));
        }
        voices.push(Voice {
            concern,
            about,
            acts,
        });
    }
    Ok(voices)
}
