//! Refusals: what the rules answer when they do not admit an event. (拒绝理由)
//!
//! A refusal is an answer, not a fault. Its name is the rule's name; it says what was expected, what
//! was found, and what would be accepted. The order of the variants is the order in which rules run;
//! those about signatures run line by line.

use serde::Serialize;

use crate::hash::{Digest, Hash};
use crate::language::Language;
use crate::name::{Label, MemberId};
use crate::privacy;
use crate::role::Role;
use crate::step::{PublicationPoint, Step};
use crate::time::{Date, LogTime, StatedTime};

/// What kind of answer a refusal is; HTTP statuses follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The signers are not who they must be: 403.
    Authority,
    /// Another event came first: 409.
    Conflict,
    /// Authentic, but a rule forbids it: 422.
    Rule,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $class:ident $variant:ident $({ $($(#[$fdoc:meta])* $field:ident: $type:ty,)* })? = $rule:literal, $zh:literal, $en:literal;)*) => {
        /// Why an event is not admitted. (拒绝理由)
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(tag = "rule")]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[$doc])* #[serde(rename = $rule)] $variant $({ $($(#[$fdoc])* $field: $type,)* })?,)*
        }

        impl Refusal {
            /// The names of all rules.
            pub const RULES: &'static [&'static str] = &[$($rule),*];

            /// The name of the rule: stable, part of the wire contract.
            #[must_use]
            pub const fn rule(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $rule,)* }
            }

            /// What kind of answer it is.
            #[must_use]
            pub const fn class(&self) -> Class {
                match self { $(Self::$variant { .. } => Class::$class,)* }
            }

            /// The rule in a few words.
            #[must_use]
            pub const fn title(&self, language: Language) -> &'static str {
                match language {
                    Language::Zh => match self { $(Self::$variant { .. } => $zh,)* },
                    Language::En => match self { $(Self::$variant { .. } => $en,)* },
                }
            }
        }
    };
}

refusals! {
    /// No member has this key.
    Authority UnknownKey {
        /// The name on the signature line.
        found: String,
    } = "unknown_key", "钥匙不在名册", "key not on the roster";
    /// The key's time is over, or has not begun.
    Authority InactiveKey {
        /// Whose key.
        member: MemberId,
    } = "inactive_key", "钥匙已停用", "key not active";
    /// The signature does not verify.
    Authority InvalidSignature {
        /// The name on the signature line.
        found: String,
    } = "invalid_signature", "签名无效", "invalid signature";
    /// The ledger has not been opened: entry 0 comes first.
    Rule NotOpened = "not_opened", "尚未建账", "ledger not opened";
    /// The ledger was opened before.
    Rule AlreadyOpened = "already_opened", "已经建账", "ledger already opened";
    /// The event belongs to another kind of stream.
    Rule WrongStream {
        /// The kind of stream it belongs to.
        expected: &'static str,
        /// The stream it names.
        found: String,
    } = "wrong_stream", "事件流不对", "wrong stream";
    /// `prev` is not the head of the stream.
    Conflict StalePrev {
        /// The head of the stream.
        expected: Hash,
        /// What was found.
        found: Hash,
    } = "stale_prev", "前一条目已变", "prev is not the stream's head";
    /// `at` lies in the future.
    Rule FutureTime {
        /// The time stated.
        found: StatedTime,
        /// From when it would be admitted.
        acceptable_from: LogTime,
    } = "future_time", "时间在将来", "time lies in the future";
    /// A text holds the number of a person, or a name that is not masked: the log is public for ever.
    Rule PrivateData {
        /// The field, as in `event.applicants[0].name`.
        field: String,
        /// What would be accepted in its place.
        expected: &'static str,
        /// What kind of private data it is. The data themselves are never repeated.
        found: privacy::Kind,
        /// Its first character in the field, counted from 1.
        from: usize,
        /// Its last character.
        until: usize,
    } = "private_data", "含有个人信息", "private data";
    /// A signer holds none of the roles that this event is signed in.
    Authority SignerWithoutRole {
        /// The signer.
        member: MemberId,
        /// The roles that this event is signed in.
        expected: Vec<Role>,
    } = "signer_without_role", "签署人无此岗位", "signer has no such role";
    /// A role that must sign has not.
    Rule MissingRoles {
        /// The roles that must still sign.
        missing_roles: Vec<Role>,
    } = "missing_roles", "缺少签署", "signatures missing";
    /// One person would have to fill two roles in one event.
    Rule OnePersonTwoRoles {
        /// The roles for which there are too few persons.
        roles: Vec<Role>,
    } = "one_person_two_roles", "一人不得两岗", "one person, two roles";
    /// The transaction is complete.
    Rule TransactionCompleted = "transaction_completed", "交易已完成", "transaction completed";
    /// The transaction is at another step.
    Rule OutOfOrder {
        /// The step whose turn it is.
        expected: Step,
        /// The step that was found.
        found: Step,
    } = "out_of_order", "次序不对", "out of order";
    /// A publication has not been posted on every channel.
    Rule ChannelMissing {
        /// Which publication.
        point: PublicationPoint,
        /// Where it must still be posted.
        missing: Vec<Label>,
    } = "channel_missing", "渠道未张贴齐", "channel missing";
    /// The window has not run.
    Rule WindowOpen {
        /// The step whose window it is.
        step: Step,
        /// From when the next step will be admitted.
        acceptable_from: LogTime,
    } = "window_open", "公开期未满", "window still open";
    /// The charter has no calendar for a year that is needed.
    Rule CalendarMissing {
        /// The year.
        year: crate::time::Year,
    } = "calendar_missing", "缺少节假日安排", "holiday calendar missing";
    /// The bidding failed: nothing follows but a return.
    Rule BiddingFailed = "bidding_failed", "竞价未成交", "bidding failed";
    /// Nothing is waiting to be posted.
    Rule NothingToPost = "nothing_to_post", "没有待张贴的公开", "nothing to post";
    /// The charter, or the publication, knows no such channel.
    Rule UnknownChannel {
        /// The channels there are.
        expected: Vec<Label>,
        /// The channel found.
        found: Label,
    } = "unknown_channel", "没有这个渠道", "unknown channel";
    /// It was posted there before.
    Rule AlreadyPosted {
        /// The channel.
        found: Label,
        /// Where it must still be posted.
        missing: Vec<Label>,
    } = "already_posted", "该渠道已张贴", "already posted";
    /// A publication leaves out a channel that the charter requires.
    Rule ChannelsIncomplete {
        /// What is left out.
        missing: Vec<Label>,
    } = "channels_incomplete", "公开渠道不全", "channels incomplete";
    /// The digest is not that of the disclosure composed from the record.
    Rule DisclosureMismatch {
        /// The digest of the disclosure composed from the record.
        expected: Digest,
        /// The digest found.
        found: Digest,
    } = "disclosure_mismatch", "公开内容与记录不符", "disclosure differs from the record";
    /// A document that the charter requires is not there.
    Rule DocumentMissing {
        /// Which documents.
        missing: Vec<Label>,
    } = "document_missing", "缺少材料", "document missing";
    /// The record contradicts itself.
    Rule Inconsistent {
        /// The field.
        field: &'static str,
        /// What would be accepted.
        expected: String,
        /// What was found.
        found: String,
    } = "inconsistent", "数据自相矛盾", "figures do not add up";
    /// A record says that something happened on a day that has not come.
    Rule FutureDate {
        /// The field.
        field: &'static str,
        /// The latest day that would do.
        expected: Date,
        /// The day found.
        found: Date,
    } = "future_date", "日期在将来", "date lies in the future";
    /// This body may not decide a plan.
    Rule WrongBody {
        /// The bodies that may.
        expected: Vec<crate::charter::VotingBody>,
        /// The body found.
        found: crate::charter::VotingBody,
    } = "wrong_body", "表决主体不对", "wrong voting body";
    /// Too few took part.
    Rule QuorumNotReached {
        /// The least number that would do.
        expected: u32,
        /// How many there were.
        found: u32,
    } = "quorum_not_reached", "到会人数不足", "quorum not reached";
    /// Too few approved.
    Rule VoteNotPassed {
        /// The least number that would do.
        expected: u32,
        /// How many there were.
        found: u32,
    } = "vote_not_passed", "赞成票不足", "vote not passed";
    /// No such member.
    Rule UnknownMember {
        /// Who was named.
        found: MemberId,
    } = "unknown_member", "没有这位成员", "unknown member";
    /// The member is on the roster.
    Rule MemberExists {
        /// Who was named.
        found: MemberId,
    } = "member_exists", "成员已在名册", "member already enrolled";
    /// The key is, or was, somebody's.
    Rule KeyInUse {
        /// Whose.
        member: MemberId,
    } = "key_in_use", "钥匙已被使用", "key already in use";
    /// The key has not the name that the member's key must have, or is of another kind.
    Rule KeyName {
        /// The name it must have.
        expected: String,
        /// The name found.
        found: String,
    } = "key_name", "钥匙名称不对", "wrong name of key";
    /// The member never had this key.
    Rule ForeignKey {
        /// Whose it should be.
        member: MemberId,
        /// The key found.
        found: String,
    } = "foreign_key", "不是此人的钥匙", "not this member's key";
    /// The role is held already.
    Rule RoleHeld {
        /// By whom.
        member: MemberId,
        /// Which.
        role: Role,
    } = "role_held", "已任该岗位", "role already held";
    /// The role is not held.
    Rule RoleNotHeld {
        /// By whom.
        member: MemberId,
        /// Which.
        role: Role,
    } = "role_not_held", "未任该岗位", "role not held";
    /// Two roles that one person must not hold together.
    Rule RolesExcluded {
        /// Who would hold both.
        member: MemberId,
        /// The two roles.
        roles: Vec<Role>,
    } = "roles_excluded", "不得兼任", "roles exclude each other";
    /// A founding member has not signed the founding.
    Rule FounderUnsigned {
        /// Who must still sign.
        missing: Vec<MemberId>,
    } = "founder_unsigned", "发起成员未签全", "a founder has not signed";
    /// A time since when a key is compromised lies after its declaration.
    Rule CompromisedLater {
        /// The latest time that would do.
        expected: LogTime,
        /// The time found.
        found: LogTime,
    } = "compromised_later", "失控时间晚于申报", "compromised after its declaration";
    /// Nobody would hold a role that is needed to change roster or charter.
    Rule Unstaffed {
        /// Which roles.
        missing_roles: Vec<Role>,
    } = "unstaffed", "关键岗位无人", "role left unstaffed";
    /// A real ledger must not have windows shorter than days.
    Rule TrainingOnly {
        /// The charter's field.
        field: String,
    } = "training_only", "仅演示账本可用", "for training ledgers only";
    /// A new charter must have a higher number.
    Rule CharterVersion {
        /// The least number that would do.
        expected: u32,
        /// The number found.
        found: u32,
    } = "charter_version", "章程版本号须递增", "charter version must rise";
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String, language: Language) -> String {
    items
        .iter()
        .map(show)
        .collect::<Vec<_>>()
        .join(language.pick("、", ", "))
}

fn roles(items: &[Role], language: Language) -> String {
    list(
        items,
        |role| language.pick(role.zh(), role.en()).to_owned(),
        language,
    )
}

fn labels(items: &[Label], language: Language) -> String {
    list(items, ToString::to_string, language)
}

fn step(step: Step, language: Language) -> String {
    language.pick(
        format!("第 {} 环节“{}”", step.number(), step.zh()),
        format!("step {} ({})", step.number(), step.en()),
    )
}

impl Refusal {
    /// What was expected, what was found, and what would be accepted, in a sentence or two.
    #[must_use]
    pub fn detail(&self, language: Language) -> String {
        match language {
            Language::Zh => self.detail_zh(),
            Language::En => self.detail_en(),
        }
    }

    fn detail_zh(&self) -> String {
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

    fn detail_en(&self) -> String {
        let l = Language::En;
        match self {
            Self::UnknownKey { found } => format!("The roster has no such key of {found}. Enrol the member or rotate the key first, then sign again."),
            Self::InactiveKey { member } => format!("This key of {member} is not active now. Sign again with the current key."),
            Self::InvalidSignature { found } => format!("The signature of {found} does not fit the text: one of them was altered. Sign the original text again."),
            Self::NotOpened => "This ledger has no entry 0. Open it first (sanzi init).".to_owned(),
            Self::AlreadyOpened => "This ledger was opened before and cannot be opened twice.".to_owned(),
            Self::WrongStream { expected, found } => format!("This kind of event belongs in {expected}; it names {found}."),
            Self::StalePrev { expected, .. } => format!("The stream has moved since this was drafted; its head is {expected}. Draft it again on that prev and have everyone sign again."),
            Self::FutureTime { found, acceptable_from } => format!("The stated time {found} lies in the future; acceptable from {acceptable_from}. Check this computer's clock."),
            Self::PrivateData { field, expected, found, from, until } => format!("{field}, characters {from} to {until}, looks like a {}. The log is public and cannot forget, so it is not taken. {}", found.en(), wanted(expected, l)),
            Self::SignerWithoutRole { member, expected } => format!("No role of this event is left for {member}, who holds none of them or comes second: {}. Remove the signature, or grant the role first.", roles(expected, l)),
            Self::FounderUnsigned { missing } => format!("Every founding member signs the founding; still missing: {}.", list(missing, ToString::to_string, l)),
            Self::MissingRoles { missing_roles } => format!("Still to sign: {}. Have them co-sign, then submit again.", roles(missing_roles, l)),
            Self::OnePersonTwoRoles { roles: two } => format!("One person cannot fill two roles in one event: {}. Different persons must sign.", roles(two, l)),
            Self::TransactionCompleted => "All sixteen steps are done; no further step can be recorded.".to_owned(),
            Self::OutOfOrder { expected, found } => format!("It is the turn of {}; found {}. Complete the earlier steps first.", step(*expected, l), step(*found, l)),
            Self::ChannelMissing { point, missing } => format!("The publication of {} has not been posted on: {}. Post it there and record each posting first.", step(point.step(), l), labels(missing, l)),
            Self::WindowOpen { step: at, acceptable_from } => format!("The window of {} is still open; the next step is acceptable from {acceptable_from}.", step(*at, l)),
            Self::CalendarMissing { year } => format!("The charter has no holiday calendar for {year}, so working days cannot be counted. Amend the charter with the State Council's notice for that year."),
            Self::BiddingFailed => "The bidding failed, so there is no result to publish; return to the listing or to the plan.".to_owned(),
            Self::NothingToPost => "No publication is waiting to be posted. Check the transaction and its step.".to_owned(),
            Self::UnknownChannel { expected, found } => format!("There is no channel {found}; one of: {}.", labels(expected, l)),
            Self::AlreadyPosted { found, missing } => format!("Channel {found} was recorded before; still missing: {}.", labels(missing, l)),
            Self::ChannelsIncomplete { missing } => format!("Channels that the charter requires are left out: {}.", labels(missing, l)),
            Self::DisclosureMismatch { expected, found } => format!("The disclosure composed from the record has digest {expected}; {found} was signed. Compose it again with the software; do not edit it."),
            Self::DocumentMissing { missing } => format!("Documents missing: {}. Attach them and sign again.", labels(missing, l)),
            Self::Inconsistent { field, expected, found } => format!("Field {field}: expected {expected}, found {found}. Correct it and sign again."),
            Self::FutureDate { field, expected, found } => format!("{field} says {found}, which has not come; not later than {expected}. Record it once it has happened."),
            Self::WrongBody { expected, found } => format!("The {} cannot decide a plan; it must be: {}.", body(*found, l), list(expected, |b| body(*b, l).to_owned(), l)),
            Self::QuorumNotReached { expected, found } => format!("At least {expected} must take part; {found} did. Convene again as the law says."),
            Self::VoteNotPassed { expected, found } => format!("At least {expected} votes in favour are needed; there were {found}. The plan has not passed."),
            Self::UnknownMember { found } => format!("The roster has no {found}. Check the member id."),
            Self::MemberExists { found } => format!("{found} is on the roster. Grant a role or rotate the key instead."),
            Self::KeyInUse { member } => format!("This key is or was {member}'s; everyone needs a key of their own."),
            Self::KeyName { expected, found } => format!("The key must be an Ed25519 signing key named {expected}; found {found}. Make one with sanzi key new."),
            Self::ForeignKey { member, found } => format!("{member} never had this key: {found}. Check the roster."),
            Self::RoleHeld { member, role } => format!("{member} already is {}.", role.en()),
            Self::RoleNotHeld { member, role } => format!("{member} is not {} now.", role.en()),
            Self::RolesExcluded { member, roles: two } => format!("{member} must not hold together: {}. End one of them first.", roles(two, l)),
            Self::Unstaffed { missing_roles } => format!("Nobody would hold: {}; roster and charter could never be changed again. Appoint somebody first.", roles(missing_roles, l)),
            Self::TrainingOnly { field } => format!("A real ledger counts in days or working days; the charter's {field} is shorter. Change the charter, or open a training ledger."),
            Self::CharterVersion { expected, found } => format!("The new charter's version must be at least {expected}; found {found}."),
            Self::CompromisedLater { expected, found } => format!("The time must not be later than {expected}; found {found}."),
        }
    }
}

/// How to go on without private data.
fn wanted(expected: &str, language: Language) -> &'static str {
    match expected {
        "masked_name" => language.pick(
            "自然人请写成“张*”（姓加星号）；若是单位，请写全称（如“某某有限公司”“某某店”）。",
            "Write a natural person's name masked, as in 张*; write an organisation's in full.",
        ),
        _ => language.pick(
            "请删去这个号码；须留底的，写在不公开的材料里（--private-document）。若是编号，请在前面写明，如“合同编号：……”。",
            "Leave the number out; what must be kept goes into a private document (--private-document). If it is a serial number, say so before it, as in 合同编号：….",
        ),
    }
}

fn body(body: crate::charter::VotingBody, language: Language) -> &'static str {
    use crate::charter::VotingBody::{Assembly, Council, Representatives};
    match body {
        Assembly => language.pick("成员大会", "assembly of members"),
        Representatives => language.pick("成员代表大会", "assembly of representatives"),
        Council => language.pick("理事会", "council"),
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{}：{} ({}: {})",
            self.title(Language::Zh),
            self.detail_zh(),
            self.title(Language::En),
            self.detail_en()
        )
    }
}

impl core::error::Error for Refusal {}
