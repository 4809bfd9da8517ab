// Checkpoints (C2SP tlog-checkpoint) and cosignatures (tlog-cosignature, the Ed25519 form).
import { decimal, fromBase64, hex, utf8 } from "./bytes.ts";
import { Fault } from "./fault.ts";
import { digest, HASH_BYTES } from "./hash.ts";
import { COSIGNATURE_V1, ED25519, type VerifierKey } from "./key.ts";
import { parseNote, type Note, type SignatureLine } from "./note.ts";

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** The note it was read from, with all its lines. */
  readonly note: Note;
}

/** The text of a checkpoint: three lines, and in a ledger never more. */
export function parseCheckpoint(note: Note): Checkpoint {
  const lines = note.text.slice(0, -1).split("\n");
  const [origin = "", sizeText = "", rootText = ""] = lines;
  const size = decimal(sizeText);
  const root = fromBase64(rootText);
  if (lines.length !== 3 || origin === "" || size === undefined || root?.length !== HASH_BYTES) {
    throw new Fault("checkpoint", "expected three lines: origin, size, root");
  }
  if (size === 0 && hex(root) !== hex(digest(new Uint8Array()))) {
    throw new Fault("checkpoint", "an empty tree with another root than the empty tree's");
  }
  return { origin, size, root, note };
}

/** Reads a checkpoint that the log's key signed: each line that names the key must be true. */
export function openCheckpoint(bytes: Uint8Array, log: VerifierKey): Checkpoint {
  const note = parseNote(bytes, "checkpoint");
  const checkpoint = parseCheckpoint(note);
  if (log.algorithm !== ED25519) {
    throw new Fault("checkpoint", "the log's key is not for checkpoints");
  }
  if (checkpoint.origin !== log.name) {
    throw new Fault("checkpoint", `expected a checkpoint of ${log.name}, found one of ${checkpoint.origin}`);
  }
  const own = note.signatures.filter((line) => log.isNamedBy(line));
  if (own.length === 0) {
    throw new Fault("checkpoint", `no signature by ${log.name}`);
  }
  const message = utf8(note.text);
  if (!own.every((line) => log.key.verifies(message, line.signature))) {
    throw new Fault("checkpoint", `the signature that names ${log.name} is not true`);
  }
  return checkpoint;
}

/** The time, in seconds since 1970, of a witness's line below a checkpoint; `undefined` if it is not true. */
export function cosignedAt(witness: VerifierKey, checkpoint: Checkpoint, line: SignatureLine): bigint | undefined {
  if (witness.algorithm !== COSIGNATURE_V1 || !witness.isNamedBy(line) || line.signature.length !== 72) {
    return undefined;
  }
  const time = BigInt(`0x${hex(line.signature.slice(0, 8))}`);
  if (time < 1n || time >= 1n << 63n) {
    return undefined;
  }
  const message = utf8(`cosignature/v1\ntime ${time}\n${checkpoint.note.text}`);
  return witness.key.verifies(message, line.signature.slice(8)) ? time : undefined;
}
