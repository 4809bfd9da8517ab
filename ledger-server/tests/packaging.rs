//! What is shipped beside the program — units, package, container, settings — names only what the program
//! has: each is started as it stands, with nothing changed but where its folders are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it is skipped"
)]

mod scene;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ledger_core::cosignature::Cosigner;
use ledger_core::keyfile;
use ledger_core::store::Store as _;
use scene::folder::{DataFolder, PASSPHRASE, ledger_of};
use scene::{ORIGIN, key};
use serde_json::json;

const UNITS: [&str; 3] = ["sanzi", "sanzi-witness", "sanzi-mirror@"];

fn packaging(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("packaging")
        .join(name)
}

fn shipped(name: &str) -> String {
    fs::read_to_string(packaging(name)).unwrap()
}

fn unit(name: &str) -> String {
    shipped(&format!("systemd/{name}.service"))
}

/// The values of a setting in a unit.
fn values<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    let line = format!("{name}=");
    unit.lines()
        .filter_map(|found| found.strip_prefix(&line))
        .collect()
}

fn sanzi() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    let kept = |name: &str| name == "PATH" || name == "HOME";
    command.env_clear();
    command.envs(std::env::vars().filter(|(name, _)| kept(name)));
    command
}

/// The folders of a machine, in a folder that is gone when this is dropped.
struct Machine {
    root: tempfile::TempDir,
    url: String,
}

impl Machine {
    /// With a ledger whose anchors are apart, its passphrase, and a witness's key.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        let data = DataFolder::new();
        let rename = |from: PathBuf, to: PathBuf| assert!(copied(&from, &to));
        let id = {
            let folder = data.open();
            let (ledger, _) = ledger_of(&folder);
            let id = ledger.state().unwrap().ledger_id;
            ledger.into_store().close().unwrap();
            folder.close().unwrap();
            id
        };
        rename(data.path(), at("var/lib/sanzi/data"));
        let anchor = data.path().with_file_name("data.anchor");
        rename(anchor, at("var/lib/sanzi-anchor"));
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = free.local_addr().unwrap().to_string();
        let settings = shipped("sanzi.toml");
        let settings = settings.replace("\"/var", &format!("\"{}/var", root.path().display()));
        fs::write(
            at("etc/sanzi/sanzi.toml"),
            settings.replace("127.0.0.1:8080", &url),
        )
        .unwrap();
        fs::write(at("credentials/log.passphrase"), PASSPHRASE).unwrap();
        let witness = Cosigner::from_seed("jiedao.example.org", &[5; 32]).unwrap();
        let public = format!("{}\n", witness.verifier());
        let sealed = keyfile::seal(&[5; 32], PASSPHRASE).unwrap();
        fs::write(at("credentials/witness.key"), sealed).unwrap();
        fs::write(at("credentials/witness.key.pub"), public).unwrap();
        fs::write(at("credentials/witness.passphrase"), PASSPHRASE).unwrap();
        let policy = format!("log {}\nquorum none\n", key(None).verifier());
        fs::write(at("etc/sanzi/witness.policy"), policy).unwrap();
        let pins = json!({ "ledger_id": id, "log_key": key(None).verifier(), "origin": ORIGIN });
        fs::write(at("etc/sanzi/mirror/donglang.pins.json"), pins.to_string()).unwrap();
        Self { root, url }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// What a unit starts, here.
    fn command(&self, unit: &str) -> Command {
        let [line] = values(unit, "ExecStart")[..] else {
            panic!("one line ExecStart: {unit}");
        };
        let root = self.root.path().display();
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some("/usr/bin/sanzi"));
        let mut command = sanzi();
        command.args(words.map(|word| {
            word.replace("${CREDENTIALS_DIRECTORY}", &format!("{root}/credentials"))
                .replace("${SOURCE}", &format!("http://{}/donglang", self.url))
                .replace("127.0.0.1:8090", "127.0.0.1:0")
                .replace("%i", "donglang")
                .replace("/var/", &format!("{root}/var/"))
                .replace("/etc/", &format!("{root}/etc/"))
        }));
        command
    }
}

fn copied(from: &Path, to: &Path) -> bool {
    let mut copying = Command::new("cp");
    copying
        .arg("-a")
        .arg(from)
        .arg(to)
        .status()
        .unwrap()
        .success()
}

/// A process that systemd would have started, and what it told it.
struct Started {
    child: Child,
    told: UnixDatagram,
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Started {
    fn start(machine: &Machine, mut command: Command) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let socket = machine.path(&format!("notify-{number}"));
        let told = UnixDatagram::bind(&socket).unwrap();
        told.set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        command.env("NOTIFY_SOCKET", &socket);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        Self { child, told }
    }

    fn hears(&mut self, state: &str) {
        let mut message = [0; 256];
        let Ok(length) = self.told.recv(&mut message) else {
            let _ = self.child.kill();
            let mut said = String::new();
            let mut errors = self.child.stderr.take().unwrap();
            errors.read_to_string(&mut said).unwrap();
            panic!("no {state}: {said}");
        };
        let message = std::str::from_utf8(&message[..length]).unwrap();
        assert!(message.lines().any(|line| line == state), "{message}");
    }

    fn stop(mut self) {
        let id = self.child.id().to_string();
        let told = Instant::now();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        self.hears("STOPPING=1");
        let ended = self.child.wait().unwrap();
        assert_eq!(ended.code(), Some(0));
        assert!(told.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn the_units_start_what_they_say() {
    let machine = Machine::new();
    let serving = unit("sanzi");
    assert_eq!(values(&serving, "Type"), ["notify"]);
    let mut ledger = Started::start(&machine, machine.command(&serving));
    ledger.hears("READY=1");
    let health = |more: &[&str]| {
        let mut command = sanzi();
        command
            .arg("health")
            .arg(format!("http://{}/", machine.url));
        let output = command.args(more).output().unwrap();
        output.status.code()
    };
    assert_eq!((health(&[]), health(&["--ready"])), (Some(0), Some(0)));

    let witnessing = unit("sanzi-witness");
    assert_eq!(values(&witnessing, "Type"), ["notify"]);
    let mut witness = Started::start(&machine, machine.command(&witnessing));
    witness.hears("READY=1");
    witness.stop();

    let mut mirroring = machine.command(&unit("sanzi-mirror@"));
    mirroring.stdout(Stdio::piped()).stderr(Stdio::piped());
    fs::create_dir_all(machine.path("var/lib/sanzi-mirror")).unwrap();
    let mut mirror = mirroring.spawn().unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(mirror.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    assert!(line.contains("0 → 1"), "{line}");
    mirror.kill().unwrap();
    mirror.wait().unwrap();
    let copy = machine.path("var/lib/sanzi-mirror/donglang/donglang/checkpoint");
    assert!(copy.is_file());

    ledger.stop();
    assert_eq!((health(&[]), health(&["--ready"])), (Some(1), Some(1)));
}

#[test]
fn the_units_are_confined_and_agree_with_the_package() {
    let postinst = shipped("debian/postinst");
    let manifest = fs::read_to_string(packaging("../Cargo.toml")).unwrap();
    for name in UNITS {
        let unit = unit(name);
        for (setting, value) in [
            ("CapabilityBoundingSet", ""),
            ("MemoryDenyWriteExecute", "yes"),
            ("NoNewPrivileges", "yes"),
            ("PrivateTmp", "yes"),
            ("ProtectSystem", "strict"),
            ("Restart", "on-failure"),
        ] {
            assert_eq!(values(&unit, setting), [value], "{name}: {setting}");
        }
        assert!(values(&unit, "SystemCallFilter").contains(&"@system-service"));
        let users = postinst.lines().find(|line| line.contains("for user in"));
        let user = values(&unit, "User")[0];
        assert!(users.unwrap().split([' ', ';']).any(|found| found == user));
        assert!(manifest.contains(&format!(
            "unit-name = \"{name}\", enable = false, start = false"
        )));
        // All that it writes is in folders that systemd gives it.
        let state = values(&unit, "StateDirectory").concat();
        let exec = values(&unit, "ExecStart").concat();
        for path in exec
            .split(' ')
            .filter_map(|word| word.strip_prefix("/var/lib/"))
        {
            assert!(state.split(' ').any(|folder| path == folder), "{path}");
        }
    }
    let settings = shipped("sanzi.toml");
    for folder in ["/var/lib/sanzi/data", "/var/lib/sanzi-anchor"] {
        assert!(settings.contains(folder));
    }
    let mut checking = sanzi();
    checking
        .args(["config", "check"])
        .arg(packaging("sanzi.toml"));
    assert_eq!(checking.status().unwrap().code(), Some(0));
    let condition = values(&unit("sanzi"), "ConditionPathExists").concat();
    assert_eq!(condition, "/var/lib/sanzi/data/FORMAT");
}

#[test]
fn systemd_finds_no_fault_in_the_units() {
    let there = Command::new("systemd-analyze").arg("--version").output();
    let version = there.ok().and_then(|said| {
        let said = String::from_utf8(said.stdout).unwrap();
        let number: u32 = said.split([' ', '\n']).nth(1)?.parse().ok()?;
        Some(number)
    });
    // Units that are not loaded are judged from 250 on.
    if version.is_none_or(|version| version < 250) {
        assert!(
            std::env::var_os("CI").is_none(),
            "systemd-analyze: {version:?}"
        );
        eprintln!("SKIPPED: systemd-analyze of 250 or newer is needed, found {version:?}");
        return;
    }
    let kept = tempfile::tempdir().unwrap();
    for name in UNITS {
        let unit = unit(name).replace("/usr/bin/sanzi", env!("CARGO_BIN_EXE_sanzi"));
        let file = kept.path().join(format!("{name}.service"));
        fs::write(&file, unit).unwrap();
        for arguments in [
            &["verify", "--man=no"][..],
            &["security", "--offline=yes", "--threshold=15", "--no-pager"],
        ] {
            let mut command = Command::new("systemd-analyze");
            let output = command.args(arguments).arg(&file).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{name}: {said}");
            let known = said.lines().filter(|line| line.contains(name));
            assert_eq!(known.collect::<Vec<_>>(), Vec::<&str>::new());
        }
    }
}

#[test]
fn the_container_starts_what_it_says() {
    let file = shipped("Containerfile").replace("\\\n", " ");
    let instruction = |name: &str| {
        let last = file
            .lines()
            .rfind(|line| line.starts_with(&format!("{name} ")));
        last.unwrap()[name.len() + 1..].trim().to_owned()
    };
    let words = |text: &str| -> Vec<String> { serde_json::from_str(text).unwrap() };
    assert_eq!(instruction("USER"), "10001:10001");
    assert_eq!(words(&instruction("ENTRYPOINT")), ["/usr/bin/sanzi"]);
    let manifest = fs::read_to_string(packaging("../../Cargo.toml")).unwrap();
    let needed = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \"1."));
    let needed: u32 = needed.unwrap().trim_end_matches('"').parse().unwrap();
    let image = file
        .lines()
        .find_map(|line| line.split_once("rust:1."))
        .unwrap()
        .1;
    let given: u32 = image.split('-').next().unwrap().parse().unwrap();
    assert!(given >= needed);

    // Its environment, but for where the folders are, and nothing that the program does not know.
    let help = sanzi().args(["serve", "--help"]).output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    let machine = Machine::new();
    let places = BTreeMap::from([
        (
            "/data/ledger",
            machine.path("var/lib/sanzi/data").display().to_string(),
        ),
        (
            "/anchor",
            machine.path("var/lib/sanzi-anchor").display().to_string(),
        ),
        (
            "/run/secrets/log.passphrase",
            machine
                .path("credentials/log.passphrase")
                .display()
                .to_string(),
        ),
        ("0.0.0.0:8080", machine.url.clone()),
    ]);
    let mut serving = sanzi();
    for pair in instruction("ENV").split_whitespace() {
        let (name, value) = pair.split_once('=').unwrap();
        if name.starts_with("SANZI_") {
            assert!(help.contains(&format!("[env: {name}]")), "{name}");
            serving.env(name, &places[value]);
        }
    }
    serving.args(words(&instruction("CMD")));
    let mut container = Started::start(&machine, serving);
    container.hears("READY=1");
    let (_, check) = instruction("HEALTHCHECK")
        .split_once(" CMD ")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let check = words(&check);
    assert_eq!(check[0], "/usr/bin/sanzi");
    let mut asking = sanzi();
    asking.args(
        check[1..]
            .iter()
            .map(|word| word.replace("127.0.0.1:8080", &machine.url)),
    );
    assert_eq!(asking.status().unwrap().code(), Some(0));
    container.stop();
    assert_eq!(asking.status().unwrap().code(), Some(1));
}

#[test]
fn the_package_holds_what_is_there() {
    let manifest = fs::read_to_string(packaging("../Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let package = &manifest["package"]["metadata"]["deb"];
    let made = shipped("build-deb");
    for asset in package["assets"].as_array().unwrap() {
        let from = asset[0].as_str().unwrap();
        match from.strip_prefix("target/release/packaging/") {
            Some(name) => assert!(made.contains(name.trim_end_matches("/*")), "{from}"),
            None if from == "target/release/sanzi" => {}
            None => assert!(packaging("..").join(from).is_file(), "{from}"),
        }
    }
    let folder = tempfile::tempdir().unwrap();
    for language in ["zh", "en"] {
        let mut manual = sanzi();
        manual.args(["--lang", language, "manual"]);
        assert!(manual.arg(folder.path()).status().unwrap().success());
        for page in [
            "sanzi.1",
            "sanzi-serve.1",
            "sanzi-witness.1",
            "sanzi-mirror.1",
        ] {
            let text = fs::read_to_string(folder.path().join(page)).unwrap();
            assert!(text.contains(".TH"), "{page}");
            assert_eq!(text.is_ascii(), language == "en", "{page}");
        }
    }
    for script in ["postinst", "prerm", "postrm"] {
        let text = shipped(&format!("debian/{script}"));
        assert!(text.contains("set -e") && text.contains("#DEBHELPER#"));
        // Nothing that anybody has recorded is deleted.
        assert!(!text.contains("rm -r") && !text.contains("deluser"));
    }
}
