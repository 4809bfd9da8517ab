//! Builds the pages' scripts and styles from `web/` and puts them where [`include_bytes!`] finds them.
//!
//! Node.js is needed for the feature `pages` only. What npm installs is kept beside the build, once for
//! each lock file, so that later builds need no network; nothing is written into `web/`.
#![allow(
    clippy::print_stdout,
    reason = "standard output is how a build script speaks with cargo"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What npm needs to install, and what decides whether it has to again.
const LOCKED: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    let built = if std::env::var_os("CARGO_FEATURE_PAGES").is_some() {
        with_pages()
    } else {
        without_pages()
    };
    match built {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn without_pages() -> Result<(), Box<dyn Error>> {
    write_table(&out_dir()?, "", Path::new(""))
}

fn with_pages() -> Result<(), Box<dyn Error>> {
    let web = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("web");
    for watched in LOCKED.iter().chain(&["build.mjs", "src"]) {
        println!("cargo::rerun-if-changed=web/{watched}");
    }
    println!("cargo::rerun-if-changed=../ledger-core/schema/statement.schema.json");
    println!("cargo::rerun-if-env-changed=PATH");
    let modules = modules(&web)?;
    let out = out_dir()?;
    let built = out.join("web");
    if built.exists() {
        fs::remove_dir_all(&built)?;
    }
    fs::create_dir_all(&built)?;
    let mut node = Command::new("node");
    node.arg(web.join("build.mjs")).arg(&modules).arg(&built);
    run(node)?;
    let tools = built.join("tools");
    println!("cargo::rustc-env=SANZI_WEB_TOOLS={}", tools.display());
    let manifest = fs::read_to_string(built.join("manifest"))?;
    write_table(&out, &manifest, &built.join("assets"))
}

fn out_dir() -> Result<PathBuf, Box<dyn Error>> {
    Ok(PathBuf::from(std::env::var("OUT_DIR")?))
}

/// The installed packages of this lock file; installs them if nobody did.
fn modules(web: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut hasher = DefaultHasher::new();
    for name in LOCKED {
        hasher.write(&fs::read(web.join(name))?);
    }
    let shared = shared_folder()?;
    fs::create_dir_all(&shared)?;
    let installed = shared.join(format!("npm-{:016x}", hasher.finish()));
    let modules = installed.join("node_modules");
    // Two builds that run at once install once; the lock ends with the file.
    let lock = File::create(shared.join("npm.lock"))?;
    lock.lock()?;
    let done = installed.join("done");
    if done.exists() {
        return Ok(modules);
    }
    fs::create_dir_all(&installed)?;
    for name in LOCKED {
        fs::write(installed.join(name), fs::read(web.join(name))?)?;
    }
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(&installed);
    npm.args(["ci", "--omit=dev", "--ignore-scripts", "--prefer-offline"]);
    npm.args(["--no-audit", "--no-fund", "--loglevel=error"]);
    run(npm)?;
    File::create(done)?;
    Ok(modules)
}

/// Where builds of every profile meet: `sanzi-web` in the target folder.
fn shared_folder() -> Result<PathBuf, Box<dyn Error>> {
    let out = out_dir()?;
    let build = out.ancestors().find(|path| path.ends_with("build"));
    let target = build.and_then(Path::parent).and_then(Path::parent);
    Ok(target.unwrap_or(&out).join("sanzi-web"))
}

fn run(mut command: Command) -> Result<(), Box<dyn Error>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(missing(&program).into());
        }
        Err(error) => return Err(format!("{program}: {error}").into()),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = format!("{said}{}", String::from_utf8_lossy(&output.stdout));
    Err(format!("{} {program}\n{said}", output.status).into())
}

fn missing(program: &str) -> String {
    format!(
        "找不到 {program}：构建居民网页需要 Node.js 20 或更新版本和 npm（Debian、Ubuntu：apt install nodejs npm；\
         其他系统见 https://nodejs.org）。不要网页时：cargo build --no-default-features\n\
         {program} was not found: the residents' pages are built with Node.js 20 or newer and npm (Debian, Ubuntu: \
         apt install nodejs npm; elsewhere: https://nodejs.org). To build without pages: \
         cargo build --no-default-features"
    )
}

/// Writes `assets.rs`: the table of what is embedded.
fn write_table(out: &Path, manifest: &str, assets: &Path) -> Result<(), Box<dyn Error>> {
    let mut table = String::from("&[\n");
    for line in manifest.lines() {
        let (name, file) = line.split_once('\t').ok_or("a manifest line without tab")?;
        // Below whatever cargo says the output is then: a folder that was moved stays good.
        let below = assets.strip_prefix(out)?.join(file);
        let below = below.to_str().ok_or("a path that is not UTF-8")?;
        let bytes = |end: &str| {
            let path = format!("/{below}{end}");
            format!("include_bytes!(concat!(env!(\"OUT_DIR\"), {path:?}))")
        };
        writeln!(
            table,
            "Asset {{ name: {name:?}, path: {:?}, plain: {}, gzip: {}, brotli: {} }},",
            format!("/assets/{file}"),
            bytes(""),
            bytes(".gz"),
            bytes(".br"),
        )?;
    }
    table.push(']');
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}
