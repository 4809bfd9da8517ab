//! What strace wrote down of a run: every call that changes a file, and every byte that left by a socket.
//!
//! A call that several threads interrupt stands in two lines; it counts as begun with the first and as done with
//! the second. Panics on a call that would change a file in a way that is not followed here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The calls that are followed, and those that must not occur.
pub(crate) const FOLLOWED: &str = "trace=open,openat,creat,close,lseek,write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,ftruncate,truncate,fallocate,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,symlinkat,mkdir,mkdirat,fsync,fdatasync,sync,syncfs,msync,mmap,copy_file_range,sendfile,splice,io_uring_setup,exit_group";

/// What a call did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Made a file, or opened one that is made if it is not there.
    Create {
        path: PathBuf,
        truncate: bool,
    },
    Write {
        path: PathBuf,
        at: u64,
        bytes: Vec<u8>,
    },
    Truncate {
        path: PathBuf,
        length: u64,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
    MakeFolder {
        path: PathBuf,
    },
    /// Of a file or a folder.
    Sync {
        path: PathBuf,
    },
    /// One that failed: what it was for may never be written.
    SyncFailed {
        path: PathBuf,
    },
    /// Left by a socket, which has this name.
    Send {
        socket: String,
        bytes: Vec<u8>,
    },
    /// The process ended by itself.
    Exit {
        code: i32,
    },
}

/// A call that succeeded: the numbers of the lines with which it began and was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) begun: usize,
    pub(crate) done: usize,
    pub(crate) act: Act,
}

/// Reads a trace; of files, only what lies below `root`.
pub(crate) fn read(text: &str, root: &Path) -> Vec<Call> {
    let mut reader = Reader {
        root,
        positions: HashMap::new(),
        calls: Vec::new(),
    };
    let mut halves: HashMap<&str, (usize, &str)> = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        if let Some(half) = call.strip_suffix(" <unfinished ...>") {
            match half.strip_prefix("close(") {
                // Its number is another file's before the call is said to be done.
                Some(closed) => drop(reader.positions.remove(self::number(closed))),
                None => drop(halves.insert(thread, (number, half))),
            }
        } else if let Some(rest) = call.strip_prefix("<... ") {
            let (_, rest) = rest.split_once(" resumed>").unwrap_or(("", rest));
            if let Some((begun, half)) = halves.remove(thread) {
                reader.take((begun, number), &format!("{half}{rest}"));
            }
        } else {
            reader.take((number, number), call);
        }
    }
    reader.calls
}

struct Reader<'a> {
    root: &'a Path,
    /// Where the next `write` goes, by descriptor.
    positions: HashMap<String, u64>,
    calls: Vec<Call>,
}

impl Reader<'_> {
    fn take(&mut self, (begun, done): (usize, usize), line: &str) {
        let Some((name, rest)) = line.split_once('(') else {
            return;
        };
        if name == "exit_group" {
            let code = rest.split(')').next().and_then(|code| code.parse().ok());
            let act = Act::Exit {
                code: code.unwrap_or(-1),
            };
            self.calls.push(Call { begun, done, act });
            return;
        }
        // The result stands after the last `) = `; a call that failed has changed nothing.
        let Some((arguments, result)) = rest.rsplit_once(") = ").or_else(|| {
            let (arguments, result) = rest.rsplit_once(" = ")?;
            Some((arguments.trim_end().strip_suffix(')')?, result))
        }) else {
            return;
        };
        let arguments = split(arguments);
        let act = match result.as_bytes().first() {
            Some(b'-') if name == "fsync" || name == "fdatasync" => {
                let path = self.file(arguments[0]);
                path.map(|path| Act::SyncFailed { path })
            }
            Some(b'-' | b'?') => None,
            _ => self.act(name, &arguments, result),
        };
        if let Some(act) = act {
            self.calls.push(Call { begun, done, act });
        }
    }

    fn act(&mut self, name: &str, arguments: &[&str], result: &str) -> Option<Act> {
        match name {
            "open" | "openat" | "creat" => self.open(name, arguments, result),
            "close" => {
                self.positions.remove(number(arguments[0]));
                None
            }
            "lseek" => {
                let at = result.parse().unwrap();
                self.positions.insert(number(arguments[0]).to_owned(), at);
                None
            }
            "write" | "writev" | "sendto" | "sendmsg" | "pwrite64" | "pwritev" | "pwritev2" => {
                self.write(name, arguments, result)
            }
            "ftruncate" => Some(Act::Truncate {
                path: self.file(arguments[0])?,
                length: arguments[1].parse().unwrap(),
            }),
            "rename" | "renameat" | "renameat2" => {
                let (from, to) = match name {
                    "rename" => (place("", arguments[0]), place("", arguments[1])),
                    _ => (
                        place(arguments[0], arguments[1]),
                        place(arguments[2], arguments[3]),
                    ),
                };
                match (self.within(from.clone()), self.within(to.clone())) {
                    (Some(from), Some(to)) => Some(Act::Rename { from, to }),
                    (None, None) => None,
                    _ => panic!("moved in or out: {from:?} to {to:?}"),
                }
            }
            "unlink" | "rmdir" => self.unlink(place("", arguments[0])),
            "unlinkat" => self.unlink(place(arguments[0], arguments[1])),
            "mkdir" => self.folder(place("", arguments[0])),
            "mkdirat" => self.folder(place(arguments[0], arguments[1])),
            "fsync" | "fdatasync" => Some(Act::Sync {
                path: self.file(arguments[0])?,
            }),
            "mmap" => {
                let shared = arguments[3].contains("MAP_SHARED");
                let written = shared && arguments[2].contains("PROT_WRITE");
                self.must_not(written, arguments[4], name);
                None
            }
            "fallocate" | "copy_file_range" | "sendfile" | "splice" => {
                let into = arguments[if name == "fallocate" || name == "sendfile" {
                    0
                } else {
                    2
                }];
                self.must_not(true, into, name);
                None
            }
            "link" | "linkat" | "symlink" | "symlinkat" | "truncate" => {
                panic!("{name} is not followed: {arguments:?}")
            }
            "io_uring_setup" | "sync" | "syncfs" | "msync" => {
                panic!("{name} is not followed: what it writes or syncs is not seen")
            }
            _ => None,
        }
    }

    fn open(&mut self, name: &str, arguments: &[&str], result: &str) -> Option<Act> {
        let (path, flags) = match name {
            "openat" => (place(arguments[0], arguments[1]), arguments[2]),
            "open" => (place("", arguments[0]), arguments[1]),
            _ => (place("", arguments[0]), "O_CREAT|O_TRUNC"),
        };
        let path = self.within(path)?;
        assert!(!flags.contains("O_APPEND"), "not followed: {path:?}");
        self.positions.insert(number(result).to_owned(), 0);
        let truncate = flags.contains("O_TRUNC");
        (truncate || flags.contains("O_CREAT")).then_some(Act::Create { path, truncate })
    }

    fn write(&mut self, name: &str, arguments: &[&str], result: &str) -> Option<Act> {
        let written: usize = result.split(' ').next()?.parse().unwrap();
        let bytes = |data: &str| {
            let mut bytes = quoted(data);
            assert!(bytes.len() >= written, "strace cut it short: {data:.80}");
            bytes.truncate(written);
            bytes
        };
        let to = bracketed(arguments[0]);
        if name.starts_with("send") || to.starts_with("socket:") {
            return Some(Act::Send {
                bytes: bytes(arguments[1]),
                socket: to,
            });
        }
        let path = self.file(arguments[0])?;
        let bytes = bytes(arguments[1]);
        let at = match name {
            "write" | "writev" => {
                let next = self.positions.get_mut(number(arguments[0]));
                let next = next.unwrap_or_else(|| panic!("not seen opened: {path:?}"));
                let at = *next;
                *next += written as u64;
                at
            }
            _ => arguments[3].parse().unwrap(),
        };
        Some(Act::Write { path, at, bytes })
    }

    fn unlink(&self, path: PathBuf) -> Option<Act> {
        Some(Act::Unlink {
            path: self.within(path)?,
        })
    }

    fn folder(&self, path: PathBuf) -> Option<Act> {
        Some(Act::MakeFolder {
            path: self.within(path)?,
        })
    }

    fn must_not(&self, happens: bool, descriptor: &str, name: &str) {
        if let (true, Some(path)) = (happens, self.file(descriptor)) {
            panic!("{name} is not followed, and changes {path:?}");
        }
    }

    /// The file of a descriptor, below the root; none if it has no name any more.
    fn file(&self, descriptor: &str) -> Option<PathBuf> {
        let name = bracketed(descriptor);
        if name.ends_with(" (deleted)") {
            return None;
        }
        self.within(PathBuf::from(name))
    }

    fn within(&self, path: PathBuf) -> Option<PathBuf> {
        path.strip_prefix(self.root).ok().map(Path::to_owned)
    }
}

/// The number of a descriptor that stands with its file.
fn number(descriptor: &str) -> &str {
    descriptor.split('<').next().unwrap_or_default()
}

/// The file that a line's call was about, by its first argument.
pub(crate) fn file_of(line: &str) -> String {
    bracketed(line.split(',').next().unwrap_or_default())
}

/// What stands between the angles behind a descriptor.
fn bracketed(descriptor: &str) -> String {
    let inner = descriptor
        .split_once('<')
        .and_then(|(_, rest)| rest.rsplit_once('>'));
    let inner = inner.map_or("", |(inner, _)| inner);
    String::from_utf8(unescaped(inner)).unwrap()
}

/// A path given by a call, by the folder that it is relative to.
fn place(folder: &str, path: &str) -> PathBuf {
    let path = PathBuf::from(String::from_utf8(quoted(path)).unwrap());
    PathBuf::from(bracketed(folder)).join(path)
}

/// All that stands in quotes, one after the other: more than one string is a vector's.
fn quoted(text: &str) -> Vec<u8> {
    let parts = text.split('"').skip(1).step_by(2);
    parts.flat_map(unescaped).collect()
}

/// Bytes that strace wrote as `\x41`; anything else stands for itself.
fn unescaped(text: &str) -> Vec<u8> {
    let text = text.as_bytes();
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let hex =
            (*byte == b'\\' && text.get(at + 1) == Some(&b'x')).then(|| &text[at + 2..at + 4]);
        match hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(value) => {
                bytes.push(value);
                at += 4;
            }
            None => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    bytes
}

/// A call's arguments: commas within quotes, brackets or braces divide nothing.
fn split(arguments: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut inside, mut from) = (Vec::new(), 0_i32, false, 0);
    for (at, byte) in arguments.bytes().enumerate() {
        match byte {
            b'"' => inside = !inside,
            b'[' | b'{' | b'<' if !inside => depth += 1,
            b']' | b'}' | b'>' if !inside => depth -= 1,
            b',' if !inside && depth == 0 => {
                parts.push(arguments[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(arguments[from..].trim());
    parts
}

#[test]
fn a_trace_is_read_as_it_was_written() {
    let hex =
        |text: &str| -> String { text.bytes().map(|byte| format!("\\x{byte:02x}")).collect() };
    let (root, file) = (Path::new("/d"), hex("/d/a"));
    let text = format!(
        "7 openat(AT_FDCWD<{cwd}>, \"{file}\", O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 9<{file}>\n\
         7 write(9<{file}>, \"{ab}\", 2) = 2\n\
         7 write(9<{file}>, \"{ab}\", 2) = 1\n\
         8 pwrite64(9<{file}>, \"{ab}\", 2, 7 <unfinished ...>\n\
         7 fdatasync(9<{file}>)              = -1 EIO (Input/output error) (INJECTED)\n\
         8 <... pwrite64 resumed>)           = 2\n\
         7 writev(5<socket:[12]>, [{{iov_base=\"{ab}\", iov_len=2}}, {{iov_base=\"{ab}\", iov_len=2}}], 2) = 4\n\
         7 rename(\"{file}\", \"{to}\") = 0\n\
         7 +++ exited with 0 +++\n",
        cwd = hex("/"),
        ab = hex("ab"),
        to = hex("/d/b"),
    );
    let path = PathBuf::from("a");
    let write = |at, bytes: &[u8]| Act::Write {
        path: path.clone(),
        at,
        bytes: bytes.to_vec(),
    };
    let expected = [
        (
            0,
            0,
            Act::Create {
                path: path.clone(),
                truncate: true,
            },
        ),
        (1, 1, write(0, b"ab")),
        (2, 2, write(2, b"a")),
        (4, 4, Act::SyncFailed { path: path.clone() }),
        (3, 5, write(7, b"ab")),
        (
            6,
            6,
            Act::Send {
                socket: "socket:[12]".to_owned(),
                bytes: b"abab".to_vec(),
            },
        ),
        (
            7,
            7,
            Act::Rename {
                from: path.clone(),
                to: PathBuf::from("b"),
            },
        ),
    ];
    let expected = expected.map(|(begun, done, act)| Call { begun, done, act });
    assert_eq!(read(&text, root), expected);
}
