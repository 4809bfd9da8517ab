//! What a planned transaction's events say. (演示事件内容)
//!
//! Turns the plan's data into records, step by step; knows nothing of keys, order or time of recording.

use ledger_core::charter::VotingBody;
use ledger_core::event::Event;
use ledger_core::money::{Area, AreaUnit, Fen, Price};
use ledger_core::record::{
    Asset, AssetKind, AssetVerification, Conclusion, DocumentRef, FeedbackAndValuation, MemberVote,
    Method, PartyReview, PlanDrafting, ProposalInitiation, ValuationMethod,
};
use ledger_core::step::Step;
use ledger_core::time::Date;

use super::clock::Clock;
use super::course::Course;
use super::dice::Dice;
use super::fault::DemoError;
use super::papers::{Papers, sample};
use super::plan::{Deal, Plan, Scene};

mod beside;
mod own;
mod published;
mod tenure;
mod traded;
mod voiced;

pub(crate) use voiced::voiced;

/// The collective as the ledger and its contracts name it.
pub(crate) const COLLECTIVE: &str = "东塱经济联社（演示）";

/// Members of the assembly, those of them with a vote, and representatives.
pub(crate) const ASSEMBLY: (u32, u32) = (900, 760);
const REPRESENTATIVES: u32 = 45;

/// The area of what is corrected, as it is first written.
const MISWRITTEN_TENTHS: u64 = 2_680;

/// Writes events.
pub(crate) struct Script<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) papers: Papers,
}

impl Script<'_> {
    /// What a step records that is no publication.
    pub(crate) fn step(&mut self, deal: Scene<'_>, step: Step) -> Result<Event, DemoError> {
        let documents = self.documents(deal, step)?;
        Ok(match step {
            Step::AssetVerification => Event::AssetVerification(asset_verified(&deal, documents)?),
            Step::ProposalInitiation => Event::ProposalInitiation(proposed(&deal, documents)?),
            Step::PartyReview => Event::PartyReview(self.party_reviewed(deal, documents)?),
            Step::FeedbackAndValuation => {
                Event::FeedbackAndValuation(self.valued(deal, documents)?)
            }
            Step::PlanDrafting => Event::PlanDrafting(planned(deal, documents)?),
            Step::MemberVote => Event::MemberVote(self.voted(deal, documents)?),
            _ => self.traded(deal, step, documents)?,
        })
    }

    /// The papers that a step needs, and those that the charter lets it have where they fit.
    fn documents(&mut self, deal: Scene<'_>, step: Step) -> Result<Vec<DocumentRef>, DemoError> {
        let mut documents = Vec::new();
        for rule in &self.plan.charter_of(&deal).steps.of(step).documents {
            let kind = rule.kind.as_str();
            let fits = match kind {
                "area_survey" => deal.item.area_tenths > 0,
                "current_contract" => deal.has_contract(),
                _ => true,
            };
            if !rule.required && !fits {
                continue;
            }
            let title = rule.title.as_str();
            let text = match kind {
                "contract" => deal.contract_text(),
                "notice" | "attendance" | "tally" | "minutes" => {
                    let date = deal.date(Step::MemberVote, &self.plan.clock);
                    format!("{date} 会议案卷：通知、签到、计票、记录。当日各项议题共用这一份。")
                }
                _ => sample(title),
            };
            documents.push(self.papers.write(kind, title, &text)?);
        }
        Ok(documents)
    }

    fn party_reviewed(
        &self,
        deal: Scene<'_>,
        documents: Vec<DocumentRef>,
    ) -> Result<PartyReview, DemoError> {
        let conclusion = if deal.number % 9 == 4 {
            let conditions = "须先听取相邻成员意见，再定方案。".parse()?;
            Conclusion::AgreedWithConditions { conditions }
        } else {
            Conclusion::Agreed {}
        };
        Ok(PartyReview {
            conclusion,
            documents,
            met_on: deal.date(Step::PartyReview, &self.plan.clock),
            summary: format!("党组织会议研究了{}一事，形成纪要。", deal.subject()).parse()?,
        })
    }

    fn valued(
        &self,
        deal: Scene<'_>,
        documents: Vec<DocumentRef>,
    ) -> Result<FeedbackAndValuation, DemoError> {
        let (method, valuer) = match (deal.item.method, deal.item.kind) {
            (Method::Renewal, _) => (ValuationMethod::Comparison, "理事会、会计（比照相邻标的）"),
            (Method::SmallValue, AssetKind::Asset) => (ValuationMethod::BookValue, "会计"),
            (Method::Tender, _) => (ValuationMethod::Appraisal, "信*资产评估有限公司"),
            _ => (ValuationMethod::Inquiry, "三家询价小组"),
        };
        let reserve_price = deal.reserve()?;
        let word = if deal.item.is_spending() {
            "控制价"
        } else {
            "底价"
        };
        let count = deal.opinions;
        let opinions = match count {
            0 => "公开期内没有收到意见".to_owned(),
            _ => format!("公开期内收到意见 {count} 条，逐条答复"),
        };
        let summary = format!("{opinions}；{}，{word} {reserve_price}。", method.zh());
        Ok(FeedbackAndValuation {
            consulted_from: deal.date(Step::PublishPrePlan, &self.plan.clock),
            consulted_until: deal.consulted_until(&self.plan.clock),
            documents,
            opinions_answered: count,
            opinions_received: count,
            price_basis: format!("参照同类标的近期成交与{}结果。", method.zh()).parse()?,
            reserve_price,
            summary: summary.parse()?,
            valuation_method: method,
            valuer: valuer.parse()?,
        })
    }

    fn voted(&self, deal: Scene<'_>, documents: Vec<DocumentRef>) -> Result<MemberVote, DemoError> {
        let held_on = deal.date(Step::MemberVote, &self.plan.clock);
        let Body {
            body,
            name,
            members,
            eligible,
            present,
        } = self.body(&deal, held_on);
        let (against, abstain) = (deal.ballot.against, deal.ballot.abstain);
        let approving = present.saturating_sub(against + abstain);
        let summary = format!(
            "{name}应到 {eligible} 人，实到 {present} 人，赞成 {approving} 票，反对 {against} 票，弃权 {abstain} 票，通过。"
        );
        Ok(MemberVote {
            abstain,
            against,
            body,
            documents,
            eligible,
            r#for: approving,
            held_on,
            members,
            notified_on: deal.act.notified_on.unwrap_or(held_on),
            present,
            summary: summary.parse()?,
        })
    }

    /// Who decides on a transaction, and how many come to the meeting of that day.
    fn body(&self, deal: &Deal, held_on: Date) -> Body {
        // Everything that is decided at one meeting is decided by those who came to it.
        let mut dice = Dice::new(self.plan.seed, &format!("meeting/{held_on}"));
        let (in_assembly, as_representatives) = (dice.count(690, 748), dice.count(37, 44));
        if deal.goes_to_assembly() {
            Body {
                body: VotingBody::Assembly,
                name: "成员大会",
                members: ASSEMBLY.0,
                eligible: ASSEMBLY.1,
                present: in_assembly,
            }
        } else {
            Body {
                body: VotingBody::Representatives,
                name: "成员代表大会",
                members: REPRESENTATIVES,
                eligible: REPRESENTATIVES,
                present: as_representatives,
            }
        }
    }
}

/// A body of members at a meeting. (会议)
struct Body {
    body: VotingBody,
    name: &'static str,
    members: u32,
    eligible: u32,
    present: u32,
}

fn asset_verified(
    deal: &Deal,
    documents: Vec<DocumentRef>,
) -> Result<AssetVerification, DemoError> {
    let item = deal.item;
    let (ownership, years) = match item.kind {
        AssetKind::Fund => ("集体资金，列入当年预算", 1),
        AssetKind::Asset => ("集体资产，登记于经济联社名下", 8),
        AssetKind::Resource => ("集体土地，经济联社经营", 3),
    };
    let contract = deal
        .has_contract()
        .then(|| format!("DL-2015-{:03}（示例）", deal.number));
    let asset = Asset {
        area: deal.area(deal.first_area_tenths())?,
        book_value_fen: Fen::new(deal.terms.reserve_fen.max(deal.terms.amount_fen) * years)?,
        current_contract: contract.map(|number| number.parse()).transpose()?,
        current_use: item.used_as.parse()?,
        kind: item.kind,
        location: item.place.parse()?,
        name: item.name.parse()?,
        ownership: ownership.parse()?,
    };
    let summary = format!(
        "核对{}的台账、权属与现状（{}），账实相符。",
        item.name, item.used_as
    );
    Ok(AssetVerification {
        asset,
        documents,
        summary: summary.parse()?,
    })
}

fn proposed(deal: &Deal, documents: Vec<DocumentRef>) -> Result<ProposalInitiation, DemoError> {
    let item = deal.item;
    let reason = if item.is_spending() {
        format!(
            "{}：{}，拟列支办理，改善公共服务。",
            item.name, item.used_as
        )
    } else {
        format!(
            "{}现为“{}”，拟公开交易，增加集体收入。",
            item.name, item.used_as
        )
    };
    Ok(ProposalInitiation {
        category: item.category,
        documents,
        expected_term_months: deal.term_months(),
        method: item.method,
        reason: reason.parse()?,
        summary: format!("理事会提出{}，拟采用{}。", deal.subject(), item.method.zh()).parse()?,
    })
}

fn planned(deal: Scene<'_>, documents: Vec<DocumentRef>) -> Result<PlanDrafting, DemoError> {
    let item = deal.item;
    let eligibility = match item.method {
        Method::Renewal => "原承租（承包）人，无欠费、无违约记录；同等条件下优先。",
        Method::Tender => "具备相应资质或经营范围，近三年无不良记录。",
        _ => "具有完全民事行为能力的自然人，或依法登记的单位；与经办人有关联关系的须声明。",
    };
    let escalation = (item.rise_basis_points > 0).then_some(ledger_core::record::Escalation {
        every_months: 12,
        rate_basis_points: item.rise_basis_points,
    });
    Ok(PlanDrafting {
        deposit_fen: Fen::new(deal.terms.deposit_fen)?,
        documents,
        eligibility: eligibility.parse()?,
        escalation,
        method: item.method,
        rent_free_months: rent_free_months(&deal),
        reserve_price: deal.reserve()?,
        summary: plan_line(&deal)?.parse()?,
        term_months: deal.term_months(),
    })
}

impl Deal {
    /// What it is about: name and category.
    pub(crate) fn subject(&self) -> String {
        format!("{}（{}）", self.item.name, self.item.category.zh())
    }

    /// Its number as contracts and listings have it.
    pub(crate) fn numbered(&self, kind: &str) -> String {
        format!("DL-2018-{kind}-{:03}", self.number)
    }

    /// Whether a contract binds the asset until now.
    fn has_contract(&self) -> bool {
        self.item.method == Method::Renewal || self.item.used_as.ends_with("到期")
    }

    pub(crate) fn term_months(&self) -> Option<u32> {
        Some(self.item.months).filter(|months| *months > 0)
    }

    pub(crate) fn reserve(&self) -> Result<Price, DemoError> {
        let fen = Fen::new(self.terms.reserve_fen)?;
        Ok(Price {
            fen,
            basis: self.item.basis,
        })
    }

    pub(crate) fn won(&self) -> Result<Price, DemoError> {
        let fen = Fen::new(self.terms.won_fen)?;
        Ok(Price {
            fen,
            basis: self.item.basis,
        })
    }

    /// The area as it is first written, in tenths: with two digits exchanged where it is corrected.
    fn first_area_tenths(&self) -> u64 {
        match self.item.course {
            Course::Corrected => MISWRITTEN_TENTHS,
            _ => self.item.area_tenths,
        }
    }

    fn area(&self, tenths: u64) -> Result<Option<Area>, DemoError> {
        if tenths == 0 {
            return Ok(None);
        }
        let unit = if self.item.is_land() {
            AreaUnit::Mu
        } else {
            AreaUnit::SquareMetre
        };
        Ok(Some(Area {
            value: tenths_text(tenths).parse()?,
            unit,
        }))
    }
}

fn tenths_text(tenths: u64) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        part => format!("{}.{part}", tenths / 10),
    }
}

/// The first plan of what is voted down gives three months without rent.
fn rent_free_months(deal: &Scene<'_>) -> u32 {
    match deal.item.course {
        Course::Returned if deal.times(Step::PlanDrafting) == 1 => 3,
        _ => 0,
    }
}

fn plan_line(deal: &Scene<'_>) -> Result<String, DemoError> {
    let word = if deal.item.is_spending() {
        "控制价"
    } else {
        "底价"
    };
    let term = deal
        .term_months()
        .map(|months| format!("，期限 {months} 个月"));
    let free = match rent_free_months(deal) {
        0 => String::new(),
        months => format!("，免租 {months} 个月"),
    };
    Ok(format!(
        "{}：{}，{word} {}{}{free}，保证金 {} 元。",
        deal.subject(),
        deal.item.method.zh(),
        deal.reserve()?,
        term.unwrap_or_default(),
        Fen::new(deal.terms.deposit_fen)?,
    ))
}

impl Scene<'_> {
    /// The last day on which residents could say what they think before the plan.
    fn consulted_until(&self, clock: &Clock) -> Date {
        let published = self.last(Step::PublishPrePlan);
        let until = published.open_until;
        until.unwrap_or(clock.date_of(published.at.instant()))
    }
}
