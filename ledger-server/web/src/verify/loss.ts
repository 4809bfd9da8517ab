// Declared losses: entries are gone for good, and the ledger goes on in a log of another name and key.
import type { Case } from "./admit.ts";
import { base64, equal, fromHex, utf8 } from "./bytes.ts";
import type { JsonObject } from "./canonical.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { Fault, refuse } from "./fault.ts";
import { ED25519, type VerifierKey } from "./key.ts";
import * as read from "./read.ts";
import { readKey } from "./roster.ts";
import type { Ledger } from "./state.ts";
import { rootAt, type HashReader } from "./tree.ts";

const ORIGIN = /^[a-z0-9.-]+(?:\/[a-z0-9-]+)+$/;
const ORIGIN_BYTES = 128;

function hash(of: JsonObject, key: string): Uint8Array {
  const bytes = fromHex(read.text(of, key));
  if (bytes?.length !== 32) {
    throw new Fault("form", `${key}: expected a hash`);
  }
  return bytes;
}

/** Only what the log before has signed can be lost, and what goes on is a log that never signed anything. */
export function checkLoss(of: Case): void {
  const { ledger, entry, position } = of;
  const [lost, saved] = [read.object(entry.event, "lost"), read.object(entry.event, "saved")];
  const [old, next] = [readKey(lost, "log_key"), readKey(entry.event, "log_key")];
  const [size, root, signature] = [read.integer(lost, "size"), hash(lost, "root"), read.text(lost, "signature")];
  hash(saved, "root");
  if (read.integer(saved, "size") !== position) {
    refuse("loss_misplaced", `the declaration stands behind ${position} entries`);
  }
  if (size <= position) {
    refuse("nothing_lost", `${size} entries were signed, ${position} are there`);
  }
  const stated = `${old.name}\n${size}\n${base64(root)}\n\n\u2014 ${old.name} ${signature}\n`;
  if (old.name !== ledger.logName || !isSigned(stated, old)) {
    refuse("loss_unproven", `no signature of ${ledger.logName} on ${size} entries`);
  }
  checkNewLog(ledger, old, next);
}

function isSigned(checkpoint: string, log: VerifierKey): boolean {
  try {
    openCheckpoint(utf8(checkpoint), log);
    return true;
  } catch (error) {
    if (error instanceof Fault) {
      return false;
    }
    throw error;
  }
}

function checkNewLog(ledger: Ledger, old: VerifierKey, next: VerifierKey): void {
  const used = [...ledger.lostLogs, old].some((log) => log.name === next.name || log.sharesPointWith(next));
  const isName = ORIGIN.test(next.name) && next.name.length <= ORIGIN_BYTES;
  const members = [...ledger.roster.members.values()];
  const isMembers = members.some((member) => member.keys.some((held) => held.key.sharesPointWith(next)));
  if (used || !isName || next.algorithm !== ED25519 || isMembers) {
    refuse("log_not_new", `${next.name} is no name and key that were never used`);
  }
}

/** The ledger goes on in the log that its declaration names. */
export function noteLoss(ledger: Ledger, event: JsonObject): void {
  ledger.lostLogs.push(readKey(read.object(event, "lost"), "log_key"));
  ledger.logName = readKey(event, "log_key").name;
}

/** What a declaration says was saved is what stands before it in the tree. */
export async function checkSaved(tree: HashReader, entry: { index: number; event: JsonObject }): Promise<void> {
  const found = await rootAt(tree, entry.index);
  if (!equal(found, hash(read.object(entry.event, "saved"), "root"))) {
    throw new Fault("rule", "what was saved is not what stands before the declaration", "loss_misplaced").at(entry.index);
  }
}
