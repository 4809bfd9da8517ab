// Publishing from the desk: signs what the page shows ahead, and only that; fills in the channel of a posting;
// copies the texts for newsletter and WeChat.
import { element } from "../page/element.ts";
import { post, type Problem } from "./api.ts";
import { requestSignatures, type Standing } from "./drafts.ts";
import { keep, keptLately } from "./kept.ts";
import { t } from "./language.ts";
import { note, signed } from "./sign.ts";
import { problemText } from "./trouble.ts";
import { Turn } from "./turn.ts";
import { announce, at, go, reload, slug, view } from "./view.ts";

/** What rehearsing a publication gives. */
interface Rehearsed {
  readonly statement: string;
  readonly disclosure_sha256?: string;
}

class Sheet {
  /** What was signed and has not arrived, as far as is known. */
  private unsent: string | undefined;
  private readonly turn = new Turn();

  constructor(
    private readonly main: HTMLElement,
    private readonly form: HTMLFormElement,
  ) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.turn.take(this.form.querySelector("button"), () => this.act());
    });
  }

  private tell(said: string): void {
    const line = this.main.querySelector<HTMLElement>("#told");
    if (line !== null) {
      line.textContent = said;
      line.hidden = said === "";
      if (said !== "") {
        line.focus();
      }
    }
  }

  /** Whether the page shows what is typed. */
  private isShown(): boolean {
    const typed = Array.from(this.main.querySelectorAll<HTMLTextAreaElement>("#say textarea"));
    return typed.every((field) => field.value === field.defaultValue);
  }

  private async act(): Promise<void> {
    this.tell("");
    if (this.unsent !== undefined) {
      await this.send(this.unsent);
      return;
    }
    if (!this.isShown()) {
      this.tell(t("上面的文字改过了：请先按“生成公开内容”，看过新的内容再签。", "The text above was changed: make the disclosure anew and read it before you sign."));
      return;
    }
    const { kind = "", transaction = "", sha256 = "", body = "{}", mine } = this.form.dataset;
    const rehearsed = await post<Rehearsed>("rehearse", { kind, transaction, body: JSON.parse(body) as unknown });
    if (!rehearsed.ok) {
      this.tell(problemText(rehearsed.problem));
      return;
    }
    const { statement, disclosure_sha256 } = rehearsed.data;
    if (disclosure_sha256 !== sha256) {
      await reload();
      announce(t("这笔交易刚有新登记，公开内容变了，还没有签：请重新看一遍。", "Something has just entered: the disclosure has changed, and nothing was signed. Read it again."));
      return;
    }
    if (mine !== "true") {
      const asked = await requestSignatures(statement);
      await this.became(asked);
      return;
    }
    const line = await signed(statement, (why) => this.tell(why));
    if (line !== undefined) {
      this.unsent = note(statement, line);
      await this.send(this.unsent);
    }
  }

  private async send(signed: string): Promise<void> {
    announce(t("正在送出……", "Sending…"));
    await this.became(await post<Standing>("drafts", { note: signed }));
  }

  private async became(answer: { ok: true; data: Standing } | { ok: false; problem: Problem }): Promise<void> {
    if (answer.ok) {
      this.unsent = undefined;
      await go(at(`drafts/${answer.data.id ?? ""}`));
      return;
    }
    announce("");
    const { problem } = answer;
    if (this.unsent !== undefined && (problem.status === 0 || problem.status >= 500)) {
      const again = t("签名还在这个页面里：接通后再按一次就送出，不会公开两次。", "What you signed is still on this page: press once more when the connection is back. It is not published twice.");
      this.tell(`${problemText(problem)} ${again}`);
      this.form.querySelector("button")?.replaceChildren(t("把已签名的再送一次", "Send what was signed again"));
      return;
    }
    this.unsent = undefined;
    this.tell(problemText(problem));
  }
}

/** The form of a posting begins with its channel; what was typed for the same channel stays. */
function chooseChannel(link: HTMLAnchorElement): void {
  const about = new URL(link.href).searchParams.get("transaction") ?? "";
  const channel = link.dataset["channel"] ?? "";
  const form = { slug: slug(), member: link.dataset["member"] ?? "", kind: "channel_posted", about };
  const before = keptLately(form)?.typed;
  const typed = typeof before === "object" && before !== null && !Array.isArray(before) ? (before as Readonly<Record<string, unknown>>) : {};
  if (typed["channel"] !== channel) {
    keep(form, { channel });
  }
}

/** Copies what stands in an element as it looks, where the browser allows it. */
function copy(source: HTMLElement): boolean {
  const selection = getSelection();
  if (source instanceof HTMLTextAreaElement) {
    source.focus();
    source.select();
  } else if (selection !== null) {
    const range = document.createRange();
    range.selectNodeContents(source);
    selection.removeAllRanges();
    selection.addRange(range);
  }
  // The newer interface takes no formatted text without asking, and nothing at all over plain HTTP.
  return document.execCommand("copy");
}

function offerCopy(source: HTMLElement): void {
  const button = element("button", { type: "button" }, t("复制", "Copy"));
  button.addEventListener("click", () => {
    const said = copy(source) ? t("已复制，去粘贴吧。", "Copied: paste it.") : t("浏览器不让复制：已选中，请按 Ctrl+C。", "The browser does not allow it: it is selected, press Ctrl+C.");
    announce(said);
    button.textContent = said;
  });
  source.before(button);
}

view("publish", (main) => {
  const form = main.querySelector<HTMLFormElement>("form[data-publish]");
  if (form !== null) {
    new Sheet(main, form);
  }
  for (const link of Array.from(main.querySelectorAll<HTMLAnchorElement>("a[data-channel]"))) {
    link.addEventListener("click", () => chooseChannel(link));
  }
  // Elsewhere the key would not be unlocked: what residents see opens beside the desk.
  for (const link of Array.from(main.querySelectorAll<HTMLAnchorElement>("a[href]"))) {
    if (!new URL(link.href).pathname.startsWith(`/${slug()}/desk`)) {
      link.target = "_blank";
      link.rel = "noopener";
    }
  }
  for (const source of Array.from(main.querySelectorAll<HTMLElement>("#newsletter, article.copy"))) {
    offerCopy(source);
  }
});
