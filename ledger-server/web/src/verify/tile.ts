// Tiles and entry bundles (C2SP tlog-tiles), read and proven under a signed root.
import { equal } from "./bytes.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { Fault, Unavailable } from "./fault.ts";
import { HASH_BYTES, leafHash } from "./hash.ts";
import { rootAt, rootOf, WIDTH, type HashReader } from "./tree.ts";

/** Where a log's files are. Throws `Unavailable` for what cannot be had. */
export interface Source {
  fetch(path: string): Promise<Uint8Array>;
}

export function tilePath(level: number | "entries", index: number, width: number): string {
  const groups = [String(index % 1000).padStart(3, "0")];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return `tile/${level}/${groups.join("/")}${width < WIDTH ? `.p/${width}` : ""}`;
}

function parseHashes(bytes: Uint8Array, width: number, path: string): Uint8Array[] {
  if (bytes.length !== width * HASH_BYTES) {
    throw new Fault("tree", `${path}: expected ${width} hashes, found ${bytes.length} bytes`);
  }
  return Array.from({ length: width }, (_, at) => bytes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

/** The entries of a bundle, each with its length in two bytes before it. */
export function parseBundle(bytes: Uint8Array, width: number, path: string): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const entry = bytes.slice(at + 2, at + 2 + length);
    at += 2 + length;
    if (length === 0 || entry.length !== length) {
      throw new Fault("tree", `${path}: not a bundle of entries`);
    }
    entries.push(entry);
  }
  if (entries.length !== width) {
    throw new Fault("tree", `${path}: expected ${width} entries, found ${entries.length}`);
  }
  return entries;
}

/** Reads hashes and entries of one log, none of them without its proof under the signed root. */
export class TileReader {
  private readonly tiles = new Map<string, Promise<readonly Uint8Array[]>>();
  private readonly bundles = new Map<number, Promise<readonly Uint8Array[]>>();

  private constructor(
    private readonly source: Source,
    private readonly checkpoint: Checkpoint,
  ) {}

  /** Opens a log: its right edge must give the signed root. */
  static async open(source: Source, checkpoint: Checkpoint): Promise<TileReader> {
    const reader = new TileReader(source, checkpoint);
    const edge = (level: number, start: number): Promise<readonly Uint8Array[]> => {
      const index = Math.floor(start / WIDTH);
      const tile = reader.unproven(level, index);
      reader.tiles.set(`${level}/${index}`, tile);
      return tile;
    };
    const found = await rootAt(edge, checkpoint.size);
    if (!equal(found, checkpoint.root)) {
      throw new Fault("tree", "the tiles do not make up the signed root");
    }
    return reader;
  }

  get size(): number {
    return this.checkpoint.size;
  }

  private width(level: number, index: number): number {
    const items = Math.floor(this.size / WIDTH ** level);
    return Math.max(0, Math.min(WIDTH, items - index * WIDTH));
  }

  /** A tile as it was fetched. */
  private async unproven(level: number, index: number): Promise<readonly Uint8Array[]> {
    const width = this.width(level, index);
    const path = tilePath(level, index, width);
    const bytes = await fetchTile(this.source, level, index, width);
    return parseHashes(bytes.slice(0, width * HASH_BYTES), width, path);
  }

  /** A tile under the signed root: the partial ones `open` has proven, a full one is a hash in the tile above. */
  private tile(level: number, index: number): Promise<readonly Uint8Array[]> {
    const key = `${level}/${index}`;
    let found = this.tiles.get(key);
    if (found === undefined) {
      found = this.proven(level, index);
      this.tiles.set(key, found);
    }
    return found;
  }

  private async proven(level: number, index: number): Promise<readonly Uint8Array[]> {
    const hashes = await this.unproven(level, index);
    const [above] = await this.read(level + 1, index, 1);
    if (above === undefined || !equal(rootOf(hashes), above)) {
      throw new Fault("tree", `${tilePath(level, index, WIDTH)} is not in the signed tree`);
    }
    return hashes;
  }

  /** Hashes of a level, proven. They may not reach over the end of a tile. */
  readonly read: HashReader = async (level, start, count) => {
    const index = Math.floor(start / WIDTH);
    const hashes = await this.tile(level, index);
    const from = start - index * WIDTH;
    const found = hashes.slice(from, from + count);
    if (found.length !== count) {
      throw new Fault("tree", `no ${count} hashes of level ${level} from ${start} on`);
    }
    return found;
  };

  /** The entries of a bundle, each with the leaf hash that the signed tree holds. */
  bundle(index: number): Promise<readonly Uint8Array[]> {
    let found = this.bundles.get(index);
    if (found === undefined) {
      found = this.provenBundle(index);
      this.bundles.set(index, found);
    }
    return found;
  }

  /** Forgets a bundle that was read through, to spare memory. */
  forget(index: number): void {
    this.bundles.delete(index);
    if (this.width(0, index) === WIDTH) {
      this.tiles.delete(`0/${index}`);
    }
  }

  private async provenBundle(index: number): Promise<readonly Uint8Array[]> {
    const width = this.width(0, index);
    const path = tilePath("entries", index, width);
    const [bytes, leaves] = await Promise.all([
      fetchTile(this.source, "entries", index, width),
      this.tile(0, index),
    ]);
    const entries = parseBundle(bytes, width, path);
    entries.forEach((entry, at) => {
      if (!equal(leafHash(entry), leaves[at] as Uint8Array)) {
        throw new Fault("altered", "the entry is not the one in the signed tree").at(index * WIDTH + at);
      }
    });
    return entries;
  }

  /** One entry, proven. */
  async entry(index: number): Promise<Uint8Array> {
    if (index >= this.size) {
      throw new Fault("tree", `entry ${index} is not in the signed tree of ${this.size}`);
    }
    const bundle = Math.floor(index / WIDTH);
    return (await this.bundle(bundle))[index - bundle * WIDTH] as Uint8Array;
  }
}

/** A tile at its width; where a mirror has dropped the partial one, the full one, of which it is the beginning. */
async function fetchTile(
  source: Source,
  level: number | "entries",
  index: number,
  width: number,
): Promise<Uint8Array> {
  try {
    return await source.fetch(tilePath(level, index, width));
  } catch (error) {
    if (!(error instanceof Unavailable) || width === WIDTH) {
      throw error;
    }
    const full = await source.fetch(tilePath(level, index, WIDTH)).catch(() => {
      throw error;
    });
    return level === "entries" ? cutBundle(full, width) : full.slice(0, width * HASH_BYTES);
  }
}

function cutBundle(bytes: Uint8Array, width: number): Uint8Array {
  let at = 0;
  for (let count = 0; count < width && at < bytes.length; count++) {
    at += 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  }
  return bytes.slice(0, at);
}
