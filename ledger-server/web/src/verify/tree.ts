// The Merkle tree of RFC 6962 over hashes that a reader gives, and the checking of proofs.
import { equal } from "./bytes.ts";
import { digest, nodeHash } from "./hash.ts";

/** Tiles are 256 wide: level L holds the hashes of complete subtrees of 256^L entries. */
export const WIDTH = 256;

/** Reads `count` hashes of a level, from `start` on. */
export type HashReader = (level: number, start: number, count: number) => Promise<readonly Uint8Array[]>;

/** The root of as many hashes as a complete or partial tile has, as a tree of their own. */
export function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes;
  if (only === undefined) {
    return digest(new Uint8Array());
  }
  if (hashes.length === 1) {
    return only;
  }
  let half = 1;
  while (half * 2 < hashes.length) {
    half *= 2;
  }
  return nodeHash(rootOf(hashes.slice(0, half)), rootOf(hashes.slice(half)));
}

/** The tiles at the right edge of a tree: for each level what the level above does not cover. */
export function edge(size: number): { level: number; start: number; count: number }[] {
  const parts = [];
  for (let level = 0, items = size; items > 0; level++, items = Math.floor(items / WIDTH)) {
    const count = items % WIDTH;
    if (count > 0) {
      parts.push({ level, start: items - count, count });
    }
  }
  return parts;
}

/** The root of the first `size` entries. */
export async function rootAt(read: HashReader, size: number): Promise<Uint8Array> {
  let root: Uint8Array | undefined;
  for (const { level, start, count } of edge(size)) {
    // Complete subtrees from left to right; the tree of RFC 6962 joins them from the right.
    let hashes = await read(level, start, count);
    while (hashes.length > 0) {
      let last = 1;
      while (hashes.length % (last * 2) === 0) {
        last *= 2;
      }
      const peak = rootOf(hashes.slice(-last));
      root = root === undefined ? peak : nodeHash(peak, root);
      hashes = hashes.slice(0, -last);
    }
  }
  return root ?? rootOf([]);
}

/** The hash of the entries from `from` up to `until`, which RFC 6962 takes as one subtree. */
async function subtree(read: HashReader, from: number, until: number): Promise<Uint8Array> {
  const count = until - from;
  const level = Math.floor(Math.log2(count) / 8);
  const unit = WIDTH ** level;
  if (Number.isInteger(Math.log2(count)) && from % count === 0) {
    return rootOf(await read(level, from / unit, count / unit));
  }
  const half = 2 ** Math.ceil(Math.log2(count) - 1);
  return nodeHash(await subtree(read, from, from + half), await subtree(read, from + half, until));
}

/** The inclusion proof of an entry in the tree of this size. */
export async function proveInclusion(read: HashReader, index: number, size: number): Promise<Uint8Array[]> {
  const proof: Uint8Array[] = [];
  let [from, until] = [0, size];
  while (until - from > 1) {
    const middle = from + 2 ** Math.ceil(Math.log2(until - from) - 1);
    if (index < middle) {
      proof.unshift(await subtree(read, middle, until));
      until = middle;
    } else {
      proof.unshift(await subtree(read, from, middle));
      from = middle;
    }
  }
  return proof;
}

/** Whether a leaf stands at `index` in the tree of this size and root. RFC 9162, 2.1.3.2. */
export function isIncluded(
  index: number,
  size: number,
  leaf: Uint8Array,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (index >= size) {
    return false;
  }
  let [at, last, hash] = [BigInt(index), BigInt(size - 1), leaf];
  for (const sibling of proof) {
    if (last === 0n) {
      return false;
    }
    if ((at & 1n) === 1n || at === last) {
      hash = nodeHash(sibling, hash);
      while ((at & 1n) === 0n && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    at >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equal(hash, root);
}

/** Whether a tree continues an older one. RFC 9162, 2.1.4.2. */
export function isConsistent(
  oldSize: number,
  size: number,
  oldRoot: Uint8Array,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (oldSize === 0 || oldSize > size) {
    return false;
  }
  if (oldSize === size) {
    return proof.length === 0 && equal(oldRoot, root);
  }
  const rest = [...proof];
  let at = BigInt(oldSize - 1);
  let last = BigInt(size - 1);
  while ((at & 1n) === 1n) {
    at >>= 1n;
    last >>= 1n;
  }
  // A complete old tree is itself the first node of the proof.
  const first = at === 0n ? oldRoot : rest.shift();
  if (first === undefined || proof.length === 0) {
    return false;
  }
  let [oldHash, hash] = [first, first];
  for (const sibling of rest) {
    if (last === 0n) {
      return false;
    }
    if ((at & 1n) === 1n || at === last) {
      oldHash = nodeHash(sibling, oldHash);
      hash = nodeHash(sibling, hash);
      while ((at & 1n) === 0n && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    at >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equal(oldHash, oldRoot) && equal(hash, root);
}
