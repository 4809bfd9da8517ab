//! Private documents through the real binary: recorded, kept, read by role, erased, and never served.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;

use std::path::Path;

use office::{Office, Outcome, TRANSACTION, copy, steps};
use serde_json::Value;

const SECRET: &str = "周某某的身份证复印件，编号从略，内容只给该看的人看。";

/// An office whose first step has one public and one private document, drafted and signed by all.
fn drafted() -> Office {
    let office = Office::opened();
    office.write("权属.txt", SECRET);
    let mut deed = steps().remove(0);
    deed.documents = &["asset_register"];
    let mut arguments = office.record("data", &deed, "one.draft");
    arguments.extend(["--private-document", "ownership=权属.txt"].map(str::to_owned));
    arguments.extend(["--readers", "supervisor,chair"].map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = office.ok(&arguments);
    assert!(
        said.out.contains("不公开，可查阅：监事、理事长"),
        "{said:?}"
    );
    for signer in ["he", "liang"] {
        let key = office.key(signer);
        office.ok(&[
            "cosign",
            "one.draft",
            "--key",
            &key,
            "--ledger",
            "data",
            "--passphrase-file",
            "pass",
            "--yes",
        ]);
    }
    office
}

fn listed(office: &Office) -> Value {
    let list = office.ok(&["document", "list", "data", "--json"]).json();
    assert_eq!(list["private"].as_array().unwrap().len(), 1, "{list}");
    list["private"][0].clone()
}

fn show(office: &Office, commitment: &str, reader: &str, out: &str) -> Outcome {
    let key = office.key(reader);
    office.run(&[
        "document",
        "show",
        commitment,
        "--data",
        "data",
        "--key",
        &key,
        "--out",
        out,
        "--passphrase-file",
        "pass",
    ])
}

/// Drafts an erasure.
fn erase(office: &Office, commitment: &str, who: &str, reason: &str) -> Outcome {
    let key = office.key(who);
    office.run(&[
        "document",
        "erase",
        commitment,
        "--ledger",
        "data",
        "--key",
        &key,
        "--reason",
        reason,
        "--out",
        "erase.draft",
        "--passphrase-file",
        "pass",
    ])
}

/// Whether any file below the folder holds a part of the secret.
fn holds_secret(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds_secret(&path);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes
            .windows(24)
            .any(|part| part == &SECRET.as_bytes()[..24])
    })
}

fn says(outcome: &Outcome, code: i32, parts: &[&str]) {
    assert_eq!(outcome.code, code, "{outcome:?}");
    for part in parts {
        let said = outcome.out.contains(part) || outcome.err.contains(part);
        assert!(said, "{part}: {outcome:?}");
    }
}

#[test]
fn a_private_document_is_read_by_role_and_erased_for_good() {
    let office = drafted();
    let draft = std::fs::read_to_string(office.path("one.draft")).unwrap();
    assert!(draft.contains(r#""access":"private""#) && !draft.contains("周某某"));
    says(
        &office.ok(&["submit", "one.draft", "--to", "data"]),
        0,
        &["材料 2 份", "副本已删除"],
    );
    assert!(!office.path("one.draft.private").exists());
    let before = listed(&office);
    let commitment = before["commitment"].as_str().unwrap().to_owned();
    assert_eq!(
        (&before["status"], &before["entry"]),
        (&"kept".into(), &1.into())
    );

    // By role: the accountant signed the step, and still is no reader.
    says(
        &show(&office, &commitment, "he", "no.txt"),
        1,
        &["不能办这件事", "监事、理事长"],
    );
    assert!(!office.path("no.txt").exists());
    says(
        &show(&office, &commitment[..8], "liang", "copy.txt"),
        0,
        &["与承诺相符"],
    );
    assert_eq!(
        std::fs::read_to_string(office.path("copy.txt")).unwrap(),
        SECRET
    );
    says(
        &show(&office, "ffff0000", "liang", "no.txt"),
        1,
        &["没有登记过"],
    );

    says(
        &erase(&office, &commitment, "he", "期满"),
        1,
        &["没有可签的岗位"],
    );
    says(
        &erase(&office, &commitment, "chen", "当事人 13800138000 要求"),
        1,
        &["手机号码"],
    );
    assert!(!office.path("erase.draft").exists());
    says(
        &erase(&office, &commitment, "chen", "当事人要求"),
        0,
        &["监事"],
    );
    says(
        &office.run(&["submit", "erase.draft", "--to", "data"]),
        1,
        &["缺少签署"],
    );
    says(&show(&office, &commitment, "chen", "still.txt"), 0, &[]);
    let key = office.key("liang");
    let cosign = ["cosign", "erase.draft", "--key", &key, "--ledger", "data"];
    office.ok(&[&cosign[..], &["--passphrase-file", "pass", "--yes"]].concat());
    let old_copy = office.path("data/donglang/private").join(&commitment);
    std::fs::copy(&old_copy, office.path("old-copy")).unwrap();
    office.ok(&["submit", "erase.draft", "--to", "data"]);
    assert!(!holds_secret(&office.path("data")));

    // Asked for again: refused by name, with who, when and why; and everything still holds.
    let again = show(&office, &commitment, "liang", "no.txt");
    says(
        &again,
        1,
        &["已经销毁", "liang", "当事人要求", "证明仍然有效"],
    );
    std::fs::remove_file(office.path("erase.draft")).unwrap();
    says(
        &erase(&office, &commitment, "chen", "再来"),
        1,
        &["已经销毁（第 2 条）"],
    );
    assert_eq!(listed(&office)["status"], "erased");
    assert_eq!(listed(&office)["erased_by"], 2);
    assert!(office.ok(&["audit", "data"]).last().starts_with("核对通过"));
    // A file that comes back from an older copy is erased again by the next that opens the ledger.
    std::fs::remove_file(&old_copy).unwrap();
    std::fs::copy(office.path("old-copy"), &old_copy).unwrap();
    std::fs::remove_file(office.path("old-copy")).unwrap();
    assert!(holds_secret(&office.path("data")));
    let (service, _) = office.serve();
    assert!(!holds_secret(&office.path("data")));
    service.stop();
    // Submitting the draft again does not bring it back.
    says(
        &office.ok(&["submit", "one.draft", "--to", "data"]),
        0,
        &["没有重复"],
    );
    assert_eq!(listed(&office)["status"], "erased");
    let course = office.ok(&["show", "data", "--transaction", TRANSACTION]);
    assert!(
        course.out.contains("不公开")
            && !course.out.contains("周某某")
            && course.out.contains("已由第 2 条销毁，承诺仍然有效"),
        "{course:?}"
    );
}

#[test]
fn what_went_over_http_is_handed_in_by_hand_and_never_served() {
    let office = drafted();
    copy(&office.path("one.draft.private"), &office.path("kept-copy"));
    let (service, url) = office.serve();
    let submit = ["submit", "one.draft", "--to", &url];
    says(&office.run(&submit), 2, &["先上传", "--key"]);
    let said = office.ok(&[&submit[..], &["--without-documents"]].concat());
    says(&said, 0, &["one.draft.private", "sanzi document add"]);
    let add = ["document", "add", "one.draft", "--to", "data"];
    says(&office.run(&add), 2, &["请先停下服务"]);
    service.stop();
    assert_eq!(listed(&office)["status"], "never_here");
    let commitment = listed(&office)["commitment"].as_str().unwrap().to_owned();
    let absent = show(&office, &commitment, "liang", "no.txt");
    says(&absent, 1, &["从未存入", "不是销毁"]);

    // A copy that was changed is not taken for the original.
    let file = office.path("one.draft.private").join(&commitment);
    let mut changed = std::fs::read(&file).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&file, changed).unwrap();
    says(&office.run(&add), 2, &["与所签的承诺不符"]);
    copy(&office.path("kept-copy"), &office.path("one.draft.private"));
    says(&office.ok(&add), 0, &["已存入材料 2 份"]);
    assert_eq!(listed(&office)["status"], "kept");
    assert!(!office.path("one.draft.private").exists());

    let (service, url) = office.serve();
    for name in [
        format!("documents/{commitment}"),
        format!("documents/..%2fprivate%2f{commitment}"),
    ] {
        let answer = ureq::get(format!("{url}/{name}")).call();
        assert!(
            matches!(answer, Err(ureq::Error::StatusCode(404))),
            "{name}: {answer:?}"
        );
    }
    service.stop();
}

#[test]
fn a_draft_that_does_not_stand_is_not_handed_in() {
    let office = drafted();
    let add = ["document", "add", "one.draft", "--to", "data"];
    says(&office.run(&add), 1, &["还没有登记"]);
    assert!(office.path("one.draft.private").exists());
    let url = ["document", "list", "http://127.0.0.1:9/donglang"];
    assert_eq!(office.run(&url).code, 2);
}
