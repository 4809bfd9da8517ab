//! `sanzi schema`: the JSON Schemas of charter, events and findings.

use std::process::ExitCode;

use ledger_core::Language;

use super::help::Text;
use crate::monitor::finding::Finding;
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
#[command(after_help = "  $ sanzi schema event > event.schema.json")]
pub(crate) struct Schema {
    of: Of,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Of {
    Charter,
    Event,
    Finding,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "schema",
        zh: "打印章程、事件或监督发现的 JSON Schema",
        en: "Print the JSON Schema of charters, events or a monitor's findings",
    },
    Text {
        of: "schema.of",
        zh: "charter（章程）、event（事件）或 finding（监督发现）",
        en: "charter, event or finding",
    },
];

impl Schema {
    /// Prints a schema.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let schema = match self.of {
            Of::Charter => schemars::schema_for!(ledger_core::Charter),
            Of::Event => schemars::schema_for!(ledger_core::Event),
            Of::Finding => schemars::schema_for!(Finding),
        };
        Terminal::new(language).say(serde_json::to_string_pretty(&schema)?);
        Ok(ExitCode::SUCCESS)
    }
}
