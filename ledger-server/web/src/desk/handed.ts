// What became of a form that was handed in, and what comes next.
import { element } from "../page/element.ts";
import { wordsFor } from "../page/words.ts";
import { get, type Problem } from "./api.ts";
import type { Seat } from "./drafts.ts";
import { t } from "./language.ts";
import { at, slug } from "./view.ts";

/** What `POST drafts` answers. */
export interface Drafted {
  readonly id: string;
  readonly state: "waiting" | "entered" | "held" | "moved" | "stuck";
  readonly index?: number;
  /** Why it has not entered the log, though all have signed. */
  readonly problem?: Problem;
}

/** A role's name. */
export function roleName(role: string): string {
  return wordsFor(role, t("zh", "en") as "en" | "zh")[0] ?? role;
}

function entered(index: number): Node[] {
  const entry = `/${slug()}/e/${index}`;
  return [
    element("h2", {}, t(`已记入账本，第 ${index} 条`, `In the ledger: entry ${index}`)),
    element("p", {}, element("a", { href: entry, target: "_blank", rel: "noopener" }, t("看这一条", "This entry"))),
  ];
}

async function waits({ id, problem }: Drafted): Promise<Node[]> {
  const draft = await get<{ readonly seats: readonly Seat[] }>(`drafts/${id}/json`);
  const missing = draft.ok ? draft.data.seats.filter((seat) => !seat.signed) : [];
  return [
    element("h2", {}, problem === undefined ? t("已送出，等其他人签", "Handed in; others are to sign") : t("已送出，还没有记入账本", "Handed in, not in the ledger yet")),
    ...(problem === undefined ? [] : [element("p", { class: "wrong" }, `${problem.title}：${problem.detail}`)]),
    element("p", {}, t("还要这些人签；他们登录工作台就会看到，签齐后自动记入账本：", "Still to sign; they see it at their desk, and it enters the ledger by itself when all have:")),
    element("ul", {}, ...missing.map((seat) => element("li", {}, `${roleName(seat.role)}：`, element("bdi", {}, seat.name)))),
    element("p", {}, element("a", { class: "button", href: at(`drafts/${id}`) }, t("看这份草稿", "This draft"))),
  ];
}

/** What to show of it: whether it stands, or who is to sign; and the way to what may be recorded next. */
export async function became(drafted: Drafted, transaction: string | undefined): Promise<Node[]> {
  const next = at(transaction === undefined ? "record" : `record?transaction=${encodeURIComponent(transaction)}`);
  const said = drafted.state === "entered" ? entered(drafted.index ?? 0) : await waits(drafted);
  const further = element("a", { class: "button", href: next }, t("接着办下一项", "Record the next"));
  const home = element("a", { class: "button", href: at("") }, t("回到工作台", "To my desk"));
  return [...said, element("p", {}, further, " ", home)];
}
