//! `sanzi serve`: serves the ledgers of a data folder.

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ledger_core::language::Language;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_server::{
    FrontOptions, Ledgers, Served, Tls, Writer, app_behind, ask_witnesses, metrics_app,
    serve_router,
};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::data::{self, Opened};
use super::help::Text;
use super::reload::{self, Certificate, PolicyFile, Reloads};
use super::settings::{LogFormat, Settings};
use super::{complain, say};

/// How often uploads that nobody named are looked for.
const EXPIRE_EVERY: Duration = Duration::from_secs(600);

/// How often the desks are seen to.
const TEND_EVERY: Duration = Duration::from_secs(60);

/// How long a start waits for the witnesses: what they have seen may be more than what is here.
const FIRST_ANSWERS: Duration = Duration::from_secs(3);

/// Serves the ledgers of a data folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    #[arg(
        long,
        value_name = "FILE",
        env = "SANZI_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[arg(long)]
    adopt_checkpoint: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "serve",
        zh: "对外提供数据文件夹里的所有账本，直到收到停止信号",
        en: "Serve all ledgers of a data folder until told to stop",
    },
    Text {
        of: "serve.config",
        zh: "设置文件（TOML，样例见 sanzi config example）；命令行和环境变量优先于它",
        en: "A file of settings (TOML; see sanzi config example); flags and environment come before it",
    },
    Text {
        of: "serve.adopt_checkpoint",
        zh: "锚点丢失时，以数据文件夹里的检查点为最新；只有确知没有更新的检查点时才可用",
        en: "If an anchor is lost, take the data folder's checkpoint for the newest; only if you know that it is",
    },
];

impl Serve {
    /// Serves until told to stop.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let settings = self.settings.with_file(self.config.as_deref(), language)?;
        start_logging(settings.log_format.unwrap_or_default());
        let data = settings.data(language)?;
        let tls = reload::opened(settings.tls_files(language)?, language)?;
        if settings.anchor.is_none() {
            complain(language.pick(
                "提醒：锚点放在数据文件夹旁边；要防止恢复旧备份时分叉，请用 --anchor 放到另一块盘",
                "note: the anchors lie beside the data folder; to guard against forking from an old backup, put them on another disk with --anchor",
            ));
        }
        let options = LocalOptions {
            anchor_folder: settings.anchor.clone(),
            adopt_checkpoint: self.adopt_checkpoint,
            ..LocalOptions::default()
        };
        let passphrase_file = settings.log_passphrase_file.as_deref();
        let opened = data::open(&data, options, passphrase_file, language)?;
        serve(opened, &settings, tls, language)
    }
}

/// Serves these ledgers, under TLS if there is a certificate, until SIGTERM or SIGINT.
pub(crate) fn serve(
    opened: Opened,
    settings: &Settings,
    tls: Option<Arc<Tls>>,
    language: Language,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let Opened { folder, ledgers } = opened;
    let served = runtime.block_on(async {
        let listener = bound(settings.listen(), language).await?;
        let private = match settings.metrics_listen {
            Some(address) => Some(bound(address, language).await?),
            None => None,
        };
        let told = told_to_stop()?;
        let (ledgers, writer) = Writer::start(ledgers, settings.writer())?;
        let mut asking = ask_witnesses(&ledgers);
        asking.asked_once(FIRST_ANSWERS).await;
        let (front, limits) = (settings.front(), settings.ready());
        reloads(settings, tls.clone(), &ledgers, &front, language).start()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let site = format!("{scheme}://{}", listener.local_addr()?);
        announce(&ledgers, &site, language);
        if let Some(private) = private {
            say_metrics(private.local_addr()?, language);
            let metrics = Arc::clone(&front.metrics);
            let router = metrics_app(ledgers.clone(), metrics, limits.clone());
            tokio::spawn(serve_router(private, router, std::future::pending()));
        }
        tokio::spawn(tend(ledgers.clone()));
        tokio::spawn(expire(ledgers.clone()));
        tell_manager(NotifyState::Ready);
        let stop = async {
            told.await;
            tell_manager(NotifyState::Stopping);
            complain(language.pick("正在停止……", "stopping ..."));
        };
        let router = app_behind(ledgers, front, limits);
        let mut connections = settings.connections();
        connections.tls = tls;
        connections
            .serve(listener, router, writer, stop)
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

/// What is read again while ledgers are served.
fn reloads(
    settings: &Settings,
    tls: Option<Arc<Tls>>,
    ledgers: &Ledgers,
    front: &FrontOptions,
    language: Language,
) -> Reloads {
    let metrics = Arc::clone(&front.metrics);
    let certificate = tls.map(|tls| Certificate::new(tls, Some(metrics), language));
    let policy = |ledger: &Arc<Served>| {
        let data = settings.data.as_deref()?;
        let folder = LocalFolder::ledger_folder(data, ledger.slug());
        Some(PolicyFile::new(folder, Arc::clone(ledger), language))
    };
    Reloads {
        certificate,
        policies: ledgers.iter().filter_map(policy).collect(),
    }
}

/// Sees to the desks of all ledgers every minute.
async fn tend(ledgers: Ledgers) {
    loop {
        for ledger in ledgers.iter() {
            ledger.tend_desk().await;
        }
        tokio::time::sleep(TEND_EVERY).await;
    }
}

/// Drops, every ten minutes, what was handed in and never named by an entry.
async fn expire(ledgers: Ledgers) {
    loop {
        let all = ledgers.clone();
        let dropped = tokio::task::spawn_blocking(move || {
            for ledger in all.iter() {
                match ledger.expire_documents() {
                    Ok(0) => {}
                    Ok(dropped) => tracing::info!(slug = ledger.slug(), dropped, "uploads expired"),
                    Err(error) => tracing::warn!(%error, "uploads could not be dropped"),
                }
            }
        });
        let _ = dropped.await;
        tokio::time::sleep(EXPIRE_EVERY).await;
    }
}

pub(super) async fn bound(address: SocketAddr, language: Language) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| unbound(error, address, language))
}

/// Tells systemd, if that is who started this, in a unit of `Type=notify`.
pub(super) fn tell_manager(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}

/// Says where the metrics are.
fn say_metrics(at: SocketAddr, language: Language) {
    complain(&language.pick(
        format!("指标：http://{at}/metrics （切勿对外开放）"),
        format!("metrics: http://{at}/metrics (keep them from the public)"),
    ));
}

/// Waits for SIGTERM or SIGINT, which are heard from now on, or until the terminal it was started at is
/// closed: SIGHUP alone means that files are to be read again.
pub(super) fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let at_terminal = io::stdin().is_terminal();
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let closed = async move {
        while hangup.recv().await.is_some() {
            if at_terminal && !io::stdin().is_terminal() {
                return;
            }
        }
        std::future::pending().await
    };
    Ok(async move {
        tokio::select! {
            () = closed => {}
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
fn announce(ledgers: &Ledgers, site: &str, language: Language) {
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
                "{}{training}：{size} 条，{site}/{}/ledger.json",
                state.collective.name,
                ledger.slug()
            ),
            format!(
                "{}{training}: {size} entries, {site}/{}/ledger.json",
                state.collective.name,
                ledger.slug()
            ),
        ));
    }
    say(&language.pick(
        format!("正在服务：{site}/ （按 Ctrl-C 停止）"),
        format!("Serving: {site}/ (Ctrl-C to stop)"),
    ));
}

/// Logs to standard error.
pub(super) fn start_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,ledger_server=info,sanzi=info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // A second subscriber, as in a test, is no reason not to serve.
    let _ = match format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        LogFormat::Text => log.try_init(),
    };
}
