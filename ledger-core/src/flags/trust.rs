//! Whether what was published was to be seen, who signed it, and whether the rules stood still.

use std::collections::BTreeSet;

use crate::name::{Label, MemberId};
use crate::oversight;
use crate::record::Publication;
use crate::recorded::Recorded;
use crate::step::Step;
use crate::time::LogTime;
use crate::transaction::{Passed, Phase, Posting, Transaction};

use super::words::{is_masked, masked_note};
use super::{Case, Flag, FlagRule, Rule, Severity};

pub(super) const RULES: &[Rule] = &[
    channel_missing,
    channels_differ,
    key_in_doubt,
    relative_party,
    finding_overdue,
    concern_overdue,
    rules_changed,
];

/// A publication that stands, with its postings.
struct Published<'a> {
    passed: &'a Passed,
    record: &'a Publication,
    postings: Vec<&'a Posting>,
}

fn published<'a>(case: &Case<'a>) -> impl Iterator<Item = Published<'a>> + use<'a> {
    let transaction = case.transaction;
    transaction.passed.iter().filter_map(move |passed| {
        let (point, record) = (
            passed.step.publication_point()?,
            passed.event.publication()?,
        );
        let after = passed.recorded.index;
        let postings = transaction.postings.iter();
        let postings = postings.filter(|p| p.point == point && p.recorded.index > after);
        Some(Published {
            passed,
            record,
            postings: postings.collect(),
        })
    })
}

/// The channels of the first publication that were late or are missing.
fn channel_missing(case: &Case<'_>) -> Option<Flag> {
    let limit = &case.limits().posting;
    published(case).find_map(|published| {
        let from = published.passed.recorded.received_at;
        let due = case.calendar().deadline(from, limit.span).at;
        let named = published.record.channels.iter();
        let required = case.charter.required_channels();
        let mut channels: Vec<&Label> = named.chain(required).collect();
        channels.sort();
        channels.dedup();
        let mut events = vec![published.passed.recorded.index];
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        for channel in channels {
            let posting = published.postings.iter().find(|p| p.channel == *channel);
            let name = channel_name(case, channel);
            match posting.map(|posting| &posting.recorded) {
                None if case.now >= due => {
                    zh.push(format!("{name}没有张贴登记"));
                    en.push(format!("none on {channel}"));
                }
                Some(recorded) if recorded.received_at >= due => {
                    let on = case.date(recorded.received_at);
                    zh.push(format!("{name}到 {on} 才登记"));
                    en.push(format!("{channel} only on {on}"));
                    events.push(recorded.index);
                }
                _ => {}
            }
        }
        if zh.is_empty() {
            return None;
        }
        let step = published.passed.step;
        let (day, zh, en) = (case.date(from), zh.join("，"), en.join(", "));
        let (span_zh, span_en) = (limit.span.label_zh(), limit.span.label_en());
        let flag = case.flag(
            FlagRule::ChannelMissing,
            events,
            format!("第 {} 环节{} {day} 发布，应在 {span_zh}内各渠道都张贴：{zh}；请核对居民当时能不能看到。", step.number(), step.zh()),
            format!("Step {} ({}) of {day} should be on every channel within {span_en}: {en}. Please check where residents could see it.", step.number(), step.en()),
        );
        Some(flag.by(&limit.basis))
    })
}

/// A channel that still shows what was published before something in it was corrected.
fn channels_differ(case: &Case<'_>) -> Option<Flag> {
    let Transaction {
        superseded,
        postings,
        ..
    } = case.transaction;
    let limit = &case.limits().posting;
    superseded.iter().find_map(|old| {
        let step = old.passed.step;
        let point = step.publication_point()?;
        let standing = case.transaction.record(step);
        let stale = case.transaction.redo.as_ref();
        let is_stale = stale.is_some_and(|redo| redo.stale().contains(&point));
        // What was returned is not on show as something that holds.
        if standing.is_none() && !is_stale {
            return None;
        }
        let detours = case.transaction.detours.iter();
        let mut noted = detours.map(|noted| &noted.recorded);
        let since = noted.find(|recorded| recorded.index == old.by)?.received_at;
        let since = standing.map_or(since, |passed| passed.recorded.received_at);
        if case.now < case.calendar().deadline(since, limit.span).at {
            return None;
        }
        let before = postings.iter().filter(|p| p.publication == old.passed.recorded.index);
        let renewed = case.transaction.postings_of(point);
        let left: Vec<&Posting> = before.filter(|p| !renewed.contains_key(&p.channel)).collect();
        let names: Vec<&str> = left.iter().map(|p| channel_name(case, &p.channel)).collect();
        let ids: Vec<&str> = left.iter().map(|p| p.channel.as_str()).collect();
        let events = left.iter().map(|posting| posting.recorded.index);
        let (number, by) = (step.number(), old.by);
        (!left.is_empty()).then(|| case.flag(
            FlagRule::ChannelsDiffer,
            events.chain([by]),
            format!("第 {number} 环节公开的内容已由第 {by} 条更正或退回重做，{}张贴的仍是旧内容；请核对各渠道现在显示的是哪一份。", names.join("、")),
            format!("What step {number} published was changed by entry {by}, but by the record {} still shows the old text; please check what each channel shows now.", ids.join(", ")),
        ))
    })
}

fn channel_name<'a>(case: &Case<'a>, id: &'a Label) -> &'a str {
    case.charter
        .channel(id)
        .map_or(id.as_str(), |channel| channel.name.as_str())
}

fn key_in_doubt(case: &Case<'_>) -> Option<Flag> {
    let roster = &case.ledger.roster;
    let (mut names, mut events) = (BTreeSet::new(), Vec::new());
    for recorded in case.transaction.recordings() {
        let Recorded {
            index,
            received_at,
            signers,
            ..
        } = recorded;
        let is_doubtful = |id: &&MemberId| roster.is_in_doubt(id, *index, *received_at);
        let doubtful: Vec<&MemberId> = signers.iter().filter(is_doubtful).collect();
        events.extend(doubtful.first().map(|_| *index));
        names.extend(doubtful.into_iter().map(MemberId::as_str));
    }
    if events.is_empty() {
        return None;
    }
    let count = events.len();
    let names: Vec<&str> = names.into_iter().collect();
    Some(case.flag(
        FlagRule::KeyInDoubt,
        events,
        format!("有 {count} 条记录是用后来宣告失控的钥匙签的（{}）；请核对是不是本人签的。", names.join("、")),
        format!("{count} of its entries were signed with a key that was later declared out of its owner's hands by then ({}); please ask the signers whether they did.", names.join(", ")),
    ))
}

/// The first of those whom the collective deals with that a signer declared as a relative.
fn relative_party(case: &Case<'_>) -> Option<Flag> {
    let dealing = case.dealing;
    let won = dealing.won().map(|(_, winner)| winner);
    let contract = dealing.contract.map(|contract| &contract.record.parties);
    let taken = dealing.taken_over.map(|taken| &taken.record.parties);
    let parties = contract.into_iter().chain(taken).flatten();
    let (name, declared) = won
        .into_iter()
        .chain(parties)
        .find_map(|party| Some((party, case.relatives.get(party)?)))?;
    let signed = |member: &MemberId| {
        let mut recorded = case.transaction.recordings();
        recorded.find(|recorded| recorded.signers.contains(member))
    };
    let found = declared
        .iter()
        .find_map(|(member, entry)| Some((*member, *entry, signed(member)?.index)));
    let (member, entry, index) = found?;
    let bidding = dealing.bidding.map(|bidding| bidding.recorded.index);
    let contract = dealing.contract.map(|contract| contract.recorded.index);
    let note = masked_note(name);
    let flag = case.flag(
        FlagRule::RelativeParty,
        [entry, index].into_iter().chain(bidding).chain(contract),
        format!("{name}与{member}申报的亲属（第 {entry} 条）同名，而{member}签署了这笔交易（第 {index} 条）；请核对是否同一方、当事人是否回避。{}", note.zh),
        format!("{name} has the name of a relative that {member} declared (entry {entry}), and {member} signed here (entry {index}); please check whether they are the same and who stepped aside.{}", note.en),
    );
    let severity = if is_masked(name) {
        Severity::Medium
    } else {
        Severity::High
    };
    Some(flag.weighing(severity))
}

fn finding_overdue(case: &Case<'_>) -> Option<Flag> {
    let today = case.date(case.now);
    let mut findings = oversight::findings(&case.transaction.notes);
    let finding = findings.find(|finding| finding.is_overdue(today))?;
    let (index, due) = (finding.recorded.index, finding.raised.answer_by);
    Some(case.flag(
        FlagRule::FindingOverdue,
        [index],
        format!("街道在第 {index} 条提出的问题应在 {due} 前答复，至今没有答复登记；请核对整改办到哪一步。"),
        format!("What the street office found in entry {index} was to be answered by {due}, and no answer is recorded; please check what was done about it."),
    ))
}

fn concern_overdue(case: &Case<'_>) -> Option<Flag> {
    let (calendar, now) = (case.calendar(), case.now);
    let waiting = case.transaction.concerns.unanswered();
    let overdue = waiting
        .iter()
        .filter(|(_, concern)| now >= concern.deadline(calendar).at);
    let mut overdue: Vec<_> = overdue.collect();
    overdue.sort_by_key(|(_, concern)| concern.index);
    let (id, first) = overdue.first()?;
    let (count, due) = (
        overdue.len(),
        case.date(first.deadline(calendar).at.minus_seconds(1)),
    );
    let raised = case.date(first.received_at);
    let flag = case.flag(
        FlagRule::ConcernOverdue,
        overdue.iter().map(|(_, concern)| concern.index),
        format!("有 {count} 条群众意见过期未答复，最早的 {id} 是 {raised} 提的，应在 {due} 前答复；请核对谁在办、何时答复。"),
        format!("{count} concerns of residents are unanswered past their time; the earliest, {id}, was raised on {raised} and was to be answered by {due}. Please check who deals with it."),
    );
    Some(flag.by(&case.charter.concerns.answer_within.basis))
}

/// A window of the transaction: from an event to the one that came after it.
struct Window {
    from: (u64, LogTime),
    until: u64,
    step: Step,
}

fn windows(case: &Case<'_>) -> Vec<Window> {
    let transaction = case.transaction;
    let mut passed: Vec<&Passed> = transaction.passed.iter().collect();
    passed.retain(|passed| !passed.is_waived());
    // A publication that was made again comes after steps that follow it.
    passed.sort_by_key(|passed| passed.recorded.index);
    let nexts = passed.iter().skip(1).map(Some).chain([None]);
    // Nothing waits any more for what was broken off.
    let end = match transaction.phase {
        Phase::Terminated { .. } => transaction.detours.last(),
        _ => None,
    };
    let end = end.map_or(u64::MAX, |noted| noted.recorded.index);
    let windows = passed.iter().zip(nexts).map(|(passed, next)| {
        let until = next.map_or(end, |next| next.recorded.index);
        let mut postings = transaction.postings.iter().rev();
        let last = postings.find(|p| p.publication == passed.recorded.index);
        let from = last.map_or(&passed.recorded, |posting| &posting.recorded);
        Window {
            from: (from.index, from.received_at),
            until,
            step: passed.step,
        }
    });
    windows.collect()
}

fn rules_changed(case: &Case<'_>) -> Option<Flag> {
    calendar_changed(case).or_else(|| charter_changed(case))
}

/// A window that ends on another day by the calendar that was adopted while it ran.
fn calendar_changed(case: &Case<'_>) -> Option<Flag> {
    windows(case).into_iter().find_map(|window| {
        let (index, start) = window.from;
        let changed = |from: u64| index < from && from < window.until;
        let adopted = case.ledger.charters.iter().find(|a| changed(a.from))?;
        let charter = case.ledger.charter_of(case.transaction.begun_at, index);
        let span = charter.steps.of(window.step).open_for.as_ref()?.span;
        let before = case.ledger.calendar_at(index);
        let after = case.ledger.calendar_at(window.until);
        let ends = [before, after].map(|calendar| calendar.deadline(start, span).at);
        if ends[0] == ends[1] {
            return None;
        }
        let [was, is] = ends.map(|end| case.date(end.minus_seconds(1)));
        let (number, entry) = (window.step.number(), adopted.from);
        let until = (window.until != u64::MAX).then_some(window.until);
        Some(case.flag(
            FlagRule::RulesChanged,
            [index, entry].into_iter().chain(until),
            format!("第 {number} 环节的公开期进行中，第 {entry} 条修订了日历，截止日由 {was} 变为 {is}；请核对原来公布的截止日有没有更正。"),
            format!("While the window of step {number} ran, entry {entry} changed the calendar: it ends on {is} instead of {was}. Please check that the day first announced was corrected."),
        ))
    })
}

/// A charter that was adopted while the transaction was under way and governs it from then on.
fn charter_changed(case: &Case<'_>) -> Option<Flag> {
    if case.transaction.takeover.is_some() {
        // It has no steps that another charter could change.
        return None;
    }
    let last = case
        .transaction
        .recordings()
        .map(|recorded| recorded.index)
        .max()?;
    let begun = case.transaction.begun_at;
    let is_done = matches!(
        case.transaction.phase,
        Phase::Completed(_) | Phase::Terminated { .. }
    );
    let until = if is_done { last } else { u64::MAX };
    let mut adopted = case.ledger.charters.iter();
    let adopted = adopted.find(|a| a.applies_to_open && begun < a.from && a.from < until)?;
    let (entry, version) = (adopted.from, adopted.charter.version);
    let before = case.ledger.charter_of(begun, entry).version;
    Some(case.flag(
        FlagRule::RulesChanged,
        [begun, entry],
        format!("这笔交易办到一半，第 {entry} 条把章程由第 {before} 版改为第 {version} 版，并适用于它；请核对改了哪些规则。"),
        format!("While it was under way, entry {entry} replaced version {before} of the charter by version {version}, also for this one; please check what changed."),
    ))
}
