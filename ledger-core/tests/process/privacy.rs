//! Nothing private in any event, on any stream, from the founding on.

use ledger_core::language::Language;
use ledger_core::privacy::Kind;
use ledger_core::refusal::Refusal;
use ledger_core::step::Step;
use serde_json::{Value, json};

use crate::scene::{
    DEAL, ON, Scene, adoption, enrolment, event, founding, key, second_charter, training_charter,
};
use crate::{Row, step_with};

/// A number with a check digit of its own, but nobody's.
const IDENTITY: &str = "440103199003071232";
const PHONE: &str = "13800138000";

fn refused(field: &str, found: Kind, from: usize, until: usize) -> Refusal {
    let expected = match found {
        Kind::PersonalName => "masked_name",
        _ => "no_number",
    };
    Refusal::PrivateData {
        field: field.to_owned(),
        expected,
        found,
        from,
        until,
    }
}

/// A founding in which something is changed, signed by all founders.
fn founded(change: impl FnOnce(&mut Value)) -> Result<ledger_core::admit::Entry, Refusal> {
    let mut scene = Scene::empty();
    let members = [("chen", &["chair"][..]), ("huang", &["supervisor"][..])];
    for (member, _) in members {
        scene.keys.insert(member.to_owned(), key(member, 1));
    }
    let mut value = founding(&training_charter(), true, &members);
    change(&mut value);
    let event = event(value);
    scene.put("ledger", event, &["chen", "huang"])
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = step_rows();
    rows.extend(ledger_rows());
    rows
}

fn step_rows() -> Vec<Row> {
    let mut posting = Scene::before(Step::PublishPrePlan);
    posting.step(DEAL, Step::PublishPrePlan).unwrap();
    let mut posted = serde_json::to_value(posting.posting_of(DEAL, "wechat")).unwrap();
    posted["location"] = json!(format!("群主 {PHONE}"));
    vec![
        (
            "an identity-card number in a summary",
            step_with(Step::AssetVerification, |value| {
                value["summary"] = json!(format!("承租人身份证 {IDENTITY}。"));
            }),
            refused("event.summary", Kind::IdentityCard, 8, 25),
        ),
        (
            "a mobile number deep inside",
            step_with(Step::StreetReview, |value| {
                value["conclusion"]["conditions"] = json!("联系 138-0013-8000");
            }),
            refused("event.conclusion.conditions", Kind::MobileNumber, 4, 16),
        ),
        (
            "a bank card in full-width digits",
            step_with(Step::HandoverAndReceipt, |value| {
                value["summary"] = json!("退至６２２２０２０２００１１２２３３４４６");
            }),
            refused("event.summary", Kind::BankCard, 3, 21),
        ),
        (
            "a title of a document",
            step_with(Step::AssetVerification, |value| {
                value["documents"][1]["title"] = json!(format!("{PHONE} 通话记录"));
            }),
            refused("event.documents[1].title", Kind::MobileNumber, 1, 11),
        ),
        (
            "an applicant's name that is not masked",
            step_with(Step::BidderQualification, |value| {
                value["applicants"][1]["name"] = json!("李小龙");
            }),
            refused("event.applicants[1].name", Kind::PersonalName, 1, 3),
        ),
        (
            "a winner's",
            step_with(Step::Bidding, |value| {
                value["outcome"]["winner"] = json!("张三")
            }),
            refused("event.outcome.winner", Kind::PersonalName, 1, 2),
        ),
        (
            "a party's",
            step_with(Step::ContractSigning, |value| {
                value["parties"][1] = json!("张*（代理人：赵六）");
            }),
            refused("event.parties[1]", Kind::PersonalName, 8, 9),
        ),
        (
            "a posting",
            posting.put(ON, event(posted), &["wu"]),
            refused("event.location", Kind::MobileNumber, 4, 14),
        ),
    ]
}

fn ledger_rows() -> Vec<Row> {
    let change = |value: Value| Scene::founded().change(value);
    let mut enrolled = enrolment(&key("fresh", 1), "fresh", &[]);
    enrolled["name"] = json!("欧阳明月");
    let charter = second_charter(|value| value["title"] = json!(format!("章程 {PHONE}")));
    vec![
        (
            "a founder's name that is not masked",
            founded(|value| value["members"][0]["name"] = json!("陈大文（理事长）")),
            refused("event.members[0].name", Kind::PersonalName, 1, 3),
        ),
        (
            "a mobile number to report misuse to",
            founded(|value| value["collective"]["reports_to"] = json!(PHONE)),
            refused("event.collective.reports_to", Kind::MobileNumber, 1, 11),
        ),
        (
            "a new member's name",
            change(json!({"kind": "member_enrolled", "enrolment": enrolled})),
            refused("event.enrolment.name", Kind::PersonalName, 1, 4),
        ),
        (
            "a reason",
            change(json!({
                "kind": "role_ended", "member": "zhou", "reason": format!("病假，{PHONE}"),
                "role": "council_member",
            })),
            refused("event.reason", Kind::MobileNumber, 4, 14),
        ),
        (
            "a charter",
            change(adoption(&charter, false)),
            refused("event.charter.title", Kind::MobileNumber, 4, 14),
        ),
        (
            "before it is asked who signed",
            Scene::founded().put(
                "ledger",
                event(json!({
                    "kind": "role_ended", "member": "zhou", "reason": PHONE,
                    "role": "council_member",
                })),
                &["zhou"],
            ),
            refused("event.reason", Kind::MobileNumber, 1, 11),
        ),
    ]
}

#[test]
fn what_is_refused_is_never_repeated() {
    for (case, found, _) in rows() {
        let refusal = found.expect_err(case);
        let json = serde_json::to_string(&refusal).unwrap();
        let said = [Language::Zh, Language::En].map(|language| refusal.detail(language));
        for text in said.iter().chain([&json]) {
            for private in [
                IDENTITY,
                PHONE,
                "0013",
                "622202",
                "李小龙",
                "张三",
                "赵六",
                "陈大文",
            ] {
                assert!(!text.contains(private), "{case}: {text}");
            }
        }
    }
}

/// What offices write every day, in the places where they write it.
#[test]
fn offices_can_write_what_they_must() {
    let admitted = |step, change: fn(&mut Value)| {
        let result = step_with(step, change);
        assert!(result.is_ok(), "{:?}", result.err());
    };
    admitted(Step::ContractSigning, |value| {
        value["contract_number"] = json!("15201800031");
        value["parties"] = json!([
            "广州市荔湾区东塱经济联社",
            "华联贸易有限公司（91440300708461136T）",
            "张*"
        ]);
    });
    admitted(Step::HandoverAndReceipt, |value| {
        value["received"][0]["voucher"] = json!("6222020200112233446");
        value["summary"] =
            json!("票据号 15201800031，款项 1,510,000.00 元，退保证金 200000.00 元。");
    });
    admitted(Step::ListingNotice, |value| {
        value["listing_number"] = json!("13820180031");
        value["summary"] =
            json!("公告编号 138-2018-0031，咨询 020-81234567，2018-05-01 至 2018-05-20。");
    });
    admitted(Step::AssetVerification, |value| {
        value["asset"]["name"] = json!("李庄");
        value["asset"]["current_contract"] = json!("DL-2015-007");
        value["summary"] = json!(
            "宗地 440103001001GB00001，信用代码 914403001922038216，权属证 粤房地权证字第 0150012345 号。"
        );
    });
}

#[test]
fn a_private_document_is_named_by_its_commitment() {
    let private = |value: &mut Value| {
        let kind = value["documents"][0]["kind"].clone();
        value["documents"][0] = json!({
            "access": "private", "commitment": "ab".repeat(32), "kind": kind,
            "readers": ["accountant", "supervisor"], "title": "竞买人身份证复印件",
        });
    };
    let entry = step_with(Step::BidderQualification, private).unwrap();
    let text = entry.signed().note().text().to_owned();
    let reference = r#""commitment":"abab"#;
    assert!(text.contains(reference) && text.contains(r#""access":"private""#));
    // In their one order, each once: the bytes are canonical or refused.
    for readers in [
        json!(["supervisor", "accountant"]),
        json!(["accountant", "accountant", "supervisor"]),
    ] {
        let changed = text.replace(r#"["accountant","supervisor"]"#, &readers.to_string());
        assert_ne!(changed, text);
        assert!(
            ledger_core::Statement::parse(&changed).is_err(),
            "{readers}"
        );
    }
}
