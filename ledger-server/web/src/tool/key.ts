// Key files as the desk makes and opens them, for the tests:
//   node key.mjs seal SEED_HEX PASSPHRASE [SALT_HEX IV_HEX]   prints the PEM
//   node key.mjs open FILE PASSPHRASE                         prints the seed, or the kind of fault; ends with 1
//   node key.mjs damage FILE                                  reads it, without a passphrase, with every bit
//                                                             flipped and cut at every byte: prints how many
//                                                             were read, and how many refused as damaged
//   node key.mjs vkey NAME SEED_HEX                           prints the verifier key and its fingerprint
import { readFileSync } from "node:fs";
import { KeyFault, fingerprint, openKey, publicKeyOf, readKeyFile, sealKey, verifierKey } from "../desk/key.ts";
import { base64, fromHex, hex } from "../verify/bytes.ts";

function bytes(digits: string | undefined): Uint8Array {
  const found = fromHex(digits ?? "");
  if (found === undefined) {
    throw new Error(`no hexadecimal digits: ${digits}`);
  }
  return found;
}

/** Every damaged copy of a file. */
function* damages(text: string): Iterable<string> {
  const der = Uint8Array.from(atob(text.replace(/-----[^-]+-----|\s/g, "")), (letter) => letter.charCodeAt(0));
  const pem = (bytes: Uint8Array): string =>
    `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${base64(bytes)}\n-----END ENCRYPTED PRIVATE KEY-----\n`;
  for (let bit = 0; bit < der.length * 8; bit++) {
    const flipped = der.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield pem(flipped);
  }
  for (let length = 0; length < der.length; length++) {
    yield pem(der.slice(0, length));
  }
}

/** What is damaged is read or refused, and nothing else comes of it. */
function damage(text: string): string {
  let [read, refused] = [0, 0];
  for (const damaged of damages(text)) {
    try {
      readKeyFile(damaged);
      read += 1;
    } catch (error) {
      if (!(error instanceof KeyFault)) {
        throw error;
      }
      refused += 1;
    }
  }
  return `${read} ${refused}\n`;
}

async function run(): Promise<string> {
  const [what, one = "", other = "", ...given] = process.argv.slice(2);
  switch (what) {
    case "seal": {
      const fixed = given.map(bytes);
      const random = (): Uint8Array => fixed.shift() ?? new Uint8Array(16);
      return sealKey(bytes(one), other, undefined, ...(given.length === 0 ? [] : [random]));
    }
    case "open":
      return `${hex(await openKey(readFileSync(one, "utf8"), other))}\n`;
    case "damage":
      return damage(readFileSync(one, "utf8"));
    default: {
      const key = publicKeyOf(bytes(other));
      return `${verifierKey(one, key).text}\n${fingerprint(key)}\n`;
    }
  }
}

run().then(
  (said) => process.stdout.write(said),
  (error: unknown) => {
    if (!(error instanceof KeyFault)) {
      throw error;
    }
    process.stdout.write(`${error.kind}\t${error.zh}\t${error.en}\n`);
    process.exitCode = 1;
  },
);
