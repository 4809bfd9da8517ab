// Receipts (C2SP tlog-proof v1): an entry's index and inclusion proof, with the checkpoint it leads to.
import { base64, decimal, fromBase64, fromUtf8, utf8 } from "./bytes.ts";
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { Fault } from "./fault.ts";
import { HASH_BYTES } from "./hash.ts";
import type { VerifierKey } from "./key.ts";
import { noteText } from "./note.ts";
import { isIncluded } from "./tree.ts";

const HEADER = "c2sp.org/tlog-proof@v1";
const MAX_HASHES = 63;

/** Verifies a receipt for the entry with this leaf hash; answers its index and checkpoint. */
export function verifyProof(
  bytes: Uint8Array,
  leaf: Uint8Array,
  log: VerifierKey,
): { index: number; checkpoint: Checkpoint } {
  const fail = (message: string): never => {
    throw new Fault("tree", message);
  };
  const whole = fromUtf8(bytes) ?? fail("a receipt that is not UTF-8");
  const end = whole.indexOf("\n\n");
  const lines = whole.slice(0, Math.max(end, 0)).split("\n");
  if (end < 0 || lines.shift() !== HEADER) {
    return fail(`expected a receipt that begins with ${HEADER}`);
  }
  if (lines[0]?.startsWith("extra ") === true) {
    lines.shift();
  }
  const index = decimal(/^index (.*)$/.exec(lines.shift() ?? "")?.[1] ?? "") ?? fail("expected an index");
  const hashes = lines.map((line) => fromBase64(line) ?? fail("expected a hash in base64"));
  if (hashes.length > MAX_HASHES || hashes.some((hash) => hash.length !== HASH_BYTES)) {
    return fail("expected at most 63 hashes of 32 bytes");
  }
  const checkpoint = openCheckpoint(utf8(whole.slice(end + 2)), log);
  if (!isIncluded(index, checkpoint.size, leaf, checkpoint.root, hashes)) {
    return fail("the receipt does not lead to its checkpoint");
  }
  return { index, checkpoint };
}

/** The text of a receipt. */
export function proofText(index: number, hashes: readonly Uint8Array[], checkpoint: Checkpoint): string {
  const lines = hashes.map((hash) => `${base64(hash)}\n`).join("");
  return `${HEADER}\nindex ${index}\n${lines}\n${noteText(checkpoint.note)}`;
}
