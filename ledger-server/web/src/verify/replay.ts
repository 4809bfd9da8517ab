// Replays entries: parses each, verifies its signatures, judges it by the rules, and takes note of it.
// Entries come in the order of the log. They need not be all: a stream is complete in itself, for each of
// its entries names the one before it; what the rules need is the stream `ledger`, the transaction, and
// the concerns about it.
import { admit, checkAhead, checkForm, type Case } from "./admit.ts";
import { hex, utf8 } from "./bytes.ts";
import { readCharter } from "./charter.ts";
import { noteConcern } from "./concern.ts";
import type { PublicKey } from "./ed25519.ts";
import { parseEntry, type Entry } from "./entry.ts";
import { Fault, refuse } from "./fault.ts";
import { KINDS } from "./kinds.ts";
import { noteLoss } from "./loss.ts";
import type { SignatureLine } from "./note.ts";
import { checkCharter } from "./oversight.ts";
import * as read from "./read.ts";
import { keyAt } from "./roster.ts";
import { checkStaffed } from "./signing.ts";
import { founded, notePapers, recordedOf, type Ledger } from "./state.ts";
import { stepNumber } from "./step.ts";
import { Transaction, type Recorded } from "./transaction.ts";

/** Verifies one signature, now or later: later, it has to see to the verdict itself. */
export type SignatureCheck = (key: PublicKey, message: Uint8Array, signature: Uint8Array, index: number) => boolean;

export const verifyNow: SignatureCheck = (key, message, signature) => key.verifies(message, signature);

/** An entry that holds, at its place. */
export interface Verified extends Entry {
  readonly index: number;
  readonly signers: readonly string[];
  readonly late: boolean;
}

const ZERO = "0".repeat(64);

export class Replay {
  ledger: Ledger | undefined;
  signatures = 0;
  private lastIndex = -1;
  private lastReceived = 0;

  constructor(private readonly verify: SignatureCheck = verifyNow) {}

  /** Takes the next entry; throws a `Fault` that names it if it does not hold. */
  feed(index: number, bytes: Uint8Array): Verified {
    try {
      return this.take(index, bytes);
    } catch (error) {
      throw error instanceof Fault ? error.at(index) : error;
    }
  }

  /**
   * Looks at an entry out of its stream: its form and its signatures, by the roster at its place. What the
   * rules say of it needs its whole stream. The stream `ledger` must have been fed before.
   */
  glance(index: number, bytes: Uint8Array): Verified {
    try {
      const entry = parseEntry(bytes);
      checkForm(entry.event, entry.kind);
      const signers = this.authenticate(this.ledger ?? refuse("not_opened", "a ledger begins with its founding"), index, entry);
      return { ...entry, index, signers, late: false };
    } catch (error) {
      throw error instanceof Fault ? error.at(index) : error;
    }
  }

  private take(index: number, bytes: Uint8Array): Verified {
    const entry = parseEntry(bytes);
    checkForm(entry.event, entry.kind);
    if (index <= this.lastIndex || entry.received < this.lastReceived) {
      throw new Fault("clock", "received earlier than an entry before it");
    }
    const late = this.ledger === undefined ? this.open(index, entry) : this.next(this.ledger, index, entry);
    this.lastIndex = index;
    this.lastReceived = entry.received;
    this.signatures += entry.note.signatures.length;
    return { ...entry, index, signers: this.signersOf(entry), late };
  }

  private signersOf(entry: Entry): string[] {
    return entry.note.signatures.map((line) => this.ledger?.roster.idIn(line.name) ?? "");
  }

  /** Entry 0: signed by every founding member with the keys that it enrols. */
  private open(index: number, entry: Entry): boolean {
    if (index !== 0 || entry.kind !== "ledger_opened") {
      refuse("not_opened", "a ledger begins with its founding");
    }
    // The keys are needed before the rules run; a roster that is refused is refused after its signatures.
    const keys = read.objects(entry.event, "members").map((member) => read.text(member, "key"));
    const ledger = founded(entry.event, hex(entry.leaf), entry.received);
    const { roster } = ledger;
    const message = utf8(entry.note.text);
    const signers = entry.note.signatures.map((line) => {
      const id = roster.idIn(line.name) ?? "";
      const key = roster.members.get(id)?.keys[0]?.key;
      if (key === undefined || !keys.includes(key.text) || !key.isNamedBy(line)) {
        return refuse("unknown_key", `${line.name} is no founding member's key`);
      }
      this.check(key.key, message, line, index);
      return id;
    });
    if (entry.stream !== "ledger") {
      refuse("wrong_stream", "a founding stands in the stream ledger");
    }
    if (entry.prev !== ZERO) {
      refuse("stale_prev", "nothing stands before a founding");
    }
    const charter = ledger.charterAt(0);
    checkAhead(charter, entry);
    const missing = [...roster.members.keys()].filter((id) => !signers.includes(id));
    if (missing.length > 0) {
      refuse("founder_unsigned", `not signed by ${missing.join(", ")}`);
    }
    checkStaffed(charter, roster, 1);
    checkCharter(charter, ledger.training, undefined);
    this.ledger = ledger;
    return recordedOf(charter, entry, index, signers).late;
  }

  private check(key: PublicKey, message: Uint8Array, line: SignatureLine, index: number): void {
    if (!this.verify(key, message, line.signature, index)) {
      refuse("invalid_signature", `${line.name} did not make this signature`);
    }
  }

  /** Every line is by a member's key that is active at this position, and true. */
  private authenticate(ledger: Ledger, index: number, entry: Entry): string[] {
    const message = utf8(entry.note.text);
    return entry.note.signatures.map((line) => {
      const id = ledger.roster.idIn(line.name) ?? "";
      const member = ledger.roster.members.get(id);
      const key = member === undefined ? undefined : keyAt(member, index);
      if (member === undefined || key?.isNamedBy(line) !== true) {
        const former = member?.keys.some((held) => held.key.isNamedBy(line)) === true;
        return refuse(former ? "inactive_key" : "unknown_key", `${line.name} is no key that counts here`);
      }
      this.check(key.key, message, line, index);
      return id;
    });
  }

  private next(ledger: Ledger, index: number, entry: Entry): boolean {
    const signers = this.authenticate(ledger, index, entry);
    const [home, id = ""] = entry.stream.split("/");
    const of: Case = {
      ledger,
      entry,
      position: index,
      signers,
      charter: ledger.governing(entry.stream, index),
      transaction: home === "transaction" ? ledger.transactions.get(id) : undefined,
    };
    admit(of);
    const recordedBy = (begunAt: number | undefined): Recorded => {
      const charter = begunAt === undefined ? ledger.charterAt(index) : ledger.charterOf(begunAt, index);
      return recordedOf(charter, entry, index, signers);
    };
    const leaf = hex(entry.leaf);
    notePapers(ledger, entry);
    if (home === "ledger") {
      noteLedgerEvent(of, recordedBy(undefined));
      ledger.head = leaf;
      return recordedBy(undefined).late;
    }
    if (home === "concern") {
      noteConcern(ledger, entry, leaf, recordedBy);
      return recordedBy(ledger.concerns.get(id)?.raised.recorded.index).late;
    }
    const transaction = of.transaction ?? new Transaction(id, index, entry.received);
    ledger.transactions.set(id, transaction);
    const recorded = recordedBy(transaction.begunAt);
    noteTransactionEvent(of, transaction, recorded);
    transaction.head = leaf;
    return recorded.late;
  }
}

function noteTransactionEvent(of: Case, transaction: Transaction, recorded: Recorded): void {
  const { event, kind } = of.entry;
  const charter = of.ledger.charterOf(transaction.begunAt, of.position);
  const step = stepNumber(kind);
  if (step > 0) {
    transaction.noteStep(step, event, charter, recorded);
    return;
  }
  switch (KINDS.get(kind)?.family) {
    case "posting":
      transaction.notePosting(event, recorded);
      break;
    case "detour":
      transaction.noteDetour(event, kind, charter, recorded);
      break;
    case "contract":
      if (kind === "contract_taken_over") {
        transaction.takeOver(event, recorded);
        break;
      }
      transaction.life?.push({ event, recorded });
      break;
    default:
      transaction.notes.push({ event, recorded });
  }
}

function noteLedgerEvent(of: Case, recorded: Recorded): void {
  const { ledger, entry, position, charter } = of;
  const { event, kind } = entry;
  const { roster } = ledger;
  switch (kind) {
    case "member_enrolled":
      return roster.enrol(read.object(event, "enrolment"), charter.exclusions, position);
    case "role_granted":
      roster.grant(event, charter.exclusions, position);
      return checkStaffed(charter, roster, position + 1);
    case "role_ended":
      roster.end(event, position);
      return checkStaffed(charter, roster, position + 1);
    case "key_rotated":
      return roster.rotate(event, position);
    case "key_compromised":
      roster.compromise(event, entry.received, position);
      return checkStaffed(charter, roster, position + 1);
    case "charter_adopted": {
      const adopted = readCharter(read.object(event, "charter"));
      checkStaffed(adopted, roster, position + 1);
      checkCharter(adopted, ledger.training, charter);
      ledger.charters.push({
        charter: adopted,
        from: position,
        appliesToOpen: read.bool(event, "applies_to_open"),
      });
      return;
    }
    case "loss_declared":
      return noteLoss(ledger, event);
    default:
      ledger.notes.push({ event, recorded });
  }
}
