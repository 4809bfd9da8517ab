//! A member who sits at the staff desk: signs in as a browser does, and asks with its cookie.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN as FROM};
use data_encoding::BASE64;
use ledger_core::key::SigningKey;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Answer, answer, key};

/// The host at which the desk is asked.
pub(crate) const DESK_HOST: &str = "sanzi.example.org";

/// What a page of the desk sends with whatever it sends.
pub(crate) fn from_desk(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("/donglang/desk{path}"))
        .header(HOST, DESK_HOST)
        .header(FROM, format!("https://{DESK_HOST}"))
        .header(CONTENT_TYPE, "application/json")
        .header("accept-language", "en")
}

/// A browser at the desk.
pub(crate) struct Sitter<'a> {
    runtime: &'a Runtime,
    router: Router,
    pub(crate) cookie: String,
}

impl<'a> Sitter<'a> {
    /// A browser where nobody has signed in.
    pub(crate) fn nobody(runtime: &'a Runtime, router: &Router) -> Self {
        Self {
            runtime,
            router: router.clone(),
            cookie: String::new(),
        }
    }

    /// With this member signed in.
    pub(crate) fn member(runtime: &'a Runtime, router: &Router, member: &str) -> Self {
        let mut sitter = Self::nobody(runtime, router);
        let answer = sitter.sign_in(&key(Some(member)));
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
        sitter
    }

    pub(crate) fn ask(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(answer(self.router.clone(), request))
    }

    pub(crate) fn challenge(&self) -> String {
        let answer = self.send("POST", "/challenge", &json!({}));
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        answer.json()["challenge"].as_str().unwrap().to_owned()
    }

    /// Signs a challenge with a key, and keeps the cookie.
    pub(crate) fn sign_in(&mut self, key: &SigningKey) -> Answer {
        let challenge = self.challenge();
        let signature = key.sign_request(&challenge);
        self.present(key, &challenge, &signature)
    }

    /// Presents a challenge and a signature.
    pub(crate) fn present(
        &mut self,
        key: &SigningKey,
        challenge: &str,
        signature: &[u8],
    ) -> Answer {
        let answer = self.send(
            "POST",
            "/session",
            &json!({
                "key": key.verifier().to_string(), "challenge": challenge,
                "signature": BASE64.encode(signature),
            }),
        );
        if let Some((cookie, _)) = answer.header("set-cookie").split_once(';') {
            self.cookie = cookie.to_owned();
        }
        answer
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        let request = from_desk("GET", path).header(COOKIE, &self.cookie);
        self.ask(request.body(Body::empty()).unwrap())
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = from_desk(method, path).header(COOKIE, &self.cookie);
        self.ask(request.body(Body::from(body.to_string())).unwrap())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body)
    }
}
