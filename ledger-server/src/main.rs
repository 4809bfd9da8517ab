//! `sanzi`: the ledger's service and command line. (三资账)

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main(std::env::args_os().collect())
}
