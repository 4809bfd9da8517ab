//! The residents' intake: signs, with its own key, what people without one have to say. (意见受理)
//!
//! A resident's words go into a private document; the entry holds the commitment to it, and everybody is
//! shown what opens it until the words are hidden. So nothing offensive stands in the log for ever, and
//! nothing that was said can be exchanged. Of whoever files nothing is kept: neither address nor name, but
//! for what they write themselves. Knows nothing of pages.

use std::io::Read as _;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::body::Bytes;
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use ledger_core::LogTime;
use ledger_core::commitment::Salt;
use ledger_core::event::{Event, ParseError, Statement};
use ledger_core::hash::{Commitment, Hash};
use ledger_core::key::SigningKey;
use ledger_core::ledger::Receipt;
use ledger_core::name::{ConcernId, MemberId, StreamId, TransactionId};
use ledger_core::record::{CONCERN_TEXT, ConcernRaised, ConcernRated, ConcernSubject, DocumentRef};
use ledger_core::role::Role;
use ledger_core::state::LedgerState;
use ledger_core::store::StoreError;
use ledger_core::store::local::{DocumentName, LocalDocuments};
use ledger_core::text::{Line, TextError};
use ledger_core::time::{StatedTime, TimeError};

use crate::queue::SubmitError;
use crate::served::{Served, Snapshot};
use crate::share::network;

mod code;
mod ticket;
pub(crate) mod words;

pub(crate) use code::Code;
pub(crate) use ticket::{NotYet, Ticket, WAIT_WITHOUT_WORK, WORK_BITS, proves_work};

/// Minutes east of UTC in what the intake states: all of China.
const OFFSET: i32 = 480;

/// The longest document that is read back as words: four bytes for each character, and then some.
const LONGEST_BYTES: u64 = 64 * 1024;

/// Who may read the words after they have been hidden.
const READERS: [Role; 3] = [
    Role::DisclosureOfficer,
    Role::StreetOffice,
    Role::Supervisor,
];

/// What stands in the entry in the place of the words.
const BESIDE: &str = "居民在网页上提交，原话作为“意见原文”另存，向所有人公开（除非依规屏蔽）。";

/// What stands in the entry in the place of a comment.
const COMMENT_BESIDE: &str =
    "居民在网页上评价，原话作为“意见原文”另存，向所有人公开（除非依规屏蔽）。";

/// What stands in the entry when a resident gives stars only.
const NO_COMMENT: &str = "居民只打了分，没有写评语。";

/// Signs for residents. (意见受理台)
pub(crate) struct Intake {
    key: SigningKey,
    mint: ticket::Mint,
    /// By address, with work and without; and all without together.
    worked: DefaultKeyedRateLimiter<IpAddr>,
    idle: DefaultKeyedRateLimiter<IpAddr>,
    all_idle: DefaultDirectRateLimiter,
}

/// What a resident raises.
#[derive(Debug, Clone)]
pub(crate) struct Filing {
    pub(crate) transaction: TransactionId,
    pub(crate) subject: ConcernSubject,
    /// Masked.
    pub(crate) by: Option<String>,
    pub(crate) words: String,
}

/// What was said, kept beside an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Words {
    /// It opens its commitment.
    Open { salt: Salt, text: String },
    /// An entry erased it.
    Erased(u64),
    /// It is not kept here.
    Missing,
}

/// The intake could not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IntakeError {
    #[error("没有随机数 (no randomness): {0}")]
    Random(#[from] getrandom::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Text(#[from] TextError),
    #[error(transparent)]
    Time(#[from] TimeError),
    #[error(transparent)]
    Statement(#[from] ParseError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error("这个账本不能存材料 (this ledger keeps no documents)")]
    NoDocuments,
    #[error("中断 (broken off)")]
    BrokenOff,
}

/// A quota of `burst` at once and one more in every `seconds`.
fn quota(burst: u32, seconds: u64) -> Quota {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(Duration::from_secs(seconds));
    quota.unwrap_or(Quota::per_minute(burst)).allow_burst(burst)
}

impl Intake {
    /// An intake that signs with this key.
    pub(crate) fn new(key: SigningKey) -> Result<Self, getrandom::Error> {
        Ok(Self {
            key,
            mint: ticket::Mint::new()?,
            // A village behind one address of a mobile network files what it has to say in an evening.
            worked: RateLimiter::keyed(quota(20, 60)),
            idle: RateLimiter::keyed(quota(4, 300)),
            all_idle: RateLimiter::direct(quota(40, 60)),
        })
    }

    /// Whose key it is.
    fn member(&self, state: &LedgerState) -> Option<MemberId> {
        let name = self.key.name().strip_prefix(state.origin.as_str())?;
        name.strip_prefix('/')?.parse().ok()
    }

    /// Whether the roster lets this key take in what residents say, now.
    pub(crate) fn is_open(&self, snapshot: &Snapshot) -> bool {
        let (state, position) = (&*snapshot.state, snapshot.size());
        let member = self.member(state);
        let member = member.and_then(|id| state.roster.member(&id));
        let is_ours = member.is_some_and(|member| {
            member.holds(Role::Intake, position)
                && member.key_at(position) == Some(self.key.verifier())
        });
        is_ours && snapshot.reader.documents().is_some()
    }

    /// A ticket for a form about something.
    pub(crate) fn ticket(&self, about: &str, now: LogTime) -> Result<Ticket, getrandom::Error> {
        self.mint.ticket(about, unix(now))
    }

    /// Whether a ticket is taken.
    pub(crate) fn check(
        &self,
        about: &str,
        ticket: &Ticket,
        now: LogTime,
        worked: bool,
    ) -> Result<(), NotYet> {
        self.mint.check(about, ticket, unix(now), worked)
    }

    /// Whether this address may file one more now; it counts.
    pub(crate) fn admits(&self, address: IpAddr, worked: bool) -> bool {
        let address = network(address);
        if worked {
            self.worked.retain_recent();
            return self.worked.check_key(&address).is_ok();
        }
        self.idle.retain_recent();
        self.idle.check_key(&address).is_ok() && self.all_idle.check().is_ok()
    }

    /// Files a concern under the id of a code.
    pub(crate) async fn raise(
        &self,
        ledger: &Served,
        id: ConcernId,
        filing: Filing,
        now: LogTime,
    ) -> Result<Receipt, IntakeError> {
        let snapshot = ledger.snapshot();
        let by: Option<Line> = filing.by.map(|name| name.parse()).transpose()?;
        let document = self.keep(&snapshot, filing.words).await?;
        let event = Event::ConcernRaised(ConcernRaised {
            by,
            documents: vec![document],
            subject: filing.subject,
            text: BESIDE.parse()?,
            transaction: filing.transaction,
        });
        let first = snapshot.state.ledger_id;
        self.submit(ledger, (id, first), event, now).await
    }

    /// Records what a resident thinks of the answer to a concern, whose stream ends with `head`.
    pub(crate) async fn rate(
        &self,
        ledger: &Served,
        (id, head): (ConcernId, Hash),
        (stars, comment): (u8, Option<String>),
        now: LogTime,
    ) -> Result<Receipt, IntakeError> {
        let text = match &comment {
            Some(_) => COMMENT_BESIDE,
            None => NO_COMMENT,
        };
        let documents = match comment {
            Some(comment) => vec![self.keep(&ledger.snapshot(), comment).await?],
            None => Vec::new(),
        };
        let event = Event::ConcernRated(ConcernRated {
            comment: text.parse()?,
            documents,
            stars,
        });
        self.submit(ledger, (id, head), event, now).await
    }

    async fn submit(
        &self,
        ledger: &Served,
        (id, prev): (ConcernId, Hash),
        event: Event,
        now: LogTime,
    ) -> Result<Receipt, IntakeError> {
        let at = StatedTime::new(now, OFFSET)?;
        let statement = Statement::new(StreamId::Concern(id), prev, at, event);
        let note = statement.sign([&self.key])?;
        Ok(ledger.submit(Bytes::from(note)).await?)
    }

    /// Keeps words until an entry names them, behind a commitment with a salt of their own.
    async fn keep(&self, snapshot: &Snapshot, words: String) -> Result<DocumentRef, IntakeError> {
        let documents = snapshot.reader.documents();
        let documents = documents.ok_or(IntakeError::NoDocuments)?;
        let member = self.member(&snapshot.state);
        let member = member.ok_or(IntakeError::NoDocuments)?;
        let mut salt = [0; Salt::LENGTH];
        getrandom::fill(&mut salt)?;
        let salt = Salt::from_bytes(salt);
        let commitment = Commitment::to(&salt, words.as_bytes());
        let kept = tokio::task::spawn_blocking(move || {
            let mut incoming = documents.receive(&member, DocumentName::Private(commitment))?;
            incoming.take(salt.as_bytes())?;
            incoming.take(words.as_bytes())?;
            incoming.finish(false)
        });
        kept.await.map_err(|_| IntakeError::BrokenOff)??;
        Ok(DocumentRef::Private {
            commitment,
            kind: CONCERN_TEXT.parse().map_err(|_| IntakeError::BrokenOff)?,
            readers: READERS.into_iter().collect(),
            title: "意见原文".parse()?,
        })
    }
}

/// Reads words back. May wait for a disk.
pub(crate) fn words_of(
    documents: Option<&LocalDocuments>,
    commitment: &Commitment,
) -> Result<Words, StoreError> {
    let Some(documents) = documents else {
        return Ok(Words::Missing);
    };
    let (file, length) = match documents.private(commitment) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Words::Missing),
        Err(StoreError::Erased { erasure, .. }) => return Ok(Words::Erased(erasure.entry)),
        Err(error) => return Err(error),
    };
    if length > LONGEST_BYTES {
        return Ok(Words::Missing);
    }
    let mut bytes = Vec::new();
    if let Err(error) = file.take(LONGEST_BYTES).read_to_end(&mut bytes) {
        tracing::warn!(%error, "words cannot be read");
        return Ok(Words::Missing);
    }
    let Some((salt, text)) = bytes.split_first_chunk::<{ Salt::LENGTH }>() else {
        return Ok(Words::Missing);
    };
    Ok(match String::from_utf8(text.to_vec()) {
        Ok(text) => Words::Open {
            salt: Salt::from_bytes(*salt),
            text,
        },
        Err(_) => Words::Missing,
    })
}

/// Seconds since 1970.
fn unix(now: LogTime) -> u64 {
    now.seconds_since(LogTime::MIN)
}
