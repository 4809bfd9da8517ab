//! `sanzi monitor`: watches ledgers from outside and tells what does not hold.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::bail;
use ledger_core::Language;
use serde_json::json;

use super::help::Text;
use super::serve::{bound, told_to_stop};
use super::{NOT_DONE, REFUSED};
use crate::app::monitor_app;
use crate::fault;
use crate::monitor::finding::{Finding, Kind};
use crate::monitor::outbox::Outbox;
use crate::monitor::showing::Window;
use crate::monitor::target::Target;
use crate::monitor::{self, Standings};
use crate::server::serve_router;
use crate::terminal::Terminal;

pub(super) mod settings;

use settings::Settings;

/// The exit code if all holds, but somebody should act.
const ATTENTION: u8 = 3;

/// How long `--once` waits for the receivers: a robot that was called too often takes a minute.
const SENDING: Duration = Duration::from_secs(75);

/// How long a look that is under way may take when told to stop. Cutting it off loses nothing.
const STOPPING: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi monitor https://sanzi.example.org/donglang https://mirror.example.cn/donglang --data monitor --pins pins.json --wecom-file robot.url\n  $ sanzi monitor https://sanzi.example.org/donglang --data monitor --once --json"
)]
pub(crate) struct Monitor {
    sources: Vec<String>,
    #[arg(
        long,
        value_name = "FILE",
        env = "SANZI_MONITOR_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[arg(long)]
    once: bool,
    #[arg(long, value_name = "ID", conflicts_with = "once")]
    acknowledge: Option<String>,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "monitor",
        zh: "监督：一遍遍核对账本的各个来源和见证，发现分叉、退回、违规、逾期就报告",
        en: "Watch ledgers, their mirrors and witnesses; tell of forks, rollbacks, broken rules and what is overdue",
    },
    Text {
        of: "monitor.sources",
        zh: "账本的网址，可写多个：同一账本的服务器和各处镜像会互相比对",
        en: "Ledgers' URLs; several of the same ledger, as its server and mirrors, are compared",
    },
    Text {
        of: "monitor.config",
        zh: "设置文件（TOML，每项与参数同名）；命令行和环境变量优先于它",
        en: "A file of settings (TOML, named as the flags); flags and environment come before it",
    },
    Text {
        of: "monitor.once",
        zh: "只看一遍就结束（供定时任务用）；退出码：0 没有发现，1 有不成立的，2 没能核对，3 只有逾期、久无记录或落后",
        en: "Look once and end, as for cron; exit code 0 nothing found, 1 something does not hold, 2 not checked, 3 only overdue, silent or behind",
    },
    Text {
        of: "monitor.acknowledge",
        zh: "这条发现已处理完毕，不再算在退出码里；若仍然如此会再报一次",
        en: "A finding has been dealt with and counts no more; if it is still so, it is told again",
    },
    Text {
        of: "monitor.json",
        zh: "以 JSON 输出，每条发现一行（格式见 sanzi schema finding）",
        en: "Print JSON, a line for each finding (sanzi schema finding)",
    },
];

/// What a monitor works with.
struct Desk {
    terminal: Terminal,
    monitor: monitor::Monitor,
    boxes: Vec<Arc<Outbox>>,
    data: PathBuf,
    json: bool,
}

impl Monitor {
    /// Looks once, or again and again until told to stop.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let settings = self.settings.with_file(self.config.as_deref(), language)?;
        let data = settings.data(terminal)?;
        if let Some(id) = &self.acknowledge {
            return acknowledge(terminal, &data, id);
        }
        let asked = settings.asked(terminal, &self.sources)?;
        let rules = settings.rules(terminal, self.once)?;
        let targets = settings.targets(terminal)?;
        let monitor = monitor::Monitor::open(terminal, &data, asked, rules)?;
        let boxes = deliver(terminal, &data, targets)?;
        let desk = Desk {
            terminal,
            monitor,
            boxes,
            data,
            json: self.json,
        };
        match self.once {
            true => desk.once(),
            false => desk.follow(
                Duration::from_secs(settings.every_seconds()),
                settings.listen,
            ),
        }
    }
}

/// Starts the sending of what waits, each receiver on a thread of its own.
fn deliver(
    terminal: Terminal,
    data: &Path,
    targets: Vec<Target>,
) -> anyhow::Result<Vec<Arc<Outbox>>> {
    let mut boxes = Vec::new();
    for target in targets {
        let folder = data.join("outbox").join(target.folder());
        let outbox = Arc::new(Outbox::open(terminal, &folder)?);
        outbox.take_over(target.kind())?;
        boxes.push(Arc::clone(&outbox));
        std::thread::Builder::new()
            .name("outbox".to_owned())
            .spawn(move || {
                while let Err(error) = outbox.deliver(&target) {
                    let (name, why) = (target.name(), fault::told(&error, terminal.language));
                    terminal.advise(terminal.pick(
                        format!("{name}：发件箱出了问题，过一分钟再试，发现都还留着：{why}"),
                        format!("{name}: the outbox failed; nothing is lost, it is tried again in a minute: {why}"),
                    ));
                    if outbox.is_stopped_within(Duration::from_secs(60)) {
                        break;
                    }
                }
            })?;
    }
    Ok(boxes)
}

fn acknowledge(terminal: Terminal, data: &Path, id: &str) -> anyhow::Result<ExitCode> {
    let mut monitor = monitor::Monitor::locked(terminal, data)?;
    let full: Vec<String> = (monitor.told())
        .map(|finding| finding.id.clone())
        .filter(|known| id.len() >= 8 && known.starts_with(id))
        .collect();
    let [full] = full.as_slice() else {
        bail!(terminal.pick(
            format!("没有编号为 {id} 的未了发现（编号至少写前 8 位）"),
            format!("no open finding has the id {id} (give its first 8 digits or more)"),
        ));
    };
    monitor.acknowledge(full)?;
    terminal.say(terminal.pick(
        format!("已销号：{full}。若仍然如此，下一遍会再报。"),
        format!("acknowledged: {full}. If it is still so, it is told again."),
    ));
    Ok(ExitCode::SUCCESS)
}

impl Desk {
    fn look(&mut self) -> anyhow::Result<Standings> {
        let (terminal, json, boxes) = (self.terminal, self.json, &self.boxes);
        let data = &self.data;
        self.monitor.look(&mut |findings| {
            for outbox in boxes {
                outbox.put(findings)?;
            }
            findings
                .iter()
                .for_each(|finding| say(terminal, json, data, finding));
            Ok(())
        })
    }

    fn once(mut self) -> anyhow::Result<ExitCode> {
        let standings = self.look()?;
        for outbox in &self.boxes {
            if !outbox.drained(SENDING) {
                let waiting = outbox.len();
                self.terminal.advise(self.terminal.pick(
                    format!("还有 {waiting} 条没有送出，已存盘，下次运行时再送"),
                    format!(
                        "{waiting} findings were not taken; they are kept and sent the next time"
                    ),
                ));
            }
            outbox.stop();
        }
        self.sum_up(standings);
        Ok(match standings {
            Standings { integrity, .. } if integrity > 0 => ExitCode::from(REFUSED),
            Standings { unchecked, .. } if unchecked > 0 => ExitCode::from(NOT_DONE),
            Standings { attention, .. } if attention > 0 => ExitCode::from(ATTENTION),
            _ => ExitCode::SUCCESS,
        })
    }

    fn sum_up(&self, standings: Standings) {
        let Standings {
            integrity,
            unchecked,
            attention,
        } = standings;
        let terminal = self.terminal;
        if self.json {
            return;
        }
        for (origin, name, size) in self.monitor.ledgers() {
            let name = name.unwrap_or_default();
            terminal.say(terminal.pick(
                format!("{name}（{origin}）：已核对到 {size} 条"),
                format!("{name} ({origin}): checked up to {size} entries"),
            ));
        }
        terminal.say(match (integrity, unchecked, attention) {
            (0, 0, 0) => terminal.pick(
                "没有发现问题。".to_owned(),
                "nothing was found.".to_owned(),
            ),
            _ => terminal.pick(
                format!("未了的发现：账本有问题 {integrity} 项，没能核对 {unchecked} 项，要催办或留意 {attention} 项。"),
                format!("open: {integrity} that do not hold, {unchecked} not checked, {attention} overdue, silent or behind."),
            ),
        });
    }

    /// Looks again and again. The look has a thread of its own, so that a slow source cannot hold up the
    /// end.
    fn follow(mut self, every: Duration, listen: Option<SocketAddr>) -> anyhow::Result<ExitCode> {
        let terminal = self.terminal;
        let window = self.monitor.window();
        let (sources, seconds) = (self.monitor.sources(), every.as_secs());
        terminal.advise(terminal.pick(
            format!("正在监督 {sources} 个来源，每 {seconds} 秒看一遍（按 Ctrl-C 停止）"),
            format!("watching {sources} source(s), every {seconds} s (Ctrl-C to stop)"),
        ));
        let boxes = self.boxes.clone();
        let (stop, stopped) = mpsc::channel::<()>();
        let (ended, end) = tokio::sync::oneshot::channel();
        let runtime = tokio::runtime::Runtime::new()?;
        let told = runtime.block_on(async { told_to_stop() })?;
        if let Some(address) = listen {
            runtime.block_on(show(terminal, address, window))?;
        }
        std::thread::Builder::new()
            .name("monitor".to_owned())
            .spawn(move || {
                let _ = ended.send(self.look_until(every, &stopped));
            })?;
        let mut end = std::pin::pin!(end);
        let result = runtime.block_on(async {
            tokio::select! {
                result = &mut end => return Some(result),
                () = told => {}
            }
            terminal.advise(terminal.pick("正在停止……", "stopping ..."));
            drop(stop);
            boxes.iter().for_each(|outbox| outbox.stop());
            tokio::time::timeout(STOPPING, end).await.ok()
        });
        runtime.shutdown_background();
        match result {
            Some(Ok(Err(error))) => Err(error),
            _ => {
                let waiting: usize = boxes.iter().map(|outbox| outbox.len()).sum();
                terminal.advise(terminal.pick(
                    format!("已停止；{waiting} 条没有送出的发现留待下次。"),
                    format!("stopped; {waiting} findings are kept to be sent the next time."),
                ));
                Ok(ExitCode::SUCCESS)
            }
        }
    }

    fn look_until(&mut self, every: Duration, stopped: &mpsc::Receiver<()>) -> anyhow::Result<()> {
        let mut first = true;
        loop {
            match self.look() {
                Ok(standings) if first => self.sum_up(standings),
                Ok(_) => {}
                Err(error) if first => return Err(error),
                // A disk that is full may have room the next time; nothing was lost.
                Err(error) => {
                    let why = fault::told(&error, self.terminal.language);
                    self.terminal.advise(self.terminal.pick(
                        format!("这一遍没有看成，下一遍再看：{why}"),
                        format!("this look failed and will be made again: {why}"),
                    ));
                }
            }
            first = false;
            match stopped.recv_timeout(every) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return Ok(()),
            }
        }
    }
}

/// Serves the supervisors' page from now on.
async fn show(terminal: Terminal, address: SocketAddr, window: Window) -> anyhow::Result<()> {
    let listener = bound(address, terminal.language).await?;
    let at = listener.local_addr()?;
    terminal.advise(terminal.pick(
        format!("监督页：http://{at}/overview"),
        format!("the supervisors' page: http://{at}/overview"),
    ));
    tokio::spawn(serve_router(
        listener,
        monitor_app(window),
        std::future::pending(),
    ));
    Ok(())
}

/// Tells one finding on standard output.
fn say(terminal: Terminal, as_json: bool, data: &Path, finding: &Finding) {
    if as_json {
        terminal.say(json!(finding).to_string());
        return;
    }
    let time = Finding::local(finding.at);
    terminal.say(format!("{time} {}", finding.headline(terminal.language)));
    terminal.say(format!("  {}", finding.message));
    if let Some(evidence) = &finding.evidence {
        let place = data.join(evidence);
        let place = place.display();
        terminal.say(terminal.pick(
            format!("  证据：{place}（说明见其中的 README.txt）"),
            format!("  evidence: {place} (see its README.txt)"),
        ));
        if finding.kind == Kind::SplitView {
            terminal.say(terminal.pick(
                format!("  任何人都可核对：sanzi verify --evidence {place} --pins 信任锚文件"),
                format!("  anybody can check it: sanzi verify --evidence {place} --pins PINS"),
            ));
        }
    }
    let id = finding.short_id();
    terminal.say(terminal.pick(format!("  编号 {id}"), format!("  id {id}")));
}
