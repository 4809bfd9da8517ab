// Ed25519 by the one rule of every verifier of a ledger: the public key is canonical, not of small order
// and torsion-free; of a signature (R, s), s < l, R is canonical and not of small order, and
// R = [s]B - [k]A without multiplying by the cofactor. Point arithmetic is noble's.
import { Point } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, equal } from "./bytes.ts";

export const SIGNATURE_BYTES = 64;

/** The order of the base point. */
const ORDER = Point.CURVE().n;

/** How a point is multiplied: by its own table if it is used often enough to be worth one. */
export type Multiplier = (scalar: bigint) => Point;

function littleEndian(bytes: Uint8Array): bigint {
  let digits = "";
  for (let at = bytes.length - 1; at >= 0; at--) {
    digits += (bytes[at] ?? 0).toString(16).padStart(2, "0");
  }
  return BigInt(`0x${digits}`);
}

/** Multiplies by a table of all multiples of each window: scalars here are public, so time may vary. */
function tabled(point: Point, bits: number): Multiplier {
  const windows: Point[][] = [];
  let base = point;
  for (let at = 0; at < 253; at += bits) {
    const row = [base];
    for (let digit = 2; digit < 1 << bits; digit++) {
      row.push((row[row.length - 1] as Point).add(base));
    }
    windows.push(row);
    base = (row[row.length - 1] as Point).add(base);
  }
  const mask = BigInt((1 << bits) - 1);
  const shift = BigInt(bits);
  return (scalar) => {
    let sum = Point.ZERO;
    let rest = scalar;
    for (const row of windows) {
      const digit = Number(rest & mask);
      if (digit > 0) {
        sum = sum.add(row[digit - 1] as Point);
      }
      rest >>= shift;
    }
    return sum;
  };
}

/** After how many uses a point gets a table, and how wide its windows are. */
const WORTH_A_TABLE = 6;
const WINDOW_BITS = 5;

function multiplier(point: Point): Multiplier {
  let uses = 0;
  let table: Multiplier | undefined;
  return (scalar) => {
    uses += 1;
    if (table === undefined && uses > WORTH_A_TABLE) {
      table = tabled(point, WINDOW_BITS);
    }
    return table === undefined ? point.multiplyUnsafe(scalar) : table(scalar);
  };
}

const timesBase = multiplier(Point.BASE);

/** A public key that is fit for use. */
export class PublicKey {
  private readonly timesMinusKey: Multiplier;

  private constructor(
    readonly bytes: Uint8Array,
    point: Point,
  ) {
    this.timesMinusKey = multiplier(point.negate());
  }

  /** The key of these 32 bytes, or `undefined` if they are not one that is fit for use. */
  static of(bytes: Uint8Array): PublicKey | undefined {
    let point: Point;
    try {
      point = Point.fromBytes(bytes, false);
    } catch {
      return undefined;
    }
    const fit = equal(point.toBytes(), bytes) && !point.isSmallOrder() && point.isTorsionFree();
    return fit ? new PublicKey(bytes.slice(), point) : undefined;
  }

  /** Whether this key made the signature over the message. */
  verifies(message: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length !== SIGNATURE_BYTES) {
      return false;
    }
    const r = signature.subarray(0, 32);
    const s = littleEndian(signature.subarray(32));
    if (s >= ORDER) {
      return false;
    }
    const k = littleEndian(sha512(concat(r, this.bytes, message))) % ORDER;
    const point = timesBase(s).add(this.timesMinusKey(k));
    return equal(point.toBytes(), r) && !point.isSmallOrder();
  }
}
