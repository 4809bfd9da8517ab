//! Why a store did not do what it was asked, and what to do about it.

use std::path::PathBuf;

use super::Erasure;
use crate::hash::Commitment;

/// What to do about damaged data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Remedy {
    /// The data are not to be had from anything else that the store keeps.
    #[error(
        "请停止写入，并从镜像或备份恢复该文件 / Stop writing, and restore the file from a mirror or a backup"
    )]
    Restore,
    /// The data follow from the entries.
    #[error(
        "请先备份，再删除该账本的 offsets 与 tree，下次打开时将由 entries 重建并核对 / Make a backup, then delete the ledger's `offsets` and `tree`: the next opening makes them anew from `entries` and checks them"
    )]
    Rebuild,
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The size is not the one that the caller went by.
    #[error(
        "账本大小不符：预期 {expected}，实为 {found} / size: expected {expected}, found {found}"
    )]
    Conflict {
        /// The size that the call named.
        expected: u64,
        /// The size that the store has.
        found: u64,
    },
    /// Something was asked for that the log does not have.
    #[error(
        "超出范围：{what} 自 {start} 起 {count} 个，现有 {size} / out of range: {count} {what} from {start}, there are {size}"
    )]
    OutOfRange {
        /// What was asked for.
        what: &'static str,
        /// The first of them.
        start: u64,
        /// How many.
        count: u64,
        /// How many there are.
        size: u64,
    },
    /// What the caller gave does not fit together. Nothing was changed.
    #[error("{what}：应为 {expected}，实为 {found} / {what}: expected {expected}, found {found}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The index lacks entries that come before those to be appended.
    #[error(
        "索引只到 {indexed}，账本已有 {size} 条，须先补齐索引 / the index holds {indexed} of {size} entries and must catch up first"
    )]
    IndexBehind {
        /// Entries in the index.
        indexed: u64,
        /// Entries in the log.
        size: u64,
    },
    /// A private document was asked for that has been erased.
    #[error(
        "这份不公开材料已经销毁：{at} 由 {by} 办理（第 {entry} 条），理由：{reason}。内容和盐都已删除，找不回来；账本里的承诺（{commitment}）和各项证明仍然有效。确需再用，请把原件作为新材料另行登记 / this private document was erased at {at} by {by} (entry {entry}), because: {reason}. Document and salt are gone; the commitment in the log ({commitment}) and every proof still hold. If it is needed again, record the original as a new document",
        at = erasure.at, by = erasure.signers(), entry = erasure.entry, reason = erasure.reason
    )]
    Erased {
        /// Its commitment.
        commitment: Commitment,
        /// Who erased it, when and why.
        erasure: Box<Erasure>,
    },
    /// The store was opened for reading only.
    #[error("只读打开，不能写入 / opened for reading only")]
    ReadOnly,
    /// An earlier write failed; the store has to be opened again before it takes another.
    #[error(
        "此前写入失败（{reason}），须重新打开账本才能继续写入 / an earlier write failed ({reason}); open the ledger again before writing"
    )]
    Failed {
        /// What failed.
        reason: String,
    },
    /// Stored data are damaged. Nothing was changed.
    #[error(
        "数据损坏：{file}，{place}：应为 {expected}，实为 {found} / damaged data in {file}, {place}: expected {expected}, found {found}. {remedy}",
        file = file.display()
    )]
    Corrupt {
        /// The file, or the table.
        file: PathBuf,
        /// Where in it.
        place: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
        /// What to do.
        remedy: Remedy,
    },
    /// The log has fewer entries than it is known to have had: an old backup, or lost data.
    #[error(
        "账本落后：{file} 只有 {found} 条，{witness} 记有 {expected} 条。可能是恢复了旧备份；请从镜像补齐后再打开，切勿继续签发 / the log is behind: {file} has {found} entries, {witness} knows of {expected}. An old backup may have been restored: complete it from a mirror before opening, and sign nothing",
        file = file.display(), witness = witness.display()
    )]
    Behind {
        /// The file with the entries.
        file: PathBuf,
        /// What knows of more.
        witness: PathBuf,
        /// The number of entries that are known to have existed.
        expected: u64,
        /// The number of entries found.
        found: u64,
    },
    /// The ledger has entries, and its anchor is not where it should be.
    #[error(
        "找不到锚点文件 {path}，而账本已有数据。若确知此数据最新，请以“采纳”选项打开以重建锚点 / the anchor {path} is missing, though the ledger has data. If these data are known to be the newest, open with the option to adopt them, which makes the anchor anew",
        path = path.display()
    )]
    AnchorMissing {
        /// Where the anchor was looked for.
        path: PathBuf,
    },
    /// Another process has the folder.
    #[error(
        "{path} 正被另一个程序使用，请先停止它 / {path} is in use by another process; stop that one first",
        path = path.display()
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// This ledger is open already in this process.
    #[error("账本 {slug} 已经打开 / ledger {slug} is open already")]
    AlreadyOpen {
        /// The ledger.
        slug: String,
    },
    /// Ledgers of the folder are still open.
    #[error("还有账本未关闭 / ledgers of this folder are still open")]
    StillOpen,
    /// There is no such ledger, and it cannot be made here.
    #[error("没有账本 {slug} / there is no ledger {slug}")]
    NoLedger {
        /// The ledger.
        slug: String,
    },
    /// The folder is not of a format that this program knows.
    #[error(
        "格式不认识：{path} 应为 {expected}，实为 {found}，未作任何改动 / unknown format in {path}: expected {expected}, found {found}; nothing was changed",
        path = path.display()
    )]
    Format {
        /// The file that says the format.
        path: PathBuf,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The folder was made by a program older than any this one can read.
    #[error(
        "格式太旧：{path} 是第 {found} 版，本程序从第 {oldest} 版起才读得懂，未作任何改动。请用当时的 sanzi 导出（sanzi export --format jsonl），再用本程序导入（sanzi import） / the format is too old: {path} says {found}, and this program reads from {oldest} on; nothing was changed. Export with the sanzi of that time (sanzi export --format jsonl), then use sanzi import of this one",
        path = path.display()
    )]
    TooOld {
        /// The file that says the format.
        path: PathBuf,
        /// The version found.
        found: u32,
        /// The oldest version that can be read.
        oldest: u32,
    },
    /// The folder was made by a newer program.
    #[error(
        "格式太新：{path} 是第 {found} 版，由更新的程序写成，本程序只认到第 {newest} 版，未作任何改动。请升级 sanzi 后再打开；切勿改这个文件 / the format is too new: {path} says {found}, written by a newer program, and this one knows none after {newest}; nothing was changed. Upgrade sanzi and open it again; do not edit this file",
        path = path.display()
    )]
    TooNew {
        /// The file that says the format.
        path: PathBuf,
        /// The version found.
        found: u32,
        /// The newest version that this program knows.
        newest: u32,
    },
    /// The disk, or the quota, is full.
    #[error(
        "磁盘已满：{action} {path}：{source} / no space left: {action} {path}: {source}",
        path = path.display()
    )]
    Full {
        /// What was being done.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The operating system does not permit it.
    #[error(
        "没有权限：{action} {path}：{source} / not permitted: {action} {path}: {source}",
        path = path.display()
    )]
    Denied {
        /// What was being done.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Another failure of the operating system.
    #[error(
        "读写失败：{action} {path}：{source} / input or output failed: {action} {path}: {source}",
        path = path.display()
    )]
    Io {
        /// What was being done.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The index, or a database behind the store, failed.
    #[error("{what} 出错：{message} / {what} failed: {message}")]
    Backend {
        /// Which part.
        what: &'static str,
        /// What it said.
        message: String,
    },
}

impl StoreError {
    /// Makes the variant that suits an error of the operating system.
    #[must_use]
    pub fn io(action: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let path = path.into();
        match source.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => Self::Full {
                action,
                path,
                source,
            },
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Self::Denied {
                action,
                path,
                source,
            },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }
}
