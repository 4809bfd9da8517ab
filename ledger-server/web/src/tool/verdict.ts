// Gives the verifier's verdicts under Node.js, for the tests that hold it against the Rust auditor.
//   node verdict.mjs logs FOLDER…     each folder holds a log's files and `pins.json`, and may hold `policy`
//                                     and `before`, a checkpoint that was seen before
//   node verdict.mjs events < JSON    {"entries": [<base64>…], "cases": [{"after": n, "entry": <base64>}…]}:
//                                     each case is one more entry after the first n
//   node verdict.mjs primitives < JSON  signatures, proofs and notes; see `primitives`
// Answers one line of JSON for each.
import { readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkForm } from "../verify/admit.ts";
import { audit, checkContinues, type Pins } from "../verify/audit.ts";
import { fromBase64, fromHex } from "../verify/bytes.ts";
import { parseCanonical } from "../verify/canonical.ts";
import { openCheckpoint } from "../verify/checkpoint.ts";
import { PublicKey } from "../verify/ed25519.ts";
import { parseEntry } from "../verify/entry.ts";
import { Fault, Unavailable } from "../verify/fault.ts";
import { VerifierKey } from "../verify/key.ts";
import { parsePolicy } from "../verify/policy.ts";
import { verifyProof } from "../verify/proof.ts";
import { Replay } from "../verify/replay.ts";
import { TileReader, type Source } from "../verify/tile.ts";
import { isConsistent, isIncluded } from "../verify/tree.ts";

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function folder(path: string): Source {
  return {
    async fetch(name) {
      try {
        return new Uint8Array(await readFile(join(path, name)));
      } catch (error) {
        throw new Unavailable(name, true, String(error));
      }
    },
  };
}

async function optional(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch(() => undefined);
}

async function pinsOf(path: string): Promise<Pins> {
  const json = JSON.parse(await readFile(join(path, "pins.json"), "utf8")) as Record<string, string>;
  const logKey = VerifierKey.parse(json["log_key"] ?? "");
  if (logKey === undefined) {
    throw new Error(`${path}: pins.json has no log key`);
  }
  return { origin: json["origin"] ?? "", ledgerId: json["ledger_id"] ?? "", logKey };
}

function failed(error: unknown): object {
  if (error instanceof Fault) {
    const { kind, rule, index, message } = error;
    return { verdict: "does not hold", kind, rule, index, message };
  }
  if (error instanceof Unavailable) {
    return { verdict: "could not be checked", message: error.message };
  }
  throw error;
}

async function log(path: string): Promise<object> {
  const source = folder(path);
  const pins = await pinsOf(path);
  const [policy, before] = [await optional(join(path, "policy")), await optional(join(path, "before"))];
  const started = Date.now();
  try {
    const found = await audit(source, pins, {
      ...(policy === undefined ? {} : { policy: parsePolicy(policy.toString()) }),
    });
    if (before !== undefined) {
      const seen = openCheckpoint(new Uint8Array(before), pins.logKey);
      await checkContinues(await TileReader.open(source, found.checkpoint), seen);
    }
    const { signatures } = found;
    return { verdict: "holds", entries: found.checkpoint.size, signatures, milliseconds: Date.now() - started };
  } catch (error) {
    return failed(error);
  }
}

function bytes(text: string): Uint8Array {
  const found = fromBase64(text);
  if (found === undefined) {
    throw new Error(`not base64: ${text.slice(0, 40)}`);
  }
  return found;
}

interface Events {
  entries: string[];
  cases: { after: number; entry: string }[];
}

function events({ entries, cases }: Events): void {
  const before = entries.map(bytes);
  // A replay that refused an event of a transaction or concern is as it was, and fit for the next case.
  let kept: { after: number; replay: Replay } | undefined;
  for (const { after, entry } of cases) {
    try {
      // As a replay begins; what has no form needs none.
      const read = parseEntry(bytes(entry));
      checkForm(read.event, read.kind);
      const replay = kept?.after === after ? kept.replay : replayed(before.slice(0, after), after);
      kept = read.stream === "ledger" ? undefined : { after, replay };
      replay.feed(after, bytes(entry));
      kept = undefined;
      say({ verdict: "holds" });
    } catch (error) {
      say(failed(error));
    }
  }
}

/** What stands before has been verified once, by `logs`; only the case's own signatures count here. */
function replayed(before: readonly Uint8Array[], after: number): Replay {
  const replay = new Replay((key, message, signature, index) => index < after || key.verifies(message, signature));
  before.forEach((bytes, index) => replay.feed(index, bytes));
  return replay;
}

/** One question: by which check, and its parts in hexadecimal. */
type Question =
  | { ask: "signature"; key: string; message: string; signature: string }
  | { ask: "inclusion"; index: number; size: number; leaf: string; root: string; proof: string[] }
  | { ask: "consistency"; old: number; size: number; old_root: string; root: string; proof: string[] }
  | { ask: "receipt"; receipt: string; leaf: string; key: string }
  | { ask: "canonical"; text: string };

function accepts(question: Question): boolean {
  const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array();
  switch (question.ask) {
    case "signature":
      return PublicKey.of(hex(question.key))?.verifies(hex(question.message), hex(question.signature)) ?? false;
    case "inclusion": {
      const { index, size, leaf, root, proof } = question;
      return isIncluded(index, size, hex(leaf), hex(root), proof.map(hex));
    }
    case "consistency": {
      const { old, size, old_root, root, proof } = question;
      return isConsistent(old, size, hex(old_root), hex(root), proof.map(hex));
    }
    case "receipt": {
      const key = VerifierKey.parse(question.key);
      return key !== undefined && verifyProof(hex(question.receipt), hex(question.leaf), key).index >= 0;
    }
    case "canonical":
      parseCanonical(question.text);
      return true;
  }
}

function primitives(questions: Question[]): void {
  for (const question of questions) {
    try {
      say({ accepts: accepts(question) });
    } catch (error) {
      if (!(error instanceof Fault)) {
        throw error;
      }
      say({ accepts: false });
    }
  }
}

const [mode, ...paths] = process.argv.slice(2);
const input = (): unknown => JSON.parse(readFileSync(0, "utf8"));
if (mode === "logs") {
  for (const path of paths) {
    say(await log(path));
  }
} else if (mode === "events") {
  events(input() as Events);
} else if (mode === "primitives") {
  primitives(input() as Question[]);
} else {
  throw new Error(`no such mode: ${mode}`);
}
