//! Red flags: what in the record is worth a look, computed by pure functions. (风险提示)
//!
//! A flag is a question, never a verdict: it names the rule and its source, the events that it rests
//! on, and says in a plain sentence what is to be checked. Nothing here is stored or signed; anyone who
//! replays a ledger computes the same flags. Thresholds are the charter's ([`crate::charter::FlagThresholds`]).
//!
//! Rules that look at one transaction cost what that transaction is long; those that look across
//! transactions go over all of them once, with maps. There is no clock here: `now` is given.
//!
//! A rule is a function in one of the rooms, a line in that room's table and a row in [`FlagRule`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::calendar::Calendar;
use crate::charter::{Basis, Charter, FlagThresholds, Mark};
use crate::dealing::Dealing;
use crate::event::Event;
use crate::language::Language;
use crate::name::{MemberId, TransactionId};
use crate::state::LedgerState;
use crate::text::Line;
use crate::time::{Date, LogTime};
use crate::transaction::Transaction;

mod across;
mod contract;
mod price;
mod process;
mod trust;
mod words;

use words::Sentence;

/// How much a flag weighs. (提示程度)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing. (提示)
    Low,
    /// Worth asking. (关注)
    Medium,
    /// To be looked at first. (重点)
    High,
}

impl Severity {
    /// The Chinese name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Low => "提示",
            Self::Medium => "关注",
            Self::High => "重点",
        }
    }

    /// The English name.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Low => "note",
            Self::Medium => "ask",
            Self::High => "look first",
        }
    }
}

/// How much of a transaction is worth a look. (风险等级)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskGrade {
    /// 低
    Low,
    /// 中
    Medium,
    /// 高
    High,
}

impl RiskGrade {
    /// The Chinese name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Low => "低",
            Self::Medium => "中",
            Self::High => "高",
        }
    }

    /// The English name.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The grade of a transaction with these flags. (定级)
///
/// High with a flag to be looked at first, or three worth asking; medium with one worth asking, or
/// three worth knowing; low otherwise. A grade says how much there is to look at, not that anything
/// is wrong.
///
/// Source: this project's own choice.
pub fn grade<'a>(flags: impl IntoIterator<Item = &'a Flag>) -> RiskGrade {
    let (mut low, mut medium) = (0_u32, 0_u32);
    for flag in flags {
        match flag.severity {
            Severity::High => return RiskGrade::High,
            Severity::Medium => medium = medium.saturating_add(1),
            Severity::Low => low = low.saturating_add(1),
        }
    }
    match (medium, low) {
        (3.., _) => RiskGrade::High,
        (1.., _) | (_, 3..) => RiskGrade::Medium,
        _ => RiskGrade::Low,
    }
}

macro_rules! flag_rules {
    ($($(#[$doc:meta])* $variant:ident = $id:literal, $zh:literal, $en:literal, $severity:ident, $mark:ident, $source:literal;)*) => {
        /// A rule by which something is flagged. (提示规则)
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FlagRule { $($(#[$doc])* $variant,)* }

        impl FlagRule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable name.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The Chinese name.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* }
            }

            /// The English name.
            #[must_use]
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)* }
            }

            /// How much it weighs where nothing adds to or takes from it.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// The nature of its source; the charter's, where a threshold decides.
            #[must_use]
            pub const fn mark(self) -> Mark {
                match self { $(Self::$variant => Mark::$mark,)* }
            }

            /// Where it comes from; the charter says it of its own thresholds.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)* }
            }
        }
    };
}

flag_rules! {
    /// 环节缺失
    StepMissing = "step_missing", "环节缺失", "step missing", Medium, S, "十六环节明白纸";
    /// 未见表决
    VoteMissing = "vote_missing", "未见民主表决", "vote missing", High, L, "农村集体经济组织法第二十七、二十八条";
    /// 环节豁免
    StepWaived = "step_waived", "依章程免办环节", "steps waived", Low, D, "章程 waivers";
    /// 会议通知过短
    NoticeShort = "notice_short", "会议通知时间不足", "notice of the meeting too short", Medium, L, "农村集体经济组织法第二十七条";
    /// 价格不如估价或底价
    PriceBelowValuation = "price_below_valuation", "价格不如估价或底价", "price worse than valuation or reserve", High, A, "参照浙江省农村集体资产管理条例第二十、三十六条";
    /// 低于上一次价格
    PriceBelowPrevious = "price_below_previous", "低于上一次成交价", "price below the previous one", Medium, D, "本项目自定";
    /// 贴近底价
    CloseToReserve = "close_to_reserve", "多人竞买而成交价贴近底价", "many bidders, yet a price close to the reserve", Medium, D, "章程 flags.close_to_reserve";
    /// 竞买人过少
    FewBidders = "few_bidders", "竞买人过少", "too few bidders", Medium, D, "章程 flags.least_bidders";
    /// 成交人不在合同中
    WinnerNotInContract = "winner_not_in_contract", "成交人不是合同一方", "winner not party to the contract", High, A, "参照招标投标法第四十六条";
    /// 合同额与成交价不符
    AmountOffPrice = "amount_off_price", "合同额与成交价不符", "contract amount off the winning price", High, A, "参照招标投标法第四十六条";
    /// 期限过长
    TermTooLong = "term_too_long", "期限过长", "term too long", Medium, L, "民法典第七百零五条";
    /// 疑似拆分
    Splitting = "splitting", "多笔小额合计超限", "small dealings that add up", Medium, A, "参照招标投标法第四条";
    /// 集中度
    WinnerShare = "winner_share", "同一方年度占比高", "one party's share of a year", Medium, D, "章程 flags.winner_share";
    /// 补录
    RecordedLate = "recorded_late", "事后补录", "recorded late", Low, D, "章程 clocks.late";
    /// 存量合同
    ProcessUnproven = "process_unproven", "开账前的合同，程序无账可查", "made before the ledger, process not proven", Low, D, "本项目自定";
    /// 公示期内签约
    ContractTooEarly = "contract_too_early", "结果公示期满前签约", "contract signed before the result window ended", High, A, "参照招标投标法实施条例第五十四条";
    /// 到期未续未收
    Expired = "expired", "到期未见续签或收回", "expired with no renewal or return", Medium, D, "章程 flags.expiry";
    /// 租金逾期
    RentOverdue = "rent_overdue", "应收款逾期", "payment overdue", Medium, D, "章程 flags.rent";
    /// 保证金未退
    DepositKept = "deposit_kept", "投标（竞买）保证金未见退还", "deposit not refunded in time", Medium, A, "参照招标投标法实施条例第五十七条";
    /// 渠道缺失
    ChannelMissing = "channel_missing", "公开渠道缺失或迟延", "channel missing or late", Medium, S, "东塱经济联社“明白纸”三公开做法";
    /// 渠道内容不一致
    ChannelsDiffer = "channels_differ", "各渠道公开内容不一致", "channels whose content differs", High, S, "东塱经济联社“明白纸”三公开做法";
    /// 多轮竞价未重新表决
    RepeatedRounds = "repeated_rounds", "多轮竞价未重新表决", "repeated rounds without a new vote", Low, D, "章程 flags.rounds_per_vote";
    /// 亲属关系
    RelativeParty = "relative_party", "对方与签署人申报的亲属同名", "counterparty is a signer's declared relative", High, D, "本项目自定：有亲属关系的应当回避";
    /// 街道意见逾期未答复
    FindingOverdue = "finding_overdue", "街道意见逾期未答复", "finding of the street office unanswered", Medium, D, "街道提出问题时定的期限";
    /// 群众意见逾期未答复
    ConcernOverdue = "concern_overdue", "群众意见逾期未答复", "concern unanswered past its time", Medium, A, "章程 concerns.answer_within";
    /// 签名钥匙存疑
    KeyInDoubt = "key_in_doubt", "签名钥匙后来宣告失控", "signed with a key declared compromised", Medium, D, "本项目自定";
    /// 公开期内规则变动
    RulesChanged = "rules_changed", "办理期间规则或日历变动", "rules or calendar changed under way", Low, D, "本项目自定";
}

impl Serialize for FlagRule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// Something in the record that is worth a look. (风险提示)
///
/// In JSON also `mark` and `source`, and the sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// The rule.
    pub rule: FlagRule,
    /// How much it weighs.
    pub severity: Severity,
    /// The transactions that it is about: at least one.
    pub transactions: Vec<TransactionId>,
    /// The entries that it rests on, ascending: at least one.
    pub events: Vec<u64>,
    /// The nature of its source.
    pub mark: Mark,
    /// The law and article, the published rule, or the charter's reason.
    pub source: String,
    sentence: Sentence,
}

impl Flag {
    fn new(
        rule: FlagRule,
        about: &Transaction,
        events: impl IntoIterator<Item = u64>,
        zh: String,
        en: String,
    ) -> Self {
        let events: BTreeSet<u64> = events.into_iter().collect();
        Self {
            rule,
            severity: rule.severity(),
            transactions: vec![about.id.clone()],
            events: events.into_iter().collect(),
            mark: rule.mark(),
            source: rule.source().to_owned(),
            sentence: Sentence { zh, en },
        }
    }

    /// Its threshold is the charter's, and so is its source.
    fn by(mut self, basis: &Basis) -> Self {
        self.mark = basis.mark;
        self.source = basis.source.to_string();
        self
    }

    fn weighing(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// What is to be looked at, with the figures, for everybody to understand. (一句话说明)
    #[must_use]
    pub fn sentence(&self, language: Language) -> &str {
        language.pick(&self.sentence.zh, &self.sentence.en)
    }

    /// Whether it is about that transaction.
    #[must_use]
    pub fn is_about(&self, id: &TransactionId) -> bool {
        self.transactions.contains(id)
    }
}

/// The relatives that members declared, and where.
type Relatives<'a> = BTreeMap<&'a Line, Vec<(&'a MemberId, u64)>>;

fn relatives(ledger: &LedgerState) -> Relatives<'_> {
    let mut relatives = Relatives::new();
    for noted in &ledger.notes {
        if let Event::RelativeDeclared(declared) = &noted.event {
            let here = (&declared.member, noted.recorded.index);
            relatives.entry(&declared.name).or_default().push(here);
        }
    }
    relatives
}

/// What the rules see of one transaction.
struct Case<'a> {
    ledger: &'a LedgerState,
    relatives: &'a Relatives<'a>,
    /// The charter that governs it.
    charter: &'a Charter,
    transaction: &'a Transaction,
    dealing: &'a Dealing<'a>,
    now: LogTime,
}

/// A rule that looks at one transaction.
type Rule = fn(&Case<'_>) -> Option<Flag>;

impl<'a> Case<'a> {
    fn new(
        ledger: &'a LedgerState,
        relatives: &'a Relatives<'a>,
        dealing: &'a Dealing<'a>,
        now: LogTime,
    ) -> Self {
        let transaction = dealing.transaction;
        Self {
            ledger,
            relatives,
            charter: ledger.charter_of(transaction.begun_at, u64::MAX),
            transaction,
            dealing,
            now,
        }
    }

    fn limits(&self) -> &'a FlagThresholds {
        &self.charter.flags
    }

    /// The newest calendar: holidays are the State's.
    fn calendar(&self) -> &'a Calendar {
        self.ledger.calendar_at(u64::MAX)
    }

    fn date(&self, time: LogTime) -> Date {
        self.calendar().date_of(time)
    }

    fn flag(
        &self,
        rule: FlagRule,
        events: impl IntoIterator<Item = u64>,
        zh: String,
        en: String,
    ) -> Flag {
        Flag::new(rule, self.transaction, events, zh, en)
    }
}

/// All flags of a ledger at `now`, those that weigh most first. (全部风险提示)
///
/// `transactions` must be all of the ledger's: dealings are also looked at together.
pub fn of_ledger<'a>(
    ledger: &LedgerState,
    transactions: impl IntoIterator<Item = &'a Transaction>,
    now: LogTime,
) -> Vec<Flag> {
    let dealings: Vec<Dealing<'a>> = transactions.into_iter().map(Dealing::of).collect();
    let relatives = relatives(ledger);
    let mut flags = Vec::new();
    for dealing in &dealings {
        of_one(&Case::new(ledger, &relatives, dealing, now), &mut flags);
    }
    across::flags(ledger, &dealings, now, &mut flags);
    flags.sort_by(|one, other| {
        let order = other.severity.cmp(&one.severity);
        order.then_with(|| one.events.cmp(&other.events))
    });
    flags
}

/// The flags of one transaction that need no look at others. (一笔交易自身的风险提示)
#[must_use]
pub fn of_transaction(ledger: &LedgerState, transaction: &Transaction, now: LogTime) -> Vec<Flag> {
    let dealing = Dealing::of(transaction);
    let relatives = relatives(ledger);
    let mut flags = Vec::new();
    of_one(&Case::new(ledger, &relatives, &dealing, now), &mut flags);
    flags
}

fn of_one(case: &Case<'_>, flags: &mut Vec<Flag>) {
    let rooms: [&[Rule]; 4] = [process::RULES, price::RULES, contract::RULES, trust::RULES];
    let rules = rooms.into_iter().flatten();
    flags.extend(rules.filter_map(|rule| rule(case)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(severities: &[Severity]) -> Vec<Flag> {
        let sentence = Sentence {
            zh: "请核对。".to_owned(),
            en: "Please check.".to_owned(),
        };
        let flag = |severity: &Severity| Flag {
            rule: FlagRule::RecordedLate,
            severity: *severity,
            transactions: vec!["2018-001".parse().unwrap()],
            events: vec![1],
            mark: Mark::D,
            source: String::new(),
            sentence: sentence.clone(),
        };
        severities.iter().map(flag).collect()
    }

    #[test]
    fn the_grade_follows_the_weights() {
        use Severity::{High, Low, Medium};
        for (severities, expected) in [
            (&[][..], RiskGrade::Low),
            (&[Low, Low], RiskGrade::Low),
            (&[Low, Low, Low], RiskGrade::Medium),
            (&[Medium], RiskGrade::Medium),
            (&[Medium, Medium, Low, Low, Low], RiskGrade::Medium),
            (&[Medium, Medium, Medium], RiskGrade::High),
            (&[Low, High], RiskGrade::High),
        ] {
            assert_eq!(grade(&flags(severities)), expected, "{severities:?}");
        }
    }

    #[test]
    fn every_rule_has_a_name_of_its_own_and_a_source() {
        let names: BTreeSet<&str> = FlagRule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(names.len(), FlagRule::ALL.len());
        for rule in FlagRule::ALL {
            assert!(!rule.zh().is_ascii() && rule.en().is_ascii() && !rule.source().is_empty());
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.id());
        }
    }
}
