//! Private documents: kept apart, erased for good.

use super::{Failure, Maker, refused, same};
use crate::commitment::Salt;
use crate::hash::{Commitment, Digest};
use crate::store::{DocumentChanges, Erasure, Store, StoreError};
use crate::time::LogTime;

const ONE: &[u8] = b"one";

fn salt(byte: u8) -> Salt {
    Salt::from_bytes([byte; Salt::LENGTH])
}

fn erasure(reason: &str) -> Result<Erasure, Failure> {
    let broken = |found: String| Failure::Broken {
        rule: "the suite's own records are valid",
        expected: "a member and a reason".to_owned(),
        found,
    };
    Ok(Erasure {
        at: LogTime::MIN,
        by: vec!["liang".parse().map_err(|_| broken("liang".to_owned()))?],
        entry: 7,
        reason: reason.parse().map_err(|_| broken(reason.to_owned()))?,
    })
}

pub(super) fn keeps_and_erases<S: Store>(store: &mut S) -> Result<(), Failure> {
    let long: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    for (number, document) in (0..).zip([&b""[..], ONE, &long]) {
        let salt = salt(number);
        let expected = Commitment::to(&salt, document);
        same("never here", &None, &store.private_document(&expected)?)?;
        for _ in 0..2 {
            let found = store.put_private_document(&salt, document)?;
            same("kept under its commitment", &expected, &found)?;
        }
        let found = store.private_document(&expected)?;
        let found = found.map(|found| (found.salt, found.bytes.to_vec()));
        same("and read again", &Some((salt, document.to_vec())), &found)?;
        let public = store.document(&Digest::of(document))?;
        same("and not among the public ones", &None, &public)?;
        let named = store.document(&Digest::from_bytes(*expected.as_bytes()))?;
        same("by either name", &None, &named)?;
    }
    let other = store.put_private_document(&salt(9), ONE)?;
    let commitment = Commitment::to(&salt(1), ONE);
    erases(store, &commitment)?;
    let found = store.private_document(&other)?.map(|found| found.salt);
    same(
        "the same document under another salt stays",
        &Some(salt(9)),
        &found,
    )?;
    let nothing = Commitment::from_bytes([7; 32]);
    let found = store.erase_private_document(&nothing, &erasure("误点")?)?;
    same("what was never here is not erased", &false, &found)?;
    let found = store.private_document(&nothing)?;
    same("and leaves no record", &None, &found)?;
    let digest = store.put_document(b"public")?;
    let found = store.document(&digest)?.is_some();
    same("and the store goes on", &true, &found)?;
    settles(store)
}

/// What an entry says is erased, was never here, or comes back.
fn settles<S: Store>(store: &mut S) -> Result<(), Failure> {
    let here = store.put_private_document(&salt(11), ONE)?;
    let absent = Commitment::to(&salt(12), ONE);
    let record = erasure("保管期满")?;
    let changes = DocumentChanges {
        erased: vec![(here, record.clone()), (absent, record.clone())],
        private: vec![here, absent],
        public: vec![Digest::of(b"not handed in")],
    };
    let size = store.size();
    for _ in 0..2 {
        store.settle_documents(size, &changes)?;
        same("settled so far", &size, &store.documents_settled())?;
        is_erased(store, &here, &record)?;
        is_erased(store, &absent, &record)?;
    }
    refused!(
        "what was never here does not come once it is erased",
        store.put_private_document(&salt(12), ONE),
        Erased { .. }
    );
    let found = store.document(&Digest::of(b"not handed in"))?;
    same("what nobody handed in is not there", &None, &found)
}

fn erases<S: Store>(store: &mut S, commitment: &Commitment) -> Result<(), Failure> {
    let first = erasure("当事人要求删除")?;
    let found = store.erase_private_document(commitment, &first)?;
    same("a private document is erased", &true, &found)?;
    is_erased(store, commitment, &first)?;
    refused!(
        "it is not erased again",
        store.erase_private_document(commitment, &erasure("另一个理由")?),
        Erased { .. }
    );
    refused!(
        "and does not come back",
        store.put_private_document(&salt(1), ONE),
        Erased { .. }
    );
    is_erased(store, commitment, &first)
}

fn is_erased<S: Store>(
    store: &S,
    commitment: &Commitment,
    record: &Erasure,
) -> Result<(), Failure> {
    match store.private_document(commitment) {
        Err(StoreError::Erased {
            commitment: found,
            erasure,
        }) => {
            same("erased by that name", commitment, &found)?;
            same("with the record of it", record, &erasure)
        }
        other => Err(Failure::Broken {
            rule: "what was erased is refused by name",
            expected: "Erased".to_owned(),
            found: format!("{other:?}"),
        }),
    }
}

pub(super) fn survives_reopening<M: Maker>(maker: &mut M) -> Result<(), Failure> {
    let mut store = maker.make();
    let kept = store.put_private_document(&salt(2), ONE)?;
    let erased = store.put_private_document(&salt(1), ONE)?;
    let record = erasure("期满")?;
    store.erase_private_document(&erased, &record)?;
    let Some(store) = maker.reopen(store) else {
        return Ok(());
    };
    let found = store.private_document(&kept)?.map(|found| found.salt);
    same("private documents survive", &Some(salt(2)), &found)?;
    is_erased(&store, &erased, &record)
}
