// Key files: a seed under a passphrase. Encrypted PKCS#8 in PEM, PBES2 with scrypt and AES-256-CBC: the same
// file for the browser, `sanzi` and `openssl pkey` (RFC 5958, 8018, 7914, 8410). Knows no page and no store.
import { cbc } from "@noble/ciphers/aes.js";
import { getPublicKey, hashes, sign } from "@noble/ed25519";
import { scryptAsync } from "@noble/hashes/scrypt.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { base64, concat, fromBase64, fromHex, hex, utf8 } from "../verify/bytes.ts";
import { digest } from "../verify/hash.ts";
import { ED25519, VerifierKey } from "../verify/key.ts";
import { Elements, encoded, integer, NotDer, OBJECT, OCTETS, SEQUENCE } from "./der.ts";

hashes.sha512 = sha512;

const LABEL = "ENCRYPTED PRIVATE KEY";

/** Object identifiers, by the hexadecimal digits of their encoding. */
const PBES2 = "2a864886f70d01050d";
const SCRYPT = "2b06010401da47040b";
const AES_256_CBC = "60864801650304012a";
const ID_ED25519 = "2b6570";

/** scrypt's N, r and p for new files: those of `sanzi key`. More memory than 32 MiB OpenSSL refuses to spend. */
const COST = { n: 1 << 14, r: 8, p: 5 };

/** The most that opening a file may take: memory in bytes, and N · r · p. */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;
const MAX_WORK = 1 << 24;

/** How long scrypt may hold up the page at a time. */
const SLICE_MILLISECONDS = 12;

export type KeyFaultKind =
  | "empty"
  | "pem"
  | "label"
  | "damaged"
  | "encryption"
  | "cost"
  | "passphrase"
  | "not_ed25519";

/** A key file could not be made or opened: why, in both languages. */
export class KeyFault extends Error {
  constructor(
    readonly kind: KeyFaultKind,
    readonly zh: string,
    readonly en: string,
  ) {
    super(`${zh} (${en})`);
    this.name = "KeyFault";
  }
}

function damaged(found: string): KeyFault {
  return new KeyFault(
    "damaged",
    `钥匙文件已损坏，与口令无关（${found}）；请换一份备份`,
    `the key file is damaged, whatever the passphrase (${found}); use another copy`,
  );
}

function otherEncryption(found: string): KeyFault {
  return new KeyFault(
    "encryption",
    `加密方式应为 scrypt 加 AES-256-CBC，实为 ${found}；可先用 openssl pkcs8 -topk8 -scrypt -v2 aes-256-cbc 转换`,
    `expected scrypt with AES-256-CBC, found ${found}; convert it: openssl pkcs8 -topk8 -scrypt -v2 aes-256-cbc`,
  );
}

function wrongPassphrase(): KeyFault {
  return new KeyFault(
    "passphrase",
    "口令不对，或文件的加密部分已损坏；请核对大小写和输入法后再试",
    "wrong passphrase, or the encrypted part of the file is damaged; check capitals and keyboard, then try again",
  );
}

/** A key file as it reads, before any passphrase. */
export interface Sealed {
  readonly salt: Uint8Array;
  readonly n: number;
  readonly r: number;
  readonly p: number;
  readonly iv: Uint8Array;
  readonly data: Uint8Array;
}

/** How far it is, from 0 to 1. */
export type Progress = (done: number) => void;

/** A new seed, from the system's random numbers. */
export function newSeed(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32));
}

/** The public key of a seed. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  return getPublicKey(seed);
}

/** Signs with a seed (RFC 8032). */
export function signWith(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return sign(message, seed);
}

/** The verifier key of a name. */
export function verifierKey(name: string, publicKey: Uint8Array): VerifierKey {
  const bytes = concat(Uint8Array.of(ED25519), publicKey);
  const id = hex(digest(concat(utf8(`${name}\n`), bytes)).slice(0, 4));
  const key = VerifierKey.parse(`${name}+${id}+${base64(bytes)}`);
  if (key === undefined) {
    throw damaged("Ed25519");
  }
  return key;
}

/** A public key in short groups, for reading aloud: the same as `sanzi key show` prints. */
export function fingerprint(publicKey: Uint8Array): string {
  return (hex(digest(publicKey)).slice(0, 32).match(/.{4}/g) ?? []).join(" ");
}

function id(digits: string): Uint8Array {
  return encoded(OBJECT, fromHex(digits) ?? new Uint8Array());
}

/** An Ed25519 private key as PKCS#8, not encrypted. */
export function pkcs8(seed: Uint8Array): Uint8Array {
  return encoded(SEQUENCE, integer(0), encoded(SEQUENCE, id(ID_ED25519)), encoded(OCTETS, encoded(OCTETS, seed)));
}

async function derive(passphrase: string, sealed: Omit<Sealed, "data" | "iv">, progress?: Progress): Promise<Uint8Array> {
  const { n, r, p, salt } = sealed;
  return scryptAsync(utf8(passphrase), salt, {
    N: n,
    r,
    p,
    dkLen: 32,
    asyncTick: SLICE_MILLISECONDS,
    maxmem: 2 * MAX_MEMORY_BYTES,
    ...(progress === undefined ? {} : { onProgress: progress }),
  });
}

function pem(der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${LABEL}-----\n${lines.join("\n")}\n-----END ${LABEL}-----\n`;
}

function pemOf(sealed: Sealed): string {
  const { salt, n, r, p, iv, data } = sealed;
  const kdf = encoded(
    SEQUENCE,
    id(SCRYPT),
    encoded(SEQUENCE, encoded(OCTETS, salt), integer(n), integer(r), integer(p)),
  );
  const scheme = encoded(SEQUENCE, kdf, encoded(SEQUENCE, id(AES_256_CBC), encoded(OCTETS, iv)));
  return pem(encoded(SEQUENCE, encoded(SEQUENCE, id(PBES2), scheme), encoded(OCTETS, data)));
}

/** Seals a seed under a passphrase, whose UTF-8 bytes are used as they are; gives the file's text. */
export async function sealKey(
  seed: Uint8Array,
  passphrase: string,
  progress?: Progress,
  random: (length: number) => Uint8Array = (length) => crypto.getRandomValues(new Uint8Array(length)),
): Promise<string> {
  if (passphrase === "") {
    throw new KeyFault("empty", "口令不能为空", "the passphrase must not be empty");
  }
  const [salt, iv] = [random(16), random(16)];
  const key = await derive(passphrase, { salt, ...COST }, progress);
  const plain = pkcs8(seed);
  const data = cbc(key, iv).encrypt(plain);
  key.fill(0);
  plain.fill(0);
  return pemOf({ salt, ...COST, iv, data });
}

function derOf(text: string): Uint8Array {
  const found = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/.exec(text);
  const [, label = "", body = ""] = found ?? [];
  if (found === null) {
    throw new KeyFault(
      "pem",
      `不是完整的钥匙文件：应以 -----BEGIN ${LABEL}----- 开头、以 -----END ${LABEL}----- 结尾`,
      `not a whole key file: it begins with -----BEGIN ${LABEL}----- and ends with -----END ${LABEL}-----`,
    );
  }
  if (label !== LABEL) {
    throw new KeyFault("label", `应为 ${LABEL}，实为 ${label}`, `expected ${LABEL}, found ${label}`);
  }
  const der = fromBase64(body.replace(/\s/g, ""));
  if (der === undefined) {
    throw damaged("base64");
  }
  return der;
}

/** The parameters of scrypt, within what a telephone can bear. */
function readScrypt(parameters: Elements): Pick<Sealed, "salt" | "n" | "r" | "p"> {
  const salt = parameters.next(OCTETS);
  const [n, r, p] = [parameters.integer(), parameters.integer(), parameters.integer()];
  const length = parameters.isNext(0x02) ? parameters.integer() : 32;
  parameters.end();
  if (!(n * r * 128 <= MAX_MEMORY_BYTES && n * r * p <= MAX_WORK && n * r * p > 0)) {
    throw new KeyFault(
      "cost",
      `scrypt 参数超出限度：N ${n}, r ${r}, p ${p}`,
      `scrypt parameters beyond the limit: N ${n}, r ${r}, p ${p}`,
    );
  }
  if (length !== 32 || n < 2 || (n & (n - 1)) !== 0) {
    throw damaged("scrypt");
  }
  return { salt, n, r, p };
}

function readSealed(der: Uint8Array): Sealed {
  const whole = new Elements(der);
  const info = whole.sequence();
  whole.end();
  const algorithm = info.sequence();
  const data = info.next(OCTETS);
  info.end();
  const method = algorithm.object();
  if (method !== PBES2) {
    throw otherEncryption(method);
  }
  const scheme = algorithm.sequence();
  algorithm.end();
  const [kdf, cipher] = [scheme.sequence(), scheme.sequence()];
  scheme.end();
  const [derivation, encryption] = [kdf.object(), cipher.object()];
  if (derivation !== SCRYPT || encryption !== AES_256_CBC) {
    throw otherEncryption(`${derivation} / ${encryption}`);
  }
  const parameters = readScrypt(kdf.sequence());
  kdf.end();
  const iv = cipher.next(OCTETS);
  cipher.end();
  if (iv.length !== 16 || data.length === 0 || data.length % 16 !== 0) {
    throw damaged("AES-256-CBC");
  }
  return { ...parameters, iv, data };
}

/** Reads a key file as far as that goes without its passphrase. */
export function readKeyFile(text: string): Sealed {
  const der = derOf(text);
  try {
    return readSealed(der);
  } catch (error) {
    throw error instanceof NotDer ? damaged(error.message) : error;
  }
}

/** The file's text in its one form: what was pasted from elsewhere may have lost its lines. */
export function normalized(text: string): string {
  readKeyFile(text);
  return pem(derOf(text));
}

/** What was decrypted. What is no private key at all was decrypted with a wrong key. */
function readPrivateKey(plain: Uint8Array): Uint8Array {
  let algorithm: string;
  let key: Uint8Array;
  try {
    const whole = new Elements(plain);
    const info = whole.sequence();
    whole.end();
    if (info.integer() > 1) {
      throw new NotDer("version");
    }
    const named = info.sequence();
    algorithm = named.object();
    key = info.next(OCTETS);
    for (const optional of [0xa0, 0xa1, 0x81]) {
      if (info.isNext(optional)) {
        info.next(optional);
      }
    }
    info.end();
  } catch {
    throw wrongPassphrase();
  }
  if (algorithm !== ID_ED25519) {
    throw new KeyFault("not_ed25519", `应为 Ed25519 钥匙，实为 ${algorithm}`, `expected an Ed25519 key, found ${algorithm}`);
  }
  try {
    const inner = new Elements(key);
    const seed = inner.next(OCTETS);
    inner.end();
    if (seed.length === 32) {
      return seed;
    }
  } catch {
    // Said below.
  }
  throw damaged("Ed25519");
}

/** Opens a key file and gives the seed. The format has no integrity: compare the public key with the one expected. */
export async function openKey(text: string, passphrase: string, progress?: Progress): Promise<Uint8Array> {
  const sealed = readKeyFile(text);
  const key = await derive(passphrase, sealed, progress);
  let plain: Uint8Array;
  try {
    plain = cbc(key, sealed.iv).decrypt(sealed.data);
  } catch {
    throw wrongPassphrase();
  } finally {
    key.fill(0);
  }
  try {
    return readPrivateKey(plain);
  } finally {
    plain.fill(0);
  }
}
