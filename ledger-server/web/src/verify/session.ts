// Checks what one page shows: the entries that it names, under the log's newest checkpoint, and against
// what this browser saw before. Knows no page: it is told what is shown and answers check by check.
import { checkContinues, checkFounding, checkName, openPinned, type Pins } from "./audit.ts";
import { base64url, fromHex, fromUtf8, utf8 } from "./bytes.ts";
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { Fault, Unavailable } from "./fault.ts";
import { VerifierKey } from "./key.ts";
import { checkSaved } from "./loss.ts";
import { noteText } from "./note.ts";
import { parsePolicy, type Witnessed } from "./policy.ts";
import * as read from "./read.ts";
import { Replay, type Verified } from "./replay.ts";
import { pointOf, stepNumber, stepOfPoint } from "./step.ts";
import { TileReader, type Source } from "./tile.ts";
import type { Json } from "./canonical.ts";

/** What this browser keeps of a ledger from one visit to the next. */
export interface Remembered {
  readonly origin: string;
  readonly logKey: string;
  readonly ledgerId: string;
  readonly policy: string;
  /** The newest checkpoint seen, as text. */
  readonly checkpoint: string;
}

export interface Memory {
  load(slug: string): Remembered | undefined;
  /** Says whether it could be kept. */
  save(slug: string, remembered: Remembered): boolean;
}

export interface Shown {
  readonly slug: string;
  readonly origin: string;
  /** The entries that the page shows, and those of the ledger's own stream. */
  readonly entries: readonly number[];
  readonly ledgerEntries: readonly number[];
  /** Whether the entries are whole streams, so that order and roles can be judged: a transaction's page. */
  readonly whole: boolean;
  readonly transaction: string | undefined;
  readonly point: string | undefined;
  /** The digest that a scanned code holds, in base64url. */
  readonly code: string | undefined;
}

/** The parts of a verdict, in the order in which they are checked. */
export const CHECKS = [
  "ledger",
  "signed",
  "witnessed",
  "remembered",
  "included",
  "signatures",
  "authority",
  "order",
  "notice",
  "displayed",
] as const;

export type CheckName = (typeof CHECKS)[number];

/** `fails` does not hold; `open` could not be checked, or not here; `none` is not called for. */
export type CheckState = "holds" | "fails" | "none" | "open";

export interface Check {
  state: CheckState;
  /** What was found, for people who want to know: names, numbers, the rule. */
  found: string;
  /** The entry in which it is. */
  index?: number;
  /** A case of its own that has words of its own. */
  words?: "first_visit" | "not_kept" | "older_notice" | "other_notice" | "policy_changed" | "streams_elsewhere" | "withheld";
}

export type Checks = Record<CheckName, Check>;

/** What came of it, and what can be used of it. */
export interface Session {
  readonly checks: Checks;
  readonly verified: ReadonlyMap<number, Verified>;
  readonly replay: Replay;
  readonly pins: Pins | undefined;
  readonly policy: string;
  readonly reader: TileReader | undefined;
  readonly checkpoint: Checkpoint | undefined;
  readonly witnessed: Witnessed | undefined;
}

const SIGNATURE_RULES = new Set(["invalid_signature", "unknown_key", "inactive_key", "founder_unsigned"]);
const AUTHORITY_RULES = new Set(["signer_without_role", "missing_roles", "one_person_two_roles", "not_for_self"]);

/** Which part of the verdict a fault belongs to. */
function partOf(fault: Fault): CheckName {
  switch (fault.kind) {
    case "checkpoint":
      return "signed";
    case "policy":
      return "witnessed";
    case "rollback":
    case "consistency":
      return "remembered";
    case "ledger_id":
    case "origin":
    case "pinned":
    case "empty":
      return "ledger";
    case "altered":
    case "tree":
      return "included";
    case "displayed":
      return "displayed";
    case "form":
    case "clock":
      return "order";
    case "rule":
  }
  const rule = fault.rule ?? "";
  return SIGNATURE_RULES.has(rule) ? "signatures" : AUTHORITY_RULES.has(rule) ? "authority" : "order";
}

/** The ledger as the server describes it, strictly read. */
interface Described {
  readonly pins: Pins;
  readonly policy: string;
}

async function describe(source: Source): Promise<Described> {
  const text = fromUtf8(await source.fetch("ledger.json"));
  let json: Json;
  try {
    json = JSON.parse(text ?? "") as Json;
  } catch {
    throw new Fault("ledger_id", "the server's description of the ledger cannot be read");
  }
  if (!read.isObject(json)) {
    throw new Fault("ledger_id", "the server's description of the ledger cannot be read");
  }
  return pinned(
    read.text(json, "origin"),
    read.text(json, "log_key"),
    read.text(json, "ledger_id"),
    read.text(json, "policy"),
  );
}

function pinned(origin: string, key: string, ledgerId: string, policy: string): Described {
  const logKey = VerifierKey.parse(key);
  if (logKey === undefined || fromHex(ledgerId)?.length !== 32) {
    throw new Fault("ledger_id", "the log's key or the ledger's id has not its form");
  }
  return { pins: { origin, logKey, ledgerId }, policy };
}

class Checking {
  readonly checks = {} as Checks;
  readonly verified = new Map<number, Verified>();
  readonly replay = new Replay();
  described: Described | undefined;
  reader: TileReader | undefined;
  checkpoint: Checkpoint | undefined;
  witnessed: Witnessed | undefined;
  private now: CheckName = "ledger";

  constructor(
    private readonly source: Source,
    private readonly shown: Shown,
    private readonly memory: Memory,
  ) {
    for (const name of CHECKS) {
      this.checks[name] = { state: "open", found: "" };
    }
  }

  private set(name: CheckName, state: CheckState, found: string, words?: Check["words"]): void {
    this.checks[name] = { state, found, ...(words === undefined ? {} : { words }) };
  }

  async run(): Promise<void> {
    try {
      const remembered = await this.checkLedger();
      await this.checkCheckpoint(remembered);
      await this.checkEntries();
      this.checkNotice();
      this.remember(remembered);
    } catch (error) {
      if (error instanceof Fault) {
        const check: Check = { state: "fails", found: error.message };
        const rule = error.rule === undefined ? "" : ` (${error.rule})`;
        check.found += rule;
        if (error.index !== undefined) {
          check.index = error.index;
        }
        const early = error.kind === "form" && error.index === undefined;
        this.checks[early ? this.now : partOf(error)] = check;
      } else if (error instanceof Unavailable) {
        const words = error.withheld ? "withheld" : undefined;
        this.set(this.now, error.withheld ? "fails" : "open", error.message, words);
      } else {
        throw error;
      }
    }
  }

  /** The ledger is the one that this browser knows, or becomes known now. */
  private async checkLedger(): Promise<Remembered | undefined> {
    this.now = "ledger";
    const described = await describe(this.source);
    const remembered = this.memory.load(this.shown.slug);
    if (remembered === undefined) {
      this.described = described;
    } else {
      const { origin, logKey, ledgerId } = described.pins;
      this.described = pinned(remembered.origin, remembered.logKey, remembered.ledgerId, remembered.policy);
      const same =
        origin === remembered.origin && logKey.text === remembered.logKey && ledgerId === remembered.ledgerId;
      if (!same) {
        throw new Fault("pinned", "the server names another ledger than this browser has known here");
      }
    }
    if (this.described.pins.origin !== this.shown.origin) {
      throw new Fault("origin", `the page is of ${this.shown.origin}, the ledger of ${this.described.pins.origin}`);
    }
    this.set("ledger", "holds", this.described.pins.ledgerId, remembered === undefined ? "first_visit" : undefined);
    if (remembered !== undefined && described.policy !== remembered.policy) {
      // Whom to ask is the operator's choice; that it changed is the reader's to know.
      this.described = { ...this.described, policy: described.policy };
      this.set("witnessed", "open", "", "policy_changed");
    }
    return remembered;
  }

  private async checkCheckpoint(remembered: Remembered | undefined): Promise<void> {
    const { pins, policy } = this.described as Described;
    this.now = "signed";
    const bytes = await this.source.fetch("checkpoint");
    this.checkpoint = openPinned(bytes, pins, undefined).checkpoint;
    this.set("signed", "holds", String(this.checkpoint.size));
    this.now = "witnessed";
    const rules = parsePolicy(policy);
    this.witnessed = openPinned(bytes, pins, rules).witnessed;
    const changed = this.checks.witnessed.words;
    const names = [...(this.witnessed?.cosigned.keys() ?? [])].join(", ");
    this.set("witnessed", rules.witnesses.length === 0 ? "none" : "holds", names, changed);
    this.now = "remembered";
    if (remembered === undefined) {
      this.set("remembered", "none", "");
    } else {
      const before = openCheckpoint(utf8(remembered.checkpoint), pins.logKey);
      if (before.size > this.checkpoint.size) {
        throw new Fault("rollback", `${before.size} → ${this.checkpoint.size}`);
      }
      this.reader = await this.open();
      this.now = "remembered";
      await checkContinues(this.reader, before);
      this.set("remembered", "holds", `${before.size} → ${this.checkpoint.size}`);
    }
  }

  private async open(): Promise<TileReader> {
    this.now = "included";
    return TileReader.open(this.source, this.checkpoint as Checkpoint);
  }

  private async checkEntries(): Promise<void> {
    this.reader ??= await this.open();
    this.now = "included";
    const { reader } = this;
    const indices = [...new Set([0, ...this.shown.ledgerEntries, ...this.shown.entries])];
    indices.sort((one, other) => one - other);
    const bytes = await Promise.all(indices.map((index) => reader.entry(index)));
    this.set("included", "holds", String(indices.length));
    if (this.shown.ledgerEntries.length === 0) {
      throw new Unavailable("ledger", false, "the page does not say where the roster stands");
    }
    const own = new Set([0, ...this.shown.ledgerEntries]);
    let signatures = 0;
    const note = (verified: Verified): void => {
      signatures += verified.signers.length;
      this.verified.set(verified.index, verified);
    };
    const glances: (() => Verified)[] = [];
    indices.forEach((index, at) => {
      const entry = bytes[at] as Uint8Array;
      if (!this.shown.whole && !own.has(index)) {
        glances.push(() => this.replay.glance(index, entry));
        return;
      }
      const verified = this.replay.feed(index, entry);
      if (index === 0) {
        checkFounding(verified, (this.described as Described).pins);
      }
      note(verified);
    });
    checkName(this.replay, (this.described as Described).pins);
    for (const declared of [...this.verified.values()].filter((entry) => entry.kind === "loss_declared")) {
      await checkSaved(reader.read, declared);
    }
    // By then the roster is known at every place of the log.
    glances.forEach((glance) => note(glance()));
    this.set("signatures", "holds", String(signatures));
    const elsewhere = glances.length > 0 ? "streams_elsewhere" : undefined;
    this.set("authority", elsewhere === undefined ? "holds" : "none", "", elsewhere);
    this.set("order", elsewhere === undefined ? "holds" : "none", "", elsewhere);
  }

  /** A scanned code says which disclosure hung on the board: it must be the one that stands. */
  private checkNotice(): void {
    const { point, transaction, code } = this.shown;
    const step = point === undefined ? 0 : stepOfPoint(point);
    if (step === 0 || transaction === undefined) {
      return this.set("notice", "none", "");
    }
    const own = [...this.verified.values()].filter(
      (entry) => entry.stream === `transaction/${transaction}` && stepNumber(entry.kind) === step,
    );
    const digests = own.map((entry) => read.text(entry.event, "disclosure"));
    const standing = this.replay.ledger?.transactions.get(transaction)?.record(step);
    const current = standing === undefined ? undefined : read.text(standing.event, "disclosure");
    if (digests.length === 0) {
      return this.set("notice", "fails", `${transaction}: ${pointOf(step) ?? ""}`, "other_notice");
    }
    if (code === undefined) {
      return this.set("notice", "none", current ?? "");
    }
    const asCode = (digest: string): string => base64url(fromHex(digest) ?? new Uint8Array());
    if (current !== undefined && asCode(current) === code) {
      return this.set("notice", "holds", current);
    }
    const older = digests.some((digest) => asCode(digest) === code);
    this.set("notice", "fails", code, older ? "older_notice" : "other_notice");
  }

  /** What held is remembered. After an alarm nothing is: the next visit shall raise it again. */
  private remember(before: Remembered | undefined): void {
    const { pins, policy } = this.described as Described;
    const checkpoint = noteText((this.checkpoint as Checkpoint).note);
    const kept = this.memory.save(this.shown.slug, {
      origin: pins.origin,
      logKey: pins.logKey.text,
      ledgerId: pins.ledgerId,
      policy,
      checkpoint,
    });
    if (!kept && before === undefined) {
      this.set("remembered", "open", "", "not_kept");
    }
  }
}

/** Checks what a page shows. Never throws for what the server sent. */
export async function check(source: Source, shown: Shown, memory: Memory): Promise<Session> {
  const checking = new Checking(source, shown, memory);
  await checking.run();
  const { checks, verified, replay, reader, checkpoint, witnessed, described } = checking;
  return { checks, verified, replay, reader, checkpoint, witnessed, pins: described?.pins, policy: described?.policy ?? "" };
}
