// The ledger as this browser has verified it: whose key is on the roster, and what stands where. Nothing that
// is signed relies on what a page or an answer of the server says.
import { httpSource } from "../page/http.ts";
import { browserMemory } from "../page/memory.ts";
import { equal, fromHex } from "../verify/bytes.ts";
import type { Charter } from "../verify/charter.ts";
import { keyAt, rolesAt, type Member } from "../verify/roster.ts";
import { CHECKS, check, type Session } from "../verify/session.ts";
import { rolesOf } from "../verify/signing.ts";
import type { Ledger } from "../verify/state.ts";
import type { TileReader } from "../verify/tile.ts";
import { WIDTH } from "../verify/tree.ts";
import { t } from "./language.ts";
import { pageFrom } from "./trusted.ts";
import { at, slug } from "./view.ts";

/** The ledger could not be verified, or not now: why, in the page's language. */
export class Unverified extends Error {
  constructor(
    message: string,
    /** Whether the server shows what does not hold, not only nothing. */
    readonly fails: boolean,
  ) {
    super(message);
    this.name = "Unverified";
  }
}

/** A ledger whose roster and charter were verified up to its newest entry. */
export class Known {
  constructor(
    readonly ledger: Ledger,
    readonly reader: TileReader,
    private readonly session: Session,
  ) {}

  /** The position of the next entry. */
  get position(): number {
    return this.reader.size;
  }

  get charter(): Charter {
    return this.ledger.charterAt(this.position);
  }

  member(id: string): Member | undefined {
    return this.ledger.roster.members.get(id);
  }

  /** The verifier key that a member signs with now. */
  keyOf(id: string): string | undefined {
    const member = this.member(id);
    return member === undefined ? undefined : keyAt(member, this.position)?.text;
  }

  rolesOf(id: string): readonly string[] {
    const member = this.member(id);
    return member === undefined ? [] : rolesAt(member, this.position);
  }

  /** Who has used a public key, whether still or no longer. */
  ownerOf(publicKey: Uint8Array): readonly [id: string, member: Member] | undefined {
    const used = (member: Member): boolean => member.keys.some((held) => equal(held.key.key.bytes, publicKey));
    return [...this.ledger.roster.members].find(([, member]) => used(member));
  }

  /** The roles that sign changes of the roster, and those of them that a member holds. */
  rosterRoles(id?: string): readonly string[] {
    const [required, optional] = rolesOf(this.charter.rosterChanges, this.ledger.roster, this.position);
    const held = id === undefined ? undefined : this.rolesOf(id);
    return [...required, ...optional].filter((role) => held?.includes(role) ?? true);
  }

  holders(role: string): readonly string[] {
    return this.ledger.roster.holders(role, this.position);
  }

  /** The place of an entry by its leaf hash, from the newest back; `undefined` if the log does not hold it. */
  async find(leaf: string): Promise<number | undefined> {
    const wanted = fromHex(leaf);
    if (wanted === undefined) {
      return undefined;
    }
    for (let tile = Math.ceil(this.position / WIDTH) - 1; tile >= 0; tile--) {
      const start = tile * WIDTH;
      const hashes = await this.reader.read(0, start, Math.min(WIDTH, this.position - start));
      const found = hashes.findIndex((hash) => equal(hash, wanted));
      if (found >= 0) {
        return start + found;
      }
    }
    return undefined;
  }

  /** The stream in which an entry stands. */
  async streamOf(index: number): Promise<string> {
    return this.session.replay.glance(index, await this.reader.entry(index)).stream;
  }

  /** The kind of event at an entry. */
  async kindOf(index: number): Promise<string> {
    return this.session.replay.glance(index, await this.reader.entry(index)).kind;
  }
}

/** Which entries make up the stream `ledger`, as the server says just now: what is left out shows in the chain. */
async function ledgerEntries(): Promise<[string, number[]]> {
  const response = await fetch(at("keys"), { cache: "no-store", credentials: "omit" }).catch(() => {
    throw new Unverified(
      t("连不上服务器，账本暂时核对不了；接通后再试。", "The server cannot be reached, so the ledger cannot be checked; try again when it is back."),
      false,
    );
  });
  const { origin = "", ledgerEntries: listed = "[]" } = pageFrom(await response.text()).body.dataset;
  let entries: unknown;
  try {
    entries = JSON.parse(listed);
  } catch {
    entries = [];
  }
  const numbers = Array.isArray(entries) ? entries.filter((one): one is number => Number.isSafeInteger(one)) : [];
  return [origin, numbers];
}

/** Verifies the ledger as it is now. */
export async function known(): Promise<Known> {
  const [origin, entries] = await ledgerEntries();
  const shown = { slug: slug(), origin, entries: [], ledgerEntries: entries, whole: false, transaction: undefined, point: undefined, code: undefined };
  const session = await check(httpSource(`/${slug()}`), shown, browserMemory);
  const { checks, reader, replay } = session;
  const failing = CHECKS.find((name) => checks[name].state === "fails");
  if (failing !== undefined) {
    throw new Unverified(
      t(
        `账本核对不通过（${failing}：${checks[failing].found}）。先不要签名，请告诉理事长和街道。`,
        `The ledger does not hold (${failing}: ${checks[failing].found}). Do not sign; tell the chair and the street office.`,
      ),
      true,
    );
  }
  if (reader === undefined || replay.ledger === undefined || checks.signatures.state !== "holds") {
    const open = CHECKS.find((name) => checks[name].state === "open");
    const found = open === undefined ? "" : checks[open].found;
    throw new Unverified(
      t(`账本暂时核对不了（${found}）。请检查网络后再试。`, `The ledger cannot be checked now (${found}). Check the network and try again.`),
      false,
    );
  }
  return new Known(replay.ledger, reader, session);
}
