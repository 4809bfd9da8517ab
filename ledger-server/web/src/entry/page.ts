// The script of every page: checks, in the reader's own browser, what the page shows.
import { bind, mainEntry } from "../page/bind.ts";
import { element, refill, sign } from "../page/element.ts";
import { httpSource } from "../page/http.ts";
import { browserMemory } from "../page/memory.ts";
import { concernAt, isAt, placeOf } from "../page/place.ts";
import { bindWords } from "../page/said.ts";
import { textsFor, type Language } from "../page/texts.ts";
import { showVerdict, type Scene } from "../page/verdict.ts";
import { wholeCheck } from "../page/whole.ts";
import { noteText } from "../verify/note.ts";
import { check, type Session, type Shown } from "../verify/session.ts";
import { stepOfPoint } from "../verify/step.ts";

function indices(text: string | undefined): number[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(list) ? list.filter((one): one is number => Number.isSafeInteger(one) && one >= 0) : [];
  } catch {
    return [];
  }
}

/** What is shown; which ledger it is the address says, for by that the memory is kept. */
function shownBy(body: HTMLElement, slug: string): Shown {
  const { origin = "", entries, ledgerEntries, transaction, point, view } = body.dataset;
  const code = /^#([0-9A-Za-z_-]{43})$/.exec(location.hash)?.[1];
  return {
    slug,
    origin,
    entries: indices(entries),
    ledgerEntries: indices(ledgerEntries),
    whole: view === "transaction" || view === "disclosure",
    transaction: transaction === "" ? undefined : transaction,
    point: point === "" ? undefined : point,
    code,
  };
}

function wholeOf(session: Session, base: string, scene: Scene): Node[] {
  const { pins, checkpoint, policy } = session;
  if (pins === undefined || checkpoint === undefined) {
    return [];
  }
  const { origin, ledgerId, logKey } = pins;
  const asked = { base, origin, ledgerId, logKey: logKey.text, policy, least: noteText(checkpoint.note) };
  return wholeCheck(session, asked, scene);
}

async function run(section: HTMLElement): Promise<void> {
  const { body, documentElement } = document;
  const language: Language = documentElement.lang.startsWith("en") ? "en" : "zh";
  const texts = textsFor(language);
  const place = placeOf(location.pathname);
  const shown = shownBy(body, place.slug);
  const scene: Scene = { section, language, texts, slug: shown.slug, transaction: shown.transaction };
  const base = `/${shown.slug}`;
  section.dataset["verdict"] = "checking";
  refill(section, element("p", { class: "verdict-line" }, texts.checking));
  const source = httpSource(base);
  const session = await check(source, shown, browserMemory);
  const facts = bind(document, session, shown, language, texts);
  const words = await bindWords(document, session, concernAt(location.pathname), source, texts);
  const binding = {
    proven: facts.proven + words.proven,
    unverified: facts.unverified + words.unverified,
    contradictions: [...facts.contradictions, ...words.contradictions],
  };
  const { displayed } = session.checks;
  if (!isAt(place, body.dataset)) {
    displayed.state = "fails";
    displayed.found = texts.elsewhere;
  } else if (binding.contradictions.length > 0) {
    displayed.state = "fails";
    displayed.found = binding.contradictions[0] ?? "";
  } else if (session.checks.signatures.state === "holds" && session.checks.order.state !== "fails") {
    displayed.state = "holds";
    displayed.found = String(binding.proven);
  }
  const main = mainEntry(session, shown.entries, stepOfPoint(shown.point ?? ""));
  showVerdict(session, binding, main, scene, wholeOf(session, base, scene));
  section.dataset["milliseconds"] = String(Math.round(performance.now()));
}

const section = document.getElementById("verdict");
if (section !== null && document.body.dataset["slug"] !== undefined && document.body.dataset["slug"] !== "") {
  run(section).catch((error: unknown) => {
    const texts = textsFor(document.documentElement.lang.startsWith("en") ? "en" : "zh");
    section.dataset["verdict"] = "open";
    section.classList.add("verdict-open");
    const line = element("p", { class: "verdict-line" }, sign("open", texts.signs.open), ` ${texts.open}`);
    const why = element("p", { class: "verdict-todo" }, error instanceof Error ? error.message : "");
    refill(section, line, element("p", { class: "verdict-todo" }, texts.doOpen), why);
  });
}
