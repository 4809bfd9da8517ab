//! What steps 9 to 15 record: review, listing, bidding, contract, handover. (审查、交易与签约)

use ledger_core::event::Event;
use ledger_core::money::{Fen, PriceBasis};
use ledger_core::record::{
    Applicant, BidderQualification, Bidding, BiddingOutcome, Conclusion, ContractSigning,
    DocumentRef, HandoverAndReceipt, ListingNotice, Method, PlatformLevel, ReceivedAmount,
    ResultAndObjection, StreetReview,
};
use ledger_core::step::Step;
use ledger_core::text::Line;
use ledger_core::time::Date;

use super::{COLLECTIVE, Script};
use crate::demo::course::Course;
use crate::demo::fault::DemoError;
use crate::demo::plan::{Deal, Scene};
use crate::demo::tenure::term;

impl Script<'_> {
    /// What a step from 9 on records that is no publication.
    pub(super) fn traded(
        &self,
        deal: Scene<'_>,
        step: Step,
        documents: Vec<DocumentRef>,
    ) -> Result<Event, DemoError> {
        Ok(match step {
            Step::StreetReview => Event::StreetReview(reviewed(&deal, documents)?),
            Step::ListingNotice => Event::ListingNotice(self.listed(deal, documents)?),
            Step::BidderQualification => Event::BidderQualification(qualified(deal, documents)?),
            Step::Bidding => Event::Bidding(self.bid(deal, documents)?),
            Step::ResultAndObjection => Event::ResultAndObjection(self.announced(deal, documents)?),
            Step::ContractSigning => Event::ContractSigning(self.signed(deal, documents)?),
            _ => Event::HandoverAndReceipt(self.handed_over(deal, documents)?),
        })
    }

    fn listed(
        &self,
        deal: Scene<'_>,
        documents: Vec<DocumentRef>,
    ) -> Result<ListingNotice, DemoError> {
        let date = deal.date(Step::ListingNotice, &self.plan.clock);
        let opens_on = date.plus_days(1).unwrap_or(Date::MAX);
        let closes_on = deal.act.open_until.unwrap_or(opens_on);
        let (again, number) = match deal.times(Step::ListingNotice) {
            0 | 1 => ("", deal.numbered("JY")),
            times => ("再次", format!("{}-{times}", deal.numbered("JY"))),
        };
        let window = self.window(&deal, Step::ListingNotice, "公告期");
        let increment = (deal.item.method == Method::OpenBidding)
            .then(|| Fen::new((deal.terms.reserve_fen / 50 / 1_000).max(1) * 1_000));
        Ok(ListingNotice {
            bid_increment_fen: increment.transpose()?,
            closes_at: self.plan.clock.at_hour(closes_on, 17)?,
            documents,
            extension_rule: "最后 5 分钟内有新报价的，顺延 5 分钟".parse()?,
            listing_number: number.parse()?,
            opens_at: self.plan.clock.at_hour(opens_on, 9)?,
            summary: format!("{again}发布{}的交易公告 {number}{window}。", deal.subject())
                .parse()?,
        })
    }

    fn bid(&self, deal: Scene<'_>, documents: Vec<DocumentRef>) -> Result<Bidding, DemoError> {
        if deal.fails() {
            return failed(deal, documents);
        }
        let bidders = u32::try_from(deal.admitted().count()).unwrap_or(u32::MAX);
        let (price, winner) = (deal.won()?, deal.winner()?);
        let summary = format!(
            "{bidders} 人参与，出价 {} 次，{winner}以 {price} 成交。",
            deal.bids
        );
        Ok(Bidding {
            bidders,
            bids: deal.bids,
            documents,
            held_at: deal.act.at,
            outcome: BiddingOutcome::Won { price, winner },
            round: deal.times(Step::Bidding),
            summary: summary.parse()?,
        })
    }

    fn announced(
        &self,
        deal: Scene<'_>,
        documents: Vec<DocumentRef>,
    ) -> Result<ResultAndObjection, DemoError> {
        let window = self.window(&deal, Step::ResultAndObjection, "公示期");
        Ok(ResultAndObjection {
            documents,
            notice: format!("三资平台公告 {}，祠堂前公开栏", deal.numbered("JG")).parse()?,
            objections_to: "公示期内向交易服务机构或街道书面提出（示例）。".parse()?,
            summary: format!("公示{}的结果{window}。", deal.subject()).parse()?,
        })
    }

    /// How long a step stays open, as the charter says, for a summary.
    fn window(&self, deal: &Deal, step: Step, name: &str) -> String {
        let rule = self.plan.charter_of(deal).steps.of(step).open_for.as_ref();
        let label = rule.map(|rule| format!("，{name} {}", rule.span.label_zh()));
        label.unwrap_or_default()
    }

    fn signed(
        &self,
        deal: Scene<'_>,
        documents: Vec<DocumentRef>,
    ) -> Result<ContractSigning, DemoError> {
        let signed_on = deal.date(Step::ContractSigning, &self.plan.clock);
        let (term_start, term_end) = term(signed_on, deal.item.months).unzip();
        let (number, amount_fen) = (deal.numbered("HT"), Fen::new(deal.terms.amount_fen)?);
        let winner = deal.winner()?;
        Ok(ContractSigning {
            amount_fen,
            contract_number: number.parse()?,
            documents,
            parties: vec![COLLECTIVE.parse()?, winner.clone()],
            performance_bond_fen: Fen::new(deal.terms.deposit_fen)?,
            signed_on,
            summary: format!("与{winner}签订 {number}，总额 {amount_fen} 元，报街道备案。")
                .parse()?,
            term_end,
            term_start,
        })
    }

    fn handed_over(
        &self,
        deal: Scene<'_>,
        documents: Vec<DocumentRef>,
    ) -> Result<HandoverAndReceipt, DemoError> {
        let date = deal.date(Step::HandoverAndReceipt, &self.plan.clock);
        let losers = match deal.item.course {
            // Who was only asked for a price paid no deposit.
            Course::Waived => 0,
            _ => deal.admitted().count().saturating_sub(1) as u64,
        };
        let refunded = Fen::new(deal.terms.deposit_fen * losers)?;
        let receipt = |fen: u64, kind: &str| -> Result<ReceivedAmount, DemoError> {
            Ok(ReceivedAmount {
                amount_fen: Fen::new(fen)?,
                received_on: date,
                voucher: deal.numbered(kind).parse()?,
            })
        };
        let mut received = vec![receipt(deal.terms.deposit_fen, "BZ")?];
        if !deal.item.is_spending() {
            received.push(receipt(deal.first_payment_fen(), "SK")?);
        }
        let summary = format!(
            "{}已交接，款项与票据相符；退还保证金 {refunded} 元。",
            deal.item.name
        );
        Ok(HandoverAndReceipt {
            deposits_refunded_fen: refunded,
            documents,
            handed_over_on: date,
            received,
            summary: summary.parse()?,
        })
    }
}

fn reviewed(deal: &Deal, documents: Vec<DocumentRef>) -> Result<StreetReview, DemoError> {
    let platform_level = match deal.terms.amount_fen {
        5_000_000.. => PlatformLevel::District,
        2_000_000.. => PlatformLevel::Street,
        _ => PlatformLevel::Village,
    };
    let conclusion = if deal.number % 13 == 6 {
        let conditions = "合同草案须补充安全责任条款后再发布公告。".parse()?;
        Conclusion::AgreedWithConditions { conditions }
    } else {
        Conclusion::Agreed {}
    };
    let summary = format!("材料齐全，程序合规，同意在{}交易。", platform_level.zh());
    Ok(StreetReview {
        conclusion,
        documents,
        platform_level,
        summary: summary.parse()?,
    })
}

/// A bidding to which nobody came.
fn failed(deal: Scene<'_>, documents: Vec<DocumentRef>) -> Result<Bidding, DemoError> {
    let reason = "报名截止无合格竞买人，流拍";
    Ok(Bidding {
        bidders: 0,
        bids: 0,
        documents,
        held_at: deal.act.at,
        outcome: BiddingOutcome::Failed {
            reason: reason.parse()?,
        },
        round: deal.times(Step::Bidding),
        summary: format!("{}：{reason}。", deal.subject()).parse()?,
    })
}

fn qualified(
    deal: Scene<'_>,
    documents: Vec<DocumentRef>,
) -> Result<BidderQualification, DemoError> {
    let mut applicants = Vec::new();
    let came = deal.bidders.iter().filter(|_| !deal.fails());
    for bidder in came {
        let deposit = if bidder.refused_for.is_some() {
            0
        } else {
            deal.terms.deposit_fen
        };
        applicants.push(Applicant {
            admitted: bidder.refused_for.is_none(),
            deposit_fen: Fen::new(deposit)?,
            name: bidder.name.parse()?,
            reason: bidder.refused_for.map(str::parse).transpose()?,
        });
    }
    // Who applied first is not who wins.
    applicants.sort_by(|one, other| one.name.cmp(&other.name));
    let admitted = applicants.iter().filter(|a| a.admitted).count();
    let summary = format!("报名 {} 人，合格 {admitted} 人。", applicants.len());
    Ok(BidderQualification {
        applicants,
        documents,
        summary: summary.parse()?,
    })
}

impl Deal {
    pub(super) fn winner(&self) -> Result<Line, DemoError> {
        let name = self.bidders.first().map_or("", |bidder| &bidder.name);
        Ok(name.parse()?)
    }

    /// What is paid on handover: all of a total, else a quarter's or a year's.
    fn first_payment_fen(&self) -> u64 {
        match self.item.basis {
            PriceBasis::PerMonth => self.terms.won_fen * 3,
            PriceBasis::PerYear => self.terms.won_fen,
            PriceBasis::Total
            | PriceBasis::PerMu
            | PriceBasis::PerSquareMetre
            | PriceBasis::PerSqmMonth
            | PriceBasis::PerMuYear => self.terms.amount_fen,
        }
    }

    pub(super) fn contract_text(&self) -> String {
        let amount = Fen::new(self.terms.amount_fen).unwrap_or_default();
        let winner = self.bidders.first().map_or("", |bidder| &bidder.name);
        format!(
            "合同 {}（示例）\n\n甲方：{COLLECTIVE}\n乙方：{winner}\n标的：{}\n总额：{amount} 元",
            self.numbered("HT"),
            self.subject(),
        )
    }
}
