//! What befalls the machine under the staff desk, by the real binary: a full disk, its sudden death at any
//! moment, a document as large as may be. Nothing is half done, nothing is recorded twice, and whoever asks is
//! told what to do.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it is skipped and what it measured"
)]

mod scene;

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use ledger_core::event::Statement;
use ledger_core::hash::Digest;
use scene::folder::{DataFolder, PASSPHRASE};
use scene::office::{Browser, line, note, opening, pin};
use scene::running::{Service, sanzi};
use scene::{ORIGIN, key};
use serde_json::{Value, json};
use sha2::Digest as _;

fn serve(folder: &Path, more: &[&str]) -> Service {
    let mut command = sanzi(&["serve", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(folder).args(more);
    command.env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
    Service::start(command)
}

/// What a rehearsal says is to be signed.
fn rehearsed(browser: &Browser, id: &str) -> String {
    let (status, rehearsed) = browser.post("/rehearse", &opening(id));
    assert_eq!(status, 200, "{rehearsed}");
    rehearsed["statement"].as_str().unwrap().to_owned()
}

fn begun(browser: &Browser, text: &str, signer: &str) -> String {
    let (status, begun) = browser.post("/drafts", &note(text, &[signer]));
    assert_eq!(status, 201, "{begun}");
    begun["id"].as_str().unwrap().to_owned()
}

fn signatures(id: &str) -> String {
    format!("/drafts/{id}/signatures")
}

/// How many entries the log has published.
fn size(service: &Service) -> u64 {
    let url = format!("{}donglang/checkpoint", service.url);
    let mut answer = ureq::get(url).call().unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    text.lines().nth(1).unwrap().parse().unwrap()
}

/// `sanzi serve` on a file system of a few megabytes that only it sees; none where nobody may make one.
fn on_a_small_disk(data: &DataFolder) -> Option<(Service, PathBuf)> {
    let home = data.path().parent().unwrap().to_owned();
    let place = home.join("small");
    std::fs::create_dir(&place).unwrap();
    let script = "mount -t tmpfs -o size=4m,mode=700 none small && cp -a data data.anchor small && \
                  exec \"$0\" serve --listen 127.0.0.1:0 --least-free-mib 1 --data small/data";
    let is_root = Command::new("unshare")
        .args(["--mount", "true"])
        .status()
        .is_ok_and(|status| status.success());
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if !is_root {
        command.args(["--user", "--map-root-user"]);
        let may = Command::new("unshare")
            .args(["--mount", "--user", "--map-root-user", "true"])
            .status();
        if !may.is_ok_and(|status| status.success()) {
            return None;
        }
    }
    command.args(["sh", "-c", script, env!("CARGO_BIN_EXE_sanzi")]);
    command.current_dir(&home);
    command
        .env("SANZI_LOG_PASSPHRASE", PASSPHRASE)
        .env("LANG", "en_US.UTF-8");
    let service = Service::start(command);
    let inside = place.strip_prefix("/").unwrap();
    let seen = Path::new(&format!("/proc/{}/root", service.id())).join(inside);
    Some((service, seen))
}

/// What was refused for want of room: in words, and with when to come again.
fn no_room((status, problem): (u16, Value)) {
    assert_eq!(status, 503, "{problem}");
    let rule = problem["type"].as_str().unwrap();
    assert!(
        rule == "urn:sanzi:disk_full" || rule == "urn:sanzi:cannot_write",
        "{problem}"
    );
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.len() > 20 && !detail.contains("/small"), "{problem}");
}

fn enrolment() -> Value {
    let name = format!("{ORIGIN}/wang");
    let key = ledger_core::SigningKey::from_seed(&name, &[3; 32]).unwrap();
    let vkey = key.verifier().to_string();
    let text = format!("sanzi-desk-enrolment-v1\n{ORIGIN}\nwang\n王会计\n{vkey}\n");
    let proof = data_encoding::BASE64.encode(&key.sign_request(&text));
    json!({"name": "王会计", "member": "wang", "public_key": vkey, "proof": proof})
}

#[test]
fn a_full_disk_leaves_nothing_half_done_at_the_desk() {
    let data = DataFolder::new();
    let Some((service, disk)) = on_a_small_disk(&data) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no file system can be made here"
        );
        eprintln!("SKIPPED: no file system can be made here");
        return;
    };
    let [deng, he, huang] = ["deng", "he", "huang"].map(|member| Browser::at(&service.url, member));
    let texts: Vec<String> = (1..=3)
        .map(|number| rehearsed(&deng, &format!("2026-{number}")))
        .collect();
    let waits = begun(&deng, &texts[0], "deng");
    let complete = begun(&deng, &texts[1], "deng");
    let (_, almost) = he.post(&signatures(&complete), &line(&texts[1], "he"));
    assert_eq!(almost["state"], "waiting");
    let register = vec![7; 100_000];
    let place = format!("/documents/{}", Digest::of(&register));
    for _ in 0..2 {
        let mut ballast = std::fs::File::create(disk.join("ballast")).unwrap();
        while ballast.write_all(&[1; 4096]).is_ok() {}
        no_room(deng.post("/drafts", &note(&texts[2], &["deng"])));
        no_room(he.post(&signatures(&waits), &line(&texts[0], "he")));
        no_room(huang.post(&signatures(&complete), &line(&texts[1], "huang")));
        no_room(deng.send("DELETE", &format!("/drafts/{waits}"), b"{}"));
        no_room(deng.send("PUT", &place, &register));
        no_room(deng.post("/enrolments", &enrolment()));
        // Who sits there goes on reading, and sees what there is.
        let (_, all) = deng.get("/drafts");
        let all = all.as_array().unwrap().clone();
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all.iter().all(|draft| draft["state"] == "waiting"));
        let (_, shown) = deng.get(&format!("/drafts/{waits}/json"));
        assert_eq!(shown["seats"][1]["signed"], false);
        assert_eq!(size(&service), 1);
        let desk = std::fs::read_dir(disk.join("data/donglang/desk")).unwrap();
        let left = desk.filter(|file| {
            let name = file.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with('.')
        });
        assert_eq!(left.count(), 0);
        std::fs::remove_file(disk.join("ballast")).unwrap();
    }
    // With room, all of it is done by doing it again.
    let (status, begun) = deng.post("/drafts", &note(&texts[2], &["deng"]));
    assert_eq!(
        (status, &begun["state"]),
        (201, &json!("waiting")),
        "{begun}"
    );
    let (_, signed) = he.post(&signatures(&waits), &line(&texts[0], "he"));
    assert_eq!(signed["state"], "waiting", "{signed}");
    assert_eq!(deng.send("PUT", &place, &register).0, 202);
    assert_eq!(deng.post("/enrolments", &enrolment()).0, 201);
    let asked = Instant::now();
    loop {
        let (status, entered) = huang.post(&signatures(&complete), &line(&texts[1], "huang"));
        assert_eq!(status, 200, "{entered}");
        if entered["state"] == "entered" {
            break;
        }
        // All have signed: it is tried again by itself, too.
        assert_eq!(entered["state"], "held", "{entered}");
        assert!(asked.elapsed() < Duration::from_secs(30), "{entered}");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(size(&service), 2);
    service.stop();
}

#[test]
fn a_death_at_any_moment_of_the_last_signature_leaves_one_entry() {
    let data = DataFolder::new();
    let mut service = serve(&data.path(), &[]);
    let mut died_first = 0;
    for (round, wait) in [0, 1, 3, 6, 10, 15, 25, 60].into_iter().enumerate() {
        let [deng, he, huang] =
            ["deng", "he", "huang"].map(|member| Browser::at(&service.url, member));
        let text = rehearsed(&deng, &format!("2026-{round}"));
        let id = begun(&deng, &text, "deng");
        assert_eq!(
            he.post(&signatures(&id), &line(&text, "he")).1["state"],
            "waiting"
        );
        let (path, last) = (signatures(&id), line(&text, "huang"));
        let asked = std::thread::spawn(move || huang.tried(&path, &last));
        std::thread::sleep(Duration::from_millis(wait));
        service.signal("-KILL");
        drop(service);
        let answered = asked.join().unwrap();
        service = serve(&data.path(), &[]);
        let huang = Browser::at(&service.url, "huang");
        // Whoever does not know asks once more; whoever knows may as well.
        let again = huang.post(&signatures(&id), &line(&text, "huang"));
        assert_eq!(
            (again.0, &again.1["state"]),
            (200, &json!("entered")),
            "{}",
            again.1
        );
        let index = again.1["index"].as_u64().unwrap();
        assert_eq!(index, round as u64 + 1);
        match answered {
            Some(answer) => assert_eq!(answer["index"], index, "{answer}"),
            None => died_first += 1,
        }
        assert_eq!(size(&service), round as u64 + 2);
        let back = huang.send("DELETE", &format!("/drafts/{id}"), b"{}");
        assert_eq!(back.0, 410, "{}", back.1);
    }
    println!("the server died before it had answered {died_first} of 8 times");
    service.stop();
}

#[test]
fn a_connection_that_is_lost_after_the_last_signature_loses_nothing() {
    let data = DataFolder::new();
    let service = serve(&data.path(), &[]);
    let [deng, he, huang] = ["deng", "he", "huang"].map(|member| Browser::at(&service.url, member));
    for round in 0..6 {
        let text = rehearsed(&deng, &format!("2026-{round}"));
        let id = begun(&deng, &text, "deng");
        let waits = he.post(&signatures(&id), &line(&text, "he"));
        assert_eq!(waits.1["state"], "waiting");
        // All of it is sent, and nobody hears the answer.
        let last = line(&text, "huang").to_string();
        let sent = last.as_bytes().chain(Broken);
        let heard = huang.stream("POST", &signatures(&id), last.len() as u64, sent);
        assert!(heard.is_none());
        std::thread::sleep(Duration::from_millis(round * 20));
        // So it is sent once more, as the page does.
        let again = huang.post(&signatures(&id), &line(&text, "huang"));
        assert_eq!(
            (again.0, &again.1["state"]),
            (200, &json!("entered")),
            "{}",
            again.1
        );
        assert_eq!(again.1["index"], round + 1);
        assert_eq!(size(&service), round + 2);
    }
    // What waits for its entry is nobody's to read yet.
    let register = b"register".to_vec();
    let digest = Digest::of(&register);
    let place = format!("/documents/{digest}");
    assert_eq!(deng.send("PUT", &place, &register).0, 202);
    for path in [place, format!("/private/{digest}")] {
        assert!(matches!(huang.get(&path).0, 404 | 405), "{path}");
        let public = format!("{}donglang{path}", service.url);
        let answer = ureq::get(public)
            .config()
            .http_status_as_error(false)
            .build()
            .call();
        let status = answer.unwrap().status().as_u16();
        assert!(matches!(status, 400 | 401 | 403 | 404), "{path}: {status}");
    }
    service.stop();
}

#[test]
fn what_waits_is_there_again_after_a_restore_from_the_backup() {
    let data = DataFolder::new();
    let service = serve(&data.path(), &[]);
    let [deng, he] = ["deng", "he"].map(|member| Browser::at(&service.url, member));
    let text = rehearsed(&deng, "2026-1");
    let id = begun(&deng, &text, "deng");
    assert_eq!(
        he.post(&signatures(&id), &line(&text, "he")).1["state"],
        "waiting"
    );
    let register = b"register".to_vec();
    let place = format!("/documents/{}", Digest::of(&register));
    assert_eq!(deng.send("PUT", &place, &register).0, 202);
    pin(&data, Statement::parse(&text).unwrap().prev);
    // While it is served.
    let backup = data.path().with_file_name("backup");
    let ran = |command: &mut Command| {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
    };
    ran(sanzi(&["backup", "--keys", "--data"])
        .arg(data.path())
        .arg("--to")
        .arg(&backup));
    service.signal("-KILL");
    drop(service);
    let new = data.path().with_file_name("new");
    ran(sanzi(&["restore", "--adopt-checkpoint", "--data"])
        .arg(&new)
        .arg(&backup));
    let service = serve(&new, &[]);
    let huang = Browser::at(&service.url, "huang");
    let (_, shown) = huang.get(&format!("/drafts/{id}/json"));
    let signed: Vec<&Value> = shown["seats"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seat| &seat["signed"])
        .collect();
    assert_eq!(signed, [true, true, false], "{shown}");
    let (_, entered) = huang.post(&signatures(&id), &line(&text, "huang"));
    assert_eq!(entered["index"], 1, "{entered}");
    service.stop();
}

/// So many bytes, made as they are read.
struct Bytes {
    left: u64,
}

impl Read for Bytes {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = into
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        into[..count].fill(42);
        self.left -= count as u64;
        Ok(count)
    }
}

/// A connection that is lost.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("lost"))
    }
}

fn digest_of(bytes: u64) -> String {
    let (mut hash, block) = (sha2::Sha256::new(), vec![42; 1 << 20]);
    let mut left = bytes;
    while left > 0 {
        let count = left.min(1 << 20);
        hash.update(&block[..usize::try_from(count).unwrap()]);
        left -= count;
    }
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

/// The most memory that the server has held so far, in KiB.
fn peak(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_document_of_200_mebibytes_passes_through_and_one_byte_more_does_not() {
    const LIMIT: u64 = 200 << 20;
    let data = DataFolder::new();
    let service = serve(&data.path(), &["--document-mib", "200"]);
    let deng = Browser::at(&service.url, "deng");
    let before = peak(&service);
    let place = format!("/documents/{}", digest_of(LIMIT));
    let (status, said) = deng
        .stream("PUT", &place, LIMIT, Bytes { left: LIMIT })
        .unwrap();
    assert_eq!(status, 202, "{said}");
    let grown = peak(&service) - before;
    println!("200 MiB handed in at the desk: {grown} KiB more at the peak than {before} KiB");
    assert!(grown < 24 * 1024, "{grown} KiB");
    // One byte more is refused before it is sent, and said to be.
    let (status, said) = deng
        .stream("PUT", &place, LIMIT + 1, Bytes { left: 0 })
        .unwrap();
    assert_eq!(status, 413, "{said}");
    assert_eq!(said["type"], "urn:sanzi:document_too_large", "{said}");
    assert!(
        said["detail"].as_str().unwrap().contains("209715200"),
        "{said}"
    );
    // What comes to an early end is nothing.
    let other = format!("/documents/{}", "5".repeat(64));
    let broken = Bytes { left: 1 << 10 }.chain(Broken);
    assert!(deng.stream("PUT", &other, 1 << 20, broken).is_none());
    let uploads = data.path().join("donglang/uploads/deng");
    let begun = Instant::now();
    loop {
        let names = std::fs::read_dir(&uploads)
            .unwrap()
            .map(|file| file.unwrap().file_name());
        let names: Vec<_> = names.collect();
        if names.len() == 1 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{names:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(key(Some("deng")).name(), format!("{ORIGIN}/deng"));
    service.stop();
}
