//! Whether what was published was to be seen, who signed it, and whether the rules stood still.

use crate::name::Label;
use crate::record::Publication;
use crate::time::LogTime;
use crate::transaction::{Passed, Posting, Recorded};

use super::{Case, Flag, FlagRule, Rule};

pub(super) const RULES: &[Rule] = &[channel_missing, key_in_doubt, rules_changed];

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
            let name = case.charter.channel(channel).map_or(channel.as_str(), |c| c.name.as_str());
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

fn key_in_doubt(case: &Case<'_>) -> Option<Flag> {
    let roster = &case.ledger.roster;
    let mut names = std::collections::BTreeSet::new();
    let mut events = Vec::new();
    for recorded in case.recorded() {
        let Recorded {
            index,
            received_at,
            signers,
            ..
        } = recorded;
        let doubtful = signers
            .iter()
            .filter(|id| roster.is_in_doubt(id, *index, *received_at));
        let before = names.len();
        let mut any = false;
        for id in doubtful {
            any = true;
            names.insert(id.as_str());
        }
        debug_assert!(names.len() >= before);
        if any {
            events.push(*index);
        }
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
        format!("{count} of its entries were signed with a key that was declared compromised since before then ({}); please ask the signers whether they did.", names.join(", ")),
    ))
}

/// A window of the transaction: from an event to the one that came after it.
struct Window {
    from: (u64, LogTime),
    until: u64,
    step: crate::step::Step,
}

fn windows<'a>(case: &Case<'a>) -> impl Iterator<Item = Window> + use<'a> {
    let transaction = case.transaction;
    let nexts = transaction.passed.iter().skip(1).map(Some).chain([None]);
    transaction
        .passed
        .iter()
        .zip(nexts)
        .map(move |(passed, next)| {
            let until = next.map_or(u64::MAX, |next| next.recorded.index);
            let mut from = &passed.recorded;
            if let Some(point) = passed.step.publication_point() {
                let mut postings = transaction.postings.iter().rev();
                let last = postings.find(|p| p.point == point && p.recorded.index < until);
                from = last.map_or(from, |posting| &posting.recorded);
            }
            Window {
                from: (from.index, from.received_at),
                until,
                step: passed.step,
            }
        })
}

fn rules_changed(case: &Case<'_>) -> Option<Flag> {
    calendar_changed(case).or_else(|| charter_changed(case))
}

/// A window that ends on another day by the calendar that was adopted while it ran.
fn calendar_changed(case: &Case<'_>) -> Option<Flag> {
    windows(case).find_map(|window| {
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
    let last = case.recorded().map(|recorded| recorded.index).max()?;
    let begun = case.transaction.begun_at;
    let is_done = matches!(
        case.transaction.phase,
        crate::transaction::Phase::Completed(_)
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
