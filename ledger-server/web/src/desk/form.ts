// The form of an event: what is typed is read and judged by the server's own rules while it is typed, kept in
// this browser until it is recorded, and in the end signed from its exact bytes. Three acts: check, sign, done.
import { element, refill } from "../page/element.ts";
import { post, type Problem } from "./api.ts";
import { addRow, collect, find, own, removeRow, restore, reveal, target, vary, write } from "./controls.ts";
import { documents, type Papers } from "./document.ts";
import type { Seat } from "./drafts.ts";
import { became, roleName, type Drafted } from "./handed.ts";
import { forget, keep, kept, keptLately, type Form, type Kept, type Typed } from "./kept.ts";
import { t } from "./language.ts";
import { note, signed } from "./sign.ts";
import { Turn } from "./turn.ts";
import { announce, reload, slug, view, type Leave } from "./view.ts";

/** How long nothing is typed before it is looked at, in milliseconds. */
const PAUSE = 500;

interface Said {
  readonly field: string;
  readonly detail: string;
  readonly instead?: string | null;
}

/** What `POST typed` answers. */
interface Read {
  readonly body: { readonly [name: string]: unknown };
  readonly faults: readonly Said[];
  readonly missing: readonly { readonly field: string; readonly name: string | null }[];
  readonly notes: readonly Said[];
}

/** What `POST rehearse` answers. */
interface Rehearsed {
  readonly statement: string;
  readonly lines: readonly string[];
  readonly seats: readonly Seat[];
  /** Whether one of the seats is whose form it is. */
  readonly mine: boolean;
  readonly disclosure?: string;
}

/** What is handed in: signed, or for others to sign. */
type Handed = { readonly note: string } | { readonly statement: string };

/** What became of looking at a form. */
type Checked = { readonly ready: Rehearsed } | { readonly first: HTMLElement | undefined };

/** What a field is called, for who hears it. */
function nameOf(control: HTMLElement): string {
  const label = control.querySelector("label, legend")?.firstChild?.textContent ?? "";
  return label.trim();
}

class Sheet {
  readonly kind: string;
  readonly about: { readonly transaction?: string; readonly concern?: string };
  /** By which the browser keeps what is unfinished. */
  readonly own: Form;
  readonly papers: Papers | undefined;
  /** The controls that somebody has left, or that were asked about: only these are found fault with. */
  readonly left = new Set<HTMLElement>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Which look it is: the answer to an older one comes too late. */
  private turn = 0;
  private isOver = false;
  private isTouched = false;
  private readonly acting = new Turn();
  private spoken = "";

  constructor(
    readonly main: HTMLElement,
    readonly form: HTMLFormElement,
  ) {
    this.kind = form.dataset["kind"] ?? "";
    const { transaction = "", concern = "" } = form.dataset;
    this.about = { ...(transaction === "" ? {} : { transaction }), ...(concern === "" ? {} : { concern }) };
    const about = concern === "" ? transaction : concern;
    // A correction is of one field of one entry.
    const query = new URLSearchParams(location.search);
    const place = ["entry", "field"].map((name) => query.get(name) ?? "").join("");
    this.own = { slug: slug(), member: form.dataset["member"] ?? "", kind: this.kind, about: about + place };
    this.papers = form.querySelector("[data-documents]") === null ? undefined : documents(form, () => this.changed());
  }

  begin(): void {
    const { form } = this;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.acting.take(this.one("#go"), () => this.act());
    });
    const lately = keptLately(this.own);
    this.bringBack(lately);
    void this.recover(lately);
    form.addEventListener("input", (event) => {
      this.disown(event.target);
      this.changed();
    });
    form.addEventListener("change", (event) => this.onChange(event));
    form.addEventListener("click", (event) => this.onClick(event));
    form.addEventListener("focusout", (event) => this.onLeave(event));
    // Enter in a field is no signature; on the button of a file it chooses one.
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target instanceof HTMLInputElement && event.target.type !== "file") {
        event.preventDefault();
      }
    });
    void this.look(false);
  }

  end(): void {
    this.stopLooking();
    this.isOver = true;
    this.turn += 1;
  }

  private one<E extends HTMLElement>(selector: string): E | null {
    return this.main.querySelector<E>(selector);
  }

  // What was kept.

  /** After a power cut the disk may have more; where somebody types already, that stands. */
  private async recover(lately: Kept | undefined): Promise<void> {
    const found = await kept(this.own);
    if (found === undefined || found.when === lately?.when || this.isOver || this.isTouched) {
      return;
    }
    if (lately === undefined) {
      this.bringBack(found);
      await this.look(false);
    } else if (keptLately(this.own)?.when === found.when) {
      // What stands in the form is older: it begins anew.
      await reload();
    }
  }

  private bringBack(found: Kept | undefined): void {
    const told = this.one("#kept");
    if (found === undefined || told === null) {
      return;
    }
    restore(this.form, found.typed);
    this.papers?.restore(found.documents);
    const moment = this.form.querySelector<HTMLInputElement>("#at");
    if (moment !== null) {
      moment.value = found.at;
    }
    const when = new Date(found.when).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    const text = told.querySelector("p");
    if (text !== null) {
      text.textContent = t(`已恢复 ${when} 没填完的内容。只存在这台设备的浏览器里。`, `What was left unfinished at ${when} is back. It is in this browser alone.`);
    }
    told.hidden = false;
    told.querySelector("button")?.addEventListener("click", () => {
      this.end();
      void forget(this.own).then(() => location.reload());
    });
    if (found.note !== undefined) {
      this.offerAgain(found.note);
    }
  }

  private keepAll(more: Partial<Kept> = {}): void {
    const moment = this.form.querySelector<HTMLInputElement>("#at")?.value ?? "";
    const all: Partial<Kept> = { at: moment, documents: this.papers?.keep() ?? [], ...more };
    if (!keep(this.own, collect(this.form), all)) {
      announce(t("这个浏览器存不了没填完的内容：登记完以前请不要关闭网页。", "This browser cannot keep what is unfinished: do not close the page before it is recorded."));
    }
  }

  // What happens while it is filled in.

  private changed(): void {
    if (this.isOver) {
      return;
    }
    this.isTouched = true;
    this.keepAll();
    this.lookSoon(PAUSE);
  }

  /** Looks once nothing is typed any more; until then what is said is of what was typed before, and looks so. */
  private lookSoon(pause: number): void {
    this.form.classList.add("unchecked");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.acting.isTaken) {
        // Its own look would come too late, and what was pressed would come to nothing.
        this.lookSoon(PAUSE);
      } else {
        void this.look(false);
      }
    }, pause);
  }

  private stopLooking(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** What somebody has typed themselves was not carried over. */
  private disown(from: EventTarget | null): void {
    for (let one = from instanceof Element ? from.closest("[data-value]") : null; one !== null; one = one.parentElement?.closest("[data-value]") ?? null) {
      const told = document.getElementById(`${one.id}-carried`);
      if (told !== null) {
        [told.textContent, told.hidden] = ["", true];
      }
    }
  }

  private onChange(event: Event): void {
    const from = event.target;
    if (!(from instanceof HTMLElement)) {
      return;
    }
    const control = from.closest<HTMLElement>("[data-value]");
    if (control?.dataset["value"] === "choice") {
      vary(control);
    }
    this.changed();
  }

  private onClick(event: Event): void {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button?.hasAttribute("data-add") === true) {
      const list = button.closest<HTMLElement>("[data-value='list']");
      const row = list === null ? undefined : addRow(list);
      if (row !== undefined) {
        target(own(row)[0] ?? row).focus();
        this.changed();
      }
    } else if (button?.hasAttribute("data-remove") === true) {
      const row = button.closest<HTMLElement>("[data-row]");
      const next = row === null ? undefined : removeRow(row);
      next?.focus();
      this.changed();
    } else if (button?.hasAttribute("data-clear") === true) {
      const group = button.closest<HTMLElement>("[data-value='object']");
      if (group !== null) {
        write(group, undefined);
        group.focus();
        this.changed();
      }
    }
  }

  private onLeave(event: FocusEvent): void {
    const control = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-value]") : null;
    const to = event.relatedTarget;
    if (control === null || (to instanceof Node && control.contains(to))) {
      return;
    }
    for (let one: HTMLElement | null = control; one !== null; one = one.parentElement?.closest<HTMLElement>("[data-value]") ?? null) {
      this.left.add(one);
    }
    this.lookSoon(PAUSE / 2);
  }

  // What the rules say.

  private async look(isFinal: boolean): Promise<Checked> {
    const mine = ++this.turn;
    this.form.classList.add("unchecked");
    const checked = await this.judge(mine, isFinal);
    if (mine === this.turn && this.timer === undefined) {
      this.form.classList.remove("unchecked");
    }
    return checked;
  }

  private async judge(mine: number, isFinal: boolean): Promise<Checked> {
    const typed: { [name: string]: Typed } = { ...collect(this.form) };
    if (this.papers !== undefined) {
      typed["documents"] = this.papers.collect();
    }
    const read = await post<Read>("typed", { kind: this.kind, ...this.about, typed });
    if (mine !== this.turn) {
      return { first: undefined };
    }
    if (!read.ok) {
      this.state(`${read.problem.title}：${read.problem.detail}`);
      return { first: this.one("#go") ?? undefined };
    }
    const { body, faults, missing, notes } = read.data;
    this.form.dispatchEvent(new CustomEvent("read", { detail: body }));
    this.echo(notes);
    const shown = faults.filter(({ field }) => this.isOpen(field, isFinal));
    const first = this.blame(shown);
    const still = this.still(missing, isFinal);
    if (faults.length > 0 || missing.length > 0) {
      this.refuse(undefined);
      this.seat([]);
      const wrong = faults.length === 0 ? [] : [t(`有 ${faults.length} 处要改`, `${faults.length} to be put right`)];
      const empty = missing.length === 0 ? [] : [t(`还有 ${missing.length} 项没填`, `${missing.length} to be filled in`)];
      this.state([...wrong, ...empty].join(t("，", ", ")) + t("。", "."));
      return { first: first ?? still };
    }
    return this.rehearse(mine, body, isFinal);
  }

  private async rehearse(mine: number, body: Read["body"], isFinal: boolean): Promise<Checked> {
    const moment = this.form.querySelector<HTMLInputElement>("#at")?.value ?? "";
    const when = moment === "" ? {} : { at: moment.replace("T", " ") };
    const answer = await post<Rehearsed>("rehearse", { kind: this.kind, ...this.about, body, ...when });
    if (mine !== this.turn) {
      return { first: undefined };
    }
    if (!answer.ok) {
      return { first: this.refused(answer.problem, isFinal) };
    }
    this.refuse(undefined);
    this.seat(answer.data.seats);
    this.compose(answer.data.disclosure);
    this.state(
      answer.data.mine
        ? t("✓ 填好了，规则允许登记。", "✓ Complete; the rules allow it.")
        : t("✓ 填好了。您不是签署人：送出后由下面的人签。", "✓ Complete. You are none of its signers: those below sign it."),
    );
    const button = this.one("#go");
    if (button !== null) {
      button.textContent = answer.data.mine ? t("核对并签名", "Check and sign") : t("送给签署人", "Send it to its signers");
    }
    return { ready: answer.data };
  }

  /** Whether a control's fault may be shown already: not while somebody is about to fill it in. */
  private isOpen(field: string, isFinal: boolean): boolean {
    const control = find(this.form, field);
    return isFinal || control === undefined || this.left.has(control) || this.faultOf(control)?.hidden === false;
  }

  private faultOf(control: HTMLElement): HTMLElement | null {
    return document.getElementById(`${control.id}-fault`);
  }

  /** Shows faults at their fields, and takes away those that are mended; gives the first. */
  private blame(faults: readonly Said[]): HTMLElement | undefined {
    const at = new Map<HTMLElement, Said>();
    const homeless: string[] = [];
    for (const said of faults) {
      const control = said.field === "at" ? this.one<HTMLElement>("#at") : said.field.startsWith("documents") ? this.one("#f-documents") : find(this.form, said.field);
      if (control === undefined || control === null) {
        homeless.push(said.detail);
      } else if (!at.has(control)) {
        at.set(control, said);
      }
    }
    for (const line of Array.from(this.form.querySelectorAll<HTMLElement>(".fault[id]"))) {
      const control = document.getElementById(line.id.replace(/-fault$/, "")) ?? this.one<HTMLElement>("#at");
      const said = control === null ? undefined : at.get(control);
      this.showFault(line, control, said);
    }
    const named = Array.from(at, ([control, said]) => `${nameOf(control)}：${said.detail}`);
    const spoken = named.concat(homeless).join(" ");
    const aloud = this.one("#aloud");
    if (spoken !== this.spoken && aloud !== null) {
      aloud.textContent = spoken;
    }
    this.spoken = spoken;
    const controls = Array.from(at.keys());
    controls.sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    const first = controls[0];
    return first === undefined ? undefined : target(first);
  }

  /** Takes somebody to a field, wherever it is folded away. */
  private goTo(field: HTMLElement | undefined): void {
    if (field !== undefined) {
      reveal(field);
      field.focus();
    }
  }

  private showFault(line: HTMLElement, control: HTMLElement | null, said: Said | undefined): void {
    const field = control === null ? undefined : target(control);
    if (said !== undefined) {
      reveal(line);
    }
    line.hidden = said === undefined;
    control?.classList.toggle("amiss", said !== undefined);
    if (said === undefined) {
      line.textContent = "";
      field?.removeAttribute("aria-invalid");
      return;
    }
    if (line.dataset["said"] !== said.detail || line.textContent === "") {
      refill(line, `✕ ${said.detail} `);
      line.dataset["said"] = said.detail;
      if (typeof said.instead === "string" && field instanceof HTMLInputElement) {
        const instead = said.instead;
        const button = element("button", { type: "button" }, t(`改成「${instead}」`, `Write “${instead}”`));
        button.addEventListener("click", () => {
          field.value = instead;
          field.focus();
          this.changed();
        });
        line.append(button);
      }
    }
    if (field !== undefined && !(field instanceof HTMLFieldSetElement)) {
      field.setAttribute("aria-invalid", "true");
    }
  }

  private echo(notes: readonly Said[]): void {
    const told = new Map(notes.map((said) => [find(this.form, said.field)?.id ?? "", said.detail]));
    for (const line of Array.from(this.form.querySelectorAll<HTMLElement>(".echo"))) {
      const said = told.get(line.id.replace(/-echo$/, "")) ?? "";
      line.textContent = said;
      line.hidden = said === "";
      line.classList.toggle("short", said.startsWith("✕"));
    }
  }

  /** Lists what is to be filled in still, each leading to its field; gives the first. */
  private still(missing: Read["missing"], isFinal: boolean): HTMLElement | undefined {
    const list = this.one("#still");
    if (list === null) {
      return undefined;
    }
    const fields = missing.map(({ field, name }) => ({ control: find(this.form, field), name: name ?? field }));
    list.hidden = !isFinal || fields.length === 0;
    const links = fields.map(({ control, name }) => {
      const button = element("button", { type: "button" }, name);
      button.addEventListener("click", () => {
        this.goTo(control === undefined ? undefined : target(control));
      });
      return element("li", {}, button);
    });
    refill(list, ...links);
    for (const { control } of isFinal ? fields : []) {
      const line = control === undefined ? null : this.faultOf(control);
      if (line !== null && line.hidden && control !== undefined) {
        this.left.add(control);
        this.showFault(line, control, { field: "", detail: t("请填这一项。", "Fill this in.") });
      }
    }
    const first = fields.find(({ control }) => control !== undefined)?.control;
    return first === undefined ? undefined : target(first);
  }

  /** The documents that the charter still wants, by their names on the form; none if that is not the problem. */
  private lacking(problem: Problem): string[] {
    const kinds = problem.type === "urn:sanzi:document_missing" && Array.isArray(problem["missing"]) ? (problem["missing"] as string[]) : [];
    const slots = Array.from(this.form.querySelectorAll<HTMLElement>(".slot"));
    return kinds.map((kind) => slots.find((slot) => slot.dataset["kind"] === kind)?.dataset["title"] ?? kind);
  }

  private refused(problem: Problem, isFinal: boolean): HTMLElement | undefined {
    this.seat([]);
    this.compose(undefined);
    const lacking = this.lacking(problem);
    if (lacking.length > 0) {
      const said = t(`还缺材料：${lacking.join("、")}。`, `Documents still missing: ${lacking.join(", ")}.`);
      const found = this.blame(isFinal ? [{ field: "documents", detail: said }] : []);
      this.refuse(undefined);
      this.state(said);
      return found;
    }
    const field = typeof problem.field === "string" ? problem.field : problem.type.includes("document") ? "documents" : undefined;
    if (field !== undefined && (field === "at" || field.startsWith("documents") || find(this.form, field) !== undefined)) {
      const found = this.blame([{ field, detail: problem.detail }]);
      this.refuse(undefined);
      this.state(t("有 1 处要改。", "1 to be put right."));
      return found;
    }
    this.refuse(`${problem.title}：${problem.detail}`, isFinal);
    this.state(t("规则现在不允许登记。", "The rules do not allow it now."));
    return this.one("#refused") ?? undefined;
  }

  private refuse(said: string | undefined, isLoud = false): void {
    const line = this.one("#refused");
    if (line !== null && (line.textContent !== (said ?? "") || isLoud)) {
      line.hidden = said === undefined;
      line.textContent = said ?? "";
    }
  }

  private state(said: string): void {
    const line = this.one("#verdict-now");
    if (line !== null && line.textContent !== said) {
      line.textContent = said;
    }
  }

  private seat(seats: readonly Seat[]): void {
    const list = this.one("#seats");
    if (list !== null) {
      list.hidden = seats.length === 0;
      const line = (seat: Seat): HTMLElement => element("li", {}, `○ ${roleName(seat.role)}：`, element("bdi", {}, seat.name));
      refill(list, ...(seats.length === 0 ? [] : [element("li", {}, t("由这些人签署：", "To be signed by:"))]), ...seats.map(line));
    }
  }

  private compose(disclosure: string | undefined): void {
    const box = this.one("#composed");
    const text = box?.querySelector("pre");
    if (box !== null && text !== null && text !== undefined) {
      box.hidden = disclosure === undefined;
      text.textContent = disclosure === undefined ? "" : JSON.stringify(JSON.parse(disclosure), undefined, 1);
    }
  }

  // Check, sign, done.

  private async act(): Promise<void> {
    this.stopLooking();
    this.state(t("正在核对……", "Checking…"));
    await this.papers?.settled();
    const amiss = this.papers?.amiss();
    if (amiss !== undefined) {
      this.state(amiss.said);
      amiss.at.querySelector<HTMLElement>("button, input")?.focus();
      return;
    }
    const checked = await this.look(true);
    if (!("ready" in checked)) {
      this.goTo(checked.first);
      return;
    }
    const { statement, mine } = checked.ready;
    if (!mine) {
      await this.send({ statement });
      return;
    }
    const line = await signed(statement, (why) => {
      this.state(why);
      this.one("#go")?.focus();
    });
    if (line !== undefined) {
      const whole = note(statement, line);
      this.keepAll({ note: whole });
      await this.send({ note: whole });
    }
  }

  private async send(handed: Handed): Promise<void> {
    this.state(t("正在送出……", "Sending…"));
    const answer = await post<Drafted>("drafts", handed);
    if (answer.ok) {
      this.end();
      await forget(this.own);
      await this.done(answer.data);
      return;
    }
    const { problem } = answer;
    this.state("note" in handed ? t("已签名，但还没有送到。", "Signed, but not delivered yet.") : t("还没有送到。", "Not delivered yet."));
    this.refuse(`${problem.title}：${problem.detail}`, true);
    if ("note" in handed && (problem.status === 0 || problem.status >= 500)) {
      this.offerAgain(handed.note);
    } else {
      // What was signed can no longer enter: what was typed can be checked and signed anew.
      this.keepAll();
    }
    this.one("#refused")?.focus();
  }

  /** What was signed and did not arrive is sent again as it is: the same is never recorded twice. */
  private offerAgain(signed: string): void {
    const section = this.one("#check");
    if (section === null || section.querySelector("[data-again]") !== null) {
      return;
    }
    const again = element("button", { type: "button", "data-again": "" }, t("把已签名的再送一次", "Send what was signed again"));
    again.addEventListener("click", () => void this.send({ note: signed }));
    section.append(again);
  }

  private async done(drafted: Drafted): Promise<void> {
    const place = this.one("#done");
    if (place === null) {
      return;
    }
    refill(place, ...(await became(drafted, this.about.transaction)));
    place.hidden = false;
    this.form.hidden = true;
    const told = this.one("#kept");
    if (told !== null) {
      told.hidden = true;
    }
    place.focus();
    announce(place.querySelector("h2")?.textContent ?? "");
  }
}

/** Brings a page's form to life. */
export function fillIn(main: HTMLElement): Leave | undefined {
  const form = main.querySelector<HTMLFormElement>("form#record");
  if (form === null) {
    return undefined;
  }
  const sheet = new Sheet(main, form);
  sheet.begin();
  return () => sheet.end();
}

view("record", fillIn);
