// DER (X.690) as far as key files need it: five tags, definite lengths in their shortest form, nothing left
// over. No library does encrypted PKCS#8 without far more than this; what is read is never guessed at.
import { concat, hex } from "../verify/bytes.ts";

export const INTEGER = 0x02;
export const OCTETS = 0x04;
export const OBJECT = 0x06;
export const SEQUENCE = 0x30;

/** The text is no DER, or not of the structure that was expected. */
export class NotDer extends Error {}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) {
    return Uint8Array.of(length);
  }
  return length < 0x100 ? Uint8Array.of(0x81, length) : Uint8Array.of(0x82, length >> 8, length & 0xff);
}

/** One element of at most 65,535 bytes. */
export function encoded(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const inner = concat(...content);
  return concat(Uint8Array.of(tag), lengthOf(inner.length), inner);
}

/** A whole number below 2^31. */
export function integer(value: number): Uint8Array {
  const bytes = [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
  while (bytes.length > 1 && bytes[0] === 0 && (bytes[1] ?? 0) < 0x80) {
    bytes.shift();
  }
  return encoded(INTEGER, Uint8Array.from(bytes));
}

/** Reads the elements of a structure one after the other. */
export class Elements {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** Whether the next element has this tag. */
  isNext(tag: number): boolean {
    return this.bytes[this.at] === tag;
  }

  /** The content of the next element, which has this tag. */
  next(tag: number): Uint8Array {
    const [found, first] = [this.bytes[this.at], this.bytes[this.at + 1]];
    if (found !== tag || first === undefined) {
      throw new NotDer(`expected tag ${tag} at byte ${this.at}, found ${found ?? "the end"}`);
    }
    const more = first < 0x80 ? 0 : first - 0x80;
    const digits = this.bytes.slice(this.at + 2, this.at + 2 + more);
    const length = more === 0 ? first : digits.reduce((sum, byte) => sum * 256 + byte, 0);
    const shortest = more === 0 || (more <= 2 && digits.length === more && length >= (more === 1 ? 0x80 : 0x100));
    const from = this.at + 2 + more;
    const content = this.bytes.slice(from, from + length);
    if (!shortest || content.length !== length) {
      throw new NotDer(`a length at byte ${this.at + 1} that does not fit`);
    }
    this.at = from + length;
    return content;
  }

  /** The elements of the next element, a sequence. */
  sequence(): Elements {
    return new Elements(this.next(SEQUENCE));
  }

  /** The next element, a whole number from 0 to 2^53 − 1. */
  integer(): number {
    const bytes = this.next(INTEGER);
    const [first = 0x80, second = 0x80] = bytes;
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    const shortest = bytes.length === 1 || first !== 0 || second >= 0x80;
    if (bytes.length === 0 || first >= 0x80 || !shortest || !Number.isSafeInteger(value)) {
      throw new NotDer("a number that does not fit");
    }
    return value;
  }

  /** The next element, an object identifier, as the hexadecimal digits of its content. */
  object(): string {
    return hex(this.next(OBJECT));
  }

  /** Nothing follows. */
  end(): void {
    if (this.at !== this.bytes.length) {
      throw new NotDer(`${this.bytes.length - this.at} bytes too many`);
    }
  }
}
