//! Receipts per second over HTTP, beside what this machine can do at best, measured in the same run.
//!
//! `cargo run --release -p benches --bin load [CLIENTS [SUBMISSIONS-PER-CLIENT]]`. The server is a
//! process of its own on the same machine, so that its memory is only its own; the clients' work is
//! taken from the same cores. Every receipt is durable and under a published checkpoint.

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

use benches::{Workload, fsync, log_key, now, verify_strict, workload};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use ledger_core::ledger::{Ledger, LedgerError};
use ledger_core::store::Store as _;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_server::{Hosting, Options, Writer, app, serve};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
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
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit(") ").next().unwrap();
        let ticks = after_name.split(' ').skip(11).take(2);
        let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        // Linux tells hundredths of a second.
        Duration::from_millis(ticks * 10)
    }

    /// The most that it has had in memory, in MiB.
    fn peak_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.unwrap().trim().trim_end_matches(" kB");
        peak.parse::<f64>().unwrap() / 1024.0
    }
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
    let mut steps: Vec<Bytes> = steps.into_iter().map(Bytes::from).collect();
    let cores = std::thread::available_parallelism().unwrap().get();
    let (verify, sync) = (verify_strict(), fsync(scratch.path()));
    let server = Server::start(&data);
    let runtime = Runtime::new().unwrap();

    let second = steps.split_off(clients * each);
    let busy = server.busy();
    let full = runtime.block_on(load(server.at, clients, steps, None));
    let each_receipt = (server.busy() - busy).div_f64(full.times.len() as f64);
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
        "  processor time of the server for a receipt: {each_receipt:?}, {:.1} x verify_strict",
        each_receipt.as_secs_f64() / verify.as_secs_f64()
    );
    println!(
        "half load: {:.0} receipts/s; p50 {:?}, p99 {:?} (limit <= {P99_LIMIT:?})",
        paced.per_second(),
        paced.percentile(50),
        paced.percentile(99)
    );
    println!(
        "server's memory at most: {:.0} MiB (limit < {MEMORY_LIMIT_MIB})",
        server.peak_mib()
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
    steps: Vec<Bytes>,
    pace: Option<Duration>,
) -> Measured {
    let each = steps.len() / clients;
    let begun = Instant::now();
    let start = Moment::now();
    let tasks: Vec<_> = steps
        .chunks(each)
        .enumerate()
        .map(|(number, steps)| {
            let offset = pace.map(|pace| pace.mul_f64(number as f64 / clients as f64));
            tokio::spawn(client(at, steps.to_vec(), start, pace.zip(offset)))
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
    steps: Vec<Bytes>,
    start: Moment,
    pace: Option<(Duration, Duration)>,
) -> Vec<Duration> {
    let socket = TcpStream::connect(at).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let (mut sender, connection) = handshake(TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    let mut times = Vec::with_capacity(steps.len());
    for (number, step) in steps.into_iter().enumerate() {
        let mut due = Moment::now();
        if let Some((interval, offset)) = pace {
            due = start + offset + interval.mul_f64(number as f64);
            sleep_until(due).await;
        }
        submit(&mut sender, step).await;
        times.push(due.elapsed());
    }
    times
}

async fn submit(sender: &mut SendRequest<Full<Bytes>>, step: Bytes) {
    let request = Request::post("/ledger/events")
        .header(HOST, "localhost")
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(Full::new(step))
        .unwrap();
    sender.ready().await.unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.into_body().collect().await.unwrap();
}
