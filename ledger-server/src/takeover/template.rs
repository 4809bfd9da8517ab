//! The sheet to fill in: headings, an example, and what each column wants.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::columns::{COLUMNS, Column, Kind};
use super::reading::words;
use crate::exchange::sheet::BYTE_ORDER_MARK;

/// How many rows are laid out for texts, so that numbers stay as they are typed.
const ROWS: u32 = 1_000;

fn heading(column: &Column) -> String {
    if column.needed {
        format!("{}*", column.heading)
    } else {
        column.heading.to_owned()
    }
}

/// The template as CSV: the headings and an example.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn template_csv() -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(BYTE_ORDER_MARK.to_vec());
    writer.write_record(COLUMNS.iter().map(heading))?;
    writer.write_record(COLUMNS.iter().map(|column| column.example))?;
    Ok(writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?)
}

/// The template as XLSX, with a second sheet that explains each column.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn template_xlsx() -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    let as_text = Format::new().set_num_format("@");
    let sheet = book.add_worksheet().set_name("存量合同")?;
    sheet.set_freeze_panes(1, 0)?;
    for (place, column) in (0_u16..).zip(COLUMNS) {
        sheet.write_with_format(0, place, heading(column), &bold)?;
        sheet.set_column_width(place, 16)?;
        // Numbers and days are typed as texts, too: nothing rounds them or turns them round.
        for row in 1..=ROWS {
            sheet.write_blank(row, place, &as_text)?;
        }
        sheet.write_with_format(1, place, column.example, &as_text)?;
    }
    let told = book.add_worksheet().set_name("填写说明")?;
    let intro = [
        "第一行是列名，次序可以换；带 * 的必须填。第二行是例子，填的时候请删掉。",
        "一行一份合同：开账之前已经签订、期限已经开始的。开账之后签的要走十六环节，不能填在这里。",
        "不要用公式，不要合并单元格。不要写身份证号、手机号、银行账号。",
    ];
    for (row, text) in (0_u32..).zip(intro) {
        told.write(row, 0, text)?;
    }
    for (row, column) in (4_u32..).zip(COLUMNS) {
        told.write_with_format(row, 0, heading(column), &bold)?;
        told.write(row, 1, column.hint)?;
        if column.kind == Kind::Word {
            told.write(
                row,
                2,
                format!("可填的词：{}", words(column.field).join("、")),
            )?;
        }
        if !column.also.is_empty() {
            told.write(row, 3, format!("也认得：{}", column.also.join("、")))?;
        }
    }
    told.set_column_width(0, 16)?.set_column_width(1, 60)?;
    told.set_column_width(2, 50)?.set_column_width(3, 40)?;
    book.save_to_buffer()
}
