//! `--rent-schedule`: the dues of a lease written out, so that nobody types them one by one.

use anyhow::bail;
use ledger_core::contract::{Contract, RentSchedule};
use ledger_core::event::Event;
use ledger_core::money::Fen;
use ledger_core::record::{Escalation, PlanDrafting};
use ledger_core::{Language, Step};
use serde_json::{Map, Value, json};

use super::Desk;
use crate::moment;
use crate::terminal::Refused;

/// What the form is, in both languages.
const FORM: (&str, &str) = (
    "首期到期日,期数,每几个月一期,首期金额(元)[,递增][,免租月数]，如 2026-04-01,20,3,30000,5%/36,2；不递增写 none",
    "FIRST_DUE,COUNT,EVERY_MONTHS,AMOUNT_YUAN[,ESCALATION][,RENT_FREE_MONTHS], as in 2026-04-01,20,3,30000,5%/36,2; none for no rise",
);

impl Desk<'_> {
    /// Writes the dues of a rent schedule into `body`; says what it took from the plan.
    pub(super) fn write_out(
        &self,
        text: &str,
        body: &mut Map<String, Value>,
    ) -> anyhow::Result<()> {
        let l = self.terminal.language;
        if body.contains_key("dues") {
            bail!(l.pick(
                "内容里已经有款项，不能再用 --rent-schedule",
                "the content has dues already: leave out --rent-schedule"
            ));
        }
        let transaction = self.drafting.state.transaction_of(&self.drafting.stream);
        let plan = transaction
            .and_then(|transaction| transaction.record(Step::PlanDrafting))
            .and_then(|passed| match &passed.event {
                Event::PlanDrafting(plan) => Some(plan),
                _ => None,
            });
        let contract = transaction.and_then(|transaction| transaction.contract.as_ref());
        let Some(schedule) = read(text, plan, contract) else {
            let (zh, en) = FORM;
            bail!(l.pick(
                format!("--rent-schedule 应写成：{zh}；现为 {text}"),
                format!("--rent-schedule takes {en}; found {text}"),
            ));
        };
        let dues = schedule
            .dues()
            .map_err(|fault| Refused(format!("--rent-schedule：{fault}")))?;
        self.terminal.advise(told(l, &schedule, dues.len()));
        body.insert("dues".to_owned(), json!(dues));
        Ok(())
    }
}

/// The schedule; what it does not say follows the plan: the rise, and the months free of rent if the
/// first rent falls due before they are over.
fn read(
    text: &str,
    plan: Option<&PlanDrafting>,
    contract: Option<&Contract>,
) -> Option<RentSchedule> {
    let mut parts = text.split([',', '，']).map(str::trim);
    let first_due = moment::tidy_date(parts.next()?).parse().ok()?;
    let count = parts.next()?.parse().ok()?;
    let every_months = parts.next()?.parse().ok()?;
    let amount_fen = Fen::from_yuan(parts.next()?).ok()?;
    let escalation = match parts.next() {
        None | Some("") => plan.and_then(|plan| plan.escalation.clone()),
        Some("none") => None,
        Some(text) => Some(rise(text)?),
    };
    let rent_free_months = match parts.next() {
        Some(text) => text.parse().ok()?,
        None => {
            let free = plan.map_or(0, |plan| plan.rent_free_months);
            let start = contract.and_then(|contract| Some(contract.terms.first()?.start));
            let over = start.and_then(|start| start.plus_months(free));
            if over.is_some_and(|over| first_due < over) {
                free
            } else {
                0
            }
        }
    };
    parts.next().is_none().then_some(RentSchedule {
        amount_fen,
        count,
        escalation,
        every_months,
        first_due,
        rent_free_months,
    })
}

/// Reads `5%/36`: five per cent every 36 months. Per cents are read as yuan are, to two decimals.
fn rise(text: &str) -> Option<Escalation> {
    let (rate, months) = text.split_once('/')?;
    let rate = Fen::from_yuan(rate.strip_suffix(['%', '％'])?).ok()?;
    Some(Escalation {
        every_months: months.parse().ok()?,
        rate_basis_points: u32::try_from(rate.get()).ok()?,
    })
}

fn told(l: Language, schedule: &RentSchedule, number: usize) -> String {
    let rise = match &schedule.escalation {
        Some(escalation) => {
            let (months, rate) = (escalation.every_months, escalation.rate_basis_points);
            let rate = format!("{}.{:02}%", rate / 100, rate % 100);
            l.pick(
                format!("每 {months} 个月递增 {rate}"),
                format!("{rate} more every {months} months"),
            )
        }
        None => l.pick("不递增", "no rise").to_owned(),
    };
    let free = schedule.rent_free_months;
    l.pick(
        format!("租金计划：{number} 笔，{rise}，免租 {free} 个月。递增和免租没有写明的按方案。第 15 环节已收的租金不要列入，请从下一期列起。"),
        format!("rent schedule: {number} dues, {rise}, {free} months free of rent; what was not given follows the plan. Leave out rent that step 15 received: begin with the next one."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_people_write_them() {
        let schedule = read("2026/4/1,20,3,30,000", None, None);
        assert!(
            schedule.is_none(),
            "a comma within an amount is a comma between parts"
        );
        let schedule = read("2026/4/1, 20, 3, 30000.5, 5%/36, 2", None, None).unwrap();
        assert_eq!(schedule.first_due.to_string(), "2026-04-01");
        assert_eq!(
            (
                schedule.count,
                schedule.every_months,
                schedule.rent_free_months
            ),
            (20, 3, 2)
        );
        assert_eq!(schedule.amount_fen.get(), 3_000_050);
        let rise = schedule.escalation.unwrap();
        assert_eq!((rise.every_months, rise.rate_basis_points), (36, 500));
        assert!(
            read("2026-04-01,20,3,30000,none", None, None)
                .unwrap()
                .escalation
                .is_none()
        );
        for bad in [
            "",
            "2026-04-01",
            "2026-04-01,20,3",
            "2026-13-01,20,3,1",
            "2026-04-01,x,3,1",
            "2026-04-01,20,3,1,5/36",
            "2026-04-01,20,3,1,5%",
            "2026-04-01,20,3,1,none,1,1",
        ] {
            assert!(read(bad, None, None).is_none(), "{bad}");
        }
    }
}
