//! `sanzi document put` and `get`: by a server, in parts.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::commitment::Salt;
use ledger_core::event::SignedEvent;
use ledger_core::hash::Commitment;
use ledger_core::name::MemberId;
use ledger_core::store::copy_digested;
use zeroize::Zeroizing;

use super::{Refused, Shelf, Terminal, signer};
use crate::draft::Draft;
use crate::signed_url::{SignedUrl, needs_key};
use crate::{handing_in, key_file, source_arg};

/// The longest draft, in bytes: what is longer is a document.
const DRAFT_LIMIT: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi document put 2026-001-asset_verification.draft --to https://sanzi.example.org/donglang --key chen.key\n  $ sanzi document put 台账.pdf --to https://sanzi.example.org/donglang --key chen.key"
)]
pub(super) struct Put {
    path: PathBuf,
    #[arg(long, value_name = "URL")]
    to: String,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi document get 4774bc5f --from https://sanzi.example.org/donglang --key liang.key --out copy.pdf"
)]
pub(super) struct Get {
    name: String,
    #[arg(long, value_name = "URL")]
    from: String,
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

fn check_url(terminal: Terminal, url: &str) -> anyhow::Result<()> {
    if source_arg::is_url(url) {
        return Ok(());
    }
    bail!(terminal.pick(
        format!("{url} 不是网址；数据文件夹请用 sanzi document add 或 show"),
        format!("{url} is no URL; for a data folder use sanzi document add or show"),
    ))
}

/// The draft in a file, unless the file is a document.
fn draft_in(terminal: Terminal, path: &Path) -> anyhow::Result<Option<Draft>> {
    let length = std::fs::metadata(path).with_context(|| {
        terminal.pick(
            format!("读不到 {}", path.display()),
            format!("cannot read {}", path.display()),
        )
    });
    if length?.len() > DRAFT_LIMIT || SignedEvent::parse(&std::fs::read(path)?).is_err() {
        return Ok(None);
    }
    Draft::read(terminal, path).map(Some)
}

impl Put {
    pub(super) fn run(self, terminal: Terminal) -> anyhow::Result<()> {
        check_url(terminal, &self.to)?;
        let draft = draft_in(terminal, &self.path)?;
        let shelf = Shelf::open(terminal, &self.to, self.pins.as_deref(), draft.as_ref())?;
        let key = key_file::unlock(terminal, &self.key, self.passphrase_file.as_deref())?;
        signer(terminal, shelf.ledger(terminal)?, shelf.state.size(), &key)?;
        let server = SignedUrl::new(terminal, &self.to, Some(&key));
        let (mut kept, mut waits) = (0, 0);
        if let Some(draft) = &draft {
            let (at_hand, missing) = handing_in::of(terminal, draft);
            for document in &at_hand {
                match document.put(terminal, &server, shelf.stands)? {
                    true => kept += 1,
                    false => waits += 1,
                }
            }
            if !missing.is_empty() {
                terminal.say(terminal.pick(
                    format!("还缺材料：{}。", missing.join("、")),
                    format!("still missing: {}.", missing.join(", ")),
                ));
            }
            if shelf.stands.is_some() && missing.is_empty() && draft.drop_private(terminal)? {
                terminal.advise(terminal.pick(
                    "不公开材料已由服务器保管，草稿旁的副本已删除。",
                    "the server keeps the private documents; the draft's copies were deleted.",
                ));
            }
        } else {
            let entry = |digest: &_| shelf.public.get(digest).copied();
            let (digest, in_place) = handing_in::put_file(terminal, &server, &self.path, entry)?;
            terminal.say(format!("{digest}  {}", self.path.display()));
            (kept, waits) = (i32::from(in_place), i32::from(!in_place));
        }
        if waits > 0 {
            terminal.say(terminal.pick(
                format!("{waits} 份已上传，等候登记它的条目；请尽快提交草稿，过期会清除。"),
                format!("{waits} handed in, waiting for the entry that names them; submit it soon, or they expire."),
            ));
        }
        terminal.say(terminal.pick(
            format!("已存入材料 {kept} 份。"),
            format!("{kept} documents are kept now."),
        ));
        Ok(())
    }
}

/// What is to be fetched.
enum Wanted {
    Public(ledger_core::hash::Digest),
    Private(Commitment, u64),
}

impl Get {
    pub(super) fn run(self, terminal: Terminal) -> anyhow::Result<()> {
        check_url(terminal, &self.from)?;
        if self.out.exists() {
            bail!(terminal.pick(
                format!("{} 已经有了，不会覆盖", self.out.display()),
                format!(
                    "{} is there already and is not overwritten",
                    self.out.display()
                ),
            ));
        }
        let shelf = Shelf::open(terminal, &self.from, self.pins.as_deref(), None)?;
        let (wanted, key) = match shelf.public_beginning(&self.name) {
            Some(digest) => (Wanted::Public(digest), None),
            None => {
                let (commitment, named) = shelf.find(terminal, &self.name)?;
                let path = self.key.as_deref();
                let passphrase_file = self.passphrase_file.as_deref();
                let key = path.map(|path| key_file::unlock(terminal, path, passphrase_file));
                let key = key.transpose()?;
                let of = needs_key(terminal, key.as_ref())?;
                let position = shelf.state.size();
                let id = signer(terminal, shelf.ledger(terminal)?, position, of)?;
                shelf.check_reader(terminal, &id, &named.readers)?;
                (Wanted::Private(commitment, named.index), key)
            }
        };
        let server = SignedUrl::new(terminal, &self.from, key.as_ref());
        fetch(terminal, &server, &wanted, &self.out)?;
        terminal.say(terminal.pick(
            format!(
                "内容与账本登记的相符，已存为 {}（只有本人可读）。",
                self.out.display()
            ),
            format!(
                "it is what the ledger names; kept as {}, for its owner only.",
                self.out.display()
            ),
        ));
        Ok(())
    }
}

fn fetch(
    terminal: Terminal,
    server: &SignedUrl<'_>,
    wanted: &Wanted,
    out: &Path,
) -> anyhow::Result<()> {
    let (mut body, bar) = match wanted {
        Wanted::Public(digest) => server.get(&format!("documents/{digest}"), None)?,
        Wanted::Private(commitment, entry) => {
            server.get(&format!("private/{commitment}"), Some(*entry))?
        }
    };
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut new = tempfile::Builder::new()
        .prefix(".sanzi-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    let mut salt = Zeroizing::new([0; Salt::LENGTH]);
    if matches!(wanted, Wanted::Private(..)) {
        body.read_exact(&mut *salt)?;
    }
    let (digest, _) = copy_digested(&mut body, &mut new)?;
    bar.finish_and_clear();
    let is_it = match wanted {
        Wanted::Public(expected) => digest == *expected,
        Wanted::Private(expected, _) => {
            Commitment::to_digest(&Salt::from_bytes(*salt), &digest) == *expected
        }
    };
    if !is_it {
        bail!(Refused(terminal.pick(
            "服务器给的内容与账本登记的不符，没有保存；请告知账本的管理人员".to_owned(),
            "what the server gave is not what the ledger names, and was not kept; tell its operator".to_owned(),
        )));
    }
    new.as_file().sync_all()?;
    new.persist_noclobber(out)?;
    Ok(())
}

impl Shelf {
    /// The public document whose digest begins so, if there is just one.
    fn public_beginning(&self, beginning: &str) -> Option<ledger_core::hash::Digest> {
        let beginning: String = beginning.chars().filter(|c| !c.is_whitespace()).collect();
        let fits = |digest: &&ledger_core::hash::Digest| digest.to_string().starts_with(&beginning);
        let mut fitting = self.public.keys().filter(fits);
        match (beginning.is_empty(), fitting.next(), fitting.next()) {
            (false, Some(digest), None) => Some(*digest),
            _ => None,
        }
    }

    /// Says so beforehand if the server would not give the document out.
    fn check_reader(
        &self,
        terminal: Terminal,
        id: &MemberId,
        readers: &[ledger_core::Role],
    ) -> anyhow::Result<()> {
        let ledger = self.ledger(terminal)?;
        match ledger.roster.holds_any(id, readers, self.state.size()) {
            true => Ok(()),
            false => Err(super::not_entitled(terminal, id, readers)),
        }
    }
}
