//! `sanzi health`: asks a running service whether it is well, for containers and other supervisors.

use std::process::ExitCode;
use std::time::Duration;

use ledger_core::Language;

use super::help::Text;
use super::{complain, say};

/// How long the answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// The exit code when the service is not well, or does not answer.
const UNWELL: u8 = 1;

/// How much of a bad answer is shown.
const SHOWN_BYTES: u64 = 16 << 10;

#[derive(Debug, clap::Args)]
#[command(after_help = "  $ sanzi health\n  $ sanzi health http://127.0.0.1:8080 --ready")]
pub(crate) struct Health {
    #[arg(value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    #[arg(long)]
    ready: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "health",
        zh: "问一个正在运行的服务是否正常；正常退出码 0，不正常或没有回答为 1",
        en: "Ask a running service whether it is well: ends with 0 if so, with 1 if not or if there is no answer",
    },
    Text {
        of: "health.url",
        zh: "服务的网址",
        en: "The service's URL",
    },
    Text {
        of: "health.ready",
        zh: "问 /readyz（是否宜接收请求），而不是 /healthz",
        en: "Ask /readyz (whether to send requests there) instead of /healthz",
    },
];

impl Health {
    /// Asks.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let path = if self.ready { "readyz" } else { "healthz" };
        let url = format!("{}/{path}", self.url.trim_end_matches('/'));
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_TIME))
            // A service on this machine is not behind the proxy that other programs use.
            .proxy(None)
            .build();
        let agent: ureq::Agent = agent.into();
        let tag = language.pick("zh", "en");
        let answer = agent.get(&url).header("accept-language", tag).call();
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                complain(&language.pick(
                    format!("{url}：没有回答：{error}"),
                    format!("{url}: no answer: {error}"),
                ));
                return Ok(ExitCode::from(UNWELL));
            }
        };
        let status = answer.status();
        if status == 200 {
            say(&language.pick(format!("{url}：正常"), format!("{url}: well")));
            return Ok(ExitCode::SUCCESS);
        }
        let body = answer.body_mut().with_config().limit(SHOWN_BYTES);
        let body = body.read_to_string().unwrap_or_default();
        complain(&language.pick(
            format!("{url}：不正常（{status}）：{body}"),
            format!("{url}: not well ({status}): {body}"),
        ));
        Ok(ExitCode::from(UNWELL))
    }
}
