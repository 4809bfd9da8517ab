//! Where findings are sent: any receiver of JSON, or a WeCom group robot. (接收方)
//!
//! A URL may hold the key to a group, so it is shown to nobody; no redirect is followed, so that what is
//! signed and sealed goes nowhere else. The generic form follows Standard Webhooks (id, time, HMAC-SHA256);
//! the robot's limits are those of WeCom's document 91770.

use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::bail;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ledger_core::Language;
use ledger_core::hash::Digest;
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use ureq::Agent;
use ureq::http::Uri;
use zeroize::Zeroizing;

use super::finding::Finding;
use super::outbox::Message;
use super::pace::Limit;
use crate::fault;
use crate::terminal::Terminal;

/// How many findings one generic message holds.
const MOST_FINDINGS: usize = 100;

/// The longest content of a robot's message, in bytes of UTF-8.
const MARKDOWN_BYTES: usize = 4096;
const TEXT_BYTES: usize = 2048;

/// The longest part of one finding in a robot's message, in bytes: two always fit.
const ENTRY_BYTES: usize = 900;

/// What the robot answers when it was called too often.
const TOO_OFTEN: i64 = 45009;

/// The most of an answer that is read, in bytes.
const ANSWER_BYTES: u64 = 64 * 1024;

/// A URL that is not to be shown.
#[derive(Clone)]
pub(crate) struct SecretUrl {
    url: Zeroizing<String>,
    host: String,
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({})", self.host)
    }
}

impl SecretUrl {
    /// Takes a URL from the operator; the complaint does not show it.
    pub(crate) fn parse(terminal: Terminal, text: &str) -> anyhow::Result<Self> {
        let uri: Option<Uri> = text.trim().parse().ok();
        let scheme = uri.as_ref().and_then(Uri::scheme_str);
        let host = uri.as_ref().and_then(Uri::host);
        match (scheme, host) {
            (Some("https" | "http"), Some(host)) => Ok(Self {
                url: Zeroizing::new(text.trim().to_owned()),
                host: host.to_owned(),
            }),
            _ => bail!(terminal.pick(
                "通知网址写法不对：应以 https:// 开头（内网可用 http://）；为保密，这里不显示它",
                "a webhook's URL is malformed: expected https:// (or http:// in a network of your own); it is secret and not shown here",
            )),
        }
    }

    /// Reads one from the first line of a file.
    pub(crate) fn read(terminal: Terminal, file: &Path) -> anyhow::Result<Self> {
        Self::parse(terminal, &terminal.passphrase_in(file)?)
    }
}

/// In which form a robot is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RobotFormat {
    /// With headings; shown in WeCom only.
    #[default]
    Markdown,
    /// Plain text; shown in WeChat, too.
    Text,
}

/// A receiver.
#[derive(Debug)]
pub(crate) struct Target {
    url: SecretUrl,
    form: Form,
    language: Language,
    agent: Agent,
}

enum Form {
    Generic { secret: Option<Zeroizing<Vec<u8>>> },
    WeCom { format: RobotFormat },
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generic { .. } => "Generic",
            Self::WeCom { .. } => "WeCom",
        })
    }
}

/// A message was not taken.
#[derive(Debug)]
pub(crate) struct Undelivered {
    pub(crate) why: String,
    /// How long the receiver wants to be left alone.
    pub(crate) wait: Option<Duration>,
}

#[derive(Deserialize)]
struct RobotAnswer {
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

impl Target {
    /// Any receiver of JSON; messages are signed if there is a secret.
    pub(crate) fn generic(
        terminal: Terminal,
        url: SecretUrl,
        secret: Option<Zeroizing<Vec<u8>>>,
    ) -> Self {
        Self::new(terminal, url, Form::Generic { secret })
    }

    /// A group robot.
    pub(crate) fn wecom(terminal: Terminal, url: SecretUrl, format: RobotFormat) -> Self {
        Self::new(terminal, url, Form::WeCom { format })
    }

    fn new(terminal: Terminal, url: SecretUrl, form: Form) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_global(Some(Duration::from_secs(20)))
            .user_agent(concat!("sanzi/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            url,
            form,
            language: terminal.language,
            agent: config.new_agent(),
        }
    }

    /// What it is called where its URL must not be shown.
    pub(crate) fn name(&self) -> String {
        let kind = match self.form {
            Form::Generic { .. } => "webhook",
            Form::WeCom { .. } => self.language.pick("企业微信群机器人", "WeCom robot"),
        };
        format!("{kind} ({})", self.url.host)
    }

    /// How the folders of its kind begin.
    pub(crate) fn kind(&self) -> &'static str {
        match self.form {
            Form::Generic { .. } => "webhook-",
            Form::WeCom { .. } => "wecom-",
        }
    }

    /// Its folder: the same for the same URL, which cannot be read from it.
    pub(crate) fn folder(&self) -> String {
        let digest = Digest::of(self.url.url.as_bytes()).to_string();
        format!(
            "{}{}",
            self.kind(),
            digest.chars().take(16).collect::<String>()
        )
    }

    /// How many messages it takes.
    pub(crate) fn limit(&self) -> Limit {
        let messages = match self.form {
            Form::Generic { .. } => 600,
            Form::WeCom { .. } => 20,
        };
        Limit {
            messages,
            window: Duration::from_secs(60),
        }
    }

    /// A message of the first of these findings, and of how many.
    pub(crate) fn compose(&self, findings: &[&Finding], id: &str) -> (String, usize) {
        let format = match self.form {
            Form::WeCom { format } => format,
            Form::Generic { .. } => {
                let taken = findings.len().min(MOST_FINDINGS);
                let findings: Vec<&&Finding> = findings.iter().take(taken).collect();
                let body = json!({ "findings": findings, "message_id": id, "version": 1 });
                return (body.to_string(), taken);
            }
        };
        let (content, taken) = robot_text(findings, format, self.language);
        let body = match format {
            RobotFormat::Markdown => {
                json!({ "msgtype": "markdown", "markdown": { "content": content } })
            }
            RobotFormat::Text => json!({ "msgtype": "text", "text": { "content": content } }),
        };
        (body.to_string(), taken)
    }

    /// Sends a message once.
    pub(crate) fn send(&self, message: &Message) -> Result<(), Undelivered> {
        let mut request = (self.agent)
            .post(self.url.url.as_str())
            .header("Content-Type", "application/json; charset=utf-8");
        if let Form::Generic { secret } = &self.form {
            let time = SystemTime::now().duration_since(UNIX_EPOCH);
            let time = time.map_or(0, |time| time.as_secs()).to_string();
            request = request
                .header("webhook-id", &message.id)
                .header("webhook-timestamp", &time);
            if let Some(secret) = secret {
                let signature = signature(secret, &message.id, &time, &message.body);
                request = request.header("webhook-signature", signature);
            }
        }
        let mut answer = request
            .send(message.body.as_bytes())
            .map_err(|error| self.unsent(&error))?;
        let status = answer.status().as_u16();
        let wait = answer.headers().get("retry-after");
        let wait = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
        let wait = wait.map(|seconds: u64| Duration::from_secs(seconds.min(3600)));
        if !(200..300).contains(&status) {
            return Err(Undelivered {
                why: format!("HTTP {status}"),
                wait,
            });
        }
        match self.form {
            Form::Generic { .. } => Ok(()),
            Form::WeCom { .. } => {
                let mut body = Vec::new();
                let reader = answer.body_mut().as_reader().take(ANSWER_BYTES);
                let mut reader = reader;
                reader.read_to_end(&mut body).map_err(|error| Undelivered {
                    why: error.to_string(),
                    wait: None,
                })?;
                robot_answer(&body)
            }
        }
    }

    /// Why a message could not be sent; the text of some errors holds the URL.
    fn unsent(&self, error: &ureq::Error) -> Undelivered {
        let why = match error {
            ureq::Error::BadUri(_) => "URL".to_owned(),
            error => fault::network(error, self.language).replace(self.url.url.as_str(), "***"),
        };
        Undelivered { why, wait: None }
    }
}

/// Reads a secret: `whsec_` and base64, as Standard Webhooks has it, or any text.
pub(crate) fn read_secret(terminal: Terminal, file: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let text = terminal.passphrase_in(file)?;
    let decoded = match text.strip_prefix("whsec_") {
        Some(encoded) => BASE64.decode(encoded.trim().as_bytes()).ok(),
        None => Some(text.trim().as_bytes().to_vec()),
    };
    match decoded {
        Some(secret) if secret.len() >= 16 => Ok(Zeroizing::new(secret)),
        _ => bail!(terminal.pick(
            format!("{} 里的密钥不合用：应为 16 字节以上的文字，或 whsec_ 加 base64", file.display()),
            format!("the secret in {} cannot be used: expected text of 16 bytes or more, or whsec_ and base64", file.display()),
        )),
    }
}

/// The signature over id, time and body.
///
/// Source: Standard Webhooks, signature scheme `v1`.
fn signature(secret: &[u8], id: &str, time: &str, body: &str) -> String {
    // A key of any length will do for HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return String::new();
    };
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

fn robot_answer(body: &[u8]) -> Result<(), Undelivered> {
    let answer: RobotAnswer = serde_json::from_slice(body).map_err(|_| Undelivered {
        why: "HTTP 200, no errcode".to_owned(),
        wait: None,
    })?;
    match answer.errcode {
        0 => Ok(()),
        code => Err(Undelivered {
            why: format!("errcode {code} {}", short(&answer.errmsg, 120)),
            wait: (code == TOO_OFTEN).then_some(Duration::from_secs(60)),
        }),
    }
}

/// What a robot says: as many findings as fit, each cut to a length of which two always fit.
fn robot_text(findings: &[&Finding], format: RobotFormat, l: Language) -> (String, usize) {
    let most = match format {
        RobotFormat::Markdown => MARKDOWN_BYTES,
        RobotFormat::Text => TEXT_BYTES,
    };
    let bold = match format {
        RobotFormat::Markdown => "**",
        RobotFormat::Text => "",
    };
    let count = findings.len();
    let mut content = l.pick(
        format!("{bold}三资账监督：{count} 条新情况{bold}\n"),
        format!("{bold}Sanzi monitor: {count} new{bold}\n"),
    );
    // Room for the last line.
    let most = most - 120;
    let mut taken = 0;
    for finding in findings {
        let entry = robot_entry(finding, bold, l);
        if content.len() + entry.len() > most {
            break;
        }
        content.push_str(&entry);
        taken += 1;
    }
    if taken < count {
        let rest = count - taken;
        content.push_str(&l.pick(
            format!("\n还有 {rest} 条随后发来"),
            format!("\n{rest} more will follow"),
        ));
    }
    (content, taken)
}

fn robot_entry(finding: &Finding, bold: &str, l: Language) -> String {
    let headline = short(&harmless(&finding.headline(l)), 200);
    let time = Finding::local(finding.at);
    let id = finding.short_id();
    let message = short(&harmless(&finding.message), ENTRY_BYTES - 330);
    l.pick(
        format!("\n{bold}{headline}{bold}\n{message}\n（{time}，编号 {id}）\n"),
        format!("\n{bold}{headline}{bold}\n{message}\n({time} +08:00, id {id})\n"),
    )
}

/// Text without what a robot would take for a link, a heading or a call to somebody.
fn harmless(text: &str) -> String {
    let plain = |c: char| match c {
        '<' => '＜',
        '>' => '＞',
        '[' => '［',
        ']' => '］',
        '*' => '＊',
        '`' => '｀',
        '#' => '＃',
        '@' => '＠',
        c if c.is_control() || ledger_core::canonical::hides(c) => ' ',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// The beginning of a text, of at most so many bytes.
fn short(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut end = bytes.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Kind, Severity, Standing};
    use super::*;
    use ledger_core::LogTime;
    use serde_json::Value;

    fn finding(message: &str) -> Finding {
        Finding {
            at: LogTime::MIN,
            details: Value::Null,
            evidence: None,
            id: "0123456789abcdef".to_owned(),
            ledger: Some("sanzi.example.org/donglang".parse().unwrap()),
            message: message.to_owned(),
            name: Some("东塱<@all>经济联社".to_owned()),
            severity: Severity::Critical,
            since: LogTime::MIN,
            source: None,
            state: Standing::Found,
            subject: String::new(),
            training: false,
            times: 1,
            kind: Kind::SplitView,
        }
    }

    fn robot(format: RobotFormat) -> Target {
        let terminal = Terminal::new(Language::Zh);
        let url = SecretUrl::parse(terminal, "https://qyapi.weixin.qq.com/send?key=k-e-y").unwrap();
        Target::wecom(terminal, url, format)
    }

    #[test]
    fn a_robots_message_fits_whatever_is_told() {
        let long = finding(&"账".repeat(9_000));
        let short = finding("一");
        for (format, bytes) in [(RobotFormat::Markdown, 4096), (RobotFormat::Text, 2048)] {
            for findings in [
                vec![&long; 40],
                vec![&short; 400],
                vec![&long],
                vec![&short, &long],
            ] {
                let (body, taken) = robot(format).compose(&findings, "id");
                let body: Value = serde_json::from_str(&body).unwrap();
                let kind = body["msgtype"].as_str().unwrap();
                let content = body[kind]["content"].as_str().unwrap();
                assert!(content.len() <= bytes, "{}", content.len());
                assert!(taken >= findings.len().min(2), "{taken}");
                assert_eq!(content.contains("还有"), taken < findings.len());
                assert!(!content.contains(['<', '@', '[']), "{content}");
            }
        }
    }

    #[test]
    fn what_the_robot_answers_is_understood() {
        assert!(robot_answer(br#"{"errcode":0,"errmsg":"ok"}"#).is_ok());
        let often =
            robot_answer(br#"{"errcode":45009,"errmsg":"api freq out of limit"}"#).unwrap_err();
        assert_eq!(often.wait, Some(Duration::from_secs(60)));
        let gone =
            robot_answer(br#"{"errcode":93000,"errmsg":"invalid webhook url"}"#).unwrap_err();
        assert!(gone.why.contains("93000") && gone.wait.is_none());
        assert!(robot_answer(b"<html>").is_err());
    }

    #[test]
    fn a_secret_url_is_shown_nowhere() {
        let target = robot(RobotFormat::Text);
        let said = format!("{target:?} {} {}", target.name(), target.folder());
        assert!(!said.contains("k-e-y"), "{said}");
        for bad in ["ftp://x/k-e-y", "k-e-y", "https://", "file:///k-e-y"] {
            let error = SecretUrl::parse(Terminal::new(Language::En), bad).unwrap_err();
            assert!(!format!("{error:#}").contains("k-e-y"));
        }
    }

    /// The example of the specification's own libraries.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let kept = tempfile::tempdir().unwrap();
        let file = kept.path().join("secret");
        std::fs::write(&file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let secret = read_secret(Terminal::new(Language::En), &file).unwrap();
        let body = r#"{"test": 2432232314}"#;
        let made = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        std::fs::write(&file, "short\n").unwrap();
        assert!(read_secret(Terminal::new(Language::En), &file).is_err());
    }
}
