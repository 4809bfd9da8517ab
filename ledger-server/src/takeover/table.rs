//! A sheet of unknown origin as rows of cells: CSV in UTF-8, UTF-16 or GB18030, or XLSX.
//!
//! What is read is bounded before it is unpacked. A formula, an error value and a merged cell are told
//! apart from values: what they would show is somebody else's reckoning.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{
    DataRef, ExcelDateTime, ExcelDateTimeType, Reader as _, SheetType, SheetVisible, Xlsx,
};
use encoding_rs::{Encoding, GB18030, UTF_8};

use super::columns::column_of;

/// The largest file that is read, in bytes.
pub(crate) const FILE_LIMIT: usize = 8 << 20;

/// What an XLSX file may come to when it is unpacked.
const UNPACKED_LIMIT: u64 = 128 << 20;

/// The parts that an XLSX file may have.
const PARTS_LIMIT: usize = 2_000;

/// The most rows that are read, headings apart.
pub(super) const ROWS_LIMIT: usize = 10_000;

/// How many cells may be parts of merged ones.
const MERGED_LIMIT: usize = 100_000;

/// Among how many first rows the headings are looked for.
const HEADING_WITHIN: usize = 20;

/// The most columns that are read.
const COLUMNS_LIMIT: u32 = 200;

/// How many headings must be known for a row to be that of the headings.
const HEADINGS_LEAST: usize = 3;

/// A file that is no sheet to read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TableError {
    /// Longer than is read.
    #[error(
        "文件 {found} 字节，最多读 {expected} 字节；请分成几个文件 (the file has {found} bytes, at most {expected} are read: split it)"
    )]
    TooLarge {
        /// The most that is read.
        expected: usize,
        /// What was found.
        found: usize,
    },
    /// It unpacks to more than is read.
    #[error(
        "这个 XLSX 解压后超过 {expected} 字节或 {parts} 个部件，不像一张表；请只把数据复制到新表里另存 (unpacked, the file is more than {expected} bytes or {parts} parts: copy the data alone into a new sheet)"
    )]
    Expands {
        /// The most that is unpacked, in bytes.
        expected: u64,
        /// The most parts.
        parts: usize,
    },
    /// Too many rows.
    #[error("超过 {expected} 行；请分成几个文件 (more than {expected} rows: split the file)")]
    TooLong {
        /// The most rows.
        expected: usize,
    },
    /// Too many columns.
    #[error(
        "超过 {expected} 列；请按模板的列填 (more than {expected} columns: use those of the template)"
    )]
    TooWide {
        /// The most columns.
        expected: u32,
    },
    /// The old format, or an encrypted file.
    #[error(
        "这是旧版 .xls 或加了密码的文件；请去掉密码，另存为 .xlsx 或 CSV (an old .xls, or locked by a password: save it as .xlsx or CSV without one)"
    )]
    OldFormat,
    /// It is of neither encoding.
    #[error(
        "这不是 CSV 或 XLSX：既不是 UTF-8 也不是 GB18030 文字 (neither CSV nor XLSX: no text in UTF-8 or GB18030)"
    )]
    Unreadable,
    /// It cannot be read as what it begins as.
    #[error(
        "文件损坏，读不出来：{found}；请在 Excel 或 WPS 里打开后另存 (the file is broken: {found}; open it in a spreadsheet and save it again)"
    )]
    Broken {
        /// What the reader says.
        found: String,
    },
    /// No row of headings.
    #[error(
        "前 {within} 行里找不到表头；请用模板的列名（如“合同编号”“标的名称”“签订日期”） (no headings in the first {within} rows: use those of the template)"
    )]
    NoHeadings {
        /// Among how many rows they were looked for.
        within: usize,
    },
    /// Two columns for the same.
    #[error(
        "“{heading}”这一列有两个（{first} 列和 {second} 列）；请只留一列 (two columns for {heading}: {first} and {second}; leave one)"
    )]
    TwiceNamed {
        /// The heading.
        heading: &'static str,
        /// The one column.
        first: String,
        /// The other.
        second: String,
    },
}

fn broken(error: impl std::fmt::Display) -> TableError {
    TableError::Broken {
        found: error.to_string().chars().take(160).collect(),
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// A text, without space around it.
    Text(String),
    /// A number, written out.
    Number(String),
    /// A day that the spreadsheet holds as one.
    Day(String),
    /// What is reckoned: not taken.
    Formula,
    /// An error value, as in `#REF!`.
    Fault(String),
    /// A part of a merged cell.
    Merged,
}

/// A row of the sheet.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Its number, as the spreadsheet shows it.
    pub(super) number: u32,
    /// Its cells by the place of their column, from 0.
    pub(super) cells: BTreeMap<u32, Cell>,
}

/// A sheet with its headings found.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The sheet's column of each known column, by the place in [`super::columns::COLUMNS`].
    pub(super) places: BTreeMap<usize, u32>,
    /// The headings that nobody knows, each with its column.
    pub(super) unknown: Vec<(u32, String)>,
    /// The rows after the headings that are not blank.
    pub(super) lines: Vec<Line>,
    /// Whether its days are counted from 1904.
    pub(super) from_1904: bool,
}

/// A column's name, as in `AB`.
pub(super) fn letters(place: u32) -> String {
    let (mut left, mut name) = (place + 1, Vec::new());
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or_default();
        name.push(char::from(b'A' + digit));
        left = (left - 1) / 26;
    }
    name.iter().rev().collect()
}

impl Table {
    /// Reads a file, whatever it is.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, TableError> {
        if bytes.len() > FILE_LIMIT {
            return Err(TableError::TooLarge {
                expected: FILE_LIMIT,
                found: bytes.len(),
            });
        }
        if bytes.starts_with(b"PK\x03\x04") {
            return xlsx(bytes);
        }
        if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
            return Err(TableError::OldFormat);
        }
        Self::headed(csv(bytes)?)
    }

    /// Finds the headings.
    fn headed(lines: Vec<Line>) -> Result<Self, TableError> {
        let named = |line: &Line| {
            let texts = line.cells.values();
            let known =
                texts.filter(|cell| matches!(cell, Cell::Text(text) if column_of(text).is_some()));
            known.count() >= HEADINGS_LEAST
        };
        let mut lines = lines.into_iter();
        let head = lines
            .by_ref()
            .take_while(|line| usize::try_from(line.number).unwrap_or(usize::MAX) <= HEADING_WITHIN)
            .find(named);
        let Some(head) = head else {
            return Err(TableError::NoHeadings {
                within: HEADING_WITHIN,
            });
        };
        let mut table = Self::default();
        for (place, cell) in head.cells {
            let Cell::Text(text) = cell else { continue };
            match column_of(&text) {
                None => table.unknown.push((place, text)),
                Some(column) => {
                    if let Some(first) = table.places.insert(column, place) {
                        return Err(TableError::TwiceNamed {
                            heading: super::columns::COLUMNS[column].heading,
                            first: letters(first),
                            second: letters(place),
                        });
                    }
                }
            }
        }
        table.lines = lines.filter(|line| !line.cells.is_empty()).collect();
        if table.lines.len() > ROWS_LIMIT {
            return Err(TableError::TooLong {
                expected: ROWS_LIMIT,
            });
        }
        Ok(table)
    }
}

/// The text of a file that is no XLSX.
fn decoded(bytes: &[u8]) -> Result<String, TableError> {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let is_utf8 = std::str::from_utf8(bytes).is_ok();
    let encoding = marked.unwrap_or(if is_utf8 { UTF_8 } else { GB18030 });
    let (text, _, faulty) = encoding.decode(bytes);
    if faulty || text.contains('\0') {
        return Err(TableError::Unreadable);
    }
    Ok(text.into_owned())
}

fn csv(bytes: &[u8]) -> Result<Vec<Line>, TableError> {
    // Rows are counted by their ends.
    let text = decoded(bytes)?.replace("\r\n", "\n");
    let first = text.lines().find(|line| !line.trim().is_empty());
    let tabs = first.is_some_and(|line| line.contains('\t') && !line.contains(','));
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(if tabs { b'\t' } else { b',' })
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    let mut record = ::csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(broken)? {
        let at = record.position().map_or(0, ::csv::Position::line);
        let mut line = Line {
            number: u32::try_from(at).unwrap_or(u32::MAX),
            cells: BTreeMap::new(),
        };
        for (place, text) in (0..).zip(record.iter()) {
            let Some(cell) = of_text(text) else { continue };
            if place >= COLUMNS_LIMIT {
                return Err(TableError::TooWide {
                    expected: COLUMNS_LIMIT,
                });
            }
            line.cells.insert(place, cell);
        }
        push(&mut lines, line)?;
    }
    Ok(lines)
}

fn push(lines: &mut Vec<Line>, line: Line) -> Result<(), TableError> {
    if lines.len() > ROWS_LIMIT + HEADING_WITHIN && !line.cells.is_empty() {
        return Err(TableError::TooLong {
            expected: ROWS_LIMIT,
        });
    }
    if !line.cells.is_empty() {
        lines.push(line);
    }
    Ok(())
}

/// A text as a cell. One that a spreadsheet of ours made a text with an apostrophe is what stands after it.
fn of_text(text: &str) -> Option<Cell> {
    let text = text.trim();
    if text.starts_with(['=', '＝']) {
        return Some(Cell::Formula);
    }
    let text = text.strip_prefix('\'').unwrap_or(text);
    (!text.is_empty()).then(|| Cell::Text(text.to_owned()))
}

/// A file whose parts are unpacked once, to nowhere, before anything is made of them.
fn check_unpacked(bytes: &[u8]) -> Result<(), TableError> {
    let expands = || TableError::Expands {
        expected: UNPACKED_LIMIT,
        parts: PARTS_LIMIT,
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > PARTS_LIMIT {
        return Err(expands());
    }
    let mut left = UNPACKED_LIMIT;
    for place in 0..archive.len() {
        let part = archive.by_index(place).map_err(broken)?;
        let copied = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        left = left
            .checked_sub(copied.map_err(broken)?)
            .ok_or_else(expands)?;
    }
    Ok(())
}

fn xlsx(bytes: &[u8]) -> Result<Table, TableError> {
    check_unpacked(bytes)?;
    // What the reader of a foreign format does with a hostile file is not ours to promise.
    let read = catch_unwind(AssertUnwindSafe(|| first_table(bytes)));
    read.unwrap_or_else(|_| Err(broken("XLSX")))
}

/// The first sheet in sight that has the headings.
fn first_table(bytes: &[u8]) -> Result<Table, TableError> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let sheets = book.sheets_metadata().iter();
    let sheets = sheets.filter(|sheet| {
        sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet
    });
    let names: Vec<String> = sheets.map(|sheet| sheet.name.clone()).take(20).collect();
    for name in names {
        match sheet(&mut book, &name).and_then(Table::headed) {
            Err(TableError::NoHeadings { .. }) => {}
            Ok(table) => {
                return Ok(Table {
                    from_1904: book.has_1904_epoch(),
                    ..table
                });
            }
            Err(error) => return Err(error),
        }
    }
    Err(TableError::NoHeadings {
        within: HEADING_WITHIN,
    })
}

fn sheet(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Vec<Line>, TableError> {
    let merged = book.merge_cells_by_sheet_name(name).map_err(broken)?;
    let mut cells = book.worksheet_cells_reader(name).map_err(broken)?;
    let mut lines: BTreeMap<u32, Line> = BTreeMap::new();
    while let Some(found) = cells.next_cell_with_formula_metadata().map_err(broken)? {
        let (row, column) = found.pos;
        let cell = match found.formula {
            Some(_) => Some(Cell::Formula),
            None => of_value(&found.value),
        };
        let Some(cell) = cell else { continue };
        if column >= COLUMNS_LIMIT {
            return Err(TableError::TooWide {
                expected: COLUMNS_LIMIT,
            });
        }
        if lines.len() > ROWS_LIMIT + HEADING_WITHIN {
            return Err(TableError::TooLong {
                expected: ROWS_LIMIT,
            });
        }
        let line = lines.entry(row).or_default();
        line.number = row.saturating_add(1);
        line.cells.insert(column, cell);
    }
    spread(&mut lines, &merged)?;
    Ok(lines.into_values().collect())
}

/// What several rows share is nobody's own: the cell is marked in each of them. Cells merged within one
/// row stay, with their value in the first.
fn spread(
    lines: &mut BTreeMap<u32, Line>,
    merged: &[calamine::Dimensions],
) -> Result<(), TableError> {
    let mut left = MERGED_LIMIT;
    for of in merged.iter().filter(|of| of.start.0 < of.end.0) {
        for (_, line) in lines.range_mut(of.start.0..=of.end.0) {
            for column in of.start.1..=of.end.1.min(COLUMNS_LIMIT) {
                left = left.checked_sub(1).ok_or(TableError::Expands {
                    expected: UNPACKED_LIMIT,
                    parts: PARTS_LIMIT,
                })?;
                line.cells.insert(column, Cell::Merged);
            }
        }
    }
    Ok(())
}

fn of_value(value: &DataRef<'_>) -> Option<Cell> {
    match value {
        DataRef::Int(number) => Some(Cell::Number(number.to_string())),
        DataRef::Float(number) => Some(Cell::Number(written(*number))),
        DataRef::String(text) => of_text(text),
        DataRef::SharedString(text) => of_text(text),
        DataRef::Bool(value) => Some(Cell::Text(value.to_string())),
        DataRef::DateTime(time) => Some(of_time(time)),
        DataRef::DateTimeIso(text) => Some(Cell::Day(text.chars().take(10).collect())),
        DataRef::DurationIso(text) => of_text(text),
        DataRef::Error(error) => Some(Cell::Fault(error.to_string())),
        DataRef::Empty => None,
    }
}

fn of_time(time: &ExcelDateTime) -> Cell {
    if !time.is_datetime() {
        return Cell::Number(written(time.as_f64()));
    }
    let (year, month, day, ..) = time.to_ymd_hms_milli();
    Cell::Day(format!("{year:04}-{month:02}-{day:02}"))
}

/// A number as it is meant: the shortest that is this number.
fn written(number: f64) -> String {
    format!("{number}")
}

/// A day from the number by which spreadsheets count days, for numbers that a contract's days have.
pub(super) fn counted_day(number: &str, from_1904: bool) -> Option<String> {
    let days: u32 = number.parse().ok()?;
    // 1970 to 2119, or from 1974 on.
    if !(25_569..80_000).contains(&days) {
        return None;
    }
    let time = ExcelDateTime::new(f64::from(days), ExcelDateTimeType::DateTime, from_1904);
    match of_time(&time) {
        Cell::Day(day) => Some(day),
        _ => None,
    }
}
