//! What a look has found, in words and with its evidence. (发现的说法)

use ledger_core::audit::FaultKind;
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::event::LossNotice;
use ledger_core::policy::PolicyVerdict;
use ledger_core::proof::Proof;
use ledger_core::source::{FolderSource, SourceError};
use ledger_core::tile::{TileReadError, TileReader};
use ledger_core::tree::prove_inclusion;
use serde_json::{Value, json};

use super::super::finding::{Condition, Kind, Scope};
use super::super::split::{PINS, Split};
use super::{Rules, Seen, Watch, locked};
use crate::fault;
use crate::losses;
use crate::terminal::Terminal;

/// How much is kept of what claims to be a checkpoint, in bytes.
const EVIDENCE_BYTES: usize = 16 * 1024;

impl Watch {
    pub(super) fn split_view(&self, place: &str, split: &Split) -> anyhow::Result<Condition> {
        let details = split.details();
        let (old, new) = (&details["older_size"], &details["newer_size"]);
        let message = self.terminal.pick(
            format!("{place} 给出的账，与监督程序核对过的不是同一本：同一把日志钥匙签了两份互相矛盾的检查点（{old} 条与 {new} 条）。运营者可能给不同的人看不同的账。两份签名原件和证明已存入证据文件夹，请勿删除，并立即报告上级。"),
            format!("{place} shows another history than the one that was checked: one log key signed two checkpoints ({old} and {new} entries) of which neither continues the other. The operator may be showing different people different ledgers. Both notes and the proof are kept as evidence; do not delete them, and report it."),
        );
        let mut condition = condition(
            Kind::SplitView,
            Scope::Source(place.to_owned()),
            message,
            details.clone(),
        );
        condition.evidence = split.files(&self.pins)?;
        Ok(condition)
    }

    pub(super) fn bad_checkpoint(&self, place: &str, why: &str, bytes: Vec<u8>) -> Condition {
        let message = self.terminal.pick(
            format!("{place} 的检查点不成立：{why}。这不是所信任的那个账本签出的，或被改过；在查明之前不要采信这个来源。"),
            format!("the checkpoint of {place} does not hold: {why}. It is not by the log that was pinned, or was altered; do not rely on this source before it is explained."),
        );
        let scope = Scope::Source(place.to_owned());
        let mut condition = condition(Kind::BadCheckpoint, scope, message, Value::Null);
        let mut bytes = bytes;
        bytes.truncate(EVIDENCE_BYTES);
        condition.evidence = vec![("checkpoint", bytes), readme(README_SHOWN)];
        condition.evidence.extend(self.pins_bytes());
        condition
    }

    fn pins_bytes(&self) -> Option<(&'static str, Vec<u8>)> {
        Some((PINS, serde_json::to_vec_pretty(&self.pins).ok()?))
    }

    pub(super) fn bad_content(&self, one: &Seen, why: &str) -> Condition {
        let place = &one.place;
        let message = self.terminal.pick(
            format!("{place} 的内容与它签署的检查点不符：{why}。记录在签出以后被改、被删或损坏；监督程序没有采用。"),
            format!("the content of {place} is not what its checkpoint signs: {why}. It was altered, removed or damaged afterwards; nothing of it was taken."),
        );
        let mut condition = condition(
            Kind::BadContent,
            Scope::Source(place.clone()),
            message,
            json!({ "size": one.size() }),
        );
        condition.evidence = vec![("checkpoint", one.signed.to_bytes()), readme(README_SHOWN)];
        condition
    }

    pub(super) fn rollback(&self, one: &Seen, before: u64, kept: &SignedCheckpoint) -> Condition {
        let (place, size) = (&one.place, one.size());
        let message = self.terminal.pick(
            format!("{place} 退回去了：原来给出过 {before} 条，现在只有 {size} 条。可能恢复了旧备份，也可能有人想抹掉后来的 {} 条。", before - size),
            format!("{place} was rolled back: it showed {before} entries before and {size} now. It may have been restored from an old backup, or somebody may want to be rid of the last {}.", before - size),
        );
        let mut condition = condition(
            Kind::Rollback,
            Scope::Source(place.clone()),
            message,
            json!({ "before": before, "size": size }),
        );
        condition.evidence = vec![
            ("before.checkpoint", kept.to_bytes()),
            ("now.checkpoint", one.signed.to_bytes()),
            readme(README_SHOWN),
        ];
        condition
    }

    pub(super) fn behind(&self, one: &Seen, has: u64, rules: &Rules) -> Condition {
        let (place, size) = (&one.place, one.size());
        let message = self.terminal.pick(
            format!("{place} 没有跟上：只有 {size} 条，别处已有 {has} 条；内容一致，但看这里的人看不到最新的记录。"),
            format!("{place} is behind: it has {size} entries, others have {has}. What it has is the same, but who reads there does not see the newest."),
        );
        let scope = Scope::Source(place.clone());
        let details = json!({ "size": size, "newest": has });
        Condition {
            patience_seconds: rules.grace_seconds,
            ..condition(Kind::Behind, scope, message, details)
        }
    }

    pub(super) fn withheld(&self, witness: &Seen, has: u64, rules: &Rules) -> Condition {
        let (place, size) = (&witness.place, witness.size());
        let message = self.terminal.pick(
            format!("见证方 {place} 见过 {size} 条，而所有来源都只给出 {has} 条：后面的记录没有给人看，或账本退回去了。"),
            format!("the witness {place} has seen {size} entries, all sources show {has} only: the others are withheld, or the ledger was rolled back."),
        );
        let details = json!({ "size": has, "witnessed": size });
        let scope = Scope::Source(place.clone());
        Condition {
            patience_seconds: rules.grace_seconds,
            evidence: vec![
                ("witnessed.checkpoint", witness.signed.to_bytes()),
                readme(README_SHOWN),
            ],
            ..condition(Kind::Behind, scope, message, details)
        }
    }

    pub(super) fn too_few(&self, verdict: &PolicyVerdict, size: u64, rules: &Rules) -> Condition {
        let names: Vec<&str> = verdict
            .cosigned
            .iter()
            .map(|c| c.witness.as_str())
            .collect();
        let quorum = verdict.quorum.as_deref().unwrap_or_default();
        let signed = names.join(self.terminal.pick("、", ", "));
        let message = self.terminal.pick(
            format!("第 {size} 条为止的检查点见证不足：规则要求 {quorum}，签了的有：{}。没有见证，就不能排除运营者给不同的人看不同的账。", if names.is_empty() { "无" } else { &signed }),
            format!("too few witnesses cosigned the checkpoint of {size} entries: the policy wants {quorum}, found: {}. Without them, different people could be shown different ledgers.", if names.is_empty() { "none" } else { &signed }),
        );
        let details = json!({ "quorum": quorum, "cosigned": names, "size": size });
        Condition {
            patience_seconds: rules.grace_seconds,
            ..condition(Kind::TooFewWitnesses, Scope::Witnesses, message, details)
        }
    }

    /// What the ledger itself declares lost: openly, but somebody may want it to be lost.
    pub(super) fn losses(&self) -> Vec<Condition> {
        let book = locked(&self.book);
        let ledger = book.state().ledger();
        let notices = ledger.map(losses::notices).unwrap_or_default();
        let of = |notice: &LossNotice| {
            let said = losses::in_words(self.terminal, notice);
            let message = self.terminal.pick(
                format!("{said}运营者可能借此抹掉记录：请核对声明的原因，向手里有回执、镜像或见证的人查对，旧日志的证据不要删。"),
                format!("{said} Who wants entries gone could say so: look at the reason that is given, ask those who hold receipts, mirrors or cosignatures, and keep what there is of the old log."),
            );
            let details = json!(notice);
            let mut condition = condition(Kind::LossDeclared, Scope::Record, message, details);
            condition.subject = notice.entry.to_string();
            condition
        };
        notices.iter().map(of).collect()
    }

    pub(super) fn broken_rule(
        &self,
        index: u64,
        fault: &FaultKind,
        reader: &TileReader<&FolderSource>,
        kept: &SignedCheckpoint,
    ) -> anyhow::Result<Condition> {
        let l = self.terminal.language;
        let why = fault::in_language(&fault.to_string(), l);
        let meaning = fault.meaning(l);
        let message = self.terminal.pick(
            format!("第 {index} 条记录不合规则：{why}。{meaning}这一条及其签名证明已存入证据文件夹；它后面的记录不再按规则核对。"),
            format!("entry {index} breaks the rules: {why}. {meaning} It is kept as evidence with proof that the log signed it; what follows it is not held against the rules."),
        );
        let size = kept.checkpoint().size();
        let damaged = |error: String| self.damaged(&error);
        let entries = reader.entries(index / 256);
        let entries =
            entries.map_err(|error: TileReadError<SourceError>| damaged(error.to_string()))?;
        let entry = entries
            .into_iter()
            .nth(usize::try_from(index % 256).unwrap_or(0));
        let hashes = prove_inclusion(reader, index, size);
        let hashes = hashes.map_err(|error| damaged(error.to_string()))?;
        let proof = Proof::new(index, hashes, kept)?;
        let mut condition = condition(Kind::BrokenRule, Scope::Record, message, {
            let rule = match fault {
                FaultKind::Rule(refusal) => Some(refusal.rule()),
                _ => None,
            };
            json!({ "index": index, "rule": rule, "fault": fault.to_string() })
        });
        condition.subject = index.to_string();
        condition.evidence = vec![
            ("entry", entry.unwrap_or_default()),
            ("entry.tlog-proof", proof.to_bytes()),
            ("fault.txt", format!("{fault}\n{meaning}\n").into_bytes()),
            readme(README_BROKEN),
        ];
        condition.evidence.extend(self.pins_bytes());
        Ok(condition)
    }
}

fn readme(text: &str) -> (&'static str, Vec<u8>) {
    ("README.txt", text.as_bytes().to_vec())
}

const README_SHOWN: &str = "监督程序当时看到的检查点原件\n\n\
    这里是来源给出的检查点，一字未改；有签名的，签名可用账本的日志公钥核对。它记下当时的情形，\n\
    但“来源那时这样给出”这件事本身，只有监督程序作证。\n\n\
    Checkpoints as they were shown, byte for byte. Where they are signed, the log's key verifies them;\n\
    that the source showed them at that time is the monitor's word only.\n";

const README_BROKEN: &str = "账本收进了不合规则的一条记录\n\n\
    entry 是这条记录的原文；entry.tlog-proof 证明它在账本签过的检查点之内；fault.txt 是违反的规则。\n\
    核对：sanzi verify --proof entry.tlog-proof --entry entry --pins 自己手里的信任锚文件\n\n\
    The ledger took in an entry that the rules refuse. entry: its bytes; entry.tlog-proof: that the\n\
    log signed it; fault.txt: the rule. Check: sanzi verify --proof entry.tlog-proof --entry entry --pins YOUR-PINS\n";

pub(in crate::monitor) fn condition(
    kind: Kind,
    scope: Scope,
    message: String,
    details: Value,
) -> Condition {
    Condition {
        kind,
        scope,
        subject: String::new(),
        message,
        details,
        evidence: Vec::new(),
        patience_seconds: 0,
    }
}

/// That a source cannot be read; told at once by who looks only once.
pub(in crate::monitor) fn unreachable(
    terminal: Terminal,
    place: &str,
    error: &anyhow::Error,
    rules: &Rules,
) -> Condition {
    let why = fault::told(error, terminal.language);
    let message = terminal.pick(
        format!("{place} 读不到，没能核对：{why}"),
        format!("{place} cannot be read and was not checked: {why}"),
    );
    let scope = Scope::Source(place.to_owned());
    Condition {
        patience_seconds: if rules.once { 0 } else { rules.grace_seconds },
        ..condition(Kind::Unreachable, scope, message, Value::Null)
    }
}
