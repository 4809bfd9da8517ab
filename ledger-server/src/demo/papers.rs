//! The documents that the demonstration's events name: short texts, each saying that it is none. (演示材料)
//!
//! A real office scans papers; here a text stands in their place, kept under its digest so that it can
//! be opened and compared. Papers that would be one book or one meeting's file are shared.

use std::collections::BTreeMap;

use ledger_core::hash::Digest;
use ledger_core::record::DocumentRef;

use super::fault::DemoError;

/// What every paper says of itself.
const NOTICE: &str = "演示材料\n\n\
    本文件由三资账的演示程序生成，代替真实材料，没有任何效力。\
    演示账本中除“全年 50 宗、合计 1,300,000.00 元”外，单位、人名、标的、价格、日期均为示例。\n\
    (Demonstration material. Everything but the year's two totals is illustrative.)\n\n";

/// Papers that have been named and are yet to be kept. (待存材料)
#[derive(Debug, Default)]
pub(crate) struct Papers {
    fresh: BTreeMap<Digest, Vec<u8>>,
}

impl Papers {
    /// Writes a paper and gives the reference by which an event names it.
    pub(crate) fn write(
        &mut self,
        kind: &str,
        title: &str,
        text: &str,
    ) -> Result<DocumentRef, DemoError> {
        let bytes = format!("{NOTICE}{text}\n").into_bytes();
        let sha256 = Digest::of(&bytes);
        let reference = DocumentRef::Public {
            kind: kind.parse()?,
            sha256,
            size_bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            title: format!("{title}（演示）").parse()?,
        };
        self.fresh.insert(sha256, bytes);
        Ok(reference)
    }

    /// Takes what has been written since the last call.
    pub(crate) fn take(&mut self) -> BTreeMap<Digest, Vec<u8>> {
        std::mem::take(&mut self.fresh)
    }
}

/// The text that stands for a paper of which the demonstration has one for the whole year.
pub(crate) fn sample(title: &str) -> String {
    format!("《{title}》样张\n\n此处应为扫描件。演示中同类材料共用这一份样张。")
}
