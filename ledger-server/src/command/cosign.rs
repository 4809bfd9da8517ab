//! `sanzi cosign`: shows in words what will be signed, and adds a signature to a draft.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use ledger_core::authenticate::{authenticate, member_in_name};
use ledger_core::event::{Event, SignedEvent, Statement};
use ledger_core::note::Note;
use ledger_core::signing;
use ledger_core::state::State;
use ledger_core::{Language, MemberId, Origin, Refusal};

use super::help::Text;
use crate::draft::{self, Draft};
use crate::key_file;
use crate::signers;
use crate::source_arg;
use crate::terminal::{Refused, Terminal};
use crate::words::{self, Words, words_for};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi cosign 2026-001-asset_verification.draft --key liang.key --ledger data"
)]
pub(crate) struct Cosign {
    draft: PathBuf,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(long, value_name = "SOURCE")]
    ledger: Option<String>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[arg(long)]
    yes: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "cosign",
        zh: "会签草稿：先用文字显示要签的内容，确认后签名",
        en: "Co-sign a draft: shows what it says, asks, and signs",
    },
    Text {
        of: "cosign.draft",
        zh: "草稿文件",
        en: "The draft",
    },
    Text {
        of: "cosign.key",
        zh: "签署人的钥匙文件",
        en: "The signer's key file",
    },
    Text {
        of: "cosign.ledger",
        zh: "账本；给了就核对已有签名和规则",
        en: "The ledger: then earlier signatures and the rules are checked",
    },
    Text {
        of: "cosign.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "cosign.passphrase_file",
        zh: "口令写在这个文件的第一行",
        en: "A file whose first line is the passphrase",
    },
    Text {
        of: "cosign.yes",
        zh: "不再询问，直接签",
        en: "Sign without asking",
    },
];

impl Cosign {
    /// Adds a signature.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let draft = Draft::read(terminal, &self.draft)?;
        let state = match &self.ledger {
            Some(source) => {
                let source = source_arg::open(terminal, source, self.pins.as_deref())?;
                source.replay(&mut |_, _, _| {})?.state
            }
            None => State::new(),
        };
        let statement = draft.signed.statement();
        let words = words_for(language, &state, statement);
        if words.ledger.is_some_and(|ledger| ledger.training) {
            terminal.say(terminal.pick("【演示账本】", "[TRAINING LEDGER]"));
        }
        terminal.say(terminal.pick("要签署的内容：", "what will be signed:"));
        for line in words::lines(&words.statement(statement), language) {
            terminal.say(line);
        }
        let signed = earlier_signers(terminal, &draft, &state, &words)?;
        let key = key_file::read_public(terminal, &key_file::public_file(&self.key))?;
        if draft
            .signed
            .note()
            .signatures()
            .iter()
            .any(|line| line.name() == key.name())
        {
            terminal.say(terminal.pick(
                format!("{} 已经签过这份草稿，没有改动。", key.name()),
                format!(
                    "{} has signed this draft before; nothing was changed.",
                    key.name()
                ),
            ));
            return Ok(ExitCode::SUCCESS);
        }
        let signer = check_signer(terminal, &words, &state, &draft, key.name(), &signed)?;
        if !self.yes && !terminal.confirm(terminal.pick("确认签署？", "Sign this?"))? {
            bail!(Refused(
                terminal
                    .pick(
                        "没有签署，草稿没有改动。",
                        "not signed; the draft is unchanged."
                    )
                    .to_owned()
            ));
        }
        let key = key_file::unlock(terminal, &self.key, self.passphrase_file.as_deref())?;
        let bytes = with_line(&draft, &key)?;
        draft::replace(terminal, &draft.path, &bytes)?;
        let mut signed = signed;
        signed.extend(signer);
        say_next(
            terminal,
            &words,
            &state,
            statement,
            &signed,
            &draft.path,
            self.ledger.as_deref(),
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// The draft with one signature more, in the order that the format asks for.
fn with_line(draft: &Draft, key: &ledger_core::SigningKey) -> anyhow::Result<Vec<u8>> {
    let note = draft.signed.note();
    let mut lines = note.signatures().to_vec();
    lines.push(key.sign_note_text(note.text()));
    lines.sort_by(|one, other| one.name().cmp(other.name()));
    let bytes = Note::new(note.text().to_owned(), lines)?.to_bytes();
    SignedEvent::parse(&bytes)?;
    Ok(bytes)
}

/// Who has signed so far: verified, if the ledger is at hand.
fn earlier_signers(
    terminal: Terminal,
    draft: &Draft,
    state: &State,
    words: &Words<'_>,
) -> anyhow::Result<Vec<MemberId>> {
    let names = draft
        .signed
        .note()
        .signatures()
        .iter()
        .map(|line| line.name());
    if words.ledger.is_none() {
        let names: Vec<&str> = names.collect();
        terminal.say(terminal.pick(
            format!("已有签名（未核对，没有给 --ledger）：{}", names.join("、")),
            format!(
                "signed so far (not verified: no --ledger): {}",
                names.join(", ")
            ),
        ));
        return Ok(Vec::new());
    }
    let authentic = authenticate(state, draft.signed.clone()).map_err(|refusal| {
        Refused(terminal.pick(
            format!(
                "草稿上的签名不成立，没有签署：{}",
                refusal.detail(terminal.language)
            ),
            format!(
                "a signature on the draft does not hold; not signed: {}",
                refusal.detail(terminal.language)
            ),
        ))
    })?;
    let signers = authentic.signers().to_vec();
    let shown: Vec<String> = signers.iter().map(|id| words.member(id)).collect();
    terminal.say(terminal.pick(
        format!("已有签名（已核对）：{}", shown.join("、")),
        format!("signed so far (verified): {}", shown.join(", ")),
    ));
    Ok(signers)
}

/// Whether this key may sign this draft, as far as that can be known here.
fn check_signer(
    terminal: Terminal,
    words: &Words<'_>,
    state: &State,
    draft: &Draft,
    name: &str,
    signed: &[MemberId],
) -> anyhow::Result<Option<MemberId>> {
    let first = draft.signed.note().signatures().first();
    let foreign = first
        .and_then(|line| line.name().rsplit_once('/'))
        .map(|(origin, _)| origin);
    let origin = words
        .ledger
        .map_or(foreign, |ledger| Some(ledger.origin.as_str()));
    let origin: Option<Origin> = origin.and_then(|origin| origin.parse().ok());
    let member = origin
        .as_ref()
        .and_then(|origin| member_in_name(origin, name));
    let (Some(member), Some(_)) = (&member, &origin) else {
        bail!(Refused(terminal.pick(
            format!("这把钥匙叫 {name}，不属于这份草稿的账本；没有签署"),
            format!("this key is named {name} and belongs to another ledger; not signed"),
        )));
    };
    let statement = draft.signed.statement();
    if let (Some(ledger), Some(charter)) = (words.ledger, words.charter) {
        let expected = state.head(&statement.stream).unwrap_or(ledger.ledger_id);
        if statement.prev != expected {
            let refusal = Refusal::StalePrev {
                expected,
                found: statement.prev,
            };
            bail!(Refused(terminal.pick(
                format!("没有签署：{}", refusal.detail(terminal.language)),
                format!("not signed: {}", refusal.detail(terminal.language)),
            )));
        }
        let mut all = signed.to_vec();
        all.push(member.clone());
        let rule = signing::rule_of(
            charter,
            &statement.event,
            state.transaction_of(&statement.stream),
        );
        let position = state.size();
        let verdict = rule.map(|rule| signing::assign(&all, rule, &ledger.roster, position));
        match verdict {
            None | Some(Ok(_) | Err(Refusal::MissingRoles { .. })) => {}
            Some(Err(refusal)) => bail!(Refused(terminal.pick(
                format!(
                    "没有签署：{}。{}",
                    refusal.title(terminal.language),
                    refusal.detail(terminal.language)
                ),
                format!(
                    "not signed: {}. {}",
                    refusal.title(terminal.language),
                    refusal.detail(terminal.language)
                ),
            ))),
        }
    }
    Ok(Some(member.clone()))
}

/// Says who must still sign, and the next command.
pub(crate) fn say_next(
    terminal: Terminal,
    words: &Words<'_>,
    state: &State,
    statement: &Statement,
    signed: &[MemberId],
    draft: &Path,
    ledger: Option<&str>,
) {
    let missing = words
        .ledger
        .zip(words.charter)
        .and_then(|(ledger, charter)| {
            let rule = signing::rule_of(
                charter,
                &statement.event,
                state.transaction_of(&statement.stream),
            )?;
            let seats = signers::seats(signed, rule, &ledger.roster, state.size())?;
            let open: Vec<String> = seats
                .iter()
                .filter(|seat| !seat.signed)
                .map(|seat| {
                    let holders: Vec<String> = ledger
                        .roster
                        .holders(seat.role, state.size())
                        .filter(|holder| !signed.contains(*holder))
                        .map(|holder| words.member(holder))
                        .collect();
                    format!(
                        "{}{}{}",
                        words.role(seat.role),
                        terminal.pick("：", ": "),
                        holders.join(terminal.pick(" 或 ", " or "))
                    )
                })
                .collect();
            Some(open)
        });
    let draft_name = draft.display();
    let source = ledger
        .map(|ledger| format!(" --ledger {ledger}"))
        .unwrap_or_default();
    if matches!(statement.event, Event::LossDeclared(_)) {
        terminal.say(terminal.pick(
            "已签，还没有声明。签齐以后，在服务器上再运行一次 sanzi recover --declare-loss（不用 submit）。",
            "signed; it is not declared yet. When all have, run sanzi recover --declare-loss on the server once more (not submit).",
        ));
        return;
    }
    match missing {
        Some(open) if open.is_empty() => {
            let key = ledger.is_some_and(crate::source_arg::is_url);
            let key = if key { terminal.pick(" --key 钥匙文件", " --key FILE") } else { "" };
            let to = ledger.unwrap_or("DATA|URL");
            terminal.say(terminal.pick(
                format!("签名已齐，还没有登记。下一步：sanzi submit {draft_name} --to {to}{key}"),
                format!("all have signed; it is not recorded yet. Next: sanzi submit {draft_name} --to {to}{key}"),
            ));
        }
        Some(open) => {
            terminal.say(terminal.pick("还须签署：", "still to sign:"));
            for line in open {
                terminal.say(format!("  {line}"));
            }
            terminal.say(terminal.pick(
                format!("已签，还没有登记。请把草稿交给下一位：sanzi cosign {draft_name}{source} --key 钥匙文件"),
                format!("signed; it is not recorded yet. Hand the draft on: sanzi cosign {draft_name}{source} --key FILE"),
            ));
        }
        None => terminal.say(terminal.pick(
            format!("已签，还没有登记。签齐以后：sanzi submit {draft_name} --to 数据文件夹或网址"),
            format!("signed; it is not recorded yet. When all have: sanzi submit {draft_name} --to DATA|URL"),
        )),
    }
    if !matches!(statement.event, Event::LedgerOpened(_)) && ledger.is_none() {
        terminal.advise(terminal.pick(
            "（加上 --ledger 可以核对已有签名，并列出还差谁。）",
            "(with --ledger, earlier signatures are verified and those still missing are listed.)",
        ));
    }
}
