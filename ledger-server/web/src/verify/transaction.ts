// One transaction: which steps stand, where it stands itself, and how admitted events change that.
import type { Span } from "./calendar.ts";
import { canonical, type Json, type JsonObject } from "./canonical.ts";
import type { Charter } from "./charter.ts";
import * as read from "./read.ts";
import { BIDDING, pointOf, SIGNING, STEP_COUNT, stepNumber } from "./step.ts";

/** When, where and by whom something was recorded. */
export interface Recorded {
  readonly index: number;
  readonly at: string;
  readonly received: number;
  readonly receivedText: string;
  readonly late: boolean;
  readonly signers: readonly string[];
}

/** A step that stands. */
export interface Passed {
  readonly step: number;
  event: JsonObject;
  readonly waived: boolean;
  readonly correctedBy: number[];
  readonly recorded: Recorded;
}

/** An event with its place in the log. */
export interface Noted {
  event: JsonObject;
  readonly recorded: Recorded;
}

/** What must have run before the next step: the window of a step, from when on. */
export interface Gate {
  readonly step: number;
  readonly since: number;
  readonly span: Span | undefined;
}

interface Posting {
  readonly channel: string;
  readonly publication: number;
  readonly received: number;
}

export type Phase =
  | { readonly is: "awaiting"; readonly step: number; readonly gates: readonly Gate[]; readonly since: number }
  | {
      readonly is: "publishing";
      readonly step: number;
      readonly disclosure: string;
      readonly openFor: Span | undefined;
      readonly outstanding: ReadonlySet<string>;
    }
  | { readonly is: "failed"; readonly gates: readonly Gate[] }
  | { readonly is: "completed" }
  | { readonly is: "taken_over" }
  | { readonly is: "terminated" };

/** Publications that must be made again after a correction. */
interface Redo {
  readonly completed: boolean;
  gates: readonly Gate[];
  readonly stale: Set<number>;
}

/** These windows and one more, in the place of an earlier one of its step. */
function withGate(gates: readonly Gate[], gate: Gate): readonly Gate[] {
  return [...gates.filter((before) => before.step !== gate.step), gate];
}

export class Transaction {
  head = "";
  passed: readonly Passed[] = [];
  phase: Phase;
  readonly detours: Noted[] = [];
  readonly notes: Noted[] = [];
  readonly postings: Posting[] = [];
  /** The events of the contract's life, once step 14 made it; the first is its taking over, if it was. */
  life: Noted[] | undefined;
  /** The steps that stood once, or stand. */
  readonly everDone = new Set<number>();
  /** Concerns that hold up what comes after a step: by step, by entry. */
  readonly holding = new Map<string, { readonly step: number; readonly index: number }>();
  private redo: Redo | undefined;

  constructor(
    readonly id: string,
    readonly begunAt: number,
    received: number,
  ) {
    this.phase = { is: "awaiting", step: 1, gates: [], since: received };
  }

  record(step: number): Passed | undefined {
    return this.passed.find((passed) => passed.step === step);
  }

  /** A field of the first of these steps that stands and is not waived. */
  private fact(steps: readonly number[], key: string): Json | undefined {
    const standing = steps.map((step) => this.record(step)).find((passed) => passed !== undefined);
    return standing === undefined || standing.waived ? undefined : read.member(standing.event, key);
  }

  get category(): Json | undefined {
    return this.fact([2], "category");
  }

  get method(): Json | undefined {
    return this.fact([6, 2], "method");
  }

  get reservePrice(): Json | undefined {
    return this.fact([6, 5], "reserve_price");
  }

  get termMonths(): number | undefined {
    const months = this.record(6) === undefined ? this.fact([2], "expected_term_months") : this.fact([6], "term_months");
    return typeof months === "number" ? months : undefined;
  }

  get wasCompleted(): boolean {
    return this.phase.is === "completed" || this.redo?.completed === true;
  }

  get biddingFailed(): boolean {
    const bidding = this.record(BIDDING);
    return bidding !== undefined && !bidding.waived && hasFailed(bidding.event);
  }

  /** What an entry recorded, as it stands, if a correction may name it. */
  correctable(entry: number): Noted | Passed | undefined {
    const step = this.passed.find(
      (passed) => passed.recorded.index === entry && pointOf(passed.step) === undefined && !passed.waived,
    );
    return step ?? this.life?.find((noted) => noted.recorded.index === entry);
  }

  /** The postings of a publication as it stands, by channel. */
  postingsOf(step: number): Map<string, Posting> {
    const made = this.record(step)?.recorded.index;
    const own = this.postings.filter((posting) => posting.publication === made);
    return new Map(own.map((posting) => [posting.channel, posting]));
  }

  /** The windows that may still run. */
  private gates(): readonly Gate[] {
    if (this.redo !== undefined) {
      return this.redo.gates;
    }
    return this.phase.is === "awaiting" || this.phase.is === "failed" ? this.phase.gates : [];
  }

  /** The window of a step that is no publication, if it runs once more. */
  windowAgain(step: number): Gate | undefined {
    return pointOf(step) === undefined ? this.gates().find((gate) => gate.step === step) : undefined;
  }

  private pass(passed: Passed, phase: Phase): void {
    if (this.redo !== undefined) {
      this.redo.gates = this.redo.gates.filter((gate) => gate.step > passed.step);
    }
    const before = this.passed.filter((other) => other.step < passed.step);
    this.passed = [...before, passed, ...this.passed.slice(before.length)];
    if (!passed.waived) {
      this.everDone.add(passed.step);
    }
    this.phase = phase;
  }

  /** Takes note of a step. */
  noteStep(step: number, event: JsonObject, charter: Charter, recorded: Recorded): void {
    const openFor = charter.steps[step - 1]?.openFor;
    const since = recorded.received;
    let phase: Phase;
    if (pointOf(step) !== undefined) {
      const outstanding = new Set(read.texts(event, "channels"));
      phase = { is: "publishing", step, disclosure: read.text(event, "disclosure"), openFor, outstanding };
    } else if (step === BIDDING && hasFailed(event)) {
      phase = { is: "failed", gates: [] };
    } else {
      const gates = openFor === undefined ? [] : [{ step, since, span: openFor }];
      phase = { is: "awaiting", step: step + 1, gates, since };
    }
    this.pass({ step, event, waived: false, correctedBy: [], recorded }, phase);
    if (step === SIGNING) {
      this.life = [];
    }
  }

  /** Begins with a contract that was made before the ledger. */
  takeOver(event: JsonObject, recorded: Recorded): void {
    this.phase = { is: "taken_over" };
    this.life = [{ event, recorded }];
  }

  notePosting(event: JsonObject, recorded: Recorded): void {
    if (this.phase.is !== "publishing") {
      return;
    }
    const { step, openFor } = this.phase;
    const channel = read.text(event, "channel");
    const publication = this.record(step)?.recorded.index ?? -1;
    this.postings.push({ channel, publication, received: recorded.received });
    const outstanding = new Set([...this.phase.outstanding].filter((other) => other !== channel));
    if (outstanding.size > 0) {
      this.phase = { ...this.phase, outstanding };
      return;
    }
    if (step === STEP_COUNT) {
      this.redo = undefined;
      this.phase = { is: "completed" };
      return;
    }
    this.redo?.stale.delete(step);
    const gate = { step, since: recorded.received, span: openFor };
    this.turn(withGate(this.redo?.gates ?? [], gate), recorded.received);
  }

  noteDetour(event: JsonObject, kind: string, charter: Charter, recorded: Recorded): void {
    if (kind === "step_waived") {
      const [from, through] = [stepNumber(read.text(event, "from")), stepNumber(read.text(event, "through"))];
      for (let step = from; step <= through; step++) {
        const phase: Phase = { is: "awaiting", step: step + 1, gates: [], since: recorded.received };
        this.pass({ step, event, waived: true, correctedBy: [], recorded }, phase);
      }
    } else if (kind === "returned") {
      this.goBack(stepNumber(read.text(event, "to")), recorded.received);
    } else if (kind === "corrected") {
      this.correct(event, charter, recorded);
    } else {
      this.redo = undefined;
      this.life = undefined;
      this.phase = { is: "terminated" };
    }
    this.detours.push({ event, recorded });
  }

  private goBack(to: number, received: number): void {
    this.passed = this.passed.filter((passed) => passed.step < to);
    if (to <= SIGNING) {
      this.life = undefined;
    }
    for (const step of [...(this.redo?.stale ?? [])]) {
      if (step >= to) {
        this.redo?.stale.delete(step);
      }
    }
    this.goOn(
      this.gates().filter((gate) => gate.step < to),
      received,
    );
  }

  private correct(event: JsonObject, charter: Charter, recorded: Recorded): void {
    const found = this.correctable(read.integer(event, "entry"));
    if (found === undefined) {
      return;
    }
    found.event = correctedEvent(found.event, event) ?? found.event;
    if (!("step" in found)) {
      return;
    }
    found.correctedBy.push(recorded.index);
    const told = this.passed.filter((passed) => passed.step > found.step && pointOf(passed.step) !== undefined);
    const stale = new Set(told.map((passed) => passed.step));
    let gates = this.gates();
    let again = false;
    charter.steps.forEach(({ openFor }, at) => {
      if (openFor !== undefined && this.isOpenIn(found.step, at + 1)) {
        gates = withGate(gates, { step: at + 1, since: recorded.received, span: openFor });
        again = true;
      }
    });
    if (stale.size === 0 && !again) {
      return;
    }
    if (stale.size > 0) {
      this.passed = this.passed.filter((passed) => !stale.has(passed.step));
      this.redo ??= { completed: this.phase.is === "completed", gates: [], stale: new Set() };
      stale.forEach((step) => this.redo?.stale.add(step));
    }
    this.goOn(gates, recorded.received);
  }

  /** Whether a record of `step` first lies open in the window of step `of`, with no publication between. */
  private isOpenIn(step: number, of: number): boolean {
    for (let between = step + 1; between <= of; between++) {
      if (pointOf(between) !== undefined) {
        return false;
      }
    }
    return of >= step && this.record(of)?.waived === false;
  }

  private goOn(gates: readonly Gate[], since: number): void {
    if (this.phase.is === "publishing" && this.record(this.phase.step) !== undefined) {
      if (this.redo !== undefined) {
        this.redo.gates = gates;
      }
      return;
    }
    this.turn(gates, since);
  }

  /** The turn of the first step that does not stand. */
  private turn(gates: readonly Gate[], since: number): void {
    if (this.redo !== undefined && this.redo.stale.size > 0) {
      this.redo.gates = gates;
    } else {
      this.redo = undefined;
    }
    let step = 1;
    while (this.record(step) !== undefined) {
      step += 1;
    }
    if (step > STEP_COUNT) {
      return;
    }
    this.phase =
      step > BIDDING && this.biddingFailed
        ? { is: "failed", gates }
        : { is: "awaiting", step, gates: gates.filter((gate) => gate.step < step), since };
  }
}

/** Whether a bidding had no winner. */
export function hasFailed(bidding: JsonObject): boolean {
  return read.text(read.object(bidding, "outcome"), "result") === "failed";
}

/** An event with one field corrected; `undefined` if there is no such field, or nothing changes. */
export function correctedEvent(event: JsonObject, correction: JsonObject): JsonObject | undefined {
  const path = read.text(correction, "field");
  const value = read.member(correction, "value");
  const kind = event["kind"] as Json;
  let after: JsonObject | undefined;
  if (path === "") {
    const named = read.isObject(value) && read.member(value, "kind") !== undefined;
    after = read.isObject(value) && !named ? { ...value, kind } : undefined;
  } else if (path.startsWith("/") && path !== "/kind" && !path.startsWith("/kind/")) {
    const keys = path.slice(1).split("/").map((key) => key.replace(/~1/g, "/").replace(/~0/g, "~"));
    const replaced = replace(event, keys, value);
    after = read.isObject(replaced) ? replaced : undefined;
  }
  return after === undefined || canonical(after) === canonical(event) ? undefined : after;
}

/** A copy with the value at a path replaced, added or removed (RFC 6901). */
function replace(from: Json, keys: readonly string[], value: Json | undefined): Json | undefined {
  const [key, ...rest] = keys;
  if (key === undefined) {
    return value;
  }
  if (Array.isArray(from)) {
    const items = from as readonly Json[];
    const at = /^(?:0|[1-9][0-9]*)$/.test(key) ? Number(key) : -1;
    const before = items[at];
    const after = before === undefined ? undefined : replace(before, rest, value);
    return after === undefined ? undefined : items.map((item, place) => (place === at ? after : item));
  }
  if (!read.isObject(from)) {
    return undefined;
  }
  const before = read.member(from, key);
  if (rest.length > 0) {
    const after = before === undefined ? undefined : replace(before, rest, value);
    return after === undefined ? undefined : { ...from, [key]: after };
  }
  if (value !== undefined) {
    return { ...from, [key]: value };
  }
  if (before === undefined) {
    return undefined;
  }
  return Object.fromEntries(Object.entries(from).filter(([name]) => name !== key));
}
