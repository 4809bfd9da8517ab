// What was typed into a form and not recorded yet: kept by this browser, by ledger, kind and what it is about.
// It survives a reload, a closed window and a server that is gone; nobody else ever sees it.

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

function name(slug: string, kind: string, about: string): string {
  return `sanzi-form:${slug}:${kind}:${about}`;
}

/** Keeps a form; says whether it could. */
export function keep(slug: string, kind: string, about: string, typed: Typed, more: Partial<Kept> = {}): boolean {
  const kept: Kept = { at: "", documents: [], ...more, typed, when: new Date().toISOString() };
  try {
    localStorage.setItem(name(slug, kind, about), JSON.stringify(kept));
    return true;
  } catch {
    return false;
  }
}

/** What was kept of a form. */
export function kept(slug: string, kind: string, about: string): Kept | undefined {
  try {
    const found = localStorage.getItem(name(slug, kind, about));
    const value = found === null ? undefined : (JSON.parse(found) as Kept);
    return typeof value?.typed === "object" && Array.isArray(value.documents) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Forgets it. */
export function forget(slug: string, kind: string, about: string): void {
  try {
    localStorage.removeItem(name(slug, kind, about));
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}
