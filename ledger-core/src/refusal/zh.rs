//! What each refusal says in Chinese: expected, found, and the way out.

use super::{Refusal, body, half, labels, list, roles, step, steps, wanted};
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
            Self::PrivateData {
                field,
                expected,
                found,
                from,
                until,
            } => format!(
                "{field} 第 {from} 至 {until} 个字符像是{}。账本是公开的，登记后删不掉，所以不收。{}",
                found.zh(),
                wanted(expected, l)
            ),
            Self::SignerWithoutRole { member, expected } => format!(
                "{member} 在这件事里没有可签的岗位（不任这些岗位，或该岗位已有人签）：{}。请改由任这些岗位的人签署；确应由 {member} 签的，先办理任职。",
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
            Self::NoSteps { taken_over_by } => format!(
                "这是开账前就有的合同（第 {taken_over_by} 条登记），当时的程序没有在账本里办，也不能补办环节。请登记它的履行情况：应收应付、收付款、变更、续签、终止、收回；合同到期后重新出租，请另立一笔新的交易。"
            ),
            Self::TransactionExists { found } => format!(
                "交易编号 {found} 已经有记录。若是同一份合同，不必再登记；若是另一份，请换一个编号。"
            ),
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
            Self::ConcernOpen {
                step: at,
                found,
                count,
                answered_by,
            } => format!(
                "{}的公开期内有 {count} 条群众意见还没有答复：{}{}。请先登记意见答复（concern_answered，由{}签署；一次可答复多条），再办下一环节。",
                step(*at, l),
                list(found, ToString::to_string, l),
                if *count > found.len() as u64 {
                    "等"
                } else {
                    ""
                },
                roles(answered_by, l)
            ),
            Self::ConcernExists { found } => {
                format!("意见编号 {found} 已用过。新的意见请另取一个编号。")
            }
            Self::ConcernTooEarly { expected, found } => format!(
                "{}还没有办，不能就“{}”提意见。可先以“其他”（general）提出，或等公开后再提。",
                step(*expected, l),
                found.zh()
            ),
            Self::ConcernUnknown { found } => {
                format!(
                    "没有编号为 {found} 的意见。请核对意见编号；新的意见用 concern_raised 登记。"
                )
            }
            Self::ConcernOfAnother {
                concern,
                expected,
                found,
            } => format!(
                "意见 {concern} 是关于交易 {expected} 的，写的是 {found}。一次答复只能针对同一笔交易的意见，请分开答复。"
            ),
            Self::ConcernAnsweredBefore { found, answered_by } => format!(
                "意见 {found} 已在第 {answered_by} 条答复过，一条意见只答复一次。一并答复时请去掉它；对答复不满意或另有补充，请再提一条新的意见。"
            ),
            Self::ConcernUnanswered { found } => {
                format!(
                    "意见 {found} 还没有答复，不能办结或评价。请先登记意见答复（concern_answered）。"
                )
            }
            Self::ConcernClosedBefore { found, closed_by } => format!(
                "意见 {found} 已在第 {closed_by} 条办结，不能再办一次。另有问题请再提一条新的意见。"
            ),
            Self::ConcernRatedBefore { found, rated_by } => format!(
                "意见 {found} 已在第 {rated_by} 条评价过，一条意见只评价一次。另有话说请再提一条新的意见。"
            ),
            Self::ConcernHiddenBefore { found, hidden_by } => format!(
                "意见 {found} 的内容已由第 {hidden_by} 条屏蔽，不必再做。要连有权查阅的人也看不到，须用 document_erased 销毁。"
            ),
            Self::ConcernNotHideable { found } => format!(
                "意见 {found} 的内容直接写在条目里，账本不能改，无法屏蔽；只有另存为不公开材料（concern_text）的内容可以屏蔽。请用意见答复说明情况。"
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
            Self::SignedUnderLedger { expected, found } => format!(
                "合同签订日期写的是 {found}，在开账（{expected}）之后。开账后签的合同不能当存量合同登记，请从第 1 环节“资产核实”办起；若是开账前合同的续签，请先登记原合同，再登记 contract_renewed。"
            ),
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
                let found = half(found, l);
                format!("更正的字段 {field} 不合适：{found}。请核对字段位置和值。")
            }
            Self::NoContract => {
                "这笔交易还没有签约备案（第 14 环节），没有合同可履行。请先办签约备案，再登记款项。".to_owned()
            }
            Self::ContractEnded { entry, on } => format!(
                "合同已于 {on} 结束（第 {entry} 条），不能再变更、续签或登记新的应收应付。此前的欠款仍可登记收付款；漏取消的款项请更正该条的取消款项；要再租请另立一笔交易。"
            ),
            Self::DueExists { found } => {
                format!("款项代号 {found} 已经用过。请换一个代号；原款项写错了请登记更正。")
            }
            Self::UnknownDue { expected, found } if expected.is_empty() => format!(
                "没有登记过款项 {found}，现在也没有未付的款项。请先登记应收应付（payment_due）。"
            ),
            Self::UnknownDue { expected, found } => format!(
                "没有登记过款项 {found}；未付的有：{}。请核对代号，或先登记应收应付（payment_due）。",
                labels(expected, l)
            ),
            Self::DueCancelled { entry, found } => format!(
                "款项 {found} 已由第 {entry} 条取消，不再收付。确有收付的，请另行登记应收应付后再登记；取消有误请登记更正。"
            ),
            Self::WrongDirection {
                due,
                expected,
                found,
            } => format!(
                "款项 {due} 登记的是{}，收到的是{}。收款登记 payment_received，付款登记 payment_made。",
                expected.zh(),
                found.zh()
            ),
            Self::VoucherUsed { entry, found } => format!(
                "票据 {found} 已由第 {entry} 条登记过，同一笔款不能登记两次。一张票据付几期的，请在一次登记里列全款项；票据号写错了请改正。"
            ),
            Self::PaymentExceedsDue {
                dues,
                expected,
                found,
            } => format!(
                "{} 合计未付 {expected} 元，登记的是 {found} 元。请核对金额；多付的部分请列上它所付的下一期，或先登记应收应付。",
                labels(dues, l)
            ),
            Self::PaymentFallsShort { found } => format!(
                "这笔钱没有冲抵到款项 {found}：前面的款项已把钱用完，或它已付清。请去掉它，或核对金额。"
            ),
            Self::NothingToCancel { found, paid_fen } => format!(
                "款项 {found} 没有未付的余额可取消（已付 {paid_fen} 元，或已取消过）。请从取消的款项里去掉它；登记有误请用更正。"
            ),
            Self::DateOutsideContract {
                field,
                found,
                from,
                until: Some(until),
            } => format!(
                "{field} 应在 {from} 至 {until} 之间，实为 {found}。合同到期后不是提前终止，请登记到期收回（asset_returned）。"
            ),
            Self::DateOutsideContract {
                field, found, from, ..
            } => format!("{field} 不得早于合同开始 {from}，实为 {found}。请核对日期。"),
            Self::NoTermToAmend {
                expected: Some(last),
                found,
            } => format!(
                "合同期限止于 {last}，变更签订于 {found}，期限已满，不能再改。要延长请登记合同续签（contract_renewed）。"
            ),
            Self::NoTermToAmend { expected: None, .. } => {
                "合同没有约定期限，不能变更期限止。签约备案漏填的请登记更正；新定期限请登记合同续签（contract_renewed）。".to_owned()
            }
            Self::TermTooShort { expected, found } => format!(
                "新的期限止最早为 {expected}（不早于变更签订日，也不早于已付款项的到期日），实为 {found}。要提前结束请登记合同提前终止（contract_terminated）。"
            ),
            Self::RenewalOverlaps { expected, found } => format!(
                "续签期限最早从 {expected} 起，实为 {found}。现行期限内的改动请登记合同变更（contract_amended）。"
            ),
            Self::AssetAlreadyReturned { entry } => {
                format!("第 {entry} 条已登记收回。写错了请登记更正，不要再登记一次。")
            }
            Self::ContractRunning {
                acceptable_from: Some(day),
            } => format!(
                "合同仍在履行，{day} 起可以登记收回（实际交还日可以早几天，照实填写）。提前结束的请先登记合同提前终止（contract_terminated）。"
            ),
            Self::ContractRunning {
                acceptable_from: None,
            } => "合同没有约定期限，不会自行到期。请先登记合同提前终止（contract_terminated），再登记收回。".to_owned(),
            Self::PaymentsStand { found } => format!(
                "这份合同已有 {found} 笔收付款，不能退回到签约或更前，也不能终止交易。合同不再履行的，请登记合同提前终止（contract_terminated）。"
            ),
            Self::CorrectionBreaks { entry, broken } => format!(
                "这样更正之后，第 {entry} 条就不成立了（{broken}）。请先更正第 {entry} 条，再更正这一条。"
            ),
            Self::TermExceedsPlan {
                expected_months,
                found: Some(found),
            } => format!(
                "表决通过的方案期限是 {expected_months} 个月，合同却到 {found} 才满。请按方案签约；确需更长，须退回编制方案、重新表决。"
            ),
            Self::TermExceedsPlan {
                expected_months,
                found: None,
            } => format!(
                "表决通过的方案期限是 {expected_months} 个月，合同没有写期限。请填写期限起止（term_start、term_end）。"
            ),
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
            Self::UnknownDocument { found } => {
                format!("这里的条目没有登记过承诺为 {found} 的不公开材料。公开材料不能销毁；请用 sanzi document list 核对承诺，并在登记它的那笔交易、意见或账本里办理。")
            }
            Self::DocumentErasedBefore { found, erased_by } => {
                format!("承诺为 {found} 的材料已由第 {erased_by} 条销毁，不必再办。")
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
                "这样一来没有人任：{}，名册和章程就再也改不了了。请先安排人选；报失的如果是正在用的钥匙，请先登记更换，再报失换下的那一把。",
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
            Self::LossMisplaced { expected, found } => format!(
                "保住的条目应为 {expected}，声明里写的是 {found}。请重新运行 sanzi recover --declare-loss，由它填写。"
            ),
            Self::NothingLost { expected, found } => format!(
                "声明丢失须有原日志签过至少 {expected} 条的检查点，现为 {found} 条：一条也没丢，用 sanzi recover 修复即可。"
            ),
            Self::LossUnproven { expected, found } => format!(
                "声明丢失须附 {expected} 自己签的检查点，现为：{found}。请用锚点或见证方手里的检查点。"
            ),
            Self::LogNotNew { found } => format!(
                "接着记的日志须有没用过的名字和钥匙，现为 {found}。请换一个名字（--origin），并新做一把日志钥匙。"
            ),
            Self::LogGoesOn { found } => format!(
                "{found} 还在接着签，不能在它里面声明丢失。丢失由 sanzi recover --declare-loss 在新日志里声明。"
            ),
        }
    }
}
