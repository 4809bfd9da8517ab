// Binds what a page shows to what was verified: puts the script's own rendering of the verified bytes in
// the place of the server's, and says where the two differ.
import type { Session, Shown } from "../verify/session.ts";
import { stepNumber } from "../verify/step.ts";
import type { Verified } from "../verify/replay.ts";
import { renderings, valueAt } from "./render.ts";
import type { Language, Texts } from "./texts.ts";

export interface Binding {
  readonly proven: number;
  readonly unverified: number;
  /** Where the page shows something else than the entries say. */
  readonly contradictions: readonly string[];
}

const MARKS = ["proven", "contradicted", "unverified"] as const;

export function mark(element: Element, as: (typeof MARKS)[number], texts: Texts): void {
  element.classList.remove(...MARKS);
  element.classList.add(as);
  if (as === "unverified") {
    element.setAttribute("title", texts.unverified);
  }
}

export function plain(text: string | null): string {
  return (text ?? "").replace(/\s+/g, " ").trim();
}

/** Whether an entry may be shown on the page of a transaction: it is of it, about it, or of the ledger. */
function belongs(entry: Verified, transaction: string | undefined, session: Session): boolean {
  if (transaction === undefined || entry.stream === "ledger") {
    return true;
  }
  const [kind, id] = entry.stream.split("/");
  const raised = (other: Verified): boolean => other.stream === entry.stream && other.kind === "concern_raised";
  const about = kind === "concern" ? [...session.verified.values()].find(raised)?.event["transaction"] : id;
  return about === transaction;
}

export function bind(
  root: ParentNode,
  session: Session,
  shown: Shown,
  language: Language,
  texts: Texts,
): Binding {
  const { transaction } = shown;
  const contradictions: string[] = [];
  const seen = new Set<number>();
  // A mark is this script's to give.
  root.querySelectorAll(".proven").forEach((element) => element.classList.remove("proven"));
  let [proven, unverified] = [0, 0];
  for (const element of Array.from(root.querySelectorAll<HTMLElement>("[data-entry][data-at]"))) {
    const index = Number(element.dataset["entry"]);
    const pointer = element.dataset["at"] ?? "";
    const entry = session.verified.get(index);
    const value = entry === undefined ? undefined : valueAt(entry, pointer);
    const form = formAt(pointer, element.dataset["as"] ?? "text");
    const texted = value === undefined ? undefined : renderings(value, form, language, session.replay.ledger);
    if (entry === undefined) {
      unverified += 1;
      mark(element, "unverified", texts);
      continue;
    }
    seen.add(index);
    const text = plain(element.textContent);
    const place = `${texts.entry(index)} ${pointer}`;
    if (!belongs(entry, transaction, session)) {
      contradictions.push(`${place}: ${texts.outOfPlace}`);
      mark(element, "contradicted", texts);
      continue;
    }
    const found = texted?.find((rendered) => plain(rendered) === text);
    if (found === undefined) {
      const rendered = texted?.[0] ?? "—";
      contradictions.push(`${place}: ${texts.differs(text.slice(0, 120), rendered.slice(0, 120))}`);
      element.textContent = rendered;
      mark(element, "contradicted", texts);
      continue;
    }
    // Without what may hide or add to it: only the text was compared.
    element.textContent = found;
    proven += 1;
    mark(element, "proven", texts);
  }
  const unbound = "[data-fact]:not([data-at]), [data-fact]:not([data-entry]), [data-at]:not([data-entry])";
  for (const element of Array.from(root.querySelectorAll(unbound))) {
    unverified += 1;
    mark(element, "unverified", texts);
  }
  // The page of a transaction shows all of it: what was corrected, returned or objected to is not left out.
  const own = shown.point === undefined && shown.whole ? ownEntries(session, transaction) : [];
  for (const entry of own.filter((entry) => !seen.has(entry.index))) {
    contradictions.push(`${texts.entry(entry.index)}: ${texts.incomplete}`);
  }
  if (shown.whole && session.checks.order.state === "holds" && ownEntries(session, transaction).length === 0) {
    contradictions.push(texts.incomplete);
  }
  return { proven, unverified, contradictions };
}

function ownEntries(session: Session, transaction: string | undefined): Verified[] {
  return [...session.verified.values()].filter((entry) => entry.stream === `transaction/${transaction}`);
}

/** The form of a fact: an amount in 分 is shown as money and nothing else. */
function formAt(pointer: string, form: string): string {
  return /(?:\/|_)fen$/.test(pointer) ? "money" : form;
}

/** The entries of a transaction, in order: what the script shows of it on its own. */
export function entriesOf(session: Session, transaction: string | undefined): Verified[] {
  return [...session.verified.values()].filter((entry) => belongs(entry, transaction, session) && entry.stream !== "ledger");
}

/** The entry for which a page keeps the proof: of a notice the publication, otherwise the newest shown. */
export function mainEntry(session: Session, shown: readonly number[], step: number): Verified | undefined {
  const entries = shown.map((index) => session.verified.get(index)).filter((entry) => entry !== undefined);
  const publication = entries.filter((entry) => step > 0 && stepNumber(entry.kind) === step);
  return publication[publication.length - 1] ?? entries[entries.length - 1];
}
