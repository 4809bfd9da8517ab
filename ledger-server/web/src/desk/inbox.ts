// The inbox and a draft in it: signing, taking back, putting behind what came meanwhile. What is signed is
// what the page showed: a draft that says something else by now is shown anew first. Nothing is lost when the
// line breaks: the signature is kept and sent again as it is, and the server takes the same only once.
import { get, post, remove, type Problem } from "./api.ts";
import { offerFile } from "./charter.ts";
import { draftsOf, type Draft as DraftListed, type Seat } from "./drafts.ts";
import { t } from "./language.ts";
import { signed } from "./sign.ts";
import { signAll, TAKEN_OVER } from "./sign_all.ts";
import { unlocked } from "./sitting.ts";
import { problemText } from "./trouble.ts";
import { Turn } from "./turn.ts";
import { announce, reload, view } from "./view.ts";

/** How often it is looked whether somebody else has signed meanwhile, in milliseconds. */
const LOOK_AGAIN = 15_000;

/** A draft as `GET drafts/<id>/json` gives it: what is needed here. */
interface Draft {
  readonly state: string;
  readonly stale: boolean;
  readonly statement: string;
  readonly seats: readonly Seat[];
  readonly index?: number;
}

/** What became of a signature. */
interface Stands {
  readonly state: "waiting" | "entered" | "held" | "moved" | "stuck";
  readonly index?: number;
  readonly problem?: Problem;
}

/** What is to be said once the page is shown anew: of which draft. */
let afterwards: { readonly draft: string; readonly said: string; readonly wrong: boolean } | undefined;

/** Problems that say that the page is out of date: it is shown anew, with what they say. */
const OUTDATED = ["draft_moved", "signature_of_another", "draft_entered", "draft_withdrawn", "draft_expired", "no_seat", "no_draft"];

function isOutdated(problem: Problem): boolean {
  return OUTDATED.some((rule) => problem.type === `urn:sanzi:${rule}`);
}

/** Why a draft was not signed that is not what the page showed. */
function changed({ state, stale }: Draft): string {
  switch (state) {
    case "entered":
      return t("还没有签，也不用签了：这份草稿已经签齐，记入了账本。", "Not signed, and no need to: the others have, and it stands in the ledger.");
    case "withdrawn":
      return t("还没有签：这份草稿已被撤回，不用签了。", "Not signed: this draft was taken back, and nobody needs to sign it.");
    case "expired":
      return t("还没有签：这份草稿已经过期失效，不用签了。", "Not signed: this draft has expired, and nobody needs to sign it.");
    default:
      return stale
        ? t("还没有签：您打开之后，同一事项里有了新登记。先看下面的变化，再决定重新排还是撤回。", "Not signed: something entered the same stream after you opened it. See what changed, then put it behind that, or take it back.")
        : t("还没有签：草稿在您打开之后有了变化。下面是现在的内容，请看过再签。", "Not signed: the draft has changed since you opened it. This is what it says now: read it, then sign.");
  }
}

class Sheet {
  private readonly id: string;
  /** The exact text that the page was made of. */
  private readonly statement: string;
  /** The line of a signature that has not arrived, as far as is known. */
  private unsent: string | undefined;
  private readonly turn = new Turn();
  private isOver = false;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(
    private readonly main: HTMLElement,
    private readonly place: HTMLElement,
  ) {
    this.id = place.dataset["draft"] ?? "";
    this.statement = main.querySelector("#statement")?.textContent ?? "";
    offerFile(main, this.statement);
    this.on("[data-sign]", () => this.sign());
    this.on("[data-rebase]", () => this.rebase());
    this.on("[data-withdraw]", (form) => this.withdraw(form));
    this.timer = setInterval(() => void this.look(), LOOK_AGAIN);
    document.addEventListener("visibilitychange", this.onVisible);
    if (afterwards?.draft === this.id) {
      this.tell(afterwards.said, afterwards.wrong);
      afterwards = undefined;
    }
  }

  end(): void {
    this.isOver = true;
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  private readonly onVisible = (): void => void this.look();

  private on(selector: string, act: (form: HTMLFormElement) => Promise<void>): void {
    const form = this.main.querySelector<HTMLFormElement>(selector);
    form?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.turn.take(form.querySelector("button"), () => act(form));
    });
  }

  private tell(said: string, wrong = true): void {
    const line = this.main.querySelector<HTMLElement>("#told");
    if (line !== null) {
      line.textContent = said;
      line.className = wrong ? "wrong" : "good";
      line.hidden = said === "";
      line.focus();
    }
  }

  /** Shows the page anew, and then says this. */
  private async anew(said: string, wrong: boolean): Promise<void> {
    afterwards = { draft: this.id, said, wrong };
    await reload();
    // Where the page was shown anew: who hears it hears what became of their act, not the heading once more.
    document.querySelector<HTMLElement>("#told")?.focus();
  }

  /** Says what went wrong; shows the page anew where it is out of date. */
  private async refuse(problem: Problem): Promise<void> {
    if (isOutdated(problem)) {
      await this.anew(problemText(problem), problem.type !== "urn:sanzi:draft_entered");
    } else {
      this.tell(problemText(problem));
    }
  }

  private async sign(): Promise<void> {
    this.tell("");
    if (this.unsent !== undefined) {
      // It may have arrived: the server says so, and takes it only once.
      await this.send(this.unsent);
      return;
    }
    const fresh = await get<Draft>(`drafts/${this.id}/json`);
    if (!fresh.ok) {
      await this.refuse(fresh.problem);
      return;
    }
    if (fresh.data.statement !== this.statement || fresh.data.state !== "waiting" || fresh.data.stale) {
      await this.anew(changed(fresh.data), true);
      return;
    }
    this.unsent = await signed(this.statement, (why) => this.tell(why));
    if (this.unsent !== undefined) {
      await this.send(this.unsent);
    }
  }

  private async send(line: string): Promise<void> {
    announce(t("正在送出签名……", "Sending the signature…"));
    const answer = await post<Stands>(`drafts/${this.id}/signatures`, { line });
    if (this.isOver) {
      return;
    }
    announce("");
    if (!answer.ok) {
      const { problem } = answer;
      if (problem.status === 0 || problem.status >= 500) {
        const again = t("签名还在这个页面里：接通后再按一次就送出，不会签两次。", "The signature is still on this page: press once more when the connection is back. You do not sign twice.");
        this.tell(`${problemText(problem)} ${again}`);
        this.main.querySelector("[data-sign] button")?.replaceChildren(t("把签名再送一次", "Send the signature again"));
        return;
      }
      this.unsent = undefined;
      await this.refuse(problem);
      return;
    }
    this.unsent = undefined;
    await this.stands(answer.data);
  }

  private async stands({ state, index, problem }: Stands): Promise<void> {
    const why = problem === undefined ? "" : problemText(problem);
    switch (state) {
      case "entered":
        await this.anew(t(`签齐了，已记入账本第 ${String(index)} 条。`, `All have signed: it is entry ${String(index)}.`), false);
        break;
      case "waiting":
        await this.anew(t("您已签名，等其他人签。", "You have signed; others are to sign."), false);
        break;
      case "held":
        await this.anew(`${t("您已签名，都签齐了，但还没有记进去，服务器会自己再试。", "All have signed, but it has not entered yet: the server tries again by itself.")} ${why}`, true);
        break;
      case "moved":
        await this.anew(t("刚有新登记，草稿已排到它后面，请看清变化后重新签。", "Something has just entered: the draft stands behind it now. See what changed, then sign anew."), true);
        break;
      case "stuck":
        await this.anew(`${t("刚有新登记，这份草稿与它不合，不能入账；请撤回后重新办理。", "What has just entered does not go with this draft, which cannot enter: take it back and begin anew.")} ${why}`, true);
        break;
    }
  }

  private async rebase(): Promise<void> {
    this.tell("");
    const answer = await post<Draft>(`drafts/${this.id}/rebase`, {});
    if (answer.ok) {
      const entered = answer.data.state === "entered";
      const said = entered
        ? t("这份草稿其实已经记入账本，不用再签。", "This draft stands in the log already: nobody needs to sign.")
        : t("已排到新登记之后。请看清变化再签；签过的人都会被请重新签。", "It stands behind what came now. See what changed, then sign; whoever had signed is asked again.");
      await this.anew(said, false);
    } else if (isOutdated(answer.problem) || answer.problem.status === 0) {
      await this.refuse(answer.problem);
    } else {
      this.tell(`${problemText(answer.problem)} ${t("现在排不进去；如果不再需要，请撤回。", "It does not fit there now; take it back if it is not needed any more.")}`);
    }
  }

  private async withdraw(form: HTMLFormElement): Promise<void> {
    this.tell("");
    const reason = form.querySelector("textarea")?.value.trim() ?? "";
    const answer = await remove(`drafts/${this.id}`, reason === "" ? {} : { reason });
    if (answer.ok) {
      await this.anew(t("已撤回，没有登记。", "Taken back; nothing was recorded."), false);
    } else {
      await this.refuse(answer.problem);
    }
  }

  /** Whether somebody else has done something meanwhile. */
  private async look(): Promise<void> {
    // Nobody is asked for a passphrase by a page that merely looks.
    if (document.hidden || this.turn.isTaken || unlocked() === undefined || document.querySelector("dialog[open]") !== null) {
      return;
    }
    const fresh = await get<Draft>(`drafts/${this.id}/json`);
    if (this.isOver || this.turn.isTaken || !fresh.ok) {
      return;
    }
    const { state, stale, statement, seats } = fresh.data;
    const signed = seats.filter((seat) => seat.signed).length;
    const { dataset } = this.place;
    const isNew = state !== dataset["state"] || String(stale) !== dataset["stale"] || String(signed) !== dataset["signed"] || statement !== this.statement;
    // What somebody is typing is not taken away.
    const reason = this.main.querySelector<HTMLTextAreaElement>("#reason")?.value ?? "";
    if (isNew && reason === "") {
      await this.anew(t("有人办理了这份草稿，页面已更新。", "Somebody has seen to this draft; the page is up to date."), false);
    }
  }
}

view("draft", (main) => {
  const place = main.querySelector<HTMLElement>("#draft");
  if (place === null) {
    return undefined;
  }
  const sheet = new Sheet(main, place);
  return () => sheet.end();
});

/** Signs all the contracts of before the ledger that wait for this member, in one turn. */
async function signBatch(main: HTMLElement): Promise<void> {
  const told = main.querySelector<HTMLElement>("#told");
  const tell = (said: string, wrong: boolean): void => {
    if (told !== null) {
      told.textContent = said;
      told.className = wrong ? "wrong" : "good";
      told.hidden = false;
      told.focus();
    }
  };
  const found = await draftsOf(TAKEN_OVER);
  if (!found.ok) {
    tell(problemText(found.problem), true);
    return;
  }
  const mine = found.data.filter((draft) => draft.mine);
  const lines = await signAll(
    mine.map((draft) => draft.statement),
    (why) => tell(why, true),
  );
  let entered = 0;
  for (const [place, line] of (lines ?? []).entries()) {
    const draft = mine[place] as DraftListed;
    announce(t(`正在送出第 ${place + 1} 份，共 ${mine.length} 份……`, `Sending ${place + 1} of ${mine.length}…`));
    const answer = await post<Stands>(`drafts/${draft.id}/signatures`, { line });
    if (!answer.ok) {
      const left = mine.length - place;
      tell(`${problemText(answer.problem)} ${t(`还有 ${left} 份没有送出，没有丢；刷新后可以再签。`, `${left} were not sent and nothing is lost: load the page and sign them again.`)}`, true);
      return;
    }
    entered += answer.data.state === "entered" ? 1 : 0;
  }
  if (lines !== undefined) {
    await reload();
    const done = t(`已签 ${lines.length} 份，其中 ${entered} 份签齐入账。`, `${lines.length} signed; ${entered} of them stand in the ledger now.`);
    announce(done);
  }
}

/** Lists look again when somebody comes back to them. */
function list(main: HTMLElement): () => void {
  const turn = new Turn();
  const batch = main.querySelector<HTMLFormElement>("[data-sign-all]");
  batch?.addEventListener("submit", (event) => {
    event.preventDefault();
    void turn.take(batch.querySelector("button"), () => signBatch(main));
  });
  const onVisible = (): void => {
    if (!document.hidden && !turn.isTaken && unlocked() !== undefined && document.querySelector("dialog[open]") === null) {
      void reload();
    }
  };
  document.addEventListener("visibilitychange", onVisible);
  return () => document.removeEventListener("visibilitychange", onVisible);
}

view("drafts", list);
view("mine", list);
