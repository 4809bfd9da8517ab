//! Which rule asks for a field, or will judge it: as the charter says it, with what the charter rests on.

use ledger_core::category::Category;
use ledger_core::charter::{
    Basis, Charter, Denominator, LimitRule, Threshold, TimeRule, VotingBody, VotingRule,
};
use ledger_core::{Language, Step};

use crate::shape::{self, Shape};

/// The rules of one form: of which kind, for which category of dealing.
pub(super) struct Sources<'a> {
    pub(super) l: Language,
    pub(super) charter: &'a Charter,
    pub(super) kind: &'a str,
    pub(super) category: Option<Category>,
}

impl Sources<'_> {
    /// What to say at a field, by its path; empty if no rule of the charter speaks of it.
    pub(super) fn at(&self, path: &str) -> String {
        let l = self.l;
        let name = path.rsplit('.').next().unwrap_or(path);
        let told: Vec<String> = match (self.kind, name) {
            ("member_vote" | "charter_adopted", "body") => self.bodies(),
            ("member_vote", "notified_on") => self.notices(),
            ("publish_pre_plan" | "publish_plan" | "publish_completion", "channels") => {
                let channels = self.charter.channels.iter();
                let required = channels.filter(|channel| channel.required);
                let names: Vec<&str> = required.map(|channel| channel.name.as_str()).collect();
                vec![l.pick(
                    format!("章程规定必须张贴：{}", names.join("、")),
                    format!("the charter requires: {}", names.join(", ")),
                )]
            }
            ("listing_notice", "closes_at") => {
                let open = &self.charter.steps.of(Step::ListingNotice).open_for;
                open.iter().map(|rule| self.open(rule)).collect()
            }
            ("proposal_initiation", "category" | "method") | ("plan_drafting", "method") => {
                self.limits(|rule| matches!(rule, LimitRule::Forbidden { .. }))
            }
            (_, "expected_term_months" | "term_months" | "term_end") => {
                let rule = &self.charter.flags.term_months;
                let longest = l.pick(
                    format!(
                        "超过 {} 个月会标为红旗（{}）",
                        rule.number,
                        said(&rule.basis)
                    ),
                    format!(
                        "more than {} months is flagged ({})",
                        rule.number,
                        said(&rule.basis)
                    ),
                );
                let limits = self.limits(|rule| matches!(rule, LimitRule::TermCap { .. }));
                std::iter::once(longest).chain(limits).collect()
            }
            ("plan_drafting", "reserve_price") => {
                self.limits(|rule| matches!(rule, LimitRule::PriceShare { .. }))
            }
            ("payment_made", "account") => {
                self.limits(|rule| matches!(rule, LimitRule::CorporateAccount { .. }))
            }
            ("handover_and_receipt", "deposits_refunded_fen") => {
                let rule = &self.charter.flags.deposit_refund;
                let span = l.pick(rule.span.label_zh(), rule.span.label_en());
                vec![l.pick(
                    format!("须在{span}内退还（{}）", said(&rule.basis)),
                    format!("to be paid back within {span} ({})", said(&rule.basis)),
                )]
            }
            ("step_waived", "basis" | "through") => self.waivers(),
            _ => Vec::new(),
        };
        told.join(l.pick("；", "; "))
    }

    /// What the step as a whole rests on.
    pub(super) fn of_step(&self) -> Vec<String> {
        let Ok(step) = self.kind.parse::<Step>() else {
            return Vec::new();
        };
        let basis = self.charter.steps.of(step).basis.iter();
        basis.map(said).collect()
    }

    fn open(&self, rule: &TimeRule) -> String {
        let span = self.l.pick(rule.span.label_zh(), rule.span.label_en());
        self.l.pick(
            format!("公告至少开放 {span}（{}）", said(&rule.basis)),
            format!("open for at least {span} ({})", said(&rule.basis)),
        )
    }

    fn limits(&self, wanted: impl Fn(&LimitRule) -> bool) -> Vec<String> {
        let limits = self.charter.limits.iter();
        let speaks = |rule: &LimitRule| {
            let (of, known) = (rule.categories(), self.category);
            of.is_empty() || known.is_none_or(|category| of.contains(&category))
        };
        let limits = limits.filter(|limit| wanted(&limit.rule) && speaks(&limit.rule));
        limits
            .map(|limit| format!("{}（{}）", limit.text, said(&limit.basis)))
            .collect()
    }

    fn bodies(&self) -> Vec<String> {
        let bodies = self.charter.voting.iter();
        let decides = |rule: &VotingRule| self.kind != "member_vote" || rule.may_decide_plan;
        let adopts = |body: &VotingBody| {
            self.kind != "charter_adopted" || self.charter.adoption.bodies.contains(body)
        };
        bodies
            .filter(|(body, rule)| decides(rule) && adopts(body))
            .map(|(body, rule)| {
                let (name, part, approve) = (
                    body_name(self.l, *body),
                    self.share(&rule.participation),
                    self.share(&rule.approval),
                );
                self.l.pick(
                    format!(
                        "{name}：参加者须达{part}，赞成须达{approve}（{}）",
                        said(&rule.approval.basis)
                    ),
                    format!(
                        "{name}: {part} must take part, {approve} approve ({})",
                        said(&rule.approval.basis)
                    ),
                )
            })
            .collect()
    }

    fn share(&self, threshold: &Threshold) -> String {
        let share = format!("{}/{}", threshold.numerator, threshold.denominator);
        let of = of_whom(self.l, threshold.of);
        match threshold.more_than {
            true => self.l.pick(
                format!("{of}的 {share} 以上（不含）"),
                format!("more than {share} of {of}"),
            ),
            false => self
                .l
                .pick(format!("{of}的 {share}"), format!("{share} of {of}")),
        }
    }

    fn notices(&self) -> Vec<String> {
        let bodies = self.charter.voting.iter();
        let told = bodies.filter_map(|(body, rule)| {
            let notice = rule.notice.as_ref().filter(|_| rule.may_decide_plan)?;
            let span = self.l.pick(notice.span.label_zh(), notice.span.label_en());
            Some(self.l.pick(
                format!(
                    "{}提前 {span}通知（{}）",
                    body_name(self.l, *body),
                    said(&notice.basis)
                ),
                format!(
                    "{}: notice {span} before ({})",
                    body_name(self.l, *body),
                    said(&notice.basis)
                ),
            ))
        });
        told.collect()
    }

    fn waivers(&self) -> Vec<String> {
        let l = self.l;
        let waivers = self.charter.waivers.iter();
        waivers
            .map(|waiver| {
                let steps: Vec<&str> = waiver
                    .steps
                    .iter()
                    .map(|step| l.pick(step.zh(), step.en()))
                    .collect();
                let most = waiver.at_most_fen.map(|most| {
                    l.pick(format!("，不超过 {most} 元"), format!(", at most ¥{most}"))
                });
                let (steps, most) = (steps.join(l.pick("、", ", ")), most.unwrap_or_default());
                format!("{steps}{most}（{}）", said(&waiver.basis))
            })
            .collect()
    }
}

/// A body's name, as the form's own choice has it.
fn body_name(l: Language, body: VotingBody) -> &'static str {
    let Some(Shape::Object(fields)) = shape::known("member_vote") else {
        return body.id();
    };
    let mut choices = fields.iter().filter_map(|field| match &field.shape {
        Shape::Choice { variants, .. } if field.name == "body" => Some(variants),
        _ => None,
    });
    let variants = choices.next().map(Vec::as_slice).unwrap_or_default();
    let found = variants.iter().find(|variant| variant.id == body.id());
    found.map_or(body.id(), |variant| variant.label.pick(l))
}

/// Of whom a share is taken.
fn of_whom(l: Language, of: Denominator) -> &'static str {
    match of {
        Denominator::Members => l.pick("全体", "all members"),
        Denominator::Eligible => l.pick("应到", "those with a vote"),
        Denominator::Present => l.pick("实到", "those present"),
    }
}

/// What votes need by the charter, with the figures typed so far: the share, how many that is, and whether
/// there are as many.
pub(super) fn votes(
    l: Language,
    charter: &Charter,
    body: &serde_json::Value,
) -> Vec<(String, String)> {
    let number = |name: &str| {
        let value = body.get(name).and_then(serde_json::Value::as_u64);
        value.and_then(|value| u32::try_from(value).ok())
    };
    let chosen = body.get("body").cloned().unwrap_or_default();
    let chosen: Option<VotingBody> = serde_json::from_value(chosen).ok();
    let Some(rule) = chosen.and_then(|chosen| charter.voting.get(&chosen)) else {
        return Vec::new();
    };
    let told = |field: &str, threshold: &Threshold| {
        let whole = match threshold.of {
            Denominator::Members => number("members"),
            Denominator::Eligible => number("eligible"),
            Denominator::Present => number("present"),
        }?;
        let (count, least) = (number(field)?, threshold.least(whole));
        let mark = if threshold.is_met(count, whole) {
            "✓"
        } else {
            "✕"
        };
        let of = of_whom(l, threshold.of);
        let (a, b) = (threshold.numerator, threshold.denominator);
        Some((
            field.to_owned(),
            l.pick(
                format!("{mark} {of} {whole} 人，{a}/{b} 为至少 {least} 人；现为 {count} 人"),
                format!("{mark} {a}/{b} of {of} ({whole}) is at least {least}; found {count}"),
            ),
        ))
    };
    [
        told("present", &rule.participation),
        told("for", &rule.approval),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn said(basis: &Basis) -> String {
    format!("{} [{:?}]", basis.source, basis.mark)
}
