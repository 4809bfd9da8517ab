//! Refusals: what the rules answer when they do not admit an event. (拒绝理由)
//!
//! A refusal is an answer, not a fault. Its name is the rule's name; it says what was expected, what
//! was found, and what would be accepted. The order of the variants is the order in which rules run;
//! those about signatures run line by line.

use serde::Serialize;

use crate::charter::VotingBody;
use crate::hash::{Commitment, Digest, Hash};
use crate::language::Language;
use crate::money::Fen;
use crate::name::{ConcernId, Label, MemberId, TransactionId};
use crate::privacy;
use crate::record::{ConcernSubject, Direction, Inconsistency};
use crate::role::Role;
use crate::step::{PublicationPoint, Step};
use crate::text::Line;
use crate::time::{Date, LogTime, StatedTime};

mod en;
mod zh;

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
    /// The transaction was broken off for good. (规则 7)
    Rule TransactionTerminated = "transaction_terminated", "交易已终止", "transaction terminated";
    /// The transaction began with a contract that was made before the ledger: it has no steps.
    Rule NoSteps {
        /// The entry that took the contract over.
        taken_over_by: u64,
    } = "no_steps", "存量合同没有环节", "no steps for a contract taken over";
    /// The transaction has begun: another contract needs another id.
    Rule TransactionExists {
        /// Its id.
        found: TransactionId,
    } = "transaction_exists", "交易编号已用过", "transaction id in use";
    /// Nothing has been recorded of this transaction yet.
    Rule NotBegun {
        /// Its id.
        found: TransactionId,
    } = "not_begun", "交易尚未开始", "transaction not begun";
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
    /// Concerns that were raised in the window of a step are unanswered, and nothing follows it. (规则 1)
    Rule ConcernOpen {
        /// The step.
        step: Step,
        /// The first of the concerns.
        found: Vec<ConcernId>,
        /// How many there are.
        count: u64,
        /// The roles that sign an answer.
        answered_by: Vec<Role>,
    } = "concern_open", "群众意见未答复", "a concern is unanswered";
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
    /// A contract that is to be taken over was signed under the ledger.
    Rule SignedUnderLedger {
        /// The day on which the ledger was opened: the latest that would do.
        expected: Date,
        /// The day on which it was signed.
        found: Date,
    } = "signed_under_ledger", "开账后的合同须走十六环节", "signed after the ledger was opened";
    /// The charter does not let these steps be left out in a dealing like this. (规则 4)
    Rule WaiverNotAllowed {
        /// The steps that could be left out.
        expected: Vec<Step>,
        /// The first and the last step that were to be left out.
        found: Vec<Step>,
    } = "waiver_not_allowed", "不得豁免", "waiver not allowed";
    /// A return goes to a step that was done, not ahead. (规则 5)
    Rule ReturnNotBack {
        /// The last step done, if any.
        expected: Option<Step>,
        /// The step found.
        found: Step,
    } = "return_not_back", "只能退回已办环节", "a return goes back";
    /// After a failed bidding, the listing is made again, or the plan and the vote. (规则 5)
    Rule ReturnAfterFailure {
        /// The step found.
        found: Step,
    } = "return_after_failure", "流拍后退回的环节不对", "wrong return after a failed bidding";
    /// The concern was raised before: a new one needs another id.
    Rule ConcernExists {
        /// Its id.
        found: ConcernId,
    } = "concern_exists", "意见编号已用过", "concern id in use";
    /// A concern is about something that has not been done or published yet.
    Rule ConcernTooEarly {
        /// The step that comes first.
        expected: Step,
        /// What it is about.
        found: ConcernSubject,
    } = "concern_too_early", "意见对象尚未公开", "nothing to object to yet";
    /// No concern has this id.
    Rule ConcernUnknown {
        /// The id found.
        found: ConcernId,
    } = "concern_unknown", "没有这条意见", "no such concern";
    /// A concern is about another transaction than the one that is named.
    Rule ConcernOfAnother {
        /// The concern.
        concern: ConcernId,
        /// What it is about.
        expected: TransactionId,
        /// What was named.
        found: TransactionId,
    } = "concern_of_another", "意见属于另一笔交易", "concern about another transaction";
    /// A concern is answered once.
    Rule ConcernAnsweredBefore {
        /// The concern.
        found: ConcernId,
        /// The entry that answered it.
        answered_by: u64,
    } = "concern_answered_before", "意见已答复过", "concern already answered";
    /// A concern is settled or rated only after its answer.
    Rule ConcernUnanswered {
        /// The concern.
        found: ConcernId,
    } = "concern_unanswered", "意见尚未答复", "concern not answered yet";
    /// A concern is settled once.
    Rule ConcernClosedBefore {
        /// The concern.
        found: ConcernId,
        /// The entry that settled it.
        closed_by: u64,
    } = "concern_closed_before", "意见已办结", "concern already settled";
    /// An answer is rated once.
    Rule ConcernRatedBefore {
        /// The concern.
        found: ConcernId,
        /// The entry that rated it.
        rated_by: u64,
    } = "concern_rated_before", "意见已评价过", "concern already rated";
    /// The words of a concern are hidden once.
    Rule ConcernHiddenBefore {
        /// The concern.
        found: ConcernId,
        /// The entry that hid them.
        hidden_by: u64,
    } = "concern_hidden_before", "意见内容已屏蔽", "concern already hidden";
    /// The words of a concern stand in its entry itself, where nobody can hide them.
    Rule ConcernNotHideable {
        /// The concern.
        found: ConcernId,
    } = "concern_not_hideable", "意见内容无法屏蔽", "concern cannot be hidden";
    /// No entry of this transaction that can be corrected has this number. (规则 6)
    Rule NothingToCorrect {
        /// The number found.
        found: u64,
    } = "nothing_to_correct", "没有可更正的记录", "nothing to correct";
    /// A correction does not fit the field that it names. (规则 6)
    Rule CorrectionUnfit {
        /// The field.
        field: String,
        /// What is wrong.
        found: String,
    } = "correction_unfit", "更正内容不合格式", "correction does not fit";
    /// There is no contract yet: step 14 makes one.
    Rule NoContract = "no_contract", "还没有合同", "no contract yet";
    /// The contract has ended: nothing new begins under it.
    Rule ContractEnded {
        /// The entry that says so.
        entry: u64,
        /// On which day it ended, or the asset came back.
        on: Date,
    } = "contract_ended", "合同已结束", "contract ended";
    /// A due of this name was registered before.
    Rule DueExists {
        /// Its name.
        found: Label,
    } = "due_exists", "款项代号已用", "due already registered";
    /// No due of this name was registered.
    Rule UnknownDue {
        /// The first of those that are still to be paid.
        expected: Vec<Label>,
        /// The name found.
        found: Label,
    } = "unknown_due", "没有这笔款项", "unknown due";
    /// The due no longer falls due.
    Rule DueCancelled {
        /// The entry that cancelled it.
        entry: u64,
        /// Its name.
        found: Label,
    } = "due_cancelled", "款项已取消", "due was cancelled";
    /// Money is said to come in for a due that goes out, or the reverse.
    Rule WrongDirection {
        /// The due.
        due: Label,
        /// Its direction.
        expected: Direction,
        /// The direction found.
        found: Direction,
    } = "wrong_direction", "收付方向不对", "wrong direction";
    /// A voucher counts once.
    Rule VoucherUsed {
        /// The entry that used it.
        entry: u64,
        /// Its number.
        found: Line,
    } = "voucher_used", "票据已登记过", "voucher used before";
    /// More is paid than is still to be paid.
    Rule PaymentExceedsDue {
        /// The dues it names.
        dues: Vec<Label>,
        /// What they still come to, in fen.
        expected: Fen,
        /// The amount found, in fen.
        found: Fen,
    } = "payment_exceeds_due", "超过未付金额", "more than is still to be paid";
    /// A payment names a due that it does not reach, or that was paid.
    Rule PaymentFallsShort {
        /// The first such due.
        found: Label,
    } = "payment_falls_short", "款项未冲抵到", "the payment does not reach a due";
    /// A due is to be cancelled of which nothing is left to be paid.
    Rule NothingToCancel {
        /// Its name.
        found: Label,
        /// What was paid of it, in fen.
        paid_fen: Fen,
    } = "nothing_to_cancel", "没有可取消的余额", "nothing left to cancel";
    /// A day before the contract, or after its term.
    Rule DateOutsideContract {
        /// The field.
        field: &'static str,
        /// The day found.
        found: Date,
        /// The first day that would do.
        from: Date,
        /// The last day that would do, if there is one.
        until: Option<Date>,
    } = "date_outside_contract", "日期不在合同期内", "date outside the contract";
    /// An amendment moves the end of a term that is over, or that there never was.
    Rule NoTermToAmend {
        /// The last day on which it could be amended; `None` if there is no term.
        expected: Option<Date>,
        /// The day on which the amendment was signed.
        found: Date,
    } = "no_term_to_amend", "期限不能变更", "no term to amend";
    /// An amendment ends the term before it was signed, or before a due that was paid.
    Rule TermTooShort {
        /// The earliest last day that would do.
        expected: Date,
        /// The day found.
        found: Date,
    } = "term_too_short", "期限止过早", "term too short";
    /// A renewal begins before the present term is over.
    Rule RenewalOverlaps {
        /// The first day that would do.
        expected: Date,
        /// The day found.
        found: Date,
    } = "renewal_overlaps", "续签期限重叠", "renewal overlaps";
    /// The asset came back before.
    Rule AssetAlreadyReturned {
        /// The entry that says so.
        entry: u64,
    } = "asset_already_returned", "标的已收回", "asset already returned";
    /// The contract runs: the asset's return is recorded when it is over.
    Rule ContractRunning {
        /// The last day of its term; `None` if it has no term.
        acceptable_from: Option<Date>,
    } = "contract_running", "合同仍在履行", "contract still runs";
    /// Payments stand on the contract: it is ended, not undone.
    Rule PaymentsStand {
        /// How many.
        found: usize,
    } = "payments_stand", "合同已有收付款", "payments stand on the contract";
    /// With this correction, another entry of the contract's life would not have been admitted.
    Rule CorrectionBreaks {
        /// That entry.
        entry: u64,
        /// The rule that it would break.
        broken: &'static str,
    } = "correction_breaks", "更正后与其他记录冲突", "correction breaks another record";
    /// A contract runs longer than the plan that was voted on.
    Rule TermExceedsPlan {
        /// The longest term, in months, that was voted on.
        expected_months: u32,
        /// The last day of the contract's term, if it has one.
        found: Option<Date>,
    } = "term_exceeds_plan", "合同期限超出方案", "contract longer than its plan";
    /// The charter's negative list forbids it. (负面清单)
    Rule NegativeList {
        /// The line of the list.
        limit: Label,
        /// What the charter says about it.
        text: Line,
        /// What would be accepted.
        expected: String,
        /// What was found.
        found: String,
    } = "negative_list", "负面清单禁止", "forbidden by the negative list";
    /// A finding of the street office stops the transaction until it is answered.
    Rule FindingOpen {
        /// The entries of the findings.
        found: Vec<u64>,
    } = "finding_open", "街道问题未答复", "a finding is unanswered";
    /// No finding in this stream has this number.
    Rule UnknownFinding {
        /// The number found.
        found: u64,
    } = "unknown_finding", "没有这条问题", "no such finding";
    /// The finding was answered before.
    Rule FindingSettled {
        /// The finding.
        found: u64,
        /// The entry that answered it.
        settled_by: u64,
    } = "finding_settled", "问题已答复", "finding already answered";
    /// No entry of this stream names a private document with this commitment.
    Rule UnknownDocument {
        /// The commitment found.
        found: Commitment,
    } = "unknown_document", "没有这份不公开材料", "no such private document";
    /// The document was erased before.
    Rule DocumentErasedBefore {
        /// Its commitment.
        found: Commitment,
        /// The entry that says so.
        erased_by: u64,
    } = "document_erased_before", "材料已经销毁", "document already erased";
    /// A declaration is signed by who declares, and nobody else.
    Rule NotForSelf {
        /// Who declares.
        expected: MemberId,
        /// Who signed.
        found: Vec<MemberId>,
    } = "not_for_self", "须由申报人本人签署", "signed by another than who declares";
    /// The charter in force asks for a vote on the next one.
    Rule AdoptionUnvoted {
        /// The bodies one of which must vote.
        expected: Vec<VotingBody>,
    } = "adoption_unvoted", "章程未经表决", "charter not voted on";
    /// This body may not decide a plan.
    Rule WrongBody {
        /// The bodies that may.
        expected: Vec<VotingBody>,
        /// The body found.
        found: VotingBody,
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
    /// A loss is declared by the first entry after those that were saved, and of exactly these.
    Rule LossMisplaced {
        /// The size, or the root, of the entries before the declaration.
        expected: String,
        /// What the declaration says was saved.
        found: String,
    } = "loss_misplaced", "与保住的条目不符", "not the entries that were saved";
    /// The log is not known to have signed more than there is.
    Rule NothingLost {
        /// The least size of a checkpoint that shows a loss.
        expected: u64,
        /// The size of the one shown.
        found: u64,
    } = "nothing_lost", "没有丢失", "nothing is lost";
    /// The checkpoint that shows the loss is not by the log that the entries are of.
    Rule LossUnproven {
        /// The name of that log.
        expected: String,
        /// What was found.
        found: String,
    } = "loss_unproven", "丢失没有凭据", "loss not shown by the log's own signature";
    /// The log that is to go on has a name or a key that was used before.
    Rule LogNotNew {
        /// Its key.
        found: String,
    } = "log_not_new", "新日志须换名换钥", "the new log needs a name and a key of its own";
    /// This log goes on, so nothing of it is declared lost in it.
    Rule LogGoesOn {
        /// Its name.
        found: String,
    } = "log_goes_on", "日志还在接着签", "this log is being signed on";
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

/// The half of a text in both languages, `中文 (English)`, that is in this one; any other as it is.
fn half(text: &str, language: Language) -> &str {
    let halves = text
        .strip_suffix(')')
        .and_then(|text| text.split_once(" ("));
    match halves {
        Some((zh, en)) if !zh.is_ascii() => language.pick(zh, en),
        _ => text,
    }
}

fn step(step: Step, language: Language) -> String {
    language.pick(
        format!("第 {} 环节“{}”", step.number(), step.zh()),
        format!("step {} ({})", step.number(), step.en()),
    )
}

fn steps(items: &[Step], language: Language) -> String {
    list(items, |item| step(*item, language), language)
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

fn body(body: VotingBody, language: Language) -> &'static str {
    match body {
        VotingBody::Assembly => language.pick("成员大会", "assembly of members"),
        VotingBody::Representatives => language.pick("成员代表大会", "assembly of representatives"),
        VotingBody::Council => language.pick("理事会", "council"),
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

impl From<Inconsistency> for Refusal {
    fn from(fault: Inconsistency) -> Self {
        Self::Inconsistent {
            field: fault.field,
            expected: fault.expected,
            found: fault.found,
        }
    }
}
