//! `sanzi key`: makes and shows signing keys.

use std::path::PathBuf;
use std::process::ExitCode;

use ledger_core::cosignature::Cosigner;
use ledger_core::keyfile;
use ledger_core::{Language, MemberId, Origin, SigningKey};
use serde_json::json;

use super::help::Text;
use crate::key_file;
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    New(New),
    Show(Show),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi key new --origin sanzi.example.org/donglang --member chen --out chen.key\n  $ sanzi key new --witness jiedao.example.org --out witness.key"
)]
struct New {
    #[arg(long, requires = "member", required_unless_present = "witness")]
    origin: Option<Origin>,
    #[arg(long, requires = "origin", required_unless_present = "witness")]
    member: Option<MemberId>,
    #[arg(long, value_name = "NAME", conflicts_with_all = ["origin", "member"])]
    witness: Option<String>,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "  $ sanzi key show chen.key.pub")]
struct Show {
    file: PathBuf,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "key",
        zh: "做钥匙、看公钥",
        en: "Make keys and show public keys",
    },
    Text {
        of: "key.new",
        zh: "新做一把钥匙",
        en: "Make a new key",
    },
    Text {
        of: "key.show",
        zh: "显示公钥和指纹",
        en: "Show a public key and its fingerprint",
    },
    Text {
        of: "key.new.origin",
        zh: "账本的日志名，如 sanzi.example.org/donglang",
        en: "The ledger's origin, as in sanzi.example.org/donglang",
    },
    Text {
        of: "key.new.member",
        zh: "成员代号（小写字母、数字、-），如 chen",
        en: "The member's short name, as in chen",
    },
    Text {
        of: "key.new.witness",
        zh: "做见证钥匙：见证方的名字，一般是它的域名，如 jiedao.example.org",
        en: "Make a witness's key, with this name: usually its domain, as in jiedao.example.org",
    },
    Text {
        of: "key.new.out",
        zh: "钥匙写到哪个文件（不会覆盖；另写 文件.pub）",
        en: "Where to write the key (never overwritten; FILE.pub beside it)",
    },
    Text {
        of: "key.new.passphrase_file",
        zh: "口令写在这个文件的第一行；不给就当面问两遍",
        en: "A file whose first line is the passphrase; asked twice without it",
    },
    Text {
        of: "key.new.json",
        zh: "以 JSON 输出",
        en: "Print JSON",
    },
    Text {
        of: "key.show.file",
        zh: "公钥文件（.pub，不用口令）或钥匙文件（要口令）",
        en: "A .pub file, or a key file, whose passphrase is then asked for",
    },
    Text {
        of: "key.show.passphrase_file",
        zh: "口令写在这个文件的第一行",
        en: "A file whose first line is the passphrase",
    },
    Text {
        of: "key.show.json",
        zh: "以 JSON 输出",
        en: "Print JSON",
    },
];

impl Key {
    /// Makes or shows a key.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        match self.action {
            Action::New(args) => new(terminal, args),
            Action::Show(args) => show(terminal, args),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

fn new(terminal: Terminal, args: New) -> anyhow::Result<()> {
    for file in [args.out.clone(), key_file::public_file(&args.out)] {
        if file.exists() {
            anyhow::bail!(terminal.pick(
                format!("{} 已经有了，钥匙文件不会覆盖；请换个名字", file.display()),
                format!(
                    "{} is there already; a key file is never overwritten, choose another name",
                    file.display()
                ),
            ));
        }
    }
    let seed = keyfile::generate_seed()?;
    let (whose, key) = match (&args.witness, &args.origin, &args.member) {
        (Some(name), _, _) => {
            let key = Cosigner::from_seed(name, &seed)?;
            (name.as_str(), key.verifier().clone())
        }
        (None, Some(origin), Some(member)) => {
            let key = SigningKey::from_seed(&origin.key_name(member), &seed)?;
            (member.as_str(), key.verifier().clone())
        }
        (None, _, _) => anyhow::bail!("--origin --member | --witness"),
    };
    let passphrase = terminal.new_passphrase(whose, args.passphrase_file.as_deref())?;
    let sealed = keyfile::seal(&seed, &passphrase)?;
    key_file::write_new(terminal, &args.out, &key, &sealed)?;
    if !args.json {
        terminal.say(terminal.pick(
            "钥匙已做好。钥匙文件和口令只归本人，不要发给任何人；.pub 文件可以公开。",
            "The key is made. Key file and passphrase are their owner's alone; the .pub file is public.",
        ));
    }
    print(terminal, &key, args.json);
    if !args.json {
        terminal.say(terminal.pick(
            format!(
                "钥匙：{}　公钥：{}",
                args.out.display(),
                key_file::public_file(&args.out).display()
            ),
            format!(
                "key: {}  public key: {}",
                args.out.display(),
                key_file::public_file(&args.out).display()
            ),
        ));
    }
    Ok(())
}

fn show(terminal: Terminal, args: Show) -> anyhow::Result<()> {
    let is_public = args.file.extension().is_some_and(|ending| ending == "pub");
    let key = if is_public {
        key_file::read_public(terminal, &args.file)?
    } else {
        key_file::unlock_public(terminal, &args.file, args.passphrase_file.as_deref())?
    };
    print(terminal, &key, args.json);
    Ok(())
}

fn print(terminal: Terminal, key: &ledger_core::VerifierKey, json: bool) {
    let fingerprint = key_file::fingerprint(key);
    if json {
        let value = json!({ "name": key.name(), "vkey": key, "fingerprint": fingerprint });
        terminal.say(value.to_string());
        return;
    }
    terminal.say(terminal.pick(format!("公钥：{key}"), format!("verifier key: {key}")));
    terminal.say(terminal.pick(
        format!("指纹（逐组念给对方核对）：{fingerprint}"),
        format!("fingerprint (read it out group by group): {fingerprint}"),
    ));
}
