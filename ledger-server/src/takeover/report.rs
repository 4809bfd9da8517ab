//! What became of each row, as a sheet to work through.

use ledger_core::Language;

use super::row::{Judged, Outcome, Sheet};
use crate::exchange::sheet::{BYTE_ORDER_MARK, text};

const HEADINGS: [&str; 8] = [
    "行",
    "合同编号",
    "标的名称",
    "结果",
    "单元格",
    "列",
    "问题",
    "说明",
];

/// What became of a row, in a word.
pub(crate) fn result(outcome: &Outcome, l: Language) -> &'static str {
    match outcome {
        Outcome::Ready(_) => l.pick("可以登记", "can be recorded"),
        Outcome::Recorded(_) => l.pick("账本里已有", "recorded already"),
        Outcome::Waiting(_) => l.pick("已起草，等待签署", "drafted, waits for signatures"),
        Outcome::Wrong(_) => l.pick("要改", "to be mended"),
    }
}

/// The report: a row for each fault, and one for each row without.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn report(sheet: &Sheet) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(BYTE_ORDER_MARK.to_vec());
    writer.write_record(HEADINGS)?;
    for row in &sheet.rows {
        match &row.outcome {
            Outcome::Wrong(faults) => {
                for fault in faults {
                    write(&mut writer, row, [&fault.cell, fault.column, &fault.said])?;
                }
            }
            _ => write(&mut writer, row, ["", "", ""])?,
        }
    }
    Ok(writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?)
}

fn write(writer: &mut csv::Writer<Vec<u8>>, row: &Judged, fault: [&str; 3]) -> csv::Result<()> {
    let number = row.number.to_string();
    let l = Language::Zh;
    let notes = match &row.outcome {
        Outcome::Recorded(id) | Outcome::Waiting(id) => format!("交易 {id}"),
        _ => row.notes.join("；"),
    };
    let [cell, column, said] = fault;
    let cells = [
        number.as_str(),
        &row.contract,
        &row.asset,
        result(&row.outcome, l),
        cell,
        column,
        said,
        &notes,
    ];
    writer.write_record(cells.map(|cell| text(cell).into_owned()))
}
