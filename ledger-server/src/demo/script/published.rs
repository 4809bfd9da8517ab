//! What the three publications and their postings say. (公开与张贴)

use ledger_core::charter::Channel;
use ledger_core::hash::Digest;
use ledger_core::record::{ChannelPosted, Publication};
use ledger_core::step::PublicationPoint;

use super::Script;
use crate::demo::fault::DemoError;
use crate::demo::papers::sample;
use crate::demo::plan::Scene;

impl Script<'_> {
    /// A publication; its digest is yet to be composed from the record.
    pub(crate) fn publication(
        &self,
        deal: Scene<'_>,
        point: PublicationPoint,
    ) -> Result<Publication, DemoError> {
        let subject = deal.subject();
        let summary = match point {
            PublicationPoint::PrePlan => format!("拟办理{subject}，公开资产现状与理由，征求意见。"),
            PublicationPoint::Plan => format!("公开{subject}的方案与表决结果。"),
            PublicationPoint::Completion => {
                let amount = ledger_core::money::Fen::new(deal.terms.amount_fen)?;
                format!("{subject}已办结，成交总额 {amount} 元。")
            }
        };
        let channels = self.plan.charter_of(&deal).channels.iter();
        let again = match deal.times(point.step()) {
            0 | 1 => "",
            _ => "（更正后重新公开，公开期重新计算）",
        };
        let summary = format!("{summary}{again}");
        Ok(Publication {
            channels: channels.map(|channel| channel.id.clone()).collect(),
            comments_to: "请在公开期内到联社办公室、意见箱或平台留言提出意见（示例）。".parse()?,
            disclosure: Digest::from_bytes([0; 32]),
            documents: Vec::new(),
            summary: summary.parse()?,
        })
    }

    /// A posting of a disclosure on a channel.
    pub(crate) fn posting(
        &mut self,
        deal: Scene<'_>,
        point: PublicationPoint,
        channel: &Channel,
        disclosure: Digest,
    ) -> Result<ChannelPosted, DemoError> {
        let date = deal.date(point.step(), &self.plan.clock);
        let (number, month) = (deal.number, date.month());
        let (title, location) = match channel.id.as_str() {
            "notice_board" => {
                let boards = ["祠堂前公开栏", "村口牌坊公开栏", "东塱市场公开栏"];
                let board = boards[number % boards.len()];
                (
                    "公开栏张贴照片",
                    format!("{board}第 {} 格", number % 12 + 1),
                )
            }
            "newsletter" => (
                "简报版面",
                format!("《东塱简报》2018 年第 {month} 期第 {} 版", number % 4 + 1),
            ),
            "wechat" => ("公众号截图", format!("“东塱联社”公众号 {date} 推文")),
            _ => (
                "平台页面截图",
                format!(
                    "三资平台公告栏，编号 {}-{}-{}",
                    deal.numbered("GK"),
                    point.step().number(),
                    deal.times(point.step()),
                ),
            ),
        };
        let proof = self.papers.write("posting_proof", title, &sample(title))?;
        Ok(ChannelPosted {
            channel: channel.id.clone(),
            disclosure,
            documents: vec![proof],
            location: location.parse()?,
        })
    }
}
