//! What a ledger says of losses that it declares: the same words wherever it is read.

use ledger_core::event::LossNotice;
use ledger_core::state::LedgerState;

use crate::terminal::Terminal;

/// The losses, in short.
pub(crate) fn notices(ledger: &LedgerState) -> Vec<LossNotice> {
    ledger.losses.iter().map(|loss| loss.notice()).collect()
}

/// Says them, each in a line.
pub(crate) fn say(terminal: Terminal, ledger: &LedgerState) {
    for notice in notices(ledger) {
        terminal.say(in_words(terminal, &notice));
    }
}

/// A loss in words.
pub(crate) fn in_words(terminal: Terminal, notice: &LossNotice) -> String {
    let LossNotice {
        entry,
        first,
        last,
        origin,
        ..
    } = notice;
    terminal.pick(
        format!("【丢失声明】原日志 {origin} 第 {first} 至 {last} 条已丢失，见第 {entry} 条。"),
        format!("[LOSS DECLARED] Entries {first} to {last} of the log {origin} are lost; see entry {entry}."),
    )
}
