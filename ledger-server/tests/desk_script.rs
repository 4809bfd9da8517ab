//! The staff desk's script: key files, statements in words, and people who sign in real browsers.
//!
//! Key files made in the browser and elsewhere: each program opens the other's, and says what is wrong with
//! those it does not open. There the browser's half runs in Node.js, from the same source. What people do is in
//! `web/tests/desk.mjs`; without Chromium or what `npm ci` installs in `web` this says so and passes, unless
//! `CI` is set.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it leaves out"
)]

mod office;
mod paper;
mod year;

use std::path::{Path, PathBuf};
use std::process::Command;

use ledger_core::{SigningKey, keyfile};
use office::Office;
use serde_json::Value;

const SEED: [u8; 32] = [7; 32];
const SEED_HEX: &str = "0707070707070707070707070707070707070707070707070707070707070707";
const PASSPHRASE: &str = "荷花塘 pass 1";
const NAME: &str = "sanzi.example.org/donglang/chen";

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("desk_script_{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

fn browser(arguments: &[&str]) -> (bool, String) {
    let tool = Path::new(env!("SANZI_WEB_TOOLS")).join("key.mjs");
    run(Command::new("node").arg(tool).args(arguments))
}

fn opened(pem: &str, passphrase: &str, folder: &Path) -> (bool, String) {
    let file = folder.join("opened.key");
    std::fs::write(&file, pem).unwrap();
    browser(&["open", file.to_str().unwrap(), passphrase])
}

/// What `openssl` prints of the private key, as hexadecimal digits; none if there is no `openssl`.
fn openssl(folder: &Path, arguments: &[&str]) -> Option<String> {
    let found = Command::new("openssl")
        .current_dir(folder)
        .args(arguments)
        .output();
    let Ok(output) = found else {
        assert!(std::env::var_os("CI").is_none(), "missing: openssl");
        eprintln!("SKIPPED: openssl");
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    let private = text.split("priv:").nth(1).unwrap_or_default();
    let private = private.split("pub:").next().unwrap();
    Some(
        private
            .split_whitespace()
            .collect::<String>()
            .replace(':', ""),
    )
}

#[test]
fn a_file_made_in_the_browser_opens_everywhere() {
    let folder = folder("made");
    let (good, pem) = browser(&["seal", SEED_HEX, PASSPHRASE]);
    assert!(good, "{pem}");
    assert_eq!(*keyfile::open(&pem, PASSPHRASE).unwrap(), SEED);
    std::fs::write(folder.join("chen.key"), &pem).unwrap();
    let arguments = ["pkey", "-in", "chen.key", "-noout", "-text", "-passin"];
    let passphrase = format!("pass:{PASSPHRASE}");
    if let Some(seed) = openssl(&folder, &[&arguments[..], &[&passphrase]].concat()) {
        assert_eq!(seed, SEED_HEX);
    }
    // And by the command line, which wants to know whose it is: the browser's words are the same.
    let (good, said) = browser(&["vkey", NAME, SEED_HEX]);
    assert!(good, "{said}");
    let (vkey, fingerprint) = said.trim_end().split_once('\n').unwrap();
    let key = SigningKey::from_seed(NAME, &SEED).unwrap();
    assert_eq!(vkey, key.verifier().to_string());
    std::fs::write(folder.join("chen.key.pub"), format!("{vkey}\n")).unwrap();
    std::fs::write(folder.join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
    let arguments = ["key", "show", "chen.key", "--passphrase-file", "passphrase"];
    let (good, said) = run(Command::new(env!("CARGO_BIN_EXE_sanzi"))
        .current_dir(&folder)
        .args(arguments));
    assert!(
        good && said.contains(vkey) && said.contains(fingerprint),
        "{said}"
    );
}

#[test]
fn the_browser_opens_files_made_elsewhere() {
    let folder = folder("elsewhere");
    let pem = keyfile::seal(&SEED, PASSPHRASE).unwrap();
    assert_eq!(
        opened(&pem, PASSPHRASE, &folder),
        (true, format!("{SEED_HEX}\n"))
    );
    // Pasted from a message, it has lost its lines.
    let pasted = format!("收到：{} 请保管", pem.replace('\n', " \r\n"));
    assert!(opened(&pasted, PASSPHRASE, &folder).0);
    let make = ["genpkey", "-algorithm", "ed25519", "-out", "raw.pem"];
    if openssl(&folder, &make).is_none() {
        return;
    }
    let seed = openssl(&folder, &["pkey", "-in", "raw.pem", "-noout", "-text"]).unwrap();
    let seal = ["pkcs8", "-topk8", "-scrypt", "-v2", "aes-256-cbc"];
    let files = [
        "-in",
        "raw.pem",
        "-out",
        "sealed.pem",
        "-passout",
        "pass:abc",
    ];
    openssl(&folder, &[&seal[..], &files].concat()).unwrap();
    let sealed = std::fs::read_to_string(folder.join("sealed.pem")).unwrap();
    assert_eq!(opened(&sealed, "abc", &folder), (true, format!("{seed}\n")));
    // What it does not open it names, with the way out.
    let other = ["pkcs8", "-topk8", "-v2", "aes-256-cbc"];
    openssl(&folder, &[&other[..], &files].concat()).unwrap();
    let sealed = std::fs::read_to_string(folder.join("sealed.pem")).unwrap();
    let (good, said) = opened(&sealed, "abc", &folder);
    assert!(!good && said.starts_with("encryption\t"), "{said}");
    assert!(said.contains("openssl pkcs8 -topk8 -scrypt"), "{said}");
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_both_languages() {
    let folder = folder("wrong");
    let pem = keyfile::seal(&SEED, PASSPHRASE).unwrap();
    let body = |change: fn(&mut Vec<u8>)| {
        let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = data_encoding::BASE64.decode(lines.as_bytes()).unwrap();
        change(&mut der);
        let text = data_encoding::BASE64.encode(&der);
        format!(
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n{text}\n-----END ENCRYPTED PRIVATE KEY-----\n"
        )
    };
    let cases = [
        ("passphrase", pem.clone(), "something else"),
        ("passphrase", pem.clone(), ""),
        ("pem", pem.replace("-----END", "END"), PASSPHRASE),
        ("pem", String::new(), PASSPHRASE),
        ("label", pem.replace("ENCRYPTED ", ""), PASSPHRASE),
        ("damaged", pem.replacen('M', "*", 1), PASSPHRASE),
        (
            "damaged",
            body(|der| der.truncate(der.len() - 1)),
            PASSPHRASE,
        ),
        ("damaged", body(|der| der.push(0)), PASSPHRASE),
        // Half an hour of work.
        ("cost", body(|der| grow(der)), PASSPHRASE),
    ];
    for (kind, text, passphrase) in cases {
        let (good, said) = opened(&text, passphrase, &folder);
        let (found, words) = said.split_once('\t').unwrap_or((&said, ""));
        assert!(!good, "{kind}: {said}");
        assert_eq!(found, kind, "{said}");
        assert!(words.chars().any(|c| c >= '\u{4e00}'), "{words}");
        assert!(words.split('\t').nth(1).unwrap().is_ascii(), "{words}");
    }
    let (good, said) = browser(&["seal", SEED_HEX, ""]);
    assert!(!good && said.starts_with("empty\t"), "{said}");
}

/// Makes scrypt's r and p as large as their bytes allow.
fn grow(der: &mut [u8]) {
    let costs = [0x02, 0x01, 0x08, 0x02, 0x01, 0x05];
    let place = der.windows(6).position(|at| at == costs).unwrap();
    (der[place + 2], der[place + 5]) = (0x7f, 0x7f);
}

#[test]
fn a_damaged_file_is_refused_or_read_as_elsewhere_and_never_more() {
    let folder = folder("damaged");
    let pem = keyfile::seal(&SEED, PASSPHRASE).unwrap();
    let file = folder.join("whole.key");
    std::fs::write(&file, &pem).unwrap();
    // Without a passphrase: what is in salt, IV or the encrypted part reads as well as before.
    let (good, said) = browser(&["damage", file.to_str().unwrap()]);
    assert!(good, "{said}");
    let counts: Vec<usize> = said
        .split_whitespace()
        .map(|count| count.parse().unwrap())
        .collect();
    let opaque = 8 * (16 + 16 + 64);
    assert!(counts[0] >= opaque && counts[0] < opaque + 20, "{said}");
    assert!(counts[1] > 600, "{said}");
    // With it, each costs scrypt's time: a few, which both programs judge alike.
    for place in [40, 100, 140, 180] {
        let mut damaged = pem.clone().into_bytes();
        damaged[place] = if damaged[place] == b'A' { b'B' } else { b'A' };
        let text = String::from_utf8(damaged).unwrap();
        let (good, said) = opened(&text, PASSPHRASE, &folder);
        let elsewhere = keyfile::open(&text, PASSPHRASE);
        assert_eq!(good, elsewhere.is_ok(), "{place}: {said}");
        if let Ok(seed) = elsewhere {
            assert_eq!(said.trim_end(), data_encoding::HEXLOWER.encode(&*seed));
        }
    }
}

/// The scalars of an event that stand in its words as they are, or with separators.
fn said_as_they_are(name: &str, value: &Value, all: &mut Vec<String>) {
    let code = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    match value {
        Value::Object(fields) if name != "charter" => {
            let each = fields.iter();
            each.for_each(|(name, value)| said_as_they_are(name, value, all));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| said_as_they_are(name, item, all)),
        Value::Number(number) if name.ends_with("fen") => {
            let fen = number.as_u64().unwrap();
            all.push(format!("{}.{:02}", fen / 100, fen % 100));
        }
        Value::Number(number) if name.ends_with("_basis_points") => {
            let points = number.as_u64().unwrap();
            all.push(format!("{}.{:02}%", points / 100, points % 100));
        }
        Value::Number(number) => all.push(number.to_string()),
        // Whole minutes, in China; moments elsewhere and codes are said in other words.
        Value::String(text) if text.get(10..11) == Some("T") && text.ends_with("+08:00") => {
            all.push(text[..16].replace('T', ""));
        }
        Value::String(text) if !code(text) && text.get(10..11) != Some("T") => {
            all.push(text.replace(' ', ""));
        }
        _ => {}
    }
}

#[test]
fn what_is_shown_before_signing_leaves_nothing_of_any_event_out() {
    let folder = year::year("desk_script_year");
    let entries = folder.join("data/donglang/entries");
    let mut kinds = std::collections::BTreeSet::new();
    for language in ["zh-CN", "en"] {
        let tool = Path::new(env!("SANZI_WEB_TOOLS")).join("words.mjs");
        let mut node = Command::new("node");
        let (good, said) = run(node.arg(tool).arg(&entries).arg(language));
        assert!(good, "{said}");
        for line in said.lines() {
            let shown: Value = serde_json::from_str(line).unwrap();
            let rows = shown["rows"].as_array().unwrap();
            let whole: String = rows
                .iter()
                .map(|row| row["value"].as_str().unwrap())
                .collect::<Vec<_>>()
                .join("\n")
                .replace([' ', ','], "");
            let mut expected = Vec::new();
            said_as_they_are("", &shown["event"], &mut expected);
            for text in expected {
                assert!(whole.contains(&text.replace(',', "")), "{text}: {line}");
            }
            kinds.insert(shown["event"]["kind"].as_str().unwrap().to_owned());
        }
    }
    assert!(kinds.len() > 30, "{kinds:?}");
}

fn missing() -> Option<&'static str> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/node_modules/playwright-core");
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if !Path::new(&chromium).exists() {
        return Some("Chromium: install it, or name it in CHROMIUM");
    }
    (!web.exists()).then_some("playwright-core: run npm ci in ledger-server/web")
}

/// The printed recovery sheet is one page, and a camera reads the key file off it.
fn read_the_sheet(office: &Office) {
    if let Some(missing) = paper::missing() {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
        eprintln!("SKIPPED: {missing}");
        return;
    }
    let sheet = paper::Notice::of(&office.path("sheet.pdf"));
    assert_eq!(sheet.sheets(), 1);
    let pem = std::fs::read_to_string(office.path("luo.key")).unwrap();
    assert_eq!(sheet.drawn().code(), Some(pem));
    let text = sheet.text();
    for said in ["钥匙恢复单", "罗*", "luo", "BEGIN ENCRYPTED PRIVATE KEY"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn a_new_member_is_enrolled_by_code_and_signs_with_a_key_of_their_own() {
    if let Some(missing) = missing() {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
        eprintln!("SKIPPED: {missing}");
        return;
    }
    let office = Office::opened();
    let (service, url) = office.serve();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/tests/desk.mjs");
    let site = url.split("/donglang").next().unwrap();
    let mut node = Command::new("node");
    node.arg(script).arg(site.trim_end_matches('/'));
    node.arg(office.path("")).arg(env!("SANZI_WEB_TOOLS"));
    assert!(node.status().unwrap().success(), "desk.mjs: see above");
    // What was signed in the browsers holds for everybody else: founding, enrolment, declaration.
    let audited = office.ok(&["audit", &url, "--lang", "en"]);
    assert!(audited.last().contains("3 entries"), "{audited:?}");
    drop(service);
    office.ok(&["audit", "data"]);
    read_the_sheet(&office);
    // And the key file made there is one for everybody else.
    office.write("luo.pass", "荷花塘 三把锁 1987\n");
    let shown = office.ok(&["key", "show", "luo.key", "--passphrase-file", "luo.pass"]);
    let public = std::fs::read_to_string(office.path("luo.key.pub")).unwrap();
    assert!(shown.out.contains(public.trim()), "{}", shown.out);
    let folder = office.path("");
    let arguments = ["pkey", "-in", "luo.key", "-noout", "-text", "-passin"];
    if let Some(seed) = openssl(
        &folder,
        &[&arguments[..], &["pass:荷花塘 三把锁 1987"]].concat(),
    ) {
        assert_eq!(seed.len(), 64, "{seed}");
    }
}
