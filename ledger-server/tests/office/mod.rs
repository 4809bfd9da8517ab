//! An office with a data folder, key files, and the real binary to work with.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part; a test fails by panicking"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

pub(crate) const TRANSACTION: &str = "2026-001";

/// How many seconds the windows of the office's charter are open.
pub(crate) const WINDOW_SECONDS: u64 = 2;

/// Members and the roles they hold.
pub(crate) const MEMBERS: &[(&str, &[&str])] = &[
    (
        "zhao",
        &[
            "asset_manager",
            "council_member",
            "party_secretary",
            "disclosure_officer",
            "assembly_chair",
            "street_reviewer",
            "trading_checker",
        ],
    ),
    ("he", &["accountant", "scrutineer"]),
    ("liang", &["supervisor"]),
    ("chen", &["chair", "legal_counsel"]),
    ("jie", &["street_office", "trading_service"]),
    ("qian", &["cashier"]),
];

pub(crate) struct Office {
    pub(crate) folder: tempfile::TempDir,
}

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Outcome {
    /// The last line of the result.
    pub(crate) fn last(&self) -> &str {
        self.out.trim_end().lines().last().unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.last()).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

pub(crate) fn answers() -> Value {
    let members: Vec<Value> = MEMBERS
        .iter()
        .map(|(member, roles)| json!({ "member": member, "name": format!("{member}*"), "roles": roles }))
        .collect();
    json!({
        "origin": "sanzi.example.org/donglang", "training": true,
        "collective": { "name": "东塱经济联社", "credit_code": "N1440606766567748T",
                        "region": "广东省广州市荔湾区", "reports_to": "街道三资办，荔湾区某路 1 号" },
        "members": members,
    })
}

impl Office {
    /// An empty office with a passphrase file.
    pub(crate) fn new() -> Self {
        let office = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        office.write("pass", "correct horse battery\n");
        office.write("台账.txt", "台账\n");
        office
    }

    /// An office whose ledger is open, with windows of [`WINDOW_SECONDS`].
    pub(crate) fn opened() -> Self {
        Self::opened_with_windows(WINDOW_SECONDS)
    }

    /// An office whose ledger is open, with windows of so many seconds.
    pub(crate) fn opened_with_windows(seconds: u64) -> Self {
        let office = Self::new();
        let charter = office.ok(&["charter", "--training"]).out;
        let short = format!("\"length\": {seconds}, \"unit\": \"seconds\"");
        office.write(
            "charter.json",
            &charter.replace(r#""length": 10, "unit": "seconds""#, &short),
        );
        office.write("answers.json", &answers().to_string());
        office.ok(&[
            "init",
            "data",
            "--from",
            "answers.json",
            "--charter",
            "charter.json",
            "--passphrase-file",
            "pass",
            "--yes",
        ]);
        office
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
        command.current_dir(self.folder.path()).args(arguments);
        for variable in [
            "LANG",
            "LC_ALL",
            "LC_MESSAGES",
            "SANZI_LOG_PASSPHRASE",
            "RUST_LOG",
        ] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs a command to its end, with these answers on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that refuses early does not read its input.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let Some(code) = output.status.code() else {
            let err = String::from_utf8_lossy(&output.stderr);
            panic!("{arguments:?} ended by {}: {err}", output.status);
        };
        Outcome {
            code,
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, "")
    }

    /// Runs a command that must succeed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:#?}");
        outcome
    }

    /// Runs a command that must end with this code and complain of this.
    pub(crate) fn fails(&self, arguments: &[&str], code: i32, complaint: &str) -> Outcome {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, code, "{arguments:?}: {outcome:#?}");
        assert!(outcome.err.contains(complaint), "{complaint}: {outcome:#?}");
        outcome
    }

    pub(crate) fn key(&self, member: &str) -> String {
        format!("data/founding/keys/{member}.key")
    }

    /// The arguments that record a deed against a ledger.
    pub(crate) fn record(&self, ledger: &str, deed: &Deed, draft: &str) -> Vec<String> {
        self.write("body.json", &deed.body.to_string());
        let mut arguments = vec!["record".to_owned(), deed.kind.to_owned()];
        let mut add =
            |name: &str, value: &str| arguments.extend([name.to_owned(), value.to_owned()]);
        add("--ledger", ledger);
        add("--transaction", TRANSACTION);
        add("--key", &self.key(deed.signers[0]));
        add("--from", "body.json");
        add("--passphrase-file", "pass");
        add("--out", draft);
        for kind in deed.documents {
            add("--document", &format!("{kind}=台账.txt"));
        }
        arguments
    }

    /// Records, co-signs and submits a deed.
    pub(crate) fn carry_out(&self, ledger: &str, deed: &Deed, draft: &str) -> Outcome {
        self.draft(ledger, deed, draft);
        self.submit(ledger, deed.signers[0], draft)
    }

    /// Submits a draft, with its documents.
    pub(crate) fn submit(&self, ledger: &str, by: &str, draft: &str) -> Outcome {
        let key = self.key(by);
        let mut arguments = vec!["submit", draft, "--to", ledger];
        if ledger.starts_with("http") {
            arguments.extend(["--key", &key, "--passphrase-file", "pass"]);
        }
        self.ok(&arguments)
    }

    /// Records and co-signs a deed.
    pub(crate) fn draft(&self, ledger: &str, deed: &Deed, draft: &str) {
        let arguments = self.record(ledger, deed, draft);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.ok(&arguments);
        for signer in &deed.signers[1..] {
            let key = self.key(signer);
            self.ok(&[
                "cosign",
                draft,
                "--key",
                &key,
                "--ledger",
                ledger,
                "--passphrase-file",
                "pass",
                "--yes",
            ]);
        }
    }

    /// Records and submits the postings of a publication on all channels but these.
    pub(crate) fn post_everywhere(&self, ledger: &str, but: &[&str]) {
        for channel in ["platform", "newsletter", "wechat", "notice_board"] {
            if !but.contains(&channel) {
                self.carry_out(ledger, &posting(channel), &self.fresh_draft());
            }
        }
    }

    /// The name of a draft that is not there yet.
    pub(crate) fn fresh_draft(&self) -> String {
        let free = |name: &String| !self.path(name).exists();
        (0..)
            .map(|number| format!("{number}.draft"))
            .find(free)
            .unwrap()
    }

    /// Waits until a window that began before now has run.
    pub(crate) fn wait_for_window(&self) {
        std::thread::sleep(std::time::Duration::from_secs(WINDOW_SECONDS + 1));
    }

    /// Starts the service on the data folder; gives the ledger's address.
    pub(crate) fn serve(&self) -> (Service, String) {
        self.serve_with(&[])
    }

    /// As [`Office::serve`], with these settings.
    pub(crate) fn serve_with(&self, settings: &[&str]) -> (Service, String) {
        let serve = ["serve", "--data", "data", "--listen", "127.0.0.1:0"];
        let mut command = self.command(&[&serve, settings].concat());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ledger = lines.next().unwrap().unwrap();
        lines.next().unwrap().unwrap();
        // The line names an address below the ledger's.
        let url = ledger.split('，').next_back().unwrap();
        let end = url.find("/donglang").unwrap() + "/donglang".len();
        let url = url[url.find("http").unwrap()..end].to_owned();
        (Service(child), url)
    }
}

/// A service that stops when it is dropped.
pub(crate) struct Service(Child);

impl Service {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn stop(mut self) {
        let sent = Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(sent.unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Something to record: its kind, who signs, what it says, and with which documents.
pub(crate) struct Deed {
    pub(crate) kind: &'static str,
    pub(crate) signers: &'static [&'static str],
    pub(crate) body: Value,
    pub(crate) documents: &'static [&'static str],
}

pub(crate) fn posting(channel: &str) -> Deed {
    Deed {
        kind: "channel_posted",
        signers: &["zhao"],
        body: json!({ "channel": channel, "location": "村委会门口" }),
        documents: &[],
    }
}

fn deed(
    kind: &'static str,
    signers: &'static [&'static str],
    documents: &'static [&'static str],
    mut body: Value,
) -> Deed {
    body["summary"] = json!(format!("办理 {kind}。"));
    Deed {
        kind,
        signers,
        body,
        documents,
    }
}

/// The sixteen steps of one transaction.
pub(crate) fn steps() -> Vec<Deed> {
    let publication = || json!({ "comments_to": "村委会意见箱，或来人来信" });
    let price = json!({ "basis": "per_year", "fen": 12_000_000 });
    let publishers: &[&str] = &["zhao", "chen", "liang"];
    vec![
        deed(
            "asset_verification",
            &["zhao", "he", "liang"],
            &["asset_register", "ownership"],
            json!({
            "asset": { "name": "12 号商铺", "kind": "asset", "location": "东塱大街 12 号", "ownership": "集体所有",
                       "area": { "value": "86.5", "unit": "square_metre" }, "current_use": "空置", "book_value_fen": 32_000_000 } }),
        ),
        deed(
            "proposal_initiation",
            &["zhao", "chen"],
            &["proposal_form", "council_minutes"],
            json!({
            "category": "lease", "method": "open_bidding", "reason": "到期重新出租", "expected_term_months": 36 }),
        ),
        deed(
            "party_review",
            &["zhao"],
            &["party_minutes"],
            json!({
            "met_on": "2026-01-05", "conclusion": { "verdict": "agreed" } }),
        ),
        deed("publish_pre_plan", publishers, &[], publication()),
        deed(
            "feedback_and_valuation",
            &["zhao", "he", "liang"],
            &["feedback_reply", "valuation"],
            json!({
            "consulted_from": "2026-01-06", "consulted_until": "2026-01-12", "opinions_received": 3, "opinions_answered": 3,
            "valuation_method": "inquiry", "valuer": "三家中介询价", "price_basis": "同街三处成交价", "reserve_price": price }),
        ),
        deed(
            "plan_drafting",
            &["zhao", "he", "chen"],
            &["plan", "contract_draft"],
            json!({
            "method": "open_bidding", "reserve_price": price, "term_months": 36, "rent_free_months": 1,
            "escalation": { "every_months": 12, "rate_basis_points": 300 }, "deposit_fen": 2_000_000, "eligibility": "依法登记的个人或单位" }),
        ),
        deed(
            "member_vote",
            &["zhao", "he", "liang"],
            &["notice", "attendance", "tally", "minutes"],
            json!({
            "body": "representatives", "members": 30, "eligible": 30, "present": 27, "for": 25, "against": 1, "abstain": 1,
            "notified_on": "2026-01-13", "held_on": "2026-01-26" }),
        ),
        deed("publish_plan", publishers, &[], publication()),
        deed(
            "street_review",
            &["jie", "zhao"],
            &["review_opinion"],
            json!({
            "conclusion": { "verdict": "agreed_with_conditions", "conditions": "合同先送审" }, "platform_level": "street" }),
        ),
        deed(
            "listing_notice",
            &["jie", "chen"],
            &["listing", "bidding_rules"],
            json!({
            "listing_number": "LW-2026-001", "opens_at": "2026-02-01T09:00:00+08:00", "closes_at": "2026-02-10T17:00:00+08:00",
            "bid_increment_fen": 50_000, "extension_rule": "最后五分钟有人出价则顺延五分钟" }),
        ),
        deed(
            "bidder_qualification",
            &["jie", "zhao"],
            &["qualification", "deposits"],
            json!({
            "applicants": [ { "name": "周*", "admitted": true, "deposit_fen": 2_000_000 },
                            { "name": "吴*", "admitted": false, "deposit_fen": 0, "reason": "未交保证金" } ] }),
        ),
        deed(
            "bidding",
            &["jie", "liang"],
            &["bid_record", "confirmation"],
            json!({
            "round": 1, "held_at": "2026-02-11T10:00:00+08:00", "bidders": 2, "bids": 5,
            "outcome": { "result": "won", "winner": "周*", "price": { "basis": "per_year", "fen": 13_000_000 } } }),
        ),
        deed(
            "result_and_objection",
            &["jie", "zhao", "liang"],
            &["result_notice"],
            json!({
            "notice": "街道平台网站", "objections_to": "街道三资办" }),
        ),
        deed(
            "contract_signing",
            &["chen", "liang", "jie"],
            &["contract", "performance_bond"],
            json!({
            "contract_number": "DL-2026-001", "parties": ["东塱经济联社", "周*"], "amount_fen": 39_000_000,
            "signed_on": "2026-02-20", "term_start": "2026-03-01", "term_end": "2029-02-28", "performance_bond_fen": 2_000_000 }),
        ),
        deed(
            "handover_and_receipt",
            &["he", "qian", "liang"],
            &["handover", "vouchers", "deposit_refunds"],
            json!({
            "handed_over_on": "2026-03-01", "deposits_refunded_fen": 0,
            "received": [ { "amount_fen": 13_000_000, "received_on": "2026-02-25", "voucher": "0001234" } ] }),
        ),
        deed("publish_completion", publishers, &[], publication()),
    ]
}

/// Copies a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
