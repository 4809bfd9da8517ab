//! Runs of the service under strace, one after the other on one disk, and what its clients do meanwhile.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use crate::calls::recorded;
use crate::disk::{Disk, Files};
use crate::told::{Debt, debts};
use crate::trace::{self, Act, Call};
use crate::village::{Answer, Client, Service, Village, serving};

/// How many clients submit at once, and how many events each.
pub(crate) const CLIENTS: usize = 3;
pub(crate) const EACH: usize = 3;

/// Whether all of it is wanted, which takes hours.
pub(crate) fn is_long() -> bool {
    std::env::var_os("SANZI_POWER").is_some()
}

/// One service after another on one disk.
pub(crate) struct Run {
    /// The disk before it.
    pub(crate) before: Files,
    /// The calls, in the order in which they were done.
    pub(crate) calls: Vec<Call>,
    /// What was told, and when.
    pub(crate) debts: Vec<(usize, Debt)>,
    /// Where the traces are.
    pub(crate) kept: tempfile::TempDir,
    pub(crate) village: Village,
    lines: usize,
    sessions: usize,
}

/// What one service and its clients came to.
pub(crate) struct Session {
    /// Whether it came to serve.
    pub(crate) served: bool,
    /// What came instead of what was asked for; nothing where the server went away.
    pub(crate) refused: Vec<Answer>,
    /// What the service said on standard error.
    pub(crate) said: String,
    /// The lines of its trace that say that a fault was put in.
    pub(crate) faults: Vec<String>,
    /// Whether it ended by SIGKILL; and the file or folder whose sync it was killed in.
    pub(crate) killed: Option<String>,
}

impl Run {
    pub(crate) fn new() -> Self {
        Self::of(Village::new())
    }

    /// With another file on the disk.
    pub(crate) fn with(name: &str, text: &str) -> Self {
        let village = Village::new();
        fs::write(village.home().join(name), text).unwrap();
        Self::of(village)
    }

    fn of(village: Village) -> Self {
        Self {
            before: files_in(&village.home()),
            calls: Vec::new(),
            debts: Vec::new(),
            kept: tempfile::tempdir().unwrap(),
            village,
            lines: 0,
            sessions: 0,
        }
    }

    /// Lets a service run under strace, with a fault put in if one is named, and clients work with it.
    pub(crate) fn session(
        &mut self,
        fault: Option<&str>,
        work: impl FnOnce(&Village, &Client) -> Vec<Answer>,
    ) -> Session {
        self.sessions += 1;
        let file = self.kept.path().join(format!("trace-{}", self.sessions));
        let command = recorded(&file, fault, &serving(&self.village.data.path()));
        let mut session = Session {
            served: false,
            refused: Vec::new(),
            said: String::new(),
            faults: Vec::new(),
            killed: None,
        };
        match Service::start(command) {
            Ok(service) => {
                session.served = true;
                session.refused = work(&self.village, &service.client());
                session.said = service.terminate();
            }
            Err(said) => session.said = said,
        }
        let text = fs::read_to_string(&file).unwrap();
        let injected = text.lines().filter(|line| line.ends_with("(INJECTED)"));
        session.faults = injected.map(|line| format!("{line:.200}")).collect();
        let in_sync = text
            .lines()
            .rfind(|line| line.contains("sync(") && line.ends_with("= ?"));
        session.killed = in_sync.map(trace::file_of);
        self.add(&text);
        session
    }

    fn add(&mut self, text: &str) {
        let mut calls = trace::read(text, &self.village.home());
        for call in &mut calls {
            call.begun += self.lines;
            call.done += self.lines;
            // An answer is out from the moment when it is handed over.
            if matches!(call.act, Act::Send { .. }) {
                call.done = call.begun;
            }
        }
        self.lines += text.lines().count();
        self.debts.extend(debts(&calls));
        calls.sort_by_key(|call| call.done);
        self.calls.extend(calls);
    }

    /// Whether the calls, followed one by one, lead to the files that are there.
    pub(crate) fn is_followed(&self) {
        let mut disk = Disk::holding(&self.before);
        for call in &self.calls {
            disk.take(call.begun, call.done, &call.act);
        }
        let (followed, there) = (disk.files(), files_in(&self.village.home()));
        for (path, content) in &there {
            assert!(followed.get(path) == Some(content), "{path:?}");
        }
        assert_eq!(followed.len(), there.len());
    }
}

/// Where states are written to be opened: in memory, if there is such a place.
pub(crate) fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    made.unwrap()
}

/// Reads a folder with all that is below it.
pub(crate) fn files_in(folder: &Path) -> Files {
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

pub(crate) fn write_files(files: &Files, into: &Path) {
    fs::create_dir_all(into).unwrap();
    for (path, content) in files {
        match content {
            None => fs::create_dir_all(into.join(path)).unwrap(),
            Some(bytes) => fs::write(into.join(path), bytes).unwrap(),
        }
    }
}

/// What three clients with documents do at once, and somebody at the desk; what came instead of success.
pub(crate) fn all_at_once(village: &Village, client: &Client) -> Vec<Answer> {
    let refused = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for who in 0..CLIENTS {
            let refused = &refused;
            scope.spawn(move || {
                let answers = (who * EACH..).take(EACH).flat_map(|number| {
                    [
                        client.hand_in(number),
                        client.submit(number, &village.note(number)),
                        client.get("donglang/checkpoint"),
                    ]
                });
                keep_refused(answers, refused);
            });
        }
        scope.spawn(|| keep_refused(at_the_desk(village, client, 500), &refused));
    });
    refused.into_inner().unwrap()
}

/// The same in a small way, one after the other: so the n-th call of a run is that of the next.
pub(crate) fn one_by_one(village: &Village, client: &Client) -> Vec<Answer> {
    let refused = Mutex::new(Vec::new());
    for number in 0..3 {
        keep_refused([client.hand_in(number)], &refused);
        keep_refused([client.submit(number, &village.note(number))], &refused);
    }
    keep_refused(at_the_desk(village, client, 501), &refused);
    // Whoever was refused tries again, after the ledger may be opened again.
    if !refused.lock().unwrap().is_empty() {
        std::thread::sleep(Duration::from_millis(1100));
        for number in 0..3 {
            keep_refused([client.submit(number, &village.note(number))], &refused);
        }
    }
    refused.into_inner().unwrap()
}

/// So that the thread that writes, and one of those that wait for the desk, have many syncs to be killed in.
pub(crate) fn before_a_kill(village: &Village, client: &Client) -> Vec<Answer> {
    let refused = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..16 {
            let refused = &refused;
            scope.spawn(move || keep_refused([client.hand_in(number)], refused));
        }
    });
    for number in 0..16 {
        keep_refused([client.submit(number, &village.note(number))], &refused);
    }
    for number in 500..506 {
        keep_refused(at_the_desk(village, client, number), &refused);
    }
    refused.into_inner().unwrap()
}

/// Other documents than before, and what else was under way once more: its answers say that it stands.
pub(crate) fn after_a_kill(village: &Village, client: &Client) -> Vec<Answer> {
    let refused = Mutex::new(Vec::new());
    keep_refused([client.hand_in(900), client.hand_in(901)], &refused);
    for number in 500..506 {
        keep_refused(at_the_desk(village, client, number), &refused);
    }
    for number in 0..16 {
        keep_refused([client.submit(number, &village.note(number))], &refused);
    }
    refused.into_inner().unwrap()
}

fn at_the_desk(village: &Village, client: &Client, number: usize) -> [Option<Answer>; 1] {
    let cookie = client.sign_in("deng");
    [cookie.and_then(|cookie| client.draft(village, &cookie, number))]
}

fn keep_refused(answers: impl IntoIterator<Item = Option<Answer>>, refused: &Mutex<Vec<Answer>>) {
    for answer in answers.into_iter().flatten() {
        if answer.status >= 300 {
            refused.lock().unwrap().push(answer);
        }
    }
}
