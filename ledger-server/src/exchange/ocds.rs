//! Open Contracting Data Standard 1.1: a release package, or a record package. (开放合同数据标准)
//!
//! A release is made by each entry that lets the public know something new, from the first publication
//! on, and tells all that is known then; the compiled release of a record is the newest one. Releases
//! wait in a temporary file, so that memory holds where they are and nothing more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write};

use ledger_core::admit::Entry;
use ledger_core::event::Event;
use ledger_core::record::BiddingOutcome;
use ledger_core::state::{LedgerState, State};
use ledger_core::transaction::Transaction;
use ledger_core::{StatedTime, Step, StreamId, TransactionId};
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Form, TRAINING};
use mapping::Mapping;
use model::Publisher;

mod mapping;
mod model;
mod papers;

/// The version of the standard.
const VERSION: &str = "1.1";

/// Which package is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Package {
    /// All releases, one after the other.
    Releases,
    /// One record for each transaction: its releases, and the compiled release.
    Records,
}

/// What an ocid begins with: the publisher's registered prefix. (登记前缀)
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OcidPrefix(String);

impl OcidPrefix {
    /// The prefix that nobody has registered: it says that it is only a placeholder.
    pub(crate) const PLACEHOLDER: &'static str = "ocds-000000";

    /// Whether it is only the placeholder.
    pub(crate) fn is_placeholder(&self) -> bool {
        self.0 == Self::PLACEHOLDER
    }
}

impl Default for OcidPrefix {
    fn default() -> Self {
        Self(Self::PLACEHOLDER.to_owned())
    }
}

impl std::str::FromStr for OcidPrefix {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let own = text.strip_prefix("ocds-").unwrap_or_default();
        let fits = own.len() == 6
            && own
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        match fits {
            true => Ok(Self(text.to_owned())),
            false => Err("ocds-xxxxxx (a-z 0-9)".to_owned()),
        }
    }
}

/// How far a transaction has come for the public: what a release tells of first, or again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Planning,
    Tender,
    Award,
    Contract,
    Implementation,
}

impl Stage {
    /// The tag of the first release that tells of it, and of every later one.
    fn tags(self) -> (&'static str, &'static str) {
        match self {
            Self::Planning => ("planning", "planningUpdate"),
            Self::Tender => ("tender", "tenderUpdate"),
            Self::Award => ("award", "awardUpdate"),
            Self::Contract => ("contract", "contractUpdate"),
            Self::Implementation => ("implementation", "implementationUpdate"),
        }
    }
}

/// Why a release is made.
enum Occasion {
    /// It tells of a stage, for the first time or again.
    Of(Stage),
    /// It changes what was told of the stage reached.
    Again,
    /// It has a tag of its own.
    Tagged(&'static str),
}

/// On which occasion an event makes a release, if it makes one.
fn occasion(event: &Event, transaction: &Transaction) -> Option<Occasion> {
    if let Some(view) = event.step() {
        return match view.step {
            Step::PublishPrePlan | Step::PublishPlan => Some(Occasion::Of(Stage::Planning)),
            Step::ListingNotice => Some(Occasion::Of(Stage::Tender)),
            Step::Bidding => match event {
                Event::Bidding(bidding)
                    if matches!(bidding.outcome, BiddingOutcome::Won { .. }) =>
                {
                    None
                }
                _ => Some(Occasion::Again),
            },
            Step::ResultAndObjection => Some(Occasion::Of(Stage::Award)),
            Step::ContractSigning => Some(Occasion::Of(Stage::Contract)),
            Step::HandoverAndReceipt | Step::PublishCompletion => {
                Some(Occasion::Of(Stage::Implementation))
            }
            _ => None,
        };
    }
    let signed = transaction.record(Step::ContractSigning).is_some();
    let listed = transaction.record(Step::ListingNotice).is_some();
    Some(match event {
        Event::Returned(_) | Event::Corrected(_) => Occasion::Again,
        Event::Terminated(_) if signed => Occasion::Tagged("contractTermination"),
        Event::Terminated(_) if listed => Occasion::Tagged("tenderCancellation"),
        Event::Terminated(_) => Occasion::Again,
        Event::PaymentReceived(_) | Event::PaymentMade(_) => Occasion::Of(Stage::Implementation),
        Event::PaymentDue(_) | Event::ContractRenewed(_) => Occasion::Of(Stage::Contract),
        Event::ContractAmended(_) => Occasion::Tagged("contractAmendment"),
        Event::ContractTerminated(_) | Event::AssetReturned(_) => {
            Occasion::Tagged("contractTermination")
        }
        _ => return None,
    })
}

/// What has been released of one transaction.
#[derive(Default)]
struct Process {
    compiled: Option<Place>,
    reached: BTreeSet<Stage>,
    releases: Vec<Place>,
}

impl Process {
    /// The tag of the next release; `None` if nothing may be released yet.
    fn tag(&mut self, occasion: &Occasion) -> Option<&'static str> {
        let last = self.reached.last().copied();
        match (occasion, last) {
            (Occasion::Of(Stage::Planning), None) => {}
            (_, None) => return None,
            _ => {}
        }
        Some(match occasion {
            Occasion::Tagged(tag) => tag,
            Occasion::Again => last?.tags().1,
            Occasion::Of(stage) => {
                let (first, later) = stage.tags();
                if self.reached.insert(*stage) {
                    first
                } else {
                    later
                }
            }
        })
    }
}

/// Where a text stands in the temporary file.
#[derive(Clone, Copy)]
struct Place {
    start: u64,
    length: u64,
}

/// Texts that wait in a temporary file.
struct Waiting {
    file: BufWriter<File>,
    end: u64,
}

impl Waiting {
    fn put(&mut self, text: &[u8]) -> std::io::Result<Place> {
        self.file.write_all(text)?;
        let place = Place {
            start: self.end,
            length: text.len() as u64,
        };
        self.end += place.length;
        Ok(place)
    }
}

/// Gives back the texts that waited.
struct Waited(File);

impl Waited {
    fn get(&self, place: Place) -> std::io::Result<Box<RawValue>> {
        let mut file = &self.0;
        file.seek(SeekFrom::Start(place.start))?;
        let mut text = String::new();
        file.take(place.length).read_to_string(&mut text)?;
        Ok(RawValue::from_string(text)?)
    }
}

/// A package that is being written.
pub(crate) struct Ocds<W> {
    out: W,
    package: Package,
    prefix: OcidPrefix,
    processes: BTreeMap<TransactionId, Process>,
    waiting: Waiting,
}

impl<W: Write> Ocds<W> {
    /// Begins a package.
    pub(crate) fn new(out: W, package: Package, prefix: OcidPrefix) -> anyhow::Result<Self> {
        Ok(Self {
            out,
            package,
            prefix,
            processes: BTreeMap::new(),
            waiting: Waiting {
                file: BufWriter::new(tempfile::tempfile()?),
                end: 0,
            },
        })
    }
}

/// Unique in the world, if the prefix is a registered one: two ledgers may use the same numbers.
fn ocid_of(prefix: &OcidPrefix, ledger: &LedgerState, id: &TransactionId) -> String {
    let slug = ledger.origin.slug().replace('/', "-");
    format!("{}-{slug}-{id}", prefix.0)
}

impl<W: Write> Form for Ocds<W> {
    fn entry(&mut self, entry: &Entry, state: &State) -> anyhow::Result<()> {
        let statement = entry.statement();
        let (Some(ledger), StreamId::Transaction(id)) = (state.ledger(), &statement.stream) else {
            return Ok(());
        };
        let Some(transaction) = state.transaction(id) else {
            return Ok(());
        };
        let ocid = ocid_of(&self.prefix, ledger, id);
        let process = self.processes.entry(id.clone()).or_default();
        let occasion = occasion(&statement.event, transaction);
        let Some(tag) = occasion.and_then(|occasion| process.tag(&occasion)) else {
            return Ok(());
        };
        let mapping = Mapping {
            ledger,
            ocid: &ocid,
            offset_minutes: offset_of(ledger, entry.index() + 1),
            transaction,
        };
        let date = mapping.moment(entry.received_at());
        let released = format!("{ocid}-{}", entry.index());
        let release = mapping.release(released, date.clone(), vec![tag]);
        process
            .releases
            .push(self.waiting.put(&serde_json::to_vec(&release)?)?);
        if self.package == Package::Records {
            let compiled = mapping.release(format!("{ocid}-{date}"), date, vec!["compiled"]);
            process.compiled = Some(self.waiting.put(&serde_json::to_vec(&compiled)?)?);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, state: &State) -> anyhow::Result<()> {
        let Some(ledger) = state.ledger() else {
            return Ok(());
        };
        let waited = Waited(
            self.waiting
                .file
                .into_inner()
                .map_err(|error| error.into_error())?,
        );
        let processes: Vec<(String, &Process)> = self
            .processes
            .iter()
            .filter(|(_, process)| !process.releases.is_empty())
            .map(|(id, process)| (ocid_of(&self.prefix, ledger, id), process))
            .collect();
        let training = if ledger.training { TRAINING } else { "" };
        let collective = &ledger.collective;
        let (name, releases, records) = match self.package {
            Package::Releases => {
                let all = processes.iter().flat_map(|(_, process)| &process.releases);
                let places: Vec<Place> = all.copied().collect();
                (
                    "releases",
                    Some(Texts {
                        waited: &waited,
                        places,
                    }),
                    None,
                )
            }
            Package::Records => {
                let waited = &waited;
                let records = Records {
                    processes: &processes,
                    waited,
                };
                ("records", None, Some(records))
            }
        };
        let whole = Whole {
            uri: format!(
                "urn:sanzi:{}:{}:ocds:{name}",
                ledger.ledger_id,
                state.size()
            ),
            version: VERSION,
            published_date: published(ledger, state),
            publisher: Publisher {
                name: format!("{training}{}", collective.name),
                uid: collective.credit_code.to_string(),
            },
            releases,
            records,
        };
        serde_json::to_writer(&mut self.out, &whole)?;
        self.out.write_all(b"\n")?;
        Ok(self.out.flush()?)
    }
}

fn offset_of(ledger: &LedgerState, position: u64) -> i32 {
    ledger.calendar_at(position).utc_offset_minutes()
}

/// When what is in the package last changed: the export has no clock of its own.
fn published(ledger: &LedgerState, state: &State) -> String {
    let offset = offset_of(ledger, state.size());
    let last = state.last_received_at();
    let stated = last.and_then(|last| StatedTime::new(last, offset).ok());
    stated.map_or_else(String::new, |stated| stated.to_string())
}

/// A package, with its releases or records.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    uri: String,
    version: &'static str,
    published_date: String,
    publisher: Publisher,
    #[serde(skip_serializing_if = "Option::is_none")]
    releases: Option<Texts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Records<'a>>,
}

/// Texts as a list, read one by one.
struct Texts<'a> {
    places: Vec<Place>,
    waited: &'a Waited,
}

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.places.len()))?;
        for place in &self.places {
            list.serialize_element(&self.waited.get(*place).map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

/// All records, read one by one.
struct Records<'a> {
    processes: &'a [(String, &'a Process)],
    waited: &'a Waited,
}

/// All that was released of one transaction.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    ocid: &'a str,
    releases: Texts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compiled_release: Option<Box<RawValue>>,
}

impl Serialize for Records<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.processes.len()))?;
        for (ocid, process) in self.processes {
            let compiled = process.compiled.map(|place| self.waited.get(place));
            list.serialize_element(&Record {
                ocid,
                releases: Texts {
                    places: process.releases.clone(),
                    waited: self.waited,
                },
                compiled_release: compiled.transpose().map_err(S::Error::custom)?,
            })?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_the_form_of_a_registered_one() {
        assert!(
            OcidPrefix::PLACEHOLDER
                .parse::<OcidPrefix>()
                .unwrap()
                .is_placeholder()
        );
        assert!(
            !"ocds-b3kdal"
                .parse::<OcidPrefix>()
                .unwrap()
                .is_placeholder()
        );
        for bad in [
            "",
            "ocds-",
            "ocds-12345",
            "ocds-1234567",
            "OCDS-000000",
            "ocds-00 000",
            "000000",
        ] {
            assert!(bad.parse::<OcidPrefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_is_released_before_the_first_publication_and_later_tags_say_update() {
        let mut process = Process::default();
        assert_eq!(process.tag(&Occasion::Of(Stage::Tender)), None);
        assert_eq!(process.tag(&Occasion::Again), None);
        for (occasion, tag) in [
            (Occasion::Of(Stage::Planning), "planning"),
            (Occasion::Again, "planningUpdate"),
            (Occasion::Of(Stage::Planning), "planningUpdate"),
            (Occasion::Of(Stage::Tender), "tender"),
            (Occasion::Again, "tenderUpdate"),
            (Occasion::Of(Stage::Tender), "tenderUpdate"),
            (Occasion::Tagged("contractAmendment"), "contractAmendment"),
        ] {
            assert_eq!(process.tag(&occasion), Some(tag));
        }
    }
}
