//! `sanzi mirror --to s3://…`: the same copy as in a folder, kept in an object store.
//!
//! The store is `moto_server`, an S3 in a process of its own. `.ci/run` provides it and names it in
//! `SANZI_S3_SERVER`; without it these tests say so and are skipped, but where `CI` is `true` they fail.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::house::House;
use crate::site::Site;

/// An object store with one bucket, and what it was asked.
struct Store {
    address: String,
    child: Child,
    log: PathBuf,
    _kept: tempfile::TempDir,
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Store {
    /// Starts one; `None` if there is no program for it.
    fn start() -> Option<Self> {
        let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let Some(program) = named("SANZI_S3_SERVER") else {
            let said =
                "SANZI_S3_SERVER is not set: mirrors in object stores are not tested (see .ci/run)";
            assert_ne!(named("CI").as_deref(), Some("true"), "{said}");
            let _ = writeln!(std::io::stderr(), "SKIPPED: {said}");
            return None;
        };
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let kept = tempfile::tempdir().unwrap();
        let log = kept.path().join("log");
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
        let command = command
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap());
        let store = Self {
            child: command.spawn().unwrap(),
            address: address.to_string(),
            log,
            _kept: kept,
        };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "moto_server did not start"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        store.send("", "");
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::ledgers/*","arn:aws:s3:::ledgers"]}]}"#;
        store.send("?policy", policy);
        Some(store)
    }

    fn url(&self, name: &str) -> String {
        format!("http://{}/ledgers{name}", self.address)
    }

    fn send(&self, name: &str, body: &str) {
        let request = ureq::put(self.url(name)).header("content-type", "application/json");
        let request = request.header("authorization", SIGNED);
        assert_eq!(request.send(body).unwrap().status(), 200);
    }

    /// The binary with what it has to know of this store.
    fn sanzi(&self, home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
        command.current_dir(home).args(arguments);
        for variable in ["LANG", "LC_ALL", "LC_MESSAGES", "SANZI_LOG_PASSPHRASE"] {
            command.env_remove(variable);
        }
        command.env("AWS_ENDPOINT", format!("http://{}", self.address));
        command.env("AWS_REGION", "south-1");
        command
            .env("AWS_ACCESS_KEY_ID", "reader")
            .env("AWS_SECRET_ACCESS_KEY", SECRET);
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains(SECRET));
        (output.status.code(), said)
    }

    fn ends(&self, house: &House, code: i32, arguments: &[&str]) -> String {
        let (found, said) = self.sanzi(&house.home(), arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {said}");
        said
    }

    fn get(&self, name: &str) -> (String, String, Vec<u8>) {
        let mut answer = ureq::get(self.url(name)).call().unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
        };
        let (kind, cache) = (header("content-type"), header("cache-control"));
        (kind, cache, answer.body_mut().read_to_vec().unwrap())
    }

    /// All files below a prefix.
    fn files(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let (_, _, list) = self.get(&format!("?list-type=2&prefix={prefix}/"));
        let list = String::from_utf8(list).unwrap();
        let names = list
            .split("<Key>")
            .skip(1)
            .map(|rest| rest.split_once('<').unwrap().0);
        let file = |name: &str| {
            let short = name.strip_prefix(&format!("{prefix}/")).unwrap();
            (short.to_owned(), self.get(&format!("/{name}")).2)
        };
        names.map(file).collect()
    }

    /// How often something was put whose name has this part.
    fn puts(&self, part: &str) -> usize {
        let log = fs::read_to_string(&self.log).unwrap();
        log.lines()
            .filter(|line| line.contains("PUT /ledgers/") && line.contains(part))
            .count()
    }
}

const SECRET: &str = "not-to-be-said";

/// What the store takes for a signed request: it does not check signatures.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=reader/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

/// All files of a folder but the lock.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(one) = folders.pop() {
        for entry in fs::read_dir(one).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            match path.is_dir() {
                true => folders.push(path),
                false => all.extend(Some((name, fs::read(path).unwrap()))),
            }
        }
    }
    all.remove(".lock");
    all
}

#[test]
fn a_bucket_holds_what_a_folder_would() {
    let Some(store) = Store::start() else { return };
    let house = House::new();
    house.grow("data", 0..99);
    for size in [100, 120, 300] {
        let from = house.audit("data")["size"].as_u64().unwrap() as usize - 1;
        house.grow("data", from..size - 1);
        house.ends(0, &["mirror", "data", "--to", "copy"]);
        let said = store.ends(
            &house,
            0,
            &["mirror", "data", "--to", "s3://ledgers/public"],
        );
        assert!(said.contains(&format!("→ {size} 条")), "{said}");
        // Byte for byte, and partial tiles that are no longer needed are gone from both.
        assert_eq!(store.files("public"), files(&house.path("copy")));
    }
    let kinds = [
        (
            "checkpoint",
            "text/plain; charset=utf-8",
            "public, max-age=2",
        ),
        (
            "tile/0/000",
            "application/octet-stream",
            "public, max-age=31536000, immutable",
        ),
        (
            "tile/entries/000",
            "application/octet-stream",
            "public, max-age=31536000, immutable",
        ),
        ("ledger.json", "application/json", "public, max-age=2"),
    ];
    for (name, kind, cache) in kinds {
        let (found, life, _) = store.get(&format!("/public/donglang/{name}"));
        assert_eq!((found.as_str(), life.as_str()), (kind, cache), "{name}");
    }
    // Whoever reads it needs no program for object stores.
    for place in ["/public/donglang", "/public"] {
        let url = store.url(place);
        assert_eq!(house.audit(&url), house.audit("data"));
        house.ends(0, &["fsck", &url, "--pins", "pins.json"]);
        house.ends(0, &["verify", &url, "--pins", "pins.json"]);
    }
    house.ends(0, &["mirror", &store.url("/public"), "--to", "fetched"]);
    assert_eq!(files(&house.path("fetched")), files(&house.path("copy")));
}

#[test]
fn neither_a_rollback_nor_a_fork_nor_another_mirror_is_overwritten() {
    let Some(store) = Store::start() else { return };
    let house = House::new();
    house.grow("data", 0..3);
    house.ends(0, &["mirror", "data", "--to", "young"]);
    house.copy("data", "old");
    house.copy("data", "fork");
    house.copy("data.anchor", "fork.anchor");
    house.grow("data", 3..6);
    house.grow("fork", 10..20);
    let to = |source: &'static str, prefix: &'static str| ["mirror", source, "--to", prefix];
    store.ends(&house, 0, &to("data", "s3://ledgers/one"));
    let before = store.files("one");
    for (source, complaint) in [("old", "退回去了"), ("fork", "分叉了")] {
        let said = store.ends(&house, 1, &to(source, "s3://ledgers/one"));
        assert!(said.contains(complaint), "{said}");
    }
    assert_eq!(store.files("one"), before);

    // While one mirror copies an older state, another puts a newer one in its place.
    let address = store.address.clone();
    let (home, once) = (house.home(), std::sync::Once::new());
    let site = Site::of(house.path("young"), move |path| {
        if path.contains("/tile/entries/") {
            once.call_once(|| {
                let mut other = Command::new(env!("CARGO_BIN_EXE_sanzi"));
                other
                    .current_dir(&home)
                    .args(["mirror", "data", "--to", "s3://ledgers/two"]);
                other
                    .env("AWS_ENDPOINT", format!("http://{address}"))
                    .env("AWS_REGION", "south-1");
                other
                    .env("AWS_ACCESS_KEY_ID", "reader")
                    .env("AWS_SECRET_ACCESS_KEY", SECRET);
                assert!(other.output().unwrap().status.success());
            });
        }
    });
    let url = format!("{}/donglang", site.url);
    let said = store.ends(&house, 2, &["mirror", &url, "--to", "s3://ledgers/two"]);
    assert!(said.contains("另一个镜像程序更新"), "{said}");
    assert_eq!(
        store.files("two")["donglang/checkpoint"],
        before["donglang/checkpoint"]
    );
    house.ends(
        0,
        &["fsck", &store.url("/two/donglang"), "--pins", "pins.json"],
    );

    // What a store cannot do is said with its words, and with what to check.
    let said = store.ends(&house, 2, &to("data", "s3://nowhere/x"));
    assert!(
        said.contains("NoSuchBucket") && said.contains("AWS_ENDPOINT"),
        "{said}"
    );
    let said = store.ends(&house, 2, &to("data", "s3://"));
    assert!(said.contains("s3://桶/前缀"), "{said}");
}

#[test]
fn a_copy_that_broke_off_goes_on_where_it_was() {
    let Some(store) = Store::start() else { return };
    let home = crate::year::year("keep");
    let mirror = ["mirror", "data#donglang", "--to", "s3://ledgers/year"];
    assert_eq!(store.sanzi(home, &mirror).0, Some(0));
    let (tiles, documents) = (store.puts("/tile/"), store.puts("/documents/"));
    assert!(tiles > 12 && documents > 50, "{tiles} {documents}");
    // Before the checkpoint nothing counts for readers.
    let gone = ureq::delete(store.url("/year/donglang/checkpoint"));
    gone.header("authorization", SIGNED).call().unwrap();
    store.send("/year/donglang/tile/0/000", "damaged on its way");
    let (code, said) = store.sanzi(home, &mirror);
    assert_eq!(code, Some(0), "{said}");
    // One damaged here, one mended.
    assert_eq!(store.puts("/tile/"), tiles + 2);
    assert_eq!(store.puts("/documents/"), documents);
    let url = store.url("/year/donglang");
    assert_eq!(crate::year::sanzi(home, &["fsck", &url]).code, Some(0));
}
