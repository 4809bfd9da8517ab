//! Reading a ledger: entries, streams, transactions, proofs, and drafts of what could come next.

use super::{Ledger, LedgerError, Receipt};
use crate::admit;
use crate::checkpoint::SignedCheckpoint;
use crate::concern::Concern;
use crate::disclosure::Disclosure;
use crate::event::{Event, LoggedEntry, Statement};
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::name::{ConcernId, MemberId, StreamId, TransactionId};
use crate::proof::Proof;
use crate::record::Publication;
use crate::refusal::Refusal;
use crate::state::{LedgerState, State, touches};
use crate::step::PublicationPoint;
use crate::store::{Store, StreamKind};
use crate::time::{LogTime, StatedTime};
use crate::transaction::Transaction;
use crate::tree::Prover;

impl<S: Store> Ledger<S> {
    /// How many entries are published.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The newest checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// The key that verifies checkpoints.
    #[must_use]
    pub fn log_key(&self) -> &VerifierKey {
        self.log_key.verifier()
    }

    /// The ledger's own state: collective, roster, charters.
    ///
    /// # Errors
    /// [`LedgerError::Empty`] for a ledger that was never opened, which cannot be had from
    /// [`Ledger::create`] or [`Ledger::open`].
    pub fn state(&self) -> Result<&LedgerState, LedgerError> {
        self.state.ledger().ok_or(LedgerError::Empty)
    }

    /// The store: for reading what this type does not offer.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The store, for documents.
    #[must_use]
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// Gives the store back, to be closed.
    #[must_use]
    pub fn into_store(self) -> S {
        self.store
    }

    /// An entry, parsed.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`]; [`LedgerError::Entry`] if what is stored is not an entry.
    pub fn entry(&self, index: u64) -> Result<LoggedEntry, LedgerError> {
        let size = self.store.size();
        if index >= size {
            return Err(LedgerError::NoEntry { index, size });
        }
        let bytes = self.store.entry(index)?;
        LoggedEntry::parse(&bytes).map_err(|fault| LedgerError::Entry {
            index,
            fault: fault.to_string(),
        })
    }

    /// The leaf hash of an entry.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`].
    pub fn leaf(&self, index: u64) -> Result<Hash, LedgerError> {
        let hashes = self.store.read_hashes(0, index, 1)?;
        hashes.first().copied().ok_or(LedgerError::NoEntry {
            index,
            size: self.store.size(),
        })
    }

    /// The entries of a stream, in order.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn stream(&self, stream: &StreamId) -> Result<Vec<u64>, LedgerError> {
        Ok(self.store.stream(stream)?.unwrap_or_default().own)
    }

    /// A transaction as it stands.
    ///
    /// # Errors
    /// If its entries cannot be read.
    pub fn transaction(&self, id: &TransactionId) -> Result<Option<Transaction>, LedgerError> {
        match self.state.transaction(id) {
            Some(transaction) => Ok(Some(transaction.clone())),
            None => self.replay(id, u64::MAX),
        }
    }

    /// A concern as it stands.
    ///
    /// # Errors
    /// If its entries cannot be read.
    pub fn concern(&self, id: &ConcernId) -> Result<Option<Concern>, LedgerError> {
        match self.state.concern(id) {
            Some(concern) => Ok(Some(concern.clone())),
            None => self.replay_concern(id, u64::MAX),
        }
    }

    /// The ids of transactions, ascending, those after `after` only, at most `limit`.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn transactions(
        &self,
        after: Option<&TransactionId>,
        limit: usize,
    ) -> Result<Vec<TransactionId>, LedgerError> {
        let after = after.map(|id| StreamId::Transaction(id.clone()));
        let streams = self
            .store
            .streams(StreamKind::Transaction, after.as_ref(), limit)?;
        let id = |stream| match stream {
            StreamId::Transaction(id) => Some(id),
            _ => None,
        };
        Ok(streams.into_iter().filter_map(id).collect())
    }

    /// The receipt of an entry under the newest checkpoint.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`] if it is not published.
    pub fn receipt(&self, index: u64) -> Result<Receipt, LedgerError> {
        self.receipt_by(&mut Prover::new(&self.store, self.size())?, index)
    }

    /// The receipt of an entry, by a prover of the newest checkpoint's tree.
    pub(super) fn receipt_by(
        &self,
        prover: &mut Prover<'_, S>,
        index: u64,
    ) -> Result<Receipt, LedgerError> {
        let size = self.size();
        if index >= size {
            return Err(LedgerError::NoEntry { index, size });
        }
        let hashes = prover.prove_inclusion(index)?;
        let proof = Proof::new(index, hashes, &self.checkpoint)?;
        Ok(Receipt {
            added: false,
            index,
            leaf: self.leaf(index)?,
            proof,
        })
    }

    /// A statement of what would come next in a stream: what its signers sign.
    ///
    /// # Errors
    /// If the stream cannot be read.
    pub fn draft(
        &self,
        stream: StreamId,
        at: StatedTime,
        event: Event,
    ) -> Result<Statement, LedgerError> {
        let ledger = self.state()?;
        let prev = match &stream {
            StreamId::Ledger => ledger.head,
            StreamId::Transaction(id) => self.transaction(id)?.map_or(ledger.ledger_id, |t| t.head),
            StreamId::Concern(id) => self.concern(id)?.map_or(ledger.ledger_id, |c| c.head),
        };
        Ok(Statement::new(stream, prev, at, event))
    }

    /// What the rules would say of a statement, if these members signed it now: a dry run.
    ///
    /// # Errors
    /// [`LedgerError`] if the stream cannot be read.
    pub fn rehearse(
        &self,
        statement: &Statement,
        signers: &[MemberId],
        now: LogTime,
    ) -> Result<Result<(), Refusal>, LedgerError> {
        let mut state = State {
            ledger: self.state.ledger.clone(),
            ..State::new()
        };
        (state.size, state.last_received_at) = (self.state.size, self.state.last_received_at);
        for stream in touches(statement) {
            match stream {
                StreamId::Ledger => {}
                StreamId::Transaction(id) => {
                    let found = self.transaction(&id)?;
                    state.transactions.extend(found.map(|found| (id, found)));
                }
                StreamId::Concern(id) => {
                    let found = self.concern(&id)?;
                    state.concerns.extend(found.map(|found| (id, found)));
                }
            }
        }
        let received_at = self
            .state
            .last_received_at
            .map_or(now, |last| last.max(now));
        Ok(admit::decide(&state, statement, signers, received_at))
    }

    /// The disclosure of a transaction as it stands, at a publication point.
    ///
    /// # Errors
    /// If the transaction cannot be read; `None` if there is no such transaction.
    pub fn compose(
        &self,
        id: &TransactionId,
        point: PublicationPoint,
        publication: &Publication,
    ) -> Result<Option<Disclosure>, LedgerError> {
        let ledger = self.state()?;
        let Some(transaction) = self.transaction(id)? else {
            return Ok(None);
        };
        let charter = ledger.charter_of(transaction.begun_at, self.size());
        Ok(Some(Disclosure::compose(
            ledger,
            charter,
            &transaction,
            point,
            publication,
        )))
    }
}
