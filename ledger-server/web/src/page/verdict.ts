// The verdict on a page: one sign, one sentence, what to do, and the details for who wants them.
import type { JsonObject } from "../verify/canonical.ts";
import { CHECKS, type Check, type CheckName, type Session } from "../verify/session.ts";
import { proofText } from "../verify/proof.ts";
import { proveInclusion } from "../verify/tree.ts";
import * as read from "../verify/read.ts";
import type { Verified } from "../verify/replay.ts";
import { entriesOf, type Binding } from "./bind.ts";
import { element, refill, sign, type Sign } from "./element.ts";
import { formOf, renderings } from "./render.ts";
import type { Language, Texts } from "./texts.ts";

export interface Scene {
  readonly section: HTMLElement;
  readonly language: Language;
  readonly texts: Texts;
  readonly slug: string;
  readonly transaction: string | undefined;
}

/** The verdict over all checks: what fails decides, then what could not be checked. */
export function verdictOf(session: Session): Sign {
  const states = CHECKS.map((name) => session.checks[name].state);
  if (states.includes("fails")) {
    return "fails";
  }
  const needed: readonly CheckName[] = ["ledger", "signed", "included", "signatures", "displayed"];
  const judged = (["authority", "order"] as const).every((name) => session.checks[name].state !== "open");
  return judged && needed.every((name) => session.checks[name].state === "holds") ? "holds" : "open";
}

/** Words that are said beside a good verdict. */
const CAUTIONS: ReadonlySet<Check["words"]> = new Set<Check["words"]>(["first_visit", "not_kept", "policy_changed"]);

function wordsOf(check: Check, texts: Texts): string {
  switch (check.words) {
    case "first_visit":
      return texts.firstVisit;
    case "not_kept":
      return texts.notKept;
    case "older_notice":
      return texts.olderNotice;
    case "other_notice":
      return texts.otherNotice;
    case "policy_changed":
      return texts.policyChanged;
    case "streams_elsewhere":
      return texts.streamsElsewhere;
    case "withheld":
      return `${texts.withheld} ${check.found}`;
    default:
      return check.found;
  }
}

function checkList(session: Session, texts: Texts): HTMLElement {
  const items = CHECKS.map((name) => {
    const check = session.checks[name];
    const glyph = { holds: "✓", fails: "✗", open: "?", none: "–" }[check.state];
    const where = check.index === undefined ? "" : `${texts.entry(check.index)}: `;
    const words = wordsOf(check, texts);
    const counted = check.state === "holds" ? texts.counted[name] : undefined;
    const found = `${where}${counted === undefined ? words : counted(words)}`;
    const item = element(
      "li",
      { class: `check check-${check.state}`, "data-check": name, "data-state": check.state },
      element("span", { class: "check-sign", "aria-hidden": "true" }, glyph),
      element("span", { class: "check-name" }, ` ${texts.checks[name]} `),
      element("span", { class: "check-state" }, texts.aside(texts.signs[check.state])),
    );
    if (found !== "") {
      item.append(element("span", { class: "check-found" }, ` ${found}`));
    }
    return item;
  });
  return element("ul", { class: "checks" }, ...items);
}

/** Everything in an event, name by name, from the verified bytes alone. */
function facts(value: JsonObject, path: string, entry: Verified, scene: Scene, session: Session): Node[] {
  return Object.keys(value).flatMap((key): Node[] => {
    const held = read.member(value, key);
    const name = path === "" ? key : `${path}.${key}`;
    if (held === undefined || (path === "" && key === "kind")) {
      return [];
    }
    if (Array.isArray(held)) {
      const items = Object.fromEntries((held as readonly (typeof held)[number][]).map((item, at) => [String(at + 1), item]));
      return facts(items as JsonObject, name, entry, scene, session);
    }
    if (read.isObject(held)) {
      return facts(held, name, entry, scene, session);
    }
    const shown = renderings(held, formOf(key, held), scene.language, session.replay.ledger)?.[0] ?? String(held);
    return [element("dt", {}, name), element("dd", {}, shown)];
  });
}

function record(session: Session, scene: Scene): HTMLElement {
  const { texts, language } = scene;
  const entries = entriesOf(session, scene.transaction).map((entry) => {
    const moment = renderings(entry.receivedText, "datetime", language, undefined)?.[0] ?? entry.receivedText;
    const kind = renderings(entry.kind, "word", language, undefined)?.[0] ?? entry.kind;
    const names = entry.signers.map((id) => session.replay.ledger?.roster.members.get(id)?.name ?? id);
    const body = element("details", {}, element("summary", {}, `${texts.entry(entry.index)}: ${kind}, ${moment}`));
    // Many entries are many lines: they are made when somebody looks.
    body.addEventListener("toggle", () => {
      if (body.childElementCount === 1) {
        body.append(
          element("p", {}, `${texts.received} ${moment}; ${texts.signedBy} ${names.join(", ")}`),
          element("dl", { class: "verified-facts" }, ...facts(entry.event, "", entry, scene, session)),
        );
      }
    });
    return element("li", {}, body);
  });
  return element("details", { class: "verified-record" }, element("summary", {}, texts.record), element("ol", {}, ...entries));
}

/** Saves a file on the reader's device. */
function save(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = element("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function keepButton(session: Session, entry: Verified, scene: Scene): Node[] {
  const { reader, checkpoint, pins } = session;
  if (reader === undefined || checkpoint === undefined || pins === undefined) {
    return [];
  }
  const said = element("p", { class: "kept", role: "status" });
  const button = element("button", { type: "button", class: "keep-proof" }, scene.texts.keep);
  button.addEventListener("click", () => {
    void proveInclusion(reader.read, entry.index, checkpoint.size).then((hashes) => {
      const name = `${scene.slug}-${entry.index}`;
      save(`${name}.tlog-proof`, proofText(entry.index, hashes, checkpoint), "application/octet-stream");
      save(`${name}.entry`, entry.bytes.slice().buffer, "application/octet-stream");
      const { origin, ledgerId, logKey } = pins;
      const text = JSON.stringify({ ledger_id: ledgerId, log_key: logKey.text, origin });
      save(`${scene.slug}-pins.json`, `${text}\n`, "application/octet-stream");
      said.textContent = scene.texts.kept;
    });
  });
  return [button, said];
}

/** Whom to tell: the office that the collective itself names, from the verified founding. */
function whom(session: Session): string {
  const collective = session.replay.ledger?.collective;
  return collective === undefined ? "12388" : read.text(collective, "reports_to");
}

export function showVerdict(
  session: Session,
  binding: Binding,
  main: Verified | undefined,
  scene: Scene,
  more: readonly Node[],
): void {
  const { texts, section } = scene;
  const verdict = verdictOf(session);
  const failing = CHECKS.find((name) => session.checks[name].state === "fails");
  const why = failing === undefined ? "" : texts.failures[failing];
  const partly = session.checks.order.words === "streams_elsewhere";
  const good = partly ? texts.holdsPartly : texts.holds;
  const sentence = { holds: good, fails: `${texts.fails}${why}`, open: texts.open }[verdict];
  const todo = { holds: "", fails: texts.doFails(whom(session)), open: texts.doOpen }[verdict];
  section.dataset["verdict"] = verdict;
  section.classList.remove("verdict-holds", "verdict-fails", "verdict-open");
  section.classList.add(`verdict-${verdict}`);
  const late = entriesOf(session, scene.transaction).filter((entry) => entry.late).length;
  const remarks = [
    ...(late > 0 ? [texts.lateEntries(late)] : []),
    ...(binding.unverified > 0 ? [texts.unproven(binding.unverified)] : []),
    ...binding.contradictions.slice(0, 5),
  ];
  const line = element("p", { class: "verdict-line" }, sign(verdict, texts.signs[verdict]), ` ${sentence}`);
  // What weakens a good verdict is said beside it, not only to who opens the details.
  const cautions = verdict === "holds" ? CHECKS.filter((name) => CAUTIONS.has(session.checks[name].words)) : [];
  const cautioned = cautions.map((name) =>
    element("p", { class: "verdict-caution" }, wordsOf(session.checks[name], texts)),
  );
  const todos = todo === "" ? [] : [element("p", { class: "verdict-todo" }, todo)];
  const details = element(
    "details",
    { class: "verdict-details" },
    element("summary", {}, texts.details),
    checkList(session, texts),
    ...(remarks.length === 0
      ? []
      : [element("ul", { class: "remarks" }, ...remarks.map((remark) => element("li", {}, remark)))]),
    element("p", { class: "limits" }, texts.limits),
    element("p", { class: "limits" }, texts.limitsMore),
    record(session, scene),
    ...(main === undefined ? [] : keepButton(session, main, scene)),
    ...more,
  );
  refill(section, line, ...cautioned, ...todos, details);
}
