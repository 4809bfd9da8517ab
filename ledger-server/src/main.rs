//! `sanzi`: the ledger's service and command line. (三资账)

use std::process::ExitCode;

fn main() -> ExitCode {
    ledger_server::command_line(std::env::args_os().collect())
}
