// Digests and commitments of documents, read part by part: a document is never whole in memory.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** How much is read at a time, in bytes. */
const PART = 4 << 20;

/** What is hashed first in a commitment: FORMAT.md, private documents. */
const COMMITMENT = new TextEncoder().encode("sanzi/private-document/v1\n");

/** The SHA-256 of a file; says how much of it has been read. */
export async function digest(file: Blob, progress: (share: number) => void = () => undefined): Promise<Uint8Array> {
  const hash = sha256.create();
  for (let from = 0; from < file.size; from += PART) {
    hash.update(new Uint8Array(await file.slice(from, from + PART).arrayBuffer()));
    progress(Math.min(1, (from + PART) / file.size));
  }
  return hash.digest();
}

/** Commits to the document with this digest. */
export function commitment(salt: Uint8Array, digest: Uint8Array): string {
  return bytesToHex(sha256.create().update(COMMITMENT).update(salt).update(digest).digest());
}

export { bytesToHex as hex };
