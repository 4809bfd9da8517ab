//! How long: a number and its unit. Knows nothing of when.

use serde::{Deserialize, Serialize};

/// A span that no charter can mean.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpanError {
    /// A span longer than a hundred years.
    #[error(
        "expected a span of at most {most} {unit}, found {found} (期限过长：最多 {most} {unit_zh}，实为 {found})"
    )]
    TooLong {
        /// The most that is accepted.
        most: u32,
        /// The unit, in English.
        unit: &'static str,
        /// The unit, in Chinese.
        unit_zh: &'static str,
        /// The length that was found.
        found: u32,
    },
}

/// In what a span is counted. (期限单位)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SpanUnit {
    /// Days on which offices work. (工作日)
    WorkingDays,
    /// Natural days. (日)
    Days,
    /// Hours of 3,600 seconds. (小时)
    Hours,
    /// Minutes of 60 seconds. (分钟)
    Minutes,
    /// Seconds. (秒)
    Seconds,
}

impl SpanUnit {
    /// The Chinese name.
    #[must_use]
    pub const fn label_zh(self) -> &'static str {
        match self {
            Self::WorkingDays => "个工作日",
            Self::Days => "天",
            Self::Hours => "小时",
            Self::Minutes => "分钟",
            Self::Seconds => "秒",
        }
    }

    /// The English name, in the plural.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::WorkingDays => "working days",
            Self::Days => "days",
            Self::Hours => "hours",
            Self::Minutes => "minutes",
            Self::Seconds => "seconds",
        }
    }

    /// A number of units in English: `1 working day`, `5 working days`.
    pub(super) fn counted_en(self, length: u32) -> String {
        let unit = self.label_en();
        match length {
            1 => format!("1 {}", unit.trim_end_matches('s')),
            _ => format!("{length} {unit}"),
        }
    }

    /// Seconds in one unit; `None` for units that follow the calendar.
    pub(super) const fn seconds(self) -> Option<u64> {
        match self {
            Self::WorkingDays | Self::Days => None,
            Self::Hours => Some(3_600),
            Self::Minutes => Some(60),
            Self::Seconds => Some(1),
        }
    }

    /// A hundred years in this unit.
    const fn most(self) -> u32 {
        match self {
            Self::WorkingDays | Self::Days => 36_525,
            Self::Hours => 876_600,
            Self::Minutes => 52_596_000,
            Self::Seconds => 3_155_760_000,
        }
    }
}

/// A length of time and its unit, at most a hundred years. (期限)
///
/// In JSON `{"length":5,"unit":"working_days"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "SpanFields", try_from = "SpanFields")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Span {
    length: u32,
    unit: SpanUnit,
}

impl Span {
    /// `length` units.
    ///
    /// # Errors
    /// [`SpanError::TooLong`] above a hundred years.
    pub const fn new(length: u32, unit: SpanUnit) -> Result<Self, SpanError> {
        if length <= unit.most() {
            return Ok(Self { length, unit });
        }
        Err(SpanError::TooLong {
            most: unit.most(),
            unit: unit.label_en(),
            unit_zh: unit.label_zh(),
            found: length,
        })
    }

    /// How many units.
    #[must_use]
    pub const fn length(self) -> u32 {
        self.length
    }

    /// The unit.
    #[must_use]
    pub const fn unit(self) -> SpanUnit {
        self.unit
    }

    /// In Chinese: `5 个工作日`.
    #[must_use]
    pub fn label_zh(self) -> String {
        format!("{} {}", self.length, self.unit.label_zh())
    }

    /// In English: `5 working days`.
    #[must_use]
    pub fn label_en(self) -> String {
        self.unit.counted_en(self.length)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Span"))]
struct SpanFields {
    /// How many. (数量)
    length: u32,
    /// Of what. (单位)
    unit: SpanUnit,
}

impl From<Span> for SpanFields {
    fn from(Span { length, unit }: Span) -> Self {
        Self { length, unit }
    }
}

impl TryFrom<SpanFields> for Span {
    type Error = SpanError;
    fn try_from(SpanFields { length, unit }: SpanFields) -> Result<Self, SpanError> {
        Self::new(length, unit)
    }
}
