//! The machine's limits and then ours, in one run: how fast a ledger grows, proves, opens and is audited, and
//! whether any of it depends on how long the ledger is.
//!
//! `cargo run --release -p benches --bin figures -- --help`. Compare ratios, not seconds: machines are shared
//! and noisy. Prints a table; `--out DIR` also keeps it as JSON and draws what grows.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark that cannot run should stop, and prints its figures"
)]

use std::path::{Path, PathBuf};

use benches::Village;
use clap::{Parser, Subcommand};

mod growth;
mod limits;
mod opening;
mod report;

use limits::Limits;
use report::Report;

/// Measures a ledger beside what this machine can do at best.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// At which sizes, in entries, ascending.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000])]
    sizes: Vec<usize>,
    /// Where to make the ledger: on the disk that is to be measured, with 2.5 KB of room for each entry.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    scratch: PathBuf,
    /// Where to keep figures.json and the charts.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Action {
    /// Opens a ledger as a server that starts, and says what that took.
    #[command(hide = true)]
    Open { data: PathBuf },
}

fn main() {
    let arguments = Arguments::parse();
    match &arguments.action {
        Some(Action::Open { data }) => opening::open(data),
        None => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) {
    let scratch = tempfile::tempdir_in(&arguments.scratch).unwrap();
    let village = Village::found();
    let limits = Limits::measure(scratch.path(), &village);
    let mut report = Report::new(&limits);
    print!("{report}");
    let data = scratch.path().join("data");
    let mut size = 0;
    for &next in &arguments.sizes {
        let rows = report.rows.len();
        growth::grow(&data, &village, size..next, &limits, &mut report);
        opening::reopened(&data, next, &mut report);
        size = next;
        for row in &report.rows[rows..] {
            print!("{row}");
        }
    }
    opening::lost_index(&data, size, &mut report);
    report.compare_sizes();
    println!("\n{report}");
    if let Some(out) = &arguments.out {
        keep(&report, out);
    }
}

fn keep(report: &Report, out: &Path) {
    std::fs::create_dir_all(out).unwrap();
    let json = serde_json::to_string_pretty(report).unwrap();
    std::fs::write(out.join("figures.json"), json + "\n").unwrap();
    report.draw(out);
}
