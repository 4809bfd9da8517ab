//! What reading answers: files, receipts, descriptions, documents, the page, and what is not there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::io::Read as _;

use axum::body::Body;
use axum::http::{Method, Request};
use ledger_core::commitment::Salt;
use ledger_core::hash::{Digest, Hash};
use ledger_core::policy::Policy;
use ledger_core::proof::Proof;
use ledger_core::store::{Batch, Relation, Store as _, Touch};
use ledger_core::tile::{Tile, TileReader, TileSource, parse_bundle, parse_hashes, tiles_of};
use scene::{Answer, Site, key};
use serde_json::json;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const BRIEFLY: &str = "public, max-age=2";

/// A site with this many entries, committed a few at a time.
fn site_of(size: u64) -> Site {
    let site = Site::new();
    let notes: Vec<_> = (1..size)
        .map(|n| site.opening(&format!("2018-{n}")))
        .collect();
    for chunk in notes.chunks(100) {
        site.runtime.block_on(async {
            let ask = |note: &Vec<u8>| {
                let request = scene::submission(note.clone());
                tokio::spawn(scene::answer(site.router.clone(), request))
            };
            for task in chunk.iter().map(ask).collect::<Vec<_>>() {
                assert_eq!(task.await.unwrap().status.as_u16(), 201);
            }
        });
    }
    assert_eq!(site.entries(), size);
    site
}

fn has_headers(answer: &Answer, kind: &str, cache: &str) {
    assert_eq!(answer.status.as_u16(), 200, "{:?}", answer.body);
    assert_eq!(answer.header("content-type"), kind);
    assert_eq!(answer.header("cache-control"), cache);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

/// An outsider who has nothing but the site's answers.
struct Outsider<'a>(&'a Site);

impl TileSource for Outsider<'_> {
    type Error = String;

    fn fetch(&self, tile: &Tile) -> Result<Vec<u8>, String> {
        let answer = self.0.get(&format!("/donglang/{tile}"));
        match answer.status.as_u16() {
            200 => Ok(answer.body.to_vec()),
            _ => Err(answer.text().to_owned()),
        }
    }
}

#[test]
fn an_outsider_reads_the_whole_log_by_its_tiles() {
    let site = site_of(300);
    let checkpoint = site.checkpoint();
    let (size, root) = (
        checkpoint.checkpoint().size(),
        *checkpoint.checkpoint().root(),
    );
    assert_eq!(size, 300);
    let reader = TileReader::new(Outsider(&site), size, &root).unwrap();
    let mut entries = reader.entries(0).unwrap();
    entries.extend(reader.entries(1).unwrap());
    let stored = site.store.entries(0, 300).unwrap();
    assert_eq!(entries, stored);
    for tile in tiles_of(size) {
        let answer = site.get(&format!("/donglang/{tile}"));
        has_headers(&answer, "application/octet-stream", FOR_EVER);
    }
}

#[test]
fn partial_tiles_are_there_for_every_smaller_size_and_none_beyond() {
    let site = site_of(258);
    let tile = |path: &str| site.get(&format!("/donglang/tile/{path}"));
    let full = parse_hashes(&tile("0/000").body).unwrap();
    assert_eq!(full.len(), 256);
    for width in [1, 2, 77, 255] {
        let partial = tile(&format!("0/000.p/{width}"));
        assert_eq!(parse_hashes(&partial.body).unwrap(), full[..width]);
        let bundle = tile(&format!("entries/000.p/{width}"));
        let entries = parse_bundle(&bundle.body).unwrap();
        let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::leaf(entry)).collect();
        assert_eq!(leaves, full[..width]);
    }
    assert_eq!(tile("0/001.p/2").body.len(), 64);
    assert_eq!(tile("1/000.p/1").body.len(), 32);
    for beyond in [
        "0/001.p/3",
        "0/001",
        "0/002.p/1",
        "1/000.p/2",
        "1/000",
        "2/000.p/1",
        "7/000.p/1",
        "63/000.p/1",
        "entries/001.p/3",
        "entries/001",
        "entries/x001/000.p/1",
        "0/x036/x028/x797/x018/x963/967",
    ] {
        let problem = tile(beyond).problem(404, "no_tile");
        assert_eq!(problem["size"], 258, "{beyond}");
    }
}

#[test]
fn what_is_stored_but_not_published_is_not_served() {
    let site = site_of(3);
    let entry = b"not published".to_vec();
    let batch = Batch {
        nodes: vec![(0, Hash::leaf(&entry))],
        entries: vec![entry],
        touches: vec![vec![Touch {
            stream: "transaction/x".parse().unwrap(),
            relation: Relation::Own,
        }]],
    };
    site.store.clone().append(3, &batch).unwrap();
    site.get("/donglang/tile/0/000.p/4").problem(404, "no_tile");
    site.get("/donglang/tile/entries/000.p/4")
        .problem(404, "no_tile");
    site.get("/donglang/proof/3").problem(404, "no_entry");
    assert_eq!(site.get("/donglang/tile/0/000.p/3").status.as_u16(), 200);
}

#[test]
fn a_tile_has_one_spelling() {
    let site = site_of(3);
    for path in [
        "0/0.p/3",
        "00/000.p/3",
        "0/000.p/03",
        "0/000.p/0",
        "0/000.p/256",
        "0/x000/000.p/3",
        "64/000.p/1",
        "0/%30%30%30.p/3",
        "0/000.p/3/",
        "0//000.p/3",
        "-1/000",
        "entries/000.p",
        "data/000",
        "0/",
    ] {
        site.get(&format!("/donglang/tile/{path}"))
            .problem(404, "not_found");
    }
}

#[test]
fn the_checkpoint_is_the_newest_and_kept_briefly() {
    let site = Site::new();
    for size in 1..4 {
        let answer = site.get("/donglang/checkpoint");
        has_headers(&answer, "text/plain; charset=utf-8", BRIEFLY);
        assert_eq!(site.checkpoint().checkpoint().size(), size);
        assert_eq!(Some(answer.body.to_vec()), site.store.checkpoint().unwrap());
        assert_eq!(
            site.submit(site.opening(&format!("2018-{size}")))
                .status
                .as_u16(),
            201
        );
    }
}

#[test]
fn entries_are_compressed_for_who_can_read_that() {
    let site = site_of(20);
    let ask = |path: &str, encoding: &str| {
        let request = Request::get(path).header("accept-encoding", encoding);
        site.ask(request.body(Body::empty()).unwrap())
    };
    let path = "/donglang/tile/entries/000.p/20";
    let plain = ask(path, "identity");
    assert_eq!(plain.header("content-encoding"), "");
    let packed = ask(path, "gzip, identity");
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.header("vary").contains("accept-encoding"));
    assert_eq!(packed.header("cache-control"), FOR_EVER);
    assert!(packed.body.len() < plain.body.len() / 2);
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&*packed.body);
    decoder.read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    // Hashes do not get smaller.
    assert_eq!(
        ask("/donglang/tile/0/000.p/20", "gzip").header("content-encoding"),
        ""
    );
}

#[test]
fn a_proof_is_under_the_newest_checkpoint() {
    let site = site_of(9);
    for index in 0..9 {
        let answer = site.get(&format!("/donglang/proof/{index}"));
        has_headers(&answer, "text/plain; charset=utf-8", BRIEFLY);
        let leaf = Hash::leaf(&site.store.entry(index).unwrap());
        let proof = Proof::parse(&answer.body).unwrap();
        assert_eq!(proof.index(), index);
        let under = proof.verify(&leaf, key(None).verifier()).unwrap();
        assert_eq!(under.checkpoint().size(), 9);
    }
    let problem = site.get("/donglang/proof/9").problem(404, "no_entry");
    assert_eq!(
        (&problem["found"], &problem["size"]),
        (&json!(9), &json!(9))
    );
    for index in ["", "00", "-1", "+1", "x", "9223372036854775808"] {
        site.get(&format!("/donglang/proof/{index}"))
            .problem(404, "not_found");
    }
}

#[test]
fn ledgers_describe_themselves() {
    let site = site_of(2);
    let all = site.get("/ledgers.json");
    has_headers(&all, "application/json", BRIEFLY);
    let listed = json!({
        "slug": "donglang", "origin": scene::ORIGIN, "ledger_id": site.ledger_id.to_string(),
        "name": "东塱<经济>联社", "size": 2, "training": true,
    });
    assert_eq!(all.json(), json!([listed]));
    let one = site.get("/donglang/ledger.json");
    has_headers(&one, "application/json", BRIEFLY);
    let mut one = one.json();
    let members = one.as_object_mut().unwrap();
    let policy = members.remove("policy").unwrap();
    let log_key = members.remove("log_key").unwrap();
    assert_eq!(one, listed);
    assert_eq!(log_key, key(None).verifier().to_string());
    let policy = Policy::parse(policy.as_str().unwrap().as_bytes()).unwrap();
    let verdict = policy
        .check(&site.get("/donglang/checkpoint").body)
        .unwrap();
    assert_eq!(verdict.accept().unwrap().checkpoint().size(), 2);
}

#[test]
fn a_document_is_given_by_its_digest_and_never_shown() {
    let site = Site::new();
    let document = b"<script>alert(1)</script>";
    let digest = site.store.clone().put_document(document).unwrap();
    let answer = site.get(&format!("/donglang/documents/{digest}"));
    has_headers(&answer, "application/octet-stream", FOR_EVER);
    assert_eq!(&*answer.body, document);
    assert_eq!(Digest::of(&answer.body), digest);
    assert!(
        answer
            .header("content-disposition")
            .starts_with("attachment")
    );
    assert!(answer.header("content-security-policy").contains("sandbox"));
    let other = Digest::of(b"other");
    for name in [
        other.to_string(),
        digest.to_string().to_uppercase(),
        "..%2fcheckpoint".to_owned(),
    ] {
        site.get(&format!("/donglang/documents/{name}"))
            .problem(404, "not_found");
    }
}

/// Nobody gets a private document without a reader's signature, by whatever name somebody asks for it.
#[test]
fn a_private_document_is_not_served_to_anybody() {
    let site = Site::new();
    let mut store = site.store.clone();
    let (secret, salt) = (b"a copy of an identity card", Salt::from_bytes([7; 32]));
    let commitment = store.put_private_document(&salt, secret).unwrap();
    assert!(store.private_document(&commitment).unwrap().is_some());
    let digest = Digest::of(secret);
    for name in [
        format!("documents/{commitment}"),
        format!("documents/{digest}"),
        format!("private/{commitment}"),
        format!("private/{digest}"),
        format!("documents/..%2fprivate%2f{commitment}"),
        format!("documents/../private/{commitment}"),
        "private".to_owned(),
    ] {
        let answer = site.get(&format!("/donglang/{name}"));
        // Where a reader would sign, that is said whether there is one or not.
        let unsigned = name.starts_with("private/");
        let expected = if unsigned { 401 } else { 404 };
        assert_eq!(answer.status.as_u16(), expected, "{name}");
        let body = answer.body.to_vec();
        assert!(
            !body.windows(8).any(|part| secret.starts_with(part)),
            "{name}"
        );
    }
}

#[test]
fn the_first_page_runs_nothing_and_leads_to_what_is_there() {
    let site = Site::new();
    let english = site.get("/?lang=en");
    assert!(english.text().contains("Training ledger"));
    let page = site.get("/");
    has_headers(&page, "text/html; charset=utf-8", BRIEFLY);
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    let html = page.text();
    assert!(
        html.contains("东塱&#60;经济&#62;联社") && !html.contains("<经济>"),
        "{html}"
    );
    assert!(html.contains("演示账本"));
    assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("style="));
    let links: Vec<&str> = html
        .split("href=\"")
        .skip(1)
        .filter_map(|l| l.split('"').next())
        .collect();
    assert!(links.len() >= 4);
    for link in links
        .into_iter()
        .filter(|link| !link.starts_with(['#', 'd']))
    {
        assert_eq!(site.get(link).status.as_u16(), 200, "{link}");
    }
}

#[test]
fn head_answers_as_get_without_a_body() {
    let site = site_of(2);
    for path in [
        "/",
        "/ledgers.json",
        "/healthz",
        "/donglang/checkpoint",
        "/donglang/ledger.json",
        "/donglang/proof/1",
        "/donglang/tile/0/000.p/2",
        "/donglang/tile/entries/000.p/2",
        "/donglang/tile/0/000",
        "/nowhere",
    ] {
        let got = site.get(path);
        let head = site.ask(Request::head(path).body(Body::empty()).unwrap());
        assert_eq!(head.status, got.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in [
            "content-type",
            "cache-control",
            "access-control-allow-origin",
        ] {
            assert_eq!(head.header(name), got.header(name), "{path}");
        }
    }
}

#[test]
fn what_is_not_there_is_404_and_other_methods_are_405() {
    let site = Site::new();
    for path in [
        "/nowhere",
        "/donglang/nowhere",
        "/other/checkpoint",
        "/donglang/proof/%ff",
        "/donglang/documents/%ff",
    ] {
        site.get(path).problem(404, "not_found");
    }
    let english = Request::get("/nowhere").header("accept-language", "en");
    let answer = site.ask(english.body(Body::empty()).unwrap());
    assert_eq!(answer.problem(404, "not_found")["title"], "not found");
    for (method, path, allowed) in [
        (Method::GET, "/donglang/events", "POST"),
        (Method::POST, "/donglang/checkpoint", "GET,HEAD"),
        (Method::DELETE, "/donglang/tile/0/000.p/1", "GET,HEAD"),
        (Method::PUT, "/ledgers.json", "GET,HEAD"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let answer = site.ask(request.body(Body::empty()).unwrap());
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
}

#[test]
fn any_page_may_ask_before_it_submits() {
    let site = Site::new();
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri("/donglang/events")
        .header("origin", "https://elsewhere.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let answer = site.ask(request.body(Body::empty()).unwrap());
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(
        answer
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("content-type")
    );
}
