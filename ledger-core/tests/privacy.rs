//! Numbers of persons in free text: however they are written, and never where there is none.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use ledger_core::privacy::{Found, Kind, number_in};

fn kind(text: &str) -> Option<Kind> {
    number_in(text).map(|found| found.kind)
}

/// The number's own place, between the marks.
fn check(marked: &str, kind: Kind) {
    let (before, rest) = marked.split_once('«').unwrap();
    let (inner, after) = rest.split_once('»').unwrap();
    let start = before.chars().count();
    let expected = Found {
        kind,
        start,
        end: start + inner.chars().count(),
    };
    let text = format!("{before}{inner}{after}");
    assert_eq!(number_in(&text), Some(expected), "{text}");
}

#[test]
fn identity_cards_are_found_however_they_are_written() {
    // The two examples of GB 11643-1999 itself; the others have check digits made by hand.
    for text in [
        "«11010519491231002X»",
        "身份证«440524198001010013»",
        "身份证号：«11010519491231002x»。",
        "«１１０１０５１９４９１２３１００２Ｘ»",
        "«110105 19491231 002X»",
        "«110105-1949-1231-002X»",
        "«1101 0519 4912 3100 2X»",
        "«11010519491231002 X»",
        "«1101051949\u{200B}1231002X»",
        "合同编号«11010519491231002X»",
        "ID«11010519491231002X»",
        "（«440103199003071232»）",
        "2018-03-02 «440103199003071232»，",
        "旧证 «440103650307123»",
        "sfzh«440103199003071232»",
        "«440103 650307 123»",
    ] {
        check(text, Kind::IdentityCard);
    }
}

#[test]
fn what_is_no_identity_card_passes() {
    for text in [
        // A wrong check digit, a day that is none, no such division.
        "110105194912310021",
        "11010519490231002X",
        "110105194902310020",
        "000105194912310020",
        // Inside a longer run, or beside letters as in a digest.
        "1110105194912310021234",
        "a11010519491231002Xb",
        "f440103199003071232e",
        // A business registration, whose date would do and whose check digit is its own kind's.
        "440103600123454",
        // Credit codes, of the agricultural and other departments.
        "N1440606766567748T",
        "91440300708461136T",
        "914403001922038216",
        "N2440103000000000Y",
        // Times, and a year's serials.
        "2018-03-02T09:30:00+08:00",
        "20180302093000123",
        "440103001001GB00001",
    ] {
        assert_eq!(kind(text), None, "{text}");
    }
}

#[test]
fn mobile_numbers_are_found_however_they_are_written() {
    for text in [
        "«13800138000»",
        "电话«13800138000»。",
        "联系人张*«19912345678»，周一至周五",
        "«138 0013 8000»",
        "«138-0013-8000»",
        "«138.0013.8000»",
        "«138—0013—8000»",
        "«1380013 8000»",
        "+«86 13800138000»",
        "+«8613800138000»",
        "«008613800138000»",
        "«0086-138-0013-8000»",
        "(+86)«13800138000»",
        "«１３８００１３８０００»",
        "«１３８　００１３　８０００»",
        "Tel«13800138000»",
        "微信wx«13800138000»",
        "手机号码：«13800138000»",
        "«13800138000»/13900139000",
        "«13800138000»-13900139000",
        "窗口 3 «138-0013-8000»",
        "«138\u{200B}00138000»",
        "«138\u{FEFF}0013\u{200E}8000»",
    ] {
        check(text, Kind::MobileNumber);
    }
}

#[test]
fn what_is_no_mobile_number_passes() {
    for text in [
        "020-81234567",
        "水表号 13812345678",
        "用电户号：13620001234",
        "12800138000",
        "10086",
        "1380013800",
        "138001380001",
        "0138001380001",
        "HT15201800001",
        "15201800001A",
        "合同编号：15201800001",
        "公告编号 138-2018-0031",
        "票据号码13800138000",
        "2018-13800138000",
        "13800138000-2",
        "13800138000.00",
        "13800138000 元",
        "¥13800138000",
        "13,800,138,000",
        "2018-03-26 至 2018-04-02",
        "2018 03 26 10 00",
        "荔资交 2018-031",
        "3.14159265358979",
        "192.168.138.001",
        "应到 280 实到 240 赞成 225 反对 10 弃权 5",
        &"1".repeat(64),
        "5f13800138000e5f13800138000e",
        "da3a7c9080ae361b3cf4e1ed13e87d2286d2f47864021f90343c7f06c5b29f67",
        "sanzi.example.org/donglang/wu+05ea69bf+AQbTZKoiDyMaTaDC4ShNzW0zKKPSQ2jWrgtVXYPSWAJn",
    ] {
        assert_eq!(kind(text), None, "{text}");
    }
}

#[test]
fn bank_cards_are_found_by_issuer_length_and_check_digit() {
    for text in [
        "«6222020200112233446»",
        "卡号 «6222 0202 0011 2233 446»",
        "收款账户«6217-0033-2000-1234-569»",
        "«622202 0200112233446»",
        "«6222020200112230»",
        "«4111111111111111»",
        "«5555 5555 5555 4444»",
        "«378282246310005»",
        "«9558802000123456780»",
        "«６２２２０２０２００１１２２３３４４６»",
        "card«6222020200112233446»",
    ] {
        check(text, Kind::BankCard);
    }
}

#[test]
fn what_is_no_bank_card_passes() {
    for text in [
        // A wrong check digit, and parts and wholes of other numbers.
        "6222020200112233441",
        "62220202001122334461",
        "a6222020200112233446",
        "凭证号 6222020200112233446",
        "流水号：4111111111111111",
        // A division and a year: serials of an office, whatever their check digit.
        "4401032018000125",
        "公告 6201022018000123",
        "6200000000000000",
        "20180302093000123456",
        "1234567890123456",
        "0000000000000000",
    ] {
        assert_eq!(kind(text), None, "{text}");
    }
}

/// A text costs what its length is: a flood of short numbers is no way to hold a server up.
#[test]
fn many_short_numbers_are_looked_at_once_each() {
    let time = |count: usize| {
        let text = "1 ".repeat(count);
        let begun = std::time::Instant::now();
        assert_eq!(number_in(&text), None);
        begun.elapsed()
    };
    let (few, many) = (time(4_000), time(64_000));
    // Sixteen times as much takes about sixteen times as long, and not two hundred and fifty.
    assert!(many < few * 80, "{few:?}, then {many:?}");
}
