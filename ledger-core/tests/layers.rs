//! No circles between the library's rooms, and none of the pure rooms uses a room that does I/O.
//!
//! Reads the sources: an edge is a path `crate::room` outside tests and comments.

#![expect(
    clippy::unwrap_used,
    reason = "a source that cannot be read fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Graph = BTreeMap<String, BTreeSet<String>>;

/// Rooms that touch files, or that are built on rooms that do.
const OUTER: [&str; 4] = ["store", "ledger", "source", "audit"];

/// The room a file belongs to: its first name below `src`.
fn room(path: &Path, src: &Path) -> String {
    let inside = path.strip_prefix(src).unwrap().with_extension("");
    let first = inside.components().next().unwrap();
    first.as_os_str().to_str().unwrap().to_owned()
}

fn collect(folder: &Path, src: &Path, graph: &mut Graph) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, src, graph);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let from = room(&path, src);
            let used = graph.entry(from.clone()).or_default();
            used.extend(rooms_used(&text).into_iter().filter(|to| *to != from));
        }
    }
}

/// The rooms that a source names: `crate::room` and `crate::{room, other::Item}`.
fn rooms_used(text: &str) -> BTreeSet<String> {
    let code: String = text
        .split("#[cfg(test)]\nmod tests")
        .take(1)
        .flat_map(str::lines)
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(group) => group_items(group),
            None => vec![rest],
        })
        .map(|path| {
            path.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

/// The beginnings of the items in a braced group, at its first level.
fn group_items(group: &str) -> Vec<&str> {
    let mut depth = 1;
    let mut items = Vec::new();
    let mut start = 0;
    for (index, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                items.push(group[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
        if depth == 0 {
            items.push(group[start..index].trim());
            break;
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

/// Takes away what uses nothing, again and again: what stays is in a circle or leads to one.
fn circles(graph: &Graph) -> Graph {
    let mut left = graph.clone();
    loop {
        let free: BTreeSet<String> = left
            .iter()
            .filter(|(_, used)| used.is_empty())
            .map(|(room, _)| room.clone())
            .collect();
        if free.is_empty() {
            return left;
        }
        left.retain(|room, _| !free.contains(room));
        for used in left.values_mut() {
            used.retain(|room| !free.contains(room));
        }
    }
}

fn rooms() -> Graph {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut graph = Graph::new();
    collect(&src, &src, &mut graph);
    graph.remove("lib");
    let names: BTreeSet<String> = graph.keys().cloned().collect();
    for used in graph.values_mut() {
        // Macros and re-exports of the root are no rooms.
        used.retain(|room| names.contains(room));
    }
    graph
}

#[test]
fn rooms_use_each_other_in_one_direction() {
    let graph = rooms();
    assert!(graph["calendar"].contains("time"), "{graph:?}");
    assert_eq!(circles(&graph), Graph::new());
}

#[test]
fn pure_rooms_use_no_outer_room() {
    for (room, used) in rooms() {
        if OUTER.contains(&room.as_str()) {
            continue;
        }
        let outward: Vec<_> = OUTER
            .iter()
            .filter(|outer| used.contains(**outer))
            .collect();
        assert!(outward.is_empty(), "{room} uses {outward:?}");
    }
}

#[test]
fn a_circle_is_found() {
    let mut graph = Graph::new();
    for (from, text) in [
        ("a", "use crate::b;\n// crate::z\n"),
        ("b", "use crate::{c::{D, E}, f};\n"),
        (
            "c",
            "fn g() { crate::a::h() }\n#[cfg(test)]\nmod tests { use crate::z; }",
        ),
        ("f", "use core::fmt;"),
    ] {
        graph.insert(from.to_owned(), rooms_used(text));
    }
    assert_eq!(graph["b"], BTreeSet::from(["c".to_owned(), "f".to_owned()]));
    let rooms: Vec<_> = circles(&graph).into_keys().collect();
    assert_eq!(rooms, ["a", "b", "c"]);
}
