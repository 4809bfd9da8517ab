// What this browser remembers of a ledger: in its local storage, one item for each ledger of this site.
import type { Memory, Remembered } from "../verify/session.ts";

const FIELDS = ["origin", "logKey", "ledgerId", "policy", "checkpoint"] as const;

function key(slug: string): string {
  return `sanzi:${slug}`;
}

export const browserMemory: Memory = {
  load(slug) {
    let text: string | null;
    try {
      text = localStorage.getItem(key(slug));
    } catch {
      return undefined;
    }
    if (text === null) {
      return undefined;
    }
    try {
      const json = JSON.parse(text) as Record<string, unknown>;
      return FIELDS.every((field) => typeof json[field] === "string") ? (json as unknown as Remembered) : undefined;
    } catch {
      return undefined;
    }
  },
  save(slug, remembered) {
    try {
      localStorage.setItem(key(slug), JSON.stringify(remembered));
      return true;
    } catch {
      return false;
    }
  },
};
