//! Signatures, proofs and canonical JSON: published edge cases and mutations, judged by both.

use data_encoding::{BASE64, HEXLOWER};
use ledger_core::canonical;
use ledger_core::hash::{Digest, Hash};
use ledger_core::key::{Algorithm, VerifierKey};
use ledger_core::tree::{verify_consistency, verify_inclusion};
use serde_json::{Value, json};

use crate::ask;
use crate::scene::key;

/// What is asked, and what the Rust code answers.
#[derive(Default)]
struct Questions {
    asked: Vec<Value>,
    accepted: Vec<bool>,
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn hex(text: &Value) -> Vec<u8> {
    HEXLOWER.decode(text.as_str().unwrap().as_bytes()).unwrap()
}

/// A hash as the published cases write it: see their README. `None` is a wrong length.
fn hash(text: &Value) -> Option<Hash> {
    let bytes = BASE64.decode(text.as_str().unwrap().as_bytes()).unwrap();
    match bytes.len() {
        0 => None,
        32 => Hash::from_base64(text.as_str().unwrap()),
        _ => Some(Hash::from_bytes(*Digest::of(&bytes).as_bytes())),
    }
}

impl Questions {
    fn ask(&mut self, question: Value, accepted: bool) {
        self.asked.push(question);
        self.accepted.push(accepted);
    }

    fn signature(&mut self, public: &[u8], message: &[u8], signature: &[u8]) {
        let accepted = public.try_into().is_ok_and(|public| {
            VerifierKey::new("vector", Algorithm::Ed25519, public)
                .is_ok_and(|key| key.verify(message, signature).is_ok())
        });
        let encode = |bytes: &[u8]| HEXLOWER.encode(bytes);
        self.ask(
            json!({
                "ask": "signature", "key": encode(public), "message": encode(message),
                "signature": encode(signature),
            }),
            accepted,
        );
    }

    fn published_signatures(&mut self) {
        let cases = read(include_str!(
            "../../../ledger-core/tests/vectors/ed25519/wycheproof.json"
        ));
        for group in cases["testGroups"].as_array().unwrap() {
            let public = hex(&group["publicKey"]["pk"]);
            for test in group["tests"].as_array().unwrap() {
                self.signature(&public, &hex(&test["msg"]), &hex(&test["sig"]));
            }
        }
        let cases = read(include_str!(
            "../../../ledger-core/tests/vectors/ed25519/speccheck.json"
        ));
        for case in cases.as_array().unwrap() {
            self.signature(
                &hex(&case["pub_key"]),
                &hex(&case["message"]),
                &hex(&case["signature"]),
            );
        }
    }

    /// A true signature, bent in every byte, and with points that are no honest signer's.
    fn mutated_signatures(&mut self) {
        let signer = key("chen", 1);
        let line = signer.sign_note_text("东塱\n");
        let (message, true_one) = ("东塱\n".as_bytes(), line.signature().to_vec());
        let public = *signer.verifier().public_key();
        self.signature(&public, message, &true_one);
        for at in 0..64 {
            for bit in [0, 7] {
                let mut bent = true_one.clone();
                bent[at] ^= 1 << bit;
                self.signature(&public, message, &bent);
            }
        }
        for at in 0..32 {
            let mut bent = public;
            bent[at] ^= 1;
            self.signature(&bent, message, &true_one);
        }
        self.signature(&public, message, &true_one[..63]);
        self.signature(&public, b"other", &true_one);
        // s + l says the same to a verifier that does not look.
        let order = HEXLOWER
            .decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
            .unwrap();
        let mut larger = true_one.clone();
        let mut carry = 0;
        for (byte, more) in larger[32..].iter_mut().zip(&order) {
            let sum = u16::from(*byte) + u16::from(*more) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        self.signature(&public, message, &larger);
        // Points of small order, canonical and not, as key and as R.
        for point in [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            let point = HEXLOWER.decode(point.as_bytes()).unwrap();
            let with_r = [&point[..], &true_one[32..]].concat();
            self.signature(&public, message, &with_r);
            self.signature(&point, message, &true_one);
            self.signature(&point, message, &[&point[..], &[0; 32]].concat());
            self.signature(&public, message, &[&point[..], &[0; 32]].concat());
        }
    }

    fn proofs(&mut self) {
        let cases = read(include_str!(
            "../../../ledger-core/tests/vectors/rfc6962/cases.json"
        ));
        let text = |hash: &Hash| hash.to_string();
        for case in cases["inclusion"].as_array().unwrap() {
            let proof: Option<Vec<Hash>> =
                case["proof"].as_array().unwrap().iter().map(hash).collect();
            let (Some(leaf), Some(root), Some(proof)) =
                (hash(&case["leafHash"]), hash(&case["root"]), proof)
            else {
                continue;
            };
            let (index, size) = (
                case["leafIdx"].as_u64().unwrap(),
                case["treeSize"].as_u64().unwrap(),
            );
            let accepted = verify_inclusion(index, size, &leaf, &root, &proof).is_ok();
            let proof: Vec<String> = proof.iter().map(text).collect();
            // Sizes beyond what a browser holds exactly cannot be said there.
            if index.max(size) < 1 << 53 {
                self.ask(
                    json!({"ask": "inclusion", "index": index, "size": size, "leaf": text(&leaf), "root": text(&root), "proof": proof}),
                    accepted,
                );
            }
        }
        for case in cases["consistency"].as_array().unwrap() {
            let proof: Option<Vec<Hash>> =
                case["proof"].as_array().unwrap().iter().map(hash).collect();
            let (Some(old), Some(new), Some(proof)) =
                (hash(&case["root1"]), hash(&case["root2"]), proof)
            else {
                continue;
            };
            let (before, size) = (
                case["size1"].as_u64().unwrap(),
                case["size2"].as_u64().unwrap(),
            );
            let accepted = verify_consistency(before, size, &old, &new, &proof).is_ok();
            let proof: Vec<String> = proof.iter().map(text).collect();
            self.ask(
                json!({"ask": "consistency", "old": before, "size": size, "old_root": text(&old), "root": text(&new), "proof": proof}),
                accepted,
            );
        }
    }

    fn texts(&mut self) {
        for text in [
            r#"{"a":1,"b":[true,"x"]}"#,
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1.5}"#,
            r#"{"a":1e3}"#,
            r#"{"a":-0}"#,
            r#"{"a":-7}"#,
            r#"{"a":9007199254740991}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":-9007199254740991}"#,
            r#"{"a":null}"#,
            r#"{"a": 1}"#,
            r#"{"a":"\u4e1c"}"#,
            r#"{"a":"东"}"#,
            r#"{"a":"\""}"#,
            r#"{"a":"\\"}"#,
            r#"{"a":"\/"}"#,
            r#"{"a":"\n"}"#,
            r#"{"a":"\u0000"}"#,
            r#"{"a":"\ud800"}"#,
            "{\"a\":\"\u{7f}\"}",
            "{\"a\":\"\u{85}\"}",
            "{\"a\":\"\u{61c}\"}",
            "{\"a\":\"\u{200b}\"}",
            "{\"a\":\"\u{200e}\"}",
            "{\"a\":\"\u{2028}\"}",
            "{\"a\":\"\u{202a}\"}",
            "{\"a\":\"\u{202f}\"}",
            "{\"a\":\"\u{2066}\"}",
            "{\"a\":\"\u{2069}\"}",
            "{\"a\":\"\u{206a}\"}",
            "{\"a\":\"\u{feff}\"}",
            "{\"a\":\"\u{fdd0}\"}",
            "{\"a\":\"\u{fffe}\"}",
            "{\"a\":\"\u{1ffff}\"}",
            "{\"a\":\"\u{10fffe}\"}",
            "{\"a\":\"\u{e000}\"}",
            "{\"a\":\"\u{1f600}\"}",
            // The order of keys is that of UTF-16 code units.
            "{\"\u{1f600}\":1,\"\u{ffe6}\":2}",
            "{\"\u{ffe6}\":2,\"\u{1f600}\":1}",
            r#"{"":1}"#,
            r#"{"__proto__":{"a":1}}"#,
            r#"{"a":{}} "#,
            "[]",
            "",
            "{",
        ] {
            let value = canonical::from_slice::<Value>(text.as_bytes());
            let accepted = value.is_ok() && canonical::check_text(text).is_ok();
            self.ask(json!({"ask": "canonical", "text": text}), accepted);
        }
    }
}

#[test]
fn both_verifiers_judge_signatures_proofs_and_texts_alike() {
    let mut questions = Questions::default();
    questions.published_signatures();
    questions.mutated_signatures();
    questions.proofs();
    questions.texts();
    let accepted = questions
        .accepted
        .iter()
        .filter(|accepted| **accepted)
        .count();
    assert!(accepted > 100 && questions.accepted.len() - accepted > 300);
    let Some(answers) = ask::<&str>("primitives", &[], &json!(questions.asked)) else {
        return;
    };
    assert_eq!(answers.len(), questions.asked.len());
    for ((question, expected), answer) in questions
        .asked
        .iter()
        .zip(&questions.accepted)
        .zip(&answers)
    {
        assert_eq!(answer["accepts"], *expected, "{question}");
    }
}
