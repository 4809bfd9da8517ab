// Signs a statement: reads its exact bytes with the verifier's own parser, holds them against the ledger as
// this browser has verified it, shows in words what they say, asks, and makes the note line.
import { element } from "../page/element.ts";
import { hex, utf8 } from "../verify/bytes.ts";
import { checkForm } from "../verify/admit.ts";
import { canonical, type JsonObject } from "../verify/canonical.ts";
import { parseStatement, type Statement } from "../verify/entry.ts";
import { Fault, Unavailable } from "../verify/fault.ts";
import { digest } from "../verify/hash.ts";
import { KINDS } from "../verify/kinds.ts";
import { alertLine, ask, cancelButton, type Close } from "./dialog.ts";
import { known, Unverified, type Known } from "./ledger.ts";
import { t } from "./language.ts";
import { Cancelled, lineOf, withKey, type Unlocked } from "./sitting.ts";
import { errorText } from "./trouble.ts";
import { rowsOf, Wordless, type Row } from "./words.ts";

/** A statement that this browser does not sign, and why, in the page's language. */
export class Unsignable extends Error {
  constructor(readonly why: string) {
    super(why);
    this.name = "Unsignable";
  }
}

/** How far this machine's clock and the statement may lie apart before that is said. */
const CLOCK_SECONDS = 15 * 60;

function read(text: string): Statement {
  try {
    const statement = parseStatement(text);
    checkForm(statement.event, statement.kind);
    return statement;
  } catch (error) {
    throw new Unsignable(
      t(`服务器给的内容不是本账本格式的记录，没有签。（${errorText(error)}）`, `What the server gave is no record in the ledger's format; nothing was signed. (${errorText(error)})`),
    );
  }
}

/** The statement stands in a stream of its own kind, and goes on where this ledger's stream stands. */
async function checkPlace(statement: Statement, ledger: Known): Promise<void> {
  const { stream, prev, kind } = statement;
  const home = stream.split("/")[0] ?? "";
  if (kind === "ledger_opened" || KINDS.get(kind)?.home.split(" or ").includes(home) !== true) {
    throw new Unsignable(t(`这类事项不能记在 ${stream}，没有签。`, `This kind of event does not stand in ${stream}; nothing was signed.`));
  }
  if (stream === "ledger") {
    if (prev !== ledger.ledger.head) {
      throw new Unsignable(t("名册或明白纸刚刚有变动，请重新核对后再签。", "The roster or charter has just changed; check again, then sign."));
    }
    return;
  }
  if (prev === ledger.ledger.ledgerId) {
    return;
  }
  const place = await ledger.find(prev);
  if (place === undefined || (await ledger.streamOf(place)) !== stream) {
    throw new Unsignable(
      t(`这条记录接的不是本账本里 ${stream} 的记录，没有签。`, `This record does not go on from one of ${stream} in this ledger; nothing was signed.`),
    );
  }
}

function checkSigner(key: Unlocked, ledger: Known): void {
  if (ledger.keyOf(key.member) !== key.key.text) {
    throw new Unsignable(
      t(
        `你这把钥匙现在不在名册上（可能还没入册，或已更换、停用），签了也无效。请看“我的钥匙”。`,
        `This key is not on the roster now (not enrolled yet, or replaced): its signature would count for nothing. See “My keys”.`,
      ),
    );
  }
  if (ledger.rolesOf(key.member).length === 0) {
    throw new Unsignable(t("你现在没有岗位，签了也无效。", "You hold no role now: your signature would count for nothing."));
  }
}

/** A statement that may be signed, and what it says. */
export interface Examined {
  readonly text: string;
  readonly statement: Statement;
  readonly rows: readonly Row[];
}

/** Reads and checks statements, all against the ledger as it is now; gives what they say, and who would sign. */
export async function examined(texts: readonly string[], key: Unlocked): Promise<{ all: Examined[]; signer: string }> {
  const statements = texts.map((text) => ({ text, statement: read(text) }));
  try {
    const ledger = await known();
    checkSigner(key, ledger);
    const all: Examined[] = [];
    for (const { text, statement } of statements) {
      await checkPlace(statement, ledger);
      all.push({ text, statement, rows: await rowsOf(statement, ledger) });
    }
    return { all, signer: ledger.member(key.member)?.name ?? key.member };
  } catch (error) {
    if (error instanceof Wordless) {
      throw new Unsignable(
        t(`有一项内容这个页面认不得（${error.message}），没有签。请刷新页面。`, `The page does not know one of the fields (${error.message}); nothing was signed. Load the page anew.`),
      );
    }
    if (error instanceof Unverified || error instanceof Fault || error instanceof Unavailable) {
      throw new Unsignable(errorText(error));
    }
    throw error;
  }
}

/** What was asked for stands in the statement, and nothing else. */
function checkAsked(statement: Statement, event: JsonObject | undefined): void {
  if (event !== undefined && canonical(statement.event) !== canonical(event)) {
    throw new Unsignable(
      t("服务器给的内容和你要登记的不一样，没有签。请刷新页面重来；再这样请告诉街道。", "What the server gave is not what you asked for; nothing was signed. Load the page anew; if it happens again, tell the street office."),
    );
  }
}

export function rowElements(rows: readonly Row[]): HTMLElement {
  const list = element("dl", { class: "facts said" });
  for (const { depth, label, value } of rows) {
    const parts = [element("dt", {}, label), element("dd", {}, value)];
    list.append(element("div", { class: `d${Math.min(depth, 3)}` }, ...parts));
  }
  return list;
}

/** The exact bytes of a statement, to be unfolded. */
export function rawElement(text: string): HTMLElement {
  return element(
    "details",
    {},
    element("summary", {}, t("原文（签名的就是这些字节）", "The exact bytes that are signed")),
    element("p", { class: "small hash" }, `SHA-256 ${hex(digest(utf8(text)))}`),
    element("pre", { class: "raw", tabindex: "0" }, text),
  );
}

export function clockWarning(statement: Statement): Node[] {
  const apart = statement.at.instant - Date.now() / 1000;
  if (Math.abs(apart) <= CLOCK_SECONDS) {
    return [];
  }
  const words = t(
    "注意：上面的“发生时间”和这台电脑的时钟相差较大。补录以前的事是可以的；如果不是补录，请先校准时钟。",
    "Note: the time above is far from this machine's clock. That is right for a late record; otherwise set the clock first.",
  );
  return [element("p", { class: "alert" }, words)];
}

/** A statement in words, for a page that shows one beside its own: made from the same bytes in the same way. */
export async function wordsOf(text: string): Promise<HTMLElement> {
  const statement = read(text);
  return rowElements(await rowsOf(statement, await known()));
}

function question(text: string, statement: Statement, rows: readonly Row[], signer: string, key: Unlocked, close: Close<string>): Node[] {
  const said = alertLine();
  const button = element("button", { type: "submit", class: "sign" }, t("签名", "Sign"));
  const who = t(`以 ${signer}（${key.member}）的身份签名，签的就是下面这些内容：`, `To be signed as ${signer} (${key.member}), exactly this:`);
  const raw = rawElement(text);
  const form = element("form", { class: "signing" }, said, button, cancelButton(() => close(undefined)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    lineOf(key, text).then(close, (error: unknown) => {
      button.disabled = false;
      said.textContent = errorText(error);
    });
  });
  return [element("p", {}, who), rowElements(rows), ...clockWarning(statement), raw, form];
}

/** Says why nothing was signed. */
export async function refused(why: string): Promise<void> {
  await ask<true>(t("没有签名", "Not signed"), (close) => {
    const button = element("button", { type: "button", "data-first": "" }, t("知道了", "Close"));
    button.addEventListener("click", () => close(true));
    return [element("p", { class: "alert", role: "alert" }, why), button];
  });
}

/**
 * Shows a statement in words, asks, and gives the note line `— name base64` (without newline). The text is
 * exactly what rehearse or a draft gave: one line of canonical JSON and a newline. Rejects with `Cancelled`
 * if whoever was asked would rather not, with `Unsignable`, having said so, where it must not be signed.
 * Where the page knows the whole event it asked for, `kind` included, `event` holds the server to it.
 */
export async function sign(text: string, event?: JsonObject): Promise<string> {
  const key = await withKey();
  let found: Examined;
  let signer: string;
  try {
    const { all, signer: name } = await examined([text], key);
    [found, signer] = [all[0] as Examined, name];
    checkAsked(found.statement, event);
  } catch (error) {
    await refused(errorText(error));
    throw error instanceof Unsignable ? error : new Unsignable(errorText(error));
  }
  const { statement, rows } = found;
  const line = await ask<string>(t("签名前请看一遍", "Read before you sign"), (close) =>
    question(text, statement, rows, signer, key, close),
  );
  if (line === undefined) {
    throw new Cancelled();
  }
  return line;
}

/** As `sign`; where nothing was signed, tells why instead, and gives nothing. */
export async function signed(text: string, tell: (why: string) => void): Promise<string | undefined> {
  try {
    return await sign(text);
  } catch (error) {
    if (!(error instanceof Cancelled || error instanceof Unsignable)) {
      throw error;
    }
    tell(error.message);
    return undefined;
  }
}

/** The note of a statement with these lines, as `POST drafts` takes it: ascending by name. */
export function note(statement: string, ...lines: readonly string[]): string {
  // A space is smaller than what a name may hold, so that lines sort as their names do.
  const sorted = [...lines].sort((one, other) => (one < other ? -1 : 1));
  return `${statement}\n${sorted.map((line) => `${line}\n`).join("")}`;
}
