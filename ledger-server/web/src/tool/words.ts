// What the desk shows of every event before it is signed, for the tests:
//   node words.mjs ENTRIES LANGUAGE
// ENTRIES is a ledger's file of entries. Prints for each, on a line of its own, a JSON object: the statement's
// event, and the rows that the desk would have shown to who signed it.
import { readFileSync } from "node:fs";
import { rowsOf } from "../desk/words.ts";
import { parseEntry } from "../verify/entry.ts";
import { Replay } from "../verify/replay.ts";
import { parseBundle } from "../verify/tile.ts";

const [file = "", lang = "zh-CN"] = process.argv.slice(2);
Object.assign(globalThis, { document: { documentElement: { lang } } });

function counted(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    at += 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  }
  return count;
}

async function run(): Promise<void> {
  const bytes = new Uint8Array(readFileSync(file));
  const entries = parseBundle(bytes, counted(bytes), file);
  // Whether the signatures are true is asked elsewhere.
  const replay = new Replay(() => true);
  const kinds: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const statement = parseEntry(entry);
    const { ledger } = replay;
    if (ledger !== undefined) {
      const about = { ledger, position: index, kindOf: (at: number) => Promise.resolve(kinds[at] ?? "") };
      const rows = await rowsOf(statement, about);
      process.stdout.write(`${JSON.stringify({ event: statement.event, rows })}\n`);
    }
    replay.feed(index, entry);
    kinds.push(statement.kind);
  }
}

await run();
