// Checks a whole ledger: signed root, every entry, every signature, every rule judged here.
import { equal, hex } from "./bytes.ts";
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { Fault } from "./fault.ts";
import type { VerifierKey } from "./key.ts";
import { checkSaved } from "./loss.ts";
import { checkWitnesses, type Policy, type Witnessed } from "./policy.ts";
import { Replay, verifyNow, type SignatureCheck, type Verified } from "./replay.ts";
import { TileReader, type Source } from "./tile.ts";
import { rootAt, WIDTH } from "./tree.ts";

/** What a verifier knows of a ledger beforehand, and believes. */
export interface Pins {
  readonly origin: string;
  readonly logKey: VerifierKey;
  /** The leaf hash of entry 0, in hexadecimal. */
  readonly ledgerId: string;
}

/** A checkpoint that the pinned log signed, with what its witnesses say. */
export function openPinned(
  bytes: Uint8Array,
  pins: Pins,
  policy: Policy | undefined,
): { checkpoint: Checkpoint; witnessed: Witnessed | undefined } {
  const checkpoint = openCheckpoint(bytes, pins.logKey);
  if (checkpoint.origin !== pins.origin) {
    throw new Fault("origin", `expected ${pins.origin}, found ${checkpoint.origin}`);
  }
  if (policy === undefined) {
    return { checkpoint, witnessed: undefined };
  }
  const witnessed = checkWitnesses(policy, checkpoint, pins.logKey);
  if (!witnessed.enough) {
    throw new Fault("policy", `too few witnesses have signed: ${[...witnessed.cosigned.keys()].join(", ") || "none"}`);
  }
  return { checkpoint, witnessed };
}

/** Entry 0 is the pinned one. */
export function checkFounding(first: Verified, pins: Pins): void {
  if (hex(first.leaf) !== pins.ledgerId) {
    throw new Fault("ledger_id", `expected ${pins.ledgerId}, found ${hex(first.leaf)}`).at(0);
  }
}

/** The log's name is that of the founding, or of the last loss that was declared. */
export function checkName(replay: Replay, pins: Pins): void {
  const found = replay.ledger?.logName ?? "";
  if (found !== pins.origin) {
    throw new Fault("origin", `expected ${pins.origin}, the entries are of ${found}`);
  }
}

/** The log continues an older checkpoint of it: nothing that stood then is gone or changed. */
export async function checkContinues(reader: TileReader, before: Checkpoint): Promise<void> {
  if (before.size > reader.size) {
    throw new Fault("rollback", `there were ${before.size} entries before, now there are ${reader.size}`);
  }
  if (!equal(await rootAt(reader.read, before.size), before.root)) {
    throw new Fault("consistency", "what was seen before is not what stands there now");
  }
}

export interface AuditOptions {
  readonly policy?: Policy;
  readonly verify?: SignatureCheck;
  /** After each bundle: how many entries hold so far, of how many. Awaited, so that others get their turn. */
  readonly progress?: (checked: number, size: number) => Promise<void> | void;
  readonly visit?: (entry: Verified, replay: Replay) => void;
}

export interface Audited {
  readonly checkpoint: Checkpoint;
  readonly signatures: number;
  readonly replay: Replay;
}

/** Audits a whole log. Throws the first `Fault`, or `Unavailable` where nothing could be decided. */
export async function audit(source: Source, pins: Pins, options: AuditOptions = {}): Promise<Audited> {
  const { checkpoint } = openPinned(await source.fetch("checkpoint"), pins, options.policy);
  const reader = await TileReader.open(source, checkpoint);
  if (checkpoint.size === 0) {
    throw new Fault("empty", "there is no entry 0");
  }
  const replay = new Replay(options.verify ?? verifyNow);
  const bundles = Math.ceil(checkpoint.size / WIDTH);
  for (let bundle = 0; bundle < bundles; bundle++) {
    const entries = await reader.bundle(bundle);
    if (bundle + 1 < bundles) {
      // The next one is on its way while this one is checked; its faults are met in its turn.
      reader.bundle(bundle + 1).catch(() => undefined);
    }
    for (const [at, bytes] of entries.entries()) {
      const verified = replay.feed(bundle * WIDTH + at, bytes);
      if (verified.index === 0) {
        checkFounding(verified, pins);
      } else if (verified.kind === "loss_declared") {
        await checkSaved(reader.read, verified);
      }
      options.visit?.(verified, replay);
      if (at % 32 === 31) {
        await options.progress?.(verified.index + 1, checkpoint.size);
      }
    }
    reader.forget(bundle);
    await options.progress?.(Math.min((bundle + 1) * WIDTH, checkpoint.size), checkpoint.size);
  }
  checkName(replay, pins);
  return { checkpoint, signatures: replay.signatures, replay };
}
