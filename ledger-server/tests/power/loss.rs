//! A power loss at every boundary of a recorded run.

use std::collections::{BTreeSet, HashSet};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use ledger_core::cosignature::Cosigner;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::calls::strace_works;
use crate::disk::{Change, Disk, Fate, Files};
use crate::held;
use crate::session::{CLIENTS, EACH, Run, after_a_kill, all_at_once, before_a_kill, is_long};
use crate::told::{Debt, checkpoint};
use crate::trace::Act;

/// What a power loss does to all that is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Loss {
    Everything,
    Nothing,
    /// This call alone is lost, or this one alone is there.
    Only {
        call: usize,
        lost: bool,
    },
    /// All that is pending of this file or folder is lost, or it alone is there.
    Of {
        node: usize,
        lost: bool,
    },
    /// The newest write is torn.
    Torn {
        sectors: Vec<bool>,
        grown: bool,
    },
    /// Each call by the dice, writes by sectors.
    Dice(u64),
}

impl Loss {
    fn fates(&self, pending: &[Change]) -> Vec<Fate> {
        let kept = |kept| if kept { Fate::Kept } else { Fate::Lost };
        match self {
            Self::Everything => vec![Fate::Lost; pending.len()],
            Self::Nothing => vec![Fate::Kept; pending.len()],
            Self::Only { call, lost } => pending
                .iter()
                .map(|change| kept((change.call == *call) != *lost))
                .collect(),
            Self::Of { node, lost } => {
                let of = pending.iter().filter(|change| change.node == *node);
                let calls: BTreeSet<usize> = of.map(|change| change.call).collect();
                let is_of = |change: &Change| calls.contains(&change.call);
                pending
                    .iter()
                    .map(|change| kept(is_of(change) != *lost))
                    .collect()
            }
            Self::Torn { sectors, grown } => {
                let newest = pending
                    .iter()
                    .rposition(|change| change.sectors().is_some());
                let mut fates = vec![Fate::Kept; pending.len()];
                if let Some(newest) = newest {
                    let (sectors, grown) = (sectors.clone(), *grown);
                    fates[newest] = Fate::Torn { sectors, grown };
                }
                fates
            }
            Self::Dice(seed) => {
                let mut dice = ChaCha8Rng::seed_from_u64(*seed);
                // From nearly nothing to nearly everything.
                let share = dice.next_u32() % 5;
                let mut lucky = || dice.next_u32() % 6 <= share;
                let mut by_call = std::collections::HashMap::new();
                let mut fates = Vec::with_capacity(pending.len());
                for change in pending {
                    let whole = *by_call.entry(change.call).or_insert_with(&mut lucky);
                    fates.push(match change.sectors() {
                        Some(count) if lucky() => Fate::Torn {
                            sectors: (0..count).map(|_| lucky()).collect(),
                            grown: lucky(),
                        },
                        _ => kept(whole),
                    });
                }
                fates
            }
        }
    }

    /// All that are tried at one boundary; the dice are thrown so many times.
    fn all(pending: &[Change], boundary: usize, throws: u64) -> Vec<Self> {
        let mut losses = vec![Self::Everything, Self::Nothing];
        let mut calls: Vec<usize> = pending.iter().map(|change| change.call).collect();
        calls.dedup();
        for call in calls {
            losses.extend([true, false].map(|lost| Self::Only { call, lost }));
        }
        let nodes: BTreeSet<usize> = pending.iter().map(|change| change.node).collect();
        for node in nodes {
            losses.extend([true, false].map(|lost| Self::Of { node, lost }));
        }
        let newest = pending.iter().rev().find_map(Change::sectors).unwrap_or(0);
        for cut in 0..=newest {
            // At every sector of a short write, at every page of a long one; from either end.
            if newest > 16 && !cut.is_multiple_of(8) {
                continue;
            }
            for (front, grown) in [(true, false), (true, true), (false, true)] {
                let sectors = (0..newest).map(|number| (number < cut) == front).collect();
                losses.push(Self::Torn { sectors, grown });
            }
        }
        let seed = |throw| (boundary as u64) << 16 | throw;
        losses.extend((0..throws).map(|throw| Self::Dice(seed(throw))));
        losses
    }
}

/// A disk to be opened, and how it came about.
struct State {
    boundary: usize,
    loss: Loss,
    files: Files,
    owed: usize,
}

#[derive(Default)]
struct Tally {
    opened: usize,
    slowest: Duration,
    wrong: Vec<String>,
}

fn open_states(run: &Run, debts: &[Debt], states: &Mutex<Receiver<State>>, tally: &Mutex<Tally>) {
    loop {
        let next = states.lock().unwrap().recv();
        let Ok(state) = next else { return };
        let (owed, goes_on) = (&debts[..state.owed], state.boundary.is_multiple_of(4));
        let checked = held::check_copy(&run.village, &state.files, owed, goes_on);
        let mut tally = tally.lock().unwrap();
        tally.opened += 1;
        match checked {
            Ok(took) => tally.slowest = tally.slowest.max(took),
            Err(wrong) => {
                let call = &run.calls[state.boundary].act;
                let State { boundary, loss, .. } = state;
                tally.wrong.push(format!(
                    "after call {boundary} ({call:.150?}), {loss:.300?}: {wrong}"
                ));
            }
        }
    }
}

/// Replays a run, and gives every state of the disk that differs to be opened; how many boundaries there were.
fn replay(run: &Run, extent: Extent, give: &mut dyn FnMut(State)) -> (usize, Vec<Debt>) {
    let mut disk = Disk::holding(&run.before);
    let mut told: Vec<Debt> = Vec::new();
    let mut waiting = run.debts.iter().peekable();
    let mut seen = HashSet::new();
    let mut dice = ChaCha8Rng::seed_from_u64(extent.share);
    let mut boundaries = 0;
    for (boundary, call) in run.calls.iter().enumerate() {
        disk.take(call.begun, call.done, &call.act);
        while let Some((_, debt)) = waiting.next_if(|(time, _)| *time <= call.done) {
            told.push(debt.clone());
        }
        if let Act::Rename { to, .. } = &call.act
            && to.ends_with("donglang/checkpoint")
        {
            // Anybody may have read it by now.
            told.extend(disk.content(to).and_then(checkpoint));
        }
        if boundary < extent.from {
            continue;
        }
        boundaries += 1;
        for loss in Loss::all(disk.pending(), boundary, extent.throws) {
            let share = match loss {
                Loss::Everything => 1000,
                // What is lost of a whole file shows most with the fewest states.
                Loss::Of { .. } => extent.share * 8,
                _ => extent.share,
            };
            if dice.next_u64() % 1000 >= share {
                continue;
            }
            let fates = loss.fates(disk.pending());
            let files = disk.after(|number, _| fates[number].clone());
            if seen.insert((held::print(&files), told.len())) {
                let owed = told.len();
                give(State {
                    boundary,
                    loss,
                    files,
                    owed,
                });
            }
        }
    }
    (boundaries, told)
}

/// After so many states that are wrong no more are opened.
const ENOUGH: usize = 20;

/// Which states of the disk are opened.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// The first boundary.
    from: usize,
    /// How often the dice are thrown at each boundary.
    throws: u64,
    /// How many in a thousand of the others than those where all is lost.
    share: u64,
}

/// Opens the states that a run may leave; nothing that was acknowledged may be missing in any of them.
fn holds(run: Run, extent: Extent) {
    let begun = Instant::now();
    run.is_followed();
    // What is told in all has to be known before the first state is opened.
    let (_, debts) = replay(
        &run,
        Extent {
            throws: 0,
            share: 0,
            ..extent
        },
        &mut |_| {},
    );
    let (give, states) = sync_channel(64);
    let (states, tally) = (Mutex::new(states), Mutex::new(Tally::default()));
    let boundaries = std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| open_states(&run, &debts, &states, &tally));
        }
        let (boundaries, _) = replay(&run, extent, &mut |state| {
            if tally.lock().unwrap().wrong.len() < ENOUGH {
                give.send(state).unwrap();
            }
        });
        drop(give);
        boundaries
    });
    let tally = tally.into_inner().unwrap();
    eprintln!(
        "{boundaries} boundaries, {} states of the disk opened, {} debts, slowest opening {:?}, in {:?}",
        tally.opened,
        debts.len(),
        tally.slowest,
        begun.elapsed(),
    );
    let wrong = tally.wrong.join("\n");
    if !wrong.is_empty() {
        let kept: PathBuf = run.kept.keep();
        panic!(
            "{} of {} states; the traces are in {kept:?}\n{wrong}",
            tally.wrong.len(),
            tally.opened
        );
    }
}

#[test]
fn a_power_loss_at_any_boundary_loses_nothing_that_was_acknowledged() {
    if !strace_works() {
        return;
    }
    let mut run = Run::new();
    let session = run.session(None, all_at_once);
    assert!(session.refused.is_empty(), "{:?}", session.refused);
    let receipts = run
        .debts
        .iter()
        .filter(|(_, debt)| matches!(debt, Debt::Receipt { .. }));
    assert_eq!(receipts.count(), CLIENTS * EACH);
    let (throws, share) = if is_long() { (40, 1000) } else { (8, 6) };
    holds(
        run,
        Extent {
            from: 0,
            throws,
            share,
        },
    );
}

/// A witness that claims to have seen more than there is: signing stops, and stays stopped.
#[test]
fn a_power_loss_after_signing_was_stopped_does_not_let_it_sign_again() {
    if !strace_works() {
        return;
    }
    let witness = TcpListener::bind("127.0.0.1:0").unwrap();
    let key = Cosigner::from_seed("claims", &[9; 32]).unwrap();
    let place = witness.local_addr().unwrap();
    let policy = format!(
        "witness claims {} http://{place}\nquorum none\n",
        key.verifier()
    );
    std::thread::spawn(move || {
        for socket in witness.incoming() {
            let mut socket = socket.unwrap();
            let _ = socket.read(&mut [0; 65_536]);
            let head = "HTTP/1.1 409 Conflict\r\ncontent-type: text/x.tlog.size\r\n";
            let _ = write!(
                socket,
                "{head}content-length: 3\r\nconnection: close\r\n\r\n99\n"
            );
        }
    });
    let mut run = Run::with("data/donglang/policy", &policy);
    let session = run.session(None, |_, client| {
        while client.health(false).unwrap().status == 200 {
            std::thread::sleep(Duration::from_millis(50));
        }
        // It says so at once; that it is kept takes a moment longer.
        std::thread::sleep(Duration::from_millis(500));
        vec![client.health(true).unwrap()]
    });
    assert_eq!(session.refused[0].status, 503);
    assert!(run.debts.iter().any(|(_, debt)| *debt == Debt::Stopped));
    let share = if is_long() { 1000 } else { 100 };
    holds(
        run,
        Extent {
            from: 0,
            throws: 4,
            share,
        },
    );
}

/// What the system still knows when a service is killed, the next one may rely on and acknowledge.
#[test]
fn a_power_loss_after_a_kill_loses_nothing_that_was_acknowledged() {
    if !strace_works() {
        return;
    }
    // strace counts the calls of each thread by itself: these are the writer's.
    let chosen: Vec<(&str, usize)> = match is_long() {
        true => [("fsync", 120), ("fdatasync", 40)]
            .into_iter()
            .flat_map(|(call, last)| (1..=last).map(move |when| (call, when)))
            .collect(),
        false => vec![("fdatasync", 5), ("fsync", 14), ("fsync", 15)],
    };
    for (call, when) in chosen {
        let mut run = Run::new();
        let fault = format!("{call}:signal=SIGKILL:when={when}");
        let killed = run.session(Some(&fault), before_a_kill);
        let Some(place) = killed.killed else {
            assert!(is_long(), "{fault} killed nothing");
            continue;
        };
        let from = run.calls.len();
        let session = run.session(None, after_a_kill);
        assert!(session.refused.is_empty(), "{:?}", session.refused);
        eprint!("killed at {call} {when}, of {place}: ");
        let (throws, share) = if is_long() { (2, 10) } else { (0, 0) };
        holds(
            run,
            Extent {
                from,
                throws,
                share,
            },
        );
    }
}
