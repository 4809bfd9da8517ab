// Residents' concerns: about what and when one is raised, that it is answered once, what waits for the answer.
import type { Case } from "./admit.ts";
import type { JsonObject } from "./canonical.ts";
import type { Calendar, Span } from "./calendar.ts";
import type { Entry } from "./entry.ts";
import { Fault, refuse } from "./fault.ts";
import { checkErasure } from "./oversight.ts";
import * as read from "./read.ts";
import type { Concern, Ledger } from "./state.ts";
import { pointOf, STEP_COUNT, stepOfSubject } from "./step.ts";
import type { Recorded, Transaction } from "./transaction.ts";

function known(ledger: Ledger, id: string): Concern {
  return ledger.concerns.get(id) ?? refuse("concern_unknown", `no concern ${id}`);
}

/** The rules of an event in a concern's stream. */
export function checkConcern(of: Case): void {
  const { ledger, entry } = of;
  const id = entry.stream.slice("concern/".length);
  const { event, kind } = entry;
  if (kind === "concern_raised") {
    checkRaised(ledger, id, read.text(event, "transaction"), read.text(event, "subject"));
  } else if (kind === "concern_answered") {
    const also = read.texts(event, "also");
    for (const one of [id, ...also]) {
      const concern = known(ledger, one);
      if (concern.transaction !== read.text(event, "transaction")) {
        refuse("concern_of_another", `${one} is about ${concern.transaction}`);
      }
      if (concern.answered !== undefined) {
        refuse("concern_answered_before", `${one} has been answered`);
      }
    }
    if (also.includes(id)) {
      refuse("inconsistent", "also names other concerns");
    }
  } else if (kind === "concern_hidden") {
    const concern = known(ledger, id);
    if (concern.hidden !== undefined) {
      refuse("concern_hidden_before", `${id} has been hidden`);
    }
    if (!hasWordsBeside(concern.raised.event)) {
      refuse("concern_not_hideable", `the words of ${id} stand in its entry`);
    }
  } else if (kind === "document_erased") {
    known(ledger, id);
    checkErasure(of);
  } else {
    const concern = known(ledger, id);
    if (concern.answered === undefined) {
      refuse("concern_unanswered", `${id} has not been answered`);
    }
    if (kind === "concern_closed" && concern.closed !== undefined) {
      refuse("concern_closed_before", `${id} has been closed`);
    }
    if (kind === "concern_rated" && concern.rated !== undefined) {
      refuse("concern_rated_before", `${id} has been rated`);
    }
  }
}

/** Whether what was said is kept as a private document beside the entry. */
function hasWordsBeside(raised: JsonObject): boolean {
  return read
    .objects(raised, "documents")
    .some((document) => document["access"] === "private" && document["kind"] === "concern_text");
}

function checkRaised(ledger: Ledger, id: string, of: string, subject: string): void {
  if (ledger.concerns.has(id)) {
    refuse("concern_exists", `${id} has been raised`);
  }
  const transaction = ledger.transactions.get(of) ?? refuse("not_begun", `${of} has not begun`);
  const step = stepOfSubject(subject);
  if (step > 0 && !transaction.everDone.has(step)) {
    refuse("concern_too_early", `${subject} has not been published`);
  }
}

/** Nothing follows a step while a concern about it, raised inside its window, is unanswered. */
export function checkNothingHeldUp(transaction: Transaction, step: number): void {
  const open = [...transaction.holding].filter(([, held]) => held.step < step).map(([id]) => id);
  if (open.length > 0) {
    refuse("concern_open", `unanswered: ${open.slice(0, 8).join(", ")}`);
  }
}

/** What an admitted event of a concern changes: itself, and the state of its transaction. */
export function noteConcern(ledger: Ledger, entry: Entry, leaf: string, recordedBy: Recording): void {
  const { event, kind } = entry;
  const id = entry.stream.slice("concern/".length);
  if (kind === "concern_raised") {
    const of = read.text(event, "transaction");
    const subject = read.text(event, "subject");
    const recorded = recordedBy(undefined);
    const raised = { event, recorded };
    const nothing = { answered: undefined, closed: undefined, hidden: undefined, rated: undefined };
    ledger.concerns.set(id, { id, transaction: of, subject, raised, head: leaf, ...nothing });
    const transaction = ledger.transactions.get(of);
    const step = stepOfSubject(subject);
    const gated = step > 0 && step < STEP_COUNT;
    if (transaction !== undefined && gated && isInside(ledger, transaction, step, recorded)) {
      transaction.holding.set(id, { step, index: recorded.index });
    }
    return;
  }
  const own = known(ledger, id);
  own.head = leaf;
  const noted = { event, recorded: recordedBy(own.raised.recorded.index) };
  if (kind === "concern_answered") {
    for (const one of [id, ...read.texts(event, "also")]) {
      const concern = known(ledger, one);
      concern.answered = noted;
      ledger.transactions.get(concern.transaction)?.holding.delete(one);
    }
  } else if (kind === "concern_closed") {
    own.closed = noted;
  } else if (kind === "concern_hidden") {
    own.hidden = noted;
  } else if (kind === "concern_rated") {
    own.rated = noted;
  }
}

/** Makes the record of an entry, by the charter of what began with an earlier one. */
export type Recording = (begunAt: number | undefined) => Recorded;

/** Whether a concern about a step came before the end of its window: postings and the time before count. */
function isInside(ledger: Ledger, transaction: Transaction, step: number, recorded: Recorded): boolean {
  const passed = transaction.record(step);
  if (passed === undefined) {
    return true;
  }
  if (passed.waived) {
    return false;
  }
  const { calendar } = ledger.charterAt(recorded.index);
  const again = transaction.windowAgain(step);
  if (again !== undefined) {
    return isOpen(calendar, again.since, again.span, recorded.received);
  }
  let since = passed.recorded.received;
  if (pointOf(step) !== undefined) {
    const posted = transaction.postingsOf(step);
    if (read.texts(passed.event, "channels").some((channel) => !posted.has(channel))) {
      return true;
    }
    since = Math.max(since, ...[...posted.values()].map((posting) => posting.received));
  }
  const charter = ledger.charterOf(transaction.begunAt, passed.recorded.index);
  return isOpen(calendar, since, charter.steps[step - 1]?.openFor, recorded.received);
}

function isOpen(calendar: Calendar, since: number, span: Span | undefined, now: number): boolean {
  if (span === undefined) {
    return false;
  }
  try {
    return now < calendar.endOf(since, span);
  } catch (error) {
    // Without a calendar nobody can say that the window has ended, and nothing follows it.
    if (error instanceof Fault) {
      return true;
    }
    throw error;
  }
}
