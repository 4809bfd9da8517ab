// Everything the script says, in both languages.
import type { CheckName, CheckState } from "../verify/session.ts";

export type Language = "en" | "zh";

export interface Texts {
  readonly checking: string;
  readonly holds: string;
  readonly fails: string;
  readonly holdsPartly: string;
  readonly open: string;
  /** What does not hold, as the end of the sentence that says so. */
  readonly failures: Readonly<Record<CheckName, string>>;
  readonly streamsElsewhere: string;
  /** How many of what a check has seen. */
  readonly counted: Readonly<Partial<Record<CheckName, (count: string) => string>>>;
  readonly aside: (text: string) => string;
  readonly signs: Readonly<Record<CheckState, string>>;
  readonly details: string;
  readonly checks: Readonly<Record<CheckName, string>>;
  readonly limits: string;
  readonly limitsMore: string;
  readonly doFails: (whom: string) => string;
  readonly doOpen: string;
  readonly withheld: string;
  readonly firstVisit: string;
  readonly notKept: string;
  readonly olderNotice: string;
  readonly otherNotice: string;
  readonly noticeMatches: string;
  readonly noCode: string;
  readonly policyChanged: string;
  readonly noWitnesses: string;
  readonly entry: (index: number) => string;
  readonly differs: (shown: string, proven: string) => string;
  readonly outOfPlace: string;
  readonly otherWords: string;
  readonly unproven: (count: number) => string;
  readonly lateEntries: (count: number) => string;
  readonly record: string;
  readonly received: string;
  readonly signedBy: string;
  readonly keep: string;
  readonly kept: string;
  readonly checkAll: string;
  readonly cancel: string;
  readonly cancelled: string;
  readonly progress: (checked: number, size: number, seconds: number | undefined) => string;
  readonly allHolds: (size: number, signatures: number) => string;
  readonly allFails: (message: string, index: number | undefined) => string;
  readonly allOpen: (message: string) => string;
  /** The page is not the one of its address. */
  readonly elsewhere: string;
  readonly incomplete: string;
  readonly unverified: string;
}

const zh: Texts = {
  checking: "正在您的手机上核对……",
  holds: "本页内容属实：与账本一致，签名、岗位、次序、公开期都核对无误。",
  holdsPartly: "本页所列与账本一致，签名是真的。次序和公开期，请点进每笔交易核对。",
  fails: "本页内容不成立：",
  open: "没能核对：取不到账本文件",
  failures: {
    ledger: "这不是您以前看到的那个账本。",
    signed: "账本的签名对不上。",
    witnessed: "见证机构没有签够。",
    remembered: "账本被删改过，与您上次看到的接不上。",
    included: "记录被改过，或不在签过名的账本里。",
    signatures: "有签名是假的，或签署的钥匙不在名册上。",
    authority: "签署人没有这个岗位，或该签的没有签齐。",
    order: "没有照章程的次序和时间办。",
    notice: "告示与账本里公开的内容不一样。",
    displayed: "页面写的与账本记录不一样。",
  },
  counted: {
    signed: (count) => `${count} 条记录`,
    included: (count) => `${count} 条`,
    signatures: (count) => `${count} 个`,
    displayed: (count) => `${count} 处`,
  },
  aside: (text) => `（${text}）`,
  streamsElsewhere: "本页只列出部分记录，次序和岗位请点进每笔交易核对",
  signs: { holds: "成立", fails: "不成立", open: "未核对", none: "不涉及" },
  details: "核对了什么",
  checks: {
    ledger: "是同一个账本",
    signed: "账本的签名",
    witnessed: "见证机构的签名",
    remembered: "与上次看到的前后一致，没有被删改",
    included: "本页的每条记录都在签过名的账本里，一字未改",
    signatures: "每个签名都是真的",
    authority: "签署人当时都有这个岗位，该签的都签了",
    order: "次序、公开期、表决、公开内容符合章程",
    notice: "扫码的告示就是账本里公开的这一份",
    displayed: "本页显示的与账本记录相同",
  },
  limits:
    "没有核对的：文字里有没有个人信息、负面清单、合同收付款的金额和日期、其他交易，以及没有从账本取字的标题和说明。同一笔交易的群众意见和最新的记录是不是都给您看了，只有核对整个账本才能知道。",
  limitsMore: "本页的程序也来自这台服务器。最稳妥的办法是保存凭证，用另外下载的 sanzi verify 核对。",
  doFails: (whom) => `请不要相信本页。可以拍下本页，向 ${whom} 反映，或换一个网络再扫一次。`,
  doOpen: "请检查网络后刷新本页。没有核对之前，本页内容不能当真。",
  withheld: "服务器拿不出它自己签过的账本文件。",
  firstVisit: "第一次在这部手机上看这个账本，已记住；下次会核对它有没有变。",
  notKept: "浏览器不允许保存，下次无法核对前后是否一致。",
  olderNotice: "这张告示是旧的，内容已经更正或重新公开，请看本页的新内容。",
  otherNotice: "这张告示与账本里公开的不是同一份内容：告示可能是伪造的。",
  noticeMatches: "告示的内容摘要相同",
  noCode: "不是从告示扫码进来的",
  policyChanged: "见证规则与上次不同，请留意。",
  noWitnesses: "这个账本没有设见证机构",
  entry: (index) => `第 ${index} 条记录`,
  differs: (shown, proven) => `页面写的是“${shown}”，账本记录是“${proven}”`,
  outOfPlace: "页面引用了另一笔交易的记录",
  otherWords: "服务器给出的意见原文，与账本里当初留下的承诺不符",
  unproven: (count) => `有 ${count} 处内容是推算的或没有核对，已标“未核对”`,
  lateEntries: (count) => `其中 ${count} 条是补录：发生以后过了章程规定的时间才登记`,
  record: "核对过的记录",
  received: "登记时间",
  signedBy: "签署人",
  keep: "保存凭证",
  kept: "已保存三个文件：回执、记录原文、信任锚。离线核对：sanzi verify --proof … --entry … --pins …",
  checkAll: "核对整个账本",
  cancel: "停止",
  cancelled: "已停止，没有结论。",
  progress: (checked, size, seconds) =>
    `已核对 ${checked} / ${size} 条${seconds === undefined ? "" : `，约剩 ${seconds} 秒`}`,
  allHolds: (size, signatures) => `整个账本成立：${size} 条记录、${signatures} 个签名，逐条核对无误。`,
  allFails: (message, index) =>
    `整个账本不成立：${index === undefined ? "" : `第 ${index} 条，`}${message}`,
  allOpen: (message) => `没能核对整个账本：${message}`,
  elsewhere: "本页内容不是这个网址的内容",
  incomplete: "本页没有列出这笔交易的全部记录",
  unverified: "未核对",
};

const en: Texts = {
  checking: "Checking on your own device…",
  holds: "What this page shows is true: it agrees with the ledger, and signatures, roles, order and windows all hold.",
  holdsPartly:
    "What this page lists agrees with the ledger, and its signatures are true. Order and windows are checked on each transaction's page.",
  fails: "What this page shows does not hold: ",
  open: "Could not be checked: the ledger's files cannot be had",
  failures: {
    ledger: "this is not the ledger that you saw before.",
    signed: "the ledger's signature is not true.",
    witnessed: "too few witnesses have signed.",
    remembered: "the ledger was altered; it does not continue what you saw last time.",
    included: "an entry was altered, or is not in the signed ledger.",
    signatures: "a signature is not true, or by a key that is not on the roster.",
    authority: "somebody who signed had no such role, or not all who must have signed.",
    order: "the charter's order and times were not kept.",
    notice: "the notice is not what was published in the ledger.",
    displayed: "the page says other things than the entries.",
  },
  counted: {
    signed: (count) => `${count} entries`,
    included: (count) => `${count} entries`,
    signatures: (count) => `${count} signatures`,
    displayed: (count) => `${count} places`,
  },
  aside: (text) => `(${text})`,
  streamsElsewhere: "this page lists some entries only; order and roles are checked on each transaction's page",
  signs: { holds: "holds", fails: "does not hold", open: "not checked", none: "not called for" },
  details: "What was checked",
  checks: {
    ledger: "It is the same ledger",
    signed: "The ledger's signature",
    witnessed: "The witnesses' signatures",
    remembered: "It continues what was seen last time; nothing was removed or changed",
    included: "Every entry of this page is in the signed ledger, unaltered",
    signatures: "Every signature is true",
    authority: "Everybody who signed held the role then, and all who must have signed",
    order: "Order, windows, votes and disclosures follow the charter",
    notice: "The scanned notice is the one published in the ledger",
    displayed: "What this page shows is what the entries say",
  },
  limits:
    "Not checked here: private data in texts, the negative list, sums and dates of a contract's payments, other transactions, and labels and headings, which stand in no entry. Whether all concerns and the newest entries were shown to you only a check of the whole ledger can tell.",
  limitsMore:
    "This page's program comes from the same server. Safest is to keep the proof and check it with sanzi verify, obtained elsewhere.",
  doFails: (whom) => `Do not rely on this page. Take a picture of it and report it to ${whom}, or scan again by another network.`,
  doOpen: "Check your connection and reload. Until it has been checked, do not rely on this page.",
  withheld: "The server does not give out ledger files that it has signed for itself.",
  firstVisit: "This device sees the ledger for the first time and has remembered it; next time it is compared.",
  notKept: "The browser does not allow anything to be kept, so the next visit cannot be compared with this one.",
  olderNotice: "This notice is an old one: it was corrected or published again. See this page for what counts now.",
  otherNotice: "This notice is not what was published in the ledger: it may be forged.",
  noticeMatches: "The notice's digest is the same",
  noCode: "not reached by scanning a notice",
  policyChanged: "The witness policy is not the one of last time; take note.",
  noWitnesses: "this ledger has no witnesses",
  entry: (index) => `entry ${index}`,
  differs: (shown, proven) => `the page says “${shown}”, the entry says “${proven}”`,
  outOfPlace: "the page shows an entry of another transaction",
  otherWords: "the words that the server gives out are not those that were committed to in the log",
  unproven: (count) => `${count} places are computed or were not checked, and are marked “not checked”`,
  lateEntries: (count) => `${count} of them were recorded late: after the time that the charter allows`,
  record: "The entries as they were checked",
  received: "received",
  signedBy: "signed by",
  keep: "Keep the proof",
  kept: "Three files were saved: receipt, entry, pins. To check offline: sanzi verify --proof … --entry … --pins …",
  checkAll: "Check the whole ledger",
  cancel: "Stop",
  cancelled: "Stopped, without a verdict.",
  progress: (checked, size, seconds) =>
    `${checked} of ${size} entries checked${seconds === undefined ? "" : `, about ${seconds} s left`}`,
  allHolds: (size, signatures) => `The whole ledger holds: ${size} entries and ${signatures} signatures, each checked.`,
  allFails: (message, index) => `The whole ledger does not hold: ${index === undefined ? "" : `entry ${index}, `}${message}`,
  allOpen: (message) => `The whole ledger could not be checked: ${message}`,
  elsewhere: "the page is not the one of this address",
  incomplete: "the page does not list all entries of this transaction",
  unverified: "not checked",
};

export function textsFor(language: Language): Texts {
  return language === "en" ? en : zh;
}
