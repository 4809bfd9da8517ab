//! `sanzi` under strace: its calls recorded, or made to fail.

use std::path::Path;
use std::process::Command;

use crate::trace::FOLLOWED;
use crate::village::program;

/// Whether strace is here and may be used; says so, and fails where the machine should have it, if not.
pub(crate) fn strace_works() -> bool {
    let tried = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "true"])
        .output();
    let why = match tried {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_ci, "strace does not work here: {why}");
    eprintln!("SKIPPED: strace does not work here: {why}");
    false
}

/// A command that records all that changes a file or leaves by a socket, and makes the calls fail that `fault`
/// names in strace's way, such as `fsync:error=EIO:when=3`.
pub(crate) fn recorded(into: &Path, fault: Option<&str>, arguments: &[String]) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-xx", "-qq", "-s", "4194304"]);
    // Faster; but then strace sends no signals.
    if fault.is_none_or(|fault| !fault.contains("signal=")) {
        command.arg("--seccomp-bpf");
    }
    let failing = fault.and_then(|fault| fault.split(':').next());
    let followed = [FOLLOWED].into_iter().chain(failing).collect::<Vec<_>>();
    command.args(["-e", "signal=none", "-e", &followed.join(","), "-o"]);
    command.arg(into);
    if let Some(fault) = fault {
        command.args(["-e", &format!("inject={fault}")]);
    }
    command.arg(program()).args(arguments);
    command
}
