// The routes of drafts, for what the pages of keys and enrolment record.
import type { JsonObject } from "../verify/canonical.ts";
import { get, post, type Answer, type Problem } from "./api.ts";
import { t } from "./language.ts";
import { note, sign } from "./sign.ts";
import { problemText } from "./trouble.ts";

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

/** How a draft stands: `held` is tried again by itself, `moved` is signed anew, `stuck` no longer fits. */
export interface Standing {
  readonly id: string;
  readonly state: "waiting" | "entered" | "held" | "moved" | "stuck";
  readonly index?: number;
  readonly problem?: Problem;
}

/** One of the drafts. */
export interface Draft {
  readonly id: string;
  readonly state: string;
  readonly kind: string;
  readonly seats: readonly Seat[];
  /** Whether it waits for who asks. */
  readonly mine: boolean;
  readonly statement: string;
}

/** Why a draft that was taken has not entered the log; `undefined` where all is as it should be. */
export function hindrance(standing: Standing): string | undefined {
  switch (standing.state) {
    case "waiting":
    case "entered":
      return undefined;
    case "moved":
      return t("账本刚有新记录，这份已重新接上；请大家再签一次。", "Something entered the ledger before it; it goes on from there now, and everybody signs once more.");
    default: {
      const why = standing.problem === undefined ? "" : problemText(standing.problem);
      return standing.state === "held"
        ? t(`签名都齐了，暂时还没入账，服务器会自己再试。${why}`, `All have signed; it is not in the ledger yet and is tried again by itself. ${why}`)
        : t(`已不能入账：${why}`, `It can no longer enter the ledger: ${why}`);
    }
  }
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
  const listed = await get<readonly Draft[]>("drafts");
  if (!listed.ok) {
    return listed;
  }
  const whole: Draft[] = [];
  for (const draft of listed.data.filter((draft) => draft.kind === kind && draft.state === "waiting")) {
    const one = await get<Draft>(`drafts/${draft.id}/json`);
    if (!one.ok) {
      return one;
    }
    whole.push(one.data);
  }
  return { ok: true, status: 200, data: whole };
}
