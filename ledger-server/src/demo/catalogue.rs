//! What is dealt in: fifty-four assets, illustrative all of them. (标的目录)
//!
//! Names and places sound like 东塱; none is taken from a real file. Amounts are what a unit costs before
//! [`super::plan`] brings the whole year to its total.

use ledger_core::money::PriceBasis::{
    self, PerMonth, PerMu, PerMuYear, PerSqmMonth, PerSquareMetre, PerYear, Total,
};
use ledger_core::record::AssetKind::{self, Asset, Fund, Resource};
use ledger_core::record::Category::{
    self, Contracting, Cooperation, Disposal, EquityContribution, FundUse, Grant, Investment,
    Lease, Procurement, Sale, Works,
};
use ledger_core::record::Method::{
    self, Consultation, OpenBidding, OpenNegotiation, Renewal, SmallValue, Tender,
};

use super::course::{Contest, Course};

/// One asset and the dealing that is meant for it. (标的)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Where it is.
    pub(crate) place: &'static str,
    /// What it is used for now.
    pub(crate) used_as: &'static str,
    /// Which of the three 资 it is.
    pub(crate) kind: AssetKind,
    /// What kind of dealing.
    pub(crate) category: Category,
    /// How the other party is found.
    pub(crate) method: Method,
    /// What a price is for.
    pub(crate) basis: PriceBasis,
    /// The usual price of one unit, in yuan.
    pub(crate) unit_yuan: u64,
    /// How many months it lasts; 0 for a dealing without a term.
    pub(crate) months: u32,
    /// Its area, in tenths of a 亩 for land and water, of a square metre otherwise; 0 for none.
    pub(crate) area_tenths: u64,
    /// By how many hundredths of a per cent the price rises each year.
    pub(crate) rise_basis_points: u32,
    /// How it comes to its end.
    pub(crate) course: Course,
    /// How those who apply compare.
    pub(crate) contest: Contest,
    /// Whether the tenant owes the rent that fell due last.
    pub(crate) in_arrears: bool,
}

#[rustfmt::skip]
const fn item(
    (name, place, used_as): (&'static str, &'static str, &'static str),
    (kind, category, method): (AssetKind, Category, Method),
    (basis, unit_yuan, months, area_tenths): (PriceBasis, u64, u32, u64),
) -> Item {
    Item {
        name, place, used_as, kind, category, method, basis, unit_yuan, months, area_tenths,
        rise_basis_points: 0, course: Course::Straight, contest: Contest::Usual, in_arrears: false,
    }
}

/// The shop that a council member declares as a relative's.
pub(crate) const RELATIVE: &str = "荔*百货店";

/// What a resident asks about.
pub(crate) const LOTUS_POND: &str = "荷花塘";

/// The party that wins two dealings within weeks.
pub(crate) const FAVOURED: &str = "顺*市政工程有限公司";

/// The fifty dealings that are completed within the year.
#[rustfmt::skip]
pub(crate) const COMPLETED: [Item; 50] = [
    item(("东塱大街 12 号商铺", "东塱大街 12 号", "空置"), (Asset, Lease, OpenBidding), (PerMonth, 2_200, 12, 385)),
    item(("东塱大街 16 号商铺", "东塱大街 16 号", "五金店"), (Asset, Lease, Renewal), (PerMonth, 1_900, 12, 342)),
    Item { contest: Contest::Recused(RELATIVE), ..item(("东塱大街 21 号商铺", "东塱大街 21 号", "租约到期"), (Asset, Lease, OpenBidding), (PerMonth, 2_600, 12, 468)) },
    item(("东塱大街 35 号二楼", "东塱大街 35 号", "空置"), (Asset, Lease, OpenBidding), (PerMonth, 1_500, 12, 620)),
    item(("东塱市场 3 号熟食档", "东塱市场内", "租约到期"), (Asset, Lease, OpenBidding), (PerMonth, 900, 12, 124)),
    item(("东塱市场 7 号蔬菜档", "东塱市场内", "空置"), (Asset, Lease, SmallValue), (PerMonth, 420, 12, 86)),
    Item { in_arrears: true, ..item(("东塱市场 9 号水产档", "东塱市场内", "租约到期"), (Asset, Lease, OpenBidding), (PerMonth, 780, 12, 112)) },
    item(("东塱市场 15 号豆制品档", "东塱市场内", "豆制品档"), (Asset, Lease, Renewal), (PerMonth, 450, 12, 90)),
    item(("东塱市场 18 号杂货档", "东塱市场内", "空置"), (Asset, Lease, SmallValue), (PerMonth, 380, 12, 78)),
    item(("东塱市场 22 号肉档", "东塱市场内", "租约到期"), (Asset, Lease, OpenBidding), (PerMonth, 980, 12, 105)),
    item(("旧粮仓", "涌边街 2 号", "空置"), (Asset, Lease, OpenBidding), (PerSquareMetre, 96, 12, 4_200)),
    Item { course: Course::Returned, ..item(("旧小学教学楼一层", "学堂里 1 号", "空置"), (Asset, Lease, OpenNegotiation), (PerYear, 36_000, 12, 5_106)) },
    item(("涌边停车场（28 个车位）", "涌边街东侧", "自管停车"), (Asset, Lease, Tender), (PerYear, 42_000, 12, 7_800)),
    item(("祠堂东侧空地", "祠堂东侧", "临时停车"), (Resource, Lease, OpenBidding), (PerMonth, 1_200, 12, 9)),
    item(("文化站二楼活动室", "文化站二楼", "空置"), (Asset, Lease, Consultation), (PerMonth, 700, 12, 960)),
    Item { course: Course::Corrected, ..item(("工业小区 2 号仓", "工业小区北片", "仓储"), (Asset, Lease, Renewal), (PerMonth, 3_200, 12, 2_860)) },
    Item { rise_basis_points: 500, ..item(("工业小区 5 号厂房 A 区", "工业小区南片", "租约到期"), (Asset, Lease, OpenBidding), (PerMonth, 3_000, 24, 3_150)) },
    item(("老人活动中心小卖部", "老人活动中心门前", "空置"), (Asset, Lease, SmallValue), (PerMonth, 350, 12, 110)),
    Item { contest: Contest::Close, ..item(("涌口鱼塘", "东塱涌口", "承包到期"), (Resource, Contracting, OpenBidding), (PerYear, 18_000, 24, 126)) },
    item(("上涌鱼塘", "上涌西岸", "养殖"), (Resource, Contracting, Renewal), (PerYear, 9_500, 24, 71)),
    item((LOTUS_POND, "祠堂前", "荒置"), (Resource, Contracting, Tender), (PerYear, 12_000, 24, 58)),
    item(("杨桃园", "沙涌南", "承包到期"), (Resource, Contracting, OpenBidding), (PerMu, 2_400, 24, 85)),
    item(("沙涌北菜地", "沙涌北", "承包到期"), (Resource, Contracting, OpenBidding), (PerMu, 1_800, 12, 62)),
    item(("花卉苗圃", "堤围内侧", "苗圃"), (Resource, Contracting, OpenNegotiation), (PerMu, 3_000, 24, 90)),
    item(("龙眼林", "后岗", "承包到期"), (Resource, Contracting, Consultation), (PerYear, 6_800, 24, 143)),
    item(("堤边草地", "堤围外侧", "自管"), (Resource, Contracting, SmallValue), (PerYear, 3_000, 12, 38)),
    item(("涌南片菜地", "涌南片", "种植"), (Resource, Contracting, Renewal), (PerMu, 1_700, 12, 54)),
    item(("桥头小水面", "桥头", "荒置"), (Resource, Contracting, SmallValue), (PerYear, 4_200, 12, 21)),
    item(("旧发电机组一套", "工业小区配电房", "停用"), (Asset, Sale, OpenBidding), (Total, 18_600, 0, 0)),
    Item { course: Course::Relisted, ..item(("闲置钢结构棚", "涌边街 6 号", "闲置"), (Asset, Sale, OpenBidding), (Total, 24_800, 0, 1_800)) },
    item(("路边停车收费经营权", "东塱大街", "自管"), (Asset, Grant, Tender), (Total, 46_000, 12, 0)),
    Item { contest: Contest::Alone, ..item(("牌坊侧广告位经营权", "村口牌坊", "空置"), (Asset, Grant, OpenBidding), (Total, 15_600, 12, 0)) },
    item(("旧榨油坊设备", "后岗 3 号", "停用"), (Asset, EquityContribution, OpenNegotiation), (Total, 38_000, 0, 0)),
    item(("充电桩场地合作", "涌边停车场", "停车"), (Asset, Cooperation, OpenNegotiation), (Total, 52_000, 36, 1_200)),
    item(("便民服务点合作", "东塱大街 2 号", "空置"), (Asset, Cooperation, Consultation), (Total, 21_000, 24, 280)),
    item(("村道路面修补", "东塱大街至涌边街", "路面破损"), (Fund, Works, Tender), (PerSquareMetre, 168, 2, 2_600)),
    item(("祠堂屋面防水", "祠堂", "屋面渗漏"), (Fund, Works, Tender), (Total, 58_600, 2, 0)),
    item(("市场排水沟改造", "东塱市场", "排水不畅"), (Fund, Works, Tender), (Total, 64_200, 3, 0)),
    item(("老人活动中心电路改造", "老人活动中心", "线路老化"), (Fund, Works, OpenBidding), (Total, 27_500, 1, 0)),
    Item { contest: Contest::WonBy(FAVOURED), ..item(("文化广场照明", "文化广场", "照明不足"), (Fund, Works, Tender), (Total, 36_800, 2, 0)) },
    Item { contest: Contest::WonBy(FAVOURED), ..item(("公厕修缮", "市场西侧公厕", "设施老旧"), (Fund, Works, Consultation), (Total, 29_400, 1, 0)) },
    item(("涌边护栏", "涌边街沿线", "护栏缺失"), (Fund, Works, Tender), (Total, 49_900, 2, 0)),
    item(("灭火器材采购", "市场与工业小区", "到期更换"), (Fund, Procurement, SmallValue), (Total, 8_600, 0, 0)),
    Item { course: Course::Waived, ..item(("垃圾桶与清洁工具采购", "全村", "补充更换"), (Fund, Procurement, SmallValue), (Total, 6_900, 0, 0)) },
    item(("监控设备采购", "村口与市场", "补点"), (Fund, Procurement, OpenBidding), (Total, 39_800, 0, 0)),
    item(("台账电脑与扫描仪采购", "联社办公室", "更新"), (Fund, Procurement, OpenNegotiation), (Total, 18_200, 0, 0)),
    item(("长者慰问经费", "全村", "年度安排"), (Fund, FundUse, Consultation), (Total, 28_000, 0, 0)),
    item(("消防应急演练经费", "工业小区", "年度安排"), (Fund, FundUse, SmallValue), (Total, 7_500, 0, 0)),
    Item { course: Course::Advised, ..item(("入股市场管理公司", "东塱市场", "自有资金"), (Fund, Investment, OpenNegotiation), (Total, 60_000, 0, 0)) },
    item(("旧办公桌椅一批", "联社办公室", "停用"), (Asset, Disposal, SmallValue), (Total, 3_400, 0, 0)),
];

/// The three that are still under way when the year ends.
#[rustfmt::skip]
pub(crate) const UNDER_WAY: [Item; 3] = [
    item(("东塱大街 8 号商铺", "东塱大街 8 号", "空置"), (Asset, Lease, OpenBidding), (PerMonth, 2_300, 12, 402)),
    item(("下涌鱼塘", "下涌东岸", "承包到期"), (Resource, Contracting, OpenBidding), (PerYear, 15_000, 24, 104)),
    item(("市场雨棚更换", "东塱市场", "雨棚破损"), (Fund, Works, Tender), (Total, 33_000, 1, 0)),
];

/// The one that is broken off.
#[rustfmt::skip]
pub(crate) const BROKEN_OFF: Item = Item {
    course: Course::Terminated,
    ..item(("后岗空地", "后岗 5 号旁", "空置"), (Resource, Lease, OpenBidding), (PerYear, 20_000, 12, 18))
};

impl Item {
    /// Whether the collective pays rather than receives: then the lower price wins. (支出类)
    pub(crate) const fn is_spending(&self) -> bool {
        matches!(self.category, Works | Procurement | FundUse | Investment)
    }

    /// Whether its area is counted in 亩.
    pub(crate) const fn is_land(&self) -> bool {
        matches!(self.kind, Resource)
    }

    /// What the contract is worth when one unit costs `unit_fen`.
    ///
    /// A price that rises is rounded down to the 分.
    pub(crate) fn amount_fen(&self, unit_fen: u64) -> u64 {
        match self.basis {
            Total => unit_fen,
            PerMu | PerSquareMetre => unit_fen * self.area_tenths / 10,
            PerYear => unit_fen * u64::from(self.months) / 12,
            PerSqmMonth => unit_fen * self.area_tenths * u64::from(self.months) / 10,
            PerMuYear => unit_fen * self.area_tenths * u64::from(self.months) / 120,
            PerMonth => {
                let of_year = |year: u32| {
                    let risen = (0..year).fold(unit_fen, |price, _| {
                        price * u64::from(10_000 + self.rise_basis_points) / 10_000
                    });
                    risen * u64::from((self.months - year * 12).min(12))
                };
                (0..self.months.div_ceil(12)).map(of_year).sum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_follow_the_basis() {
        let amount = |name: &str| {
            let found = COMPLETED.iter().find(|item| item.name == name).unwrap();
            found.amount_fen(found.unit_yuan * 100)
        };
        assert_eq!(amount("东塱大街 12 号商铺"), 220_000 * 12);
        assert_eq!(
            amount("工业小区 5 号厂房 A 区"),
            300_000 * 12 + 315_000 * 12
        );
        assert_eq!(amount("涌口鱼塘"), 3_600_000);
        assert_eq!(amount("杨桃园"), 2_040_000);
        assert_eq!(amount("旧粮仓"), 4_032_000);
    }

    #[test]
    fn every_category_and_method_has_an_item() {
        for category in Category::ALL {
            assert!(
                COMPLETED.iter().any(|item| item.category == *category),
                "{category:?}"
            );
        }
        for method in Method::ALL {
            assert!(
                COMPLETED.iter().any(|item| item.method == *method),
                "{method:?}"
            );
        }
    }
}
