//! `sanzi schema`: the JSON Schemas of charter and events.

use std::process::ExitCode;

use ledger_core::Language;

use super::help::Text;
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
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "schema",
        zh: "打印章程或事件的 JSON Schema",
        en: "Print the JSON Schema of charters or events",
    },
    Text {
        of: "schema.of",
        zh: "charter（章程）或 event（事件）",
        en: "charter or event",
    },
];

impl Schema {
    /// Prints a schema.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let schema = match self.of {
            Of::Charter => schemars::schema_for!(ledger_core::Charter),
            Of::Event => schemars::schema_for!(ledger_core::Event),
        };
        Terminal::new(language).say(serde_json::to_string_pretty(&schema)?);
        Ok(ExitCode::SUCCESS)
    }
}
