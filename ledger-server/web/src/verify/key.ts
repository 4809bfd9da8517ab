// Verifier keys (C2SP signed-note vkeys): name, algorithm, public key.
import { base64, concat, equal, fromBase64, hex, utf8 } from "./bytes.ts";
import { PublicKey } from "./ed25519.ts";
import { digest } from "./hash.ts";
import { isKeyName, type SignatureLine } from "./note.ts";

export const ED25519 = 0x01;
export const COSIGNATURE_V1 = 0x04;

/** Keys that were read before: whether one is fit for use takes as long as verifying a signature. */
const known = new Map<string, VerifierKey>();
const KNOWN_AT_MOST = 1024;

export class VerifierKey {
  private constructor(
    readonly name: string,
    readonly algorithm: number,
    readonly id: Uint8Array,
    readonly key: PublicKey,
    /** The text form. */
    readonly text: string,
  ) {}

  /** Reads a vkey; `undefined` if it is none, or its public key is not fit for use. */
  static parse(text: string): VerifierKey | undefined {
    const found = known.get(text) ?? VerifierKey.read(text);
    if (found !== undefined && known.size < KNOWN_AT_MOST) {
      known.set(text, found);
    }
    return found;
  }

  private static read(text: string): VerifierKey | undefined {
    const parts = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
    const [, name = "", id = "", encoded = ""] = parts ?? [];
    const bytes = fromBase64(encoded);
    const algorithm = bytes?.[0];
    if (bytes === undefined || bytes.length !== 33 || !isKeyName(name)) {
      return undefined;
    }
    if (algorithm !== ED25519 && algorithm !== COSIGNATURE_V1) {
      return undefined;
    }
    const expected = digest(concat(utf8(`${name}\n`), bytes)).slice(0, 4);
    const key = PublicKey.of(bytes.slice(1));
    if (key === undefined || hex(expected) !== id) {
      return undefined;
    }
    return new VerifierKey(name, algorithm, expected, key, `${name}+${id}+${base64(bytes)}`);
  }

  /** Whether a line says, by name and id, that this key made it. */
  isNamedBy(line: SignatureLine): boolean {
    return line.name === this.name && equal(line.keyId, this.id);
  }

  /** Whether two keys are the same public key, whatever their names. */
  sharesPointWith(other: VerifierKey): boolean {
    return equal(this.key.bytes, other.key.bytes);
  }
}
