//! What the ledger's own stream says during the year. (账本大事的内容)

use ledger_core::charter::VotingBody;
use ledger_core::event::{Ballot, CharterAdopted, Event, KeyRotated, MemberEnrolled};
use ledger_core::record::{Attendance, MeetingHeld, PeriodAttested, RelativeDeclared};
use ledger_core::time::Date;

use super::{ASSEMBLY, Script};
use crate::demo::catalogue::RELATIVE;
use crate::demo::charters::REASON;
use crate::demo::chronicle::Own;
use crate::demo::dice::Dice;
use crate::demo::fault::DemoError;
use crate::demo::papers::sample;
use crate::demo::people::{DECLARES, JOINS_LATER, Keyring, ROTATES};

impl Script<'_> {
    /// An event in the ledger's own stream. `keys` are those of the key files.
    pub(crate) fn own(
        &mut self,
        own: Own,
        today: Date,
        keys: &Keyring,
    ) -> Result<Event, DemoError> {
        Ok(match own {
            Own::CouncilMet => Event::MeetingHeld(self.council_met(today)?),
            Own::RelativeDeclared => Event::RelativeDeclared(RelativeDeclared {
                documents: Vec::new(),
                member: DECLARES.parse()?,
                name: RELATIVE.parse()?,
                relation: "配偶经营的店铺".parse()?,
                summary: "配偶经营的店铺可能报名承租集体商铺。如其报名，请交易服务机构在资格审核时依规处理。"
                    .parse()?,
            }),
            Own::Attested {
                quarter,
                from,
                until,
            } => Event::PeriodAttested(PeriodAttested {
                documents: Vec::new(),
                from,
                statement: format!(
                    "2018 年第 {quarter} 季度应当登记的资金、资产、资源交易均已登记，没有账外交易；补录的已注明原因。"
                )
                .parse()?,
                until,
            }),
            Own::MemberEnrolled => Event::MemberEnrolled(MemberEnrolled {
                enrolment: keys.enrolment(&JOINS_LATER)?,
            }),
            Own::CharterAdopted => Event::CharterAdopted(Box::new(CharterAdopted {
                applies_to_open: false,
                charter: self.plan.charters.amended.clone(),
                reason: REASON.parse()?,
                vote: Some(self.adopted(today)),
            })),
            Own::KeyRotated => Event::KeyRotated(KeyRotated {
                key: keys.of(ROTATES)?.verifier().clone(),
                member: ROTATES.parse()?,
            }),
        })
    }

    fn council_met(&mut self, held_on: Date) -> Result<MeetingHeld, DemoError> {
        let paper = self
            .papers
            .write("minutes", "会议记录", &sample("理事会会议记录"))?;
        Ok(MeetingHeld {
            attendance: Attendance {
                called: 5,
                present: 5,
            },
            body: "理事会 2018 年第一次会议".parse()?,
            documents: vec![paper],
            held_on,
            summary: "议定本年拟办的出租、发包和支出事项清单；要求理事、监事在一月内申报可能参与交易的亲属；\
                      每季度末确认登记完整。"
                .parse()?,
        })
    }

    /// How the assembly votes on the new charter: enough of all members for it.
    fn adopted(&self, held_on: Date) -> Ballot {
        let mut dice = Dice::new(self.plan.seed, "charter");
        let (present, against, abstain) =
            (dice.count(690, 748), dice.count(5, 40), dice.count(3, 25));
        Ballot {
            abstain,
            against,
            body: VotingBody::Assembly,
            eligible: ASSEMBLY.1,
            r#for: present - against - abstain,
            held_on,
            members: ASSEMBLY.0,
            present,
        }
    }
}
