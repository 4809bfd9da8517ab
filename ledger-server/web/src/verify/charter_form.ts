// Whether the parts of a charter fit together, beyond what its schema says: where the Rust parser refuses one.
import { SPAN_LIMITS } from "./calendar.ts";
import type { Json, JsonObject } from "./canonical.ts";
import { Fault } from "./fault.ts";
import * as read from "./read.ts";

/** What the intake key signs for residents, and nobody in its place. */
const INTAKE = ["concern_raised", "concern_rated"];

/** 农村集体经济组织法, articles 32 and 34. */
const LEGAL_EXCLUSIONS = ["council_member", "chair", "accountant", "cashier"];

const WAIVABLE_NOT = [
  "asset_verification",
  "party_review",
  "publish_pre_plan",
  "plan_drafting",
  "publish_plan",
  "contract_signing",
  "publish_completion",
];

/** Thresholds that must not be nothing, by their place. */
const FLAG_NUMBERS = [
  "close_to_reserve/bidders",
  "close_to_reserve/within_basis_points",
  "lease_term_months/number",
  "least_bidders/number",
  "least_tenderers/number",
  "rounds_per_vote/number",
  "splitting/within_days",
  "splitting/amount_fen",
  "term_months/number",
  "winner_share/basis_points",
  "winner_share/contracts",
  "posting/span/length",
];

function need(fits: boolean, at: string, expected: string): void {
  if (!fits) {
    throw new Fault("form", `charter.${at}: expected ${expected}`);
  }
}

function distinct(words: readonly Json[]): boolean {
  return new Set(words).size === words.length;
}

function each(of: JsonObject, then: (value: JsonObject, key: string) => void): void {
  Object.keys(of).forEach((key) => then(read.object(of, key), key));
}

function span(rule: JsonObject): { length: number; unit: string } {
  const json = read.object(rule, "span");
  return { length: read.integer(json, "length"), unit: read.text(json, "unit") };
}

function checkSigning(rule: JsonObject, at: string): void {
  const roles = [read.text(rule, "answers"), ...read.objects(rule, "cosigns").map((one) => read.text(one, "role"))];
  need(distinct(roles) && !roles.includes("intake"), at, "each role once, and never the intake key");
}

function checkSteps(steps: JsonObject): void {
  each(steps, (rule, step) => {
    checkSigning(read.object(rule, "signing"), step);
    need(read.list(rule, "basis").length > 0, `${step}.basis`, "a basis");
    const kinds = read.objects(rule, "documents").map((document) => read.text(document, "kind"));
    need(distinct(kinds), `${step}.documents`, "each kind once");
    for (const name of ["open_for", "within"]) {
      const time = read.maybeObject(rule, name);
      need(time === undefined || span(time).length > 0, `${step}.${name}`, "at least 1");
    }
    const open = read.member(rule, "open_for") !== undefined;
    need(open || !/^publish_(?:pre_)?plan$/.test(step), `${step}.open_for`, "a window");
    need(!open || step !== "publish_completion", `${step}.open_for`, "no window: nothing follows");
  });
}

function checkVoting(charter: JsonObject): void {
  const voting = read.object(charter, "voting");
  let deciding = false;
  each(voting, (rule, body) => {
    for (const name of ["approval", "participation"]) {
      const share = read.object(rule, name);
      const [part, whole] = [read.integer(share, "numerator"), read.integer(share, "denominator")];
      const reached = read.bool(share, "more_than") ? part < whole : part <= whole;
      need(part > 0 && reached, `voting.${body}.${name}`, "a share that can be reached");
    }
    deciding ||= read.bool(rule, "may_decide_plan");
  });
  need(deciding, "voting", "some body that may decide a plan");
  const bodies = read.texts(read.object(charter, "adoption"), "bodies");
  need(bodies.every((body) => read.member(voting, body) !== undefined), "adoption.bodies", "bodies with a voting rule");
}

function checkLimits(limits: readonly JsonObject[]): void {
  need(distinct(limits.map((limit) => read.text(limit, "id"))), "limits", "each id once");
  for (const limit of limits) {
    const rule = read.object(limit, "rule");
    const numbers: Readonly<Record<string, readonly string[]>> = {
      price_share: ["numerator", "denominator"],
      term_cap: ["at_most_months"],
    };
    const named = numbers[read.text(rule, "limit")] ?? [];
    need(named.every((name) => read.integer(rule, name) > 0), "limits", "at least 1");
  }
}

function checkFlags(flags: JsonObject): void {
  const at = (path: string): number => {
    const names = path.split("/");
    const last = names.pop() as string;
    return read.integer(names.reduce(read.object, flags), last);
  };
  for (const path of FLAG_NUMBERS) {
    need(at(path) > 0, `flags.${path}`, "at least 1");
    need(!path.endsWith("basis_points") || at(path) <= 10_000, `flags.${path}`, "at most 10000, the whole");
  }
  for (const name of ["deposit_refund", "expiry", "rent"]) {
    need(/^(?:working_)?days$/.test(span(read.object(flags, name)).unit), `flags.${name}`, "days");
  }
}

function checkClocks(clocks: JsonObject): void {
  const [ahead, late] = [span(read.object(clocks, "ahead")), span(read.object(clocks, "late"))];
  need(late.unit !== "working_days", "clocks.late", "no working days");
  const most: Readonly<Record<string, number>> = { hours: 24, minutes: 24 * 60, seconds: 24 * 3600 };
  need(ahead.length <= (most[ahead.unit] ?? -1), "clocks.ahead", "at most 24 hours");
}

function checkExclusions(exclusions: readonly JsonObject[]): void {
  const pairs = exclusions.map((pair) => [read.text(pair, "one"), read.text(pair, "other")]);
  const apart = (role: string): boolean =>
    pairs.some((pair) => pair.includes("supervisor") && pair.includes(role));
  need(LEGAL_EXCLUSIONS.every(apart), "exclusions", "those that the law makes");
  need(pairs.every(([one, other]) => one !== other), "exclusions", "two roles");
}

/** No span is longer than a hundred years, wherever it stands. */
function checkSpans(value: Json, at: string): void {
  if (Array.isArray(value)) {
    value.forEach((item: Json) => checkSpans(item, at));
  } else if (read.isObject(value)) {
    const { length, unit } = value;
    if (typeof length === "number" && typeof unit === "string") {
      need(length <= (SPAN_LIMITS.get(unit) ?? -1), at, "at most a hundred years");
    }
    Object.keys(value).forEach((key) => checkSpans(value[key] as Json, `${at}.${key}`));
  }
}

/** Refuses a charter whose parts do not fit together; its shape has been looked at. */
export function checkParts(charter: JsonObject): void {
  const channels = read.objects(charter, "channels");
  need(distinct(channels.map((channel) => read.text(channel, "id"))), "channels", "each id once");
  need(channels.some((channel) => read.bool(channel, "required")), "channels", "one that is required");
  for (const name of ["charter_changes", "postings", "roster_changes"]) {
    checkSigning(read.object(charter, name), name);
  }
  each(read.object(charter, "signing"), (rule, kind) => {
    if (INTAKE.includes(kind)) {
      const alone = read.text(rule, "answers") === "intake" && read.list(rule, "cosigns").length === 0;
      need(alone, `signing.${kind}`, "the intake key alone");
    } else {
      checkSigning(rule, `signing.${kind}`);
    }
  });
  const waived = read.objects(charter, "waivers").flatMap((waiver) => read.texts(waiver, "steps"));
  need(!waived.some((step) => WAIVABLE_NOT.includes(step)), "waivers", "steps that may be waived");
  checkSteps(read.object(charter, "steps"));
  checkVoting(charter);
  checkLimits(read.objects(charter, "limits"));
  checkFlags(read.object(charter, "flags"));
  checkClocks(read.object(charter, "clocks"));
  checkExclusions(read.objects(charter, "exclusions"));
  checkSpans(charter, "span");
  need(read.integer(charter, "version") > 0, "version", "at least 1");
}
