//! Every kind of event is admitted somewhere: one ledger in which all of them happen.

use std::collections::BTreeSet;

use ledger_core::event::Event;

#[test]
fn every_kind_of_event_is_admitted() {
    let [small, scene] = crate::scene::kinds::every_kind();
    let entries = small.entries.iter().chain(&scene.entries);
    let kinds = entries.map(|entry| entry.statement().event.kind());
    let admitted: BTreeSet<&str> = kinds.collect();
    let all: BTreeSet<&str> = Event::KINDS.iter().copied().collect();
    assert_eq!(admitted, all);
}
