//! What is recorded of residents' concerns: raised, answered, closed, rated.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{CONCERN_TEXT, DocumentRef, Inconsistency, Record, inconsistent};
use crate::category::labelled;
use crate::hash::Commitment;
use crate::name::{ConcernId, TransactionId};
use crate::step::Step;
use crate::text::{Line, Paragraph};

labelled! {
    /// What a concern is about. (意见对象)
    ConcernSubject {
        /// The publication before the plan. (方案生成前公开)
        PrePlan = "pre_plan", "方案生成前公开";
        /// The publication of the plan. (方案公开)
        Plan = "plan", "方案公开";
        /// The result of the bidding: an objection. (结果异议)
        Result = "result", "交易结果";
        /// The publication of completion. (交易完成公开)
        Completion = "completion", "交易完成公开";
        /// Anything else about it. (其他)
        General = "general", "其他";
    }
}

impl ConcernSubject {
    /// The step that it is about; `None` for a concern in general.
    #[must_use]
    pub const fn step(self) -> Option<Step> {
        match self {
            Self::PrePlan => Some(Step::PublishPrePlan),
            Self::Plan => Some(Step::PublishPlan),
            Self::Result => Some(Step::ResultAndObjection),
            Self::Completion => Some(Step::PublishCompletion),
            Self::General => None,
        }
    }
}

record! {
    /// A resident raises a concern; the office that takes it in signs for the resident. (群众意见)
    ConcernRaised {
        /// Who raises it, masked, if they wish to be named. (提出人：自愿署名，写成“张*”，不署名跳过)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Line>,
        /// What it is about. (意见对象)
        subject: ConcernSubject,
        /// What is said. (意见内容)
        text: Paragraph,
        /// About which transaction. (交易编号)
        transaction: TransactionId,
    }
    tells text;
}

impl ConcernRaised {
    /// The commitment to the resident's own words, where they are kept as a document beside the entry and
    /// so can be hidden; `None` where `text` is what was said. (意见原文的承诺)
    #[must_use]
    pub fn words(&self) -> Option<&Commitment> {
        words_in(&self.documents)
    }
}

/// The first document that holds a resident's own words.
fn words_in(documents: &[DocumentRef]) -> Option<&Commitment> {
    documents.iter().find_map(|document| match document {
        DocumentRef::Private {
            commitment, kind, ..
        } if kind.as_str() == CONCERN_TEXT => Some(commitment),
        _ => None,
    })
}

labelled! {
    /// What came of a concern. (处理结果)
    Outcome {
        /// Adopted. (采纳)
        Adopted = "adopted", "采纳";
        /// Adopted in part. (部分采纳)
        PartlyAdopted = "partly_adopted", "部分采纳";
        /// Explained. (解释说明)
        Explained = "explained", "解释说明";
        /// Not adopted. (不予采纳)
        Declined = "declined", "不予采纳";
    }
}

record! {
    /// A concern is answered, and with it others that say the same. (意见答复)
    ConcernAnswered {
        /// Other concerns about the same transaction that this answers too. (一并答复：同一交易其他意见的编号)
        also: Vec<ConcernId>,
        /// The answer. (答复内容)
        answer: Paragraph,
        /// What came of it. (处理结果)
        outcome: Outcome,
        /// About which transaction they are. (交易编号)
        transaction: TransactionId,
    }
    tells answer;
    check |record| {
        let mut seen = BTreeSet::new();
        let twice = record.also.iter().find(|id| !seen.insert(*id));
        twice.and_then(|id| inconsistent("also", "每条一次 (each concern once)", id.as_str()))
    }
}

record! {
    /// A concern that was answered is settled. (意见办结)
    ConcernClosed {
        /// How it was settled. (办结说明)
        reason: Paragraph,
    }
    tells reason;
}

record! {
    /// The words of a concern are no longer shown to everybody: what is left for the public is the reason
    /// and the commitment; whoever may read the document still can. (意见屏蔽)
    ConcernHidden {
        /// Why, without repeating what was said. (屏蔽理由：如侮辱、诽谤、泄露他人隐私；不要复述原话)
        reason: Paragraph,
    }
    tells reason;
}

record! {
    /// The resident rates the answer. (意见评价)
    ConcernRated {
        /// In words. (评语)
        comment: Paragraph,
        /// From 1, not content, to 5, content. (满意度：1 到 5，5 为满意)
        stars: u8,
    }
    tells comment;
    check |record| {
        if (1..=5).contains(&record.stars) {
            return None;
        }
        inconsistent("stars", "1–5", record.stars.to_string())
    }
}

impl ConcernRated {
    /// The commitment to the comment, where it is kept as a document beside the entry; `None` where
    /// `comment` is what was said. (评语原文的承诺)
    #[must_use]
    pub fn words(&self) -> Option<&Commitment> {
        words_in(&self.documents)
    }
}
