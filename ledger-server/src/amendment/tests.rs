use super::*;
use serde_json::json;

fn default_rows() -> Value {
    charter_sheet::rows(serde_json::from_str(Charter::default_text()).unwrap())
}

/// The pointers of all leaves.
fn leaves(value: &Value, pointer: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(value, &format!("{pointer}/{name}"), all);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                leaves(item, &format!("{pointer}/{place}"), all);
            }
        }
        _ => all.push(pointer.to_owned()),
    }
}

fn other(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(format!("{text}改")),
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        Value::Bool(yes) => json!(!yes),
        other => panic!("{other}"),
    }
}

/// The pointer's names, as in a change's path.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for name in pointer.split('/').skip(1) {
        match name.parse::<usize>() {
            Ok(place) => path.push_str(&format!("[{place}]")),
            Err(_) if path.is_empty() => path.push_str(name),
            Err(_) => path.push_str(&format!(".{name}")),
        }
    }
    path
}

#[test]
fn a_charter_changes_nothing_against_itself() {
    let charter = Charter::parse(Charter::default_text()).unwrap();
    for language in [Language::Zh, Language::En] {
        let same = Amendment::between(language, &charter, &charter);
        assert_eq!(same.changes, []);
    }
}

#[test]
fn every_leaf_that_differs_is_named_where_it_stands() {
    let before = default_rows();
    let mut all = Vec::new();
    leaves(&before, "", &mut all);
    assert!(all.len() > 500, "{}", all.len());
    for pointer in all.iter().filter(|pointer| *pointer != "/version") {
        let mut after = before.clone();
        let leaf = after.pointer_mut(pointer).unwrap();
        let (was, is) = (leaf.clone(), other(leaf));
        *leaf = is.clone();
        let found = changes(Language::Zh, &before, &after);
        let path = path(pointer);
        // Where an item is known by the leaf, one is gone and another has come.
        let names_item =
            KEYS.contains(&pointer.rsplit('/').next().unwrap()) || pointer.ends_with("/other");
        let most = if names_item { 2 } else { 1 };
        assert!((1..=most).contains(&found.len()), "{pointer}: {found:?}");
        for change in &found {
            assert!(!change.part.is_empty(), "{pointer}: {change:?}");
            assert_ne!(change.from, change.to, "{pointer}");
        }
        let at = |change: &&Change| {
            path.starts_with(&change.path)
                || path.replace("denominator", "numerator") == change.path
        };
        let there = found.iter().find(at);
        let there = there.unwrap_or_else(|| panic!("{pointer}: {found:?}"));
        if let (Value::String(_), Some(to), false) = (&is, &there.to, names_item) {
            // Codes are told by their words, where they have some.
            let said = is.as_str().unwrap();
            let is_text = was
                .as_str()
                .is_some_and(|was| !was.is_ascii() || was.contains('-'));
            assert!(!is_text || to.contains(said), "{pointer}: {there:?}");
        }
    }
}

#[test]
fn an_item_put_between_others_is_one_change_and_a_new_order_one() {
    let before = default_rows();
    let mut after = before.clone();
    let channels = after["channels"].as_array_mut().unwrap();
    channels.insert(
        1,
        json!({"id": "radio", "name": "村广播", "required": false}),
    );
    let found = changes(Language::Zh, &before, &after);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].path, "channels[1]");
    assert_eq!(
        (found[0].part.as_str(), found[0].name.as_str()),
        ("公开渠道「村广播」", "")
    );
    assert_eq!(found[0].from, None);
    assert!(found[0].to.as_ref().unwrap().contains("必须张贴：否"));

    let mut after = before.clone();
    after["channels"].as_array_mut().unwrap().swap(0, 1);
    let found = changes(Language::Zh, &before, &after);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].name, "次序");
}

#[test]
fn a_change_is_told_in_words() {
    let before = default_rows();
    let mut after = before.clone();
    after["steps"]["street_review"]["within"]["span"] = json!({"length": 9, "unit": "days"});
    after["steps"]["party_review"]["signing"]["answers"] = json!("chair");
    after["voting"]["council"]["approval"]["numerator"] = json!(3);
    after["calendar"]["years"][3]["off"][0] = json!("2026-12-31");
    after["steps"]["bidding"]
        .as_object_mut()
        .unwrap()
        .remove("within");
    let said: Vec<[String; 4]> = changes(Language::Zh, &before, &after)
        .into_iter()
        .map(|change| {
            let said = |value: Option<String>| value.unwrap_or_else(|| "—".to_owned());
            [change.part, change.name, said(change.from), said(change.to)]
        })
        .collect();
    let row = |row: [&str; 4]| row.map(str::to_owned);
    assert!(
        said.contains(&row([
            "第 3 环节 党组织研究",
            "谁签·负责岗位",
            "党组织书记",
            "理事长"
        ])),
        "{said:?}"
    );
    assert!(
        said.contains(&row([
            "第 9 环节 街道审查与定级",
            "办理时限·时长",
            "7 个工作日",
            "9 天"
        ])),
        "{said:?}"
    );
    assert!(
        said.contains(&row(["表决规则", "理事会·赞成比例·比例", "1/2", "3/2"])),
        "{said:?}"
    );
    assert!(
        said.contains(&row([
            "节假日历",
            "各年放假安排「2026」·放假",
            "2026-01-01",
            "2026-12-31"
        ])),
        "{said:?}"
    );
    let bidding = said.iter().find(|row| row[0].starts_with("第 12")).unwrap();
    assert_eq!(
        (bidding[1].as_str(), bidding[3].as_str()),
        ("办理时限", "—")
    );
    assert_eq!(said.len(), 5, "{said:?}");
}
