//! Whose cosignatures stand below the newest checkpoint, counted against the policy.

use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::policy::{Policy, PolicyError};

use super::{Grade, Look, Raw, Witnessed};

impl Look<'_> {
    /// Counts cosignatures, by the policy that somebody asks for, or else by the one that is kept here. Too
    /// few of them do harm only if they were asked for: a young checkpoint has none yet.
    pub(super) fn witnesses(
        &mut self,
        checkpoint: &SignedCheckpoint,
        asked: Option<&Policy>,
    ) -> anyhow::Result<()> {
        const PLACE: &str = "checkpoint";
        let own = match asked {
            Some(_) => None,
            None => self.stated_policy()?,
        };
        let Some(policy) = asked.or(own.as_ref()) else {
            return Ok(());
        };
        let verdict = match policy.check_log(&checkpoint.to_bytes(), &self.pins.log_key) {
            Ok(verdict) => verdict,
            Err(PolicyError::Cosignature { witness, problem }) => {
                let zh = format!("见证方 {witness} 的签名不成立：{problem}");
                let en = format!("the cosignature of {witness} does not hold: {problem}");
                self.note(Grade::Bad, PLACE, zh, en);
                return Ok(());
            }
            Err(error) => {
                self.note(Grade::Bad, PLACE, error.to_string(), error.to_string());
                return Ok(());
            }
        };
        let names: Vec<String> = (verdict.cosigned.into_iter())
            .map(|cosigned| cosigned.witness)
            .collect();
        if !verdict.quorum_met {
            let grade = match asked {
                Some(_) => Grade::Missing,
                None => Grade::Partial,
            };
            let (found, all) = (names.len(), policy.witnesses().len());
            let quorum = policy.quorum().unwrap_or_default();
            let zh = format!("见证还不够：规则 {quorum} 未满足，{all} 个见证方中有 {found} 个签了");
            let en = format!(
                "not cosigned enough yet: {quorum} is not met, {found} of {all} witnesses have signed"
            );
            self.note(grade, PLACE, zh, en);
        }
        self.found.witnessed = Some(Witnessed {
            by: names,
            enough: verdict.quorum_met,
            of: policy.witnesses().len(),
        });
        Ok(())
    }

    /// The policy that is kept beside the ledger.
    fn stated_policy(&mut self) -> anyhow::Result<Option<Policy>> {
        let (place, text) = match self.raw {
            Raw::Data(_) => ("policy", self.raw.read("policy")?),
            Raw::Mirror(_) | Raw::Url(_) => {
                let described = self.raw.read("ledger.json")?.unwrap_or_default();
                let described: serde_json::Value =
                    serde_json::from_slice(&described).unwrap_or_default();
                let text = described["policy"].as_str();
                ("ledger.json", text.map(|text| text.as_bytes().to_vec()))
            }
        };
        let Some(text) = text else { return Ok(None) };
        match Policy::parse(&text) {
            Ok(policy) => Ok(Some(policy).filter(|policy| !policy.witnesses().is_empty())),
            Err(error) => {
                self.note(Grade::Bad, place, error.to_string(), error.to_string());
                Ok(None)
            }
        }
    }
}
