//! `sanzi serve`: serves the ledgers of a data folder.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ledger_core::language::Language;
use ledger_core::store::local::LocalOptions;
use ledger_server::{Ledgers, Options, Writer, app, ask_witnesses};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::data::{self, Opened};
use super::help::Text;
use super::{complain, say};

/// How long a start waits for the witnesses: what they have seen may be more than what is here.
const FIRST_ANSWERS: Duration = Duration::from_secs(3);

/// Serves the ledgers of a data folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[arg(long, value_name = "DIR")]
    anchor: Option<PathBuf>,
    #[arg(long)]
    adopt_checkpoint: bool,
    #[arg(long, value_name = "FILE")]
    log_passphrase_file: Option<PathBuf>,
    #[arg(long, value_name = "N", default_value_t = 4096)]
    queue: usize,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "serve",
        zh: "对外提供数据文件夹里的所有账本，直到收到停止信号",
        en: "Serve all ledgers of a data folder until told to stop",
    },
    Text {
        of: "serve.data",
        zh: "数据文件夹",
        en: "The data folder",
    },
    Text {
        of: "serve.listen",
        zh: "监听的地址和端口",
        en: "Address and port to listen on",
    },
    Text {
        of: "serve.anchor",
        zh: "锚点文件夹，应在另一块盘上、不随数据一起备份；默认在数据文件夹旁边",
        en: "Folder of the anchors: on another disk, not backed up with the data; by default beside the data folder",
    },
    Text {
        of: "serve.adopt_checkpoint",
        zh: "锚点丢失时，以数据文件夹里的检查点为最新；只有确知没有更新的检查点时才可用",
        en: "If an anchor is lost, take the data folder's checkpoint for the newest; only if you know that it is",
    },
    Text {
        of: "serve.log_passphrase_file",
        zh: "存有日志钥匙口令的文件；也可用环境变量 SANZI_LOG_PASSPHRASE",
        en: "File with the passphrase of the log keys; or set SANZI_LOG_PASSPHRASE",
    },
    Text {
        of: "serve.queue",
        zh: "最多有多少份提交排队等候",
        en: "How many submissions may wait",
    },
];

impl Serve {
    /// Serves until told to stop.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        start_logging();
        if self.anchor.is_none() {
            complain(language.pick(
                "提醒：锚点放在数据文件夹旁边；要防止恢复旧备份时分叉，请用 --anchor 放到另一块盘",
                "note: the anchors lie beside the data folder; to guard against forking from an old backup, put them on another disk with --anchor",
            ));
        }
        let options = LocalOptions {
            anchor_folder: self.anchor,
            adopt_checkpoint: self.adopt_checkpoint,
            ..LocalOptions::default()
        };
        let passphrase_file = self.log_passphrase_file.as_deref();
        let opened = data::open(&self.data, options, passphrase_file, language)?;
        let options = Options {
            queue: self.queue,
            queue_per_address: (self.queue / 4).max(1),
            ..Options::default()
        };
        serve(opened, options, self.listen, language)
    }
}

/// Serves these ledgers until SIGTERM or SIGINT.
pub(crate) fn serve(
    opened: Opened,
    options: Options,
    listen: SocketAddr,
    language: Language,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let Opened { folder, ledgers } = opened;
    let served = runtime.block_on(async {
        let listener = TcpListener::bind(listen).await;
        let listener = listener.map_err(|error| unbound(error, listen, language))?;
        let told = told_to_stop()?;
        let (ledgers, writer) = Writer::start(ledgers, options)?;
        let mut asking = ask_witnesses(&ledgers);
        asking.asked_once(FIRST_ANSWERS).await;
        announce(&ledgers, listener.local_addr()?, language);
        let stop = async {
            told.await;
            complain(language.pick("正在停止……", "stopping ..."));
        };
        ledger_server::serve(listener, app(ledgers), writer, stop)
            .await
            .context(language.pick("服务异常结束", "serving ended badly"))
    });
    // A read of a client that was left behind may still run.
    runtime.shutdown_timeout(Duration::from_millis(200));
    served?;
    if let Some(folder) = Arc::into_inner(folder) {
        let closed = folder.close();
        closed
            .context(language.pick("索引未能完整关闭", "the index could not be closed cleanly"))?;
    }
    say(language.pick(
        "已停止：收下的提交都已写完，账本已完整关闭。",
        "Stopped: all that was accepted is written, and the ledgers are closed cleanly.",
    ));
    Ok(ExitCode::SUCCESS)
}

/// Waits for SIGTERM or SIGINT, which are heard from now on.
pub(super) fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Says why an address cannot be listened on, and what to do.
pub(super) fn unbound(error: io::Error, listen: SocketAddr, language: Language) -> anyhow::Error {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => language.pick(
            format!("端口已被占用：{listen}；请停掉占用它的程序，或用 --listen 另选端口"),
            format!("port in use: {listen}; stop what uses it, or choose another with --listen"),
        ),
        io::ErrorKind::PermissionDenied => language.pick(
            format!("没有权限监听 {listen}；1024 以下的端口需要特权，请用 --listen 另选端口"),
            format!("not permitted to listen on {listen}; ports below 1024 need privileges, choose another with --listen"),
        ),
        io::ErrorKind::AddrNotAvailable => language.pick(
            format!("本机没有地址 {}；请用 --listen 另选地址", listen.ip()),
            format!("this machine has no address {}; choose another with --listen", listen.ip()),
        ),
        _ => language.pick(
            format!("无法监听 {listen}"),
            format!("cannot listen on {listen}"),
        ),
    };
    anyhow::Error::new(error).context(advice)
}

/// Says where each ledger is.
fn announce(ledgers: &Ledgers, at: SocketAddr, language: Language) {
    for ledger in ledgers.iter() {
        let snapshot = ledger.snapshot();
        let state = &snapshot.state;
        let training = match state.training {
            true => language.pick("（演示账本）", " (training ledger)"),
            false => "",
        };
        let size = snapshot.size();
        if let Some(reason) = ledger.stopped() {
            complain(reason);
        }
        say(&language.pick(
            format!(
                "{}{training}：{size} 条，http://{at}/{}/ledger.json",
                state.collective.name,
                ledger.slug()
            ),
            format!(
                "{}{training}: {size} entries, http://{at}/{}/ledger.json",
                state.collective.name,
                ledger.slug()
            ),
        ));
    }
    say(&language.pick(
        format!("正在服务：http://{at}/ （按 Ctrl-C 停止）"),
        format!("Serving: http://{at}/ (Ctrl-C to stop)"),
    ));
}

/// Logs to standard error.
pub(super) fn start_logging() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,ledger_server=info"));
    // A second subscriber, as in a test, is no reason not to serve.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .try_init();
}
