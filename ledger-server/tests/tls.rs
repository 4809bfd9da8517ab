//! TLS as an operator sets it up: two files, which are replaced while clients are there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_core::cosignature::Cosigner;
use ledger_core::keyfile;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};
use scene::folder::{DataFolder, PASSPHRASE};
use scene::running::{Service, sanzi};

/// Who issues certificates here.
struct Authority {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM, and the certificate as clients see it.
struct Pair {
    cert: String,
    der: CertificateDer<'static>,
    key: String,
}

/// So many days from now.
fn in_days(days: i64) -> (i32, u8, u8) {
    let date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let date = date.date() + jiff::Span::new().days(days);
    let unsigned = |number: i8| u8::try_from(number).unwrap();
    (
        date.year().into(),
        unsigned(date.month()),
        unsigned(date.day()),
    )
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        Self { root, issuer }
    }

    /// Valid between two days, counted from today.
    fn issue(&self, from: i64, to: i64) -> Pair {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        let moment = |days| {
            let (year, month, day) = in_days(days);
            date_time_ymd(year, month, day)
        };
        (params.not_before, params.not_after) = (moment(from), moment(to));
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Pair {
            cert: cert.pem(),
            der: cert.der().clone(),
            key: key.serialize_pem(),
        }
    }

    fn good(&self) -> Pair {
        self.issue(-1, 90)
    }

    fn client(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        alpn: &[&str],
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }

    fn connect(&self, to: &str) -> Connection {
        let config = self.client(&[&TLS13, &TLS12], &["h2", "http/1.1"]);
        Connection::new(config, to).unwrap()
    }

    fn agent(&self) -> ureq::Agent {
        let root = ureq::tls::Certificate::from_der(&self.root).to_owned();
        let tls = ureq::tls::TlsConfig::builder()
            .root_certs(ureq::tls::RootCerts::new_with_certs(&[root]))
            .build();
        let config = ureq::Agent::config_builder().tls_config(tls);
        config
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .into()
    }
}

/// A connection that is kept.
struct Connection(StreamOwned<ClientConnection, TcpStream>);

impl Connection {
    fn new(config: ClientConfig, to: &str) -> std::io::Result<Self> {
        let name = ServerName::try_from("localhost").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(tls, TcpStream::connect(to)?);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self(stream))
    }

    fn certificate(&self) -> CertificateDer<'static> {
        self.0.conn.peer_certificates().unwrap()[0].clone()
    }

    /// Head and body of an answer to `GET`.
    fn get(&mut self, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.0.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut some = [0; 1024];
        loop {
            let count = self.0.read(&mut some).unwrap();
            answer.extend(&some[..count]);
            let text = String::from_utf8(answer.clone()).unwrap();
            if count == 0 || text.ends_with("ok\n") {
                return text;
            }
        }
    }
}

/// The two files of a site, beside its data folder.
struct Files {
    cert: PathBuf,
    key: PathBuf,
    data: DataFolder,
}

impl Files {
    fn new(pair: &Pair) -> Self {
        let data = DataFolder::new();
        let files = Self {
            cert: data.file("fullchain.pem", ""),
            key: data.file("privkey.pem", ""),
            data,
        };
        files.write(pair);
        files
    }

    fn write(&self, pair: &Pair) {
        std::fs::write(&self.cert, &pair.cert).unwrap();
        std::fs::write(&self.key, &pair.key).unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&self.key, private).unwrap();
    }

    fn serve(&self) -> std::process::Command {
        let mut command = sanzi(&["serve", "--listen", "127.0.0.1:0"]);
        command.arg("--data").arg(self.data.path());
        command.arg("--tls-cert").arg(&self.cert);
        command.arg("--tls-key").arg(&self.key);
        command.env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
        command
    }
}

/// Waits until new connections are given this certificate. One that is kept is used meanwhile.
fn wait_for(authority: &Authority, service: &Service, pair: &Pair, kept: Option<&mut Connection>) {
    let (begun, mut kept) = (Instant::now(), kept);
    let shown = || {
        let config = authority.client(&[&TLS13], &[]);
        let connection = Connection::new(config, service.address());
        connection.map(|connection| connection.certificate())
    };
    while !shown().is_ok_and(|certificate| certificate == pair.der) {
        if let Some(kept) = &mut kept {
            assert!(kept.get("/healthz").starts_with("HTTP/1.1 200"));
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{}",
            service.said()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn clients_that_trust_the_issuer_are_served_over_tls_1_2_and_1_3_and_others_are_not() {
    let authority = Authority::new();
    let files = Files::new(&authority.good());
    let service = Service::start(files.serve());
    assert!(service.url.starts_with("https://"), "{}", service.url);
    let answer = authority
        .agent()
        .get(format!("{}healthz", service.url))
        .call()
        .unwrap();
    assert_eq!(
        answer.headers()["strict-transport-security"],
        "max-age=31536000"
    );
    // Without the issuer there is no answer.
    ureq::get(format!("{}healthz", service.url))
        .call()
        .unwrap_err();
    for version in [&TLS12, &TLS13] {
        let config = authority.client(&[version], &["h2", "http/1.1"]);
        let mut connection = Connection::new(config, service.address()).unwrap();
        assert_eq!(connection.0.conn.protocol_version(), Some(version.version));
        assert_eq!(connection.0.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert!(connection.get("/healthz").starts_with("HTTP/1.1 200"));
    }
    // Only HTTP/1.1 is spoken; a client that names no protocol means that.
    let h2 = authority.client(&[&TLS13], &["h2"]);
    assert!(Connection::new(h2, service.address()).is_err());
    let none = authority.client(&[&TLS13], &[]);
    let mut connection = Connection::new(none, service.address()).unwrap();
    assert!(connection.get("/healthz").ends_with("ok\n"));
    // Who forgets the s is told in words.
    let mut plain = TcpStream::connect(service.address()).unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    plain.shutdown(std::net::Shutdown::Write).unwrap();
    plain.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("https://"),
        "{answer}"
    );
    let said = service.stop();
    assert!(
        !said.contains("certificate ends soon") && !said.contains("open to others"),
        "{said}"
    );
}

#[test]
fn a_renewed_certificate_is_taken_up_and_open_connections_stay() {
    let authority = Authority::new();
    let (first, second, third) = (authority.good(), authority.good(), authority.good());
    let files = Files::new(&first);
    let service = Service::start(files.serve());
    let mut kept = authority.connect(service.address());
    assert_eq!(kept.certificate(), first.der);
    assert!(kept.get("/healthz").starts_with("HTTP/1.1 200"));
    // In place, and told.
    files.write(&second);
    service.signal("-HUP");
    wait_for(&authority, &service, &second, None);
    assert!(kept.get("/healthz").starts_with("HTTP/1.1 200"));
    // As certbot does it: other files behind the same names; and nobody tells.
    let renewed = [
        (files.data.file("fullchain2.pem", &third.cert), &files.cert),
        (files.data.file("privkey2.pem", &third.key), &files.key),
    ];
    for (to, name) in renewed {
        std::fs::remove_file(name).unwrap();
        symlink(to, name).unwrap();
    }
    wait_for(&authority, &service, &third, Some(&mut kept));
    assert!(kept.get("/healthz").ends_with("ok\n"));
    assert_eq!(kept.certificate(), first.der);
    let said = service.stop();
    assert_eq!(said.matches("certificate in force").count(), 2, "{said}");
}

#[test]
fn a_broken_pair_is_refused_with_the_reason_and_the_old_one_stays() {
    let authority = Authority::new();
    let (first, other) = (authority.good(), authority.good());
    let files = Files::new(&first);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let private = free.local_addr().unwrap().to_string();
    drop(free);
    let mut command = files.serve();
    command.args(["--metrics-listen", &private]);
    let service = Service::start(command);
    let metrics = || {
        let mut answer = ureq::get(format!("http://{private}/metrics"))
            .call()
            .unwrap();
        answer.body_mut().read_to_string().unwrap()
    };
    let has = |line: &str| metrics().lines().any(|found| found == line);
    let (_, first_x509) = x509_parser::parse_x509_certificate(&first.der).unwrap();
    let ends = first_x509.validity().not_after.timestamp();
    let line = format!("sanzi_certificate_not_after_seconds{{}} {ends}");
    assert!(has(&line), "{}", metrics());
    assert!(has("sanzi_certificate_refused{} 0"));
    let expired = authority.issue(-90, -3);
    let broken: [(&str, &str, &str); 5] = [
        (
            &other.cert,
            &first.key,
            "expected a pair that was issued together",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            &first.key,
            "cannot be understood",
        ),
        (&first.cert, "", "expected an unencrypted private key"),
        (&expired.cert, &expired.key, "not valid now"),
        (&first.key, &first.cert, "found PRIVATE KEY"),
    ];
    for (number, (cert, key, reason)) in broken.into_iter().enumerate() {
        std::fs::write(&files.key, key).unwrap();
        std::fs::write(&files.cert, cert).unwrap();
        service.signal("-HUP");
        service.wait_for(
            number + 1,
            "certificate refused; the old one stays in force",
        );
        let said = service.said();
        let told = said
            .lines()
            .rfind(|line| line.contains("certificate refused"));
        assert!(told.unwrap().contains(reason), "{reason}: {said}");
        assert!(!said.contains(first.key.lines().nth(1).unwrap()), "{said}");
        let mut connection = authority.connect(service.address());
        assert_eq!(connection.certificate(), first.der);
        assert!(connection.get("/healthz").starts_with("HTTP/1.1 200"));
    }
    assert!(
        has("sanzi_certificate_refused{} 1") && has(&line),
        "{}",
        metrics()
    );
    files.write(&other);
    wait_for(&authority, &service, &other, None);
    assert!(has("sanzi_certificate_refused{} 0"), "{}", metrics());
    service.stop();
}

#[test]
fn an_end_that_is_near_and_a_key_that_lies_open_are_told() {
    let authority = Authority::new();
    let files = Files::new(&authority.issue(-80, 10));
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&files.key, open).unwrap();
    let service = Service::start(files.serve());
    service.wait_for(1, "certificate ends soon");
    service.wait_for(1, "key file is open to others");
    assert!(
        authority
            .connect(service.address())
            .get("/healthz")
            .ends_with("ok\n")
    );
    // One that is over is better than none: the operator is told, and clients refuse it.
    let said = service.stop();
    assert!(
        said.contains("renew it") && said.contains("chmod o-rwx"),
        "{said}"
    );
    files.write(&authority.issue(-90, -1));
    let service = Service::start(files.serve());
    service.wait_for(1, "certificate not valid");
    // Whatever is valid is better.
    let good = authority.good();
    files.write(&good);
    service.signal("-HUP");
    wait_for(&authority, &service, &good, None);
    service.stop();
}

/// What is said, in a language, when a service is started with these files.
fn refused(cert: Option<&Path>, key: Option<&Path>, language: &str) -> String {
    let mut command = sanzi(&["serve", "--data", "nowhere", "--lang", language]);
    for (flag, file) in [("--tls-cert", cert), ("--tls-key", key)] {
        if let Some(file) = file {
            command.arg(flag).arg(file);
        }
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn bad_files_are_told_with_setting_file_and_what_was_expected() {
    let authority = Authority::new();
    let (one, other) = (authority.good(), authority.good());
    let data = DataFolder::new();
    let cert = data.file("cert.pem", &one.cert);
    let key = data.file("key.pem", &one.key);
    let wrong = data.file("wrong.pem", &other.key);
    let empty = data.file("empty.pem", "");
    let sealed = data.file("sealed.pem", &keyfile::seal(&[7; 32], PASSPHRASE).unwrap());
    let cut = data.file("cut.pem", &one.cert[..200]);
    let gone = cert.with_file_name("gone.pem");
    let of_cert = ("--tls-cert", "证书链", "certificate chain in PEM");
    let of_key = ("--tls-key", "私钥", "private key in PEM");
    let of_pair = ("--tls-key", "一对", "issued together");
    let cases = [
        (
            &gone,
            &key,
            ("--tls-cert", "没有这个文件", "No such file"),
            "gone.pem",
        ),
        (
            &cert,
            &gone,
            ("--tls-key", "没有这个文件", "No such file"),
            "gone.pem",
        ),
        (&empty, &key, of_cert, "empty.pem"),
        (&key, &key, of_cert, "found PRIVATE KEY"),
        (&cut, &key, of_cert, "cut.pem"),
        (&cert, &cert, of_key, "found CERTIFICATE"),
        (&cert, &sealed, of_key, "found ENCRYPTED PRIVATE KEY"),
        (&cert, &wrong, of_pair, "cert.pem"),
    ];
    for (cert, key, (place, zh, en), found) in cases {
        let said = refused(Some(cert), Some(key), "en");
        assert!(
            said.contains(place) && said.contains(en) && said.contains(found),
            "{said}"
        );
        assert!(
            !said.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c)),
            "{said}"
        );
        let said = refused(Some(cert), Some(key), "zh");
        let found = found.trim_start_matches("found ");
        assert!(
            said.contains(place) && said.contains(zh) && said.contains(found),
            "{said}"
        );
        assert!(
            !said.contains("expected") && !said.contains("cannot be"),
            "{said}"
        );
    }
    for language in ["zh", "en"] {
        assert!(refused(Some(&cert), None, language).contains("--tls-key"));
        assert!(refused(None, Some(&key), language).contains("--tls-cert"));
        let text = format!("data = \"x\"\ntls-key = {key:?}\n");
        let file = data.file("sanzi.toml", &text);
        let mut command = sanzi(&["config", "check", "--lang", language]);
        let output = command.arg(file).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(2) && said.contains("tls-cert = "),
            "{said}"
        );
    }
}

#[test]
fn a_witness_is_served_and_renewed_the_same_way() {
    let authority = Authority::new();
    let (first, second) = (authority.good(), authority.good());
    let files = Files::new(&first);
    let seed = [5; 32];
    let key = Cosigner::from_seed("w.example", &seed).unwrap();
    let secret = files
        .data
        .file("w.key", &keyfile::seal(&seed, PASSPHRASE).unwrap());
    files
        .data
        .file("w.key.pub", &format!("{}\n", key.verifier()));
    let log = scene::key(None).verifier().to_string();
    let policy = files
        .data
        .file("logs", &format!("log {log}\nquorum none\n"));
    let passphrase = files.data.file("passphrase", PASSPHRASE);
    let mut command = sanzi(&["witness", "--listen", "127.0.0.1:0"]);
    let given: [(&str, &Path); 5] = [
        ("--key", &secret),
        ("--policy", &policy),
        ("--passphrase-file", &passphrase),
        ("--tls-cert", &files.cert),
        ("--tls-key", &files.key),
    ];
    for (flag, file) in given {
        command.arg(flag).arg(file);
    }
    command
        .arg("--data")
        .arg(policy.with_file_name("witnessed"));
    let service = Service::start(command);
    assert!(service.url.starts_with("https://"), "{}", service.url);
    let mut kept = authority.connect(service.address());
    assert!(kept.get("/healthz").contains("strict-transport-security"));
    files.write(&second);
    service.signal("-HUP");
    wait_for(&authority, &service, &second, None);
    assert!(kept.get("/healthz").ends_with("ok\n"));
    service.stop();
}

#[test]
fn slow_handshakes_delay_nobody_count_as_connections_and_are_let_go() {
    const SLOW: usize = 60;
    let authority = Authority::new();
    let files = Files::new(&authority.good());
    let mut command = files.serve();
    command.args(["--connections", &(SLOW + 4).to_string()]);
    let service = Service::start(command);
    let begun = Instant::now();
    // Some say nothing, some begin to.
    let hello: [&[u8]; 3] = [
        b"",
        b"\x16",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ];
    let slow: Vec<TcpStream> = (0..SLOW)
        .map(|number| {
            let mut socket = TcpStream::connect(service.address()).unwrap();
            socket.write_all(hello[number % 3]).unwrap();
            socket
        })
        .collect();
    for _ in 0..10 {
        let asked = Instant::now();
        let mut connection = authority.connect(service.address());
        assert!(connection.get("/healthz").ends_with("ok\n"));
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{:?}",
            asked.elapsed()
        );
    }
    // They count: there is room for few more.
    std::thread::sleep(Duration::from_millis(200));
    let kept: Vec<Connection> = (0..4)
        .map(|_| authority.connect(service.address()))
        .collect();
    let config = authority.client(&[&TLS13], &[]);
    assert!(Connection::new(config, service.address()).is_err());
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "they were not all slow at once"
    );
    drop(kept);
    for mut socket in slow {
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut rest = Vec::new();
        let ended = socket.read_to_end(&mut rest);
        let is_closed = match ended {
            Ok(_) => true,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        };
        assert!(is_closed && begun.elapsed() < Duration::from_secs(20));
    }
    assert!(
        begun.elapsed() >= Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    // Nobody who is shaking hands keeps it from stopping.
    let _slow = TcpStream::connect(service.address()).unwrap();
    authority.connect(service.address());
    service.stop();
}
