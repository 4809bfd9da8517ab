//! How a transaction leaves the straight way and comes back: waivers, returns, corrections, the end.

use std::collections::BTreeSet;

use super::{Awaiting, Disclosed, Gate, Passed, Phase, Redo, Superseded, Transaction};
use crate::calendar::Span;
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

    /// Goes back to a step: it and everything after it no longer stand. Windows before it keep running.
    pub(crate) fn go_back(&mut self, to: Step, recorded: &Recorded) {
        self.set_aside(recorded.index, |passed| passed.step >= to);
        self.unbind(to, recorded.index);
        if let Some(redo) = &mut self.redo {
            redo.stale.retain(|point| point.step() < to);
        }
        let mut gates = self.gates();
        gates.retain(|gate| gate.window_of() < Some(to));
        self.go_on(gates, recorded.received_at);
    }

    /// Puts a corrected event in the place of what it corrects. What was disclosed of it must be
    /// disclosed again, and `windows` in which it was open to objections run again.
    pub(crate) fn correct(
        &mut self,
        corrected: &Corrected,
        recorded: &Recorded,
        windows: &[(Step, Span)],
    ) {
        if self.correct_contract(corrected, recorded.index) {
            return;
        }
        let Some(step) = self.replace(corrected, recorded.index) else {
            return;
        };
        self.refold();
        let told = |passed: &&Passed| passed.step > step;
        let points = self.passed.iter().filter(told);
        let stale: Vec<PublicationPoint> =
            points.filter_map(|p| p.step.publication_point()).collect();
        let again = windows.iter().filter(|(of, _)| self.is_open_in(step, *of));
        let again = again.map(|(of, span)| Gate::Window {
            step: *of,
            since: recorded.received_at,
            span: *span,
        });
        let again: Vec<Gate> = again.collect();
        if stale.is_empty() && again.is_empty() {
            return;
        }
        let gates = again.into_iter().fold(self.gates(), with);
        if !stale.is_empty() {
            self.set_aside(recorded.index, |passed| {
                let point = passed.step.publication_point();
                point.is_some_and(|point| stale.contains(&point))
            });
            let completed = matches!(self.phase, Phase::Completed(_));
            let redo = self.redo.get_or_insert_with(|| Redo {
                completed,
                gates: Vec::new(),
                stale: BTreeSet::new(),
            });
            redo.stale.extend(stale);
        }
        self.go_on(gates, recorded.received_at);
    }

    /// The end.
    pub(crate) fn terminate(&mut self, since: LogTime) {
        self.redo = None;
        self.phase = Phase::Terminated { since };
    }

    /// This transaction as a correction would make it.
    pub(crate) fn as_corrected(&self, corrected: &Corrected) -> Self {
        let mut after = self.clone();
        after.replace(corrected, corrected.entry);
        after
    }

    /// This transaction as a plan would make it. Where that plan stands in the log does not matter.
    pub(crate) fn as_planned(&self, plan: &Event) -> Self {
        let mut after = self.clone();
        if let Some(last) = self.passed.last() {
            let passed = Passed {
                step: Step::PlanDrafting,
                event: plan.clone(),
                corrected_by: Vec::new(),
                recorded: last.recorded.clone(),
            };
            after.pass(passed, self.phase.clone());
        }
        after
    }

    fn replace(&mut self, corrected: &Corrected, by: u64) -> Option<Step> {
        let mut standing = self.passed.iter_mut();
        let passed = standing.find(|passed| passed.recorded.index == corrected.entry)?;
        passed.event = passed.event.corrected(corrected).ok()?;
        passed.corrected_by.push(by);
        Some(passed.step)
    }

    /// Whether a record of `step` first lies open in the window of step `of`, which stands: with no
    /// publication between them, which would be made again and tell of the correction.
    fn is_open_in(&self, step: Step, of: Step) -> bool {
        let published = |between: &Step| {
            *between > step && *between <= of && between.publication_point().is_some()
        };
        of >= step
            && !Step::ALL.iter().any(published)
            && self.record(of).is_some_and(|passed| !passed.is_waived())
    }

    /// From when and how long the window of a step that is no publication runs, if something may still
    /// wait for it: after a correction it runs once more.
    pub(crate) fn window_again(&self, of: Step) -> Option<(LogTime, Span)> {
        self.gates().iter().find_map(|gate| match gate {
            Gate::Window { step, since, span } if *step == of => Some((*since, *span)),
            _ => None,
        })
    }

    /// The windows that may still run.
    fn gates(&self) -> Vec<Gate> {
        match (&self.redo, &self.phase) {
            (Some(redo), _) => redo.gates.clone(),
            (None, Phase::Awaiting(awaiting)) => awaiting.gate.windows(),
            (None, Phase::BiddingFailed { gates, .. }) => gates.clone(),
            (None, _) => Vec::new(),
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

    /// Goes on after a detour. A publication that stands and is not posted everywhere is posted first.
    fn go_on(&mut self, gates: Vec<Gate>, since: LogTime) {
        match &self.phase {
            Phase::Publishing(publishing) if self.record(publishing.point().step()).is_some() => {
                if let Some(redo) = &mut self.redo {
                    redo.gates = gates;
                }
            }
            _ => self.turn(gates, since),
        }
    }

    /// The turn of the first step that does not stand: of a publication that must be made again, or
    /// where the transaction stood before.
    fn turn(&mut self, gates: Vec<Gate>, since: LogTime) {
        match self.redo.as_mut().filter(|redo| !redo.stale.is_empty()) {
            Some(redo) => redo.gates = gates.clone(),
            None => self.redo = None,
        }
        let stands = |step: &Step| self.record(*step).is_some();
        let Some(step) = Step::ALL.into_iter().find(|step| !stands(step)) else {
            return;
        };
        let failed = self.record(Step::Bidding).filter(|_| self.bidding_failed());
        self.phase = match failed {
            Some(bidding) if step > Step::Bidding => Phase::BiddingFailed {
                since: bidding.recorded.received_at,
                gates,
            },
            _ => {
                let before = |gate: &Gate| gate.window_of() < Some(step);
                let gate = Gate::of_windows(gates.into_iter().filter(before).collect(), since);
                Phase::Awaiting(Awaiting { gate, step })
            }
        };
    }

    /// A publication has been posted everywhere.
    pub(super) fn disclosed(&mut self, disclosed: Disclosed) {
        let (since, point) = (disclosed.posted_at, disclosed.point);
        if point.step().next().is_none() {
            self.redo = None;
            self.phase = Phase::Completed(disclosed);
            return;
        }
        let mut gates = Vec::new();
        if let Some(redo) = &mut self.redo {
            redo.stale.remove(&point);
            gates.clone_from(&redo.gates);
        }
        self.turn(with(gates, Gate::Disclosed(disclosed)), since);
    }
}

/// These windows and one more, in the place of an earlier one of its step.
fn with(mut gates: Vec<Gate>, gate: Gate) -> Vec<Gate> {
    gates.retain(|before| before.window_of() != gate.window_of());
    gates.push(gate);
    gates
}
