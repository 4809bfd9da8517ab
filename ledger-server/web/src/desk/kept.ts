// What was typed into a form and not recorded yet: kept by this browser, by ledger, kind and what it is about.
// It survives a reload, a killed browser and a server that is gone. Where several members use one browser, each
// is shown their own only.

import { within } from "./database.ts";

/** A value as it was typed: texts, ticks, rows and groups of them. */
export type Typed = string | number | boolean | null | readonly Typed[] | { readonly [name: string]: Typed };

/** A document that was handed in for a form: all of it that has to be kept. */
export interface KeptDocument {
  readonly slot: string;
  readonly title: string;
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
  /** Whether it was a photograph, whose data beside the picture were taken out. */
  readonly isPhoto: boolean;
  /** For a private one; its salt is with the server alone. */
  readonly commitment?: string;
}

/** A form as somebody left it. */
export interface Kept {
  readonly typed: Typed;
  readonly at: string;
  readonly documents: readonly KeptDocument[];
  /** When, as RFC 3339. */
  readonly when: string;
  /** What was signed and did not arrive. */
  readonly note?: string;
}

/** Which form: of which ledger and member, of which kind, and what it is about. */
export interface Form {
  readonly slug: string;
  readonly member: string;
  readonly kind: string;
  readonly about: string;
}

function name({ slug, member, kind, about }: Form): string {
  return `sanzi-form:${slug}:${member}:${kind}:${about}`;
}

/** How long a change waits to be written to the disk together with those after it, in milliseconds. */
const SOON = 250;

/** What is still to be written to the disk. */
const unwritten = new Map<string, Kept>();

function write(): void {
  for (const [name, kept] of unwritten) {
    void within<IDBValidKey | undefined>("forms", "readwrite", (forms) => forms.put({ name, kept }) as IDBRequest<IDBValidKey | undefined>, () => undefined);
  }
  unwritten.clear();
}

/**
 * Keeps a form; says whether it could. Twice: for the next page at once, where browsers write it to the disk
 * only after a while, if at all before they are killed; and in the database, which is there after a power cut.
 */
export function keep(form: Form, typed: Typed, more: Partial<Kept> = {}): boolean {
  const kept: Kept = { at: "", documents: [], ...more, typed, when: new Date().toISOString() };
  if (unwritten.size === 0) {
    setTimeout(write, SOON);
  }
  unwritten.set(name(form), kept);
  return remember(form, kept);
}

function remember(form: Form, kept: Kept): boolean {
  try {
    localStorage.setItem(name(form), JSON.stringify(kept));
    return true;
  } catch {
    return false;
  }
}

function isKept(value: Kept | undefined): value is Kept {
  return typeof value?.typed === "object" && Array.isArray(value.documents);
}

/** What was kept of a form in this sitting, or any that ended well. */
export function keptLately(form: Form): Kept | undefined {
  try {
    const found = localStorage.getItem(name(form));
    const value = found === null ? undefined : (JSON.parse(found) as Kept);
    return isKept(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What was kept of a form, the newest there is. */
export async function kept(form: Form): Promise<Kept | undefined> {
  const lately = keptLately(form);
  const row = await within<{ readonly kept: Kept } | undefined>("forms", "readonly", (forms) => forms.get(name(form)), () => undefined);
  const written = isKept(row?.kept) ? row.kept : undefined;
  if (written === undefined || (lately !== undefined && lately.when >= written.when)) {
    return lately;
  }
  remember(form, written);
  return written;
}

/** Forgets it. */
export function forget(form: Form): Promise<void> {
  unwritten.delete(name(form));
  try {
    localStorage.removeItem(name(form));
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
  return within<undefined>("forms", "readwrite", (forms) => forms.delete(name(form)), () => undefined);
}
