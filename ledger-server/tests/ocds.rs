//! `sanzi export --format ocds`: what the packages say, and that they are valid OCDS 1.1.
//!
//! Validity is judged by `libcoveocds`, the standard's own checker, run by `tests/ocds/check.py` without a
//! network. It needs two things, which `.ci/run` provides: `SANZI_OCDS_PYTHON`, a Python that has
//! libcoveocds, and `SANZI_OCDS_STANDARD`, a ZIP file of the standard at tag 1__1__5. Without them these
//! tests say so and are skipped, but where `CI` is `true` they fail. Where the standard itself cannot be
//! fetched, `.ci/run` says so at its end and sets `SANZI_OCDS_STANDARD=unreachable`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it was skipped"
)]

mod office;
mod year;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use office::{Deed, Office, steps};
use serde_json::{Value, json};
use year::{ok, sanzi};

const SOURCE: &str = "data#donglang";

fn folder() -> &'static Path {
    year::year("ocds")
}

/// A package, and the file that it is in.
fn package(name: &str) -> (PathBuf, Value) {
    let path = folder().join(format!("{name}.json"));
    if !path.exists() {
        let half = folder().join(format!("{name}.{:?}.half", std::thread::current().id()));
        let file = half.to_str().unwrap();
        let export = [
            "export",
            SOURCE,
            "--format",
            "ocds",
            "--package",
            name,
            "--output",
            file,
        ];
        let said = ok(folder(), &export).err;
        assert!(
            said.contains("ocds-000000") && said.contains("占位"),
            "{said}"
        );
        fs::rename(half, &path).unwrap();
    }
    let text = fs::read(&path).unwrap();
    (path, serde_json::from_slice(&text).unwrap())
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value, name: impl serde_json::value::Index + std::fmt::Display) -> &str {
    value
        .get(&name)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{name}: {value}"))
}

fn has_role(release: &Value, id: &Value, role: &str) -> bool {
    let mut parties = list(release, "parties").iter();
    parties.any(|party| party["id"] == *id && list(party, "roles").contains(&json!(role)))
}

#[test]
fn every_transaction_that_was_published_has_a_record_with_its_releases() {
    let (_, records) = package("records");
    let (_, releases) = package("releases");
    assert_eq!(
        (&records["version"], &releases["version"]),
        (&json!("1.1"), &json!("1.1"))
    );
    let mut by_ocid: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for release in list(&releases, "releases") {
        by_ocid
            .entry(text(release, "ocid"))
            .or_default()
            .push(release);
    }
    assert!(by_ocid.len() >= 52);
    assert_eq!(by_ocid.len(), list(&records, "records").len());
    let mut ids = BTreeSet::new();
    for record in list(&records, "records") {
        let ocid = text(record, "ocid");
        assert!(ocid.starts_with("ocds-000000-donglang-2018-"), "{ocid}");
        let own: Vec<&Value> = list(record, "releases").iter().collect();
        assert_eq!(own, by_ocid[ocid]);
        assert!(
            own.iter()
                .all(|release| ids.insert(text(release, "id").to_owned()))
        );
        assert!(
            own.windows(2)
                .all(|pair| text(pair[0], "date") <= text(pair[1], "date"))
        );
        assert_eq!(own[0]["tag"], json!(["planning"]));
        let (compiled, last) = (&record["compiledRelease"], own[own.len() - 1]);
        assert_eq!(compiled["tag"], json!(["compiled"]));
        for name in [
            "date",
            "parties",
            "planning",
            "tender",
            "awards",
            "contracts",
        ] {
            assert_eq!(compiled[name], last[name]);
        }
    }
    assert!(text(&records["publisher"], "name").starts_with("【演示账本】"));
}

#[test]
fn the_seller_is_the_procuring_entity_and_a_reserve_is_a_floor_or_a_ceiling() {
    let (path, records) = package("records");
    let (mut sold, mut bought, mut signed) = (0, 0, 0);
    for record in list(&records, "records") {
        let release = &record["compiledRelease"];
        let tender = &release["tender"];
        let seller = &tender["procuringEntity"]["id"];
        assert!(has_role(release, seller, "procuringEntity"));
        let spends = release.get("buyer").is_some();
        assert_eq!(spends, has_role(release, seller, "buyer"));
        let (there, not) = if spends {
            ("value", "minValue")
        } else {
            ("minValue", "value")
        };
        assert!(tender.get(not).is_none(), "{tender}");
        match tender.get(there) {
            Some(value) if spends => bought += usize::from(value["currency"] == "CNY"),
            Some(value) => sold += usize::from(value["currency"] == "CNY"),
            // Before the valuation there is no reserve.
            None => assert_eq!(tender["status"], "planning"),
        }
        let awards: Vec<&Value> = list(release, "awards")
            .iter()
            .map(|award| &award["id"])
            .collect();
        for contract in list(release, "contracts") {
            signed += 1;
            assert!(awards.contains(&&contract["awardID"]));
            assert!(contract["value"]["amount"].is_number());
            let paid = list(&contract["implementation"], "transactions");
            assert!(
                paid.iter()
                    .all(|paid| paid["payer"]["id"] == *seller || paid["payee"]["id"] == *seller)
            );
        }
        for award in list(release, "awards")
            .iter()
            .filter(|award| award["status"] == "active")
        {
            let mut suppliers = list(award, "suppliers").iter();
            assert!(suppliers.all(|supplier| has_role(release, &supplier["id"], "supplier")));
        }
    }
    assert!(
        sold > 20 && bought > 10 && signed >= 50,
        "{sold} {bought} {signed}"
    );
    // Amounts are written with their two decimals, as they are.
    let written = fs::read_to_string(path).unwrap();
    let amounts: Vec<&str> = written.split("\"amount\":").skip(1).collect();
    assert!(amounts.iter().all(|rest| {
        let number: String = rest
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        number
            .rsplit_once('.')
            .is_some_and(|(_, decimals)| decimals.len() == 2)
    }));
}

#[test]
fn a_registered_prefix_takes_the_place_of_the_placeholder() {
    let export = [
        "export",
        SOURCE,
        "--format",
        "ocds",
        "--package",
        "records",
        "--ocid-prefix",
        "ocds-b3kdal",
        "--pins",
        "data/donglang/pins.json",
    ];
    let said = sanzi(folder(), &export);
    let written = String::from_utf8(said.out).unwrap();
    assert!(written.contains("ocds-b3kdal-donglang-") && !written.contains("ocds-000000"));
    assert!(!said.err.contains("占位"), "{}", said.err);
}

/// The checker's Python and the standard; `None`, having said so, where they are not to be had.
fn checker() -> Option<(String, String)> {
    let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let found = named("SANZI_OCDS_PYTHON").zip(named("SANZI_OCDS_STANDARD"));
    if found
        .as_ref()
        .is_some_and(|(_, standard)| standard == "unreachable")
    {
        eprintln!("the OCDS standard cannot be fetched here: packages are not validated by it");
        return None;
    }
    if found.is_none() {
        let said = "SANZI_OCDS_PYTHON and SANZI_OCDS_STANDARD are not set: OCDS packages are not validated (see .ci/run)";
        assert_ne!(named("CI").as_deref(), Some("true"), "{said}");
        eprintln!("SKIPPED: {said}");
    }
    found
}

/// What libcoveocds finds in files.
fn checked((python, standard): &(String, String), files: &[&Path]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ocds/check.py");
    let mut command = Command::new(python);
    let output = command
        .arg(script)
        .arg(standard)
        .args(files)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(found.len(), files.len(), "{said}");
    found
}

#[test]
fn packages_are_valid_by_the_standard_s_own_checker() {
    let Some(checker) = checker() else { return };
    let (releases, _) = package("releases");
    let (records, _) = package("records");
    checked(&checker, &[&releases, &records])
        .iter()
        .for_each(assert_valid);
}

fn assert_valid(found: &Value) {
    assert_eq!(found["version_used"], "1.1");
    for name in [
        "validation_errors",
        "additional_fields",
        "deprecated_fields",
    ] {
        assert_eq!(found[name], json!([]), "{name}");
    }
    for name in [
        "additional_closed_codelist_values",
        "additional_open_codelist_values",
        "additional_checks",
    ] {
        assert_eq!(found[name], json!({}), "{name}");
    }
    assert!(found.get("json_deref_error").is_none());
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let Some(checker) = checker() else { return };
    let (_, good) = package("releases");
    let place = tempfile::tempdir().unwrap();
    type Break = fn(&mut Value);
    let broken: [(&str, Break); 6] = [
        ("additional_closed_codelist_values", |p| {
            p["releases"][0]["tender"]["status"] = json!("open")
        }),
        ("validation_errors", |p| {
            p["releases"][0]["date"] = json!("2018-01-31")
        }),
        ("validation_errors", |p| {
            drop(p.as_object_mut().unwrap().remove("uri"))
        }),
        ("additional_open_codelist_values", |p| {
            p["releases"][0]["parties"][0]["roles"] = json!(["seller"])
        }),
        ("additional_fields", |p| {
            p["releases"][0]["floor"] = json!(1)
        }),
        ("additional_checks", |p| {
            p["releases"][0]["awards"] = json!([{ "id": "1", "title": "" }])
        }),
    ];
    let mut files = Vec::new();
    for (number, (_, change)) in broken.iter().enumerate() {
        let mut package = good.clone();
        package["releases"].as_array_mut().unwrap().truncate(1);
        change(&mut package);
        files.push(place.path().join(format!("{number}.json")));
        fs::write(&files[number], package.to_string()).unwrap();
    }
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    for ((name, _), found) in broken.iter().zip(checked(&checker, &paths)) {
        let empty = found[name] == json!([]) || found[name] == json!({});
        assert!(!empty, "{name}: {found}");
    }
}

/// Something recorded beside the steps.
fn beside(kind: &'static str, body: Value) -> Deed {
    Deed {
        kind,
        signers: &["chen", "liang"],
        body,
        documents: &[],
    }
}

#[test]
fn what_was_returned_and_broken_off_is_told_as_withdrawn() {
    let office = Office::opened();
    let carry_out = |deed: &Deed| office.carry_out("data", deed, &office.fresh_draft());
    let steps = steps();
    steps[..4].iter().for_each(|step| drop(carry_out(step)));
    office.post_everywhere("data", &[]);
    office.wait_for_window();
    carry_out(&steps[4]);
    carry_out(&beside(
        "returned",
        json!({ "reason": "重新评估", "to": "feedback_and_valuation" }),
    ));
    carry_out(&beside("terminated", json!({ "reason": "成员反对出租" })));
    for package in ["releases", "records"] {
        let file = format!("{package}.json");
        let export = [
            "export",
            "data",
            "--format",
            "ocds",
            "--package",
            package,
            "--output",
            &file,
        ];
        office.ok(&export);
    }
    let read = |name: &str| fs::read(office.path(name)).unwrap();
    let releases: Value = serde_json::from_slice(&read("releases.json")).unwrap();
    let told = list(&releases, "releases").iter().map(|release| {
        let tender = &release["tender"];
        (
            text(&release["tag"], 0),
            text(tender, "status"),
            tender.get("minValue").is_some(),
        )
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("planning", "planning", false),
            ("planningUpdate", "planning", false),
            ("planningUpdate", "withdrawn", false),
        ]
    );
    let Some(checker) = checker() else { return };
    let (releases, records) = (office.path("releases.json"), office.path("records.json"));
    checked(&checker, &[&releases, &records])
        .iter()
        .for_each(assert_valid);
}
