// A log's files over HTTP.
import { Unavailable } from "../verify/fault.ts";
import type { Source } from "../verify/tile.ts";

/** What changes is asked for anew; tiles never change and may come from the browser's own store. */
const CHANGES = new Set(["checkpoint", "ledger.json"]);

/** How long an answer may take. */
const PATIENCE_MILLISECONDS = 20_000;

/** The largest answer that is read: a bundle of 256 entries of 65,535 bytes. */
const LIMIT = 256 * (65_535 + 2);

export function httpSource(base: string): Source {
  const pending = new Map<string, Promise<Uint8Array>>();
  const load = async (path: string): Promise<Uint8Array> => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE_MILLISECONDS);
    try {
      const cache = CHANGES.has(path) ? "no-store" : "default";
      const response = await fetch(`${base}/${path}`, { cache, credentials: "omit", signal: stop.signal });
      if (!response.ok) {
        // Not there is an answer; too busy or failing is not.
        const withheld = response.status === 404 || response.status === 410;
        throw new Unavailable(path, withheld, `${path}: HTTP ${response.status}`);
      }
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.length > LIMIT) {
        throw new Unavailable(path, true, `${path}: ${bytes.length} bytes`);
      }
      return bytes;
    } catch (error) {
      if (error instanceof Unavailable) {
        throw error;
      }
      throw new Unavailable(path, false, `${path}: ${error instanceof Error ? error.message : "network"}`);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    fetch(path) {
      let found = pending.get(path);
      if (found === undefined) {
        found = load(path);
        pending.set(path, found);
        const forget = (): boolean => pending.delete(path);
        found.then(forget, forget);
      }
      return found;
    },
  };
}
