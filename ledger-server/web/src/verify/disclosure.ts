// Disclosures: composed again from the record, to be compared by digest with what was published.
import { hex, utf8 } from "./bytes.ts";
import { canonical, type Json, type JsonObject } from "./canonical.ts";
import type { Charter } from "./charter.ts";
import { digest } from "./hash.ts";
import * as read from "./read.ts";
import { pointOf, STEPS } from "./step.ts";
import type { Noted, Passed, Transaction } from "./transaction.ts";

/** What a disclosure says of the ledger. */
export interface About {
  readonly collective: JsonObject;
  readonly ledgerId: string;
  readonly origin: string;
  readonly training: boolean;
}

function recorded(noted: Noted | Passed): { [key: string]: Json } {
  const { at, index, receivedText, late, signers } = noted.recorded;
  return { at, index, received_at: receivedText, record: noted.event, recorded_late: late, signers };
}

function shownStep(passed: Passed): Json {
  const step = STEPS[passed.step - 1] as string;
  return { ...recorded(passed), corrected_by: passed.correctedBy, step };
}

/** The disclosure of a transaction as it stands, at the publication point of `step`. */
export function compose(
  about: About,
  charter: Charter,
  transaction: Transaction,
  step: number,
  publication: JsonObject,
): JsonObject {
  const names = new Map(charter.channels.map((channel) => [channel.id, channel.name]));
  const channels = read.texts(publication, "channels").flatMap((id) => {
    const name = names.get(id);
    return name === undefined ? [] : [{ id, name }];
  });
  const shown = transaction.passed.filter((passed) => pointOf(passed.step) === undefined && passed.step < step);
  const openFor = charter.steps[step - 1]?.openForJson;
  return {
    channels,
    charter_version: charter.version,
    collective: read.text(about.collective, "name"),
    comments_to: read.text(publication, "comments_to"),
    detours: transaction.detours.map(recorded),
    documents: read.list(publication, "documents"),
    follows: transaction.head,
    ledger: about.ledgerId,
    ...(openFor === undefined ? {} : { open_for: openFor }),
    origin: about.origin,
    point: pointOf(step) ?? "",
    reports_to: read.text(about.collective, "reports_to"),
    steps: shown.map(shownStep),
    summary: read.text(publication, "summary"),
    training: about.training,
    transaction: transaction.id,
    v: 1,
  };
}

/** The digest that a publication signs, in hexadecimal. */
export function disclosureDigest(disclosure: JsonObject): string {
  return hex(digest(utf8(canonical(disclosure))));
}
