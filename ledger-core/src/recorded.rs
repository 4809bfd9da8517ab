//! What an admitted event leaves behind in the state: where it stands, when it was, who signed. (登记)

use serde::Serialize;

use crate::event::Event;
use crate::name::MemberId;
use crate::time::{LogTime, StatedTime};

/// What every admitted event leaves behind: where it stands, when it was, who signed. (登记)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// When it happened, as the signers say.
    pub at: StatedTime,
    /// Its place in the log.
    pub index: u64,
    /// When the log received it.
    pub received_at: LogTime,
    /// Whether it was received long after it happened. (补录)
    pub recorded_late: bool,
    /// Who signed, in the order of their ids.
    pub signers: Vec<MemberId>,
}

/// An event that was admitted, as it is kept in the state. (已登记事件)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noted {
    /// What was recorded.
    pub event: Event,
    /// When, where and by whom.
    #[serde(flatten)]
    pub recorded: Recorded,
}
