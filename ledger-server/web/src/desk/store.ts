// Where encrypted key files are kept: IndexedDB, or local storage where there is none. Nothing here is secret
// without its passphrase; nothing here ever leaves the browser but by its owner's hand.
import { within } from "./database.ts";
import { t } from "./language.ts";

/** A key that this browser keeps. */
export interface Kept {
  /** The verifier key, in text form: its name holds origin and member. */
  readonly key: string;
  readonly slug: string;
  readonly member: string;
  /** The name that its owner gave, or that the roster has. */
  readonly name: string;
  /** The key file. */
  readonly pem: string;
  /** When it was made or imported, RFC 3339. */
  readonly since: string;
  /** The proof with which it asks to be enrolled, in base64: its owner's signature over the enrolment text. */
  readonly proof?: string;
  /** The code of its enrolment, once it has one. */
  readonly code?: string;
  /** Whether a copy exists elsewhere: exported, or printed. */
  readonly copied?: boolean;
}

const ITEM = "sanzi-desk-keys";

function fromItem(): Kept[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(ITEM) ?? "[]");
    return Array.isArray(list) ? (list as Kept[]) : [];
  } catch {
    return [];
  }
}

function intoItem(kept: readonly Kept[]): void {
  try {
    localStorage.setItem(ITEM, JSON.stringify(kept));
  } catch {
    throw new Error(
      t(
        "这个浏览器不让保存钥匙（可能是无痕模式或存储已满）。请换普通窗口，或马上导出钥匙文件。",
        "This browser does not let the key be kept (a private window, or its storage is full). Use a normal window, or export the key file at once.",
      ),
    );
  }
}

/** The keys that this browser keeps for a ledger, the newest first. */
export async function keysOf(slug: string): Promise<Kept[]> {
  const inDatabase = await within<Kept[]>("keys", "readonly", (keys) => keys.getAll() as IDBRequest<Kept[]>, () => []);
  const known = new Map([...fromItem(), ...inDatabase].map((kept) => [kept.key, kept]));
  const own = [...known.values()].filter((kept) => kept.slug === slug);
  return own.sort((one, other) => (one.since < other.since ? 1 : -1));
}

/** Keeps a key, in the place of what was kept of it before. */
export async function keep(kept: Kept): Promise<void> {
  const others = (): Kept[] => fromItem().filter((other) => other.key !== kept.key);
  await within<unknown>(
    "keys",
    "readwrite",
    (keys) => keys.put(kept) as IDBRequest<unknown>,
    () => intoItem([...others(), kept]),
  );
  // Browsers throw away what is seldom used, unless they are asked not to.
  await navigator.storage?.persist?.().catch(() => false);
}

/** Forgets a key. What was exported or printed remains. */
export async function forget(key: string): Promise<void> {
  await within<unknown>("keys", "readwrite", (keys) => keys.delete(key) as IDBRequest<unknown>, () => undefined);
  const rest = fromItem().filter((kept) => kept.key !== key);
  if (rest.length < fromItem().length) {
    intoItem(rest);
  }
}
