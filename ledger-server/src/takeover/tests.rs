//! Sheets as offices have them, and as nobody should: what is read, what is refused, and where.

use std::io::{Cursor, Write as _};
use std::sync::{Arc, OnceLock};

use ledger_core::admit::admit;
use ledger_core::authenticate::authenticate;
use ledger_core::charter::Charter;
use ledger_core::event::{Event, SignedEvent, Statement};
use ledger_core::evolve::evolve;
use ledger_core::hash::Hash;
use ledger_core::name::StreamId;
use ledger_core::record::ContractTakenOver;
use ledger_core::state::State;
use ledger_core::{Language, LogTime, SigningKey, StatedTime};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use serde_json::json;

use super::columns::{COLUMNS, column_for};
use super::reading::number_key;
use super::row::{Judge, Known, Outcome, Sheet};
use super::table::TableError;
use super::{report, template_csv, template_xlsx};

const ORIGIN: &str = "sanzi.example.org/donglang";

/// A ledger that was opened on 26 March 2018.
fn state() -> &'static State {
    static STATE: OnceLock<State> = OnceLock::new();
    STATE.get_or_init(|| {
        let members = [("chen", "chair"), ("he", "accountant"), ("huang", "supervisor")];
        let keys: Vec<Arc<SigningKey>> = (1..)
            .zip(members)
            .map(|(seed, (member, _))| {
                let name = format!("{ORIGIN}/{member}");
                Arc::new(SigningKey::from_seed(&name, &[seed; 32]).unwrap())
            })
            .collect();
        let enrolled = members.iter().zip(&keys).map(|((member, role), key)| {
            json!({"key": key.verifier(), "member": member, "name": format!("{member}*"), "roles": [role]})
        });
        let charter = Charter::parse(Charter::default_text()).unwrap();
        let opened = json!({
            "kind": "ledger_opened", "charter": charter, "collective": {
                "credit_code": "N1440606766567748T", "name": "东塱经济联社（测试）", "region": "440103",
                "reports_to": "冲口街道",
            },
            "members": enrolled.collect::<Vec<_>>(), "origin": ORIGIN, "training": false,
        });
        let opened = Event::from_value(opened).unwrap();
        let at = now().minus_seconds(86_400);
        let stated = StatedTime::new(at, 480).unwrap();
        let statement = Statement::new(StreamId::Ledger, Hash::ZERO, stated, opened);
        let note = statement.sign(keys.iter().map(AsRef::as_ref)).unwrap();
        let mut state = State::new();
        let signed = SignedEvent::parse(&note).unwrap();
        let entry = admit(&state, authenticate(&state, signed).unwrap(), at).unwrap();
        evolve(&mut state, &entry);
        state
    })
}

fn now() -> LogTime {
    "2018-03-27T01:00:00Z".parse().unwrap()
}

fn judged(bytes: &[u8]) -> Result<Sheet, TableError> {
    knowing(&Known::of(state()), bytes)
}

fn knowing(known: &Known, bytes: &[u8]) -> Result<Sheet, TableError> {
    let judge = Judge {
        known,
        language: Language::Zh,
        now: now(),
        signer: "he".parse().unwrap(),
        state: state(),
    };
    Sheet::read(bytes, &judge)
}

fn record_of(statement: &Statement) -> Option<&ContractTakenOver> {
    match &statement.event {
        Event::ContractTakenOver(taken) => Some(taken),
        _ => None,
    }
}

/// A sheet with the template's headings.
fn book(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (place, column) in (0..).zip(COLUMNS) {
        sheet.write(0, place, column.heading).unwrap();
    }
    fill(sheet);
    book.save_to_buffer().unwrap()
}

fn place(field: &str) -> u16 {
    u16::try_from(column_for(field).unwrap()).unwrap()
}

/// The template's example as row `row`, from 0, with this number.
fn example(sheet: &mut rust_xlsxwriter::Worksheet, row: u32, number: &str) {
    for (place, column) in (0..).zip(COLUMNS) {
        sheet.write(row, place, column.example).unwrap();
    }
    sheet.write(row, place("contract_number"), number).unwrap();
}

/// Cell and text of all that is wrong with the first row.
fn faults(sheet: &Sheet) -> Vec<(String, String)> {
    match &sheet.rows[0].outcome {
        Outcome::Wrong(wrong) => wrong
            .iter()
            .map(|w| (w.cell.clone(), w.said.clone()))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_templates_own_example_can_be_recorded() {
    for bytes in [template_csv().unwrap(), template_xlsx().unwrap()] {
        let sheet = judged(&bytes).unwrap();
        assert!(sheet.notes.is_empty() && sheet.mine, "{:?}", sheet.notes);
        let [row] = sheet.rows.as_slice() else {
            panic!("{:?}", sheet.rows);
        };
        assert_eq!((row.number, row.contract.as_str()), (2, "东塱租 2015-03"));
        let Outcome::Ready(statement) = &row.outcome else {
            panic!("{row:?}");
        };
        let taken = record_of(statement).unwrap();
        assert_eq!(taken.amount_fen.get(), 120_000_000);
        assert_eq!(taken.signed_on.to_string(), "2015-06-01");
        assert_eq!(taken.parties[0].as_str(), "东塱经济联社（测试）");
        assert_eq!(taken.parties[1].as_str(), "李*");
        assert_eq!(taken.summary.as_str(), "西街仓库 2015-07-01 2025-06-30");
    }
}

/// As Excel saves it in China: GB18030, other headings in another order, days and sums as people write
/// them, a line above, blank lines between.
#[test]
fn a_sheet_of_the_office_is_read_as_it_is() {
    let text = "东塱经济联社合同台账,,,,\r\n\r\n\
        序号,资产名称,合同编号*,承租方,坐落位置,资产类别,用途,产权情况,权属,合同类型,年租金,计价方式,签约日期,起租日期,到期日,决定依据,面积\r\n\
        1,镜湖鱼塘,东塱包〔2016〕7号,李小明,镜湖东侧,资源,养鱼,x,集体所有,发包,\"￥12,000.50元\",元/年,2016年3月1日,2016/4/1,2026.3.31,不清楚,12.5亩\r\n\
        ,,,,,,,,,,,,,,,,\r\n\
        2,晒谷场,东塱租 9,东塱供销有限公司,村口,资产,堆放,x,集体所有,出租,100,月,2017-01-02,2017-02-01,2019-01-31,会议记录存档,\r\n";
    let (bytes, _, _) = encoding_rs::GB18030.encode(text);
    let sheet = judged(&bytes).unwrap();
    assert!(sheet.notes[0].contains("A “序号”") && sheet.notes[0].contains("“产权情况”"));
    let numbers: Vec<u32> = sheet.rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [4, 6]);
    let Outcome::Ready(statement) = &sheet.rows[0].outcome else {
        panic!("{:?}", sheet.rows[0]);
    };
    let taken = record_of(statement).unwrap();
    assert_eq!(taken.parties[1].as_str(), "李*");
    assert_eq!(taken.signed_on.to_string(), "2016-03-01");
    assert_eq!(taken.term_start.unwrap().to_string(), "2016-04-01");
    assert_eq!(taken.term_end.unwrap().to_string(), "2026-03-31");
    // Ten years at 12,000.50.
    assert_eq!(taken.amount_fen.get(), 12_000_500);
    assert_eq!(
        serde_json::to_value(taken.asset.area).unwrap(),
        json!({"unit": "mu", "value": "12.5"})
    );
    let notes = sheet.rows[0].notes.join("");
    assert!(
        notes.contains("李*") && notes.contains("120,005.00"),
        "{notes}"
    );
    assert!(
        matches!(sheet.rows[1].outcome, Outcome::Ready(_)),
        "{:?}",
        sheet.rows[1]
    );
    // With a mark of its own, in UTF-16, it says the same.
    let wide: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(judged(&wide).unwrap().rows.len(), 2);
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_where() {
    let bytes = book(|sheet| {
        example(sheet, 1, "1");
        sheet
            .write_formula(1, place("amount_fen"), Formula::new("=1+1").set_result("2"))
            .unwrap();
        sheet.write(1, place("signed_on"), "2015-02-30").unwrap();
        sheet.write(1, place("category"), "借用").unwrap();
        sheet.write(1, place("price.fen"), 0.1 + 0.2).unwrap();
        sheet.write(1, place("asset.name"), " ").unwrap();
        sheet.write(1, place("basis"), "找他 13800138000").unwrap();
        let day = Format::new().set_num_format("yyyy/m/d");
        let when = ExcelDateTime::from_ymd(2015, 3, 1).unwrap();
        sheet
            .write_with_format(1, place("asset.location"), &when, &day)
            .unwrap();
    });
    let found = faults(&judged(&bytes).unwrap());
    let cells: Vec<&str> = found.iter().map(|(cell, _)| cell.as_str()).collect();
    for field in [
        "amount_fen",
        "signed_on",
        "category",
        "price.fen",
        "asset.name",
        "basis",
        "asset.location",
    ] {
        let cell = format!("{}2", super::table::letters(place(field).into()));
        assert!(cells.contains(&cell.as_str()), "{field}: {found:?}");
    }
    assert_eq!(cells.len(), 7, "{found:?}");
    assert!(
        found.iter().all(|(_, said)| crate::fault::is_chinese(said)),
        "{found:?}"
    );
    let told = String::from_utf8(report(&judged(&bytes).unwrap()).unwrap()).unwrap();
    assert_eq!(told.lines().count(), 8);
    assert!(!told.contains("13800138000"), "{told}");
}

#[test]
fn rules_of_the_ledger_are_told_at_their_cells() {
    for (field, value, said) in [
        ("signed_on", "2018-03-27", "之后"),
        ("term_start", "2018-05-01", "还没到"),
        ("term_end", "2014-01-01", "≥"),
        ("contract_number", " ", "没有填"),
        (":other", " ", "没有填"),
        (":transaction", "旧 1", "字母"),
    ] {
        let bytes = book(|sheet| {
            example(sheet, 1, "1");
            sheet.write(1, place(field), value).unwrap();
        });
        let found = faults(&judged(&bytes).unwrap());
        let cell = format!("{}2", super::table::letters(place(field).into()));
        assert!(
            found
                .iter()
                .any(|(at, told)| *at == cell && told.contains(said)),
            "{field}: {found:?}"
        );
    }
}

#[test]
fn days_are_read_as_the_spreadsheet_counts_them() {
    let bytes = book(|sheet| {
        example(sheet, 1, "1");
        sheet.write(1, place("signed_on"), 42_156).unwrap();
        let day = Format::new().set_num_format("yyyy\"年\"m\"月\"d\"日\"");
        let when = ExcelDateTime::from_ymd(2015, 7, 1).unwrap();
        sheet
            .write_with_format(1, place("term_start"), &when, &day)
            .unwrap();
        sheet.write(1, place("amount_fen"), 1_200_000.55).unwrap();
        sheet.write(1, place("contract_number"), 2_015_003).unwrap();
    });
    let sheet = judged(&bytes).unwrap();
    let Outcome::Ready(statement) = &sheet.rows[0].outcome else {
        panic!("{:?}", sheet.rows[0]);
    };
    let taken = record_of(statement).unwrap();
    assert_eq!(taken.signed_on.to_string(), "2015-06-01");
    assert_eq!(taken.term_start.unwrap().to_string(), "2015-07-01");
    assert_eq!(taken.amount_fen.get(), 120_000_055);
    assert_eq!(taken.contract_number.as_str(), "2015003");
}

#[test]
fn what_is_merged_across_rows_is_nobodys_own() {
    let bytes = book(|sheet| {
        example(sheet, 1, "1");
        example(sheet, 2, "2");
        example(sheet, 3, "3");
        let column = place("asset.location");
        sheet
            .merge_range(1, column, 2, column, "东街", &Format::new())
            .unwrap();
    });
    let sheet = judged(&bytes).unwrap();
    let cell = super::table::letters(place("asset.location").into());
    for (row, number) in sheet.rows.iter().zip([2, 3]) {
        let Outcome::Wrong(wrong) = &row.outcome else {
            panic!("{row:?}");
        };
        assert_eq!(wrong[0].cell, format!("{cell}{number}"));
        assert!(wrong[0].said.contains("合并"));
    }
    assert!(matches!(sheet.rows[2].outcome, Outcome::Ready(_)));
}

/// The same contract is one whatever its brackets look like: in the sheet, in the ledger, in a draft.
#[test]
fn nothing_is_recorded_twice() {
    assert_eq!(
        number_key("东塱租〔2015〕 3 号"),
        number_key("东塱租[２０１５]3号")
    );
    let bytes = book(|sheet| {
        example(sheet, 1, "A（1）");
        example(sheet, 2, "a (1)");
    });
    let sheet = judged(&bytes).unwrap();
    let Outcome::Ready(statement) = &sheet.rows[0].outcome else {
        panic!("{:?}", sheet.rows[0]);
    };
    assert!(
        matches!(&sheet.rows[1].outcome, Outcome::Wrong(wrong) if wrong[0].said.contains("第 2 行"))
    );
    let StreamId::Transaction(id) = &statement.stream else {
        panic!("{statement:?}");
    };
    let same = judged(&book(|sheet| {
        example(sheet, 1, "1");
        example(sheet, 2, "2");
        sheet.write(1, place(":transaction"), "x1").unwrap();
        sheet.write(2, place(":transaction"), "x1").unwrap();
    }))
    .unwrap();
    assert!(matches!(same.rows[0].outcome, Outcome::Ready(_)));
    assert!(
        matches!(&same.rows[1].outcome, Outcome::Wrong(wrong) if wrong[0].said.contains("第 2 行"))
    );
    let mut gone = Known::default();
    gone.transactions.insert(id.clone());
    let again = knowing(&gone, &bytes).unwrap();
    assert!(
        matches!(&again.rows[0].outcome, Outcome::Wrong(wrong) if wrong[0].said.contains("终止了"))
    );
    let mut known = Known::default();
    known.waiting.insert(id.clone());
    let waiting = knowing(&known, &bytes).unwrap();
    assert!(matches!(&waiting.rows[0].outcome, Outcome::Waiting(found) if found == id));
    known
        .contracts
        .insert(number_key("A（1）"), "2016-001".parse().unwrap());
    let recorded = knowing(&known, &bytes).unwrap();
    assert!(
        matches!(&recorded.rows[0].outcome, Outcome::Recorded(found) if found.as_str() == "2016-001")
    );
}

/// A zip of a part that unpacks to a thousand times its size.
fn bomb() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("xl/worksheets/sheet1.xml", options).unwrap();
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..130 {
        zip.write_all(&zeros).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn what_is_no_sheet_is_refused_in_words() {
    let bomb = bomb();
    assert!(bomb.len() < 1 << 20);
    assert!(matches!(judged(&bomb), Err(TableError::Expands { .. })));
    assert!(matches!(
        judged(&[0xd0, 0xcf, 0x11, 0xe0, 1, 2]),
        Err(TableError::OldFormat)
    ));
    assert!(matches!(
        judged(b"PK\x03\x04 and no more"),
        Err(TableError::Broken { .. })
    ));
    assert!(matches!(
        judged(&[0xff, 0xff, 0x80]),
        Err(TableError::Unreadable)
    ));
    assert!(matches!(
        judged(b"a,b,c\r\n1,2,3\r\n"),
        Err(TableError::NoHeadings { .. })
    ));
    assert!(matches!(judged(b""), Err(TableError::NoHeadings { .. })));
    let far = book(|sheet| {
        sheet.write(1_048_575, 16_383, "x").unwrap();
    });
    assert!(matches!(judged(&far), Err(TableError::TooWide { .. })));
    let twice = book(|sheet| {
        sheet.write(0, 40, "承租方").unwrap();
    });
    assert!(matches!(judged(&twice), Err(TableError::TwiceNamed { .. })));
    let long = format!(
        "{}{}",
        "合同编号,标的名称,坐落\r\n",
        "x,y,z\r\n".repeat(10_001)
    );
    assert!(matches!(
        judged(long.as_bytes()),
        Err(TableError::TooLong { .. })
    ));
    let large = vec![b'a'; super::FILE_LIMIT + 1];
    assert!(matches!(judged(&large), Err(TableError::TooLarge { .. })));
    for error in [judged(&bomb).unwrap_err(), judged(b"").unwrap_err()] {
        let said = error.to_string();
        assert!(
            crate::fault::is_chinese(&said) && said.contains(" ("),
            "{said}"
        );
    }
}

/// Ten thousand rows are judged, each of them.
#[test]
fn as_many_rows_as_may_be() {
    let head: Vec<&str> = COLUMNS.iter().map(|column| column.heading).collect();
    let mut text = head.join(",") + "\r\n";
    for number in 0..super::table::ROWS_LIMIT {
        let row: Vec<String> = COLUMNS
            .iter()
            .map(|column| match column.field {
                "contract_number" => format!("N{number}"),
                _ => column.example.replace(',', "，"),
            })
            .collect();
        text += &(row.join(",") + "\r\n");
    }
    let sheet = judged(text.as_bytes()).unwrap();
    assert_eq!(sheet.rows.len(), super::table::ROWS_LIMIT);
    assert!(
        sheet
            .rows
            .iter()
            .all(|row| matches!(row.outcome, Outcome::Ready(_)))
    );
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<String>(),
        1 => Just(String::new()),
        2 => "[0-9]{1,20}",
        2 => "-?[0-9]{1,6}\\.[0-9]{0,4}",
        2 => "[0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?",
        2 => proptest::sample::select(COLUMNS.iter().map(|column| column.example.to_owned()).collect::<Vec<_>>()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_file_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), zip in any::<bool>()) {
        let bytes = if zip { [b"PK\x03\x04".as_slice(), &bytes].concat() } else { bytes };
        let _ = judged(&bytes);
    }

    #[test]
    fn every_row_is_judged_and_every_fault_says_where(
        rows in proptest::collection::vec(proptest::collection::vec(cell(), COLUMNS.len()), 1..5),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(COLUMNS.iter().map(|column| column.heading)).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        if let Ok(sheet) = judged(&bytes) {
            let blank = |row: &&Vec<String>| row.iter().all(|cell| cell.trim().trim_start_matches('\'').is_empty());
            let filled = rows.iter().filter(|row| !blank(row)).count();
            prop_assert!(sheet.rows.len() <= filled);
            for row in &sheet.rows {
                if let Outcome::Wrong(wrong) = &row.outcome {
                    prop_assert!(!wrong.is_empty());
                    for fault in wrong {
                        prop_assert!(!fault.said.is_empty());
                        let has_number = fault.cell.ends_with(&row.number.to_string());
                        prop_assert!(has_number || fault.cell.is_empty(), "{fault:?}");
                    }
                }
            }
        }
    }

    /// A true sheet of which some bytes are others: it is read, or refused in words.
    #[test]
    fn a_bent_xlsx_does_no_harm(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut bytes = book(|sheet| example(sheet, 1, "1"));
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = judged(&bytes);
    }
}
