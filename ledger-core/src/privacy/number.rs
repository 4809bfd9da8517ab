//! Numbers of persons in free text: identity cards, bank cards, mobile telephones.
//!
//! A text is read as runs of digits, ASCII or full-width. Runs with spaces, hyphens or dots between
//! them form a chain, and a number is one run or several neighbours of a chain, whole: nothing is ever
//! matched inside a longer run. So digests, keys and contract numbers do not trip it: their digits stand
//! beside letters, or in runs of another length.

use super::{Found, Kind};
use crate::time::Date;

/// The most digits that any of these numbers has, with the prefix of a telephone number.
const LONGEST: usize = 19;

/// What stands between two runs of a chain; the greater binds the closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Link {
    /// White space only.
    Space,
    /// A hyphen or dash.
    Hyphen,
    /// A dot, as in decimals, versions and dates.
    Dot,
}

/// Digits without anything visible between them.
#[derive(Debug)]
struct Run {
    /// Its first character.
    start: usize,
    /// The character after its last.
    end: usize,
    /// Where its digits begin in [`Digits::values`], and how many there are.
    first: usize,
    length: usize,
    /// What links it to the run before.
    link: Option<Link>,
    /// The character after an X that stands behind it.
    past_x: Option<usize>,
}

/// A text, read for its digits.
struct Digits {
    text: Vec<char>,
    values: Vec<u8>,
    runs: Vec<Run>,
}

fn digit(c: char) -> Option<u8> {
    let value = match c {
        '0'..='9' => c as u32 - '0' as u32,
        '０'..='９' => c as u32 - '０' as u32,
        _ => return None,
    };
    u8::try_from(value).ok()
}

/// Characters without width, behind which a run goes on.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}'
    )
}

const fn link_of(c: char) -> Option<Link> {
    match c {
        ' ' | '\u{A0}' | '\u{2002}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => Some(Link::Space),
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '－' | '_' => Some(Link::Hyphen),
        '.' | '．' | '·' => Some(Link::Dot),
        _ => None,
    }
}

const fn is_x(c: char) -> bool {
    matches!(c, 'X' | 'x' | 'Ｘ' | 'ｘ')
}

/// The most digits that nothing separates but what may stand in a chain, be it ever so long.
fn longest_chain(text: &str) -> usize {
    let (mut longest, mut chain) = (0, 0);
    for c in text.chars() {
        if digit(c).is_some() {
            chain += 1;
            longest = longest.max(chain);
        } else if !is_invisible(c) && link_of(c).is_none() {
            chain = 0;
        }
    }
    longest
}

impl Digits {
    fn read(text: &str) -> Option<Self> {
        if longest_chain(text) < 11 {
            // Fewer digits than the shortest of these numbers has.
            return None;
        }
        let mut read = Self {
            text: text.chars().collect(),
            values: Vec::new(),
            runs: Vec::new(),
        };
        let mut at = 0;
        while at < read.text.len() {
            at = read.run(at);
        }
        Some(read)
    }

    fn at(&self, place: usize) -> Option<char> {
        self.text.get(place).copied()
    }

    /// Reads the run that begins at `start`, if one does; says where to go on.
    fn run(&mut self, start: usize) -> usize {
        let first = self.values.len();
        let (mut at, mut end) = (start, start);
        while let Some(c) = self.at(at) {
            match digit(c) {
                Some(value) => {
                    self.values.push(value);
                    end = at + 1;
                }
                None if end > start && is_invisible(c) => {}
                None => break,
            }
            at += 1;
        }
        if end == start {
            return start + 1;
        }
        let link = self.link_before(start);
        self.runs.push(Run {
            start,
            end,
            first,
            length: self.values.len() - first,
            link,
            past_x: self.past_x(end),
        });
        end
    }

    /// What links a run that begins here to the one before: up to three separators and nothing else.
    fn link_before(&self, start: usize) -> Option<Link> {
        let before = self.runs.last()?.end;
        if start - before > 3 {
            return None;
        }
        let between = self.text.get(before..start)?.iter();
        let links: Option<Vec<Link>> = between
            .filter(|c| !is_invisible(**c))
            .map(|c| link_of(*c))
            .collect();
        links?.into_iter().max()
    }

    /// Behind an X that ends a number, right after the digits or after one separator.
    fn past_x(&self, end: usize) -> Option<usize> {
        let next = self.at(end)?;
        let place = match link_of(next) {
            Some(_) => end + 1,
            None => end,
        };
        let ends = |c: char| !c.is_ascii_alphanumeric() && digit(c).is_none();
        (is_x(self.at(place)?) && self.at(place + 1).is_none_or(ends)).then_some(place + 1)
    }

    /// The first number of one of these kinds.
    fn find(&self, check: impl Fn(&Window<'_>) -> Option<Found>) -> Option<Found> {
        (0..self.runs.len()).find_map(|first| {
            let mut length = 0;
            let runs = self.runs.get(first..)?.iter().enumerate();
            // Nothing beyond a gap, or longer, is any of these numbers: there the search ends.
            let windows = runs.map_while(|(more, run)| {
                let chained = more == 0 || run.link.is_some();
                length += run.length;
                (chained && length <= LONGEST).then_some(Window {
                    digits: self,
                    first,
                    last: first + more,
                })
            });
            windows.map(|window| check(&window)).find_map(|found| found)
        })
    }
}

/// One run, or several neighbours of a chain.
struct Window<'a> {
    digits: &'a Digits,
    first: usize,
    last: usize,
}

/// Words in Latin letters that may stand right before a number without being a part of it.
const LATIN_LABELS: [&str; 17] = [
    "card", "cell", "dh", "id", "idcard", "mob", "mobile", "phone", "sfz", "sfzh", "sfzhm", "sj",
    "tel", "vx", "wechat", "weixin", "wx",
];

/// What a serial number is announced by. An identity card's own words are none of these.
const SERIAL_LABELS: [&str; 26] = [
    "编号",
    "代码",
    "合同号",
    "公告号",
    "票据号",
    "票据号码",
    "票号",
    "凭证号",
    "凭证号码",
    "流水号",
    "单号",
    "发票号",
    "发票号码",
    "案号",
    "文号",
    "产权证号",
    "许可证号",
    "档案号",
    "宗地号",
    "备案号",
    "序列号",
    "批次号",
    "地籍号",
    "注册号",
    "表号",
    "户号",
];

impl Window<'_> {
    fn runs(&self) -> &[Run] {
        self.digits
            .runs
            .get(self.first..=self.last)
            .unwrap_or_default()
    }

    fn values(&self) -> &[u8] {
        let start = self.runs().first().map_or(0, |run| run.first);
        let end = self.runs().last().map_or(0, |run| run.first + run.length);
        self.digits.values.get(start..end).unwrap_or_default()
    }

    fn lengths(&self) -> Vec<usize> {
        self.runs().iter().map(|run| run.length).collect()
    }

    fn start(&self) -> usize {
        self.runs().first().map_or(0, |run| run.start)
    }

    fn end(&self) -> usize {
        self.runs().last().map_or(0, |run| run.end)
    }

    fn found(&self, kind: Kind, end: usize) -> Found {
        Found {
            kind,
            start: self.start(),
            end,
        }
    }

    /// Whether no Latin letter touches it but a word for such numbers.
    fn stands_free(&self, end: usize) -> bool {
        let before = self.digits.text.get(..self.start()).unwrap_or_default();
        let letters = before.iter().rev().take_while(|c| c.is_ascii_alphabetic());
        let mut word: String = letters.take(12).map(char::to_ascii_lowercase).collect();
        word = word.chars().rev().collect();
        let labelled = word.is_empty() || LATIN_LABELS.contains(&&*word);
        let after = self.digits.at(end);
        labelled && !after.is_some_and(|c| c.is_ascii_alphabetic())
    }

    /// Whether it is a number of its own rather than a part of the chain: what binds it to its
    /// neighbours is looser than what binds its own runs, and than a hyphen.
    fn is_own(&self) -> bool {
        let inside = self.runs().iter().skip(1).filter_map(|run| run.link).min();
        let before = self.runs().first().and_then(|run| run.link);
        let after = self.digits.runs.get(self.last + 1).and_then(|run| run.link);
        let inside = inside.unwrap_or(Link::Hyphen);
        [before, after]
            .into_iter()
            .flatten()
            .all(|outside| outside == Link::Space && outside < inside)
    }

    /// Whether the words before it announce a serial number.
    fn is_serial(&self) -> bool {
        let fills = |c: &char| c.is_whitespace() || ":：#＃为是（(【[「“\"".contains(*c);
        let before = self.digits.text.get(..self.start()).unwrap_or_default();
        let skipped = before.iter().rev().skip_while(|c| fills(c));
        let mut words: Vec<char> = skipped.take(6).copied().collect();
        words.reverse();
        let words: String = words.into_iter().collect();
        SERIAL_LABELS.iter().any(|label| words.ends_with(label))
    }

    /// Whether it is a sum or a measure.
    fn is_amount(&self) -> bool {
        let before = self.digits.text.get(..self.start()).unwrap_or_default();
        let before = before.iter().rev().find(|c| !c.is_whitespace());
        let after = self.digits.text.get(self.end()..).unwrap_or_default();
        let after = after.iter().find(|c| !c.is_whitespace());
        before.is_some_and(|c| "¥￥$".contains(*c))
            || after.is_some_and(|c| "元分角万亿㎡亩%％".contains(*c))
    }
}

/// The first number of a person in a text: of an identity card, a bank card or a mobile telephone.
///
/// Full-width digits count as digits; spaces, hyphens and dots may stand where people write them.
#[must_use]
pub fn number_in(text: &str) -> Option<Found> {
    Digits::read(text)?.find(|window| {
        identity_card(window)
            .or_else(|| bank_card(window))
            .or_else(|| mobile_number(window))
    })
}

/// The first number of an identity card in a text.
pub(super) fn identity_card_in(text: &str) -> Option<Found> {
    Digits::read(text)?.find(identity_card)
}

/// Whether a province has these two digits, or 81 to 83, the residence permits of people from Hong Kong,
/// Macao and Taiwan. Source: GB/T 2260; 国办发〔2018〕81号.
const fn is_division(tens: u8, ones: u8) -> bool {
    matches!(
        tens * 10 + ones,
        11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83
    )
}

fn number(digits: &[u8]) -> u16 {
    digits.iter().fold(0, |number: u16, digit| {
        number.saturating_mul(10).saturating_add((*digit).into())
    })
}

/// Whether the year, month and day are ones that somebody now alive may have been born on.
fn is_birth_date(year: u16, month: &[u8], day: &[u8]) -> bool {
    let part = |digits: &[u8]| u8::try_from(number(digits)).unwrap_or(u8::MAX);
    // The calendar repeats itself every 400 years, and `Date` begins with 1970.
    (1900..2100).contains(&year) && Date::new(year + 400, part(month), part(day)).is_ok()
}

fn identity_card(window: &Window<'_>) -> Option<Found> {
    let past_x = window.runs().last().and_then(|run| run.past_x);
    let values = window.values();
    match (values, past_x) {
        ([tens, ones, ..], _) if values.len() == 15 && is_division(*tens, *ones) => {
            old_identity_card(window, values)
        }
        ([tens, ones, ..], x) if is_division(*tens, *ones) => {
            let (check, end) = match (values.len(), x) {
                (18, _) => (*values.last()?, window.end()),
                (17, Some(end)) => (10, end),
                _ => return None,
            };
            let body = values.get(..17)?;
            let dated = is_birth_date(
                number(body.get(6..10)?),
                body.get(10..12)?,
                body.get(12..14)?,
            );
            (dated && gb_11643(body) == check && window.stands_free(end))
                .then(|| window.found(Kind::IdentityCard, end))
        }
        _ => None,
    }
}

/// The check digit of GB 11643-1999, by ISO 7064 MOD 11-2; 10 is written X.
fn gb_11643(body: &[u8]) -> u8 {
    let sum = body
        .iter()
        .fold(0_u8, |sum, digit| (sum + digit % 11) * 2 % 11);
    (12 - sum) % 11
}

/// Fifteen digits without a check digit: division, a birth date of the last century, a serial.
///
/// The number of a business registration has fifteen digits, too, and begins with the same division,
/// but ends with a check digit (GS 15-2006, ISO 7064 MOD 11,10).
fn old_identity_card(window: &Window<'_>, values: &[u8]) -> Option<Found> {
    let year = number(values.get(6..8)?);
    let dated = year >= 10 && is_birth_date(1900 + year, values.get(8..10)?, values.get(10..12)?);
    let grouped = matches!(*window.lengths(), [15] | [6, 6, 3]);
    let is_one = dated && grouped && window.is_own() && window.stands_free(window.end());
    (is_one && !is_registration(values) && !window.is_serial())
        .then(|| window.found(Kind::IdentityCard, window.end()))
}

fn is_registration(values: &[u8]) -> bool {
    let product = values.iter().take(14).fold(10_u8, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    values
        .last()
        .is_some_and(|check| (product + check) % 10 == 1)
}

fn bank_card(window: &Window<'_>) -> Option<Found> {
    let values = window.values();
    let grouped = match *window.lengths() {
        [_] => true,
        [6, _] => true,
        [4, 4, 4, 4] => true,
        [4, 4, 4, 4, rest] => rest < 4,
        _ => false,
    };
    let is_one = grouped && is_issued(values) && luhn(values) && !is_dated_serial(values);
    (is_one && window.is_own() && window.stands_free(window.end()) && !window.is_serial())
        .then(|| window.found(Kind::BankCard, window.end()))
}

/// Whether cards with such a beginning have that many digits.
///
/// UnionPay 62 and, for the older cards of one bank, 9558; Visa, Mastercard, American Express, JCB. The
/// first ones are what people here hold.
fn is_issued(values: &[u8]) -> bool {
    let Some(head) = values.get(..4).map(number) else {
        return false;
    };
    match values.len() {
        16 => matches!(head, 2221..=2720 | 3528..=3589 | 4000..=4999 | 5100..=5599 | 6200..=6299),
        17 | 18 => head / 100 == 62,
        19 => head / 100 == 62 || head == 9558,
        15 => matches!(head / 100, 34 | 37),
        _ => false,
    }
}

/// Offices make serials of a division's code and a year, as in 4401032018000123.
fn is_dated_serial(values: &[u8]) -> bool {
    match *values {
        [tens, ones, _, _, _, _, a, b, c, d, ..] => {
            is_division(tens, ones) && matches!(number(&[a, b, c, d]), 1980..2100)
        }
        _ => false,
    }
}

/// The check digit of ISO/IEC 7812-1. Nothing but zeros behind the issuer is no number.
fn luhn(values: &[u8]) -> bool {
    let doubled = |digit: u8| if digit < 5 { digit * 2 } else { digit * 2 - 9 };
    let sum: u32 = values
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            u32::from(if place % 2 == 1 {
                doubled(*digit)
            } else {
                *digit
            })
        })
        .sum();
    sum.is_multiple_of(10) && values.iter().skip(6).any(|digit| *digit != 0)
}

fn mobile_number(window: &Window<'_>) -> Option<Found> {
    let values = window.values();
    let mut lengths = window.lengths();
    let prefix = match values {
        [0, 0, 8, 6, rest @ ..] if rest.len() == 11 => 4,
        [8, 6, rest @ ..] if rest.len() == 11 => 2,
        _ => 0,
    };
    let first = lengths.first_mut()?;
    *first = first.checked_sub(prefix)?;
    lengths.retain(|length| *length > 0);
    let grouped = matches!(
        *lengths,
        [11] | [3, 8] | [7, 4] | [3, 4, 4] | [3, 3, 5] | [4, 3, 4] | [4, 4, 3]
    );
    let shaped = matches!(values.get(prefix..), Some([1, 3..=9, rest @ ..]) if rest.len() == 9);
    let is_one = grouped && shaped && (window.is_own() || among_numbers(window));
    (is_one && window.stands_free(window.end()) && !window.is_serial() && !window.is_amount())
        .then(|| window.found(Kind::MobileNumber, window.end()))
}

/// Whether it is one of several eleven-digit runs with hyphens between them, as people list numbers.
fn among_numbers(window: &Window<'_>) -> bool {
    let neighbours = [
        window
            .runs()
            .first()
            .filter(|run| run.link.is_some())
            .and_then(|_| {
                let before = window.first.checked_sub(1)?;
                window.digits.runs.get(before)
            }),
        window
            .digits
            .runs
            .get(window.last + 1)
            .filter(|run| run.link.is_some()),
    ];
    let lone = window.runs().len() == 1;
    lone && neighbours.into_iter().flatten().all(|run| run.length == 11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_the_standards() {
        let digits = |text: &str| -> Vec<u8> { text.chars().filter_map(digit).collect() };
        // GB 11643-1999, appendix: 11010519491231002 has X, 44052418800101001 has 4.
        assert_eq!(gb_11643(&digits("11010519491231002")), 10);
        assert_eq!(gb_11643(&digits("44052418800101001")), 4);
        // ISO/IEC 7812-1, annex B.
        assert!(luhn(&digits("49927398716")));
        assert!(!luhn(&digits("49927398717")));
        // GS 15-2006, its own example.
        assert!(is_registration(&digits("110108000000016")));
        assert!(!is_registration(&digits("110108000000017")));
    }
}
