//! Embeds a ledger: opens it, is refused, records a step, and lets a stranger audit it.
//!
//! Run with `cargo run -p ledger-core --example embed`.

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::error::Error;

use ledger_core::source::StoreSource;
use ledger_core::{
    AppendError, Charter, Event, Expected, Ledger, LogTime, MemoryStore, Pins, SigningKey,
    Statement, StreamId, audit,
};
use serde_json::json;

const ORIGIN: &str = "sanzi.example.org/donglang";

fn main() -> Result<(), Box<dyn Error>> {
    let key =
        |member: &str, seed| SigningKey::from_seed(&format!("{ORIGIN}/{member}"), &[seed; 32]);
    let (chair, supervisor) = (key("chair", 1)?, key("jian", 2)?);
    let (manager, accountant) = (key("huang", 3)?, key("he", 4)?);
    let member = |key: &SigningKey, id: &str, role: &str| json!({ "member": id, "name": "某*", "key": key.verifier(), "roles": [role] });
    let opened = Event::from_value(json!({
        "kind": "ledger_opened", "origin": ORIGIN, "training": true,
        "collective": { "name": "东塱经济联社", "credit_code": "N1440606766567748T",
                        "region": "广东省广州市荔湾区", "reports_to": "街道三资办" },
        "charter": Charter::parse(Charter::default_text())?,
        "members": [member(&chair, "chair", "chair"), member(&supervisor, "jian", "supervisor"),
                    member(&manager, "huang", "asset_manager"), member(&accountant, "he", "accountant")],
    }))?;
    let at = "2018-01-02T09:00:00+08:00".parse()?;
    let now: LogTime = "2018-01-02T01:00:05Z".parse()?;
    let founding = Statement::new(StreamId::Ledger, ledger_core::hash::Hash::ZERO, at, opened)
        .sign([&chair, &supervisor, &manager, &accountant])?;
    let log_key = SigningKey::from_seed(ORIGIN, &[9; 32])?;
    let (mut ledger, _) = Ledger::create(MemoryStore::new(), log_key, &founding, now)?;

    let document = |kind: &str| {
        json!({ "access": "public", "kind": kind, "title": kind, "size_bytes": 2,
                                        "sha256": "df7e70e5021544f4834bbee64a9e3789febc4be81470df629cad6ddb03320a5c" })
    };
    let verified = Event::from_value(json!({
        "kind": "asset_verification", "summary": "核对 12 号商铺的台账和权属。",
        "documents": [document("asset_register"), document("ownership")],
        "asset": { "name": "东塱大街 12 号商铺", "kind": "asset", "location": "东塱大街 12 号", "ownership": "集体所有",
                   "area": { "value": "86.5", "unit": "square_metre" }, "current_use": "空置", "book_value_fen": 32_000_000 },
    }))?;
    let statement = ledger.draft(StreamId::Transaction("2018-001".parse()?), at, verified)?;
    match ledger.append(&statement.sign([&manager])?, now) {
        Err(AppendError::Refused(refusal)) => println!("refused, as it should be: {refusal}"),
        other => return Err(format!("one signer was enough: {other:?}").into()),
    }
    let receipt = ledger.append(&statement.sign([&manager, &accountant, &supervisor])?, now)?;
    println!(
        "admitted as entry {}, proof:\n{}",
        receipt.index, receipt.proof
    );

    let pins = Pins {
        ledger_id: ledger.state()?.ledger_id,
        log_key: ledger.log_key().clone(),
        origin: ORIGIN.parse()?,
    };
    let report = audit(
        &StoreSource(ledger.store()),
        Expected {
            pins: &pins,
            policy: None,
        },
        &mut |_, _, _| {},
    )?;
    println!(
        "audited by a stranger: {} entries, {} signatures, holds: {}",
        report.checked,
        report.signatures,
        report.holds()
    );
    Ok(())
}
