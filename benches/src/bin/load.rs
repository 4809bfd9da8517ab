//! Receipts per second over HTTP, beside what this machine can do at best, measured in the same run.
//!
//! `cargo run --release -p benches --bin load [CLIENTS [SUBMISSIONS-PER-CLIENT]]`. The server is a
//! process of its own on the same machine, so that its memory is only its own; the clients' work is
//! taken from the same cores, so they are one thread that sends what was signed before. Every receipt is durable and under a published checkpoint.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run should stop, and prints its figures"
)]

use std::future::pending;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::{Workload, cores, fsync, log_key, now, peak_mib, verify_strict, workload};
use ledger_core::ledger::{Ledger, LedgerError};
use ledger_core::store::Store as _;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_server::{Hosting, Options, Writer, app, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant as Moment, sleep_until};

/// What the 99th percentile at half load may be.
const P99_LIMIT: Duration = Duration::from_millis(50);

/// What the server may have had in memory, at most.
const MEMORY_LIMIT_MIB: f64 = 200.0;

/// Which share of the machine's verifications should become receipts.
const SHARE_LIMIT: f64 = 0.25;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [serving, folder] = arguments.as_slice()
        && serving == "--serve"
    {
        return serve_for_ever(Path::new(folder));
    }
    let number = |at: usize, otherwise| arguments.get(at).map_or(otherwise, |n| n.parse().unwrap());
    measure(number(0, 64), number(1, 400));
}

/// The server's process: a ledger that its parent founded, until it is killed.
fn serve_for_ever(folder: &Path) {
    let folder = LocalFolder::open(folder, LocalOptions::default()).unwrap();
    let store = folder.ledger("ledger").unwrap();
    let hosting = Hosting {
        desk: None,
        intake: None,
        ledger: Ledger::open(store, log_key(), &mut |_, _| {}).unwrap(),
        policy: None,
        reopen: Box::new(|| Err(LedgerError::Failed)),
        stop: Arc::default(),
    };
    let options = Options {
        clock: Arc::new(now),
        ..Options::default()
    };
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let (ledgers, writer) = Writer::start(vec![hosting], options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        serve(listener, app(ledgers), writer, pending())
            .await
            .unwrap();
    });
}

/// A server in another process, killed with this.
struct Server {
    child: Child,
    at: SocketAddr,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let command = command.arg("--serve").arg(folder).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let at = line.trim().parse().unwrap();
        Self { child, at }
    }

    /// How much of the processors it has had. Other people's work on this machine does not count.
    fn busy(&self) -> Duration {
        busy(self.child.id())
    }
}

/// How much of the processors a process has had.
fn busy(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit(") ").next().unwrap();
    let ticks = after_name.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    // Linux tells hundredths of a second.
    Duration::from_millis(ticks * 10)
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn found(folder: &Path, founding: &[u8]) {
    let folder = LocalFolder::open(folder, LocalOptions::default()).unwrap();
    let store = folder.ledger("ledger").unwrap();
    let (ledger, _) = Ledger::create(store, log_key(), founding, now()).unwrap();
    ledger.into_store().close().unwrap();
    folder.close().unwrap();
}

fn measure(clients: usize, each: usize) {
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    let Workload { founding, steps } = workload(2 * clients * each);
    found(&data, &founding);
    let mut requests: Vec<Vec<u8>> = steps.iter().map(|step| request(step)).collect();
    let cores = cores();
    let (verify, sync) = (verify_strict(), fsync(scratch.path()));
    let server = Server::start(&data);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();

    let second = requests.split_off(clients * each);
    let own = || busy(std::process::id());
    let before = (server.busy(), own());
    let full = runtime.block_on(load(server.at, clients, requests, None));
    let receipts = full.times.len() as f64;
    let each_receipt = (server.busy() - before.0).div_f64(receipts);
    let each_of_clients = (own() - before.1).div_f64(receipts);
    let half = Duration::from_secs_f64(2.0 * clients as f64 / full.per_second());
    let paced = runtime.block_on(load(server.at, clients, second, Some(half)));

    let best = cores as f64 / verify.as_secs_f64();
    let rate = full.per_second();
    println!(
        "machine: {cores} cores, {best:.0} verify_strict/s together, {:.0} fsync/s of 4 KiB",
        1.0 / sync.as_secs_f64()
    );
    println!(
        "full load, {clients} keep-alive clients: {rate:.0} receipts/s; p50 {:?}, p99 {:?}",
        full.percentile(50),
        full.percentile(99)
    );
    println!(
        "  of cores x verify_strict: {:.3} (limit >= {SHARE_LIMIT}); receipts per fsync: {:.1}",
        rate / best,
        rate * sync.as_secs_f64()
    );
    println!(
        "  processor time for a receipt: server {each_receipt:?}, clients {each_of_clients:?}, \
         together {:.1} x verify_strict of {verify:?}",
        (each_receipt + each_of_clients).as_secs_f64() / verify.as_secs_f64()
    );
    println!(
        "half load: {:.0} receipts/s; p50 {:?}, p99 {:?} (limit <= {P99_LIMIT:?})",
        paced.per_second(),
        paced.percentile(50),
        paced.percentile(99)
    );
    println!(
        "server's memory at most: {:.0} MiB (limit < {MEMORY_LIMIT_MIB})",
        peak_mib(server.child.id())
    );
}

/// How long each submission took, sorted, and all together.
struct Measured {
    times: Vec<Duration>,
    all: Duration,
}

impl Measured {
    fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.all.as_secs_f64()
    }

    fn percentile(&self, percent: usize) -> Duration {
        self.times[(self.times.len() - 1) * percent / 100]
    }
}

/// Submits all by so many clients, each one after the other; if paced, each begins one in every interval, and
/// what it is late counts as time of the next.
async fn load(
    at: SocketAddr,
    clients: usize,
    mut requests: Vec<Vec<u8>>,
    pace: Option<Duration>,
) -> Measured {
    let each = requests.len() / clients;
    let begun = Instant::now();
    let start = Moment::now();
    let tasks: Vec<_> = (0..clients)
        .map(|number| {
            let offset = pace.map(|pace| pace.mul_f64(number as f64 / clients as f64));
            let requests = requests.split_off(requests.len() - each);
            tokio::spawn(client(at, requests, start, pace.zip(offset)))
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let all = begun.elapsed();
    times.sort_unstable();
    Measured { times, all }
}

async fn client(
    at: SocketAddr,
    requests: Vec<Vec<u8>>,
    start: Moment,
    pace: Option<(Duration, Duration)>,
) -> Vec<Duration> {
    let mut socket = TcpStream::connect(at).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let mut answer = Vec::with_capacity(4096);
    let mut times = Vec::with_capacity(requests.len());
    for (number, request) in requests.iter().enumerate() {
        let mut due = Moment::now();
        if let Some((interval, offset)) = pace {
            due = start + offset + interval.mul_f64(number as f64);
            sleep_until(due).await;
        }
        socket.write_all(request).await.unwrap();
        answer.clear();
        while !is_receipt(&answer) {
            let read = socket.read_buf(&mut answer).await.unwrap();
            assert!(read > 0, "the server hung up");
        }
        times.push(due.elapsed());
    }
    times
}

/// A submission as it goes over the wire.
fn request(step: &[u8]) -> Vec<u8> {
    let length = step.len();
    let head = format!(
        "POST /ledger/events HTTP/1.1\r\nhost: localhost\r\n\
         content-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), step].concat()
}

/// Whether this is a receipt for a new entry, whole; anything else that is whole fails.
fn is_receipt(answer: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(answer).unwrap() else {
        return false;
    };
    assert_eq!(response.code, Some(201));
    let mut headers = response.headers.iter();
    let length = headers.find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = str::from_utf8(length.unwrap().value).unwrap();
    answer.len() == head + length.parse::<usize>().unwrap()
}
