//! `sanzi`: the ledger's service and command line. (三资账)

mod agenda;
mod command;
mod concerns;
mod draft;
mod exchange;
mod fault;
mod form;
mod inspect;
mod keeping;
mod key_file;
mod masking;
mod mirror;
mod moment;
mod monitor;
mod named;
mod raw_folder;
mod shape;
mod signers;
mod source_arg;
mod table;
mod tenure;
mod terminal;
mod timeline;
mod url_source;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main(std::env::args_os().collect())
}
