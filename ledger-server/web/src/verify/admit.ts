// The rules for an event at its place: streams, signers, order, windows, postings, disclosures, detours.
// Not judged here, and said so to the reader: private data in texts, the negative list, and the sums and
// dates of a contract's payments.
import type { JsonObject } from "./canonical.ts";
import { checkVotes, readCharter, type Charter } from "./charter.ts";
import { checkParts } from "./charter_form.ts";
import { checkConcern, checkNothingHeldUp } from "./concern.ts";
import { checkDetour, checkWaivers } from "./detour.ts";
import { checkConsistent } from "./consistent.ts";
import { compose, disclosureDigest } from "./disclosure.ts";
import type { Entry } from "./entry.ts";
import { Fault, refuse } from "./fault.ts";
import { DAYS, KINDS } from "./kinds.ts";
import { checkFinding, checkLedgerEvent, checkNoStop } from "./oversight.ts";
import * as read from "./read.ts";
import { checkShape } from "./shape.ts";
import { checkSigners } from "./signing.ts";
import type { Ledger } from "./state.ts";
import { pointOf, stepNumber, STEPS, VOTE } from "./step.ts";
import { day, dayAt, stated } from "./time.ts";
import type { Transaction } from "./transaction.ts";
import type { SigningRule } from "./charter.ts";

/** One event before the rules. */
export interface Case {
  readonly ledger: Ledger;
  readonly entry: Entry;
  readonly position: number;
  readonly signers: readonly string[];
  readonly charter: Charter;
  /** The transaction of the event's stream, if it has begun. */
  readonly transaction: Transaction | undefined;
}

/** The event has the shape of its kind, nested members too, and a charter's parts fit together. */
export function checkForm(event: JsonObject, kind: string): void {
  if (!KINDS.has(kind)) {
    throw new Fault("form", `no such kind of event: ${kind.slice(0, 60)}`);
  }
  checkShape(event, "Event", "event");
  const charter = read.member(event, "charter");
  if (read.isObject(charter)) {
    checkParts(charter);
    readCharter(charter);
  }
}

/** Refuses an event that the rules do not admit at its place. */
export function admit(of: Case): void {
  const { ledger, entry, position } = of;
  const form = KINDS.get(entry.kind);
  const home = entry.stream.split("/")[0] as string;
  if (entry.kind === "ledger_opened") {
    refuse("already_opened", "the ledger has been opened before");
  }
  if (form?.home.split(" or ").includes(home) !== true) {
    refuse("wrong_stream", `${entry.kind} does not stand in ${entry.stream}`);
  }
  if (entry.prev !== ledger.headOf(entry.stream)) {
    refuse("stale_prev", `the last entry of ${entry.stream} is another one`);
  }
  checkAhead(ledger.charterAt(position), entry);
  checkRoles(of);
  if (home === "transaction") {
    checkTransactionEvent(of);
  } else if (home === "concern") {
    checkConcern(of);
    checkRecord(of, entry.event, entry.kind);
  } else {
    checkRecord(of, entry.event, entry.kind);
    checkLedgerEvent(of);
  }
}

/** Nothing from the future. */
export function checkAhead(charter: Charter, entry: Entry): void {
  if (entry.at.instant > charter.calendar.endOf(entry.received, charter.ahead)) {
    refuse("future_time", `${entry.atText} lies after ${entry.receivedText}, when it was received`);
  }
}

/** The charter's rule for who signs an event of this kind. */
function ruleOf(charter: Charter, kind: string): SigningRule | undefined {
  const step = stepNumber(kind);
  if (step > 0) {
    return charter.steps[step - 1]?.signing;
  }
  switch (kind) {
    case "channel_posted":
      return charter.postings;
    case "charter_adopted":
    case "loss_declared":
      return charter.charterChanges;
    case "member_enrolled":
    case "role_granted":
    case "role_ended":
    case "key_rotated":
    case "key_compromised":
      return charter.rosterChanges;
    default:
      return charter.signing.get(kind);
  }
}

function checkRoles(of: Case): void {
  const { ledger, entry, position, signers, charter, transaction } = of;
  let kind = entry.kind;
  if (kind === "relative_declared") {
    return;
  }
  if (kind === "corrected") {
    const original = transaction?.correctable(read.integer(entry.event, "entry"));
    if (original === undefined) {
      begun(of, true);
      return refuse("nothing_to_correct", "the entry that is corrected does not stand in this transaction");
    }
    // A correction is signed as what it corrects.
    kind = read.text(original.event, "kind");
  }
  const rule = ruleOf(charter, kind);
  if (rule === undefined) {
    throw new Fault("form", `the charter does not say who signs ${kind}`);
  }
  const rules = [rule];
  if (kind === "concern_answered") {
    // An older concern may be answered as a newer one is, and not the other way round.
    const since = ledger.concerns.get(entry.stream.slice("concern/".length))?.raised.recorded.index ?? 0;
    for (const id of read.texts(entry.event, "also")) {
      const raisedAt = ledger.concerns.get(id)?.raised.recorded.index;
      const other = raisedAt === undefined ? undefined : ruleOf(ledger.charterOf(raisedAt, position), kind);
      if (other !== undefined && raisedAt !== undefined && raisedAt > since) {
        rules.push(other);
      }
    }
  }
  rules.forEach((each) => checkSigners(signers, each, ledger.roster, position));
}

/** A transaction that has begun and, unless those who look on speak, was not broken off. */
function begun(of: Case, underWay: boolean): Transaction {
  const { transaction } = of;
  if (transaction === undefined) {
    return refuse("not_begun", `${of.entry.stream} has not begun`);
  }
  if (underWay && transaction.phase.is === "terminated") {
    refuse("transaction_terminated", `${of.entry.stream} was broken off`);
  }
  return transaction;
}

function checkTransactionEvent(of: Case): void {
  const { entry, charter } = of;
  const { kind, event } = entry;
  const step = stepNumber(kind);
  if (step > 0) {
    checkTurn(of, of.transaction, step);
    if (pointOf(step) !== undefined) {
      checkPublication(of, step);
    }
    checkStepRecord(of, charter, step, event);
    if (kind === "plan_drafting" && of.transaction !== undefined) {
      checkWaivers(of.ledger, of.transaction, event);
    }
    return;
  }
  if (kind === "channel_posted") {
    checkPosting(of);
    return;
  }
  if (kind === "contract_taken_over") {
    if (of.transaction !== undefined) {
      refuse("transaction_exists", `${entry.stream} has begun`);
    }
    checkTakenOver(of, event);
    return;
  }
  const family = KINDS.get(kind)?.family;
  const transaction = begun(of, family !== "oversight");
  if (kind === "step_waived") {
    checkTurn(of, transaction, stepNumber(read.text(event, "from")));
  } else if (kind === "returned" && transaction.phase.is === "taken_over") {
    refuse("no_steps", "a contract taken over has no steps");
  } else if ((kind === "returned" || kind === "terminated") && transaction.wasCompleted) {
    refuse("transaction_completed", "all sixteen steps were done");
  }
  checkRecord(of, event, kind);
  if (family === "detour") {
    checkDetour(of, transaction, (corrected, stepOf, governing) => checkStepRecord(of, governing, stepOf, corrected));
  } else if (family === "contract" && transaction.life === undefined) {
    refuse("no_contract", "there is no contract yet");
  } else if (family === "oversight") {
    checkFinding(of, transaction.notes);
  }
}

/** A contract that was made before the ledger: signed by the day of its opening, and begun. */
export function checkTakenOver(of: Case, event: JsonObject): void {
  checkRecord(of, event, "contract_taken_over");
  const opened = of.ledger.charterAt(of.position).calendar.dayOf(of.ledger.openedAt);
  if (day(read.text(event, "signed_on")) > opened) {
    refuse("signed_under_ledger", "the contract was signed after the ledger was opened");
  }
}

/** A step only after the one before it, after every window, and with nothing unanswered. */
function checkTurn(of: Case, transaction: Transaction | undefined, step: number): void {
  const name = (number: number): string => STEPS[number - 1] ?? "";
  if (transaction === undefined) {
    if (step !== 1) {
      refuse("out_of_order", `expected ${name(1)} first, found ${name(step)}`);
    }
    return;
  }
  const { phase } = transaction;
  switch (phase.is) {
    case "completed":
      return refuse("transaction_completed", "all sixteen steps were done");
    case "taken_over":
      return refuse("no_steps", "a contract taken over has no steps");
    case "terminated":
      return refuse("transaction_terminated", "the transaction was broken off");
    case "failed":
      return refuse("bidding_failed", "after a failed bidding the transaction goes back first");
    case "publishing":
      return step === phase.step || step === phase.step + 1 || phase.step === STEPS.length
        ? refuse("channel_missing", `not posted yet on: ${[...phase.outstanding].join(", ")}`)
        : refuse("out_of_order", `expected the postings of ${name(phase.step)}, found ${name(step)}`);
    case "awaiting":
  }
  if (phase.step !== step) {
    refuse("out_of_order", `expected ${name(phase.step)}, found ${name(step)}`);
  }
  checkNoStop(transaction);
  const { calendar } = of.ledger.charterAt(of.position);
  for (const gate of phase.gates) {
    const opens = gate.span === undefined ? gate.since : calendar.endOf(gate.since, gate.span);
    if (of.entry.received < opens) {
      refuse("window_open", `the window of ${name(gate.step)} had not ended`);
    }
  }
  checkNothingHeldUp(transaction, step);
}

function checkPublication(of: Case, step: number): void {
  const { ledger, charter, transaction, entry } = of;
  const channels = read.texts(entry.event, "channels");
  const known = new Set(charter.channels.map((channel) => channel.id));
  const unknown = channels.find((id) => !known.has(id));
  if (unknown !== undefined) {
    refuse("unknown_channel", `the charter knows no channel ${unknown}`);
  }
  const missing = charter.channels.filter((channel) => channel.required && !channels.includes(channel.id));
  if (missing.length > 0) {
    refuse("channels_incomplete", `required: ${missing.map((channel) => channel.id).join(", ")}`);
  }
  if (transaction === undefined) {
    return refuse("out_of_order", "a publication is never a first step");
  }
  const expected = disclosureDigest(compose(ledger, charter, transaction, step, entry.event));
  const found = read.text(entry.event, "disclosure");
  if (expected !== found) {
    refuse("disclosure_mismatch", `expected ${expected}, found ${found}`);
  }
}

/** What the record of a step must satisfy, whenever it is made or corrected. */
function checkStepRecord(of: Case, charter: Charter, step: number, event: JsonObject): void {
  const attached = new Set(read.objects(event, "documents").map((document) => read.text(document, "kind")));
  const missing = charter.steps[step - 1]?.requiredDocuments.filter((kind) => !attached.has(kind)) ?? [];
  if (missing.length > 0) {
    refuse("document_missing", `required: ${missing.join(", ")}`);
  }
  checkRecord(of, event, STEPS[step - 1] as string);
  if (step === VOTE) {
    const bodies = [...charter.voting].filter(([, rule]) => rule.mayDecidePlan).map(([body]) => body);
    checkVotes(charter, bodies, event);
  }
}

/** A record does not contradict itself, and nothing in it lies after the day on which it was received. */
function checkRecord(of: Case, event: JsonObject, kind: string): void {
  checkConsistent(event, kind);
  const field = DAYS.get(kind);
  const days = field === undefined ? [] : [day(read.text(event, field))];
  if (kind === "handover_and_receipt") {
    days.push(...read.objects(event, "received").map((amount) => day(read.text(amount, "received_on"))));
  } else if (kind === "bidding") {
    const held = stated(read.text(event, "held_at"));
    days.push(dayAt(held.instant, held.offsetMinutes));
  } else if (kind === "contract_taken_over") {
    const start = read.maybeText(event, "term_start");
    days.push(...(start === undefined ? [] : [day(start)]));
  }
  const today = of.ledger.charterAt(of.position).calendar.dayOf(of.entry.received);
  if (days.some((found) => found > today)) {
    refuse("future_date", "a day that had not come when it was recorded");
  }
}

/** A posting on a channel that the publication named, once, of what was published. */
function checkPosting(of: Case): void {
  const { transaction, entry } = of;
  if (transaction?.phase.is === "terminated") {
    refuse("transaction_terminated", "the transaction was broken off");
  }
  if (transaction?.phase.is !== "publishing") {
    return refuse("nothing_to_post", "no publication waits for postings");
  }
  const { phase } = transaction;
  const channel = read.text(entry.event, "channel");
  if (transaction.postingsOf(phase.step).has(channel)) {
    refuse("already_posted", `${channel} has been posted`);
  }
  if (!phase.outstanding.has(channel)) {
    refuse("unknown_channel", `the publication does not name ${channel}`);
  }
  if (read.text(entry.event, "disclosure") !== phase.disclosure) {
    refuse("disclosure_mismatch", "the posting is of another disclosure");
  }
}
