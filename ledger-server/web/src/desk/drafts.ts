// The routes of drafts, for what the pages of keys and enrolment record.
import type { JsonObject } from "../verify/canonical.ts";
import { get, post, type Answer } from "./api.ts";
import { note, sign } from "./sign.ts";

/** A role that must sign, or may. */
export interface Seat {
  readonly role: string;
  readonly member: string;
  readonly name: string;
  readonly signed: boolean;
}

/** What rehearsing gives: the exact text, and who is to sign it. */
export interface Rehearsed {
  readonly statement: string;
  readonly seats: readonly Seat[];
}

/** Where a draft is. */
export interface Standing {
  readonly id?: string;
  readonly state: "waiting" | "entered";
  readonly index?: number;
}

/** One of the drafts that wait. */
export interface Draft {
  readonly id: string;
  readonly kind: string;
  readonly seats: readonly Seat[];
  readonly statement?: string;
  readonly note?: string;
}

/** Lets the rules judge an event of the ledger's own stream; nothing is stored. */
export function rehearse(kind: string, body: unknown): Promise<Answer<Rehearsed>> {
  return post<Rehearsed>("rehearse", { kind, body });
}

/** Signs a statement, having shown it, and hands it in. `event` is what was asked for: it says that and no more. */
export async function signAndSend(statement: string, event: JsonObject): Promise<Answer<Standing>> {
  const line = await sign(statement, event);
  return post<Standing>("drafts", { note: note(statement, line) });
}

/** Hands in a statement for others to sign. */
export function requestSignatures(statement: string): Promise<Answer<Standing>> {
  return post<Standing>("drafts", { statement });
}

/** Signs a draft that waits, having shown it. */
export async function cosign(draft: string, statement: string): Promise<Answer<Standing>> {
  const line = await sign(statement);
  return post<Standing>(`drafts/${draft}/signatures`, { line });
}

/** The drafts of a kind that wait, with their exact texts. */
export async function draftsOf(kind: string): Promise<Answer<Draft[]>> {
  const listed = await get<readonly Draft[] | { readonly drafts: readonly Draft[] }>("drafts");
  if (!listed.ok) {
    return listed;
  }
  const all = Array.isArray(listed.data) ? (listed.data as readonly Draft[]) : (listed.data as { readonly drafts: readonly Draft[] }).drafts;
  const whole: Draft[] = [];
  for (const draft of all.filter((draft) => draft.kind === kind)) {
    const one = await get<Draft>(`drafts/${draft.id}`);
    if (!one.ok) {
      return one;
    }
    whole.push(one.data);
  }
  return { ok: true, status: 200, data: whole };
}
