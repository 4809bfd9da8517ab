// SHA-256 as RFC 6962 uses it.
import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "./bytes.ts";

export const HASH_BYTES = 32;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function digest(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(concat(LEAF, entry));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(NODE, left, right));
}
