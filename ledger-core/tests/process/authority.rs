//! Who signs, where an event stands, and when: keys, streams, roles, clocks.

use ledger_core::hash::Hash;
use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use ledger_core::step::{PublicationPoint, Step};
use ledger_core::time::StatedTime;
use serde_json::json;

use crate::Row;
use crate::scene::{
    CHANNELS, DEAL, ON, ORIGIN, Scene, compromised, default_charter, event, founding, key, member,
    signers_of, stream, time,
};

pub(crate) fn key_rows() -> Vec<Row> {
    let unknown = |member: &str| Refusal::UnknownKey {
        found: format!("{ORIGIN}/{member}"),
    };
    let mut rows = Vec::new();
    for (case, held) in [
        ("a stranger", "nobody"),
        ("another key of a member's name", "zhou"),
    ] {
        let mut scene = Scene::before(Step::ProposalInitiation);
        scene.keys.insert(held.to_owned(), key(held, 9));
        let event = scene.event_of(DEAL, Step::ProposalInitiation);
        rows.push((case, scene.put(ON, event, &[held, "chen"]), unknown(held)));
    }
    let mut scene = Scene::before(Step::ProposalInitiation);
    let elsewhere = ledger_core::key::SigningKey::from_seed("other.example/zhou", &[1; 32]);
    scene
        .keys
        .insert("zhou".to_owned(), elsewhere.unwrap().into());
    let found = "other.example/zhou".to_owned();
    let refusal = Refusal::UnknownKey { found };
    rows.push((
        "a key of another ledger",
        scene.step(DEAL, Step::ProposalInitiation),
        refusal,
    ));

    let inactive = |member: &str| Refusal::InactiveKey {
        member: crate::scene::member(member),
    };
    let mut scene = Scene::before(Step::ProposalInitiation);
    let new = key("zhou", 2);
    scene
        .change(json!({"kind": "key_rotated", "key": new.verifier(), "member": "zhou"}))
        .unwrap();
    rows.push((
        "a key that was rotated",
        scene.step(DEAL, Step::ProposalInitiation),
        inactive("zhou"),
    ));
    let mut scene = Scene::before(Step::ProposalInitiation);
    scene.change(compromised("zhou", scene.clock)).unwrap();
    rows.push((
        "a compromised key",
        scene.step(DEAL, Step::ProposalInitiation),
        inactive("zhou"),
    ));
    let again = compromised("zhou", scene.clock);
    rows.push((
        "a key compromised twice",
        scene.change(again),
        Refusal::CompromisedLater {
            expected: scene.clock.minus_seconds(1),
            found: scene.clock,
        },
    ));
    let mut other = compromised("zhou", scene.clock);
    other["key"] = json!(key("zhou", 7).verifier());
    rows.push((
        "another key than the member ever had",
        scene.change(other),
        Refusal::ForeignKey {
            member: crate::scene::member("zhou"),
            found: key("zhou", 7).verifier().to_string(),
        },
    ));

    let mut scene = Scene::before(Step::ProposalInitiation);
    let mut statement = scene.statement(ON, scene.event_of(DEAL, Step::ProposalInitiation));
    let signed = scene.sign(&statement, signers_of(Step::ProposalInitiation));
    let signed = String::from_utf8(signed).unwrap();
    let (_, lines) = signed.split_once("\n\n").unwrap();
    statement.at = StatedTime::new(scene.clock.minus_seconds(1), 480).unwrap();
    let forged = format!("{}\n{lines}", statement.to_text().unwrap());
    let refusal = Refusal::InvalidSignature {
        found: format!("{ORIGIN}/chen"),
    };
    rows.push((
        "another `at` under the signatures",
        scene.submit(forged.as_bytes()),
        refusal,
    ));
    rows
}

pub(crate) fn place_rows() -> Vec<Row> {
    let first = Step::AssetVerification;
    let mut empty = Scene::empty();
    empty.keys = Scene::founded().keys;
    let charter = default_charter();
    let members: [(&str, &[&str]); 2] = [("chen", &["chair"]), ("huang", &["supervisor"])];
    let founding = event(founding(&charter, false, &members));
    let mut late = Scene::founded();
    let before = late.statement("ledger", Scene::founded().event_of(DEAL, first));
    let wrong = |expected, found: &str| Refusal::WrongStream {
        expected,
        found: found.to_owned(),
    };
    let granted = json!({"kind": "role_granted", "member": "zhou", "role": "chair"});
    let scene = Scene::founded;
    let ledger_head = late.state.head(&stream("ledger")).unwrap();
    let stale = |scene: &mut Scene, on: &str, prev: Hash| {
        let mut statement = scene.statement(on, scene.event_of(DEAL, Step::ProposalInitiation));
        statement.prev = prev;
        scene.present(&statement, signers_of(Step::ProposalInitiation))
    };
    let mut running = Scene::before(Step::ProposalInitiation);
    let head = running.state.head(&stream(ON)).unwrap();
    let refusal = |found| Refusal::StalePrev {
        expected: head,
        found,
    };
    let mut bad_prev = empty.statement("ledger", founding.clone());
    bad_prev.prev = ledger_head;
    let unopened = Refusal::StalePrev {
        expected: Hash::ZERO,
        found: ledger_head,
    };
    vec![
        (
            "a step before entry 0",
            empty.clone().present(&before, &["chen"]),
            Refusal::NotOpened,
        ),
        (
            "a second founding",
            late.put("ledger", founding.clone(), &["chen", "huang"]),
            Refusal::AlreadyOpened,
        ),
        (
            "a founding that names a transaction",
            empty.clone().put(ON, founding, &["chen", "huang"]),
            wrong("ledger", ON),
        ),
        (
            "a founding with a `prev`",
            empty.present(&bad_prev, &["chen", "huang"]),
            unopened,
        ),
        (
            "a step in the ledger's stream",
            scene().put("ledger", scene().event_of(DEAL, first), signers_of(first)),
            wrong("transaction/<id>", "ledger"),
        ),
        (
            "a posting in the ledger's stream",
            scene().put("ledger", scene().posting_of(DEAL, "wechat"), &["wu"]),
            wrong("transaction/<id>", "ledger"),
        ),
        (
            "a step in a concern's stream",
            scene().put(
                "concern/7",
                scene().event_of(DEAL, first),
                signers_of(first),
            ),
            wrong("transaction/<id>", "concern/7"),
        ),
        (
            "a change of the roster in a transaction",
            scene().put(ON, event(granted), &["chen", "huang"]),
            wrong("ledger", ON),
        ),
        (
            "no `prev`",
            stale(&mut running, ON, Hash::ZERO),
            refusal(Hash::ZERO),
        ),
        (
            "the head of another stream",
            stale(&mut running, ON, ledger_head),
            refusal(ledger_head),
        ),
        (
            "`prev` of a stream that has not begun",
            stale(&mut running, "transaction/other", head),
            Refusal::StalePrev {
                expected: ledger_head,
                found: head,
            },
        ),
    ]
}

pub(crate) fn signer_rows() -> Vec<Row> {
    let step = Step::AssetVerification;
    let put = |signers: &[&str]| {
        let mut scene = Scene::before(step);
        let event = scene.event_of(DEAL, step);
        scene.put(ON, event, signers)
    };
    let missing = |missing_roles: &[Role]| Refusal::MissingRoles {
        missing_roles: missing_roles.to_vec(),
    };
    let roles = vec![Role::AssetManager, Role::Accountant, Role::Supervisor];
    let without = |id: &str, expected: Vec<Role>| Refusal::SignerWithoutRole {
        member: member(id),
        expected,
    };
    let mut two = Scene::before(Step::ProposalInitiation);
    two.change(json!({"kind": "role_granted", "member": "chen", "role": "council_member"}))
        .unwrap();
    let event_of_two = two.event_of(DEAL, Step::ProposalInitiation);
    let mut ended = Scene::before(step);
    ended
        .change(
            json!({"kind": "role_ended", "member": "he", "reason": "离任", "role": "accountant"}),
        )
        .unwrap();
    let bidding = vec![Role::TradingService, Role::Supervisor, Role::Attestor];
    let mut bidders = Scene::before(Step::Bidding);
    let event_of_bidding = bidders.event_of(DEAL, Step::Bidding);
    let mut posting = Scene::published(PublicationPoint::PrePlan);
    let posted = posting.posting_of(DEAL, "wechat");
    vec![
        (
            "the intake key",
            put(&["deng", "he", "huang", "intake"]),
            without("intake", roles.clone()),
        ),
        (
            "a signer more",
            put(&["chen", "deng", "he", "huang"]),
            without("chen", roles.clone()),
        ),
        (
            "a role that was ended",
            ended.step(DEAL, step),
            without("he", roles.clone()),
        ),
        (
            "an optional co-signer is no other",
            bidders.put(ON, event_of_bidding, &["jiaoyi", "huang", "xu"]),
            without("xu", bidding),
        ),
        (
            "a posting by the chair",
            posting.put(ON, posted, &["chen"]),
            without("chen", vec![Role::DisclosureOfficer]),
        ),
        (
            "only the one who answers",
            put(&["deng"]),
            missing(&roles[1..]),
        ),
        (
            "not the one who answers",
            put(&["he", "huang"]),
            missing(&roles[..1]),
        ),
        (
            "one person in two roles",
            two.put(ON, event_of_two, &["chen"]),
            Refusal::OnePersonTwoRoles {
                roles: vec![Role::CouncilMember, Role::Chair],
            },
        ),
    ]
}

pub(crate) fn time_rows() -> Vec<Row> {
    let step = Step::AssetVerification;
    let mut scene = Scene::before(step);
    let mut statement = scene.statement(ON, scene.event_of(DEAL, step));
    statement.at = StatedTime::new(scene.clock.plus_seconds(301), -300).unwrap();
    let future = |scene: &Scene| Refusal::FutureTime {
        found: statement.at,
        acceptable_from: scene.clock.plus_seconds(1),
    };
    let refusal = future(&scene);
    let found = scene.present(&statement, signers_of(step));
    let mut calendar = Scene::before(Step::PublishPrePlan);
    calendar.clock = time("2019-12-27T02:00:00Z");
    calendar.step(DEAL, Step::PublishPrePlan).unwrap();
    for channel in CHANNELS {
        calendar.post(DEAL, channel).unwrap();
    }
    let missing = Refusal::CalendarMissing {
        year: "2020".to_owned().try_into().unwrap(),
    };
    vec![
        ("five minutes and a second ahead", found, refusal),
        (
            "a year without a notice",
            calendar.step(DEAL, Step::FeedbackAndValuation),
            missing,
        ),
    ]
}
