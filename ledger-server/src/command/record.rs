//! `sanzi record`: makes the draft of an event, with the first signature.
//!
//! Everything is judged before anything is written: the answers by the library's parser, the event by
//! the very rules that the log will apply, with the persons who could sign it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger_core::name::{ConcernId, StreamId};
use ledger_core::state::{LedgerState, State};
use ledger_core::{Language, MemberId, Role, SigningKey, TransactionId};
use serde_json::{Map, Value};

use super::cosign;
use super::help::Text;
use crate::draft;
use crate::drafting::{self, Drafted, Drafting, Misplaced};
use crate::form;
use crate::key_file;
use crate::shape;
use crate::source_arg;
use crate::terminal::{Refused, Terminal};
use crate::words::{self, Words};

mod attachments;
mod correction;
mod desk;
mod schedule;

use attachments::{Attachments, Given};
pub(crate) use desk::signer;
use desk::{Desk, FieldAtFault};

#[derive(Debug, clap::Args)]
#[command(after_help = examples())]
pub(crate) struct Record {
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(drafting::kinds()), hide_possible_values = true)]
    kind: String,
    #[arg(long, value_name = "SOURCE")]
    ledger: String,
    #[arg(long, value_name = "ID")]
    transaction: Option<TransactionId>,
    #[arg(long, value_name = "ID")]
    concern: Option<ConcernId>,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(long = "as", value_name = "MEMBER")]
    r#as: Option<MemberId>,
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[arg(long, value_name = "KIND=PATH")]
    document: Vec<String>,
    #[arg(long, value_name = "SCHEDULE")]
    rent_schedule: Option<String>,
    #[arg(long, value_name = "KIND=PATH")]
    private_document: Vec<String>,
    #[arg(
        long,
        value_name = "ROLE",
        value_delimiter = ',',
        requires = "private_document"
    )]
    readers: Vec<Role>,
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[arg(long, value_name = "DRAFT")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// All kinds with their names, and examples.
fn examples() -> String {
    let mut text = String::new();
    for (kind, label) in shape::kinds() {
        if drafting::kinds().any(|drafted| drafted == kind) {
            text.push_str(&format!("  {kind:<24}{label}\n"));
        }
    }
    text.push_str(
        "\n  $ sanzi record asset_verification --ledger data --transaction 2026-001 --key huang.key\
         \n  $ sanzi record member_vote --ledger data --transaction 2026-001 --key liu.key --from vote.json --document tally=tally.pdf\
         \n  $ sanzi record payment_due --ledger data --transaction 2026-001 --key he.key --rent-schedule 2026-04-01,20,3,30000",
    );
    text
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "record",
        zh: "登记一个环节、一次张贴或一项名册、章程变动：生成草稿并签第一个名",
        en: "Record a step, a posting or a change of roster or charter: make a draft and sign it first",
    },
    Text {
        of: "record.kind",
        zh: "事项：环节代号（如 asset_verification）、channel_posted 或名册章程事项（如 role_granted）",
        en: "A step (asset_verification, ...), channel_posted, or an event of roster or charter (role_granted, ...)",
    },
    Text {
        of: "record.ledger",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "record.transaction",
        zh: "交易编号，如 2026-001",
        en: "The transaction's id, as in 2026-001",
    },
    Text {
        of: "record.concern",
        zh: "意见编号，如 2026-001-y1；登记新意见时可不给，按交易自动编号",
        en: "The concern's id, as in 2026-001-y1; a new one gets an id by its transaction if none is given",
    },
    Text {
        of: "record.key",
        zh: "签署人的钥匙文件",
        en: "The signer's key file",
    },
    Text {
        of: "record.as",
        zh: "签署人代号；钥匙旁有 .pub 文件时不用给",
        en: "Who signs; not needed beside a .pub file",
    },
    Text {
        of: "record.from",
        zh: "填好的内容（JSON），不再逐项提问",
        en: "The content (JSON), instead of questions",
    },
    Text {
        of: "record.document",
        zh: "材料：种类=文件路径，可多次给",
        en: "A document: kind=path; may be given several times",
    },
    Text {
        of: "record.rent_schedule",
        zh: "租金计划（只用于 payment_due），代替逐笔填写款项：首期到期日,期数,每几个月一期,首期金额(元)[,递增][,免租月数]，如 2026-04-01,20,3,30000,5%/36,2；不写的递增和免租按方案",
        en: "A rent schedule (payment_due only) instead of single dues: FIRST_DUE,COUNT,EVERY_MONTHS,AMOUNT_YUAN[,ESCALATION][,RENT_FREE_MONTHS], as in 2026-04-01,20,3,30000,5%/36,2; what is left out follows the plan",
    },
    Text {
        of: "record.private_document",
        zh: "不公开的材料：种类=文件路径，可多次给；账本里只写名称和承诺",
        en: "A private document: kind=path; the log has its title and a commitment only",
    },
    Text {
        of: "record.readers",
        zh: "可以查阅不公开材料的岗位，如 accountant,supervisor；默认为本环节的签署岗位和监事",
        en: "The roles that may read the private documents; by default those that sign, and supervisors",
    },
    Text {
        of: "record.at",
        zh: "发生时间，如 \"2026-03-02 09:30\"；默认现在",
        en: "When it happened, as in \"2026-03-02 09:30\"; by default now",
    },
    Text {
        of: "record.out",
        zh: "草稿写到哪；默认按交易和事项取名",
        en: "Where the draft goes; by default named after transaction and kind",
    },
    Text {
        of: "record.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "record.passphrase_file",
        zh: "口令写在这个文件的第一行",
        en: "A file whose first line is the passphrase",
    },
];

fn concern_missing(terminal: Terminal, kind: &str) -> String {
    terminal.pick(
        format!("{kind} 属于某条群众意见，请加 --concern 意见编号（如 2026-001-y1）"),
        format!("{kind} belongs to a concern: give --concern ID"),
    )
}

impl Record {
    /// Records an event of this kind in a stream, with its content in the file `from`.
    pub(super) fn of(kind: &str, stream: &StreamId, ledger: &str, key: &Path, from: &Path) -> Self {
        let (mut transaction, mut concern) = (None, None);
        match stream {
            StreamId::Ledger => {}
            StreamId::Transaction(id) => transaction = Some(id.clone()),
            StreamId::Concern(id) => concern = Some(id.clone()),
        }
        Self {
            kind: kind.to_owned(),
            ledger: ledger.to_owned(),
            transaction,
            concern,
            key: key.to_owned(),
            r#as: None,
            from: Some(from.to_owned()),
            document: Vec::new(),
            rent_schedule: None,
            private_document: Vec::new(),
            readers: Vec::new(),
            at: None,
            out: None,
            pins: None,
            passphrase_file: None,
        }
    }

    /// As it is, with where the draft goes, the pins, and the passphrase.
    pub(super) fn with(
        self,
        out: Option<PathBuf>,
        pins: Option<PathBuf>,
        passphrase_file: Option<PathBuf>,
    ) -> Self {
        Self {
            out,
            pins,
            passphrase_file,
            ..self
        }
    }

    /// Makes a draft.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        self.check_place(terminal)?;
        let source = source_arg::open(terminal, &self.ledger, self.pins.as_deref())?;
        let report = source.replay(&mut |_, _, _| {})?;
        let state = &report.state;
        let stream = self.stream(terminal, state)?;
        let Some(ledger) = state.ledger() else {
            bail!(terminal.pick("账本是空的", "the ledger is empty"));
        };
        let key = self.unlock(terminal, ledger)?;
        let signer = signer(terminal, ledger, state.size(), &key)?;
        let (kind, transaction) = (self.kind.as_str(), self.transaction.as_ref());
        let drafting = Drafting::of(kind, stream, transaction, state, (signer, language));
        let Some(drafting) = drafting else {
            bail!(terminal.pick("账本是空的", "the ledger is empty"));
        };
        let desk = Desk { terminal, drafting };
        self.draft(&desk, &key)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The stream that the event belongs in.
    fn stream(&self, terminal: Terminal, state: &State) -> anyhow::Result<StreamId> {
        let raised = |id: &TransactionId| {
            let transaction = state.transaction(id);
            transaction.map_or(0, |transaction| transaction.concerns.raised().len())
        };
        let taken = |id: &ConcernId| state.concern(id).is_some();
        let (transaction, concern) = (self.transaction.as_ref(), self.concern.as_ref());
        let stream = drafting::stream_of(&self.kind, transaction, concern, raised, taken);
        stream.map_err(|misplaced| self.misplaced(terminal, misplaced))
    }

    /// Whether it was said in which stream the event belongs.
    fn check_place(&self, terminal: Terminal) -> anyhow::Result<()> {
        let (transaction, concern) = (self.transaction.as_ref(), self.concern.as_ref());
        let place = drafting::check_place(&self.kind, transaction, concern);
        place.map_err(|misplaced| self.misplaced(terminal, misplaced))
    }

    fn misplaced(&self, terminal: Terminal, misplaced: Misplaced) -> anyhow::Error {
        let kind = &self.kind;
        anyhow::Error::msg(match misplaced {
            Misplaced::NoConcern => concern_missing(terminal, kind),
            Misplaced::ConcernNamed => terminal.pick(
                format!("{kind} 不是群众意见的事项，请去掉 --concern"),
                format!("{kind} is no event of a concern: leave out --concern"),
            ),
            Misplaced::NoTransaction => terminal.pick(
                format!("{kind} 属于某笔交易，请加 --transaction 交易编号（如 2026-001）"),
                format!("{kind} belongs to a transaction: give --transaction ID"),
            ),
            Misplaced::TransactionNamed => terminal.pick(
                format!("{kind} 是账本本身的事项，不属于任何交易，请去掉 --transaction"),
                format!("{kind} belongs to the ledger itself: leave out --transaction"),
            ),
        })
    }

    fn unlock(&self, terminal: Terminal, ledger: &LedgerState) -> anyhow::Result<SigningKey> {
        let passphrase_file = self.passphrase_file.as_deref();
        let Some(member) = &self.r#as else {
            return key_file::unlock(terminal, &self.key, passphrase_file);
        };
        let seed = key_file::unlock_seed(terminal, &self.key, passphrase_file)?;
        Ok(SigningKey::from_seed(
            &ledger.origin.key_name(member),
            &seed,
        )?)
    }

    fn draft(&self, desk: &Desk<'_>, key: &SigningKey) -> anyhow::Result<()> {
        let terminal = desk.terminal;
        let out = self.out.clone().unwrap_or_else(|| self.default_name(desk));
        if out.exists() {
            bail!(terminal.pick(
                format!("草稿 {} 已经有了，不会覆盖；请先移走，或用 --out 换个名字", out.display()),
                format!("the draft {} is there already and is not overwritten; move it away or give --out", out.display()),
            ));
        }
        if self.rent_schedule.is_some() && self.kind != "payment_due" {
            bail!(terminal.pick(
                "--rent-schedule 只用于 payment_due",
                "--rent-schedule is for payment_due only",
            ));
        }
        desk.check_turn()?;
        desk.introduce();
        let mut body = self.given(desk)?;
        if let Some(schedule) = &self.rent_schedule {
            desk.write_out(schedule, &mut body)?;
        }
        let given = Given {
            public: &self.document,
            private: &self.private_document,
            readers: &self.readers,
            ask: self.from.is_none(),
        };
        let mut papers = Attachments::collect(desk, &self.kind, &given, &mut body)?;
        let Drafted {
            statement,
            disclosure,
        } = loop {
            if self.from.is_none() {
                desk.ask(&mut body)?;
            }
            match desk.make(body.clone(), self.at.as_deref()) {
                Ok(made) => break made,
                Err(fault) => self.mend(desk, fault, &mut body, &out)?,
            }
        };
        let note = statement.sign([key])?;
        papers.public.extend(disclosure);
        draft::write_new(terminal, &out, &note, &papers)?;
        let words = Words {
            language: terminal.language,
            ledger: Some(desk.drafting.ledger),
            charter: Some(desk.drafting.charter),
            transaction: desk.drafting.state.transaction_of(&desk.drafting.stream),
        };
        terminal.say(terminal.pick("草稿内容：", "the draft says:"));
        for line in words::lines(&words.statement(&statement), terminal.language) {
            terminal.say(line);
        }
        cosign::say_next(
            terminal,
            &words,
            desk.drafting.state,
            &statement,
            std::slice::from_ref(&desk.drafting.signer),
            &out,
            Some(&self.ledger),
        );
        Ok(())
    }

    fn default_name(&self, desk: &Desk<'_>) -> PathBuf {
        match &desk.drafting.stream {
            StreamId::Transaction(id) => format!("{id}-{}.draft", self.kind),
            StreamId::Concern(id) => format!("{id}-{}.draft", self.kind),
            StreamId::Ledger => format!("ledger-{}.draft", self.kind),
        }
        .into()
    }

    /// The content given as a file, or nothing yet.
    fn given(&self, desk: &Desk<'_>) -> anyhow::Result<Map<String, Value>> {
        let terminal = desk.terminal;
        let Some(file) = &self.from else {
            return Ok(Map::new());
        };
        let text = std::fs::read(file).with_context(|| {
            terminal.pick(
                format!("读不到 {}", file.display()),
                format!("cannot read {}", file.display()),
            )
        })?;
        let value: Value = serde_json::from_slice(&text).with_context(|| {
            terminal.pick(
                format!("{} 不是有效的 JSON", file.display()),
                format!("{} is not valid JSON", file.display()),
            )
        })?;
        let Value::Object(mut body) = value else {
            bail!(terminal.pick(
                format!("{} 应为一个 JSON 对象 {{…}}", file.display()),
                format!("{} must hold one JSON object {{…}}", file.display()),
            ));
        };
        if body.remove("kind").is_some_and(|kind| kind != *self.kind) {
            bail!(terminal.pick(
                format!(
                    "{} 里的 kind 与命令里的 {} 不一致",
                    file.display(),
                    self.kind
                ),
                format!("the kind in {} is not {}", file.display(), self.kind),
            ));
        }
        if let Some(Value::String(path)) = body.get("charter") {
            let charter = form::read_charter(terminal, Path::new(path))?;
            body.insert("charter".to_owned(), charter);
        }
        Ok(body)
    }

    /// After a refusal: asks again for the field at fault, or gives up and keeps the answers.
    fn mend(
        &self,
        desk: &Desk<'_>,
        fault: anyhow::Error,
        body: &mut Map<String, Value>,
        out: &Path,
    ) -> anyhow::Result<()> {
        let terminal = desk.terminal;
        let refused = |fault: anyhow::Error| match fault.downcast::<FieldAtFault>() {
            Ok(at_fault) => Refused(at_fault.said).into(),
            Err(other) => other,
        };
        if self.from.is_some() {
            return Err(refused(fault));
        }
        let field = match fault.downcast_ref::<FieldAtFault>() {
            Some(at_fault) if terminal.is_interactive() => at_fault.field.split(['.', '[']).next(),
            _ => None,
        };
        let field = field.map(str::to_owned);
        if let Some(field) = field.filter(|field| body.contains_key(field)) {
            terminal.advise(format!("✗ {fault}"));
            body.remove(&field);
            return Ok(());
        }
        // The documents themselves are not kept: they are given again.
        body.remove("documents");
        let kept = draft::companion(out, "answers.json");
        let json = serde_json::to_string_pretty(&Value::Object(body.clone()))?;
        draft::replace(terminal, &kept, json.as_bytes())?;
        terminal.advise(terminal.pick(
            format!("填写的内容已存到 {}，改好后可用 --from 再来，不必重填（材料用 --document 再给一次）。", kept.display()),
            format!("Your answers were kept in {}: correct them and give --from, with the documents by --document.", kept.display()),
        ));
        Err(refused(fault))
    }
}
