//! The charter: a collective's own rules as versioned data. (明白纸 + 规则)
//!
//! What each step consists of, who answers for it, who co-signs, documents, times, channels, voting
//! rules, exclusions between roles and the holiday calendar. Every number carries its basis. The
//! steps and their order are not the charter's: they are fixed by [`Step`]. Parsed once; a `Charter`
//! in hand is complete and consistent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calendar::{Calendar, Span, SpanUnit};
use crate::category::{Category, Method};
use crate::money::Fen;
use crate::name::Label;
use crate::role::Role;
use crate::step::Step;
use crate::text::{Line, Paragraph};

mod check;
mod flags;
mod limit;
mod signing;
mod voting;

pub use flags::{CloseToReserve, FlagThresholds, NumberRule, Splitting, WinnerShare};
pub use limit::{Limit, LimitRule};
pub use signing::EventSigning;
pub use voting::{Denominator, Threshold, VotingBody, VotingRule};

/// Where a number or a rule comes from. (依据性质)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Mark {
    /// National law. (法律)
    L,
    /// A published rule or platform. (已公布的规则或平台)
    S,
    /// By analogy with a rule for a neighbouring regime. (类推)
    A,
    /// The collective's, or this project's, own choice. (自定)
    D,
}

/// The basis of a number or a rule. (依据)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Basis {
    /// Its nature. (性质)
    pub mark: Mark,
    /// The law and article, the published rule, or the reason of the choice.
    /// (出处：法律条款、已公布的规则，或自定的理由)
    pub source: Line,
}

/// A length of time and its basis. (时限)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimeRule {
    /// Why this long. (依据)
    pub basis: Basis,
    /// How long. (时长)
    pub span: Span,
}

/// When a co-signer must sign. (会签条件)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum When {
    /// Always. (必须)
    Always,
    /// If anybody holds the role. (设有该岗位时)
    IfAppointed,
    /// May sign, need not. (可选)
    Optional,
}

/// A role that signs beside the one that answers. (会签)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cosigner {
    /// The role. (会签岗位)
    pub role: Role,
    /// When it must sign. (何时须签)
    pub when: When,
}

/// Who signs an event: one role answers for it, others sign with it. (签署规则)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SigningRule {
    /// The role that answers for it. (负责岗位)
    pub answers: Role,
    /// The roles that sign with it. (会签)
    pub cosigns: Vec<Cosigner>,
}

/// A document that belongs to a step. (材料)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DocumentRule {
    /// Its name in events. (代号：记录里用的短名，小写字母、数字、_，如 minutes)
    pub kind: Label,
    /// Whether the step is refused without it. (必备：没有这份材料就不能登记)
    pub required: bool,
    /// Its name for people. (名称)
    pub title: Line,
}

/// What the charter says about one step. (环节规则)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepRule {
    /// Why this step and these signers. (依据)
    pub basis: Vec<Basis>,
    /// What is done in it, in a sentence: the middle column of the clear sheet.
    /// (办什么：明白纸中间一栏，一两句话)
    pub content: Paragraph,
    /// The documents that belong to it. (材料)
    pub documents: Vec<DocumentRule>,
    /// How long it stays open: nothing follows before this has run. On publication steps it runs
    /// from the last posting, elsewhere from the event.
    /// (公开期：没过完不能办下一环节；公开环节从最后一个渠道张贴起算，其他环节从登记起算)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_for: Option<TimeRule>,
    /// Who signs it. (谁签)
    pub signing: SigningRule,
    /// Within how long it should be done once it can be: a deadline that is shown, not a gate.
    /// (办理时限：轮到以后多久内办完；逾期会标出来，但不拦)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<TimeRule>,
}

/// Where a disclosure is posted. (公开渠道)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Channel {
    /// Its name in events. (代号：记录里用的短名，小写字母、数字、_，如 notice_board)
    pub id: Label,
    /// Its name for people. (名称)
    pub name: Line,
    /// Whether every disclosure must be posted there. (必须张贴：每次公开都要在这里张贴)
    pub required: bool,
}

/// Two roles that one person must not hold at the same time. (不得兼任)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Exclusion {
    /// Why. (依据)
    pub basis: Basis,
    /// One role. (岗位)
    pub one: Role,
    /// The other. (另一岗位)
    pub other: Role,
}

/// How far stated and logged time may lie apart. (时间差)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Clocks {
    /// How far ahead of the log's clock `at` may be, for clocks that are a little fast.
    /// (允许快多少：填写的时间最多可比账本的时钟早到多少)
    pub ahead: TimeRule,
    /// How far behind `at` may be before the event is marked as recorded late.
    /// (晚多久算补录：发生之后多久才登记，就标明“补录”)
    pub late: TimeRule,
}

/// Which steps may be left out, and when. (豁免规定)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Waiver {
    /// Only if the dealing is worth at most this, in fen, over its whole term at its reserve price;
    /// no limit if left out. Where the record does not say what the whole is worth, the waiver does
    /// not fit.
    /// (金额上限：整个期限按底价合计不超过这个数才可豁免；不填就不限)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most_fen: Option<Fen>,
    /// Why. (依据)
    pub basis: Basis,
    /// For dealings of these kinds; of all kinds, if there is none. (适用类别：一个都不选就是全部)
    pub categories: Vec<Category>,
    /// For these ways of dealing; for all, if there is none. (适用方式：一个都不选就是全部)
    pub methods: Vec<Method>,
    /// The steps that may be left out: none of 1, 3, 6, 14, 16 and no publication.
    /// (可豁免的环节：第 1、3、6、14、16 环节和公开环节不能豁免)
    pub steps: Vec<Step>,
}

/// Who must vote on a new charter. (章程修订的表决)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Adoption {
    /// Why. (依据)
    pub basis: Basis,
    /// One of these bodies, by its voting rule; no vote is needed if there is none.
    /// (由谁表决：其中一个按表决规则通过即可；一个都不选就不用表决)
    pub bodies: Vec<VotingBody>,
}

/// How residents' concerns are dealt with. (群众意见规则)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConcernRules {
    /// Within how long a concern is to be answered: a deadline that is shown and flagged; what
    /// waits for the answer itself is the gate of the window that it was raised in.
    /// (答复时限：逾期会标出来；拦住下一环节的是还没答复的意见本身)
    pub answer_within: TimeRule,
}

/// The rules of all sixteen steps: exactly one each. (十六环节规则)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, StepRule>",
    into = "BTreeMap<Step, StepRule>"
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("propertyNames" = {"$ref": "#/$defs/Step"}, "required" = Step::ALL.map(Step::id))))]
pub struct StepRules(Box<[StepRule; 16]>);

impl StepRules {
    /// The rule of a step.
    #[must_use]
    pub fn of(&self, step: Step) -> &StepRule {
        &self.0[usize::from(step.number() - 1)]
    }
}

// Keys are read as text, so that a fault below one is reported with its name.
impl TryFrom<BTreeMap<String, StepRule>> for StepRules {
    type Error = String;
    fn try_from(mut rules: BTreeMap<String, StepRule>) -> Result<Self, String> {
        let mut all = Vec::with_capacity(16);
        for step in Step::ALL {
            let missing = || {
                format!(
                    "缺少环节 {step}（{}） (the step {step} is missing)",
                    step.zh()
                )
            };
            all.push(rules.remove(step.id()).ok_or_else(missing)?);
        }
        if let Some(unknown) = rules.keys().next() {
            return Err(unknown
                .parse::<Step>()
                .map_or_else(|e| e.to_string(), |step| step.to_string()));
        }
        let all: Box<[StepRule; 16]> = all
            .into_boxed_slice()
            .try_into()
            .map_err(|_| String::new())?;
        Ok(Self(all))
    }
}

impl From<StepRules> for BTreeMap<Step, StepRule> {
    fn from(rules: StepRules) -> Self {
        Step::ALL.into_iter().zip(*rules.0).collect()
    }
}

/// A charter as it is written, before its parts are checked against each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Charter"))]
pub struct CharterText {
    /// Who must vote on the charter that follows this one. (章程修订的表决：以后再改章程时由谁表决)
    pub adoption: Adoption,
    /// The working days of the years it knows. (节假日历)
    pub calendar: Calendar,
    /// Who adopts a new charter. (谁修订章程)
    pub charter_changes: SigningRule,
    /// Where disclosures are posted. (公开渠道)
    pub channels: Vec<Channel>,
    /// How far stated and logged time may lie apart. (时间差)
    pub clocks: Clocks,
    /// How residents' concerns are dealt with. (群众意见)
    pub concerns: ConcernRules,
    /// Roles that one person must not hold together. (不得兼任)
    pub exclusions: Vec<Exclusion>,
    /// From where on the record is flagged. (风险提示阈值：到了就提示核对，不是结论)
    pub flags: FlagThresholds,
    /// What is forbidden or bounded: checked at the door. (负面清单)
    pub limits: Vec<Limit>,
    /// Who records a posting. (谁登记张贴)
    pub postings: SigningRule,
    /// Who changes the roster. (谁变更名册)
    pub roster_changes: SigningRule,
    /// Who signs the events that are neither steps, postings nor changes of roster and charter.
    /// (其他事项由谁签)
    pub signing: EventSigning,
    /// The sixteen steps. (十六环节)
    pub steps: StepRules,
    /// Its title. (章程名称)
    pub title: Line,
    /// The collective's own numbering, rising with every adoption. (版本号：每次修订都要更大)
    pub version: u32,
    /// How the bodies decide. (表决规则)
    #[cfg_attr(feature = "schema", schemars(extend("propertyNames" = {"$ref": "#/$defs/VotingBody"})))]
    pub voting: BTreeMap<VotingBody, VotingRule>,
    /// Which steps may be left out, and when. (豁免规定)
    pub waivers: Vec<Waiver>,
}

/// A charter whose parts fit together. (章程)
///
/// Text form: JSON; see `FORMAT.md` and `schema/charter.schema.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CharterText", into = "CharterText")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Charter(CharterText);

impl core::ops::Deref for Charter {
    type Target = CharterText;
    fn deref(&self) -> &CharterText {
        &self.0
    }
}

/// A charter could not be read, or its parts do not fit together. (章程有误)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("章程 {path}：{fault} (charter, at {path})")]
pub struct CharterError {
    /// The field, as in `steps.member_vote.signing.answers`.
    pub path: String,
    /// What is wrong with it, what was expected, and what to do.
    pub fault: String,
}

impl Charter {
    /// Reads a charter from JSON.
    ///
    /// # Errors
    /// Names the field that is unknown, missing, of the wrong form, or at odds with another.
    ///
    /// ```
    /// use ledger_core::charter::Charter;
    ///
    /// let fault = Charter::parse(r#"{"titel": "章程"}"#).unwrap_err();
    /// assert_eq!(fault.path, "titel");
    /// ```
    pub fn parse(json: &str) -> Result<Self, CharterError> {
        let at = |path: String, fault: String| CharterError { path, fault };
        let value: Value = serde_json::from_str(json).map_err(|e| {
            at(
                format!("第 {} 行第 {} 列", e.line(), e.column()),
                format!("不是有效的 JSON：{e}"),
            )
        })?;
        let text: CharterText = serde_path_to_error::deserialize(value)
            .map_err(|e| at(e.path().to_string(), e.inner().to_string()))?;
        Self::try_from(text)
    }

    /// The charter that ships with the library, as JSON: a reconstruction of 东塱's clear sheet from
    /// published rules, each number with its basis. A collective edits a copy.
    #[must_use]
    pub fn default_text() -> &'static str {
        include_str!("../assets/charter.zh.json")
    }

    /// The channels on which every disclosure must be posted.
    pub fn required_channels(&self) -> impl Iterator<Item = &Label> {
        self.channels
            .iter()
            .filter(|channel| channel.required)
            .map(|channel| &channel.id)
    }

    /// A channel by its id.
    #[must_use]
    pub fn channel(&self, id: &Label) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == *id)
    }

    /// The first rule measured in hours or less, which only a training ledger may have.
    #[must_use]
    pub fn training_rule(&self) -> Option<String> {
        let short = |rule: &Option<TimeRule>| rule.as_ref().is_some_and(|rule| !is_days(rule.span));
        let of_step = |step: Step| {
            let rule = self.steps.of(step);
            let times = [("open_for", &rule.open_for), ("within", &rule.within)];
            let (field, _) = times.into_iter().find(|(_, time)| short(time))?;
            Some(format!("steps.{step}.{field}"))
        };
        let of_body = |(body, rule): (&VotingBody, &VotingRule)| {
            short(&rule.notice).then(|| format!("voting.{}.notice", body.id()))
        };
        let concerns = (!is_days(self.concerns.answer_within.span))
            .then(|| "concerns.answer_within".to_owned());
        Step::ALL
            .into_iter()
            .find_map(of_step)
            .or_else(|| self.voting.iter().find_map(of_body))
            .or(concerns)
    }
}

fn is_days(span: Span) -> bool {
    matches!(span.unit(), SpanUnit::WorkingDays | SpanUnit::Days)
}

impl From<Charter> for CharterText {
    fn from(charter: Charter) -> CharterText {
        charter.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_charter_is_complete() {
        let charter = Charter::parse(Charter::default_text()).unwrap();
        assert_eq!(charter.required_channels().count(), 4);
        assert_eq!(charter.training_rule(), None);
        let again = Charter::parse(&serde_json::to_string(&charter).unwrap()).unwrap();
        assert_eq!(again, charter);
    }

    /// Changes one place of the default charter and gives the path that is then complained of.
    fn fault_after(change: impl FnOnce(&mut Value)) -> String {
        let mut value: Value = serde_json::from_str(Charter::default_text()).unwrap();
        change(&mut value);
        Charter::parse(&value.to_string()).unwrap_err().path
    }

    #[test]
    fn short_times_are_for_training() {
        for (path, pointer) in [
            ("steps.bidding.within", "/steps/bidding/within/span/unit"),
            (
                "steps.publish_plan.open_for",
                "/steps/publish_plan/open_for/span/unit",
            ),
            (
                "voting.assembly.notice",
                "/voting/assembly/notice/span/unit",
            ),
        ] {
            let mut value: Value = serde_json::from_str(Charter::default_text()).unwrap();
            *value.pointer_mut(pointer).unwrap() = "minutes".into();
            let charter = Charter::parse(&value.to_string()).unwrap();
            assert_eq!(charter.training_rule().as_deref(), Some(path));
        }
    }

    #[test]
    fn a_fault_names_its_field() {
        type Change = fn(&mut Value);
        let cases: [(&str, Change); 24] = [
            ("titel", |v| v["titel"] = "x".into()),
            ("steps", |v| {
                drop(v["steps"].as_object_mut().unwrap().remove("bidding"))
            }),
            ("steps.bidding.signing.answers", |v| {
                v["steps"]["bidding"]["signing"]["answers"] = "mayor".into()
            }),
            ("steps.bidding.signing.cosigns[0].role", |v| {
                v["steps"]["bidding"]["signing"]["cosigns"][0]["role"] = "trading_service".into();
            }),
            ("steps.publish_plan.open_for", |v| {
                drop(
                    v["steps"]["publish_plan"]
                        .as_object_mut()
                        .unwrap()
                        .remove("open_for"),
                )
            }),
            ("exclusions", |v| {
                drop(v["exclusions"].as_array_mut().unwrap().remove(0))
            }),
            ("voting.assembly.approval", |v| {
                v["voting"]["assembly"]["approval"]["numerator"] = 4.into()
            }),
            ("channels[1].id", |v| {
                v["channels"][1]["id"] = "platform".into()
            }),
            ("clocks.ahead.span", |v| {
                v["clocks"]["ahead"]["span"]["length"] = 1441.into()
            }),
            ("clocks.ahead.span.unit", |v| {
                v["clocks"]["ahead"]["span"]["unit"] = "days".into()
            }),
            ("clocks.late.span.unit", |v| {
                v["clocks"]["late"]["span"]["unit"] = "working_days".into()
            }),
            ("flags.least_bidders.number", |v| {
                v["flags"]["least_bidders"]["number"] = 0.into()
            }),
            ("flags.winner_share.basis_points", |v| {
                v["flags"]["winner_share"]["basis_points"] = 10_001.into()
            }),
            ("flags.splitting.amount_fen", |v| {
                v["flags"]["splitting"]["amount_fen"] = 0.into()
            }),
            ("flags.rent.span.unit", |v| {
                v["flags"]["rent"]["span"]["unit"] = "hours".into()
            }),
            ("version", |v| v["version"] = 0.into()),
            ("waivers[0].steps", |v| {
                v["waivers"][0]["steps"][0] = "member_vote".into();
                v["waivers"][0]["steps"][1] = "plan_drafting".into();
            }),
            ("adoption.bodies", |v| {
                drop(v["voting"].as_object_mut().unwrap().remove("assembly"))
            }),
            ("limits[1].id", |v| {
                v["limits"][1]["id"] = "no_land_sale".into()
            }),
            ("limits[1].rule", |v| {
                v["limits"][1]["rule"]["denominator"] = 0.into()
            }),
            ("limits[2].rule", |v| {
                v["limits"][2]["rule"]["at_most_months"] = 0.into()
            }),
            ("signing.concern_raised.answers", |v| {
                v["signing"]["concern_raised"]["answers"] = "chair".into()
            }),
            ("signing.returned.answers", |v| {
                v["signing"]["returned"]["answers"] = "intake".into()
            }),
            ("signing", |v| {
                drop(v["signing"].as_object_mut().unwrap().remove("returned"))
            }),
        ];
        for (path, change) in cases {
            assert_eq!(fault_after(change), path);
        }
    }
}
