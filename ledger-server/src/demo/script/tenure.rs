//! What is recorded of a contract's dues and payments. (合同收付)

use ledger_core::record::{AccountKind, Due, PaymentDue, PaymentMade, PaymentReceived};
use ledger_core::time::Date;

use super::Script;
use crate::demo::fault::DemoError;
use crate::demo::papers::sample;
use crate::demo::plan::{Deal, Scene};

/// The schedule of a contract.
pub(super) fn due(deal: Scene<'_>) -> Result<PaymentDue, DemoError> {
    let contract = deal.numbered("HT");
    let terms = match (deal.item.is_spending(), deal.dues.len()) {
        (true, 1) => "交付后 30 日内一次付清。",
        (true, _) => "验收后 30 日内付工程款，质保金满一年无质量问题再付。",
        (false, _) => "按期预付，首期已在交付时收讫，其余各期登记如下。",
    };
    Ok(PaymentDue {
        documents: Vec::new(),
        dues: deal.dues.clone(),
        summary: format!("按合同 {contract} 第四条：{terms}").parse()?,
    })
}

impl Script<'_> {
    pub(super) fn received(
        &mut self,
        deal: Scene<'_>,
        place: usize,
        received_on: Date,
    ) -> Result<PaymentReceived, DemoError> {
        let due = of(&deal, place)?;
        let (payer, purpose) = (deal.winner()?, &due.purpose);
        let paper = self
            .papers
            .write("receipt", "收款票据", &sample("收款票据"))?;
        Ok(PaymentReceived {
            amount_fen: due.amount_fen,
            documents: vec![paper],
            dues: vec![due.id.clone()],
            received_on,
            summary: format!("收{payer}交来{purpose} {} 元。", due.amount_fen).parse()?,
            payer,
            voucher: format!("{}-{}", deal.numbered("SK"), place + 2).parse()?,
        })
    }

    pub(super) fn paid(
        &mut self,
        deal: Scene<'_>,
        place: usize,
        paid_on: Date,
    ) -> Result<PaymentMade, DemoError> {
        let due = of(&deal, place)?;
        let (payee, purpose) = (deal.winner()?, &due.purpose);
        let paper = self
            .papers
            .write("voucher", "付款凭证、发票", &sample("付款凭证、发票"))?;
        Ok(PaymentMade {
            account: AccountKind::Corporate,
            amount_fen: due.amount_fen,
            documents: vec![paper],
            dues: vec![due.id.clone()],
            paid_on,
            summary: format!(
                "凭验收单和发票，转账付{payee}{purpose} {} 元。",
                due.amount_fen
            )
            .parse()?,
            payee,
            voucher: format!("{}-{}", deal.numbered("FK"), place + 1).parse()?,
        })
    }
}

fn of(deal: &Deal, place: usize) -> Result<&Due, DemoError> {
    let due = deal.dues.get(place);
    due.ok_or(DemoError::YearTooShort {
        name: deal.item.name,
    })
}
