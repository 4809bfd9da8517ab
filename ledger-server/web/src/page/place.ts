// Where the reader is, by the address alone: what a page says of itself must agree with it.
export interface Place {
  readonly slug: string;
  readonly view?: string;
  readonly transaction?: string;
  readonly point?: string;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The place of a path: `/<slug>`, `/<slug>/t/<transaction>`, `/<slug>/d/<transaction>/<point>`, or another of the ledger. */
export function placeOf(path: string): Place {
  const [slug = "", kind = "", transaction = "", point = "", ...rest] = path.split("/").slice(1).map(decoded);
  if (kind === "t" && transaction !== "" && point === "") {
    return { slug, view: "transaction", transaction, point: "" };
  }
  if (kind === "d" && point !== "" && rest.length === 0) {
    return { slug, view: "disclosure", transaction, point };
  }
  return { slug };
}

/** The concern whose page this is. */
export function concernAt(path: string): string | undefined {
  const [, kind, concern = "", ...rest] = path.split("/").slice(1).map(decoded);
  return kind === "c" && concern !== "" && rest.length === 0 ? concern : undefined;
}

/** Whether what a page says of itself is what stands at its address. */
export function isAt(place: Place, said: Readonly<Record<string, string | undefined>>): boolean {
  return Object.entries(place).every(([name, value]) => (said[name] ?? "") === value);
}
