//! Names of natural persons: how they are masked, and how one that is not is known.
//!
//! Masking keeps the surname and nothing else, 张三 → 张*, whatever the length of the name: the number of
//! stars would tell it. Two persons may have the same masked name.
//!
//! A name cannot be told from other words by its form alone, so nothing is guessed in free text. In a
//! field that names a party or a person there are only two things to tell apart, a person and an
//! organisation; there a part is taken for a person's name if it begins with a common surname, is no
//! longer than such names are, and does not end as organisations do. An organisation's short name may
//! look the same (万科): it is asked to give its full one, which a contract needs anyway. What begins with
//! a rare surname, or is written in Latin letters, passes.
//!
//! Source of the surnames: the hundred or so most frequent of the census of 2020 (公安部 《2020 年全国
//! 姓名报告》), those frequent in Guangdong, and the compound ones still in use.

use super::{Found, Kind};

#[rustfmt::skip]
const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧肖田董袁潘于\
    蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史\
    陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关\
    兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲\
    房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应\
    臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝冼区利招邹容布";

#[rustfmt::skip]
const COMPOUND: [&str; 24] = [
    "欧阳", "上官", "司马", "司徒", "诸葛", "皇甫", "令狐", "夏侯", "慕容", "尉迟", "长孙", "宇文",
    "东方", "南宫", "西门", "公孙", "轩辕", "端木", "独孤", "呼延", "申屠", "钟离", "闻人", "拓跋",
];

/// How names of organisations, and what they go by in a field, end.
#[rustfmt::skip]
const ENDINGS: [&str; 55] = [
    "公司", "集团", "合作社", "联社", "经济社", "农场", "中心", "协会", "商会", "学会", "基金会", "委员会",
    "理事会", "事务所", "银行", "学校", "医院", "大队", "小组", "生产队", "工作室", "个体户",
    "厂", "店", "社", "场", "站", "部", "所", "局", "院", "校", "行", "馆", "园", "坊", "庄", "村", "镇",
    "街", "办", "委", "铺", "档", "会", "处", "组", "队", "司", "号", "市", "县", "户",
    "祠", "庙",
];

/// Whoever it is: words that begin with the character of a surname and name nobody.
const ANYBODY: [&str; 5] = ["成员", "单位", "施工方", "管理方", "关联方"];

/// What people put behind a name to address somebody.
const TITLES: [&str; 5] = ["先生", "女士", "小姐", "同志", "老板"];

/// Offices. What stands before one may be a name as well as a place of work: 党组织书记, 项目经理.
const OFFICES: [&str; 4] = ["主任", "书记", "经理", "会计"];

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{323AF}')
}

/// The dot between the parts of a name, in the forms in which it is typed.
const fn is_name_dot(c: char) -> bool {
    matches!(c, '·' | '•' | '‧' | '・' | '･' | '．' | '∙' | '⋅')
}

/// Whether something stands in the place of what was masked.
fn is_masked(name: &str) -> bool {
    let starred = |c: char| matches!(c, '*' | '＊' | '某' | '×' | '✕' | '╳' | '○' | '〇' | '●');
    name.contains(starred)
}

/// Whether a name ends as the names of organisations do. (单位名称)
#[must_use]
pub fn is_organisation(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// How many characters the surname has with which a name in Chinese characters begins, if it is a
/// common one.
fn surname(name: &[char]) -> Option<usize> {
    let is_compound = |pair: &[char]| {
        let pair: String = pair.iter().collect();
        COMPOUND.contains(&&*pair)
    };
    match name {
        [one, two, _, ..] if is_compound(&[*one, *two]) => Some(2),
        [one, ..] if SURNAMES.contains(*one) => Some(1),
        _ => None,
    }
}

/// Masks the name of a natural person: 张三 → 张*, 欧阳明月 → 欧阳*, 阿依古丽·买买提 → 阿*, Smith → S*. (姓名打码)
///
/// What stands behind in parentheses, such as an office, stays. What is masked already, an organisation,
/// and what holds neither a letter nor a character stays as it is, so masking twice is masking once.
#[must_use]
pub fn mask_name(name: &str) -> String {
    let split = name.find(['（', '(']).unwrap_or(name.len());
    let (core, office) = name.split_at(split);
    let trimmed = core.trim();
    if is_masked(trimmed) || is_organisation(trimmed) || !trimmed.chars().any(char::is_alphabetic) {
        return name.to_owned();
    }
    let characters: Vec<char> = trimmed.chars().collect();
    let han = characters.iter().all(|c| is_han(*c));
    let kept = match characters.as_slice() {
        // A single character that is no surname would be the whole name.
        [_] if han && surname(&characters).is_none() => 0,
        all if han => surname(all).unwrap_or(1),
        _ => 1,
    };
    let kept: String = characters.into_iter().take(kept).collect();
    format!("{kept}*{office}")
}

/// The first name of a natural person that is not masked, in the text of a field that names parties or
/// persons. Parts are judged one by one, as in 张三、李四 or 张三（代理人）.
#[must_use]
pub fn name_in(text: &str) -> Option<Found> {
    let separates = |c: char| c.is_whitespace() || "、，,;；/／（）()：:和与及".contains(c);
    let mut part: Vec<char> = Vec::new();
    // A separator behind the last part.
    let all = text.chars().chain(['、']).enumerate();
    for (place, c) in all {
        if !separates(c) {
            part.push(c);
            continue;
        }
        if is_unmasked(&part) {
            return Some(Found {
                kind: Kind::PersonalName,
                start: place - part.len(),
                end: place,
            });
        }
        part.clear();
    }
    None
}

fn is_unmasked(part: &[char]) -> bool {
    let text: String = part.iter().collect();
    if is_masked(&text) || is_organisation(&text) || ANYBODY.contains(&&*text) {
        return false;
    }
    let dotted = part.iter().any(|c| is_name_dot(*c));
    if dotted {
        // Names of minorities and foreigners: characters on both sides of every dot.
        let halves = || part.split(|c| is_name_dot(*c));
        return halves().all(|half| !half.is_empty() && half.iter().all(|c| is_han(*c)));
    }
    if !part.iter().all(|c| is_han(*c)) {
        return false;
    }
    if OFFICES.iter().any(|office| text.ends_with(office)) {
        return false;
    }
    // With a title behind it a surname alone says no more than 张* does.
    let titled = TITLES.iter().find_map(|title| text.strip_suffix(title));
    if titled.is_some_and(|name| COMPOUND.contains(&name)) {
        return false;
    }
    let length = titled.map_or(part.len(), |name| name.chars().count());
    match surname(part) {
        Some(2) => matches!(length, 3 | 4),
        Some(_) => matches!(length, 2 | 3),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masking_keeps_the_surname_only() {
        for (name, masked) in [
            ("张三", "张*"),
            ("张三丰", "张*"),
            ("张", "张*"),
            ("丹", "*"),
            ("张王小明", "张*"),
            ("欧阳明", "欧阳*"),
            ("欧阳明月", "欧阳*"),
            // Of two characters the first is the surname.
            ("欧阳", "欧*"),
            ("司徒", "司*"),
            ("卡玛", "卡*"),
            ("阿依古丽·买买提", "阿*"),
            ("尼玛•次仁", "尼*"),
            ("John Smith", "J*"),
            ("Nguyễn Văn An", "N*"),
            ("张三（理事长）", "张*（理事长）"),
            ("张三 (chair)", "张*(chair)"),
            ("𠮷田", "𠮷*"),
        ] {
            assert_eq!(mask_name(name), masked, "{name}");
        }
    }

    #[test]
    fn what_is_masked_or_no_person_stays() {
        for name in [
            "张*",
            "张**",
            "张＊",
            "张某",
            "张某某",
            "*",
            "张*（理事长）",
            "欧阳*",
            "东塱经济联社",
            "荔湾区某某贸易有限公司",
            "顺*商行",
            "街道办",
            "",
            "12",
            "（空）",
        ] {
            assert_eq!(mask_name(name), name);
        }
        for name in [
            "张三",
            "欧阳明月",
            "Smith",
            "阿依古丽·买买提",
            "张三（理事长）",
        ] {
            let masked = mask_name(name);
            assert_eq!(mask_name(&masked), masked);
            assert_eq!(name_in(&masked), None, "{masked}");
        }
    }

    #[test]
    fn an_unmasked_name_is_found_at_its_place() {
        for (text, place) in [
            ("张三", (0, 2)),
            ("李小龙", (0, 3)),
            ("冼星海", (0, 3)),
            ("欧阳明月", (0, 4)),
            ("司徒美堂", (0, 4)),
            ("张*、李四", (3, 5)),
            ("王五（承租人）", (0, 2)),
            ("张*（代理人：赵六）", (7, 9)),
            ("阿依古丽·买买提", (0, 8)),
            ("张明先生", (0, 4)),
            ("张*、欧阳明月女士", (3, 9)),
            ("东塱经济联社 陈大文", (7, 10)),
        ] {
            let found = name_in(text).map(|found| (found.start, found.end));
            assert_eq!(found, Some(place), "{text}");
        }
    }

    #[test]
    fn organisations_and_other_words_are_no_names() {
        for text in [
            "张*",
            "张某",
            "陈氏粮店",
            "东塱经济联社",
            "广州市荔湾区东塱街道办事处",
            "荔湾区水务局",
            "华联贸易有限公司",
            "金石建材店",
            "马场",
            "石厂",
            "高校",
            "黄沙水产行",
            "三家中介询价",
            "某评估公司",
            "DL-2015-007",
            "HT2015",
            "无",
            "空置",
            "Smith Ltd",
            "chen",
            "周大福·东塱店",
            "老村长",
            "梁家祠理事会",
            "江边三队",
            "梁家祠",
            "张先生",
            "欧阳女士",
            "何会计",
            "党组织书记、大会主持人",
            "项目经理",
            "农户",
            "商户、单位",
            "施工方",
            "成员",
            "",
            "、、",
        ] {
            assert_eq!(name_in(text), None, "{text}");
        }
        // What a shop or a group is called for short looks like a person: the full name is asked for.
        assert!(name_in("何记").is_some() && name_in("万科").is_some());
    }
}
