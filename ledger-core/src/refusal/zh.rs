//! What each refusal says in Chinese: expected, found, and the way out.

use super::{Refusal, body, labels, list, roles, step, steps};
use crate::language::Language;
use crate::step::Step;

impl Refusal {
    pub(super) fn detail_zh(&self) -> String {
        let l = Language::Zh;
        match self {
            Self::UnknownKey { found } => {
                format!("名册上没有 {found} 的这把钥匙。请先由有权的人办理入册或换钥，再重新签署。")
            }
            Self::InactiveKey { member } => {
                format!("{member} 的这把钥匙现已停用。请用现行的钥匙重新签署。")
            }
            Self::InvalidSignature { found } => {
                format!("{found} 的签名与内容对不上：内容或签名被改过。请重新签署原文。")
            }
            Self::NotOpened => "这个账本还没有第 0 条“建账”。请先建账（sanzi init）。".to_owned(),
            Self::AlreadyOpened => "这个账本已经建账，不能再建一次。".to_owned(),
            Self::WrongStream { expected, found } => {
                format!("这种事件应写入 {expected}，现写的是 {found}。")
            }
            Self::StalePrev { expected, .. } => format!(
                "这条流在您起草之后又有新条目，最新的是 {expected}。请以它为 prev 重新起草并请各方重新签署。"
            ),
            Self::FutureTime {
                found,
                acceptable_from,
            } => format!("所写时间 {found} 在将来；{acceptable_from} 起可以登记。请核对电脑时钟。"),
            Self::SignerWithoutRole { member, expected } => format!(
                "{member} 在这件事里没有可签的岗位（不任这些岗位，或该岗位已有人签）：{}。请去掉这个签名，或先办理任职。",
                roles(expected, l)
            ),
            Self::FounderUnsigned { missing } => format!(
                "建账须由全部发起成员签署，还缺：{}。",
                list(missing, ToString::to_string, l)
            ),
            Self::MissingRoles { missing_roles } => format!(
                "还缺签署：{}。请由他们会签后再提交。",
                roles(missing_roles, l)
            ),
            Self::OnePersonTwoRoles { roles: two } => format!(
                "一个人不能在同一事件中顶两个岗位：{}。请由不同的人分别签署。",
                roles(two, l)
            ),
            Self::TransactionCompleted => "十六个环节均已完成，不能再登记环节。".to_owned(),
            Self::TransactionTerminated => {
                "这笔交易已经终止，不能再登记。要再办，请另立一笔新的交易。".to_owned()
            }
            Self::NotBegun { found } => {
                format!("交易 {found} 还没有任何记录。请核对交易编号；新交易从资产核实办起。")
            }
            Self::OutOfOrder { expected, found } => format!(
                "现在应办{}，收到的是{}。请先办完前面的环节。",
                step(*expected, l),
                step(*found, l)
            ),
            Self::ChannelMissing { point, missing } => format!(
                "{}还没有在这些渠道张贴：{}。请逐一张贴并登记后再办下一环节。",
                step(point.step(), l),
                labels(missing, l)
            ),
            Self::WindowOpen {
                step: at,
                acceptable_from,
            } => format!(
                "{}的公开期未满；{acceptable_from} 起可以登记下一环节。",
                step(*at, l)
            ),
            Self::CalendarMissing { year } => format!(
                "章程里没有 {year} 年的节假日安排，无法计算工作日。请先修订章程，写入国务院办公厅当年的通知。"
            ),
            Self::BiddingFailed => {
                "竞价未成交，不能进入结果公示；须退回发布公告或重定方案。".to_owned()
            }
            Self::NothingToPost => "现在没有等待张贴的公开内容。请核对交易编号和环节。".to_owned(),
            Self::UnknownChannel { expected, found } => {
                format!("没有渠道 {found}；可用：{}。", labels(expected, l))
            }
            Self::AlreadyPosted { found, missing } => {
                format!("渠道 {found} 已登记过；还差：{}。", labels(missing, l))
            }
            Self::ChannelsIncomplete { missing } => {
                format!("章程要求的渠道没有列全，还差：{}。", labels(missing, l))
            }
            Self::DisclosureMismatch { expected, found } => format!(
                "由记录生成的公开内容摘要应为 {expected}，所签的是 {found}。请用软件重新生成公开内容，不要手改。"
            ),
            Self::DocumentMissing { missing } => {
                format!("还缺材料：{}。请补齐后重新签署。", labels(missing, l))
            }
            Self::Inconsistent {
                field,
                expected,
                found,
            } => format!("字段 {field}：应为 {expected}，实为 {found}。请更正后重新签署。"),
            Self::FutureDate {
                field,
                expected,
                found,
            } => format!("{field} 写的是 {found}，还没到；不得晚于 {expected}。事情办完后再登记。"),
            Self::WaiverNotAllowed { expected, found } if expected.is_empty() => format!(
                "章程没有规定这类交易可以豁免{}。请照常办理这个环节。",
                steps(found, l)
            ),
            Self::WaiverNotAllowed { expected, found } => format!(
                "章程不允许豁免从{}起止的各环节；这类交易可豁免的是：{}。其余请照常办理。",
                steps(found, l),
                steps(expected, l)
            ),
            Self::ReturnNotBack { expected, found } => format!(
                "不能退回到{}：它还没有办过。最多退回到{}。",
                step(*found, l),
                expected.map_or_else(|| "（尚无已办环节）".to_owned(), |s| step(s, l))
            ),
            Self::ReturnAfterFailure { found } => format!(
                "流拍后不能退回到{}：条件不变请退回到{}再次公告；降价或改条件须退回到{}或更前，重新表决。",
                step(*found, l),
                step(Step::ListingNotice, l),
                step(Step::PlanDrafting, l)
            ),
            Self::NothingToCorrect { found } => format!(
                "第 {found} 条不是本交易中现行有效、可以更正的记录。公开内容有误请更正其所依据的环节；豁免、退回有误请再作退回。"
            ),
            Self::CorrectionUnfit { field, found } => {
                format!("更正的字段 {field} 不合格式：{found}。请核对字段位置和值。")
            }
            Self::NegativeList {
                limit,
                text,
                expected,
                found,
            } => format!(
                "负面清单“{limit}”：{text}。应为 {expected}，实为 {found}。请改方案；清单本身只能通过修订章程改变。"
            ),
            Self::FindingOpen { found } => format!(
                "街道发现的问题还没有答复，答复前不得办下一环节：第 {} 条。请先登记整改答复。",
                list(found, ToString::to_string, l)
            ),
            Self::UnknownFinding { found } => {
                format!("第 {found} 条不是这里登记的街道问题。请核对条目号和交易编号。")
            }
            Self::FindingSettled { found, settled_by } => {
                format!("第 {found} 条问题已由第 {settled_by} 条答复；要补充，请由街道另提问题。")
            }
            Self::NotForSelf { expected, found } => format!(
                "亲属申报须由 {expected} 本人签署，且只由本人签署；现签署的是：{}。",
                list(found, ToString::to_string, l)
            ),
            Self::AdoptionUnvoted { expected } => format!(
                "现行章程规定新章程须经表决：{}。请在 vote 中填写表决结果。",
                list(expected, |b| body(*b, l).to_owned(), l)
            ),
            Self::WrongBody { expected, found } => format!(
                "{} 不能表决方案；可以的是：{}。",
                body(*found, l),
                list(expected, |b| body(*b, l).to_owned(), l)
            ),
            Self::QuorumNotReached { expected, found } => {
                format!("到会至少要 {expected} 人，实到 {found} 人。请依法重新召集。")
            }
            Self::VoteNotPassed { expected, found } => {
                format!("至少要 {expected} 票赞成，实得 {found} 票，方案未通过。")
            }
            Self::UnknownMember { found } => format!("名册上没有 {found}。请核对成员代号。"),
            Self::MemberExists { found } => {
                format!("{found} 已在名册。增加岗位请登记任职，换钥匙请登记换钥。")
            }
            Self::KeyInUse { member } => {
                format!("这把钥匙是 {member} 用过的；每人须用自己的新钥匙。")
            }
            Self::KeyName { expected, found } => format!(
                "钥匙须是名为 {expected} 的 Ed25519 签名钥匙，现为 {found}。请用 sanzi key new 重新生成。"
            ),
            Self::ForeignKey { member, found } => {
                format!("{member} 从未用过这把钥匙：{found}。请核对名册。")
            }
            Self::RoleHeld { member, role } => format!("{member} 已任{}。", role.zh()),
            Self::RoleNotHeld { member, role } => format!("{member} 现在不任{}。", role.zh()),
            Self::RolesExcluded { member, roles: two } => format!(
                "{member} 不得同时任：{}。请先登记其中一个岗位的离任。",
                roles(two, l)
            ),
            Self::Unstaffed { missing_roles } => format!(
                "这样一来没有人任：{}，名册和章程就再也改不了了。请先安排人选。",
                roles(missing_roles, l)
            ),
            Self::TrainingOnly { field } => format!(
                "正式账本的时限须以日或工作日计；章程 {field} 用了更短的单位。请改章程，或建演示账本。"
            ),
            Self::CharterVersion { expected, found } => {
                format!("新章程的版本号至少为 {expected}，现为 {found}。")
            }
            Self::CompromisedLater { expected, found } => {
                format!("失控时间不得晚于 {expected}，现为 {found}。")
            }
        }
    }
}
