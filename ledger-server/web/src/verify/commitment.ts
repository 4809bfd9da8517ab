// Commitments to what is kept beside the log: FORMAT.md, private documents.
import { concat, fromBase64, fromHex, equal, utf8 } from "./bytes.ts";
import { digest } from "./hash.ts";

const DOMAIN = utf8("sanzi/private-document/v1\n");
const SALT_BYTES = 32;

/** Whether salt (base64) and document are those that were committed to (hexadecimal). */
export function opens(commitment: string, salt: string, document: Uint8Array): boolean {
  const [expected, bytes] = [fromHex(commitment), fromBase64(salt)];
  if (expected === undefined || bytes?.length !== SALT_BYTES) {
    return false;
  }
  return equal(digest(concat(DOMAIN, bytes, digest(document))), expected);
}
