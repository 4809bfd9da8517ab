// The ledger's own stream, and those who look on: findings, declarations, charters and their adoption.
import type { Case } from "./admit.ts";
import type { JsonObject } from "./canonical.ts";
import { checkTally, checkVotes, readCharter, type Charter } from "./charter.ts";
import { refuse } from "./fault.ts";
import * as read from "./read.ts";
import { checkLoss } from "./loss.ts";
import { rolesAt } from "./roster.ts";
import { day } from "./time.ts";
import type { Noted, Transaction } from "./transaction.ts";

/** Findings that were raised, each with whether it has been answered. */
function findings(notes: readonly Noted[]): Map<number, { stops: boolean; answered: boolean }> {
  const found = new Map<number, { stops: boolean; answered: boolean }>();
  for (const { event, recorded } of notes) {
    if (event["kind"] === "finding_raised") {
      found.set(recorded.index, { stops: read.bool(event, "stops"), answered: false });
    } else if (event["kind"] === "finding_answered") {
      const finding = found.get(read.integer(event, "entry"));
      if (finding !== undefined) {
        finding.answered = true;
      }
    }
  }
  return found;
}

/** A finding that stops holds back steps and waivers until it is answered. */
export function checkNoStop(transaction: Transaction): void {
  for (const [index, finding] of findings(transaction.notes)) {
    if (finding.stops && !finding.answered) {
      refuse("finding_open", `the finding of entry ${index} is unanswered`);
    }
  }
}

/** A private document that an entry of this very stream names is erased once. */
export function checkErasure(of: Case): void {
  const { ledger, entry } = of;
  const erased = ledger.papers.get(entry.stream)?.get(read.text(entry.event, "commitment"));
  if (erased === undefined) {
    refuse("unknown_document", "no entry of this stream names the document");
  } else if (erased) {
    refuse("document_erased_before", "the document has been erased");
  }
}

/** A finding, an answer to one, or an erasure. */
export function checkFinding(of: Case, notes: readonly Noted[]): void {
  const { ledger, entry, position } = of;
  if (entry.kind === "document_erased") {
    checkErasure(of);
  } else if (entry.kind === "finding_raised") {
    const today = ledger.charterAt(position).calendar.dayOf(entry.received);
    if (day(read.text(entry.event, "answer_by")) < today) {
      refuse("inconsistent", "answer_by has passed");
    }
    if (read.bool(entry.event, "stops") && of.transaction === undefined) {
      refuse("inconsistent", "there is no transaction to stop");
    }
  } else if (entry.kind === "finding_answered") {
    const finding = findings(notes).get(read.integer(entry.event, "entry"));
    if (finding === undefined) {
      refuse("unknown_finding", "the entry is no finding of this stream");
    } else if (finding.answered) {
      refuse("finding_settled", "the finding has been answered");
    }
  }
}

/** Rules of the ledger's own stream that do not follow from the roster itself. */
export function checkLedgerEvent(of: Case): void {
  const { ledger, entry, position, signers, charter } = of;
  if (entry.kind === "relative_declared") {
    const member = read.text(entry.event, "member");
    if (signers.join() !== member) {
      refuse("not_for_self", `${member} declares for itself, alone`);
    }
    const held = ledger.roster.members.get(member);
    if (held === undefined || !rolesAt(held, position).some((role) => role !== "intake")) {
      refuse("signer_without_role", `${member} holds no role`);
    }
  } else if (entry.kind === "charter_adopted") {
    checkAdoption(of, charter, readCharter(read.object(entry.event, "charter")));
  } else if (entry.kind === "loss_declared") {
    checkLoss(of);
  } else {
    checkFinding(of, ledger.notes);
  }
}

function checkAdoption(of: Case, charter: Charter, adopted: Charter): void {
  const { ledger, entry, position } = of;
  const vote = read.maybeObject(entry.event, "vote");
  if (vote === undefined) {
    if (charter.adoptionBodies.length > 0) {
      refuse("adoption_unvoted", `needs a vote of ${charter.adoptionBodies.join(", ")}`);
    }
  } else {
    checkTally(vote);
    const today = ledger.charterAt(position).calendar.dayOf(entry.received);
    if (day(read.text(vote, "held_on")) > today) {
      refuse("future_date", "the vote had not been held");
    }
    if (charter.adoptionBodies.length > 0) {
      checkVotes(charter, charter.adoptionBodies, vote);
    }
  }
  for (const [id, member] of ledger.roster.members) {
    adopted.exclusions(id, rolesAt(member, position));
  }
}

/** A new charter has a higher number, and windows in days unless the ledger is for training. */
export function checkCharter(charter: Charter, training: boolean, before: Charter | undefined): void {
  const short = (rule: JsonObject | undefined): boolean =>
    rule !== undefined && !/^(?:working_)?days$/.test(read.text(read.object(rule, "span"), "unit"));
  const [steps, voting] = [read.object(charter.json, "steps"), read.object(charter.json, "voting")];
  const rules = Object.keys(steps).flatMap((step) =>
    ["open_for", "within"].map((field) => read.maybeObject(read.object(steps, step), field)),
  );
  rules.push(...Object.keys(voting).map((body) => read.maybeObject(read.object(voting, body), "notice")));
  rules.push(read.object(read.object(charter.json, "concerns"), "answer_within"));
  if (!training && rules.some(short)) {
    refuse("training_only", "windows shorter than days are for training ledgers");
  }
  if (before !== undefined && charter.version <= before.version) {
    refuse("charter_version", `expected a version above ${before.version}, found ${charter.version}`);
  }
}
