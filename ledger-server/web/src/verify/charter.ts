// The charter: the collective's own rules, as an entry of the log holds them.
import { Calendar, readSpan, type Span } from "./calendar.ts";
import type { JsonObject } from "./canonical.ts";
import { refuse } from "./fault.ts";
import * as read from "./read.ts";
import type { Exclusions } from "./roster.ts";
import { STEPS } from "./step.ts";

export interface SigningRule {
  readonly answers: string;
  readonly cosigns: readonly { readonly role: string; readonly when: string }[];
}

interface Threshold {
  readonly numerator: number;
  readonly denominator: number;
  readonly moreThan: boolean;
  readonly of: string;
}

interface VotingRule {
  readonly mayDecidePlan: boolean;
  readonly participation: Threshold;
  readonly approval: Threshold;
}

interface StepRule {
  readonly signing: SigningRule;
  readonly requiredDocuments: readonly string[];
  readonly openFor: Span | undefined;
  /** The span as it stands in the charter. */
  readonly openForJson: JsonObject | undefined;
}

interface Waiver {
  readonly atMostFen: number | undefined;
  readonly categories: readonly string[];
  readonly methods: readonly string[];
  readonly steps: readonly string[];
}

export interface Charter {
  readonly version: number;
  readonly title: string;
  readonly calendar: Calendar;
  readonly channels: readonly { readonly id: string; readonly name: string; readonly required: boolean }[];
  readonly ahead: Span;
  readonly late: Span;
  readonly answerWithin: Span;
  readonly adoptionBodies: readonly string[];
  readonly rosterChanges: SigningRule;
  readonly charterChanges: SigningRule;
  readonly postings: SigningRule;
  readonly signing: ReadonlyMap<string, SigningRule>;
  readonly steps: readonly StepRule[];
  readonly voting: ReadonlyMap<string, VotingRule>;
  readonly waivers: readonly Waiver[];
  readonly exclusions: Exclusions;
  /** The charter itself, for what a page shows of it. */
  readonly json: JsonObject;
}

function signingRule(json: JsonObject): SigningRule {
  const cosigns = read.objects(json, "cosigns");
  return {
    answers: read.text(json, "answers"),
    cosigns: cosigns.map((one) => ({ role: read.text(one, "role"), when: read.text(one, "when") })),
  };
}

function threshold(json: JsonObject): Threshold {
  return {
    numerator: read.integer(json, "numerator"),
    denominator: read.integer(json, "denominator"),
    moreThan: read.bool(json, "more_than"),
    of: read.text(json, "of"),
  };
}

function span(json: JsonObject, key: string): Span {
  return readSpan(read.object(read.object(json, key), "span"));
}

function stepRule(json: JsonObject): StepRule {
  const documents = read.objects(json, "documents").filter((document) => read.bool(document, "required"));
  const openFor = read.maybeObject(json, "open_for");
  const openForJson = openFor === undefined ? undefined : read.object(openFor, "span");
  return {
    signing: signingRule(read.object(json, "signing")),
    requiredDocuments: documents.map((document) => read.text(document, "kind")),
    openFor: openForJson === undefined ? undefined : readSpan(openForJson),
    openForJson,
  };
}

function byName<T>(json: JsonObject, make: (value: JsonObject) => T): Map<string, T> {
  return new Map(Object.keys(json).map((key) => [key, make(read.object(json, key))]));
}

function exclusionsOf(json: JsonObject): Exclusions {
  const pairs = read.objects(json, "exclusions");
  const excluded = pairs.map((pair) => [read.text(pair, "one"), read.text(pair, "other")] as const);
  return (id, roles) => {
    const pair = excluded.find(([one, other]) => roles.includes(one) && roles.includes(other));
    const intake = roles.includes("intake") && roles.some((role) => role !== "intake");
    if (pair !== undefined || intake) {
      refuse("roles_excluded", `${id}: ${roles.join(", ")} must not be one person's`);
    }
  };
}

export function readCharter(json: JsonObject): Charter {
  const steps = read.object(json, "steps");
  const clocks = read.object(json, "clocks");
  return {
    version: read.integer(json, "version"),
    title: read.text(json, "title"),
    calendar: new Calendar(read.object(json, "calendar")),
    channels: read.objects(json, "channels").map((channel) => ({
      id: read.text(channel, "id"),
      name: read.text(channel, "name"),
      required: read.bool(channel, "required"),
    })),
    ahead: span(clocks, "ahead"),
    late: span(clocks, "late"),
    answerWithin: span(read.object(json, "concerns"), "answer_within"),
    adoptionBodies: read.texts(read.object(json, "adoption"), "bodies"),
    rosterChanges: signingRule(read.object(json, "roster_changes")),
    charterChanges: signingRule(read.object(json, "charter_changes")),
    postings: signingRule(read.object(json, "postings")),
    signing: byName(read.object(json, "signing"), signingRule),
    steps: STEPS.map((step) => stepRule(read.object(steps, step))),
    voting: byName(read.object(json, "voting"), (rule) => ({
      mayDecidePlan: read.bool(rule, "may_decide_plan"),
      participation: threshold(read.object(rule, "participation")),
      approval: threshold(read.object(rule, "approval")),
    })),
    waivers: read.objects(json, "waivers").map((waiver) => ({
      atMostFen: read.maybeInteger(waiver, "at_most_fen"),
      categories: read.texts(waiver, "categories"),
      methods: read.texts(waiver, "methods"),
      steps: read.texts(waiver, "steps"),
    })),
    exclusions: exclusionsOf(json),
    json,
  };
}

function isMet(threshold: Threshold, count: number, votes: JsonObject): [boolean, number] {
  const whole = read.integer(votes, threshold.of);
  const [have, need] = [BigInt(count) * BigInt(threshold.denominator), BigInt(whole) * BigInt(threshold.numerator)];
  return [threshold.moreThan ? have > need : have >= need, whole];
}

/** Whether a vote of one of these bodies is one that the charter lets decide. */
export function checkVotes(charter: Charter, bodies: readonly string[], votes: JsonObject): void {
  const body = read.text(votes, "body");
  const rule = bodies.includes(body) ? charter.voting.get(body) : undefined;
  if (rule === undefined) {
    return refuse("wrong_body", `expected a vote of ${bodies.join(", ")}, found one of ${body}`);
  }
  const [present, inFavour] = [read.integer(votes, "present"), read.integer(votes, "for")];
  if (!isMet(rule.participation, present, votes)[0]) {
    refuse("quorum_not_reached", `${present} were present`);
  }
  const [approved, whole] = isMet(rule.approval, inFavour, votes);
  if (!approved || whole === 0) {
    refuse("vote_not_passed", `${inFavour} voted for it`);
  }
}

/** The counts of a vote add up. */
export function checkTally(votes: JsonObject): void {
  const [present, eligible, members] = ["present", "eligible", "members"].map((key) => read.integer(votes, key));
  const cast = read.integer(votes, "for") + read.integer(votes, "against") + read.integer(votes, "abstain");
  if (cast !== present || (present ?? 0) > (eligible ?? 0) || (eligible ?? 0) > (members ?? 0)) {
    refuse("inconsistent", "the votes do not add up");
  }
}
