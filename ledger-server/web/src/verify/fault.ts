// What can come of a check: it holds, it does not (Fault), or it could not be made (Unavailable).

/** What does not hold, by part. The names are those of the auditor's report. */
export type FaultKind =
  | "altered"
  | "checkpoint"
  | "clock"
  | "consistency"
  | "displayed"
  | "empty"
  | "form"
  | "ledger_id"
  | "origin"
  | "pinned"
  | "policy"
  | "rollback"
  | "rule"
  | "tree";

/** Something does not hold: which part, where, and what was expected and found. */
export class Fault extends Error {
  /** The entry in which it is, where it is in one. */
  index: number | undefined;

  constructor(
    readonly kind: FaultKind,
    message: string,
    /** The rule that is broken, for `rule`. */
    readonly rule?: string,
  ) {
    super(message);
    this.name = "Fault";
  }

  at(index: number): this {
    this.index ??= index;
    return this;
  }
}

/** Something could not be fetched: nothing has been decided. */
export class Unavailable extends Error {
  constructor(
    readonly path: string,
    /** Whether the server answered, and has not what its own checkpoint promises. */
    readonly withheld: boolean,
    message: string,
  ) {
    super(message);
    this.name = "Unavailable";
  }
}

/** Refuses by a rule's name. */
export function refuse(rule: string, message: string): never {
  throw new Fault("rule", message, rule);
}
