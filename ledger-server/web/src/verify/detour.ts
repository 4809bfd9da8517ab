// Waivers, returns, corrections, the end: whether they may be.
import { checkForm, checkTakenOver, type Case } from "./admit.ts";
import { canonical, type Json, type JsonObject } from "./canonical.ts";
import type { Charter } from "./charter.ts";
import { refuse } from "./fault.ts";
import * as read from "./read.ts";
import type { Ledger } from "./state.ts";
import { ASSET, LISTING, PLAN, PROPOSAL, STEPS, stepNumber, VALUATION, VOTE } from "./step.ts";
import { correctedEvent, hasFailed, type Passed, type Transaction } from "./transaction.ts";

/** The facts on which a waiver rests. */
interface Grounds {
  readonly category: Json | undefined;
  readonly method: Json | undefined;
  readonly worth: number | undefined;
}

/** The facts of a transaction, with some records replaced by others. */
function grounds(transaction: Transaction, instead: ReadonlyMap<number, JsonObject>): Grounds {
  const record = (step: number): JsonObject | undefined => {
    const passed = transaction.record(step);
    return instead.get(step) ?? (passed?.waived === true ? undefined : passed?.event);
  };
  const [asset, proposal, valued, plan] = [ASSET, PROPOSAL, VALUATION, PLAN].map(record);
  const member = (of: JsonObject | undefined, key: string): Json | undefined =>
    of === undefined ? undefined : read.member(of, key);
  const months = plan === undefined ? member(proposal, "expected_term_months") : member(plan, "term_months");
  const price = member(plan ?? valued, "reserve_price");
  const area = asset === undefined ? undefined : read.maybeObject(read.object(asset, "asset"), "area");
  return {
    category: member(proposal, "category"),
    method: member(plan ?? proposal, "method"),
    worth: read.isObject(price)
      ? total(price, area, typeof months === "number" ? months : undefined)
      : undefined,
  };
}

/** Thirds of millionths of a square metre in one unit of area times a million. */
const AREA: ReadonlyMap<string, bigint> = new Map([
  ["mu", 2000n],
  ["square_metre", 3n],
  ["hectare", 30_000n],
]);

/** What a price comes to over area and term, in fen, where that is exact. */
function total(price: JsonObject, area: JsonObject | undefined, months: number | undefined): number | undefined {
  const fen = BigInt(read.integer(price, "fen"));
  const term = months === undefined ? undefined : BigInt(months);
  const [whole = "", fraction = ""] = area === undefined ? [] : read.text(area, "value").split(".");
  const unit = area === undefined ? undefined : AREA.get(read.text(area, "unit"));
  const size = unit === undefined ? undefined : BigInt(whole + fraction.padEnd(6, "0")) * unit;
  const both = size === undefined || term === undefined ? undefined : size * term;
  const bases: ReadonlyMap<string, readonly [bigint | undefined, bigint]> = new Map([
    ["total", [1n, 1n]],
    ["per_month", [term, 1n]],
    ["per_year", [term, 12n]],
    ["per_mu", [size, 2_000_000_000n]],
    ["per_square_metre", [size, 3_000_000n]],
    ["per_sqm_month", [both, 3_000_000n]],
    ["per_mu_year", [both, 24_000_000_000n]],
  ]);
  const [units, inOne] = bases.get(read.text(price, "basis")) ?? [undefined, 1n];
  if (units === undefined || (fen * units) % inOne !== 0n) {
    return undefined;
  }
  const sum = Number((fen * units) / inOne);
  return Number.isSafeInteger(sum) ? sum : undefined;
}

/** Only the steps that one of the charter's waivers names for such a dealing. */
function checkWaiver(charter: Charter, facts: Grounds, waived: JsonObject): void {
  const [from, through] = [stepNumber(read.text(waived, "from")), stepNumber(read.text(waived, "through"))];
  if (from === 0 || through < from) {
    refuse("inconsistent", "a waiver leaves out steps from one on");
  }
  const allowed = charter.waivers.some((waiver) => {
    const among = (names: readonly string[], found: Json | undefined): boolean =>
      names.length === 0 || (typeof found === "string" && names.includes(found));
    const worth = waiver.atMostFen === undefined || (facts.worth !== undefined && facts.worth <= waiver.atMostFen);
    const covers = STEPS.every((step, at) => at + 1 < from || at + 1 > through || waiver.steps.includes(step));
    return worth && among(waiver.categories, facts.category) && among(waiver.methods, facts.method) && covers;
  });
  if (!allowed) {
    refuse("waiver_not_allowed", `no waiver of the charter leaves out steps ${from} to ${through} here`);
  }
}

/** The waivers that stand are still allowed, with a plan or a correction in place. */
export function checkWaivers(
  ledger: Ledger,
  transaction: Transaction,
  event: JsonObject,
  step: number = PLAN,
): void {
  const facts = grounds(transaction, new Map([[step, event]]));
  for (const passed of transaction.passed.filter((passed) => passed.waived)) {
    checkWaiver(ledger.charterOf(transaction.begunAt, passed.recorded.index), facts, passed.event);
  }
}

type RecordCheck = (event: JsonObject, step: number, charter: Charter) => void;

export function checkDetour(of: Case, transaction: Transaction, checkRecord: RecordCheck): void {
  const { entry, charter } = of;
  if (entry.kind === "step_waived") {
    checkWaiver(charter, grounds(transaction, new Map()), entry.event);
  } else if (entry.kind === "returned") {
    const to = stepNumber(read.text(entry.event, "to"));
    const latest = transaction.passed[transaction.passed.length - 1]?.step ?? 0;
    if (to === 0 || to > latest) {
      refuse("return_not_back", "a return goes back to a step that stands");
    }
    if (transaction.biddingFailed && to !== LISTING && to > PLAN) {
      refuse("return_after_failure", "after a failed bidding: back to the listing, the plan or before");
    }
  } else if (entry.kind === "corrected") {
    const original = transaction.correctable(read.integer(entry.event, "entry"));
    if (original !== undefined) {
      checkCorrection(of, transaction, original, checkRecord);
    }
  }
}

function checkCorrection(
  of: Case,
  transaction: Transaction,
  original: Passed | { event: JsonObject },
  checkRecord: RecordCheck,
): void {
  const unfit = (message: string): never => refuse("correction_unfit", message);
  const { ledger, entry } = of;
  const event = correctedEvent(original.event, entry.event) ?? unfit("there is no such field, or nothing changes");
  try {
    checkForm(event, read.text(event, "kind"));
  } catch {
    unfit("the value does not fit the field");
  }
  if (!("step" in original)) {
    if (event["kind"] === "contract_taken_over") {
      checkTakenOver(of, event);
    }
    return;
  }
  const { step } = original;
  checkRecord(event, step, ledger.charterOf(transaction.begunAt, original.recorded.index));
  if (event["kind"] === "bidding" && hasFailed(event) !== hasFailed(original.event)) {
    unfit("whether somebody won cannot be corrected");
  }
  const voted = transaction.record(VOTE)?.waived === false && !transaction.wasCompleted;
  if (voted && step === PROPOSAL && event["category"] !== original.event["category"]) {
    unfit("members voted on another kind of dealing");
  }
  const rest = ({ ...plan }: { [key: string]: Json }): string => {
    delete plan["summary"];
    return canonical(plan);
  };
  if (voted && step === PLAN && rest(event) !== rest(original.event)) {
    unfit("the plan has been voted on");
  }
  try {
    checkWaivers(ledger, transaction, event, step);
  } catch {
    unfit("a waiver that stands would not be allowed");
  }
}
