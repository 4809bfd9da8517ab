//! A founded ledger with a member for every role, and a valid event for every step: what the tests of
//! the rules act in. Everything goes through the public door: sign, parse, authenticate, admit, evolve.
//!
//! Deterministic: keys follow from seeds, times are given. Roles, signers and their order are written
//! out here from the specification's table, not read from the charter.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod concerns;
pub(crate) mod detours;
pub(crate) mod kinds;
pub(crate) mod loss;
pub(crate) mod takeover;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use ledger_core::admit::{Entry, admit};
use ledger_core::authenticate::authenticate;
use ledger_core::charter::Charter;
use ledger_core::disclosure::Disclosure;
use ledger_core::event::{Event, SignedEvent, Statement};
use ledger_core::evolve::evolve;
use ledger_core::hash::Hash;
use ledger_core::key::SigningKey;
use ledger_core::name::{MemberId, StreamId, TransactionId};
use ledger_core::note::Note;
use ledger_core::record::Publication;
use ledger_core::refusal::Refusal;
use ledger_core::state::State;
use ledger_core::step::{PublicationPoint, Step};
use ledger_core::time::{Date, LogTime, StatedTime};
use ledger_core::transaction::{Phase, Transaction};
use serde_json::{Value, json};

/// The name of the log.
pub(crate) const ORIGIN: &str = "sanzi.example.org/donglang";

/// The transaction that tests walk through the steps.
pub(crate) const DEAL: &str = "2018-017";

/// Its stream.
pub(crate) const ON: &str = "transaction/2018-017";

/// Who is on the first roster, and in which role: one member for every role.
pub(crate) const MEMBERS: [(&str, &str); 18] = [
    ("chen", "chair"),
    ("deng", "asset_manager"),
    ("feng", "scrutineer"),
    ("guo", "assembly_chair"),
    ("he", "accountant"),
    ("huang", "supervisor"),
    ("intake", "intake"),
    ("jiaoyi", "trading_service"),
    ("jiaoyi-2", "trading_checker"),
    ("jiedao", "street_office"),
    ("jiedao-2", "street_reviewer"),
    ("li", "first_secretary"),
    ("lin", "cashier"),
    ("su", "attestor"),
    ("wu", "disclosure_officer"),
    ("xu", "party_secretary"),
    ("ye", "legal_counsel"),
    ("zhou", "council_member"),
];

/// Who signs each step: the one who answers first, then those who must sign too.
pub(crate) const SIGNERS: [&[&str]; 16] = [
    &["deng", "he", "huang"],
    &["zhou", "chen"],
    &["xu", "li"],
    &["wu", "chen", "huang"],
    &["zhou", "he", "huang"],
    &["zhou", "he", "ye"],
    &["guo", "feng", "huang"],
    &["wu", "chen", "huang"],
    &["jiedao", "jiedao-2"],
    &["jiaoyi", "chen"],
    &["jiaoyi", "jiaoyi-2"],
    &["jiaoyi", "huang"],
    &["jiaoyi", "zhou", "huang"],
    &["chen", "huang", "jiedao"],
    &["he", "lin", "huang"],
    &["wu", "chen", "huang"],
];

/// The channels of the default charter.
pub(crate) const CHANNELS: [&str; 4] = ["platform", "newsletter", "wechat", "notice_board"];

/// Who signs each step.
pub(crate) fn signers_of(step: Step) -> &'static [&'static str] {
    SIGNERS[usize::from(step.number() - 1)]
}

/// The only member of the first roster with that role.
pub(crate) fn holder_of(role: &str) -> &'static str {
    MEMBERS.iter().find(|(_, held)| *held == role).unwrap().0
}

/// A moment by the log's clock.
pub(crate) fn time(text: &str) -> LogTime {
    text.parse().unwrap()
}

/// A stream by its name.
pub(crate) fn stream(text: &str) -> StreamId {
    text.parse().unwrap()
}

/// The key of a member: seed and name follow from `member` and `generation`.
pub(crate) fn key(member: &str, generation: u8) -> Arc<SigningKey> {
    let mut seed = [generation; 32];
    seed[..member.len()].copy_from_slice(member.as_bytes());
    Arc::new(SigningKey::from_seed(&format!("{ORIGIN}/{member}"), &seed).unwrap())
}

/// The default charter after a change of its JSON.
pub(crate) fn charter_with(change: impl FnOnce(&mut Value)) -> Charter {
    let mut value: Value = serde_json::from_str(Charter::default_text()).unwrap();
    change(&mut value);
    Charter::parse(&value.to_string()).unwrap()
}

/// The default charter.
pub(crate) fn default_charter() -> Charter {
    charter_with(|_| {})
}

/// The default charter with windows of two minutes.
pub(crate) fn training_charter() -> Charter {
    charter_with(|value| {
        for (_, rule) in value["steps"].as_object_mut().unwrap() {
            if let Some(window) = rule.get_mut("open_for") {
                window["span"] = json!({"length": 2, "unit": "minutes"});
            }
        }
    })
}

/// An event from JSON.
pub(crate) fn event(value: Value) -> Event {
    Event::from_value(value).unwrap()
}

/// An enrolment as it stands in an event.
pub(crate) fn enrolment(key: &SigningKey, member: &str, roles: &[&str]) -> Value {
    json!({"key": key.verifier(), "member": member, "name": member, "roles": roles})
}

/// The first event: a charter, and members with their roles.
pub(crate) fn founding(charter: &Charter, training: bool, members: &[(&str, &[&str])]) -> Value {
    let enrolments: Vec<Value> = members
        .iter()
        .map(|(member, roles)| enrolment(&key(member, 1), member, roles))
        .collect();
    json!({
        "kind": "ledger_opened",
        "charter": charter,
        "collective": {
            "credit_code": "N1440606766567748T",
            "name": "东塱经济联社（测试）",
            "region": "广东省广州市荔湾区",
            "reports_to": "街道纪检办公室",
        },
        "members": enrolments,
        "origin": ORIGIN,
        "training": training,
    })
}

/// A note of this text, with lines in ascending order of their names.
pub(crate) fn note(text: &str, keys: &[Arc<SigningKey>]) -> Vec<u8> {
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort_by(|one, other| one.name().cmp(other.name()));
    let lines = keys.iter().map(|key| key.sign_note_text(text)).collect();
    Note::new(text.to_owned(), lines).unwrap().to_bytes()
}

/// A ledger, the keys of its members, and its clock.
#[derive(Clone)]
pub(crate) struct Scene {
    /// What the ledger knows.
    pub(crate) state: State,
    /// All that was admitted.
    pub(crate) entries: Vec<Entry>,
    /// What the log's clock shows.
    pub(crate) clock: LogTime,
    /// The keys that members sign with.
    pub(crate) keys: BTreeMap<String, Arc<SigningKey>>,
}

impl Scene {
    /// Nothing yet. It is Monday, 26 March 2018, nine o'clock in Beijing.
    pub(crate) fn empty() -> Self {
        Self {
            state: State::new(),
            entries: Vec::new(),
            clock: time("2018-03-26T01:00:00Z"),
            keys: BTreeMap::new(),
        }
    }

    /// A ledger with these members, its keys those of generation 1.
    pub(crate) fn found(charter: &Charter, training: bool, members: &[(&str, &[&str])]) -> Self {
        let mut scene = Self::empty();
        for (member, _) in members {
            scene.keys.insert((*member).to_owned(), key(member, 1));
        }
        let signers: Vec<&str> = members.iter().map(|(member, _)| *member).collect();
        let founding = event(founding(charter, training, members));
        scene.put("ledger", founding, &signers).unwrap();
        scene
    }

    /// A ledger under this charter with [`MEMBERS`].
    pub(crate) fn found_under(charter: &Charter, training: bool) -> Self {
        let roles: Vec<[&str; 1]> = MEMBERS.iter().map(|(_, role)| [*role]).collect();
        let members: Vec<(&str, &[&str])> = MEMBERS
            .iter()
            .zip(&roles)
            .map(|((member, _), roles)| (*member, roles.as_slice()))
            .collect();
        Self::found(charter, training, &members)
    }

    /// A ledger under the default charter with [`MEMBERS`].
    pub(crate) fn founded() -> Self {
        static FOUNDED: LazyLock<Scene> =
            LazyLock::new(|| Scene::found_under(&default_charter(), false));
        FOUNDED.clone()
    }

    /// A training ledger with [`MEMBERS`].
    pub(crate) fn training() -> Self {
        static FOUNDED: LazyLock<Scene> =
            LazyLock::new(|| Scene::found_under(&training_charter(), true));
        FOUNDED.clone()
    }

    /// [`DEAL`] at the first moment at which `step` is admitted.
    pub(crate) fn before(step: Step) -> Self {
        static BEFORE: LazyLock<Vec<Scene>> = LazyLock::new(|| Scene::journey(Scene::founded()));
        BEFORE[usize::from(step.number() - 1)].clone()
    }

    /// [`DEAL`] after a publication, before its postings.
    pub(crate) fn published(point: PublicationPoint) -> Self {
        let mut scene = Self::before(point.step());
        scene.step(DEAL, point.step()).unwrap();
        scene
    }

    /// [`DEAL`] after all sixteen steps and all postings.
    pub(crate) fn completed() -> Self {
        let mut scene = Self::before(Step::PublishCompletion);
        scene.pass(DEAL, Step::PublishCompletion);
        scene
    }

    /// The scene before each step of [`DEAL`], and after the last.
    fn journey(mut scene: Self) -> Vec<Self> {
        let mut scenes = Vec::new();
        for step in Step::ALL {
            scene.clock = scene.clock.max(scene.opens_at(DEAL).unwrap_or(scene.clock));
            scenes.push(scene.clone());
            scene.pass(DEAL, step);
        }
        scenes.push(scene);
        scenes
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.clock = self.clock.plus_seconds(seconds);
    }

    /// A transaction.
    pub(crate) fn transaction(&self, id: &str) -> Option<&Transaction> {
        let id: TransactionId = id.parse().unwrap();
        self.state.transaction(&id)
    }

    /// From when the transaction's next step is admitted, if its gate is closed by nothing but time.
    pub(crate) fn opens_at(&self, id: &str) -> Option<LogTime> {
        match &self.transaction(id)?.phase {
            Phase::Awaiting(awaiting) => {
                let ledger = self.state.ledger().unwrap();
                let calendar = ledger.calendar_at(self.state.size());
                Some(awaiting.gate.opens_at(calendar).ok()?.0)
            }
            _ => None,
        }
    }

    /// The charter that governs a transaction now.
    pub(crate) fn charter(&self, id: &str) -> &Charter {
        let begun_at = self
            .transaction(id)
            .map_or(self.state.size(), |transaction| transaction.begun_at);
        let ledger = self.state.ledger().unwrap();
        ledger.charter_of(begun_at, self.state.size())
    }

    /// A statement at its right place, made now.
    pub(crate) fn statement(&self, on: &str, event: Event) -> Statement {
        let on = stream(on);
        let prev = self.state.head(&on).unwrap_or(Hash::ZERO);
        let at = StatedTime::new(self.clock, 480).unwrap();
        Statement::new(on, prev, at, event)
    }

    /// The keys of these members.
    pub(crate) fn keys_of(&self, members: &[&str]) -> Vec<Arc<SigningKey>> {
        members
            .iter()
            .map(|member| Arc::clone(&self.keys[*member]))
            .collect()
    }

    /// A statement signed by these members.
    pub(crate) fn sign(&self, statement: &Statement, members: &[&str]) -> Vec<u8> {
        note(&statement.to_text().unwrap(), &self.keys_of(members))
    }

    /// Submits a signed event at the clock's time.
    pub(crate) fn submit(&mut self, bytes: &[u8]) -> Result<Entry, Refusal> {
        let signed = SignedEvent::parse(bytes).unwrap();
        let entry = admit(&self.state, authenticate(&self.state, signed)?, self.clock)?;
        evolve(&mut self.state, &entry);
        self.entries.push(entry.clone());
        Ok(entry)
    }

    /// Signs and submits a statement.
    pub(crate) fn present(
        &mut self,
        statement: &Statement,
        members: &[&str],
    ) -> Result<Entry, Refusal> {
        let bytes = self.sign(statement, members);
        self.submit(&bytes)
    }

    /// Signs and submits an event at its right place, now.
    pub(crate) fn put(
        &mut self,
        on: &str,
        event: Event,
        members: &[&str],
    ) -> Result<Entry, Refusal> {
        let statement = self.statement(on, event);
        self.present(&statement, members)
    }

    /// Submits an event of the ledger's stream, signed by those who change roster and charter.
    pub(crate) fn change(&mut self, value: Value) -> Result<Entry, Refusal> {
        self.put("ledger", event(value), &["chen", "huang"])
    }

    /// A valid event for a step of a transaction as it stands.
    pub(crate) fn event_of(&self, id: &str, step: Step) -> Event {
        self.composed(id, step, self.body_of(id, step))
    }

    /// This event; a publication gets the digest of what it publishes.
    pub(crate) fn composed(&self, id: &str, step: Step, mut value: Value) -> Event {
        if let (Some(point), Some(transaction)) = (step.publication_point(), self.transaction(id)) {
            value["disclosure"] = json!(self.disclosure(id, transaction, point, &value));
        }
        event(value)
    }

    fn disclosure(
        &self,
        id: &str,
        transaction: &Transaction,
        point: PublicationPoint,
        value: &Value,
    ) -> String {
        let event = event(value.clone());
        let publication: &Publication = event.publication().unwrap();
        let ledger = self.state.ledger().unwrap();
        Disclosure::compose(ledger, self.charter(id), transaction, point, publication)
            .digest()
            .unwrap()
            .to_string()
    }

    /// The JSON of a valid event for a step, with the documents that its charter requires. A
    /// publication's digest is that of nothing.
    pub(crate) fn body_of(&self, id: &str, step: Step) -> Value {
        let charter = self.charter(id);
        let documents: Vec<Value> = charter
            .steps
            .of(step)
            .documents
            .iter()
            .filter(|document| document.required)
            .map(|document| document_of(document.kind.as_str()))
            .collect();
        let mut value = body(step);
        let today = self.clock.date_at(480);
        for field in [
            "met_on",
            "consulted_from",
            "consulted_until",
            "held_on",
            "notified_on",
            "signed_on",
            "handed_over_on",
        ] {
            not_after(today, &mut value[field]);
        }
        for amount in value["received"].as_array_mut().into_iter().flatten() {
            not_after(today, &mut amount["received_on"]);
        }
        if let Some(held_at) = value["held_at"]
            .as_str()
            .map(|text| text.parse::<StatedTime>().unwrap())
        {
            let held_at = held_at.instant().min(self.clock);
            value["held_at"] = json!(StatedTime::new(held_at, 480).unwrap());
        }
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|_, field| !field.is_null());
        }
        value["kind"] = json!(step.id());
        value["summary"] = json!(format!("第 {} 环节已办。", step.number()));
        value["documents"] = json!(documents);
        if step.publication_point().is_some() {
            let channels: Vec<&str> = charter.required_channels().map(|id| id.as_str()).collect();
            value["channels"] = json!(channels);
        }
        value
    }

    /// Records a step, signed by those who must, now.
    pub(crate) fn step(&mut self, id: &str, step: Step) -> Result<Entry, Refusal> {
        let event = self.event_of(id, step);
        self.put(&format!("transaction/{id}"), event, signers_of(step))
    }

    /// Waits for a step's turn, records it and, if it is a publication, posts it everywhere.
    pub(crate) fn pass(&mut self, id: &str, step: Step) {
        self.clock = self.clock.max(self.opens_at(id).unwrap_or(self.clock));
        self.step(id, step).unwrap();
        if step.publication_point().is_some() {
            for channel in CHANNELS {
                self.wait(60);
                self.post(id, channel).unwrap();
            }
        }
        self.wait(3_600);
    }

    /// Passes all steps before `step`.
    pub(crate) fn walk_to(&mut self, id: &str, step: Step) {
        for earlier in Step::ALL.into_iter().take_while(|earlier| *earlier < step) {
            self.pass(id, earlier);
        }
        self.clock = self.clock.max(self.opens_at(id).unwrap_or(self.clock));
    }

    /// The event that posts what waits to be posted, or nothing at all, on a channel.
    pub(crate) fn posting_of(&self, id: &str, channel: &str) -> Event {
        let disclosure = match self.transaction(id).map(|transaction| &transaction.phase) {
            Some(Phase::Publishing(publishing)) => publishing.disclosure().to_string(),
            _ => "0".repeat(64),
        };
        event(json!({
            "kind": "channel_posted",
            "channel": channel,
            "disclosure": disclosure,
            "documents": [],
            "location": "东塱村口公开栏",
        }))
    }

    /// Records a posting, now.
    pub(crate) fn post(&mut self, id: &str, channel: &str) -> Result<Entry, Refusal> {
        let event = self.posting_of(id, channel);
        self.put(&format!("transaction/{id}"), event, &["wu"])
    }
}

/// A private document whose commitment is these two digits again and again.
pub(crate) fn private_document(digits: &str) -> Value {
    json!({
        "access": "private", "commitment": digits.repeat(32), "kind": "minutes",
        "readers": ["supervisor", "chair"], "title": "笔录",
    })
}

/// The erasure of such a document.
pub(crate) fn erasure(digits: &str) -> Value {
    json!({
        "kind": "document_erased", "commitment": digits.repeat(32), "documents": [], "reason": "保管期满",
    })
}

/// A public document of that kind.
pub(crate) fn document_of(kind: &str) -> Value {
    json!({
        "access": "public",
        "kind": kind,
        "sha256": "5f".repeat(32),
        "size_bytes": 20_480,
        "title": "材料",
    })
}

/// The event that declares a member's key compromised.
pub(crate) fn compromised(member: &str, since: LogTime) -> Value {
    let key = key(member, 1);
    json!({"kind": "key_compromised", "key": key.verifier(), "member": member, "reason": "手机遗失", "since": since})
}

/// What has happened by `today` did not happen later.
fn not_after(today: Date, day: &mut Value) {
    if let Some(text) = day.as_str() {
        *day = json!(text.parse::<Date>().unwrap().min(today));
    }
}

/// The name of the rule that refused, or `admitted`.
pub(crate) fn rule(result: Result<Entry, Refusal>) -> &'static str {
    result.map_or_else(|refusal| refusal.rule(), |_| "admitted")
}

/// The event that adopts a charter, as the assembly voted.
pub(crate) fn adoption(charter: &Charter, applies_to_open: bool) -> Value {
    json!({
        "kind": "charter_adopted", "applies_to_open": applies_to_open, "charter": charter,
        "reason": "修订", "vote": ballot(),
    })
}

/// A vote that the default charter accepts.
pub(crate) fn ballot() -> Value {
    json!({
        "abstain": 0, "against": 20, "body": "assembly", "eligible": 280, "for": 220,
        "held_on": "2018-03-24", "members": 300, "present": 240,
    })
}

/// The default charter after a change, as its second version.
pub(crate) fn second_charter(change: impl FnOnce(&mut Value)) -> Charter {
    charter_with(|value| {
        value["version"] = json!(2);
        change(value);
    })
}

/// A member's id.
pub(crate) fn member(id: &str) -> MemberId {
    id.parse().unwrap()
}

/// What a step records beside its summary and documents.
fn body(step: Step) -> Value {
    let rent = json!({"basis": "per_year", "fen": 130_000_000});
    match step {
        Step::AssetVerification => json!({"asset": {
            "area": {"unit": "mu", "value": "3.5"},
            "book_value_fen": 250_000_000,
            "current_use": "仓库",
            "kind": "asset",
            "location": "东塱村东街 12 号",
            "name": "东街仓库",
            "ownership": "经济联社集体所有",
        }}),
        Step::ProposalInitiation => json!({
            "category": "lease", "expected_term_months": 60, "method": "open_bidding",
            "reason": "原合同到期",
        }),
        Step::PartyReview => json!({"conclusion": {"verdict": "agreed"}, "met_on": "2018-03-26"}),
        Step::PublishPrePlan | Step::PublishPlan | Step::PublishCompletion => json!({
            "comments_to": "村委会二楼意见箱", "disclosure": "0".repeat(64),
        }),
        Step::FeedbackAndValuation => json!({
            "consulted_from": "2018-03-27", "consulted_until": "2018-04-03",
            "opinions_answered": 2, "opinions_received": 2, "price_basis": "评估报告",
            "reserve_price": rent, "valuation_method": "appraisal", "valuer": "某评估公司",
        }),
        Step::PlanDrafting => json!({
            "deposit_fen": 10_000_000, "eligibility": "依法成立的法人或自然人",
            "escalation": {"every_months": 36, "rate_basis_points": 500},
            "method": "open_bidding", "rent_free_months": 2, "reserve_price": rent,
            "term_months": 60,
        }),
        Step::MemberVote => json!({
            "abstain": 5, "against": 10, "body": "assembly", "eligible": 280, "for": 225,
            "held_on": "2018-04-10", "members": 300, "notified_on": "2018-03-28", "present": 240,
        }),
        Step::StreetReview => json!({
            "conclusion": {"conditions": "须写明安全责任", "verdict": "agreed_with_conditions"},
            "platform_level": "street",
        }),
        Step::ListingNotice => json!({
            "bid_increment_fen": 500_000, "closes_at": "2018-05-20T17:00:00+08:00",
            "extension_rule": "每次延时五分钟", "listing_number": "荔资交 2018-031",
            "opens_at": "2018-05-01T09:00:00+08:00",
        }),
        Step::BidderQualification => json!({"applicants": [
            {"admitted": true, "deposit_fen": 10_000_000, "name": "张*"},
            {"admitted": false, "deposit_fen": 0, "name": "李*", "reason": "未交保证金"},
        ]}),
        Step::Bidding => json!({
            "bidders": 3, "bids": 12, "held_at": "2018-05-21T10:00:00+08:00",
            "outcome": {"price": {"basis": "per_year", "fen": 151_000_000}, "result": "won", "winner": "张*"},
            "round": 1,
        }),
        Step::ResultAndObjection => {
            json!({"notice": "平台公示栏", "objections_to": "街道三资办"})
        }
        Step::ContractSigning => json!({
            "amount_fen": 755_000_000, "contract_number": "东塱租 2018-03",
            "parties": ["东塱经济联社（测试）", "张*"], "performance_bond_fen": 37_750_000,
            "signed_on": "2018-06-01", "term_end": "2023-06-30", "term_start": "2018-07-01",
        }),
        Step::HandoverAndReceipt => json!({
            "deposits_refunded_fen": 20_000_000, "handed_over_on": "2018-07-01",
            "received": [{"amount_fen": 151_000_000, "received_on": "2018-06-20", "voucher": "粤财 001"}],
        }),
    }
}
