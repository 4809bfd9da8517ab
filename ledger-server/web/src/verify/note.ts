// Signed notes (C2SP signed-note): text, an empty line, signature lines. The form only.
import { base64, concat, fromBase64, fromUtf8 } from "./bytes.ts";
import { Fault, type FaultKind } from "./fault.ts";

const MAX_BYTES = 1_000_000;
const MAX_SIGNATURES = 100;

export interface SignatureLine {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** The text, with its last newline. */
  readonly text: string;
  readonly signatures: readonly SignatureLine[];
}

/** Whether a text can be the name of a key. */
export function isKeyName(name: string): boolean {
  return /^[^\s+\p{Cc}\p{White_Space}]+$/u.test(name);
}

function parseLine(line: string): SignatureLine | undefined {
  const match = /^— (\S+) (\S+)$/.exec(line);
  const [, name = "", encoded = ""] = match ?? [];
  const bytes = fromBase64(encoded);
  if (match === null || bytes === undefined || bytes.length < 5 || !isKeyName(name)) {
    return undefined;
  }
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** Reads a note; what is none is a fault of `kind`. */
export function parseNote(bytes: Uint8Array, kind: FaultKind): Note {
  const fail = (message: string): never => {
    throw new Fault(kind, message);
  };
  const whole = bytes.length <= MAX_BYTES ? fromUtf8(bytes) : undefined;
  if (whole === undefined) {
    return fail("expected a note of at most 1,000,000 bytes of UTF-8");
  }
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0009\u000b-\u001f]/.test(whole)) {
    return fail("a control character in a note");
  }
  const end = whole.lastIndexOf("\n\n");
  const below = whole.slice(end + 2);
  if (end < 0 || !below.endsWith("\n")) {
    return fail("expected an empty line and signature lines below the text");
  }
  const lines = below.slice(0, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) {
    return fail("more than 100 signature lines");
  }
  const signatures = lines.map((line) => parseLine(line) ?? fail("a signature line without its form"));
  return { text: whole.slice(0, end + 1), signatures };
}

/** The text of a note, for a file. */
export function noteText(note: Note): string {
  const lines = note.signatures.map(
    (line) => `— ${line.name} ${base64(concat(line.keyId, line.signature))}\n`,
  );
  return `${note.text}\n${lines.join("")}`;
}
