//! `sanzi` as a process that serves, and what it says meanwhile.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// `sanzi` in English, with nothing of this environment but what a program needs.
pub(crate) fn sanzi(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    let kept = |name: &str| name == "PATH" || name == "HOME";
    command.env_clear();
    command.envs(std::env::vars().filter(|(name, _)| kept(name)));
    command.env("LANG", "en_US.UTF-8").args(arguments);
    command
}

/// A service that runs until it is told to stop; killed when dropped.
pub(crate) struct Service {
    child: Child,
    reader: Option<JoinHandle<()>>,
    said: Arc<Mutex<String>>,
    /// Where it serves, with a slash at the end.
    pub(crate) url: String,
}

impl Service {
    /// Starts it, and waits until it says where it serves.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_at(command, Stdio::null())
    }

    /// As [`Service::start`], with that for its standard input.
    pub(crate) fn start_at(mut command: Command, stdin: Stdio) -> Self {
        command.stdin(stdin);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let errors = child.stderr.take().unwrap();
        let reader = Some(listen(errors, Arc::clone(&said)));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut serving = lines.by_ref().map(Result::unwrap);
        let is_serving =
            |line: &String| line.starts_with("Serving: ") || line.starts_with("Witnessing: ");
        let serving = serving.find(is_serving);
        let url = match serving {
            Some(line) => line.split(' ').nth(1).unwrap().to_owned(),
            None => panic!("{:?}: {}", child.wait(), said.lock().unwrap()),
        };
        thread::spawn(move || lines.count());
        Self {
            child,
            reader,
            said,
            url,
        }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> &str {
        let rest = self.url.split_once("://").unwrap().1;
        rest.trim_end_matches('/')
    }

    /// What it has written to standard error.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has written so many lines with this in them.
    pub(crate) fn wait_for(&self, count: usize, what: &str) {
        let begun = Instant::now();
        while self
            .said()
            .lines()
            .filter(|line| line.contains(what))
            .count()
            < count
        {
            let waited = begun.elapsed();
            assert!(waited < Duration::from_secs(30), "{what}: {}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until it has stopped by itself.
    pub(crate) fn ended(mut self) -> String {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{}", self.said());
            thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.code(), Some(0));
        self.reader.take().unwrap().join().unwrap();
        self.said()
    }

    /// Sends SIGTERM, and gives what it wrote to standard error.
    pub(crate) fn stop(self) -> String {
        let told = Instant::now();
        self.signal("-TERM");
        let said = self.ended();
        assert!(told.elapsed() < Duration::from_secs(5));
        said
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(from: impl Read + Send + 'static, said: Arc<Mutex<String>>) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut said = said.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
        }
    })
}
