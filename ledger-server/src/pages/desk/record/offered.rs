//! What there is to choose from in a form, with its name for people.

use ledger_core::MemberId;
use ledger_core::Step;
use ledger_core::name::{ConcernId, StreamId};
use ledger_core::oversight::findings;

use crate::drafting::{Choices, Drafting};

/// What can be chosen: as the drafting knows it, and what only people must be shown by name.
pub(super) fn choices<'a>(drafting: &Drafting<'a>) -> Vec<Choices<'a>> {
    let l = drafting.language;
    let mut choices = drafting.choices();
    for (_, of) in &mut choices {
        for (id, name) in of {
            if name.is_empty()
                && let Ok(step) = id.parse::<Step>()
            {
                let number = step.number();
                *name = l.pick(
                    format!("第 {number} 环节 {}", step.zh()),
                    format!("step {number}, {}", step.en()),
                );
            }
        }
    }
    let (ledger, position) = (drafting.ledger, drafting.state.size());
    let named = |(id, member): (&MemberId, &ledger_core::roster::Member)| {
        (id.to_string(), format!("{}（{id}）", member.name))
    };
    match drafting.kind {
        "role_granted" | "role_ended" | "key_rotated" | "relative_declared" => {
            choices.push(("member", ledger.roster.members().map(named).collect()));
        }
        "key_compromised" => {
            choices.push(("member", ledger.roster.members().map(named).collect()));
            let key = |(_, member): (&MemberId, &ledger_core::roster::Member)| {
                let key = member.key_at(position)?.to_string();
                Some((key.clone(), format!("{} {key}", member.name)))
            };
            choices.push(("key", ledger.roster.members().filter_map(key).collect()));
        }
        "publish_pre_plan" | "publish_plan" | "publish_completion" => {
            let channels = drafting.charter.channels.iter();
            let named = channels.map(|channel| (channel.id.to_string(), channel.name.to_string()));
            choices.push(("channels", named.collect()));
        }
        "finding_answered" => choices.push(("entry", open_findings(drafting))),
        "document_erased" => choices.push(("commitment", private_documents(drafting))),
        "concern_answered" => choices.push(("also", other_concerns(drafting))),
        "concern_rated" => {
            let stars = (1..=5).map(|stars| (stars.to_string(), "★".repeat(stars)));
            choices.push(("stars", stars.collect()));
        }
        _ => {}
    }
    choices
}

pub(super) fn open_findings(drafting: &Drafting<'_>) -> Vec<(String, String)> {
    let l = drafting.language;
    let of_transaction = drafting.state.transaction_of(&drafting.stream);
    let notes = match of_transaction {
        Some(transaction) => transaction.notes.as_slice(),
        None => drafting.ledger.notes.as_slice(),
    };
    let open = findings(notes).filter(|finding| finding.answered.is_none());
    open.map(|finding| {
        let (entry, said) = (finding.recorded.index, &finding.raised.finding);
        let named = l.pick(
            format!("第 {entry} 条：{said}"),
            format!("entry {entry}: {said}"),
        );
        (entry.to_string(), named)
    })
    .collect()
}

pub(super) fn private_documents(drafting: &Drafting<'_>) -> Vec<(String, String)> {
    let l = drafting.language;
    let papers = match &drafting.stream {
        StreamId::Ledger => Some(&drafting.ledger.papers),
        StreamId::Transaction(id) => drafting.state.transaction(id).map(|of| &of.papers),
        StreamId::Concern(id) => drafting.state.concern(id).map(|of| &of.papers),
    };
    let papers = papers.into_iter().flat_map(|papers| papers.iter());
    let kept = papers.filter(|(_, paper)| paper.erased_by.is_none());
    kept.map(|(commitment, paper)| {
        let (id, entry) = (commitment.to_string(), paper.named_by);
        let short: String = id.chars().take(8).collect();
        let name = l.pick(
            format!("第 {entry} 条的不公开材料（{short}…）"),
            format!("private document of entry {entry} ({short}…)"),
        );
        (id, name)
    })
    .collect()
}

fn other_concerns(drafting: &Drafting<'_>) -> Vec<(String, String)> {
    let StreamId::Concern(id) = &drafting.stream else {
        return Vec::new();
    };
    let of = drafting
        .state
        .concern(id)
        .map(|concern| concern.transaction());
    let transaction = of.and_then(|id| drafting.state.transaction(id));
    let open = transaction
        .into_iter()
        .flat_map(|of| of.concerns.unanswered().keys());
    let others = open.filter(|other| *other != id);
    let named = |other: &ConcernId| {
        let text = drafting
            .state
            .concern(other)
            .map(|concern| concern.raised.text.to_string());
        let text: String = text.unwrap_or_default().chars().take(60).collect();
        (other.to_string(), format!("{other}　{text}"))
    };
    others.map(named).collect()
}
