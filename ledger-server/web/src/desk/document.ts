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
  commitment?: string;
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

/** Where documents are put, and what becomes of them. */
export function documents(form: HTMLFormElement, changed: () => void): Papers {
  const papers: Paper[] = [];
  const underWay = new Set<Promise<void>>();
  const largest = Number(form.dataset["largest"]);
  const readers = (): string[] => {
    const ticked = form.querySelectorAll<HTMLInputElement>('input[name="readers"]:checked');
    return Array.from(ticked).map((reader) => reader.value);
  };

  const say = (paper: Paper, text: string, isFault = false): void => {
    paper.said.textContent = text;
    paper.said.className = isFault ? "fault" : "hint";
  };

  const settle = (paper: Paper): void => {
    const cleanedOf = paper.isPhoto ? t("照片里的位置、时间、机型等信息已去掉。", "The photograph’s place, time and device were taken out. ") : "";
    const mark = paper.commitment === undefined ? `SHA-256 ${grouped(paper.sha256)}` : t(`承诺 ${grouped(paper.commitment)}`, `commitment ${grouped(paper.commitment)}`);
    const where = paper.isPrivate ? t("不公开", "private") : t("公开", "public");
    say(paper, `✓ ${t("已存好", "kept")}（${where}，${bytes(paper.size)}）。${cleanedOf}${mark}`);
  };

  const failed = (paper: Paper, text: string, again?: () => void): void => {
    paper.state = "failed";
    say(paper, `✕ ${text} `, true);
    if (again !== undefined) {
      const button = element("button", { type: "button" }, t("再试一次", "Try again"));
      button.addEventListener("click", again);
      paper.said.append(button);
    }
    changed();
  };

  const send = async (paper: Paper): Promise<void> => {
    const mine = ++paper.turn;
    const retry = (): void => start(paper);
    const { blob } = paper;
    if (blob === undefined) {
      return;
    }
    paper.state = "busy";
    say(paper, t("正在计算摘要……", "Hashing…"));
    let sum: Uint8Array;
    try {
      sum = await digest(blob, (share) => say(paper, t(`正在计算摘要 ${Math.round(share * 100)}%`, `Hashing ${Math.round(share * 100)}%`)));
    } catch {
      failed(paper, t("读不了这个文件：它可能已被移走或改动。请重新选。", "The file cannot be read: it may have been moved or changed. Choose it again."));
      return;
    }
    if (mine !== paper.turn) {
      return;
    }
    paper.size = blob.size;
    paper.sha256 = hex(sum);
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
    const promised = paper.isPrivate ? commitment(salt, sum) : undefined;
    say(paper, t("正在交存……", "Handing it in…"));
    const answer =
      promised === undefined
        ? await put(`documents/${paper.sha256}`, blob)
        : await put(`private/${promised}`, new Blob([salt, blob]));
    if (mine !== paper.turn) {
      return;
    }
    if (!answer.ok) {
      failed(paper, `${answer.problem.title}：${answer.problem.detail}`, retry);
      return;
    }
    if (promised === undefined) {
      delete paper.commitment;
    } else {
      paper.commitment = promised;
    }
    paper.state = "there";
    settle(paper);
    changed();
  };

  const start = (paper: Paper): void => {
    const going = send(paper).finally(() => underWay.delete(going));
    underWay.add(going);
  };

  const take = async (paper: Paper, file: File): Promise<void> => {
    const tooLarge = (size: number): string =>
      t(
        `「${file.name}」有 ${bytes(size)}，超过每份 ${bytes(largest)} 的上限，没有交存。请分成几份，或压缩后再选；别的内容都还在。`,
        `“${file.name}” has ${bytes(size)}, more than the ${bytes(largest)} that each may have, and was not handed in. Split or compress it; all else is still here.`,
      );
    if (file.size === 0) {
      failed(paper, t("这个文件是空的，请重新选。", "The file is empty: choose another."));
      return;
    }
    if (file.size > largest) {
      failed(paper, tooLarge(file.size));
      return;
    }
    try {
      const clean = await cleaned(file);
      if (clean.blob.size > largest) {
        failed(paper, tooLarge(clean.blob.size));
        return;
      }
      paper.blob = clean.blob;
      paper.isPhoto = clean.isPhoto;
    } catch (error) {
      const said =
        error instanceof Unreadable
          ? t(
              "这个浏览器打不开这张照片，去不掉里面的位置信息，所以没有交存。请存成 JPEG、PNG 或 PDF 再选。",
              "This browser cannot open the photograph, and so cannot take its place out: it was not handed in. Save it as JPEG, PNG or PDF.",
            )
          : t("读不了这个文件，请重新选。", "The file cannot be read: choose it again.");
      failed(paper, said);
      return;
    }
    await send(paper);
  };

  const row = (slot: HTMLElement, file: string, isPrivate: boolean): Paper => {
    const said = element("p", { class: "hint", role: "status" });
    const line = element("li", { class: "paper" });
    const title = slot.dataset["title"] ?? "";
    const paper: Paper = { slot, file, row: line, said, title, isPrivate, isPhoto: false, size: 0, sha256: "", state: "busy", turn: 0 };
    const mark = `paper-${papers.length}-${Date.now()}`;
    line.append(element("strong", {}, element("bdi", {}, file)));
    if (title === "") {
      const name = element("input", { id: `${mark}-title`, type: "text", autocomplete: "off" });
      name.addEventListener("input", () => {
        paper.title = name.value.trim();
        changed();
      });
      line.append(element("label", { for: `${mark}-title` }, t("材料名称（会公开）", "Its name, which is public")), name);
    }
    const options = element("div", { class: "options", role: "radiogroup", "aria-label": t("公开还是不公开", "Public or private") });
    for (const [value, label] of [
      [false, t("公开", "public")],
      [true, t("不公开，账本里只写名称和承诺", "private: the log has its name and a commitment")],
    ] as const) {
      const radio = element("input", { type: "radio", name: mark });
      radio.checked = value === isPrivate;
      radio.addEventListener("change", () => {
        if (paper.blob === undefined) {
          // After a reload only the server has it.
          radio.checked = false;
          (options.querySelectorAll("input")[paper.isPrivate ? 1 : 0] as HTMLInputElement).checked = true;
          say(paper, t("要改成公开或不公开，请删去后重新选文件。", "To change that, remove it and choose the file again."), true);
          return;
        }
        paper.isPrivate = value;
        start(paper);
      });
      options.append(element("label", { class: "choice" }, radio, " ", element("span", {}, label)));
    }
    const remove = element("button", { type: "button" }, t("删去", "Remove"));
    remove.addEventListener("click", () => {
      paper.turn += 1;
      papers.splice(papers.indexOf(paper), 1);
      line.remove();
      slot.querySelector<HTMLElement>("input[type='file']")?.focus();
      changed();
    });
    line.append(options, said, remove);
    slot.querySelector("ul")?.append(line);
    papers.push(paper);
    return paper;
  };

  const add = (slot: HTMLElement, files: Iterable<File>): void => {
    for (const file of Array.from(files)) {
      const paper = row(slot, file.name, slot.dataset["private"] === "true");
      const going = take(paper, file).finally(() => underWay.delete(going));
      underWay.add(going);
    }
    changed();
  };

  const equip = (slot: HTMLElement): void => {
    const place = slot.querySelector("[data-put]");
    const heading = slot.querySelector("h3")?.id ?? "";
    if (place === null) {
      return;
    }
    const picker = (label: string, attributes: Readonly<Record<string, string>>): HTMLElement => {
      const input = element("input", { type: "file", class: "picker", "aria-describedby": heading, ...attributes });
      input.addEventListener("change", () => {
        add(slot, input.files ?? []);
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
      add(slot, event.dataTransfer?.files ?? []);
    });
  };

  const slots = Array.from(form.querySelectorAll<HTMLElement>(".slot"));
  slots.forEach(equip);

  const named = (paper: Paper): string => {
    const same = papers.filter((other) => other.slot === paper.slot && other.title === paper.title);
    const place = same.indexOf(paper);
    return place > 0 ? `${paper.title}（${place + 1}）` : paper.title;
  };
  const there = (): Paper[] => papers.filter((paper) => paper.state === "there");
  return {
    collect: () =>
      there().map((paper): Typed => {
        const kind = paper.slot.dataset["kind"] === "" ? "other" : (paper.slot.dataset["kind"] ?? "");
        const common = { kind, title: named(paper) };
        return paper.commitment === undefined
          ? ({ access: "public", ...common, sha256: paper.sha256, size_bytes: paper.size } as unknown as Typed)
          : { access: "private", ...common, commitment: paper.commitment, readers: readers() };
      }),
    keep: () =>
      there().map((paper) => ({
        slot: paper.slot.dataset["kind"] ?? "",
        title: paper.title,
        file: paper.file,
        size: paper.size,
        sha256: paper.sha256,
        ...(paper.commitment === undefined ? {} : { commitment: paper.commitment }),
      })),
    restore: (kept) => {
      for (const one of kept) {
        const slot = slots.find((slot) => slot.dataset["kind"] === one.slot);
        if (slot !== undefined) {
          const paper = row(slot, one.file, one.commitment !== undefined);
          const title = paper.row.querySelector<HTMLInputElement>('input[type="text"]');
          if (title !== null) {
            title.value = one.title;
          }
          Object.assign(paper, { ...one, slot, state: "there" });
          settle(paper);
        }
      }
    },
    settled: async () => {
      while (underWay.size > 0) {
        await Promise.all(Array.from(underWay));
      }
    },
    amiss: () => {
      const failing = papers.find((paper) => paper.state === "failed");
      if (failing !== undefined) {
        return { said: t(`材料「${failing.file}」没有交存成功，请再试一次或删去。`, `“${failing.file}” was not handed in: try again, or remove it.`), at: failing.row };
      }
      const nameless = papers.find((paper) => paper.title === "");
      if (nameless !== undefined) {
        return { said: t(`请给材料「${nameless.file}」写个名称。`, `Give “${nameless.file}” a name.`), at: nameless.row };
      }
      return undefined;
    },
  };
}
