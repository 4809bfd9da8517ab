//! The columns of the sheet: what each is called, and which field it fills.

/// How a cell is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it stands.
    Text,
    /// A number; a unit may follow it.
    Number,
    /// A day, also as a spreadsheet counts days.
    Day,
    /// One of a few words.
    Word,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    /// Where it goes in the form, as in `asset.name`; what starts with `:` is put together from.
    pub(super) field: &'static str,
    pub(super) heading: &'static str,
    /// Other names under which it is found.
    pub(super) also: &'static [&'static str],
    pub(super) kind: Kind,
    pub(super) needed: bool,
    pub(super) hint: &'static str,
    pub(super) example: &'static str,
}

/// The other party: with the collective itself, the parties.
pub(super) const OTHER: &str = ":other";
/// The collective, if it signed under another name.
pub(super) const OWN: &str = ":own";
/// The transaction's number.
pub(super) const TRANSACTION: &str = ":transaction";

macro_rules! columns {
    ($($field:expr, $heading:literal, [$($also:literal),*], $kind:ident, $needed:literal, $hint:literal, $example:literal;)*) => {
        /// All columns, in the order of the template.
        pub(super) const COLUMNS: &[Column] = &[$(Column {
            field: $field, heading: $heading, also: &[$($also),*], kind: Kind::$kind, needed: $needed,
            hint: $hint, example: $example,
        }),*];
    };
}

columns! {
    "contract_number", "合同编号", ["合同号", "编号"], Text, true, "合同上的编号；没有编号的自编一个，不能重复", "东塱租 2015-03";
    "asset.name", "标的名称", ["资产名称", "标的", "名称", "项目名称"], Text, true, "台账上的名称", "西街仓库";
    "asset.kind", "三资类别", ["资产类别"], Word, true, "资金、资产、资源三选一", "资产";
    "asset.location", "坐落", ["坐落位置", "位置", "地址", "地点"], Text, true, "写到门牌或四至", "东塱西街 3 号";
    "asset.area.value", "面积", ["面积数"], Number, false, "数字，可带单位，如 12.5亩、320㎡；没有面积的不填", "320";
    "asset.area.unit", "面积单位", ["单位"], Word, false, "亩、平方米、公顷；面积里写了单位的不填", "平方米";
    "asset.current_use", "现状用途", ["用途"], Text, true, "现在作什么用", "仓储";
    "asset.ownership", "权属", ["产权", "权属情况"], Text, true, "归谁所有，凭什么证件", "集体所有，有房产证";
    "asset.book_value_fen", "账面价值", ["账面价值（元）", "账面原值"], Number, false, "元；台账上的数，没有不填", "0";
    "category", "交易类别", ["类别", "合同类别", "合同类型"], Word, true, "出租、发包等，见“可填的词”", "出租";
    "method", "当初的方式", ["交易方式", "方式"], Word, false, "当初怎样确定对方，不清楚的不填", "公开协商";
    OTHER, "对方", ["乙方", "承租方", "承租人", "承包方", "承包人", "对方名称"], Text, true, "自然人写成“张*”；写了全名的会改成这样", "李*";
    OWN, "甲方", ["出租方", "发包方"], Text, false, "不填就是本集体", "";
    "amount_fen", "合同总额", ["合同总额（元）", "合同金额", "总金额", "总额"], Number, false, "元，整个期限的总金额；不填时按价格和期限算，算不出的必须填", "1200000";
    "price.fen", "价格", ["租金", "年租金", "月租金", "单价"], Number, false, "元；合同写的单价或每期租金，没有不填", "120000";
    "price.basis", "计价方式", ["价格单位"], Word, false, "每年、每月等，见“可填的词”", "每年";
    "performance_bond_fen", "履约保证金", ["保证金", "押金"], Number, false, "元；没有不填", "20000";
    "signed_on", "签订日期", ["签约日期", "合同签订日期"], Day, true, "须在开账之前", "2015-06-01";
    "term_start", "期限起", ["起始日期", "合同起始日", "起租日期", "开始日期"], Day, true, "合同期限的第一天", "2015-07-01";
    "term_end", "期限止", ["终止日期", "合同到期日", "到期日期", "到期日"], Day, true, "合同期限的最后一天", "2025-06-30";
    "basis", "当初怎样决定", ["决定依据", "民主程序", "依据"], Text, true, "开过什么会、有无公开竞投、有什么材料；不清楚的写“不清楚”", "2015年经成员代表会议讨论同意，会议记录存档";
    "summary", "摘要", ["备注", "说明"], Text, false, "一两句话说清是什么合同；不填会按前面各列写一句", "";
    TRANSACTION, "交易编号", [], Text, false, "字母、数字、-；不填会自动编", "";
}

/// A heading without space, stars and what stands in brackets.
pub(super) fn bare(heading: &str) -> String {
    let end = heading.find(['（', '(']).unwrap_or(heading.len());
    let head = heading.get(..end).unwrap_or(heading);
    let kept = |c: &char| !c.is_whitespace() && !matches!(c, '*' | '＊' | '：' | ':');
    head.chars().filter(kept).collect()
}

/// The column of a heading, by its place in [`COLUMNS`].
pub(super) fn column_of(heading: &str) -> Option<usize> {
    let bare = bare(heading);
    COLUMNS.iter().position(|column| {
        let mut names = std::iter::once(&column.heading).chain(column.also);
        names.any(|name| self::bare(name) == bare)
    })
}

/// The column that fills a field of the event, or the one that it is put together from.
pub(super) fn column_for(field: &str) -> Option<usize> {
    let field = match field.split(['.', '[']).next() {
        Some("parties") => OTHER,
        _ => field,
    };
    let exact = COLUMNS.iter().position(|column| column.field == field);
    exact.or_else(|| {
        let within = format!("{field}.");
        let mut columns = COLUMNS.iter();
        columns.position(|column| column.field.starts_with(&within))
    })
}
