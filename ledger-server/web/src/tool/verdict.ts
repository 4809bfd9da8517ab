// Gives the verifier's verdict under Node.js, for the tests that hold it against the Rust auditor:
//   node verdict.mjs FOLDER…
// Each folder holds the files of a log and `pins.json`, and may hold `policy` and `before`, a checkpoint
// that was seen before. For each, one line of JSON: {"verdict", "kind"?, "rule"?, "index"?, "message"?}.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { audit, checkContinues, type Pins } from "../verify/audit.ts";
import { openCheckpoint } from "../verify/checkpoint.ts";
import { Fault, Unavailable } from "../verify/fault.ts";
import { VerifierKey } from "../verify/key.ts";
import { parsePolicy } from "../verify/policy.ts";
import { TileReader, type Source } from "../verify/tile.ts";

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

async function verdict(path: string): Promise<object> {
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
    return {
      verdict: "holds",
      entries: found.checkpoint.size,
      signatures: found.signatures,
      milliseconds: Date.now() - started,
    };
  } catch (error) {
    if (error instanceof Fault) {
      const { kind, rule, index, message } = error;
      return { verdict: "does not hold", kind, rule, index, message };
    }
    if (error instanceof Unavailable) {
      return { verdict: "could not be checked", message: error.message };
    }
    throw error;
  }
}

for (const path of process.argv.slice(2)) {
  process.stdout.write(`${JSON.stringify(await verdict(path))}\n`);
}
