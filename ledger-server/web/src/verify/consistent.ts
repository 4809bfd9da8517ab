// What a record must satisfy by itself: its members do not contradict one another.
import type { JsonObject } from "./canonical.ts";
import { checkTally } from "./charter.ts";
import { refuse } from "./fault.ts";
import * as read from "./read.ts";
import { stepNumber } from "./step.ts";
import { day, stated } from "./time.ts";

function need(holds: boolean, what: string): void {
  if (!holds) {
    refuse("inconsistent", what);
  }
}

function distinct(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}

/** The second day is not before the first. */
function checkDays(event: JsonObject, first: string, second: string): void {
  need(day(read.text(event, first)) <= day(read.text(event, second)), `${second} is before ${first}`);
}

function checkTerm(event: JsonObject): void {
  const [start, end] = [read.maybeText(event, "term_start"), read.maybeText(event, "term_end")];
  need((start === undefined) === (end === undefined), "term_start and term_end: both or neither");
  if (start !== undefined) {
    checkDays(event, "term_start", "term_end");
  }
}

function checkDeed(event: JsonObject): void {
  need(read.list(event, "parties").length >= 2, "at least two parties");
  checkTerm(event);
}

function checkSettled(event: JsonObject): void {
  const dues = read.texts(event, "dues");
  need(read.integer(event, "amount_fen") > 0 && dues.length > 0 && distinct(dues), "an amount above 0 for dues, each once");
}

function checkBids(event: JsonObject): void {
  const won = read.text(read.object(event, "outcome"), "result") === "won";
  const bid = read.integer(event, "bids") > 0 && read.integer(event, "bidders") > 0;
  need(bid || !won, "a winner needs a bid");
  need(read.integer(event, "round") > 0, "rounds count from 1");
}

const RULES: ReadonlyMap<string, (event: JsonObject) => void> = new Map([
  [
    "feedback_and_valuation",
    (event) => {
      checkDays(event, "consulted_from", "consulted_until");
      const answered = read.integer(event, "opinions_answered");
      need(answered <= read.integer(event, "opinions_received"), "more opinions answered than received");
    },
  ],
  [
    "plan_drafting",
    (event) => {
      const term = read.maybeInteger(event, "term_months");
      need(term === undefined || read.integer(event, "rent_free_months") <= term, "more months free of rent than there are");
    },
  ],
  [
    "member_vote",
    (event) => {
      checkTally(event);
      checkDays(event, "notified_on", "held_on");
    },
  ],
  [
    "listing_notice",
    (event) => {
      const [opens, closes] = ["opens_at", "closes_at"].map((key) => stated(read.text(event, key)).instant);
      need((opens ?? 0) < (closes ?? 0), "closes_at is not after opens_at");
    },
  ],
  [
    "bidder_qualification",
    (event) => {
      const silent = read.objects(event, "applicants").some((one) => !read.bool(one, "admitted") && read.maybeText(one, "reason") === undefined);
      need(!silent, "a refusal of an applicant needs its reason");
    },
  ],
  ["bidding", checkBids],
  ["contract_signing", checkDeed],
  ["contract_taken_over", checkDeed],
  [
    "handover_and_receipt",
    (event) => {
      const vouchers = read.objects(event, "received").map((amount) => read.text(amount, "voucher").replace(/\s/g, ""));
      need(distinct(vouchers), "each voucher once");
    },
  ],
  [
    "step_waived",
    (event) => {
      const [from, through] = ["from", "through"].map((key) => stepNumber(read.text(event, key)));
      need((from ?? 0) <= (through ?? 0), "through is before from");
    },
  ],
  [
    "payment_due",
    (event) => {
      const amounts = read.objects(event, "dues").map((due) => read.integer(due, "amount_fen"));
      need(amounts.length > 0 && !amounts.includes(0), "at least one due, each above 0");
    },
  ],
  ["payment_received", checkSettled],
  ["payment_made", checkSettled],
  ["contract_renewed", checkTerm],
  ["integrity_agreed", (event) => need(read.list(event, "parties").length >= 2, "at least two parties")],
  [
    "meeting_held",
    (event) => {
      const attendance = read.object(event, "attendance");
      need(read.integer(attendance, "present") <= read.integer(attendance, "called"), "more present than called");
    },
  ],
  ["period_attested", (event) => checkDays(event, "from", "until")],
  ["concern_answered", (event) => need(distinct(read.texts(event, "also")), "each concern once")],
  [
    "concern_rated",
    (event) => {
      const stars = read.integer(event, "stars");
      need(stars >= 1 && stars <= 5, "1 to 5 stars");
    },
  ],
]);

/** Refuses a record that contradicts itself. */
export function checkConsistent(event: JsonObject, kind: string): void {
  RULES.get(kind)?.(event);
}
