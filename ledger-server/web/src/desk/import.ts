// Contracts of before the ledger, from a sheet: what each row becomes, and the signatures of those that are
// right. What was signed and has not arrived is kept here and sent again as it is.
import { element, refill } from "../page/element.ts";
import { convert, post, send } from "./api.ts";
import type { Standing } from "./drafts.ts";
import { t } from "./language.ts";
import { save } from "./sheet.ts";
import { note } from "./sign.ts";
import { signAll } from "./sign_all.ts";
import { problemText } from "./trouble.ts";
import { Turn } from "./turn.ts";
import { announce, view } from "./view.ts";

interface Fault {
  readonly cell: string;
  readonly column: string;
  readonly detail: string;
}

interface Row {
  readonly number: number;
  readonly contract: string;
  readonly asset: string;
  readonly outcome: "ready" | "recorded" | "waiting" | "wrong";
  readonly transaction?: string;
  readonly statement?: string;
  readonly notes: readonly string[];
  readonly faults: readonly Fault[];
}

interface Read {
  readonly notes: readonly string[];
  readonly mine: boolean;
  readonly rows: readonly Row[];
}

/** How many rows are shown at once. */
const SHOWN = 200;

/** What is to be mended comes first. */
const ORDER: readonly Row["outcome"][] = ["wrong", "ready", "waiting", "recorded"];

function result(outcome: Row["outcome"]): string {
  switch (outcome) {
    case "ready":
      return t("✔ 可以登记", "✔ can be recorded");
    case "waiting":
      return t("● 已起草，等会签", "● drafted, waits for signatures");
    case "recorded":
      return t("✔ 账本里已有", "✔ recorded already");
    case "wrong":
      return t("▲ 要改", "▲ to be mended");
  }
}

function details(row: Row): Node[] {
  const faults = row.faults.map(({ cell, column, detail }) => {
    const where = [cell, column].filter((part) => part !== "").join(" ");
    return element("li", {}, where === "" ? "" : element("strong", {}, `${where}${t("：", ": ")}`), detail);
  });
  const notes = row.notes.map((said) => element("li", { class: "small" }, said));
  const of = row.transaction === undefined ? [] : [element("li", { class: "small" }, t(`交易 ${row.transaction}`, `transaction ${row.transaction}`))];
  const all = [...faults, ...notes, ...of];
  return all.length === 0 ? [] : [element("ul", { class: "plain" }, ...all)];
}

function rowElement(row: Row): HTMLElement {
  const name = [row.contract, row.asset].filter((part) => part !== "").join(" ");
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, t(`第 ${row.number} 行`, `Row ${row.number}`)),
    element("td", {}, name),
    element("td", { class: row.outcome === "wrong" ? "wrong" : "" }, result(row.outcome)),
    element("td", {}, ...details(row)),
  );
}

class Importing {
  private file: File | undefined;
  private read: Read | undefined;
  private shown = 0;
  /** Statements that are signed and have not arrived, as far as is known. */
  private unsent: { readonly statement: string; readonly line: string }[] = [];
  /** How many of this turn were taken, and how many of these stand in the ledger. */
  private taken = 0;
  private entered = 0;
  /** Why some of this turn were not taken. */
  private refused: string[] = [];
  private readonly turn = new Turn();
  private readonly most: number;

  constructor(
    private readonly main: HTMLElement,
    private readonly form: HTMLFormElement,
  ) {
    this.most = Number(form.dataset["most"]);
    this.on(form, () => this.look());
    this.on(this.part("#signing"), () => this.sign());
    this.part("#more").addEventListener("click", () => this.showMore());
    this.part("#report").addEventListener("click", (event) => {
      void this.turn.take(event.currentTarget as Element, () => this.report());
    });
  }

  private part(selector: string): HTMLElement {
    return this.main.querySelector<HTMLElement>(selector) ?? element("div");
  }

  private on(form: HTMLElement, act: () => Promise<void>): void {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.turn.take(form.querySelector("button"), act);
    });
  }

  private tell(said: string, wrong = true): void {
    const line = this.part("#told");
    line.textContent = said;
    line.className = wrong ? "wrong" : "good";
    line.hidden = said === "";
    if (said !== "") {
      line.focus();
    }
  }

  private async look(): Promise<void> {
    const [file] = this.form.querySelector<HTMLInputElement>("#sheet")?.files ?? [];
    if (file === undefined) {
      this.tell(t("请先选一张表。", "Choose a sheet first."));
      return;
    }
    if (file.size > Number(this.form.dataset["largest"])) {
      this.tell(t("文件太大，请分成几个文件。", "The file is too large: split it."));
      return;
    }
    this.file = file;
    if (await this.readAgain()) {
      this.part("#h-found").focus();
    }
  }

  /** Has the sheet read as the ledger is now; says whether it was. */
  private async readAgain(): Promise<boolean> {
    if (this.file === undefined) {
      return false;
    }
    this.tell("");
    announce(t("正在看表……", "Reading the sheet…"));
    const answer = await send<Read>("import", this.file);
    announce("");
    if (!answer.ok) {
      this.part("#found").hidden = true;
      this.tell(problemText(answer.problem));
      return false;
    }
    this.read = answer.data;
    this.show(answer.data);
    return true;
  }

  private show({ rows, notes, mine }: Read): void {
    const count = (outcome: Row["outcome"]): number => rows.filter((row) => row.outcome === outcome).length;
    const [ready, wrong, waiting, recorded] = [count("ready"), count("wrong"), count("waiting"), count("recorded")];
    this.part("#counts").textContent = t(
      `共 ${rows.length} 行：可以登记 ${ready}，要改 ${wrong}，已起草 ${waiting}，账本里已有 ${recorded}。`,
      `${rows.length} rows: ${ready} can be recorded, ${wrong} are to be mended, ${waiting} are drafted, ${recorded} stand in the ledger.`,
    );
    const said = [...notes];
    if (!mine) {
      said.push(t("章程没有让您签存量合同登记；请由会计、理事长或监事来签。", "The charter does not have you sign such records: leave it to those whom it names."));
    }
    const once = this.ready().length;
    if (once < ready) {
      said.push(t(`一次最多签 ${this.most} 份；会签入账后再签其余的。`, `At most ${this.most} wait at a time: sign the others once these have entered.`));
    }
    refill(this.part("#notes"), ...said.map((text) => element("li", {}, text)));
    const button = this.part("#signing button");
    button.hidden = once === 0 || !mine;
    button.textContent = t(`看过以后，签这 ${once} 份`, `Read and sign these ${once}`);
    this.shown = 0;
    refill(this.part("#rows"));
    this.part("#found").hidden = false;
    this.showMore();
  }

  private showMore(): void {
    const rows = [...(this.read?.rows ?? [])];
    rows.sort((one, other) => ORDER.indexOf(one.outcome) - ORDER.indexOf(other.outcome) || one.number - other.number);
    const next = rows.slice(this.shown, this.shown + SHOWN);
    this.shown += next.length;
    this.part("#rows").append(...next.map(rowElement));
    const left = rows.length - this.shown;
    const more = this.part("#more");
    more.hidden = left === 0;
    more.textContent = t(`再看 ${Math.min(left, SHOWN)} 行（还有 ${left} 行）`, `Show ${Math.min(left, SHOWN)} more of ${left}`);
  }

  /** The statements that can be signed now, as many as may wait. */
  private ready(): string[] {
    const rows = this.read?.rows ?? [];
    const waiting = rows.filter((row) => row.outcome === "waiting").length;
    const texts = rows.flatMap((row) => (row.statement === undefined ? [] : [row.statement]));
    return texts.slice(0, Math.max(0, this.most - waiting));
  }

  private async sign(): Promise<void> {
    this.tell("");
    if (this.unsent.length === 0) {
      const texts = this.ready();
      const lines = await signAll(texts, (why) => this.tell(why));
      if (lines === undefined) {
        return;
      }
      this.unsent = texts.map((statement, place) => ({ statement, line: lines[place] as string }));
      [this.taken, this.entered, this.refused] = [0, 0, []];
    }
    await this.deliver();
  }

  private async deliver(): Promise<void> {
    for (let next = this.unsent[0]; next !== undefined; next = this.unsent[0]) {
      announce(t(`正在送出，还有 ${this.unsent.length} 份……`, `Sending, ${this.unsent.length} left…`));
      const answer = await post<Standing>("drafts", { note: note(next.statement, next.line) });
      if (!answer.ok && (answer.problem.status === 0 || answer.problem.status >= 500)) {
        announce("");
        this.part("#signing button").textContent = t("把签名再送一次", "Send the signatures again");
        this.tell(
          `${problemText(answer.problem)} ${t(`还有 ${this.unsent.length} 份签名在这个页面里，接通后再按一次就送出，不会重复。`, `${this.unsent.length} signatures are still on this page: press once more when the connection is back; nothing is sent twice.`)}`,
        );
        return;
      }
      this.unsent.shift();
      if (!answer.ok) {
        this.refused.push(problemText(answer.problem));
      } else {
        this.taken += 1;
        this.entered += answer.data.state === "entered" ? 1 : 0;
      }
    }
    announce("");
    await this.readAgain();
    const { taken, entered, refused } = this;
    const done = t(
      `已签 ${taken} 份，放进待签箱等会签${entered > 0 ? `，其中 ${entered} 份已入账` : ""}。`,
      `${taken} signed and in the inbox for the others${entered > 0 ? `; ${entered} stand in the ledger` : ""}.`,
    );
    this.tell([done, ...new Set(refused)].join(" "), refused.length > 0);
  }

  private async report(): Promise<void> {
    if (this.file === undefined) {
      return;
    }
    const answer = await convert("import/report", this.file);
    if (!answer.ok) {
      this.tell(problemText(answer.problem));
      return;
    }
    save(t("存量合同导入结果.csv", "contracts-report.csv"), answer.data);
  }
}

view("import", (main) => {
  const form = main.querySelector<HTMLFormElement>("#import");
  if (form !== null) {
    new Importing(main, form);
  }
});
