// What a resident said, where it is kept beside the entry: opened by its salt, held against the commitment in
// the verified entry, and against what the page shows.
import { fromUtf8, utf8 } from "../verify/bytes.ts";
import type { Json, JsonObject } from "../verify/canonical.ts";
import { opens } from "../verify/commitment.ts";
import { Fault, Unavailable } from "../verify/fault.ts";
import * as read from "../verify/read.ts";
import type { Verified } from "../verify/replay.ts";
import type { Session } from "../verify/session.ts";
import type { Source } from "../verify/tile.ts";
import { mark, plain, type Binding } from "./bind.ts";
import type { Texts } from "./texts.ts";

/** The commitment to the words that stand beside an entry. */
function commitmentIn(entry: Verified): string | undefined {
  const beside = read
    .objects(entry.event, "documents")
    .find((document) => document["access"] === "private" && document["kind"] === "concern_text");
  return beside === undefined ? undefined : read.text(beside, "commitment");
}

/** What the server opens of a concern, by commitment; nothing, where it opens nothing. */
async function opened(source: Source, concern: string): Promise<ReadonlyMap<string, JsonObject>> {
  try {
    const text = fromUtf8(await source.fetch(`c/${encodeURIComponent(concern)}/text`));
    const json = JSON.parse(text ?? "") as Json;
    const texts = read.isObject(json) ? read.objects(json, "texts") : [];
    return new Map(texts.map((one) => [read.text(one, "commitment"), one]));
  } catch (error) {
    if (error instanceof Unavailable || error instanceof Fault || error instanceof SyntaxError) {
      return new Map();
    }
    throw error;
  }
}

/** The words that open a commitment; `false` if others are given out for them. */
function wordsOf(commitment: string, by: JsonObject | undefined): string | false | undefined {
  const [salt, text] = [by?.["salt"], by?.["text"]];
  if (typeof salt !== "string" || typeof text !== "string") {
    return undefined;
  }
  return opens(commitment, salt, utf8(text)) && text;
}

/** Binds the words on the page of a concern; those on other pages are told apart as not verified. */
export async function bindWords(
  root: ParentNode,
  session: Session,
  concern: string | undefined,
  source: Source,
  texts: Texts,
): Promise<Binding> {
  const contradictions: string[] = [];
  let [proven, unverified] = [0, 0];
  const own = [...session.verified.values()].filter((entry) => entry.stream === `concern/${concern ?? ""}`);
  const committed = own.filter((entry) => commitmentIn(entry) !== undefined);
  const found = committed.length === 0 || concern === undefined ? new Map() : await opened(source, concern);
  const seen = new Set<number>();
  for (const element of Array.from(root.querySelectorAll<HTMLElement>("[data-words]"))) {
    const entry = session.verified.get(Number(element.dataset["words"]));
    const commitment = entry === undefined || !own.includes(entry) ? undefined : commitmentIn(entry);
    if (concern === undefined || entry === undefined) {
      unverified += 1;
      mark(element, "unverified", texts);
      continue;
    }
    const place = texts.entry(entry.index);
    if (commitment === undefined) {
      contradictions.push(`${place}: ${texts.outOfPlace}`);
      mark(element, "contradicted", texts);
      continue;
    }
    seen.add(entry.index);
    const words = wordsOf(commitment, found.get(commitment));
    if (words === undefined) {
      unverified += 1;
      mark(element, "unverified", texts);
    } else if (words === false) {
      contradictions.push(`${place}: ${texts.otherWords}`);
      mark(element, "contradicted", texts);
    } else if (plain(words) !== plain(element.textContent)) {
      contradictions.push(`${place}: ${texts.differs(plain(element.textContent).slice(0, 120), plain(words).slice(0, 120))}`);
      element.textContent = words;
      mark(element, "contradicted", texts);
    } else {
      element.textContent = words;
      proven += 1;
      mark(element, "proven", texts);
    }
  }
  // What can be read is shown, and shown as what it is.
  for (const entry of committed.filter((entry) => !seen.has(entry.index))) {
    const commitment = commitmentIn(entry) ?? "";
    if (typeof wordsOf(commitment, found.get(commitment)) === "string") {
      contradictions.push(`${texts.entry(entry.index)}: ${texts.incomplete}`);
    }
  }
  return { proven, unverified, contradictions };
}
