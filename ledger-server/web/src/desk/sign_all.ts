// Signs several contracts of before the ledger in one turn: each is read from its exact bytes and held against
// the ledger as any statement is, all are listed in words made from these bytes, and one answer is for all.
import { element } from "../page/element.ts";
import { renderings } from "../page/render.ts";
import * as read from "../verify/read.ts";
import { alertLine, ask, cancelButton, type Close } from "./dialog.ts";
import { t } from "./language.ts";
import { clockWarning, examined, rawElement, refused, rowElements, Unsignable, type Examined } from "./sign.ts";
import { Cancelled, lineOf, withKey, type Unlocked } from "./sitting.ts";
import { errorText } from "./trouble.ts";

/** The kind of event that may be signed so. */
export const TAKEN_OVER = "contract_taken_over";

function money(fen: number): string {
  const language = document.documentElement.lang.startsWith("en") ? "en" : "zh";
  return renderings(fen, "money", language, undefined)?.[0] ?? "";
}

/** A contract in a line: which, what, with whom, for how long and how much. */
function gist({ statement }: Examined): string {
  const { event } = statement;
  const [start, end] = [read.maybeText(event, "term_start"), read.maybeText(event, "term_end")];
  const term = start === undefined || end === undefined ? "" : t(`${start} 至 ${end}`, `${start} to ${end}`);
  const asset = read.text(read.object(event, "asset"), "name");
  const parties = read.texts(event, "parties").join(" / ");
  const parts = [read.text(event, "contract_number"), asset, parties, term, money(read.integer(event, "amount_fen"))];
  return parts.filter((part) => part !== "").join(t("　", " · "));
}

/** One of them: its line, and all of it on demand. */
function item(found: Examined): HTMLElement {
  const details = element("details", {}, element("summary", {}, gist(found)));
  details.addEventListener(
    "toggle",
    () => details.append(rowElements(found.rows), ...clockWarning(found.statement), rawElement(found.text)),
    { once: true },
  );
  return element("li", {}, details);
}

function question(all: readonly Examined[], signer: string, key: Unlocked, close: Close<string[]>): Node[] {
  const said = alertLine();
  const button = element("button", { type: "submit", class: "sign" }, t(`签这 ${all.length} 份`, `Sign these ${all.length}`));
  const sum = all.reduce((sum, { statement }) => sum + read.integer(statement.event, "amount_fen"), 0);
  const total = Number.isSafeInteger(sum) ? t(`，合同总额合计 ${money(sum)}`, `, ${money(sum)} in all`) : "";
  const who = t(
    `以 ${signer}（${key.member}）的身份签名，下面 ${all.length} 份每份各签一次${total}。点开一份，看它的全部内容。`,
    `To be signed as ${signer} (${key.member}), each of these ${all.length} by itself${total}. Unfold one to see all of it.`,
  );
  const form = element("form", { class: "signing" }, said, button, cancelButton(() => close(undefined)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    Promise.all(all.map(({ text }) => lineOf(key, text))).then(close, (error: unknown) => {
      button.disabled = false;
      said.textContent = errorText(error);
    });
  });
  return [element("p", {}, who), element("ol", { class: "batch" }, ...all.map(item)), form];
}

async function lines(texts: readonly string[]): Promise<string[]> {
  const key = await withKey();
  let found: Awaited<ReturnType<typeof examined>>;
  try {
    found = await examined(texts, key);
    const streams = new Set(found.all.map(({ statement }) => statement.stream));
    if (streams.size !== texts.length || found.all.some(({ statement }) => statement.kind !== TAKEN_OVER)) {
      throw new Unsignable(
        t("里面有别的事项或重复的内容，没有签。请刷新页面重来。", "Some of it is something else, or there twice; nothing was signed. Load the page anew."),
      );
    }
  } catch (error) {
    await refused(errorText(error));
    throw error instanceof Unsignable ? error : new Unsignable(errorText(error));
  }
  const title = t(`签名前请看一遍（${texts.length} 份）`, `Read before you sign (${texts.length})`);
  const made = await ask<string[]>(title, (close) => question(found.all, found.signer, key, close));
  if (made === undefined) {
    throw new Cancelled();
  }
  return made;
}

/** The note line of each statement, having shown them all; where nothing was signed, tells why, and gives nothing. */
export async function signAll(texts: readonly string[], tell: (why: string) => void): Promise<string[] | undefined> {
  if (texts.length === 0) {
    tell(t("没有要签的。", "There is nothing to sign."));
    return undefined;
  }
  try {
    return await lines(texts);
  } catch (error) {
    if (!(error instanceof Cancelled || error instanceof Unsignable)) {
      throw error;
    }
    tell(error.message);
    return undefined;
  }
}
