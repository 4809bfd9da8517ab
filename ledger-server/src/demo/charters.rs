//! The charters of the year: the default one, and as the assembly amends it in June. (年度章程)

use ledger_core::charter::{Charter, CharterError};
use ledger_core::time::Date;

use super::clock::{Clock, Workday};
use super::fault::DemoError;
use super::founding::year_charter;

/// What is changed in June, as JSON Pointers and values. (六月修订的内容)
const AMENDMENT: [(&str, &str); 6] = [
    ("/version", "2"),
    ("/steps/publish_plan/open_for/span/length", "7"),
    (
        "/steps/publish_plan/open_for/basis",
        r#"{"mark": "D", "source": "2018 年 6 月成员大会修订（示例）：由 5 个工作日延长为 7 个"}"#,
    ),
    ("/waivers/0/at_most_fen", "3000000"),
    (
        "/waivers/0/basis",
        r#"{"mark": "D", "source": "2018 年 6 月成员大会修订（示例）：小额交易上限由 5 万元降为 3 万元"}"#,
    ),
    (
        "/title",
        r#""村集体三资交易十六环节明白纸（2018 年 6 月修订；演示账本，由公开规则重构的默认章程，非东塱原文）""#,
    ),
];

/// Why, as the adoption says.
pub(crate) const REASON: &str = "成员反映方案公开五个工作日看不完、小额交易上限偏高。成员大会决定：方案公开期延长为七个工作日，\
     小额交易免办环节的上限由 5 万元降为 3 万元。已经开始的交易仍按原章程办完。（示例）";

/// Both charters, and when the second was adopted. (新旧章程)
#[derive(Debug, Clone)]
pub(crate) struct Charters {
    pub(crate) first: Charter,
    pub(crate) amended: Charter,
    pub(crate) amended_on: Workday,
}

impl Charters {
    pub(crate) fn new(clock: &Clock) -> Result<Self, DemoError> {
        let first = year_charter()?;
        Ok(Self {
            amended: amended(&first)?,
            first,
            amended_on: clock.from(Date::new(2018, 6, 25)?),
        })
    }

    /// The one that governs a transaction: what had begun finishes under the first. Transactions of a
    /// day are recorded before the ledger's own affairs.
    pub(crate) fn of(&self, begun_on: Option<Workday>) -> &Charter {
        if begun_on > Some(self.amended_on) {
            &self.amended
        } else {
            &self.first
        }
    }
}

fn amended(charter: &Charter) -> Result<Charter, DemoError> {
    let fault = |path: &str, fault: String| CharterError {
        path: path.to_owned(),
        fault,
    };
    let mut text = serde_json::to_value(charter).map_err(|e| fault("", e.to_string()))?;
    for (path, value) in AMENDMENT {
        let value = serde_json::from_str(value).map_err(|e| fault(path, e.to_string()))?;
        let Some(place) = text.pointer_mut(path) else {
            return Err(fault(path, "缺少 (missing)".to_owned()).into());
        };
        *place = value;
    }
    Ok(Charter::parse(&text.to_string())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::step::Step;

    #[test]
    fn the_amendment_changes_what_it_says() {
        let charter = year_charter().unwrap();
        let amended = amended(&charter).unwrap();
        let days = |charter: &Charter| {
            let rule = charter.steps.of(Step::PublishPlan).open_for.clone();
            rule.unwrap().span.length()
        };
        assert_eq!((days(&charter), days(&amended)), (5, 7));
        assert_eq!((charter.version, amended.version), (1, 2));
        assert_ne!(charter.waivers[0], amended.waivers[0]);
        assert_eq!(charter.waivers[1], amended.waivers[1]);
    }
}
