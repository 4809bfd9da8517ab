//! A full disk, by the real binary: what is recorded can be read, what cannot be written is refused, and
//! room is all that is needed to go on.
//!
//! Twice, for not everybody may make file systems: on a small one of its own, and under a limit on how long
//! files may grow, which anybody may set.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it is skipped"
)]

mod scene;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ledger_core::hash::Hash;
use ledger_core::proof::Proof;
use ledger_core::store::Store as _;
use scene::folder::{DataFolder, PASSPHRASE, ledger_of};
use scene::{NOW, ORIGIN, VERIFIERS, at, key, signed, verification};
use serde_json::{Value, json};

/// What a refusal may name as its reason.
const RULES: [&str; 2] = ["disk_full", "cannot_write"];

/// A data folder with its anchors and pins, and what has been submitted to it.
struct Village {
    data: DataFolder,
    id: Hash,
}

impl Village {
    fn new() -> Self {
        let data = DataFolder::new();
        let id = {
            let folder = data.open();
            let (ledger, _) = ledger_of(&folder);
            let id = ledger.state().unwrap().ledger_id;
            ledger.into_store().close().unwrap();
            folder.close().unwrap();
            id
        };
        let pins = json!({ "ledger_id": id, "log_key": key(None).verifier(), "origin": ORIGIN });
        data.file("pins.json", &pins.to_string());
        Self { data, id }
    }

    fn home(&self) -> PathBuf {
        self.data.path().parent().unwrap().to_owned()
    }

    fn note(&self, number: usize) -> Vec<u8> {
        let stream = format!("transaction/2018-{number}");
        signed(&stream, self.id, at(NOW), verification(), &VERIFIERS)
    }
}

/// A running service.
struct Service {
    child: Child,
    url: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a service answered.
struct Answer {
    status: u16,
    retry_after: Option<u64>,
    kind: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Service {
    /// Starts `sanzi serve` by a command that is complete but for what it serves.
    fn start(mut command: Command, home: &Path) -> Self {
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--least-free-mib", "1"])
            .arg("--data")
            .arg(home.join("data"))
            .env("SANZI_LOG_PASSPHRASE", PASSPHRASE)
            .env("LANG", "en_US.UTF-8")
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let serving = lines.by_ref().map(Result::unwrap);
        let mut serving = serving.filter(|line| line.starts_with("Serving: "));
        let Some(line) = serving.next() else {
            panic!("it does not serve: {:?}", child.wait());
        };
        let url = line.split(' ').nth(1).unwrap().to_owned();
        std::thread::spawn(move || lines.count());
        Self { child, url }
    }

    fn ask(&self, path: &str, note: Option<&[u8]>) -> Answer {
        let agent = ureq::Agent::config_builder().http_status_as_error(false);
        let agent: ureq::Agent = agent.build().into();
        let url = format!("{}{path}", self.url);
        let answer = match note {
            None => agent.get(&url).call(),
            Some(note) => agent
                .post(&url)
                .header("content-type", "text/plain; charset=utf-8")
                .send(note),
        };
        let mut answer = answer.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        Answer {
            status: answer.status().as_u16(),
            retry_after: header("retry-after").map(|value| value.parse().unwrap()),
            kind: header("content-type").unwrap_or_default(),
            body: answer.body_mut().read_to_vec().unwrap(),
        }
    }

    fn submit(&self, note: &[u8]) -> Answer {
        self.ask("donglang/events", Some(note))
    }

    /// Sends SIGTERM and waits.
    fn stop(mut self) -> Option<i32> {
        let told = Instant::now();
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        let ended = self.child.wait().unwrap();
        assert!(told.elapsed() < Duration::from_secs(5));
        ended.code()
    }
}

/// Something that can be made full, and given room again.
trait Disk {
    /// The program, where it meets this disk.
    fn sanzi(&self) -> Command;
    /// Where the program finds the folders.
    fn place(&self) -> PathBuf;
    /// Lets nothing more be written.
    fn fill(&self, service: &Service);
    fn give_room(&self, service: &Service);
}

fn start(disk: &dyn Disk) -> Service {
    Service::start(disk.sanzi(), &disk.place())
}

fn audit(disk: &dyn Disk) -> Value {
    let place = disk.place();
    let mut command = disk.sanzi();
    command.arg("audit").arg(place.join("data")).arg("--pins");
    command.arg(place.join("pins.json")).arg("--json");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.trim_end().lines().last().unwrap()).unwrap()
}

/// Submits until one is refused; how many stand then, with the founding.
fn submit_until_full(service: &Service, village: &Village, from: usize) -> usize {
    for number in from..from + 4000 {
        let note = village.note(number);
        let answer = service.submit(&note);
        if answer.status == 201 {
            continue;
        }
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 503, "{text}");
        assert_eq!(answer.kind, "application/problem+json");
        assert!(answer.retry_after.unwrap() > 0);
        let rule = answer.json()["type"].as_str().unwrap().to_owned();
        let known = rule.strip_prefix("urn:sanzi:").unwrap();
        assert!(RULES.contains(&known), "{text}");
        return number;
    }
    panic!("it never became full");
}

fn reads_go_on(service: &Service, published: usize) {
    let checkpoint = service.ask("donglang/checkpoint", None);
    let text = String::from_utf8(checkpoint.body).unwrap();
    assert_eq!(checkpoint.status, 200);
    let size: usize = text.lines().nth(1).unwrap().parse().unwrap();
    assert!(size >= published, "{size} of {published}");
    for index in [0, published / 2, published - 1] {
        let proof = service.ask(&format!("donglang/proof/{index}"), None);
        assert_eq!(proof.status, 200);
        assert_eq!(Proof::parse(&proof.body).unwrap().index(), index as u64);
    }
    assert_eq!(service.ask("donglang/ledger.json", None).status, 200);
}

/// Waits until it says that it is ready again, as who balances loads would.
fn becomes_ready(service: &Service) {
    let begun = Instant::now();
    loop {
        let answer = service.ask("readyz", None);
        if answer.status == 200 {
            return;
        }
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Submits a note until it stands, and gives its place.
fn insist(service: &Service, note: &[u8]) -> u64 {
    let begun = Instant::now();
    loop {
        let answer = service.submit(note);
        if matches!(answer.status, 200 | 201) {
            return Proof::parse(&answer.body).unwrap().index();
        }
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn run(disk: &dyn Disk, village: &Village) {
    let service = start(disk);
    for number in 1..=280 {
        assert_eq!(service.submit(&village.note(number)).status, 201);
    }
    let mut stands = 281;
    // More than once: what failed the first time must not be what stands in the way of the second.
    for _ in 0..3 {
        disk.fill(&service);
        let refused = submit_until_full(&service, village, stands);
        reads_go_on(&service, refused);
        let not_ready = service.ask("readyz", None);
        assert_eq!(not_ready.status, 503);
        let faults = not_ready.json()["faults"].clone();
        let named = |fault: &Value| {
            fault["rule"] == "disk_nearly_full" || RULES.contains(&fault["rule"].as_str().unwrap())
        };
        assert!(faults.as_array().unwrap().iter().any(named), "{faults}");
        // Still full a little later, when it has tried to open the ledger again.
        std::thread::sleep(Duration::from_millis(1200));
        let again = service.submit(&village.note(refused + 1));
        if again.status != 503 {
            assert_eq!(again.status, 201);
        }
        reads_go_on(&service, refused);

        disk.give_room(&service);
        becomes_ready(&service);
        // Nothing is lost, and what was refused may be sent again: it stands once.
        let first = insist(&service, &village.note(refused));
        let second = insist(&service, &village.note(refused + 1));
        assert_ne!(first, second);
        for number in [refused, refused + 1] {
            let again = service.submit(&village.note(number));
            assert_eq!(again.status, 200);
        }
        stands = refused + 2;
        assert_eq!(audit(disk)["size"], stands as u64);
    }
    assert_eq!(service.stop(), Some(0));
    assert_eq!(audit(disk)["size"], stands as u64);

    // Also a start finds the ledger when the disk is full already, and shows it.
    let service = start(disk);
    disk.fill(&service);
    let _ = submit_until_full(&service, village, stands);
    let _ = service.stop();
    let service = start(disk);
    reads_go_on(&service, stands);
    disk.give_room(&service);
    becomes_ready(&service);
    insist(&service, &village.note(9000));
    assert_eq!(service.stop(), Some(0));
    audit(disk);
}

/// A file system of a few megabytes, in a name space of its own, that is gone with the process that holds it.
struct SmallDisk {
    holder: Child,
    user: bool,
    place: PathBuf,
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

impl SmallDisk {
    /// `None`, with the reason, where neither this user nor one mapped to root may mount anything.
    fn with(village: &Village) -> Result<Self, String> {
        let place = village.home().join("small");
        std::fs::create_dir(&place).unwrap();
        let script = "mount -t tmpfs -o size=3m,mode=700 none small && cp -a data data.anchor pins.json small && echo up && exec cat >/dev/null";
        let mut said = String::new();
        for user in [false, true] {
            let mut command = Command::new("unshare");
            command.arg("--mount");
            if user {
                command.args(["--user", "--map-root-user"]);
            }
            command
                .args(["sh", "-c", script])
                .current_dir(village.home());
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            command.stderr(Stdio::piped());
            let Ok(mut holder) = command.spawn() else {
                said.push_str("no unshare here");
                continue;
            };
            let mut line = String::new();
            let mut out = BufReader::new(holder.stdout.take().unwrap());
            if out.read_line(&mut line).is_ok() && line == "up\n" {
                return Ok(Self {
                    holder,
                    user,
                    place,
                });
            }
            let mut errors = holder.stderr.take().unwrap();
            let _ = errors.read_to_string(&mut said);
            let _ = holder.wait();
        }
        Err(said)
    }
}

impl SmallDisk {
    /// A file that takes all the room, seen from outside.
    fn ballast(&self) -> PathBuf {
        let inside = self.place.strip_prefix("/").unwrap();
        let holder = self.holder.id();
        Path::new(&format!("/proc/{holder}/root"))
            .join(inside)
            .join("ballast")
    }
}

impl Disk for SmallDisk {
    fn sanzi(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.holder.id().to_string(), "--mount"]);
        if self.user {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.arg(env!("CARGO_BIN_EXE_sanzi"));
        command
    }

    fn fill(&self, _: &Service) {
        let path = self.ballast();
        let mut file = std::fs::File::create(path).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        // Less than a page is left for nobody.
    }

    fn give_room(&self, _: &Service) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn place(&self) -> PathBuf {
        self.place.clone()
    }
}

/// No file may become longer than it is.
struct ShortFiles(PathBuf);

impl ShortFiles {
    fn limit(service: &Service, bytes: &str) {
        let mut command = Command::new("prlimit");
        command.args(["--pid", &service.child.id().to_string()]);
        let set = command.arg(format!("--fsize={bytes}:")).status();
        assert!(set.unwrap().success());
    }
}

impl Disk for ShortFiles {
    fn sanzi(&self) -> Command {
        let mut command = Command::new("sh");
        // The signal would end the process before the error is told.
        command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
        command.arg(env!("CARGO_BIN_EXE_sanzi"));
        command
    }

    fn fill(&self, service: &Service) {
        let entries = std::fs::metadata(self.0.join("data/donglang/entries"));
        let length = entries.unwrap().len() + 3000;
        Self::limit(service, &length.to_string());
    }

    fn give_room(&self, service: &Service) {
        Self::limit(service, "unlimited");
    }

    fn place(&self) -> PathBuf {
        self.0.clone()
    }
}

#[test]
fn a_full_disk_stops_writing_only_and_only_while_it_is_full() {
    let village = Village::new();
    match SmallDisk::with(&village) {
        Ok(disk) => run(&disk, &village),
        // The other test does not need what is missing here, and is never skipped.
        Err(reason) => eprintln!("SKIPPED: no file system can be made here: {reason}"),
    }
}

#[test]
fn files_that_may_not_grow_stop_writing_only_and_only_while_they_may_not() {
    let village = Village::new();
    let disk = ShortFiles(village.home());
    run(&disk, &village);
}
