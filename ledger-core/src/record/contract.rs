//! What is recorded of a contract's life: what falls due, what is paid, how it changes and ends.
//!
//! A payment names the dues that it settles, and settles them in that order: one receipt may cover a
//! quarter's rents. Source: 民法典, article 560, by which the debtor says which debt is paid first.

use serde::{Deserialize, Serialize};

use super::{Asset, DocumentRef, Inconsistency, Record, inconsistent, unfit_deed};
use crate::category::{Category, Method, labelled};
use crate::money::{Fen, Price};
use crate::name::Label;
use crate::text::{Line, Paragraph};
use crate::time::Date;

labelled! {
    /// Which way money goes, seen from the collective. (收付方向)
    Direction {
        /// To the collective. (收)
        Incoming = "incoming", "应收";
        /// From the collective. (付)
        Outgoing = "outgoing", "应付";
    }
}

labelled! {
    /// What kind of account money is paid to. (账户性质)
    AccountKind {
        /// An account of a company or an organisation. (对公账户)
        Corporate = "corporate", "对公账户";
        /// A person's account. (个人账户)
        Personal = "personal", "个人账户";
        /// Cash. (现金)
        Cash = "cash", "现金";
    }
}

/// A payment is of something, and for something.
fn settles_something(amount: Fen, dues: &[Label]) -> Option<Inconsistency> {
    if amount.get() == 0 {
        return inconsistent("amount_fen", "> 0", "0");
    }
    if dues.is_empty() {
        return inconsistent("dues", "至少一项 (at least one)", "0");
    }
    let again = |(place, due): &(usize, &Label)| dues.iter().take(*place).any(|d| d == *due);
    let found = dues.iter().enumerate().find(again)?.1;
    inconsistent("dues", "每项一次 (each once)", found.as_str())
}

record! {
    /// A contract that was in force before the ledger was opened: what is known of it. (存量合同登记)
    ///
    /// It opens a transaction, and none of the sixteen steps follows: how the contract came about is
    /// told, not proven.
    ContractTakenOver {
        /// What the contract is worth in all, in fen. (合同总额：整个期限的总金额)
        amount_fen: Fen,
        /// The asset that it is about. (标的)
        asset: Asset,
        /// How it was decided, as far as that is known. (当初怎样决定：开过什么会、有无公开竞投、依据什么材料；不清楚的如实写“不清楚”)
        basis: Paragraph,
        /// What kind of dealing. (类别：这份合同属于哪一类)
        category: Category,
        /// Its number. (合同编号)
        contract_number: Line,
        /// How the other party was found, if that is known. (当初的方式：怎样确定对方，不清楚就跳过)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<Method>,
        /// The parties, masked for natural persons. (合同双方：甲乙双方，自然人写成“张*”)
        parties: Vec<Line>,
        /// The performance bond, in fen. (履约保证金：没有填 0)
        performance_bond_fen: Fen,
        /// The price that the contract names, where it names one. (合同价格：如每月、每年租金，没有就跳过)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<Price>,
        /// The day on which it was signed: not after the ledger was opened. (签订日期：须在开账之前)
        signed_on: Date,
        /// In a word. (摘要：一两句话说清是什么合同)
        summary: Paragraph,
        /// The last day of the term, where there is one. (期限止)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term_end: Option<Date>,
        /// The first day of the term, where there is one. (期限起)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term_start: Option<Date>,
    }
    tells summary;
    days |record| {
        let begun = record.term_start.map(|day| ("term_start", day));
        [("signed_on", record.signed_on)].into_iter().chain(begun).collect()
    };
    check |record| unfit_deed(&record.parties, record.term_start, record.term_end)
}

/// An amount and the day on which it falls due. (应收应付款)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Due {
    /// How much, in fen. (金额)
    pub amount_fen: Fen,
    /// Which way. (收付方向：集体收还是集体付)
    pub direction: Direction,
    /// On which day. (到期日)
    pub due_on: Date,
    /// Its short name, unique in the transaction, as in `rent_2018_03`. (款项代号：本交易内不重复，如 rent_2018_03)
    pub id: Label,
    /// What for. (款项名称：如 2018年3月租金)
    pub purpose: Line,
}

record! {
    /// What falls due under the contract, and when: a rent schedule, or single amounts. (应收应付登记)
    PaymentDue {
        /// The amounts. (款项)
        dues: Vec<Due>,
        /// In a word. (摘要：按合同哪一条)
        summary: Paragraph,
    }
    tells summary;
    check |record| {
        if record.dues.is_empty() {
            return inconsistent("dues", "至少一笔 (at least one)", "0");
        }
        let zero = record.dues.iter().find(|due| due.amount_fen.get() == 0);
        zero.and_then(|due| inconsistent("dues.amount_fen", "> 0", due.id.as_str()))
    }
}

record! {
    /// Money came in for a due. (收款)
    PaymentReceived {
        /// How much, in fen. (金额)
        amount_fen: Fen,
        /// For which dues, in the order in which it settles them. (款项代号：一笔钱付几期就按先后都填上)
        dues: Vec<Label>,
        /// Who paid, masked for a natural person. (付款人：自然人写成“张*”)
        payer: Line,
        /// On which day. (到账日期)
        received_on: Date,
        /// In a word. (摘要)
        summary: Paragraph,
        /// The number of its voucher. (票据号)
        voucher: Line,
    }
    tells summary;
    days |record| vec![("received_on", record.received_on)];
    check |record| settles_something(record.amount_fen, &record.dues)
}

record! {
    /// Money was paid for a due. (付款)
    PaymentMade {
        /// To what kind of account. (账户性质：对公、个人还是现金)
        account: AccountKind,
        /// How much, in fen. (金额)
        amount_fen: Fen,
        /// For which dues, in the order in which it settles them. (款项代号：一笔钱付几项就按先后都填上)
        dues: Vec<Label>,
        /// On which day. (付款日期)
        paid_on: Date,
        /// Who was paid, masked for a natural person. (收款人：自然人写成“张*”)
        payee: Line,
        /// In a word. (摘要)
        summary: Paragraph,
        /// The number of its voucher. (凭证号)
        voucher: Line,
    }
    tells summary;
    days |record| vec![("paid_on", record.paid_on)];
    check |record| settles_something(record.amount_fen, &record.dues)
}

record! {
    /// The contract is changed. (合同变更)
    ContractAmended {
        /// What it is worth in all from now on, in fen, if that changes. (新的合同总额：不变的跳过)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount_fen: Option<Fen>,
        /// Dues not yet paid that no longer fall due. (取消的款项：不再应收应付的款项代号)
        cancels: Vec<Label>,
        /// Why. (原因)
        reason: Paragraph,
        /// The day on which it was signed. (签订日期)
        signed_on: Date,
        /// Its last day from now on, if that changes. (新的期限止：不变的跳过)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term_end: Option<Date>,
    }
    tells reason;
    days |record| vec![("signed_on", record.signed_on)];
}

record! {
    /// The contract is renewed for another term. (合同续签)
    ContractRenewed {
        /// What the new term is worth in all, in fen. (续签期总额)
        amount_fen: Fen,
        /// Its number. (合同编号)
        contract_number: Line,
        /// Why, and who decided. (原因：为什么续签，由谁决定)
        reason: Paragraph,
        /// The day on which it was signed. (签订日期)
        signed_on: Date,
        /// The last day of the new term. (期限止)
        term_end: Date,
        /// The first day of the new term. (期限起)
        term_start: Date,
    }
    tells reason;
    days |record| vec![("signed_on", record.signed_on)];
    check |record| {
        if record.term_end < record.term_start {
            return inconsistent("term_end", format!("≥ {}", record.term_start), record.term_end.to_string());
        }
        None
    }
}

record! {
    /// The contract ends before its time. (合同提前终止)
    ContractTerminated {
        /// Dues not yet paid that no longer fall due. (取消的款项：不再应收应付的款项代号)
        cancels: Vec<Label>,
        /// Its last day. (终止日期)
        ended_on: Date,
        /// Why. (原因)
        reason: Paragraph,
    }
    tells reason;
    days |record| vec![("ended_on", record.ended_on)];
}

record! {
    /// The contract has ended and the asset is back in the collective's hands. (到期收回)
    AssetReturned {
        /// In what state. (交接情况：资产完好与否、有无欠费)
        condition: Paragraph,
        /// The performance bond paid back, in fen. (退还履约保证金：没有填 0)
        performance_bond_refunded_fen: Fen,
        /// On which day. (收回日期)
        returned_on: Date,
    }
    tells condition;
    days |record| vec![("returned_on", record.returned_on)];
}
