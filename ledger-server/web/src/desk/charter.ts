// The charter's sheet: begins it from a charter, keeps it as a file, and shows what it would change and how it
// would hang there. What is right and what differs the server says; the form itself is form.ts's.
import { element } from "../page/element.ts";
import type { Json } from "../verify/canonical.ts";
import { post } from "./api.ts";
import { find, write } from "./controls.ts";
import { fillIn } from "./form.ts";
import type { Typed } from "./kept.ts";
import { t } from "./language.ts";
import { problemText } from "./trouble.ts";
import { pageFrom } from "./trusted.ts";
import { Turn } from "./turn.ts";
import { view } from "./view.ts";

/** What the form's content was read as: whole, if there is a charter in it. */
interface Body {
  readonly charter?: { readonly [name: string]: Json };
  readonly applies_to_open?: boolean;
}

/** Hands a charter over as a file, in the form that `sanzi charter check` reads. */
function save(charter: { readonly [name: string]: Json }): void {
  const text = `${JSON.stringify(charter, undefined, 2)}\n`;
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = element("a", { href: url, download: `charter-${String(charter["version"])}.json` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

class Sheet {
  /** The charter as it was read last, if it is whole. */
  private charter: Body["charter"];
  /** What is shown was made of this. */
  private seen = "";
  private latest = 0;
  private isOver = false;
  private readonly turn = new Turn();

  constructor(
    private readonly main: HTMLElement,
    private readonly form: HTMLFormElement,
  ) {}

  begin(): void {
    this.form.addEventListener("read", (event) => void this.onRead((event as CustomEvent<Body>).detail));
    for (const button of this.all<HTMLButtonElement>("[data-begin]")) {
      button.addEventListener("click", () => void this.turn.take(button, () => this.start(button.dataset["begin"] ?? "", button.textContent ?? "")));
    }
    const picker = this.main.querySelector<HTMLInputElement>("#open-charter");
    picker?.addEventListener("change", () => void this.turn.take(picker, () => this.open(picker)));
    this.main.querySelector("#save-charter")?.addEventListener("click", () => this.save());
    for (const button of this.all<HTMLButtonElement>("[data-print]")) {
      button.addEventListener("click", () => this.print(button.dataset["print"] ?? ""));
    }
  }

  end(): void {
    this.isOver = true;
  }

  private all<E extends HTMLElement>(selector: string): E[] {
    return Array.from(this.main.querySelectorAll<E>(selector));
  }

  private say(said: string): void {
    const line = this.main.querySelector("#begun");
    if (line !== null) {
      line.textContent = said;
    }
  }

  private async open(picker: HTMLInputElement): Promise<void> {
    const file = picker.files?.[0];
    const text = await file?.text();
    // The same file can be chosen again once it has been corrected.
    picker.value = "";
    if (file !== undefined && text !== undefined) {
      await this.start({ file: text }, file.name);
    }
  }

  /** Puts a charter into the sheet. */
  private async start(from: string | { readonly file: string }, called: string): Promise<void> {
    const answer = await post<{ readonly typed: Typed }>("charter/sheet", from);
    if (this.isOver) {
      return;
    }
    const control = find(this.form, "charter");
    if (!answer.ok || control === undefined) {
      this.say(answer.ok ? "" : `✕ ${problemText(answer.problem)}`);
      return;
    }
    write(control, answer.data.typed);
    this.form.dispatchEvent(new Event("input", { bubbles: true }));
    this.say(t(`✓ 表里现在是：${called}`, `✓ The sheet holds: ${called}`));
  }

  private save(): void {
    if (this.charter === undefined) {
      this.say(t("✕ 表还没填完整，或有一项要改：改好才能存成文件。没存的内容这个浏览器会留着。", "✕ Something is missing or at fault: put it right first. This browser keeps what is in the sheet meanwhile."));
      return;
    }
    save(this.charter);
    this.say(t("✓ 已存成文件。", "✓ Saved."));
  }

  private async onRead(body: Body): Promise<void> {
    this.charter = body.charter;
    const asked = JSON.stringify([body.charter, body.applies_to_open]);
    if (body.charter === undefined || asked === this.seen) {
      return;
    }
    const mine = ++this.latest;
    const { charter, applies_to_open } = body;
    const answer = await post<{ readonly page: string }>("charter/proposed", { charter, ...(applies_to_open === undefined ? {} : { applies_to_open }) });
    if (this.isOver || mine !== this.latest || !answer.ok) {
      return;
    }
    this.seen = asked;
    this.show(answer.data.page);
  }

  private show(page: string): void {
    const place = this.main.querySelector("[data-seen]");
    const made = pageFrom(page);
    place?.replaceChildren(...Array.from(made.body.children));
    this.all<HTMLButtonElement>("[data-print]").forEach((button) => (button.hidden = false));
    const paths = this.all<HTMLElement>("#changes [data-path]").map((row) => row.dataset["path"] ?? "");
    const line = this.main.querySelector("#changed-so-far");
    const said = paths.length === 0 ? t("还没有改动。", "Nothing is changed yet.") : t(`已改 ${paths.length} 处。`, `Changed: ${paths.length}.`);
    if (line !== null && line.textContent !== said) {
      line.textContent = said;
    }
    for (const part of this.all<HTMLElement>("[data-of]")) {
      this.mark(part, paths);
    }
  }

  /** Says in a part's row what it holds now, and how much of it is changed. */
  private mark(part: HTMLElement, paths: readonly string[]): void {
    const of = part.dataset["of"] ?? "";
    const count = paths.filter((path) => path === of || path.startsWith(`${of}.`) || path.startsWith(`${of}[`)).length;
    const tag = part.querySelector<HTMLElement>("[data-changed]");
    if (tag !== null) {
      tag.hidden = count === 0;
      tag.textContent = count === 0 ? "" : t(`改 ${count} 处`, `${count} changed`);
    }
    const row = this.main.querySelector(`#as-hung tr[data-step="${part.dataset["step"] ?? ""}"]`);
    for (const cell of Array.from(part.querySelectorAll<HTMLElement>("summary [data-cell]"))) {
      const now = row?.children[Number(cell.dataset["cell"])];
      if (now !== undefined) {
        cell.textContent = now.textContent;
      }
    }
  }

  /** Prints one of the two, and nothing else. */
  private print(id: string): void {
    const name = `printing-${id}`;
    document.body.classList.add("printing-charter", name);
    window.addEventListener("afterprint", () => document.body.classList.remove("printing-charter", name), { once: true });
    window.print();
  }
}

view("charter", (main) => {
  const form = main.querySelector<HTMLFormElement>("form#record");
  if (form === null) {
    return undefined;
  }
  const sheet = new Sheet(main, form);
  sheet.begin();
  const leave = fillIn(main);
  return () => {
    sheet.end();
    leave?.();
  };
});

/** A draft's charter as a file, from the exact bytes that are signed. */
export function offerFile(main: HTMLElement, statement: string): void {
  main.querySelector("[data-save-charter]")?.addEventListener("click", () => {
    const { event } = JSON.parse(statement) as { readonly event: Body };
    if (event.charter !== undefined) {
      save(event.charter);
    }
  });
}
