//! Who signs the events that have no rule of their own elsewhere in the charter. (其他事件的签署规则)

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SigningRule;

/// A signing rule for each kind of event that needs one here: exactly one each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, SigningRule>",
    into = "BTreeMap<String, SigningRule>"
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("propertyNames" = {"enum": EventSigning::KINDS}, "required" = EventSigning::KINDS)))]
pub struct EventSigning(BTreeMap<String, SigningRule>);

impl EventSigning {
    /// The kinds of event that the charter names here.
    ///
    /// A correction is signed as what it corrects, a declaration by who declares.
    pub const KINDS: [&'static str; 23] = [
        "asset_returned",
        "concern_answered",
        "concern_closed",
        "concern_hidden",
        "concern_raised",
        "concern_rated",
        "contract_amended",
        "contract_renewed",
        "contract_taken_over",
        "contract_terminated",
        "document_erased",
        "finding_answered",
        "finding_raised",
        "integrity_agreed",
        "meeting_held",
        "opinion_given",
        "payment_due",
        "payment_made",
        "payment_received",
        "period_attested",
        "returned",
        "step_waived",
        "terminated",
    ];

    /// The kinds that the intake key signs for residents, and no other.
    pub const INTAKE: [&'static str; 2] = ["concern_raised", "concern_rated"];

    /// The rule for a kind of event.
    #[must_use]
    pub fn of(&self, kind: &str) -> Option<&SigningRule> {
        self.0.get(kind)
    }

    /// All rules, by kind.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SigningRule)> {
        self.0.iter().map(|(kind, rule)| (kind.as_str(), rule))
    }
}

impl TryFrom<BTreeMap<String, SigningRule>> for EventSigning {
    type Error = String;
    fn try_from(rules: BTreeMap<String, SigningRule>) -> Result<Self, String> {
        if let Some(kind) = Self::KINDS.iter().find(|kind| !rules.contains_key(**kind)) {
            return Err(format!(
                "缺少事件 {kind} 的签署规则 (the rule for {kind} is missing)"
            ));
        }
        if let Some(kind) = rules
            .keys()
            .find(|kind| !Self::KINDS.contains(&kind.as_str()))
        {
            return Err(format!(
                "{kind} 不在此规定；可用 (not ruled here; one of): {}",
                Self::KINDS.join(", ")
            ));
        }
        Ok(Self(rules))
    }
}

impl From<EventSigning> for BTreeMap<String, SigningRule> {
    fn from(signing: EventSigning) -> Self {
        signing.0
    }
}
