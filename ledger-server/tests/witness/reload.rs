//! Another witness policy while the service runs.

use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::hash::Hash;
use ledger_core::key::SigningKey;

use crate::process::{WitnessSite, get, post, wait_until};
use crate::scene::folder::{DataFolder, PASSPHRASE};
use crate::scene::running::{self, Service};
use crate::scene::{NOW, VERIFIERS, at, key, signed, verification};

const IN_FORCE: &str = "witness policy in force";
const REFUSED: &str = "witness policy refused; the old one stays in force";

/// A ledger that is served, and its policy file.
struct Site {
    data: DataFolder,
    service: Service,
    source: String,
}

impl Site {
    fn new() -> Self {
        let data = DataFolder::new();
        let mut command = running::sanzi(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data.path());
        command.env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
        let service = Service::start(command);
        let source = format!("{}donglang", service.url);
        Self {
            data,
            service,
            source,
        }
    }

    fn write(&self, policy: &str) {
        std::fs::write(self.data.path().join("donglang/policy"), policy).unwrap();
    }

    /// The policy that is published.
    fn policy(&self) -> String {
        let body = get(&format!("{}/ledger.json", self.source)).body;
        let described: serde_json::Value = serde_json::from_str(&body).unwrap();
        described["policy"].as_str().unwrap().to_owned()
    }

    fn checkpoint(&self) -> SignedCheckpoint {
        let body = get(&format!("{}/checkpoint", self.source)).body;
        SignedCheckpoint::open(body.as_bytes(), key(None).verifier()).unwrap()
    }

    /// Whether exactly these have cosigned the newest checkpoint.
    fn is_cosigned_by(&self, witnesses: &[&WitnessSite]) -> bool {
        let checkpoint = self.checkpoint();
        let lines = checkpoint.note().signatures();
        let has = |site: &&WitnessSite| lines.iter().any(|line| site.key().is_named_by(line));
        lines.len() == 1 + witnesses.len() && witnesses.iter().all(has)
    }

    fn submit(&self, number: u32) {
        let body = get(&format!("{}/ledger.json", self.source)).body;
        let id = body.split("\"ledger_id\": \"").nth(1).unwrap();
        let id: Hash = id[..64].parse().unwrap();
        let stream = format!("transaction/2018-{number}");
        let note = signed(&stream, id, at(NOW), verification(), &VERIFIERS);
        let answer = post(&format!("{}/events", self.source), &note);
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
}

#[test]
fn another_policy_is_taken_up_and_a_bad_one_is_refused() {
    let log_key = key(None).verifier().clone();
    let [one, two] = ["one.example", "two.example"].map(|name| WitnessSite::new(name, &[&log_key]));
    let (_first, _second) = (one.start(), two.start());
    let site = Site::new();
    assert!(site.is_cosigned_by(&[]));

    // From none to one, told.
    site.write(&format!("{}quorum w1\n", one.line("w1")));
    site.service.signal("-HUP");
    site.service.wait_for(1, IN_FORCE);
    let first = site.policy();
    assert!(
        first.contains("witness w1") && first.contains(&format!("log {log_key}")),
        "{first}"
    );
    wait_until("the first cosigns", || site.is_cosigned_by(&[&one]));

    // Nothing that is no policy of this ledger.
    let stranger = SigningKey::from_seed("other.example", &[9; 32]).unwrap();
    let good = format!("{}quorum w2\n", two.line("w2"));
    let bad: [(String, &str); 4] = [
        ("quorum w9\n".to_owned(), "w9"),
        ("见证\n".to_owned(), "line 1"),
        (
            format!("log {}\n{good}", stranger.verifier()),
            "no line `log`",
        ),
        (good.replace("http://", "ftp://"), "ftp://"),
    ];
    for (number, (policy, reason)) in bad.iter().enumerate() {
        site.write(policy);
        site.service.signal("-HUP");
        site.service.wait_for(number + 1, REFUSED);
        let said = site.service.said();
        let told = said.lines().rfind(|line| line.contains(REFUSED)).unwrap();
        assert!(told.contains(reason), "{reason}: {told}");
        assert_eq!(site.policy(), first);
    }
    // Nor one that is gone.
    std::fs::remove_file(site.data.path().join("donglang/policy")).unwrap();
    site.service.signal("-HUP");
    site.service.wait_for(bad.len() + 1, REFUSED);
    assert_eq!(site.policy(), first);
    site.submit(1);
    wait_until("the first still cosigns", || site.is_cosigned_by(&[&one]));

    // Another one instead, seen without being told; the first is not asked any more.
    site.write(&good);
    site.service.wait_for(2, IN_FORCE);
    site.submit(2);
    wait_until("the second cosigns", || site.is_cosigned_by(&[&two]));
    assert!(!site.policy().contains("w1"));
    // The same is not taken up twice.
    site.service.signal("-HUP");
    site.service.wait_for(bad.len() + 3, "SIGHUP");
    let said = site.service.stop();
    assert_eq!(said.matches(IN_FORCE).count(), 2, "{said}");
}
