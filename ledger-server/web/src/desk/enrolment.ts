// The text with which a key asks to be enrolled, its proof, and the code by which people hold both together:
// whoever swaps the key changes the code.
import { utf8 } from "../verify/bytes.ts";
import { hides } from "../verify/canonical.ts";
import { digest } from "../verify/hash.ts";

/** Crockford's base32: without I, L, O and U. */
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const MEMBER = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** Whether a text can be a member's short name. */
export function isMember(text: string): boolean {
  return MEMBER.test(text);
}

/** Whether a text can be a member's name on the roster, as far as the text itself tells. */
export function isName(text: string): boolean {
  return text.trim() !== "" && !hides(text);
}

/** What is signed to ask for an enrolment: names its own purpose, and is no statement. */
export function enrolmentText(origin: string, member: string, name: string, key: string): string {
  return `sanzi-desk-enrolment-v1\n${origin}\n${member}\n${name}\n${key}\n`;
}

/** The first 80 bits of its digest, to be read out: `XXXX-XXXX-XXXX-XXXX`. */
export function codeOf(text: string): string {
  let bits = 0n;
  for (const byte of digest(utf8(text)).slice(0, 10)) {
    bits = (bits << 8n) | BigInt(byte);
  }
  let code = "";
  for (let at = 0; at < 16; at++) {
    code = (LETTERS[Number(bits & 31n)] ?? "") + code;
    bits >>= 5n;
  }
  return (code.match(/.{4}/g) ?? []).join("-");
}

/** A code as somebody types it: small letters, spaces, and letters that look like digits. */
export function readCode(typed: string): string | undefined {
  const plain = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return /^[0-9A-HJKMNP-TV-Z]{16}$/.test(plain) ? (plain.match(/.{4}/g) ?? []).join("-") : undefined;
}
