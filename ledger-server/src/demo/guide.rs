//! Where in the year to find what is worth showing. (看点)
//!
//! For whoever teaches with the demonstration. Read off the plan; that the ledger holds it, the tests say.

use ledger_core::name::StreamId;
use ledger_core::record::Category;
use ledger_core::step::Step;

use super::catalogue::UNDER_WAY;
use super::clock::Workday;
use super::course::{Contest, Course, What};
use super::fault::DemoError;
use super::plan::{Deal, Plan, transaction_id};

/// Something worth showing, and where in the ledger it is. (看点)
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sight {
    /// What it is, in Chinese.
    pub zh: &'static str,
    /// What it is, in English.
    pub en: &'static str,
    /// In whose streams: at least one.
    pub streams: Vec<StreamId>,
}

impl Sight {
    /// Where it is, for people: the ids of transactions, the names of other streams. (位置)
    #[must_use]
    pub fn places(&self) -> String {
        let name = |stream: &StreamId| match stream {
            StreamId::Transaction(id) => id.to_string(),
            other => other.to_string(),
        };
        let names: Vec<String> = self.streams.iter().map(name).collect();
        names.join(" ")
    }
}

/// What is to be seen in the ledger's own stream.
const OWN: (&str, &str) = (
    "账本自身：理事会会议、亲属申报、季度确认、新监事入册、六月成员大会修订章程、七月更换钥匙",
    "the ledger's own stream: a meeting, a declared relative, quarterly attestations, a new supervisor, the charter amended in June, a key replaced in July",
);

/// Whether a transaction shows something.
type Shows = fn(&Plan, &Deal) -> bool;

const SIGHTS: [(&str, &str, Shows); 19] = [
    (
        "流拍后退回第 10 环节，重新公告后成交",
        "a failed bidding, listed again and won",
        |_, deal| deal.item.course == Course::Relisted,
    ),
    (
        "小额交易，依章程免办第 9 至 12 环节",
        "a small-value deal, steps 9 to 12 waived",
        |_, deal| deal.item.course == Course::Waived,
    ),
    (
        "表决未通过（有会议记录），退回第 6 环节改方案后再表决",
        "a plan voted down (see the meeting), redrafted and voted again",
        |_, deal| deal.item.course == Course::Returned,
    ),
    (
        "街道发现面积有误：暂停、更正、答复、重新公开",
        "an area found wrong by the street office: stopped, corrected, answered, published again",
        |_, deal| deal.item.course == Course::Corrected,
    ),
    (
        "方案公开后终止，不计入完成数",
        "broken off after the plan was published; not among the completed",
        |_, deal| deal.item.course == Course::Terminated,
    ),
    ("事后补录", "steps recorded late", shows_late),
    (
        "第三方（律师）意见",
        "a third party's (legal) opinion",
        |_, deal| deal.item.course == Course::Advised,
    ),
    (
        "签约前的廉洁协议（工程、采购每宗都有）",
        "an agreement on integrity before the contract (all works and procurement)",
        |_, deal| deal.agenda.has(What::IntegrityAgreed),
    ),
    (
        "六月修订章程前开始，修订后仍按旧章程办：方案公开 5 个工作日",
        "begun before the charter was amended in June, finished under the old one: plan open for 5 working days",
        |plan, deal| {
            plan_published_after_june(plan, deal) && begun_on(deal) <= plan.charters.amended_on
        },
    ),
    (
        "修订后开始，按新章程办：方案公开 7 个工作日",
        "begun afterwards, under the new one: plan open for 7 working days",
        |plan, deal| {
            plan_published_after_june(plan, deal) && begun_on(deal) > plan.charters.amended_on
        },
    ),
    (
        "理事申报的亲属来报名，依规回避",
        "a council member's declared relative applies, and is not admitted",
        |_, deal| matches!(deal.item.contest, Contest::Recused(_)),
    ),
    (
        "风险提示：公开竞价只有一人参与，底价成交",
        "red flag: open bidding with one bidder, won at the reserve price",
        |_, deal| deal.item.contest == Contest::Alone,
    ),
    (
        "风险提示：六人竞买，成交价贴近底价（不到 2%）",
        "red flag: six bidders, and a price within 2% of the reserve",
        |_, deal| deal.item.contest == Contest::Close,
    ),
    (
        "风险提示：几周内两宗工程同一方中选，单宗不到 5 万元，合计超过",
        "red flag: one party wins two works within weeks, each below 50,000 yuan, together above",
        |_, deal| matches!(deal.item.contest, Contest::WonBy(_)),
    ),
    (
        "欠租：租金到期未收",
        "arrears: a rent that fell due and was not paid",
        |_, deal| deal.item.in_arrears,
    ),
    (
        "工程款凭票支付，质保金留一年",
        "works paid against a voucher, a part kept back for a year",
        |_, deal| deal.item.category == Category::Works && deal.agenda.has(What::PaymentMade(0)),
    ),
    (
        "年底在办：等待竞价",
        "under way at the end of the year: before the bidding",
        |_, deal| deal.item == &UNDER_WAY[0],
    ),
    (
        "年底在办：方案公开，还有渠道没有张贴",
        "under way: the plan published, channels outstanding",
        |_, deal| deal.item == &UNDER_WAY[1],
    ),
    (
        "年底在办：等待党组织研究",
        "under way: before the party organisation's study",
        |_, deal| deal.item == &UNDER_WAY[2],
    ),
];

/// At most so many transactions are named for one sight.
const NAMED: usize = 3;

/// What there is to see in the year of a seed. (年度看点)
///
/// # Errors
/// [`DemoError`], as for building it.
pub fn sights(seed: u64) -> Result<Vec<Sight>, DemoError> {
    let plan = Plan::new(seed)?;
    let mut sights = Vec::new();
    for (zh, en, shows) in SIGHTS {
        let mut streams = Vec::new();
        let deals = plan.deals.iter().filter(|deal| shows(&plan, deal));
        for deal in deals.take(NAMED) {
            streams.push(StreamId::Transaction(deal.id()?));
        }
        // Chance may leave something out of a year, such as a step that is recorded late.
        if !streams.is_empty() {
            sights.push(Sight { zh, en, streams });
        }
    }
    for voice in &plan.voices {
        let (zh, en) = match voice.concern.reply {
            Some(_) => (
                "群众意见：方案公开期内提出，按时答复、办结、评价",
                "a concern raised while the plan was open: answered in time, settled, rated",
            ),
            None => (
                "群众意见：问欠租，年底仍未答复，已超期",
                "a concern about the arrears: not answered by the end of the year, overdue",
            ),
        };
        let concern = StreamId::Concern(voice.concern.id.parse()?);
        let about = StreamId::Transaction(transaction_id(voice.about)?);
        sights.push(Sight {
            zh,
            en,
            streams: vec![concern, about],
        });
    }
    let (zh, en) = OWN;
    sights.push(Sight {
        zh,
        en,
        streams: vec![StreamId::Ledger],
    });
    Ok(sights)
}

fn begun_on(deal: &Deal) -> Workday {
    let first = deal.agenda.acts.first();
    first.map_or(Workday(0), |act| act.recorded_on)
}

fn plan_published_after_june(plan: &Plan, deal: &Deal) -> bool {
    let mut acts = deal.agenda.acts.iter();
    deal.agenda.has(What::Step(Step::PublishCompletion))
        && acts.any(|act| {
            act.what == What::Step(Step::PublishPlan) && act.recorded_on > plan.charters.amended_on
        })
}

/// Recorded so many working days late that any charter of the year marks it.
fn shows_late(plan: &Plan, deal: &Deal) -> bool {
    let mut acts = deal.agenda.acts.iter();
    acts.any(|act| {
        let happened_on = plan.clock.from(plan.clock.date_of(act.at.instant()));
        act.recorded_on >= happened_on.plus(4)
    })
}
