//! Why a demonstration could not be built. (演示未建成)

use std::path::PathBuf;

use ledger_core::calendar::CalendarError;
use ledger_core::calendar::SpanError;
use ledger_core::canonical::CanonicalError;
use ledger_core::charter::CharterError;
use ledger_core::contract::ScheduleError;
use ledger_core::event::ParseError;
use ledger_core::identifier::CreditCodeError;
use ledger_core::key::KeyError;
use ledger_core::keyfile::KeyFileError;
use ledger_core::ledger::{AppendError, LedgerError};
use ledger_core::money::MeasureError;
use ledger_core::money::MoneyError;
use ledger_core::name::NameError;
use ledger_core::source::SourceError;
use ledger_core::store::StoreError;
use ledger_core::text::TextError;
use ledger_core::time::TimeError;

/// A demonstration could not be built. (演示未建成)
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A text of the demonstration is not one that a ledger takes.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A name has not its form.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A moment or a day does not exist.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The charter's calendar does not know a day.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// A sum is too large.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A rent schedule has no rents.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// An area has not its form.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// A window is too long.
    #[error(transparent)]
    Span(#[from] SpanError),
    /// The collective's code has not its form.
    #[error(transparent)]
    CreditCode(#[from] CreditCodeError),
    /// The charter has a fault.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// A key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key file could not be made.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// A disclosure could not be encoded.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// A statement could not be encoded.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was built could not be read back.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A field that is corrected has no name.
    #[error("更正的字段：{fault} (the field of a correction)")]
    Field {
        /// Why.
        fault: String,
    },
    /// Something happens to a transaction that has not begun.
    #[error("{what}：交易还没有开始 (the transaction has not begun)")]
    NotBegun {
        /// What.
        what: String,
    },
    /// The ledger refused an event of the demonstration.
    #[error("演示事件未被登记：{what}：{fault} (an event of the demonstration was refused)")]
    Refused {
        /// Which event.
        what: String,
        /// Why.
        fault: Box<AppendError>,
    },
    /// A transaction does not fit into the year.
    #[error(
        "{name} 在 2018 年内办不完；请换一个 --seed ({name} does not fit into 2018; try another --seed)"
    )]
    YearTooShort {
        /// The asset.
        name: &'static str,
    },
    /// Nobody holds a role that must sign.
    #[error("演示名册里没有人能任 {role} (nobody in the demonstration can sign as {role})")]
    NoSigner {
        /// The role.
        role: &'static str,
    },
    /// The folder holds something else.
    #[error(
        "{path} 不是空文件夹，也不是账本数据文件夹；请用 --data 指定另一个文件夹 (neither empty nor a data folder; name another with --data)",
        path = .path.display()
    )]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("{path}：{source} (cannot read or write {path})", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}
