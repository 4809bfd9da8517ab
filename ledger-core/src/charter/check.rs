//! Whether the parts of a charter fit together: where a `CharterText` becomes a `Charter`.

use std::collections::BTreeSet;

use super::{
    Charter, CharterError, CharterText, Clocks, EventSigning, Exclusion, FlagThresholds, LimitRule,
    SigningRule, StepRule,
};
use crate::calendar::SpanUnit;
use crate::role::Role;
use crate::step::Step;

impl TryFrom<CharterText> for Charter {
    type Error = CharterError;
    fn try_from(text: CharterText) -> Result<Self, CharterError> {
        check_channels(&text)?;
        for (name, rule) in [
            ("charter_changes", &text.charter_changes),
            ("postings", &text.postings),
            ("roster_changes", &text.roster_changes),
        ] {
            check_signing(name, rule)?;
        }
        for (kind, rule) in text.signing.iter() {
            check_event_signing(kind, rule)?;
        }
        check_waivers(&text)?;
        check_adoption(&text)?;
        check_limits(&text)?;
        for step in Step::ALL {
            check_step(step, text.steps.of(step))?;
        }
        check_voting(&text)?;
        check_exclusions(&text)?;
        check_clocks(&text.clocks)?;
        check_flags(&text.flags)?;
        if text.version == 0 {
            return refuse(
                "version".to_owned(),
                "版本号从 1 起 (versions count from 1)",
            );
        }
        Ok(Self(text))
    }
}

fn refuse<T>(path: String, fault: impl Into<String>) -> Result<T, CharterError> {
    Err(CharterError {
        path,
        fault: fault.into(),
    })
}

/// Whether an event is late or early must not hang on a calendar that may not know the year.
fn check_clocks(clocks: &Clocks) -> Result<(), CharterError> {
    if clocks.late.span.unit() == SpanUnit::WorkingDays {
        let fault = "这里不能用工作日，请用 days、hours、minutes 或 seconds (working days cannot be used here)";
        return refuse("clocks.late.span.unit".to_owned(), fault);
    }
    // Far ahead, "nothing from the future" would say nothing.
    let most = match clocks.ahead.span.unit() {
        SpanUnit::Hours => 24,
        SpanUnit::Minutes => 24 * 60,
        SpanUnit::Seconds => 24 * 3600,
        SpanUnit::WorkingDays | SpanUnit::Days => {
            let fault =
                "这里请用 hours、minutes 或 seconds (hours, minutes or seconds are expected here)";
            return refuse("clocks.ahead.span.unit".to_owned(), fault);
        }
    };
    if clocks.ahead.span.length() > most {
        let fault = format!(
            "最多 24 小时，实为 {} (at most 24 hours)",
            clocks.ahead.span.label_zh()
        );
        return refuse("clocks.ahead.span".to_owned(), fault);
    }
    Ok(())
}

fn check_channels(text: &CharterText) -> Result<(), CharterError> {
    let mut seen = BTreeSet::new();
    for (place, channel) in text.channels.iter().enumerate() {
        if !seen.insert(&channel.id) {
            return refuse(
                format!("channels[{place}].id"),
                format!("渠道 {} 重复 (listed twice)", channel.id),
            );
        }
    }
    if !text.channels.iter().any(|channel| channel.required) {
        return refuse(
            "channels".to_owned(),
            "至少要有一个必用渠道 (at least one channel must be required)",
        );
    }
    Ok(())
}

/// The intake key signs for residents, and nobody signs for them in its place.
fn check_event_signing(kind: &str, rule: &SigningRule) -> Result<(), CharterError> {
    if !EventSigning::INTAKE.contains(&kind) {
        return check_signing(&format!("signing.{kind}"), rule);
    }
    if rule.answers == Role::Intake && rule.cosigns.is_empty() {
        return Ok(());
    }
    let fault = "只由意见受理钥匙代签 (signed by the intake key alone)";
    refuse(format!("signing.{kind}.answers"), fault)
}

fn check_waivers(text: &CharterText) -> Result<(), CharterError> {
    for (place, waiver) in text.waivers.iter().enumerate() {
        if let Some(step) = waiver.steps.iter().find(|step| !step.may_be_waived()) {
            let fault = format!(
                "第 {} 环节“{}”不能豁免 (step {} cannot be waived)",
                step.number(),
                step.zh(),
                step.number()
            );
            return refuse(format!("waivers[{place}].steps"), fault);
        }
    }
    Ok(())
}

fn check_adoption(text: &CharterText) -> Result<(), CharterError> {
    let unruled = |body: &&super::VotingBody| !text.voting.contains_key(body);
    match text.adoption.bodies.iter().find(unruled) {
        None => Ok(()),
        Some(body) => {
            let fault = format!(
                "voting 里没有 {} 的表决规则，新章程将无法通过 (there is no voting rule for it, so no charter could be adopted)",
                body.id()
            );
            refuse("adoption.bodies".to_owned(), fault)
        }
    }
}

fn check_limits(text: &CharterText) -> Result<(), CharterError> {
    let mut seen = BTreeSet::new();
    for (place, limit) in text.limits.iter().enumerate() {
        if !seen.insert(&limit.id) {
            let fault = format!("条目 {} 重复 (listed twice)", limit.id);
            return refuse(format!("limits[{place}].id"), fault);
        }
        let impossible = match &limit.rule {
            LimitRule::PriceShare {
                numerator,
                denominator,
                ..
            } => *numerator == 0 || *denominator == 0,
            LimitRule::TermCap { at_most_months, .. } => *at_most_months == 0,
            _ => false,
        };
        if impossible {
            return refuse(format!("limits[{place}].rule"), "至少为 1 (at least 1)");
        }
    }
    Ok(())
}

fn check_signing(path: &str, rule: &SigningRule) -> Result<(), CharterError> {
    let mut seen = BTreeSet::from([rule.answers]);
    for (place, cosigner) in rule.cosigns.iter().enumerate() {
        if !seen.insert(cosigner.role) {
            let fault = format!(
                "岗位 {}（{}）重复 (the role is listed twice)",
                cosigner.role,
                cosigner.role.zh()
            );
            return refuse(format!("{path}.cosigns[{place}].role"), fault);
        }
    }
    if seen.contains(&Role::Intake) {
        let fault = "意见受理钥匙只能代录群众意见 (the intake key signs nothing but concerns)";
        return refuse(format!("{path}.answers"), fault);
    }
    Ok(())
}

fn check_step(step: Step, rule: &StepRule) -> Result<(), CharterError> {
    check_signing(&format!("steps.{step}.signing"), &rule.signing)?;
    if rule.basis.is_empty() {
        return refuse(
            format!("steps.{step}.basis"),
            "须写明依据 (a basis must be named)",
        );
    }
    let mut seen = BTreeSet::new();
    for (place, document) in rule.documents.iter().enumerate() {
        if !seen.insert(&document.kind) {
            let fault = format!("材料 {} 重复 (listed twice)", document.kind);
            return refuse(format!("steps.{step}.documents[{place}].kind"), fault);
        }
    }
    for (name, time) in [("open_for", &rule.open_for), ("within", &rule.within)] {
        if time.as_ref().is_some_and(|time| time.span.length() == 0) {
            return refuse(
                format!("steps.{step}.{name}.span.length"),
                "至少为 1 (at least 1)",
            );
        }
    }
    if matches!(step, Step::PublishPrePlan | Step::PublishPlan) && rule.open_for.is_none() {
        let fault = "公开环节必须规定公开期 (a publication must stay open for some time)";
        return refuse(format!("steps.{step}.open_for"), fault);
    }
    if step == Step::PublishCompletion && rule.open_for.is_some() {
        let fault = "其后没有环节，不设公开期 (nothing follows it, so no window applies)";
        return refuse(format!("steps.{step}.open_for"), fault);
    }
    Ok(())
}

fn check_voting(text: &CharterText) -> Result<(), CharterError> {
    for (body, rule) in &text.voting {
        let body = body.id();
        for (name, share) in [
            ("approval", &rule.approval),
            ("participation", &rule.participation),
        ] {
            let impossible = share.numerator > share.denominator
                || share.more_than && share.numerator == share.denominator;
            if share.denominator == 0 || share.numerator == 0 || impossible {
                let fault = format!(
                    "{}/{} 不是可达到的比例 (not a share that can be reached)",
                    share.numerator, share.denominator
                );
                return refuse(format!("voting.{body}.{name}"), fault);
            }
        }
    }
    if !text.voting.values().any(|rule| rule.may_decide_plan) {
        return refuse(
            "voting".to_owned(),
            "至少要有一个可表决方案的主体 (some body must be able to decide a plan)",
        );
    }
    Ok(())
}

/// A threshold of nothing would flag everything, or never anything.
fn check_flags(flags: &FlagThresholds) -> Result<(), CharterError> {
    if let Some((name, _)) = flags.numbers().into_iter().find(|(_, found)| *found == 0) {
        return refuse(format!("flags.{name}"), "至少为 1 (at least 1)");
    }
    if let Some((name, found)) = flags
        .shares()
        .into_iter()
        .find(|(_, found)| *found > 10_000)
    {
        let fault = format!("最多 10000（万分之），实为 {found} (at most 10000, the whole)");
        return refuse(format!("flags.{name}"), fault);
    }
    if flags.splitting.amount_fen.get() == 0 {
        return refuse(
            "flags.splitting.amount_fen".to_owned(),
            "须大于 0 (above 0)",
        );
    }
    // They run from a day, of which nobody knows the hour.
    let is_days = |unit| matches!(unit, SpanUnit::Days | SpanUnit::WorkingDays);
    let mut spans = flags.spans().into_iter();
    if let Some((name, _)) = spans.find(|(_, span)| !is_days(span.unit())) {
        let fault = "这里请用 days 或 working_days (days or working_days are expected here)";
        return refuse(format!("flags.{name}.span.unit"), fault);
    }
    Ok(())
}

/// The exclusions that the law itself makes: 农村集体经济组织法, articles 32 and 34.
const LEGAL_EXCLUSIONS: [(Role, Role); 4] = [
    (Role::Supervisor, Role::CouncilMember),
    (Role::Supervisor, Role::Chair),
    (Role::Supervisor, Role::Accountant),
    (Role::Supervisor, Role::Cashier),
];

fn check_exclusions(text: &CharterText) -> Result<(), CharterError> {
    for (one, other) in LEGAL_EXCLUSIONS {
        let stands =
            |e: &Exclusion| (e.one, e.other) == (one, other) || (e.one, e.other) == (other, one);
        if !text.exclusions.iter().any(stands) {
            let fault = format!(
                "{}与{}依法不得兼任，不能删去 (the law keeps {} and {} apart; this cannot be left out)",
                one.zh(),
                other.zh(),
                one.en(),
                other.en()
            );
            return refuse("exclusions".to_owned(), fault);
        }
    }
    if let Some(place) = text.exclusions.iter().position(|e| e.one == e.other) {
        return refuse(
            format!("exclusions[{place}]"),
            "两个岗位相同 (both roles are the same)",
        );
    }
    Ok(())
}
