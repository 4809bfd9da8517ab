// Entries: the time of receipt on a line of its own, then the signed event, verbatim.
import { fromHex, fromUtf8, utf8 } from "./bytes.ts";
import { hides, parseCanonical, type JsonObject } from "./canonical.ts";
import { Fault } from "./fault.ts";
import { leafHash } from "./hash.ts";
import { SIGNATURE_BYTES } from "./ed25519.ts";
import { parseNote, type Note } from "./note.ts";
import { integer, isObject, object, text } from "./read.ts";
import { logTime, stated, type Stated } from "./time.ts";

const STATEMENT_LIMIT = 48 * 1024;
const STREAM = /^(?:ledger|(?:transaction|concern)\/[0-9A-Za-z][0-9A-Za-z-]{0,63})$/;
const KEYS = "at,event,prev,stream,v";

/** A statement as it reads: what is signed. */
export interface Statement {
  /** The statement as JSON. */
  readonly statement: JsonObject;
  readonly at: Stated;
  readonly atText: string;
  readonly event: JsonObject;
  readonly kind: string;
  readonly prev: string;
  readonly stream: string;
}

/** An entry as it reads, of which nothing has been verified. */
export interface Entry extends Statement {
  readonly bytes: Uint8Array;
  readonly leaf: Uint8Array;
  readonly received: number;
  readonly receivedText: string;
  readonly note: Note;
}

/** Reads the text of a signed event: one line of canonical JSON and its newline. */
export function parseStatement(whole: string): Statement {
  const line = whole.slice(0, -1);
  if (!whole.endsWith("\n") || utf8(whole).length > STATEMENT_LIMIT || hides(line)) {
    throw new Fault("form", "a statement is one line of at most 48 KiB that hides nothing");
  }
  const statement = parseCanonical(line);
  if (!isObject(statement) || Object.keys(statement).sort().join() !== KEYS || integer(statement, "v") !== 1) {
    throw new Fault("form", "expected a statement of version 1: at, event, prev, stream, v");
  }
  const event = object(statement, "event");
  const [prev, stream, atText] = [text(statement, "prev"), text(statement, "stream"), text(statement, "at")];
  if (fromHex(prev)?.length !== 32 || !STREAM.test(stream)) {
    throw new Fault("form", "prev or stream has not its form");
  }
  return { statement, at: stated(atText), atText, event, kind: text(event, "kind"), prev, stream };
}

export function parseEntry(bytes: Uint8Array): Entry {
  const newline = bytes.indexOf(0x0a);
  const receivedText = newline < 0 ? undefined : fromUtf8(bytes.slice(0, newline));
  if (receivedText === undefined) {
    throw new Fault("form", "an entry begins with the time of receipt");
  }
  const received = logTime(receivedText);
  const note = parseNote(bytes.slice(newline + 1), "form");
  note.signatures.forEach((line, at) => {
    const before = note.signatures[at - 1];
    if (line.signature.length !== SIGNATURE_BYTES) {
      throw new Fault("form", `the signature of ${line.name} has the wrong length`);
    }
    // Names of keys on a roster are ASCII, where this order is that of bytes.
    if (before !== undefined && before.name >= line.name) {
      throw new Fault("form", "signature lines ascend by name, each name once");
    }
  });
  const leaf = leafHash(bytes);
  return { bytes, leaf, received, receivedText, note, ...parseStatement(note.text) };
}
