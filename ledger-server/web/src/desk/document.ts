// The documents of a form: chosen, photographed or dragged in; cleaned, hashed and handed in right away, so
// that a reload loses none. What the event names is the digest, or for a private one the commitment.
import { element, refill } from "../page/element.ts";
import { put } from "./api.ts";
import { commitment, digest, hex } from "./digest.ts";
import type { KeptDocument, Typed } from "./kept.ts";
import { t } from "./language.ts";
import { cleaned, Unreadable } from "./photo.ts";

const SALT_BYTES = 32;

/** A document on its way. */
interface Paper {
  readonly slot: HTMLElement;
  readonly file: string;
  readonly row: HTMLLIElement;
  readonly said: HTMLParagraphElement;
  title: string;
  isPrivate: boolean;
  /** What is handed in; gone after a reload, when the server has it. */
  blob?: Blob;
  isPhoto: boolean;
  size: number;
  sha256: string;
  commitment: string | undefined;
  state: "busy" | "there" | "failed";
  /** Which attempt it is: an older one that ends later changes nothing. */
  turn: number;
}

/** The documents of a form. */
export interface Papers {
  /** As the event names them. */
  collect(): Typed[];
  keep(): KeptDocument[];
  restore(kept: readonly KeptDocument[]): void;
  /** Resolves when nothing is on its way. */
  settled(): Promise<void>;
  /** What stands in the way of signing. */
  amiss(): { readonly said: string; readonly at: HTMLElement } | undefined;
}

function grouped(text: string): string {
  return (text.match(/.{1,4}/g) ?? []).join(" ");
}

function bytes(size: number): string {
  return size < 1 << 20 ? `${Math.max(1, Math.round(size / 1024))} KiB` : `${(size / (1 << 20)).toFixed(1)} MiB`;
}

/** Where a document is on its way to, in words, with what was taken out of it. */
function told(paper: Paper): string {
  const cleanedOf = paper.isPhoto ? t("照片里的位置、时间、机型等信息已去掉。", "The photograph’s place, time and device were taken out. ") : "";
  const promised = paper.commitment;
  const mark = promised === undefined ? `SHA-256 ${grouped(paper.sha256)}` : t(`承诺 ${grouped(promised)}`, `commitment ${grouped(promised)}`);
  const where = paper.isPrivate ? t("不公开", "private") : t("公开", "public");
  return `✓ ${t("已存好", "kept")}（${where}，${bytes(paper.size)}）。${cleanedOf}${mark}`;
}

function tooLarge(file: string, size: number, largest: number): string {
  return t(
    `「${file}」有 ${bytes(size)}，超过每份 ${bytes(largest)} 的上限，没有交存。请分成几份，或压缩后再选；别的内容都还在。`,
    `“${file}” has ${bytes(size)}, more than the ${bytes(largest)} that each may have, and was not handed in. Split or compress it; all else is still here.`,
  );
}

function unopened(error: unknown): string {
  return error instanceof Unreadable
    ? t(
        "这个浏览器打不开这张照片，去不掉里面的位置信息，所以没有交存。请存成 JPEG、PNG 或 PDF 再选。",
        "This browser cannot open the photograph, and so cannot take its place out: it was not handed in. Save it as JPEG, PNG or PDF.",
      )
    : t("读不了这个文件，请重新选。", "The file cannot be read: choose it again.");
}

function say(paper: Paper, text: string, isFault = false): void {
  paper.said.textContent = text;
  paper.said.className = isFault ? "fault" : "hint";
}

class Folder implements Papers {
  private readonly papers: Paper[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private readonly largest: number;
  private readonly slots: HTMLElement[];

  constructor(
    private readonly form: HTMLFormElement,
    private readonly changed: () => void,
  ) {
    this.largest = Number(form.dataset["largest"]);
    this.slots = Array.from(form.querySelectorAll<HTMLElement>(".slot"));
    this.slots.forEach((slot) => this.equip(slot));
  }

  // What becomes of one.

  private begin(going: Promise<void>): void {
    const whole = going.finally(() => this.underWay.delete(whole));
    this.underWay.add(whole);
  }

  private fail(paper: Paper, text: string, again?: () => void): void {
    paper.state = "failed";
    say(paper, `✕ ${text} `, true);
    if (again !== undefined) {
      const button = element("button", { type: "button" }, t("再试一次", "Try again"));
      button.addEventListener("click", again);
      paper.said.append(button);
    }
    this.changed();
  }

  private async take(paper: Paper, file: File): Promise<void> {
    if (file.size === 0) {
      this.fail(paper, t("这个文件是空的，请重新选。", "The file is empty: choose another."));
      return;
    }
    if (file.size > this.largest) {
      this.fail(paper, tooLarge(file.name, file.size, this.largest));
      return;
    }
    try {
      const { blob, isPhoto } = await cleaned(file);
      paper.blob = blob;
      paper.isPhoto = isPhoto;
    } catch (error) {
      this.fail(paper, unopened(error));
      return;
    }
    if (paper.blob.size > this.largest) {
      this.fail(paper, tooLarge(file.name, paper.blob.size, this.largest));
      return;
    }
    await this.send(paper);
  }

  private async send(paper: Paper): Promise<void> {
    const mine = ++paper.turn;
    const { blob, isPrivate } = paper;
    if (blob === undefined) {
      return;
    }
    paper.state = "busy";
    const progress = (share: number): void => say(paper, t(`正在计算摘要 ${Math.round(share * 100)}%`, `Hashing ${Math.round(share * 100)}%`));
    let sum: Uint8Array;
    try {
      sum = await digest(blob, progress);
    } catch {
      this.fail(paper, t("读不了这个文件：它可能已被移走或改动。请重新选。", "The file cannot be read: it may have been moved or changed. Choose it again."));
      return;
    }
    if (mine !== paper.turn) {
      return;
    }
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
    const promised = isPrivate ? commitment(salt, sum) : undefined;
    say(paper, t("正在交存……", "Handing it in…"));
    const handed = promised === undefined ? put(`documents/${hex(sum)}`, blob) : put(`private/${promised}`, new Blob([salt, blob]));
    const answer = await handed;
    if (mine !== paper.turn) {
      return;
    }
    if (!answer.ok) {
      this.fail(paper, `${answer.problem.title}：${answer.problem.detail}`, () => this.begin(this.send(paper)));
      return;
    }
    Object.assign(paper, { commitment: promised, sha256: hex(sum), size: blob.size, state: "there" });
    say(paper, told(paper));
    this.changed();
  }

  // What is shown of it.

  private row(slot: HTMLElement, file: string, isPrivate: boolean): Paper {
    const said = element("p", { class: "hint", role: "status" });
    const row = element("li", { class: "paper" });
    const title = slot.dataset["title"] ?? "";
    const paper: Paper = { slot, file, row, said, title, isPrivate, isPhoto: false, size: 0, sha256: "", commitment: undefined, state: "busy", turn: 0 };
    const mark = `paper-${this.papers.length}-${Date.now()}`;
    row.append(element("strong", {}, element("bdi", {}, file)));
    if (title === "") {
      const name = element("input", { id: `${mark}-title`, type: "text", autocomplete: "off" });
      name.addEventListener("input", () => {
        paper.title = name.value.trim();
        this.changed();
      });
      row.append(element("label", { for: `${mark}-title` }, t("材料名称（会公开）", "Its name, which is public")), name);
    }
    const remove = element("button", { type: "button" }, t("删去", "Remove"));
    remove.addEventListener("click", () => this.remove(paper));
    row.append(this.access(paper, mark), said, remove);
    slot.querySelector("ul")?.append(row);
    this.papers.push(paper);
    return paper;
  }

  private access(paper: Paper, mark: string): HTMLElement {
    const options = element("div", { class: "options", role: "radiogroup", "aria-label": t("公开还是不公开", "Public or private") });
    const labels = [t("公开", "public"), t("不公开，账本里只写名称和承诺", "private: the log has its name and a commitment")];
    const radios = labels.map((label, place) => {
      const radio = element("input", { type: "radio", name: mark });
      radio.checked = (place === 1) === paper.isPrivate;
      options.append(element("label", { class: "choice" }, radio, " ", element("span", {}, label)));
      return radio;
    });
    radios.forEach((radio, place) =>
      radio.addEventListener("change", () => {
        if (paper.blob === undefined) {
          // After a reload only the server has it.
          radios.forEach((other, at) => (other.checked = (at === 1) === paper.isPrivate));
          say(paper, t("要改成公开或不公开，请删去后重新选文件。", "To change that, remove it and choose the file again."), true);
          return;
        }
        paper.isPrivate = place === 1;
        this.begin(this.send(paper));
      }),
    );
    return options;
  }

  private remove(paper: Paper): void {
    paper.turn += 1;
    this.papers.splice(this.papers.indexOf(paper), 1);
    paper.row.remove();
    paper.slot.querySelector<HTMLElement>("input[type='file']")?.focus();
    this.changed();
  }

  private add(slot: HTMLElement, files: Iterable<File>): void {
    for (const file of Array.from(files)) {
      const paper = this.row(slot, file.name, slot.dataset["private"] === "true");
      this.begin(this.take(paper, file));
    }
    this.changed();
  }

  private equip(slot: HTMLElement): void {
    const place = slot.querySelector("[data-put]");
    const heading = slot.querySelector("h3")?.id ?? "";
    if (place === null) {
      return;
    }
    const picker = (label: string, attributes: Readonly<Record<string, string>>): HTMLElement => {
      const input = element("input", { type: "file", class: "picker", "aria-describedby": heading, ...attributes });
      input.addEventListener("change", () => {
        this.add(slot, input.files ?? []);
        input.value = "";
      });
      return element("label", { class: "button pick" }, input, label);
    };
    const choose = picker(t("选文件", "Choose a file"), { multiple: "" });
    const camera = picker(t("拍照", "Take a photograph"), { accept: "image/*", capture: "environment" });
    refill(place, choose, camera, element("ul", { class: "plain papers" }));
    slot.addEventListener("dragover", (event) => {
      event.preventDefault();
      slot.classList.add("over");
    });
    slot.addEventListener("dragleave", () => slot.classList.remove("over"));
    slot.addEventListener("drop", (event) => {
      event.preventDefault();
      slot.classList.remove("over");
      this.add(slot, event.dataTransfer?.files ?? []);
    });
  }

  // What the form asks.

  private there(): Paper[] {
    return this.papers.filter((paper) => paper.state === "there");
  }

  private titled(paper: Paper): string {
    const same = this.papers.filter((other) => other.slot === paper.slot && other.title === paper.title);
    const place = same.indexOf(paper);
    return place > 0 ? `${paper.title}（${place + 1}）` : paper.title;
  }

  collect(): Typed[] {
    const ticked = this.form.querySelectorAll<HTMLInputElement>('input[name="readers"]:checked');
    const readers = Array.from(ticked).map((reader) => reader.value);
    return this.there().map((paper): Typed => {
      const kind = paper.slot.dataset["kind"] === "" ? "other" : (paper.slot.dataset["kind"] ?? "");
      const common = { kind, title: this.titled(paper) };
      return paper.commitment === undefined
        ? { access: "public", ...common, sha256: paper.sha256, size_bytes: paper.size }
        : { access: "private", ...common, commitment: paper.commitment, readers };
    });
  }

  keep(): KeptDocument[] {
    return this.there().map(({ slot, title, file, size, sha256, isPhoto, commitment }) => ({
      slot: slot.dataset["kind"] ?? "",
      title,
      file,
      size,
      sha256,
      isPhoto,
      ...(commitment === undefined ? {} : { commitment }),
    }));
  }

  restore(kept: readonly KeptDocument[]): void {
    for (const one of kept) {
      const slot = this.slots.find((slot) => slot.dataset["kind"] === one.slot);
      if (slot !== undefined) {
        const paper = this.row(slot, one.file, one.commitment !== undefined);
        const title = paper.row.querySelector<HTMLInputElement>('input[type="text"]');
        if (title !== null) {
          title.value = one.title;
        }
        Object.assign(paper, { ...one, slot, state: "there" });
        say(paper, told(paper));
      }
    }
  }

  async settled(): Promise<void> {
    while (this.underWay.size > 0) {
      await Promise.all(Array.from(this.underWay));
    }
  }

  amiss(): { readonly said: string; readonly at: HTMLElement } | undefined {
    const failing = this.papers.find((paper) => paper.state === "failed");
    if (failing !== undefined) {
      return { said: t(`材料「${failing.file}」没有交存成功，请再试一次或删去。`, `“${failing.file}” was not handed in: try again, or remove it.`), at: failing.row };
    }
    const nameless = this.papers.find((paper) => paper.title === "");
    if (nameless !== undefined) {
      return { said: t(`请给材料「${nameless.file}」写个名称。`, `Give “${nameless.file}” a name.`), at: nameless.row };
    }
    return undefined;
  }
}

/** Takes in documents where the form has room for them. */
export function documents(form: HTMLFormElement, changed: () => void): Papers {
  return new Folder(form, changed);
}
