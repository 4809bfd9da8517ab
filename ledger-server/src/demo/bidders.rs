//! Who bids, and what the members said: invented, masked, plausible. (竞投人与意见)

use std::collections::BTreeSet;

use ledger_core::record::Category;
use ledger_core::record::Method::{self, *};

use super::catalogue::Item;
use super::course::Contest;
use super::dice::Dice;

/// One who applied. (报名人)
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bidder {
    /// The name, masked.
    pub(crate) name: String,
    /// Why not admitted, if not.
    pub(crate) refused_for: Option<&'static str>,
}

/// How a body of members voted. (表决)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ballot {
    pub(crate) against: u32,
    pub(crate) abstain: u32,
}

#[rustfmt::skip]
const SURNAMES: [&str; 24] = [
    "张", "李", "王", "黄", "陈", "梁", "何", "罗", "林", "郭", "谢", "邓",
    "曾", "许", "苏", "冼", "区", "关", "简", "潘", "卢", "蔡", "叶", "麦",
];

#[rustfmt::skip]
const FIRST: [&str; 16] = ["华", "荔", "东", "广", "顺", "恒", "利", "盛", "鸿", "联", "裕", "泰", "康", "祥", "新", "宏"];

/// What companies of that trade call themselves.
const fn trades(category: Category) -> &'static [&'static str] {
    match category {
        Category::Lease => &["贸易有限公司", "餐饮管理有限公司", "商行", "百货店"],
        Category::Contracting => &["水产养殖场", "种植专业合作社", "农业发展有限公司"],
        Category::Sale | Category::Disposal => &["再生资源回收站", "机电设备有限公司"],
        Category::Grant => &["停车管理有限公司", "广告有限公司"],
        Category::EquityContribution | Category::Investment => {
            &["农产品专业合作社", "市场管理有限公司"]
        }
        Category::Cooperation => &["新能源科技有限公司", "便民服务有限公司"],
        Category::Works => &["建设工程有限公司", "市政工程有限公司", "装饰工程有限公司"],
        Category::Procurement => &["电子设备有限公司", "消防器材有限公司", "商贸有限公司"],
        Category::FundUse => &["社会工作服务中心", "应急救援服务队"],
    }
}

/// Whether natural persons bid for such dealings.
const fn for_persons(category: Category) -> bool {
    matches!(
        category,
        Category::Lease | Category::Contracting | Category::Sale | Category::Disposal
    )
}

/// Why a signer's relative is not admitted.
const RELATED: &str = "与理事会成员有亲属关系（已申报），依规回避";

const REFUSALS: [&str; 3] = [
    "未在截止前缴纳保证金",
    "报名材料不齐，逾期未补",
    "未提供经营范围证明",
];

fn name(item: &Item, dice: &mut Dice) -> String {
    if for_persons(item.category) && dice.chance(65) {
        let masked = if dice.chance(50) { "*" } else { "**" };
        return format!("{}{masked}", dice.pick(&SURNAMES));
    }
    format!("{}*{}", dice.pick(&FIRST), dice.pick(trades(item.category)))
}

/// How many usually apply.
const fn usual(method: Method) -> (u32, u32) {
    match method {
        OpenBidding => (2, 7),
        Tender => (3, 6),
        OpenNegotiation | SmallValue => (1, 3),
        Consultation => (1, 2),
        Renewal => (1, 1),
    }
}

/// Those who apply for an item: the winner first, no name twice. `taken` are the names of those who
/// won others, so that two dealings with one party are meant wherever they are found.
pub(crate) fn applicants(item: &Item, taken: &BTreeSet<String>, dice: &mut Dice) -> Vec<Bidder> {
    let (least, most) = match item.contest {
        Contest::Alone => (1, 1),
        Contest::Close => (6, 6),
        _ => usual(item.method),
    };
    let admitted = dice.count(least, most) as usize;
    let refused = usize::from(item.method != Renewal && dice.chance(15));
    let mut bidders: Vec<Bidder> = Vec::new();
    if let Contest::WonBy(name) = item.contest {
        bidders.push(bidder(name));
    }
    // The names there are outnumber those wanted by far; the bound only keeps a bad table from looping.
    for _ in 0..1_000 {
        if bidders.len() == admitted + refused {
            break;
        }
        let name = name(item, dice);
        let wins = bidders.is_empty() && taken.contains(&name);
        if !wins && bidders.iter().all(|bidder| bidder.name != name) {
            let refused_for = (bidders.len() >= admitted).then(|| dice.pick(&REFUSALS));
            bidders.push(Bidder { name, refused_for });
        }
    }
    if let Contest::Recused(name) = item.contest {
        bidders.retain(|bidder| bidder.name != name);
        bidders.push(Bidder {
            refused_for: Some(RELATED),
            ..bidder(name)
        });
    }
    bidders
}

fn bidder(name: &str) -> Bidder {
    Bidder {
        name: name.to_owned(),
        refused_for: None,
    }
}

/// How many bids are made.
pub(crate) fn bids(item: &Item, bidders: u32, dice: &mut Dice) -> u32 {
    match item.method {
        OpenBidding => dice.count(bidders, bidders * 5),
        _ => bidders,
    }
}

/// How the members vote: few against, or the plan would not have come so far.
pub(crate) fn ballot(assembly: bool, dice: &mut Dice) -> Ballot {
    let (against, abstain) = if assembly { (48, 30) } else { (3, 2) };
    Ballot {
        against: dice.count(0, against),
        abstain: dice.count(0, abstain),
    }
}
