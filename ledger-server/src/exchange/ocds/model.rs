//! The parts of OCDS 1.1 that a ledger can fill, as they are written in JSON.
//!
//! Numbers are written digit by digit from exact values and never pass through floating point. What is
//! empty is left out, as the standard asks. Follows the OCDS 1.1.5 release schema and codelists.

use ledger_core::money::{Decimal, Fen};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON number with exactly these digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number(String);

impl Number {
    /// A sum in yuan, with two decimals.
    pub(super) fn yuan(fen: Fen) -> Self {
        Self(format!("{}.{:02}", fen.get() / 100, fen.get() % 100))
    }

    /// A decimal as it stands.
    pub(super) fn decimal(decimal: Decimal) -> Self {
        Self(decimal.to_string())
    }

    /// A count.
    pub(super) fn count(count: u32) -> Self {
        Self(count.to_string())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

macro_rules! objects {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct $name {
            $($(#[$field_doc])* #[serde(skip_serializing_if = "Fill::is_empty")] pub(super) $field: $type,)*
        }

        impl Fill for $name {
            fn is_empty(&self) -> bool {
                $(self.$field.is_empty())&&*
            }
        }
    )*};
}

/// Whether there is anything to write.
pub(super) trait Fill {
    fn is_empty(&self) -> bool;
}

impl Fill for String {
    fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }
}

impl Fill for &str {
    fn is_empty(&self) -> bool {
        str::is_empty(self)
    }
}

impl<T> Fill for Vec<T> {
    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

impl<T: Fill> Fill for Option<T> {
    fn is_empty(&self) -> bool {
        self.as_ref().is_none_or(Fill::is_empty)
    }
}

impl Fill for Number {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

objects! {
    /// What was known of one contracting process at one moment.
    Release {
        ocid: String,
        id: String,
        date: String,
        tag: Vec<&'static str>,
        initiation_type: &'static str,
        language: &'static str,
        parties: Vec<Party>,
        buyer: Option<Reference>,
        planning: Planning,
        tender: Tender,
        awards: Vec<Award>,
        contracts: Vec<Contract>,
    }

    /// An organisation, or a person whose name is masked.
    Party {
        id: String,
        name: String,
        identifier: Option<Identifier>,
        address: Option<Address>,
        roles: Vec<&'static str>,
    }

    /// A number by which an organisation is known. No scheme of org-id.guide is claimed for it.
    Identifier {
        id: String,
        legal_name: String,
    }

    /// Where an organisation is.
    Address {
        region: String,
        country_name: &'static str,
    }

    /// A party, named elsewhere.
    Reference {
        id: String,
        name: String,
    }

    /// Money.
    Value {
        amount: Number,
        currency: &'static str,
    }

    /// From when to when.
    Period {
        start_date: String,
        end_date: String,
    }

    /// Steps 1 to 9.
    Planning {
        rationale: String,
        documents: Vec<Document>,
        milestones: Vec<Milestone>,
    }

    /// Steps 5 to 11.
    Tender {
        id: String,
        title: String,
        description: String,
        status: &'static str,
        procuring_entity: Option<Reference>,
        items: Vec<Item>,
        value: Option<Value>,
        min_value: Option<Value>,
        procurement_method: &'static str,
        procurement_method_details: String,
        main_procurement_category: &'static str,
        tender_period: Option<Period>,
        eligibility_criteria: String,
        number_of_tenderers: Option<Number>,
        tenderers: Vec<Reference>,
        documents: Vec<Document>,
        milestones: Vec<Milestone>,
    }

    /// What is dealt in.
    Item {
        id: String,
        description: String,
        quantity: Option<Number>,
        unit: Option<Unit>,
    }

    /// What the quantity counts, and what one of it costs.
    Unit {
        name: String,
        value: Option<Value>,
    }

    /// Steps 12 and 13.
    Award {
        id: String,
        title: String,
        description: String,
        status: &'static str,
        date: String,
        value: Option<Value>,
        suppliers: Vec<Reference>,
        documents: Vec<Document>,
    }

    /// Step 14, and what became of it.
    Contract {
        id: String,
        #[serde(rename = "awardID")]
        award_id: String,
        title: String,
        description: String,
        status: &'static str,
        period: Option<Period>,
        value: Option<Value>,
        date_signed: String,
        documents: Vec<Document>,
        amendments: Vec<Amendment>,
        implementation: Implementation,
    }

    /// A change of a contract.
    Amendment {
        id: String,
        date: String,
        rationale: String,
    }

    /// Steps 15 and 16, and all payments.
    Implementation {
        transactions: Vec<Payment>,
        milestones: Vec<Milestone>,
        documents: Vec<Document>,
    }

    /// Money that was paid.
    Payment {
        id: String,
        date: String,
        value: Option<Value>,
        payer: Option<Reference>,
        payee: Option<Reference>,
    }

    /// A step that was done, or a day on which something falls due.
    Milestone {
        id: String,
        title: String,
        r#type: &'static str,
        description: String,
        code: &'static str,
        due_date: String,
        date_met: String,
        status: &'static str,
    }

    /// A document by its digest.
    Document {
        id: String,
        document_type: &'static str,
        title: String,
        url: String,
        date_published: String,
        language: &'static str,
    }

    /// Who publishes a package.
    Publisher {
        name: String,
        uid: String,
    }
}

/// Money, in yuan.
pub(super) fn cny(fen: Fen) -> Value {
    Value {
        amount: Number::yuan(fen),
        currency: "CNY",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_digit_by_digit_and_what_is_empty_is_left_out() {
        let value = cny(Fen::MAX);
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, r#"{"amount":90071992547409.91,"currency":"CNY"}"#);
        let period = Period {
            start_date: "2018-03-02T00:00:00+08:00".to_owned(),
            end_date: String::new(),
        };
        let json = serde_json::to_string(&period).unwrap();
        assert_eq!(json, r#"{"startDate":"2018-03-02T00:00:00+08:00"}"#);
    }
}
