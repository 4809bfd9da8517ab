// Key files as the desk makes and opens them, for the tests:
//   node key.mjs seal SEED_HEX PASSPHRASE [SALT_HEX IV_HEX]   prints the PEM
//   node key.mjs open FILE PASSPHRASE                         prints the seed, or the kind of fault; ends with 1
//   node key.mjs vkey NAME SEED_HEX                           prints the verifier key and its fingerprint
import { readFileSync } from "node:fs";
import { KeyFault, fingerprint, openKey, publicKeyOf, sealKey, verifierKey } from "../desk/key.ts";
import { fromHex, hex } from "../verify/bytes.ts";

function bytes(digits: string | undefined): Uint8Array {
  const found = fromHex(digits ?? "");
  if (found === undefined) {
    throw new Error(`no hexadecimal digits: ${digits}`);
  }
  return found;
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
