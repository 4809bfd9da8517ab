//! A folder behind plain HTTP, as any web server would have it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;

/// A web server over a folder, for as long as the test runs.
pub(crate) struct Site {
    /// Its address, without a slash at the end.
    pub(crate) url: String,
}

impl Site {
    /// Serves a folder; `asked` is told each path before it is answered.
    pub(crate) fn of(folder: PathBuf, asked: impl Fn(&str) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let head = BufReader::new(connection.try_clone().unwrap()).lines();
                let mut head = head
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty());
                let Some(first) = head.next() else { continue };
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                head.for_each(drop);
                asked(&path);
                let (status, body) = match std::fs::read(folder.join(path.trim_start_matches('/')))
                {
                    Ok(body) => ("200 OK", body),
                    Err(_) => ("404 Not Found", Vec::new()),
                };
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                let _ = connection.write_all(head.as_bytes());
                let _ = connection.write_all(&body);
            }
        });
        Self { url }
    }
}
