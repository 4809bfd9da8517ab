//! Entry 0 of the two demonstration ledgers: collective, charter, roster. (建账)

use ledger_core::calendar::{Span, SpanUnit};
use ledger_core::charter::{Basis, Charter, CharterText, Mark, StepRules, TimeRule};
use ledger_core::event::{Collective, Event, LedgerOpened, Statement};
use ledger_core::hash::Hash;
use ledger_core::ledger::Ledger;
use ledger_core::name::{Origin, StreamId};
use ledger_core::step::Step;
use ledger_core::store::Store;
use ledger_core::time::{LogTime, StatedTime};

use super::fault::DemoError;
use super::people::{Keyring, PEOPLE, Person};

/// The name of the log that holds the year 2018.
pub const YEAR_ORIGIN: &str = "sanzi.example.org/donglang";

/// The name of the log to practise on.
pub const PRACTICE_ORIGIN: &str = "sanzi.example.org/practice";

/// A code whose check characters are right and that names nobody: it counts no organisation.
const CREDIT_CODE: &str = "N2440103000000000Y";

/// How long windows are open in the ledger to practise on.
const PRACTICE_SECONDS: u32 = 5;

/// What the year's charter is called.
const YEAR_TITLE: &str = "村集体三资交易十六环节明白纸（演示账本：除“50 宗、1,300,000.00 元”外均为示例；由公开规则重构的默认章程，非东塱原文）";

const PRACTICE_TITLE: &str = "练习账本章程：与默认章程相同，公开期和公告期缩短为数秒";

/// The default charter under the year's title.
pub(crate) fn year_charter() -> Result<Charter, DemoError> {
    let mut text = CharterText::from(Charter::parse(Charter::default_text())?);
    text.title = YEAR_TITLE.parse()?;
    Ok(Charter::try_from(text)?)
}

/// The default charter with windows of seconds.
fn practice_charter() -> Result<Charter, DemoError> {
    let mut text = CharterText::from(Charter::parse(Charter::default_text())?);
    text.title = PRACTICE_TITLE.parse()?;
    let seconds = |length| -> Result<TimeRule, DemoError> {
        Ok(TimeRule {
            basis: Basis {
                mark: Mark::D,
                source: "练习用，缩短".parse()?,
            },
            span: Span::new(length, SpanUnit::Seconds)?,
        })
    };
    let mut rules = std::collections::BTreeMap::new();
    for step in Step::ALL {
        let mut rule = text.steps.of(step).clone();
        if rule.open_for.is_some() {
            rule.open_for = Some(seconds(PRACTICE_SECONDS)?);
        }
        if rule.within.is_some() {
            rule.within = Some(seconds(600)?);
        }
        rules.insert(step.id().to_owned(), rule);
    }
    text.steps =
        StepRules::try_from(rules).map_err(|fault| ledger_core::charter::CharterError {
            path: "steps".to_owned(),
            fault,
        })?;
    for rule in text.voting.values_mut() {
        rule.notice = None;
    }
    Ok(Charter::try_from(text)?)
}

/// The founding event of a training ledger, signed by all founders.
pub(crate) fn founding(
    keyring: &Keyring,
    origin: &Origin,
    (name, charter): (&str, Charter),
    founders: &[Person],
    at: StatedTime,
) -> Result<Vec<u8>, DemoError> {
    let mut members = Vec::new();
    for person in founders {
        members.push(keyring.enrolment(person)?);
    }
    let opened = LedgerOpened {
        charter,
        collective: Collective {
            credit_code: CREDIT_CODE.parse()?,
            name: name.parse()?,
            region: "广东省广州市荔湾区（示例）".parse()?,
            reports_to: "街道农村集体三资管理部门（示例，并无此窗口）".parse()?,
        },
        members,
        origin: origin.clone(),
        training: true,
    };
    let event = Event::LedgerOpened(Box::new(opened));
    let ids: Vec<&str> = founders.iter().map(|person| person.id).collect();
    let statement = Statement::new(StreamId::Ledger, Hash::ZERO, at, event);
    Ok(statement.sign(keyring.all(&ids)?)?)
}

/// Opens the ledger to practise on, with nothing in it but its founding.
///
/// # Errors
/// [`DemoError`], if the store fails.
pub fn build_practice<S: Store>(store: S, seed: u64) -> Result<Ledger<S>, DemoError> {
    let origin: Origin = PRACTICE_ORIGIN.parse()?;
    let keyring = Keyring::new(seed, &origin)?;
    let now: LogTime = "2018-01-02T01:00:00Z".parse()?;
    let at = StatedTime::new(now, 480)?;
    let about = ("练习用经济联社（虚构）", practice_charter()?);
    let note = founding(&keyring, &origin, about, &PEOPLE, at)?;
    let log_key = keyring.into_log();
    let opened = Ledger::create(store, log_key, &note, now);
    let (ledger, _) = opened.map_err(|fault| DemoError::Refused {
        what: "practice".to_owned(),
        fault: Box::new(fault),
    })?;
    Ok(ledger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::build::point_event;
    use crate::demo::course::{Course, What};
    use crate::demo::papers::Papers;
    use crate::demo::people::signers;
    use crate::demo::plan::{Deal, Plan, Scene};
    use crate::demo::script::Script;
    use ledger_core::charter::SigningRule;
    use ledger_core::name::TransactionId;
    use ledger_core::record::Category;
    use ledger_core::store::memory::MemoryStore;

    #[test]
    fn the_practice_ledger_has_windows_of_seconds() {
        let ledger = build_practice(MemoryStore::new(), 1).unwrap();
        let state = ledger.state().unwrap();
        assert!(state.training);
        let charter = state.charter_at(1);
        for step in Step::ALL {
            let window = charter.steps.of(step).open_for.as_ref();
            assert!(
                window.is_none_or(|rule| rule.span.unit() == SpanUnit::Seconds),
                "{step}"
            );
        }
        assert_eq!(ledger.size(), 1);
    }

    /// Signs an event with those who must, and appends it.
    fn append(ledger: &mut Ledger<MemoryStore>, rule: &SigningRule, event: Event, now: LogTime) {
        let keyring = Keyring::new(1, &PRACTICE_ORIGIN.parse().unwrap()).unwrap();
        let ids = signers(rule, &PEOPLE, 0, false).unwrap();
        let stream = StreamId::Transaction("2026-001".parse().unwrap());
        let statement = ledger.draft(stream, now.into(), event).unwrap();
        let note = statement.sign(keyring.all(&ids).unwrap()).unwrap();
        ledger.append(&note, now).unwrap();
    }

    #[test]
    fn all_sixteen_steps_can_be_practised_in_half_a_minute() {
        let plan = Plan::new(1).unwrap();
        let mut script = Script {
            plan: &plan,
            papers: Papers::default(),
        };
        let mut ledger = build_practice(MemoryStore::new(), 1).unwrap();
        let charter = ledger.state().unwrap().charter_at(1).clone();
        let id: TransactionId = "2026-001".parse().unwrap();
        let straight = |deal: &&Deal| {
            deal.agenda.has(What::Step(Step::PublishCompletion))
                && deal.item.category == Category::Lease
                && deal.item.course == Course::Straight
        };
        let deal = plan.deals.iter().find(straight).unwrap();
        let began = "2026-11-20T02:00:00Z".parse().unwrap();
        let mut now: LogTime = began;
        for step in Step::ALL {
            let rule = &charter.steps.of(step);
            let mut acts = deal.agenda.acts.iter();
            let act = acts.find(|act| act.what == What::Step(step)).unwrap();
            let deal = Scene { deal, act };
            let Some(point) = step.publication_point() else {
                let event = script.step(deal, step).unwrap();
                append(&mut ledger, &rule.signing, event, now);
                now = now
                    .plus_seconds(u64::from(PRACTICE_SECONDS) * u64::from(rule.open_for.is_some()));
                continue;
            };
            let mut publication = script.publication(deal, point).unwrap();
            let composed = ledger.compose(&id, point, &publication).unwrap().unwrap();
            publication.disclosure = composed.digest().unwrap();
            let digest = publication.disclosure;
            append(
                &mut ledger,
                &rule.signing,
                point_event(point, publication),
                now,
            );
            for channel in &charter.channels {
                let posted = script.posting(deal, point, channel, digest).unwrap();
                append(
                    &mut ledger,
                    &charter.postings,
                    Event::ChannelPosted(posted),
                    now,
                );
            }
            now = now.plus_seconds(PRACTICE_SECONDS.into());
        }
        let transaction = ledger.transaction(&id).unwrap().unwrap();
        assert_eq!(transaction.current_step(), None);
        assert!(now.seconds_since(began) <= 30);
    }
}
