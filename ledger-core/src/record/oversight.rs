//! What is recorded of others who look on: advisers, meetings, the street office, the council itself.

use serde::{Deserialize, Serialize};

use super::{DocumentRef, Inconsistency, Record, inconsistent};
use crate::category::labelled;
use crate::hash::Commitment;
use crate::name::MemberId;
use crate::text::{Line, Paragraph};
use crate::time::Date;

labelled! {
    /// On what an opinion is given. (意见专业)
    OpinionField {
        /// Law. (法律)
        Legal = "legal", "法律";
        /// Accounts. (财务)
        Accounting = "accounting", "财务";
        /// Value. (评估)
        Valuation = "valuation", "评估";
        /// Building. (工程)
        Engineering = "engineering", "工程";
        /// Anything else. (其他)
        Other = "other", "其他";
    }
}

record! {
    /// A third party gave its opinion. (第三方意见)
    OpinionGiven {
        /// Who gave it. (出具机构：律师事务所、会计师事务所等)
        by: Line,
        /// On what. (专业)
        field: OpinionField,
        /// The day on which it was given. (出具日期)
        given_on: Date,
        /// What it says. (意见内容：结论和保留意见)
        summary: Paragraph,
    }
    tells summary;
    days |record| vec![("given_on", record.given_on)];
}

record! {
    /// The parties agreed on integrity. (廉洁协议)
    IntegrityAgreed {
        /// The parties, masked for natural persons. (签约各方：自然人写成“张*”)
        parties: Vec<Line>,
        /// The day on which it was signed. (签订日期)
        signed_on: Date,
        /// In a word. (摘要)
        summary: Paragraph,
    }
    tells summary;
    days |record| vec![("signed_on", record.signed_on)];
    check |record| {
        if record.parties.len() < 2 {
            return inconsistent("parties", "至少两方 (at least two)", record.parties.len().to_string());
        }
        None
    }
}

/// How many came to a meeting. (出席情况)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attendance {
    /// How many were called. (应到)
    pub called: u32,
    /// How many came. (实到)
    pub present: u32,
}

record! {
    /// A meeting was held. (会议)
    MeetingHeld {
        /// How many came. (出席情况)
        attendance: Attendance,
        /// Whose meeting. (会议名称：如理事会第三次会议)
        body: Line,
        /// The day. (会议日期)
        held_on: Date,
        /// What was decided. (会议纪要：议题和决定)
        summary: Paragraph,
    }
    tells summary;
    days |record| vec![("held_on", record.held_on)];
    check |record| {
        let Attendance { called, present } = record.attendance;
        if present > called {
            return inconsistent("attendance.present", format!("≤ {called}"), present.to_string());
        }
        None
    }
}

record! {
    /// The street office finds something amiss. (街道发现问题)
    FindingRaised {
        /// By which day it is to be answered. (整改期限：最迟哪天答复)
        answer_by: Date,
        /// What was found. (问题)
        finding: Paragraph,
        /// Whether the transaction may not go on before it is answered. (是否暂停：答复前不得办下一环节)
        stops: bool,
    }
    tells finding;
}

record! {
    /// A finding is answered. (整改答复)
    FindingAnswered {
        /// The answer: what was done about it. (整改情况)
        answer: Paragraph,
        /// The entry of the finding: its number in the log. (答复第几条：问题的条目号)
        entry: u64,
    }
    tells answer;
}

record! {
    /// The council attests that the ledger is complete for a period. (定期确认)
    PeriodAttested {
        /// The first day. (自)
        from: Date,
        /// What they attest. (确认内容)
        statement: Paragraph,
        /// The last day. (至)
        until: Date,
    }
    tells statement;
    days |record| vec![("until", record.until)];
    check |record| {
        if record.until < record.from {
            return inconsistent("until", format!("≥ {}", record.from), record.until.to_string());
        }
        None
    }
}

record! {
    /// A member declares a relative, or a business of theirs, who may come to deal with the collective. (亲属申报)
    ///
    /// Signed by that member alone.
    RelativeDeclared {
        /// Who declares. (成员代号：申报人自己)
        member: MemberId,
        /// The relative or the business, masked for a natural person. (亲属或其企业：自然人写成“张*”)
        name: Line,
        /// How they are related. (关系：如配偶、兄弟、本人参股)
        relation: Line,
        /// In a word. (说明)
        summary: Paragraph,
    }
    tells summary;
}

record! {
    /// A private document is erased, and its salt with it: what is left is the commitment in the log.
    /// (不公开材料销毁)
    ///
    /// In the stream whose entry named the document. Source: 个人信息保护法, article 47.
    DocumentErased {
        /// The commitment to it. (承诺：要销毁的不公开材料的承诺，64 位，见 sanzi document list)
        commitment: Commitment,
        /// Why, without saying what was in it. (销毁理由：如保管期满、当事人要求；不要写材料内容)
        reason: Paragraph,
    }
    tells reason;
}
