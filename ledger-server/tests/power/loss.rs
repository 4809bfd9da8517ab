//! A power loss at every boundary of a recorded run.

use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::calls::{recorded, strace_works};
use crate::disk::{Change, Disk, Fate, Files};
use crate::held;
use crate::told::{Debt, checkpoint, debts};
use crate::trace::{self, Act, Call};
use crate::village::{Client, Service, Village, serving};

/// How many clients submit at once, and how many events each.
const CLIENTS: usize = 3;
const EACH: usize = 5;

/// Reads a folder with all that is below it.
fn files_in(folder: &Path) -> Files {
    fn add(root: &Path, folder: &Path, files: &mut Files) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            if path.is_dir() {
                files.insert(name, None);
                add(root, &path, files);
            } else {
                files.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    let mut files = Files::new();
    add(folder, folder, &mut files);
    files
}

fn write_files(files: &Files, into: &Path) {
    fs::create_dir_all(into).unwrap();
    for (path, content) in files {
        match content {
            None => fs::create_dir_all(into.join(path)).unwrap(),
            Some(bytes) => fs::write(into.join(path), bytes).unwrap(),
        }
    }
}

/// What three clients, each with documents, and one at the desk do. Every answer is awaited.
fn story(village: &Village, client: &Client) {
    std::thread::scope(|scope| {
        for who in 0..CLIENTS {
            scope.spawn(move || {
                for number in (who * EACH..).take(EACH) {
                    let handed = client.hand_in(number).unwrap();
                    assert!(handed.status < 300, "{}", handed.text());
                    let answer = client.submit(number, &village.note(number)).unwrap();
                    assert_eq!(answer.status, 201, "{}", answer.text());
                    client.get("donglang/checkpoint").unwrap();
                }
            });
        }
        scope.spawn(move || {
            let cookie = client.sign_in("deng").unwrap();
            for number in 500..502 {
                let answer = client.draft(village, &cookie, number).unwrap();
                assert_eq!(answer.status, 201, "{}", answer.text());
            }
        });
    });
}

/// A run: the disk before it, the calls in the order in which they were done, and what was told when.
struct Run {
    before: Files,
    calls: Vec<Call>,
    debts: Vec<(usize, Debt)>,
    kept: tempfile::TempDir,
    village: Village,
}

fn record() -> Run {
    let village = Village::new();
    let kept = tempfile::tempdir().unwrap();
    let (home, file) = (village.home(), kept.path().join("trace"));
    let before = files_in(&home);
    let command = recorded(&file, &serving(&village.data.path()));
    let service = Service::start(command).unwrap();
    story(&village, &service.client());
    service.terminate();
    let text = fs::read_to_string(&file).unwrap();
    let mut calls = trace::read(&text, &home);
    for call in &mut calls {
        // An answer is out from the moment when it is handed over.
        if matches!(call.act, Act::Send { .. }) {
            call.done = call.begun;
        }
    }
    calls.sort_by_key(|call| call.done);
    let debts = debts(&calls);
    Run {
        before,
        calls,
        debts,
        kept,
        village,
    }
}

/// What a power loss does to all that is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Loss {
    Everything,
    Nothing,
    /// This call alone is lost, or this one alone is there.
    Only { call: usize, lost: bool },
    /// The newest write is torn.
    Torn { sectors: Vec<bool>, grown: bool },
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
            Self::Torn { sectors, grown } => {
                let newest = pending.iter().rposition(|change| change.sectors().is_some());
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
        let newest = pending.iter().rev().find_map(Change::sectors).unwrap_or(0);
        for cut in 0..=newest {
            // At every sector of a short write, at every page of a long one; from either end.
            if newest > 16 && cut % 8 != 0 {
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

/// Where states are written to be opened: in memory, if there is such a place.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    made.unwrap()
}

fn open_states(run: &Run, debts: &[Debt], states: &Mutex<Receiver<State>>, tally: &Mutex<Tally>) {
    loop {
        let next = states.lock().unwrap().recv();
        let Ok(state) = next else { return };
        let folder = scratch();
        write_files(&state.files, folder.path());
        let owed: Vec<&Debt> = debts[..state.owed].iter().collect();
        let checked = catch_unwind(AssertUnwindSafe(|| {
            held::check(&run.village, folder.path(), &owed)
        }));
        let checked = checked.unwrap_or_else(|_| Err("it panicked".to_owned()));
        let mut tally = tally.lock().unwrap();
        tally.opened += 1;
        match checked {
            Ok(took) => tally.slowest = tally.slowest.max(took),
            Err(wrong) => {
                let call = &run.calls[state.boundary].act;
                let State { boundary, loss, .. } = state;
                tally.wrong.push(format!("after call {boundary} ({call:.150?}), {loss:.300?}: {wrong}"));
            }
        }
    }
}

/// Replays a run, and gives every state of the disk that differs to be opened; how many boundaries there were.
fn replay(run: &Run, throws: u64, share: u64, give: &mut dyn FnMut(State)) -> (usize, Vec<Debt>) {
    let mut disk = Disk::holding(&run.before);
    let mut told: Vec<Debt> = Vec::new();
    let mut waiting = run.debts.iter().peekable();
    let mut seen = HashSet::new();
    let mut dice = ChaCha8Rng::seed_from_u64(share);
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
        boundaries += 1;
        for loss in Loss::all(disk.pending(), boundary, throws) {
            let always = matches!(loss, Loss::Everything);
            if !always && dice.next_u64() % 1000 >= share {
                continue;
            }
            let fates = loss.fates(disk.pending());
            let files = disk.after(|number, _| fates[number].clone());
            if seen.insert((held::print(&files), told.len())) {
                let owed = told.len();
                give(State { boundary, loss, files, owed });
            }
        }
    }
    (boundaries, told)
}

#[test]
fn a_power_loss_at_any_boundary_loses_nothing_that_was_acknowledged() {
    if !strace_works() {
        return;
    }
    let begun = Instant::now();
    let run = record();
    eprintln!("recorded {} calls in {:?}", run.calls.len(), begun.elapsed());
    let is_long = std::env::var_os("SANZI_POWER").is_some();
    let (throws, share) = if is_long { (40, 1000) } else { (8, 12) };
    // What is told in all has to be known before the first state is opened.
    let (_, debts) = replay(&run, 0, 0, &mut |_| {});
    let receipts = debts.iter().filter(|debt| matches!(debt, Debt::Receipt { .. })).count();
    assert_eq!(receipts, CLIENTS * EACH);
    let (give, states) = sync_channel(64);
    let (states, tally) = (Mutex::new(states), Mutex::new(Tally::default()));
    let boundaries = std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| open_states(&run, &debts, &states, &tally));
        }
        let (boundaries, _) = replay(&run, throws, share, &mut |state| give.send(state).unwrap());
        drop(give);
        boundaries
    });
    let tally = tally.into_inner().unwrap();
    eprintln!(
        "{boundaries} boundaries, {} states of the disk opened, {} debts, slowest opening {:?}, in {:?}",
        tally.opened, debts.len(), tally.slowest, begun.elapsed(),
    );
    let wrong = tally.wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    if !wrong.is_empty() {
        let kept: PathBuf = run.kept.keep();
        panic!("{} of {} states; the trace is {kept:?}\n{wrong}", tally.wrong.len(), tally.opened);
    }
}
