//! `sanzi totals`: what was contracted, received and paid.

use std::path::PathBuf;
use std::process::ExitCode;

use ledger_core::Language;
use ledger_core::state::State;
use ledger_core::totals::{self, Amounts, By, Item, Totals as Sums};
use serde_json::json;

use super::help::Text;
use crate::source_arg;
use crate::table::{Side, Table};
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi totals data\n  $ sanzi totals data --by category\n  $ sanzi totals data --items --json"
)]
pub(crate) struct Totals {
    source: String,
    #[arg(long, value_name = "month|category|method|counterparty", value_parser = parse_by, default_value = "month", hide_default_value = true)]
    by: By,
    #[arg(long)]
    items: bool,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "totals",
        zh: "金额汇总：合同额与实收、实付分开，收入与支出分开",
        en: "Sums: contracts and money that moved, income and spending, each apart",
    },
    Text {
        of: "totals.source",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "totals.by",
        zh: "按月、类别、方式或对方汇总；默认按月",
        en: "Sums by month, category, method or counterparty; by month if not given",
    },
    Text {
        of: "totals.items",
        zh: "逐笔列出收付：日期、金额、票据、交易、对方",
        en: "List every receipt and payment: day, amount, voucher, transaction, party",
    },
    Text {
        of: "totals.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "totals.json",
        zh: "以 JSON 输出",
        en: "Print JSON",
    },
];

fn parse_by(text: &str) -> Result<By, String> {
    let found = By::ALL.into_iter().find(|by| by.id() == text);
    found.ok_or_else(|| By::ALL.map(By::id).join(" | "))
}

impl Totals {
    /// Says what was contracted, received and paid.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let source = source_arg::open(terminal, &self.source, self.pins.as_deref())?;
        let report = source.replay(&mut |_, _, _| {})?;
        let Some(ledger) = report.state.ledger() else {
            return Ok(ExitCode::SUCCESS);
        };
        let sums = totals::totals(ledger, report.state.transactions(), self.by)?;
        let items = self
            .items
            .then(|| totals::items(ledger, report.state.transactions()));
        if self.json {
            let mut value = json!(sums);
            if let (Some(object), Some(items)) = (value.as_object_mut(), items) {
                object.insert("items".to_owned(), json!(items));
            }
            terminal.say(value.to_string());
            return Ok(ExitCode::SUCCESS);
        }
        say(terminal, &report.state, &sums);
        for line in items
            .map(|items| listed(terminal, &items).lines())
            .unwrap_or_default()
        {
            terminal.say(line);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn say(terminal: Terminal, state: &State, sums: &Sums) {
    if let Some(ledger) = state.ledger() {
        let training = match ledger.training {
            true => terminal.pick("【演示账本】", "[TRAINING] "),
            false => "",
        };
        terminal.say(format!("{training}{}", ledger.collective.name));
    }
    for (name, side) in [
        (
            terminal.pick(
                "收入类交易（金额单位：元）",
                "dealings that bring money in (yuan)",
            ),
            &sums.income,
        ),
        (
            terminal.pick(
                "支出类交易（金额单位：元）",
                "dealings that spend money (yuan)",
            ),
            &sums.spending,
        ),
    ] {
        let mut table = head(terminal, sums.by);
        for row in &side.rows {
            table.row(cells(row.group.label(terminal.language), &row.amounts));
        }
        let total = terminal.pick("合计", "all").to_owned();
        table.row(cells(total, &side.total));
        terminal.say(name);
        for line in table.lines() {
            terminal.say(format!("  {line}"));
        }
    }
    terminal.say(terminal.pick(
        "合同额按签订日计，实收、实付、退还按发生日计；实收含保证金。",
        "Contracts count on the day of signing, money on the day it moved; receipts include deposits.",
    ));
}

fn head(terminal: Terminal, by: By) -> Table {
    Table::new(&[
        (terminal.pick(by.zh(), by.id()), Side::Left),
        (terminal.pick("合同", "contracts"), Side::Right),
        (terminal.pick("合同额", "contracted"), Side::Right),
        (terminal.pick("实收", "received"), Side::Right),
        (terminal.pick("实付", "paid"), Side::Right),
        (terminal.pick("退还", "refunded"), Side::Right),
    ])
}

fn cells(name: String, amounts: &Amounts) -> [String; 6] {
    [
        name,
        amounts.contracts.to_string(),
        amounts.contracted_fen.to_string(),
        amounts.received_fen.to_string(),
        amounts.paid_fen.to_string(),
        amounts.refunded_fen.to_string(),
    ]
}

/// Every sum that moved, a line each.
fn listed(terminal: Terminal, items: &[Item]) -> Table {
    let mut table = Table::new(&[
        (terminal.pick("日期", "day"), Side::Left),
        (terminal.pick("收付", "flow"), Side::Left),
        (terminal.pick("金额", "amount"), Side::Right),
        (terminal.pick("票据", "voucher"), Side::Left),
        (terminal.pick("交易", "transaction"), Side::Left),
        (terminal.pick("类别", "category"), Side::Left),
        (terminal.pick("对方", "counterparty"), Side::Left),
        (terminal.pick("记录", "entry"), Side::Right),
    ]);
    for item in items {
        let text = |line: &Option<ledger_core::text::Line>| match line {
            Some(line) => line.to_string(),
            None => "—".to_owned(),
        };
        let category = item.category.map_or("—", |category| {
            terminal.pick(category.zh(), category.id())
        });
        table.row([
            item.on.to_string(),
            terminal.pick(item.flow.zh(), item.flow.en()).to_owned(),
            item.amount_fen.to_string(),
            text(&item.voucher),
            item.transaction.to_string(),
            category.to_owned(),
            text(&item.counterparty),
            item.event.to_string(),
        ]);
    }
    table
}
