//! What a clerk can do wrong, and what the command line says to it: what happened, whether anything was
//! recorded, and what to do.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;

use office::{Office, TRANSACTION, answers, posting, steps};
use serde_json::json;

/// The arguments that record a step.
fn recording(office: &Office, place: usize, draft: &str) -> Vec<String> {
    office.record("data", &steps()[place], draft)
}

fn refused(office: &Office, arguments: &[String], code: i32, complaint: &str) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.fails(&arguments, code, complaint);
}

#[test]
fn drafts_that_the_rules_refuse_are_never_written() {
    let office = Office::opened();
    let steps = steps();
    // Before anything: out of order, wrong role, wrong ledger, mistyped passphrase, missing document.
    refused(&office, &recording(&office, 1, "a.draft"), 1, "次序不对");
    let mut wrong_role = recording(&office, 0, "a.draft");
    wrong_role[7] = office.key("qian");
    refused(&office, &wrong_role, 1, "签署人无此岗位");
    office.write("wrong", "not the passphrase\n");
    let mut mistyped = recording(&office, 0, "a.draft");
    mistyped[11] = "wrong".to_owned();
    refused(&office, &mistyped, 2, "口令不对");
    let mut bare = recording(&office, 0, "a.draft");
    bare.truncate(bare.len() - 2);
    refused(&office, &bare, 1, "缺少材料");
    let mut unknown = recording(&office, 0, "a.draft");
    unknown.extend(["--document".to_owned(), "selfie=台账.txt".to_owned()]);
    refused(&office, &unknown, 1, "没有材料 selfie");
    office.ok(&[
        "key",
        "new",
        "--origin",
        "other.example.org/x",
        "--member",
        "zhao",
        "--out",
        "other.key",
        "--passphrase-file",
        "pass",
    ]);
    let mut foreign = recording(&office, 0, "a.draft");
    foreign[7] = "other.key".to_owned();
    refused(&office, &foreign, 1, "不属于账本");
    assert!(!office.path("a.draft").exists() && !office.path("a.draft.documents").exists());

    // Two drafts of the same step: the second finds that the head has moved.
    office.draft("data", &steps[0], "one.draft");
    // Of the same second, and so the same statement, it would be unless it says something else.
    let mut other = office::steps().remove(0);
    other.body["summary"] = "另一位同事起草的同一环节。".into();
    office.draft("data", &other, "two.draft");
    refused(&office, &recording(&office, 0, "one.draft"), 2, "不会覆盖");
    let first = office
        .ok(&["submit", "one.draft", "--to", "data", "--json"])
        .json();
    assert_eq!(
        (&first["index"], &first["added"]),
        (&1.into(), &true.into())
    );
    let again = office.ok(&["submit", "one.draft", "--to", "data"]);
    assert!(again.last().contains("没有重复"), "{again:?}");
    office.fails(&["submit", "two.draft", "--to", "data"], 1, "前一条目已变");
    let key = office.key("liang");
    office.fails(
        &[
            "cosign",
            "two.draft",
            "--key",
            &office.key("chen"),
            "--ledger",
            "data",
            "--passphrase-file",
            "pass",
            "--yes",
        ],
        1,
        "重新",
    );
    let signed = office.ok(&[
        "cosign",
        "two.draft",
        "--key",
        &key,
        "--passphrase-file",
        "pass",
        "--yes",
    ]);
    assert!(signed.last().contains("已经签过"), "{signed:?}");

    // Asked, and not agreed to.
    let arguments = recording(&office, 1, "three.draft");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.ok(&arguments);
    let before = std::fs::read(office.path("three.draft")).unwrap();
    let chen = office.key("chen");
    let asked = office.run_with(
        &["cosign", "three.draft", "--key", &chen, "--ledger", "data"],
        "n\n",
    );
    assert_eq!(
        (asked.code, asked.err.contains("没有签署")),
        (1, true),
        "{asked:?}"
    );
    assert_eq!(std::fs::read(office.path("three.draft")).unwrap(), before);
    office.fails(&["submit", "three.draft", "--to", "data"], 1, "缺少签署");
    let altered = String::from_utf8(before).unwrap().replace("到期", "提前");
    office.write("three.draft", &altered);
    office.fails(
        &[
            "cosign",
            "three.draft",
            "--key",
            &chen,
            "--ledger",
            "data",
            "--passphrase-file",
            "pass",
            "--yes",
        ],
        1,
        "签名不成立",
    );
}

#[test]
fn publications_hold_up_what_follows() {
    let office = Office::opened_with_windows(3600);
    let steps = steps();
    for deed in &steps[..4] {
        office.carry_out("data", deed, &office.fresh_draft());
    }
    office.post_everywhere("data", &["wechat"]);
    refused(
        &office,
        &recording(&office, 4, "a.draft"),
        1,
        "渠道未张贴齐",
    );
    let again = office.record("data", &posting("platform"), "a.draft");
    refused(&office, &again, 1, "该渠道已张贴");
    office.carry_out("data", &posting("wechat"), &office.fresh_draft());
    refused(&office, &recording(&office, 4, "a.draft"), 1, "公开期未满");
    let status = office.ok(&["status", "data", "--json"]).json();
    assert_eq!(status["tasks"][0]["what"], "wait", "{status}");
    let notice = office.ok(&["notice", "data", TRANSACTION, "pre_plan"]);
    assert!(notice.out.contains(" 至 "), "{notice:?}");
    assert!(!office.path("a.draft").exists());
}

#[test]
fn votes_must_add_up_and_suffice() {
    let office = Office::opened();
    let mut steps = steps();
    for (place, deed) in steps[..6].iter().enumerate() {
        if place == 4 {
            office.post_everywhere("data", &[]);
            office.wait_for_window();
        }
        office.carry_out("data", deed, &office.fresh_draft());
    }
    // Votes that do not add up, and too few of them.
    steps[6].body["present"] = json!(26);
    refused(
        &office,
        &office.record("data", &steps[6], "a.draft"),
        1,
        "数据自相矛盾",
    );
    steps[6].body["present"] = json!(27);
    (steps[6].body["for"], steps[6].body["against"]) = (json!(10), json!(16));
    refused(
        &office,
        &office.record("data", &steps[6], "a.draft"),
        1,
        "赞成票不足",
    );
    steps[6].body["for"] = json!("many");
    refused(
        &office,
        &office.record("data", &steps[6], "a.draft"),
        1,
        "event.for",
    );
    assert!(!office.path("a.draft").exists());
    assert!(office.ok(&["audit", "data"]).last().starts_with("核对通过"));
}

#[test]
fn a_person_is_asked_field_by_field() {
    let office = Office::opened();
    let key = office.key("zhao");
    let record = [
        "record",
        "asset_verification",
        "--ledger",
        "data",
        "--transaction",
        TRANSACTION,
        "--key",
        &key,
        "--passphrase-file",
        "pass",
    ];
    let good = "台账.txt\n\n台账.txt\n1\n\n\n12 号商铺\n2\n大街 12 号\n集体\ny\n86.5\n2\n空置\n\n320,000.00\n核对。\n";
    let mistake = good.replace("320,000.00", "320000,00");
    let mistaken = office.run_with(&record, &mistake);
    assert_eq!(mistaken.code, 2, "{mistaken:?}");
    assert!(mistaken.err.contains("320000,00"), "{mistaken:?}");
    let short = office.run_with(&record, "台账.txt\n");
    assert!(
        short.code == 2 && short.err.contains("输入到头了"),
        "{short:?}"
    );
    let asked = office.run_with(&record, good);
    assert_eq!(asked.code, 0, "{asked:?}");
    for introduced in [
        "\n第 1 环节 资产核实：核对台账、权属、面积",
        "\n  负责：资产管理员；会签：会计、监事\n",
    ] {
        assert!(asked.err.contains(introduced), "{asked:?}");
    }
    for said in [
        "账面价值：320,000.00 元",
        "面积：86.5 平方米",
        "类别：资产",
        "会计：he*（he）",
        "监事：liang*（liang）",
    ] {
        assert!(asked.out.contains(said), "{said}: {asked:?}");
    }
    assert!(
        asked.last().contains("还没有登记") && asked.last().contains("sanzi cosign"),
        "{asked:?}"
    );
    let english = office.run(&[
        "cosign",
        "2026-001-asset_verification.draft",
        "--key",
        &office.key("he"),
        "--passphrase-file",
        "pass",
        "--yes",
        "--lang",
        "en",
        "--ledger",
        "data",
    ]);
    assert_eq!(english.code, 0, "{english:?}");
    assert!(
        english.out.contains("book value: 320,000.00 yuan")
            && english.last().contains("not recorded yet"),
        "{english:?}"
    );
}

#[test]
fn founding_is_checked_before_anything_is_written() {
    let office = Office::new();
    let init = [
        "init",
        "data",
        "--from",
        "answers.json",
        "--passphrase-file",
        "pass",
    ];
    let mut bad = answers();
    bad["collective"]["credit_code"] = json!("N1440606766567748X");
    office.write("answers.json", &bad.to_string());
    office.fails(&init, 2, "校验码");
    let mut bad = answers();
    bad["members"][1]["roles"] = json!(["accountant", "supervisor"]);
    office.write("answers.json", &bad.to_string());
    office.fails(&init, 1, "不得由一人兼任");
    let mut bad = answers();
    bad["members"].as_array_mut().unwrap().remove(2);
    office.write("answers.json", &bad.to_string());
    office.fails(&init, 1, "关键岗位无人");
    assert!(!office.path("data").exists() && !office.path("data.anchor").exists());

    office.write("answers.json", &answers().to_string());
    let ready = office.ok(&init);
    assert!(ready.last().contains("--open"), "{ready:?}");
    office.fails(&init, 2, "--open");
    let charter = std::fs::read_to_string(office.path("data/founding/charter.json")).unwrap();
    office.write(
        "data/founding/charter.json",
        &charter.replacen("\"title\"", "\"titel\"", 1),
    );
    let open = ["init", "data", "--open", "--passphrase-file", "pass"];
    office.fails(&open, 1, "titel");
    office.fails(
        &[
            "charter",
            "check",
            "data/founding/charter.json",
            "--training",
        ],
        1,
        "titel",
    );
    office.write("data/founding/charter.json", &charter);
    office.fails(
        &["charter", "check", "data/founding/charter.json"],
        1,
        "steps.",
    );
    office.ok(&[
        "charter",
        "check",
        "data/founding/charter.json",
        "--training",
    ]);
    assert!(!office.path("data/donglang").exists());
    office.write("wrong", "not the passphrase\n");
    office.fails(
        &["init", "data", "--open", "--passphrase-file", "wrong"],
        2,
        "口令不对",
    );
    let opened = office.ok(&open);
    assert!(opened.last().starts_with("已建账"), "{opened:?}");
    office.fails(&open, 2, "已经有了");
    assert!(
        office
            .ok(&["audit", "data"])
            .last()
            .starts_with("核对通过：1 条")
    );
}

#[test]
fn a_folder_that_may_not_be_written_to_is_named() {
    let office = Office::opened();
    let locked = office.path("locked");
    std::fs::create_dir(&locked).unwrap();
    let mut permissions = std::fs::metadata(&locked).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&locked, permissions).unwrap();
    if std::fs::write(locked.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write anywhere (root)");
    } else {
        refused(
            &office,
            &recording(&office, 0, "locked/a.draft"),
            2,
            "写入权限",
        );
    }
    refused(
        &office,
        &recording(&office, 0, "nowhere/a.draft"),
        2,
        "nowhere",
    );
}

#[test]
fn keys_are_never_overwritten_and_passphrases_are_asked_twice() {
    let office = Office::new();
    let new = [
        "key",
        "new",
        "--origin",
        "sanzi.example.org/donglang",
        "--member",
        "chen",
        "--out",
        "chen.key",
    ];
    let differ = office.run_with(&new, "correct horse\ncorrect house\n");
    assert!(
        differ.code == 2 && differ.err.contains("不一样"),
        "{differ:?}"
    );
    let short = office.run_with(&new, "horse\nhorse\n");
    assert!(short.code == 2 && short.err.contains("太短"), "{short:?}");
    assert!(!office.path("chen.key").exists() && !office.path("chen.key.pub").exists());
    let made = office.run_with(&new, "correct horse\ncorrect horse\n");
    assert_eq!(made.code, 0, "{made:?}");
    let before = std::fs::read(office.path("chen.key")).unwrap();
    office.fails(&new, 2, "不会覆盖");
    assert_eq!(std::fs::read(office.path("chen.key")).unwrap(), before);
    for (arguments, part) in [
        (&["schema", "event"][..], "asset_verification"),
        (&["schema", "charter"], "channels"),
        (&["completions", "bash"], "sanzi"),
        (&["record", "--help"], "民主表决"),
    ] {
        assert!(office.ok(arguments).out.contains(part), "{arguments:?}");
    }
}

#[test]
fn private_data_are_refused_with_their_place_and_a_way_out() {
    let office = Office::opened();
    let mut deed = office::steps().remove(0);
    deed.body["summary"] = "承租人电话 138-0013-8000。".into();
    let said = office.run(
        &office
            .record("data", &deed, "a.draft")
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    assert_eq!(said.code, 1, "{said:?}");
    for part in [
        "含有个人信息",
        "「摘要」第 7 至 19 个字符像是手机号码",
        "不公开的材料",
    ] {
        assert!(said.err.contains(part), "{part}: {said:?}");
    }
    assert!(!said.err.contains("0013"), "{said:?}");
    assert!(!office.path("a.draft").exists());
    // The founding is no exception, and nothing is opened.
    let mut named = answers();
    named["members"][0]["name"] = "黄大文".into();
    named["origin"] = json!("sanzi.example.org/xilang");
    office.write("named.json", &named.to_string());
    let init = [
        "init",
        "other",
        "--from",
        "named.json",
        "--passphrase-file",
        "pass",
        "--yes",
    ];
    let refused = office.fails(&init, 1, "event.members[0].name");
    assert!(
        refused.err.contains("张*") && !refused.err.contains("黄大文"),
        "{refused:?}"
    );
    assert!(!office.path("other").exists());
}

#[test]
fn a_mask_is_offered_where_a_name_is_typed() {
    let office = Office::opened();
    let key = office.key("chen");
    office.ok(&[
        "key",
        "new",
        "--origin",
        "sanzi.example.org/donglang",
        "--member",
        "wu",
        "--out",
        "wu.key",
        "--passphrase-file",
        "pass",
    ]);
    let record = [
        "record",
        "member_enrolled",
        "--ledger",
        "data",
        "--key",
        &key,
        "--passphrase-file",
        "pass",
    ];
    let numbered = office.run_with(&record, "wu\n13800138000\n");
    assert!(numbered.err.contains("手机号码"), "{numbered:?}");
    assert_eq!(numbered.code, 2, "{numbered:?}");
    // Declined once, then typed again, then agreed to.
    let typed = office.run_with(
        &record,
        "wu\n吴大文（监事）\nn\n吴大文（监事）\n\nwu.key.pub\nn\n",
    );
    assert_eq!(typed.code, 0, "{typed:?}");
    assert!(typed.err.contains("「吴*（监事）」"), "{typed:?}");
    assert!(typed.out.contains("名称：吴*（监事）"), "{typed:?}");
}

#[test]
fn a_collective_is_asked_for_its_data() {
    let office = Office::new();
    let init = ["init", "data", "--passphrase-file", "pass"];
    let collective = "y\n东塱经济联社\nn1440606766567748t\n广州市荔湾区\n街道三资办\nsanzi.example.org/donglang\n";
    let known = "asset-manager\n";
    let roles = [
        // Agreed to be masked.
        "黄大文\n\n\n",
        "何*\nhe\n",
        "梁*\nliang\n",
        known,
        "陈*\nchen\n",
        known,
        "\n",
        known,
        "chen\n",
        known,
        "he\n",
        "街道办\njie\n",
        known,
        "jie\n",
        known,
        "\n",
        "钱*\nqian\n",
    ];
    let twice = ["黄*\n\n", "何*\nhe\n", "he\n"];
    let refused = office.run_with(&init, &format!("{collective}{}", twice.concat()));
    assert!(
        refused.code == 2 && refused.err.contains("不得由一人兼任"),
        "{refused:?}"
    );
    let wrong = office.run_with(&init, "y\n东塱经济联社\nN1440606766567748X\n");
    assert!(wrong.code == 2 && wrong.err.contains("校验码"), "{wrong:?}");
    assert!(!office.path("data").exists());
    let asked = office.run_with(&init, &format!("{collective}{}", roles.concat()));
    assert_eq!(asked.code, 0, "{asked:?}");
    let opened = office
        .ok(&[
            "init",
            "data",
            "--open",
            "--passphrase-file",
            "pass",
            "--json",
        ])
        .json();
    assert_eq!(
        (&opened["slug"], &opened["training"]),
        (&"donglang".into(), &true.into())
    );
    let shown = office.ok(&["show", "data", "0"]);
    for said in ["黄*", "信息公开员", "N1440606766567748T", "演示"] {
        assert!(shown.out.contains(said), "{said}: {shown:?}");
    }
}

#[test]
fn a_data_folder_may_hold_several_ledgers() {
    let office = Office::opened();
    std::fs::rename(office.path("data/founding"), office.path("handed-out")).unwrap();
    let mut other = answers();
    other["origin"] = json!("sanzi.example.org/xilang");
    office.write("other.json", &other.to_string());
    office.ok(&[
        "init",
        "data",
        "--from",
        "other.json",
        "--passphrase-file",
        "pass",
        "--yes",
    ]);
    let both = office.ok(&["audit", "data"]);
    assert_eq!(both.last(), "核对通过：2 个账本全部成立。");
    let report = office.ok(&["verify", "data", "--json"]).json();
    assert_eq!(
        (
            &report["holds"],
            report["ledgers"].as_array().unwrap().len()
        ),
        (&true.into(), 2)
    );
    let one = office
        .ok(&["audit", "data", "--pins", "data/xilang/pins.json", "--json"])
        .json();
    assert_eq!(one["origin"], "sanzi.example.org/xilang");
    office.fails(&["status", "data"], 2, "请指明是哪一个，如 data#donglang");
    office.ok(&["status", "data#donglang"]);
    office.ok(&["status", "data/xilang"]);
    // One that does not hold is enough.
    let entries = office.path("data/xilang/entries");
    let mut bytes = std::fs::read(&entries).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(&entries, bytes).unwrap();
    let one_bad = office.run(&["audit", "data"]);
    assert_eq!(one_bad.code, 1, "{one_bad:?}");
    assert!(
        one_bad.last().contains("不成立的有 data#xilang"),
        "{one_bad:?}"
    );
}
