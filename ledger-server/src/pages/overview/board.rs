//! All ledgers side by side: a row each, the worst first, with what was found about them. (监督台)

use std::cmp::Reverse;

use ledger_core::LogTime;
use ledger_core::flags::Severity;
use serde_json::{Value, json};

use crate::monitor::finding::{Class, Finding};
use crate::overview::{Lists, Overview, Period};

/// A ledger.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) reports_to: String,
    pub(crate) origin: String,
    pub(crate) training: bool,
    /// Where people read it.
    pub(crate) home: Option<String>,
    /// How many entries were read, and all there are where that is known to be more.
    pub(crate) read: (u64, u64),
    /// Of a monitor: when its copy was last compared with a source.
    pub(crate) compared_at: Option<LogTime>,
    /// None while it has not been read.
    pub(crate) overview: Option<Overview>,
    /// Of a monitor: what it has found and is still so.
    pub(crate) findings: Vec<Finding>,
}

/// All of them.
pub(crate) struct Board {
    pub(crate) period: Period,
    pub(crate) now: LogTime,
    /// Whether this is what a monitor has checked itself, and when it last looked.
    pub(crate) monitor: Option<Option<LogTime>>,
    pub(crate) rows: Vec<Row>,
    /// Everything that a monitor has found and is still so, but what is overdue, the gravest first.
    pub(crate) findings: Vec<Finding>,
}

/// A column that rows are sorted by. (排序)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// What needs somebody most. (先看最急的)
    Urgency,
    Name,
    UnderWay,
    Completed,
    Rate,
    Overdue,
    Concerns,
    Flags,
    Late,
    Last,
    Checked,
}

impl Column {
    pub(crate) const ALL: [Self; 11] = [
        Self::Urgency,
        Self::Name,
        Self::UnderWay,
        Self::Completed,
        Self::Rate,
        Self::Overdue,
        Self::Concerns,
        Self::Flags,
        Self::Late,
        Self::Last,
        Self::Checked,
    ];

    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Urgency => "urgency",
            Self::Name => "name",
            Self::UnderWay => "under_way",
            Self::Completed => "completed",
            Self::Rate => "rate",
            Self::Overdue => "overdue",
            Self::Concerns => "concerns",
            Self::Flags => "flags",
            Self::Late => "late",
            Self::Last => "last",
            Self::Checked => "checked",
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.id() == text)
    }
}

/// Whether a ledger does not hold, or could not be checked: what should be asked about first.
pub(super) fn is_grave(finding: &Finding) -> bool {
    finding.kind.class() != Class::Attention
}

/// A count as a key; more is worse.
fn more(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

impl Row {
    /// How much a row weighs in a column: what should be looked at first has most.
    fn weight(&self, column: Column) -> [i64; 4] {
        let grave = more(self.findings.iter().filter(|one| is_grave(one)).count());
        let found = more(self.findings.len());
        let Some(Overview { counts, as_of }) = &self.overview else {
            return [grave, found, i64::from(column == Column::Checked), 0];
        };
        let overdue = more(as_of.overdue.len());
        let (late, open) = (more(as_of.overdue_concerns()), more(as_of.concerns.len()));
        let flags = |severity| as_of.flags_of(severity).map_or(0, more);
        // What has no rate is neither good nor bad: last in both.
        let missed = counts
            .steps()
            .per_mille()
            .map_or(-1, |rate| 1000 - more(rate));
        match column {
            Column::Urgency => [grave, overdue + late, flags(Severity::High), missed],
            Column::Name => [0; 4],
            Column::UnderWay => [more(as_of.under_way), 0, 0, 0],
            Column::Completed => [more(counts.completed), 0, 0, 0],
            Column::Rate => [missed, more(counts.steps().late), 0, 0],
            Column::Overdue => [overdue, 0, 0, 0],
            Column::Concerns => [late, open, more(counts.concerns_answered_late), 0],
            Column::Flags => [
                flags(Severity::High),
                flags(Severity::Medium),
                flags(Severity::Low),
                0,
            ],
            Column::Late => [more(counts.recorded_late), 0, 0, 0],
            Column::Last => [-as_of.last_at.map_or(0, LogTime::unix), 0, 0, 0],
            Column::Checked => [grave, found, -self.compared_at.map_or(0, LogTime::unix), 0],
        }
    }

    /// Whether every word stands in its name, place, office or origin.
    pub(crate) fn mentions(&self, words: &str) -> bool {
        let text = [&self.name, &self.region, &self.reports_to, &self.origin];
        let text = text.map(|part| part.to_lowercase()).join("\n");
        let words = words.to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    }

    /// A page of the ledger.
    pub(crate) fn link(&self, path: &str) -> Option<String> {
        self.home.as_ref().map(|home| format!("{home}{path}"))
    }

    /// For programs; with what is late in the period, if that is asked for.
    pub(crate) fn to_json(&self, late: Option<&Lists>) -> Value {
        let mut value = json!({
            "name": self.name, "region": self.region, "origin": self.origin,
            "training": self.training, "home": self.home, "read": self.read.0, "size": self.read.1,
            "compared_at": self.compared_at,
        });
        let Some(Overview { counts, as_of }) = &self.overview else {
            return value;
        };
        let steps = counts.steps();
        value["period"] = json!(counts);
        value["period"]["steps_recorded"] = json!(steps);
        value["as_of"] = match late {
            Some(_) => json!(as_of),
            None => json!({
                "at": as_of.at, "size": as_of.size, "last_at": as_of.last_at,
                "under_way": as_of.under_way, "overdue": as_of.overdue.len(),
                "concerns": as_of.concerns.len(), "concerns_overdue": as_of.overdue_concerns(),
                "flags": as_of.flags_by_severity(),
            }),
        };
        if let Some(late) = late {
            value["late"] = json!(late);
        }
        value
    }
}

impl Board {
    /// The worst first in that column, by name where they are alike; or the other way round.
    pub(crate) fn sort(&mut self, column: Column, reverse: bool) {
        self.rows.sort_by(|one, other| {
            (one.name.as_str(), &one.origin).cmp(&(other.name.as_str(), &other.origin))
        });
        match (column, reverse) {
            (Column::Name, false) => {}
            (Column::Name, true) => self.rows.reverse(),
            (_, false) => self.rows.sort_by_key(|row| Reverse(row.weight(column))),
            (_, true) => self.rows.sort_by_key(|row| row.weight(column)),
        }
    }

    /// For programs: all rows, or one with what to look into.
    pub(crate) fn to_json(&self, one: Option<(&Row, &Lists)>) -> Value {
        let (first, last) = self.period.months();
        let mut value = json!({
            "version": 1,
            "period": self.period.to_string(),
            "from": first.map(|month| month.to_string()),
            "to": last.map(|month| month.to_string()),
            "now": self.now,
            "checked_here": self.monitor.is_some(),
            "looked_at": self.monitor.flatten(),
        });
        match one {
            Some((row, late)) => {
                value["ledger"] = row.to_json(Some(late));
                value["findings"] = json!(row.findings);
            }
            None => {
                let rows = self.rows.iter().map(|row| row.to_json(None));
                value["ledgers"] = rows.collect();
                value["findings"] = json!(self.findings);
            }
        }
        value
    }
}
