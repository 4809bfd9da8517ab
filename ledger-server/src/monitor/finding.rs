//! What a monitor finds, in the form in which it is told to people and to programs. (发现)

use ledger_core::{Language, LogTime, Origin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $id:literal, $class:ident, $zh:literal, $en:literal;)*) => {
        /// What kind of thing was found.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
            schemars::JsonSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name for programs.
            pub(crate) fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// Its name for people.
            pub(crate) fn title(self, language: Language) -> &'static str {
                match self { $(Self::$name => language.pick($zh, $en),)* }
            }

            pub(crate) fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
            }
        }
    };
}

kinds! {
    /// Two checkpoints by one key of which neither continues the other.
    SplitView, "split_view", Integrity, "账本分叉", "split view";
    /// A source shows fewer entries than it showed before.
    Rollback, "rollback", Integrity, "账本退回", "rollback";
    /// An entry that the rules refuse, or that its signers did not sign.
    BrokenRule, "broken_rule", Integrity, "违规记录", "broken rule";
    /// A checkpoint that the ledger's key did not sign, or that is of another ledger.
    BadCheckpoint, "bad_checkpoint", Integrity, "签名不对", "bad checkpoint";
    /// Entries or tiles that are not what the checkpoint signs.
    BadContent, "bad_content", Integrity, "内容不符", "content differs";
    /// Fewer witnesses than the policy wants have cosigned.
    TooFewWitnesses, "too_few_witnesses", Integrity, "见证不足", "too few witnesses";
    /// Entries that an earlier log had signed are declared lost.
    LossDeclared, "loss_declared", Attention, "丢失声明", "loss declared";
    /// A source, or all of them, are behind what others show.
    Behind, "behind", Attention, "内容落后", "behind";
    /// A step, or an answer, is past its time.
    Overdue, "overdue", Attention, "逾期未办", "overdue";
    /// Nothing was added for a long time.
    Silent, "silent", Attention, "久无新记录", "silent";
    /// A source or witness cannot be read.
    Unreachable, "unreachable", Unchecked, "连不上", "unreachable";
}

/// What a kind of finding means for the answer of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Something does not hold.
    Integrity,
    /// Something could not be checked.
    Unchecked,
    /// All holds, but somebody should act.
    Attention,
}

/// How grave a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// The ledger, or who runs it, cannot be relied on before this is explained.
    Critical,
    /// Somebody should act.
    Warning,
    /// What was told before is over.
    Info,
}

impl Severity {
    pub(crate) fn title(self, language: Language) -> &'static str {
        match self {
            Self::Critical => language.pick("严重", "CRITICAL"),
            Self::Warning => language.pick("提醒", "WARNING"),
            Self::Info => language.pick("已恢复", "SETTLED"),
        }
    }
}

/// Whether it begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// It has been found.
    Found,
    /// It was found before, and is no longer so.
    Settled,
}

/// Something that a monitor has to tell. (监督发现)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub(crate) struct Finding {
    /// When the monitor found it, by its own clock, UTC.
    pub(crate) at: LogTime,
    /// Figures and names, by kind.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) details: Value,
    /// Folder with the evidence, below the monitor's data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) evidence: Option<String>,
    /// The same for every delivery of this finding: what a receiver has seen before it may drop.
    pub(crate) id: String,
    /// The ledger's origin; missing if it is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ledger: Option<Origin>,
    /// What happened and what to do, for people.
    pub(crate) message: String,
    /// The collective's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// How grave it is.
    pub(crate) severity: Severity,
    /// From when on it has been so, as far as the monitor knows.
    pub(crate) since: LogTime,
    /// The source or witness that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// Whether it begins or ends.
    pub(crate) state: Standing,
    /// What it is about: the same when it is found, settled, and found again.
    pub(crate) subject: String,
    /// Whether it is a training ledger, of which nothing is real.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub(crate) training: bool,
    /// How many findings about the same were merged into this one, because nobody took them.
    pub(crate) times: u32,
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
}

impl Finding {
    /// The first line for people: gravity, kind and which ledger.
    pub(crate) fn headline(&self, language: Language) -> String {
        let whose = match (&self.name, &self.ledger) {
            (Some(name), Some(_)) => name.clone(),
            (_, Some(origin)) => origin.to_string(),
            _ => self.source.clone().unwrap_or_default(),
        };
        let training = match self.training {
            true => language.pick("（演示账本）", " (training ledger)"),
            false => "",
        };
        let (severity, kind) = (self.severity.title(language), self.kind.title(language));
        let times = match self.times {
            0 | 1 => String::new(),
            times => language.pick(format!("（{times} 次）"), format!(" ({times} times)")),
        };
        language.pick(
            format!("【{severity}】{kind}{times}：{whose}{training}"),
            format!("[{severity}] {kind}{times}: {whose}{training}"),
        )
    }

    /// So much of the id as people need to name it.
    pub(crate) fn short_id(&self) -> &str {
        self.id.get(..8).unwrap_or(&self.id)
    }

    /// A moment as people in the ledger's country read it.
    pub(crate) fn local(time: LogTime) -> String {
        time.display_at(crate::moment::CHINA_OFFSET_MINUTES)
    }
}

/// Something that is so now, and is told once it has been so for long enough.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) kind: Kind,
    /// Where it was looked for.
    pub(crate) scope: Scope,
    /// What tells it from others of its kind and scope.
    pub(crate) subject: String,
    pub(crate) message: String,
    pub(crate) details: Value,
    pub(crate) evidence: Vec<(&'static str, Vec<u8>)>,
    /// For how many seconds it has to be so before it is told.
    pub(crate) patience_seconds: u64,
}

/// Where a condition is looked for: what was not looked at this time stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// One source or witness.
    Source(String),
    /// Whether enough witnesses have cosigned.
    Witnesses,
    /// What all sources together show.
    Ledger,
    /// What the entries say.
    Record,
}

impl Scope {
    pub(crate) fn source(&self) -> Option<&str> {
        match self {
            Self::Source(place) => Some(place),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_called_the_same_everywhere_and_is_documented() {
        let manual = include_str!("../../../docs/monitor.md");
        for kind in Kind::ALL {
            assert_eq!(serde_json::json!(kind), kind.id());
            let code = match kind.class() {
                Class::Integrity => 1,
                Class::Unchecked => 2,
                Class::Attention => 3,
            };
            let row = manual
                .lines()
                .find(|line| line.starts_with(&format!("| `{}` |", kind.id())));
            assert!(
                row.is_some_and(|row| row.ends_with(&format!("| {code} |"))),
                "{kind:?}"
            );
        }
    }
}
