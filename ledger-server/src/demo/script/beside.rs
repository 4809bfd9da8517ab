//! What is recorded beside the steps: waivers, returns, corrections, findings, opinions, meetings. (环节之外)

use ledger_core::event::Event;
use ledger_core::record::{
    Attendance, Corrected, FindingAnswered, FindingRaised, IntegrityAgreed, MeetingHeld,
    OpinionField, OpinionGiven, Returned, StepWaived, Terminated,
};
use ledger_core::step::Step;
use ledger_core::time::Date;
use ledger_core::transaction::Transaction;

use super::tenure::due;
use super::{COLLECTIVE, MISWRITTEN_TENTHS, Script, tenths_text};
use crate::demo::course::{WAIVED, What};
use crate::demo::fault::DemoError;
use crate::demo::papers::sample;
use crate::demo::plan::Scene;

impl Script<'_> {
    /// What is recorded beside the steps. `before` is the transaction as it stands; `None` for what is
    /// a step or a posting.
    pub(crate) fn beside(
        &mut self,
        deal: Scene<'_>,
        before: &Transaction,
    ) -> Result<Option<Event>, DemoError> {
        let today = self.plan.clock.date_of(deal.act.at.instant());
        Ok(Some(match deal.act.what {
            What::Step(_) | What::Post(..) => return Ok(None),
            What::PaymentDue => Event::PaymentDue(due(deal)?),
            What::PaymentReceived(place) => {
                Event::PaymentReceived(self.received(deal, place, today)?)
            }
            What::PaymentMade(place) => Event::PaymentMade(self.paid(deal, place, today)?),
            What::StepWaived => Event::StepWaived(self.waived(deal)?),
            What::Returned(to) => Event::Returned(returned(to)?),
            What::Corrected => Event::Corrected(self.corrected(deal, before)?),
            What::Terminated => Event::Terminated(Terminated {
                documents: Vec::new(),
                reason: "接通知，该地块列入道路拓宽范围，暂不能出租。经理事会与监事会研究，终止本次交易；\
                         已公开的内容和本记录保留备查。（示例）"
                    .parse()?,
            }),
            What::MeetingHeld => Event::MeetingHeld(self.voted_down(deal, today)?),
            What::OpinionGiven => Event::OpinionGiven(self.advised(today)?),
            What::IntegrityAgreed => Event::IntegrityAgreed(self.agreed(deal, today)?),
            What::FindingRaised => Event::FindingRaised(FindingRaised {
                answer_by: today.plus_days(10).unwrap_or(Date::MAX),
                documents: Vec::new(),
                finding: format!(
                    "现场复核：台账和已公开的建筑面积为 {} 平方米，测绘图为 {} 平方米，疑录入时数字颠倒。\
                     请核实、更正并重新公开，答复前暂停办理。",
                    tenths_text(MISWRITTEN_TENTHS),
                    tenths_text(deal.item.area_tenths),
                )
                .parse()?,
                stops: true,
            }),
            What::FindingAnswered => Event::FindingAnswered(answered(before)?),
        }))
    }

    fn waived(&mut self, deal: Scene<'_>) -> Result<StepWaived, DemoError> {
        let charter = self.plan.charter_of(&deal);
        let limit = charter
            .waivers
            .first()
            .and_then(|waiver| waiver.at_most_fen);
        let paper = self
            .papers
            .write("inquiry", "三家询价记录", &sample("三家询价记录"))?;
        Ok(StepWaived {
            basis: format!(
                "章程第 {} 版豁免规定第一条：小额交易底价不超过 {} 元的，由理事会向三家询价确定，免办审查、公告、报名和竞价。\
                 本次控制价 {}。",
                charter.version,
                limit.unwrap_or_default(),
                deal.reserve()?,
            )
            .parse()?,
            documents: vec![paper],
            from: WAIVED.0,
            through: WAIVED.1,
        })
    }

    fn corrected(&mut self, deal: Scene<'_>, before: &Transaction) -> Result<Corrected, DemoError> {
        let verified = before.record(Step::AssetVerification);
        let (wrong, right) = (
            tenths_text(MISWRITTEN_TENTHS),
            tenths_text(deal.item.area_tenths),
        );
        let paper = self
            .papers
            .write("area_survey", "测绘图", &sample("测绘图"))?;
        Ok(Corrected {
            documents: vec![paper],
            entry: verified.map_or(0, |passed| passed.recorded.index),
            field: "/asset/area/value".parse().map_err(|fault| DemoError::Field { fault })?,
            reason: format!(
                "台账录入时把 {right} 平方米误录为 {wrong} 平方米，街道现场复核时发现，已对照测绘图核实。"
            )
            .parse()?,
            value: Some(right.into()),
        })
    }

    /// A meeting at which the plan does not find its majority: the vote is no step that can be recorded.
    fn voted_down(&mut self, deal: Scene<'_>, held_on: Date) -> Result<MeetingHeld, DemoError> {
        let body = self.body(&deal, held_on);
        let (abstain, approving) = (body.present / 12, body.present / 2);
        let against = body.present - abstain - approving;
        let (name, eligible, present) = (body.name, body.eligible, body.present);
        let text = format!("{held_on} 会议记录：议题、发言要点、票数。");
        let paper = self.papers.write("minutes", "会议记录", &text)?;
        Ok(MeetingHeld {
            attendance: Attendance {
                called: eligible,
                present,
            },
            body: name.parse()?,
            documents: vec![paper],
            held_on,
            summary: format!(
                "{name}应到 {eligible} 人，实到 {present} 人。表决{}方案：赞成 {approving} 票，反对 {against} 票，弃权 {abstain} 票，\
                 未达全体三分之二，未通过。多数意见：免租期三个月过长，应当取消后再议。",
                deal.subject()
            )
            .parse()?,
        })
    }

    fn advised(&mut self, given_on: Date) -> Result<OpinionGiven, DemoError> {
        let paper = self
            .papers
            .write("opinion", "法律意见书", &sample("法律意见书"))?;
        Ok(OpinionGiven {
            by: "信*律师事务所（示例）".parse()?,
            documents: vec![paper],
            field: OpinionField::Legal,
            given_on,
            summary: "出资主体、程序和方式合法。建议在合同中写明每年公示分红、联社派驻监事，以及三年后的退出办法；\
                      对方近两年经审计的报表未见，保留意见。"
                .parse()?,
        })
    }

    fn agreed(&mut self, deal: Scene<'_>, signed_on: Date) -> Result<IntegrityAgreed, DemoError> {
        let paper = self
            .papers
            .write("integrity", "廉洁协议", &sample("廉洁协议"))?;
        let winner = deal.winner()?;
        Ok(IntegrityAgreed {
            documents: vec![paper],
            summary: format!(
                "与{winner}签订廉洁协议：不送礼、不吃请、不围标串标、不转包；违反的解除合同并公开通报。"
            )
            .parse()?,
            parties: vec![COLLECTIVE.parse()?, winner],
            signed_on,
        })
    }
}

fn returned(to: Step) -> Result<Returned, DemoError> {
    let reason = match to {
        Step::ListingNotice => {
            "第一次竞价无合格竞买人，流拍。底价和条件不变，按章程退回“发布交易公告”，重新公告，\
             并在市场和公交站加贴海报。"
        }
        _ => {
            "成员会议表决未达全体三分之二，方案未通过。按多数意见取消三个月免租期，退回“编制交易方案”，\
             修改后再提请表决。"
        }
    };
    Ok(Returned {
        documents: Vec::new(),
        reason: reason.parse()?,
        to,
    })
}

/// The answer to the finding that is open, which names the correction.
fn answered(before: &Transaction) -> Result<FindingAnswered, DemoError> {
    let finding = ledger_core::oversight::findings(&before.notes).last();
    let correction = before.detours.last().map(|noted| noted.recorded.index);
    Ok(FindingAnswered {
        answer: format!(
            "经核对测绘图，系录入笔误，已登记更正（第 {} 条）。方案生成前、方案生成后两次公开内容重新公开，公开期重新计算。",
            correction.unwrap_or_default()
        )
        .parse()?,
        documents: Vec::new(),
        entry: finding.map_or(0, |finding| finding.recorded.index),
    })
}
