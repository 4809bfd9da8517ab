//! How a transaction leaves the straight way and comes back: waivers, returns, corrections, the end.

use super::{Awaiting, Disclosed, Gate, Passed, Phase, Redo, Superseded, Transaction};
use crate::event::Event;
use crate::record::{Corrected, StepWaived};
use crate::recorded::Recorded;
use crate::step::{PublicationPoint, Step};
use crate::time::LogTime;

impl Transaction {
    /// Leaves steps out.
    pub(crate) fn waive(&mut self, waived: &StepWaived, recorded: &Recorded) {
        let steps = Step::ALL
            .into_iter()
            .filter(|step| (waived.from..=waived.through).contains(step));
        for step in steps {
            let passed = Passed {
                step,
                event: Event::StepWaived(waived.clone()),
                corrected_by: Vec::new(),
                recorded: recorded.clone(),
            };
            let phase = Self::phase_after(step, recorded.received_at, None);
            self.pass(passed, phase);
        }
    }

    /// Goes back to a step: it and everything after it no longer stand.
    pub(crate) fn go_back(&mut self, to: Step, recorded: &Recorded) {
        self.set_aside(recorded.index, |passed| passed.step >= to);
        self.unbind(to, recorded.index);
        let since = recorded.received_at;
        let Some(redo) = self.redo.take() else {
            self.phase = ready(to, since);
            return;
        };
        // What was published again before keeps its window.
        let ready_since = Gate::Ready { since };
        let turn = Phase::Awaiting(Awaiting {
            gate: redo
                .gate
                .clone()
                .map_or(ready_since.clone(), |gate| ready_since.and(gate)),
            step: to,
        });
        self.redo = Some(Redo {
            stale: redo.stale.into_iter().filter(|p| p.step() < to).collect(),
            resume: Some(Box::new(turn.clone())),
            gate: redo.gate,
        });
        self.phase = self.next_redo(since).unwrap_or(turn);
    }

    /// Puts a corrected event in the place of what it corrects. What was disclosed of it must be
    /// disclosed again.
    pub(crate) fn correct(&mut self, corrected: &Corrected, recorded: &Recorded) {
        if self.correct_contract(corrected, recorded.index) {
            return;
        }
        let found = self
            .passed
            .iter_mut()
            .find(|passed| passed.recorded.index == corrected.entry);
        let Some(passed) = found else {
            return;
        };
        let Ok(event) = passed.event.corrected(corrected) else {
            return;
        };
        (passed.event, passed.corrected_by) = (
            event,
            [&passed.corrected_by[..], &[recorded.index]].concat(),
        );
        let step = passed.step;
        self.refold();
        let told = |passed: &&Passed| passed.step > step;
        let points = self.passed.iter().filter(told);
        let stale: Vec<PublicationPoint> =
            points.filter_map(|p| p.step.publication_point()).collect();
        if !stale.is_empty() {
            self.publish_again(stale, recorded);
        }
    }

    fn publish_again(&mut self, stale: Vec<PublicationPoint>, recorded: &Recorded) {
        self.set_aside(recorded.index, |passed| {
            passed
                .step
                .publication_point()
                .is_some_and(|point| stale.contains(&point))
        });
        let redo = self.redo.get_or_insert_with(|| Redo {
            gate: None,
            resume: match &self.phase {
                // A publication that is being made, or the last one, is itself made again.
                Phase::Publishing(_) | Phase::Completed(_) => None,
                other => Some(Box::new(other.clone())),
            },
            stale: Default::default(),
        });
        redo.stale.extend(stale);
        if let Some(phase) = self.next_redo(recorded.received_at) {
            self.phase = phase;
        }
    }

    fn set_aside(&mut self, by: u64, which: impl Fn(&Passed) -> bool) {
        let (aside, standing) = std::mem::take(&mut self.passed)
            .into_iter()
            .partition::<Vec<_>, _>(|passed| which(passed));
        self.passed = standing;
        let aside = aside.into_iter().map(|passed| Superseded { by, passed });
        self.superseded.extend(aside);
    }

    /// The phase in which the first publication that is stale is made again.
    fn next_redo(&mut self, since: LogTime) -> Option<Phase> {
        let redo = self.redo.as_ref()?;
        match redo.stale.first() {
            Some(point) => Some(ready(point.step(), since)),
            None => {
                self.redo = None;
                None
            }
        }
    }

    /// The phase after a publication has been posted everywhere.
    pub(super) fn phase_disclosed(&mut self, disclosed: Disclosed) -> Phase {
        let since = disclosed.posted_at;
        let next = match disclosed.point.step().next() {
            Some(step) => Phase::Awaiting(Awaiting {
                gate: Gate::Disclosed(disclosed.clone()),
                step,
            }),
            None => Phase::Completed(disclosed.clone()),
        };
        let Some(mut redo) = self.redo.take() else {
            return next;
        };
        redo.stale.remove(&disclosed.point);
        let gate = Gate::Disclosed(disclosed);
        let gate = match redo.gate.take() {
            Some(before) => before.and(gate),
            None => gate,
        };
        if !redo.stale.is_empty() {
            redo.gate = Some(gate);
            self.redo = Some(redo);
            return self.next_redo(since).unwrap_or(next);
        }
        match redo.resume.map_or(next, |phase| *phase) {
            Phase::Awaiting(Awaiting { gate: before, step }) => Phase::Awaiting(Awaiting {
                gate: before.and(gate),
                step,
            }),
            other => other,
        }
    }
}

fn ready(step: Step, since: LogTime) -> Phase {
    Phase::Awaiting(Awaiting {
        gate: Gate::Ready { since },
        step,
    })
}
