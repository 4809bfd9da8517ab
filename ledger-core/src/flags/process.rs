//! How the steps were walked: what is missing, short, late or early.

use crate::calendar::Span;
use crate::event::Event;
use crate::recorded::Recorded;
use crate::step::Step;
use crate::time::LogTime;

use super::{Case, Flag, FlagRule, Rule, Severity};

pub(super) const RULES: &[Rule] = &[
    step_missing,
    vote_missing,
    step_waived,
    notice_short,
    recorded_late,
    process_unproven,
    contract_too_early,
    repeated_rounds,
];

/// The steps before the last one that have no record, not even a waiver.
fn gaps<'a>(case: &Case<'a>) -> impl Iterator<Item = Step> + use<'a> {
    let transaction = case.transaction;
    let last = transaction.passed.iter().map(|passed| passed.step).max();
    // What must be published again is on its way.
    let stale = move |step: &Step| {
        let redo = transaction.redo.as_ref();
        let point = step.publication_point();
        redo.is_some_and(|redo| point.is_some_and(|point| redo.stale().contains(&point)))
    };
    let before = Step::ALL
        .into_iter()
        .take_while(move |step| last.is_some_and(|last| *step < last));
    before.filter(move |step| transaction.record(*step).is_none() && !stale(step))
}

/// The entry after which a gap is seen: the last one.
fn last_event(case: &Case<'_>) -> u64 {
    let last = case
        .transaction
        .recordings()
        .map(|recorded| recorded.index)
        .max();
    last.unwrap_or(case.transaction.begun_at)
}

/// Steps as a list of their numbers and names.
fn named(steps: &[Step]) -> (String, String) {
    let list = |name: fn(&Step) -> String, comma: &str| {
        let names: Vec<String> = steps.iter().map(name).collect();
        names.join(comma)
    };
    (
        list(
            |step| format!("第 {} 环节{}", step.number(), step.zh()),
            "、",
        ),
        list(
            |step| format!("step {} ({})", step.number(), step.en()),
            ", ",
        ),
    )
}

fn step_missing(case: &Case<'_>) -> Option<Flag> {
    let missing: Vec<Step> = gaps(case)
        .filter(|step| *step != Step::MemberVote)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let (zh, en) = named(&missing);
    Some(case.flag(
        FlagRule::StepMissing,
        [last_event(case)],
        format!("记录里没有{zh}；请核对办过没有、在哪里登记。"),
        format!("The record lacks {en}; please check whether that was done."),
    ))
}

fn vote_missing(case: &Case<'_>) -> Option<Flag> {
    let waived = case.transaction.record(Step::MemberVote);
    if let Some(waived) = waived.filter(|passed| passed.is_waived()) {
        let index = waived.recorded.index;
        let flag = case.flag(
            FlagRule::VoteMissing,
            [index],
            format!("民主表决依章程免办（第 {index} 条）；请核对是否符合章程的豁免条件。"),
            format!("The vote was waived (entry {index}); please check that the charter's conditions are met."),
        );
        return Some(flag.weighing(Severity::Medium));
    }
    gaps(case).find(|step| *step == Step::MemberVote)?;
    Some(
        case.flag(
            FlagRule::VoteMissing,
            [last_event(case)],
            "记录里没有成员（代表）表决；请核对是否开过会、在哪里登记。".to_owned(),
            "The record holds no vote of the members; please check whether a meeting was held."
                .to_owned(),
        ),
    )
}

fn step_waived(case: &Case<'_>) -> Option<Flag> {
    let waived = case.transaction.passed.iter();
    let waived = waived.filter(|passed| passed.is_waived() && passed.step != Step::MemberVote);
    let (steps, events): (Vec<Step>, Vec<u64>) = waived
        .map(|passed| (passed.step, passed.recorded.index))
        .unzip();
    if steps.is_empty() {
        return None;
    }
    let (zh, en) = named(&steps);
    Some(case.flag(
        FlagRule::StepWaived,
        events,
        format!("{zh}依章程免办；请核对是否符合章程的豁免条件。"),
        format!("Waived: {en}; please check that the charter's conditions are met."),
    ))
}

fn notice_short(case: &Case<'_>) -> Option<Flag> {
    let vote = case.dealing.vote?;
    let record = vote.record;
    let notice = case.charter.voting.get(&record.body)?.notice.as_ref()?;
    let calendar = case.calendar();
    let given = record
        .notified_on
        .at_midnight(calendar.utc_offset_minutes());
    let end = calendar.deadline(given, notice.span).at;
    let least = case.date(end.minus_seconds(1));
    if record.held_on >= least {
        return None;
    }
    let days = record.notified_on.days_until(record.held_on);
    let (notified, held) = (record.notified_on, record.held_on);
    let (rule_zh, rule_en) = (notice.span.label_zh(), notice.span.label_en());
    let flag = case.flag(
        FlagRule::NoticeShort,
        [vote.recorded.index],
        format!("会议 {notified} 通知、{held} 召开，只隔 {days} 天，章程要求提前 {rule_zh}；请核对成员是否都及时得到通知。"),
        format!("Notice was given on {notified} for {held}, {days} days ahead; the charter asks for {rule_en}. Please check that all members knew in time."),
    );
    Some(flag.by(&notice.basis))
}

/// A contract taken over is late by nature, and has a flag of its own.
fn is_takeover(case: &Case<'_>, recorded: &Recorded) -> bool {
    let taken = case.dealing.taken_over;
    taken.is_some_and(|taken| taken.recorded.index == recorded.index)
}

fn process_unproven(case: &Case<'_>) -> Option<Flag> {
    let taken = case.dealing.taken_over?;
    case.dealing.deed()?;
    let signed = taken.record.signed_on;
    let opened = case.date(case.ledger.opened_at);
    Some(case.flag(
        FlagRule::ProcessUnproven,
        [taken.recorded.index],
        format!("合同 {signed} 签订，{opened} 开账，当时的十六个环节没有在账本里留下证明；请核对当初的会议记录、公示和合同原件。"),
        format!("The contract was signed on {signed} and the ledger opened on {opened}: nothing here proves how it was made. Please check the minutes, the notices and the contract itself."),
    ))
}

fn recorded_late(case: &Case<'_>) -> Option<Flag> {
    let late = || {
        case.transaction
            .recordings()
            .filter(|recorded| recorded.recorded_late && !is_takeover(case, recorded))
    };
    let lag = |at: LogTime, received: LogTime| received.seconds_since(at) / 86_400;
    let longest = late().max_by_key(|late| late.received_at.seconds_since(late.at.instant()))?;
    let (count, index) = (late().count(), longest.index);
    let days = lag(longest.at.instant(), longest.received_at);
    let happened = longest.at.instant().date_at(longest.at.offset_minutes());
    let received = case.date(longest.received_at);
    let flag = case.flag(
        FlagRule::RecordedLate,
        late().map(|recorded| recorded.index),
        format!("有 {count} 条记录是事后补录的，最久的是第 {index} 条：{happened} 发生，{received} 才登记，隔了 {days} 天；请核对当时的原始材料。"),
        format!("{count} recorded late; the longest is entry {index}: it happened on {happened} and was received on {received}, {days} days later. Please check the papers of that day."),
    );
    Some(flag.by(&case.charter.clocks.late.basis))
}

/// How long a step's window was by the charter that governed then.
fn window_at(case: &Case<'_>, step: Step, position: u64) -> Option<Span> {
    let charter = case.ledger.charter_of(case.transaction.begun_at, position);
    Some(charter.steps.of(step).open_for.as_ref()?.span)
}

fn contract_too_early(case: &Case<'_>) -> Option<Flag> {
    let (result, contract) = (case.dealing.result?, case.dealing.contract?);
    let from = result.recorded.received_at;
    let span = window_at(case, Step::ResultAndObjection, result.recorded.index)?;
    let calendar = case.ledger.calendar_at(contract.recorded.index);
    let end = calendar.deadline(from, span).at;
    let signed = contract.record.signed_on;
    // Of the day on which the window ends nobody knows the hour of the signing.
    if signed >= calendar.date_of(end) {
        return None;
    }
    let (published, last) = (
        calendar.date_of(from),
        calendar.date_of(end.minus_seconds(1)),
    );
    let (span_zh, span_en) = (span.label_zh(), span.label_en());
    Some(case.flag(
        FlagRule::ContractTooEarly,
        [result.recorded.index, contract.recorded.index],
        format!("结果 {published} 登记公示，公示期 {span_zh}到 {last} 止，合同签订日期写的是 {signed}；请核对签约时公示期是否已满。"),
        format!("The result was published on {published} for {span_en}, until {last}; the contract is dated {signed}. Please check that the window had ended."),
    ))
}

/// How many rounds were held since the vote that stands.
fn rounds(case: &Case<'_>) -> Option<(u32, Vec<u64>)> {
    let bidding = case.dealing.bidding?;
    let vote = case.dealing.vote.map_or(0, |vote| vote.recorded.index);
    let earlier = case.transaction.superseded.iter().map(|old| &old.passed);
    let earlier = || {
        earlier
            .clone()
            .filter(|passed| matches!(passed.event, Event::Bidding(_)))
    };
    let mut events = vec![bidding.recorded.index];
    if earlier().next().is_none() {
        // Earlier rounds may have been held before the ledger was opened.
        return Some((bidding.record.round, events));
    }
    let since = earlier().map(|passed| passed.recorded.index);
    events.extend(since.filter(|index| *index > vote));
    Some((u32::try_from(events.len()).unwrap_or(u32::MAX), events))
}

fn repeated_rounds(case: &Case<'_>) -> Option<Flag> {
    let limit = &case.limits().rounds_per_vote;
    let (rounds, events) = rounds(case)?;
    if rounds <= limit.number {
        return None;
    }
    let vote = case.dealing.vote.map(|vote| vote.recorded.index);
    let (zh, en) = match case.dealing.won() {
        Some(_) => ("才成交", "won in"),
        None => ("仍未成交", "failed in"),
    };
    let flag = case.flag(
        FlagRule::RepeatedRounds,
        vote.into_iter().chain(events),
        format!("第 {rounds} 轮竞价{zh}，其间没有重新表决；请核对条件有没有变、成员知不知道。"),
        format!("It was {en} round {rounds} of bidding, without a new vote; please check whether terms changed and members knew."),
    );
    Some(flag.by(&limit.basis))
}
