// The page of keys: what this browser keeps, copies of it, import, replacing a key, and reporting one stolen.
import { element, refill } from "../page/element.ts";
import type { JsonObject } from "../verify/canonical.ts";
import { VerifierKey } from "../verify/key.ts";
import type { Member } from "../verify/roster.ts";
import { logText } from "../verify/time.ts";
import { alertLine, ask, cancelButton, field, passphraseField, progressBar, type Close } from "./dialog.ts";
import { hindrance, requestSignatures, rehearse, signAndSend, type Standing } from "./drafts.ts";
import { fingerprint, normalized, openKey, publicKeyOf, verifierKey } from "./key.ts";
import { known, type Known } from "./ledger.ts";
import { t } from "./language.ts";
import { makeKey, newPassphrase, requestCode } from "./making.ts";
import { exportFile, recoverySheet } from "./sheet.ts";
import { Unsignable } from "./sign.ts";
import { Cancelled, takeUp, unlockedOf, withKey, type Unlocked } from "./sitting.ts";
import { forget, keep, keysOf, type Kept } from "./store.ts";
import { errorText, problemText } from "./trouble.ts";
import { announce, at, slug, view } from "./view.ts";

type State = "active" | "waiting" | "ended" | "unknown";

function stateOf(kept: Kept, ledger: Known | undefined): State {
  const key = VerifierKey.parse(kept.key);
  if (ledger === undefined || key === undefined) {
    return "unknown";
  }
  if (ledger.keyOf(kept.member) === kept.key && ledger.rolesOf(kept.member).length > 0) {
    return "active";
  }
  return ledger.ownerOf(key.key.bytes) === undefined ? "waiting" : "ended";
}

function stateTag(state: State): HTMLElement {
  const [kind, zh, en] = {
    active: ["done", "在用", "in use"],
    waiting: ["again", "等待入册", "waiting to be enrolled"],
    ended: ["ended", "已停用", "no longer in use"],
    unknown: ["todo", "未核对", "not checked"],
  }[state] as [string, string, string];
  return element("span", { class: `tag ${kind}` }, t(zh, en));
}

function button(text: string, act: () => unknown, kind = ""): HTMLButtonElement {
  const made = element("button", { type: "button", ...(kind === "" ? {} : { class: kind }) }, text);
  made.addEventListener("click", () => void act());
  return made;
}

/** Whether it was taken is not known. */
class Unsure extends Error {}

/** The page while it is shown. */
class KeysPage {
  private readonly said = alertLine();

  constructor(
    private readonly place: HTMLElement,
    private ledger: Known | undefined,
  ) {}

  async show(): Promise<void> {
    const kept = await keysOf(slug());
    const cards = kept.map((one) => this.card(one));
    const none = t("这个浏览器里还没有本账本的钥匙。", "This browser keeps no key for this ledger.");
    const list = cards.length === 0 ? element("p", {}, none) : element("ul", { class: "cards" }, ...cards);
    const make = element("a", { class: "button", href: at("enrol") }, t("新做一把钥匙", "Make a new key"));
    const more = element("p", {}, make, button(t("导入钥匙", "Import a key"), () => this.importKey()));
    const active = kept.find((one) => stateOf(one, this.ledger) === "active");
    refill(this.place, this.said, list, more, ...this.care(active));
  }

  private tell(text: string, how: "alert" | "good" = "alert"): void {
    this.said.className = how;
    this.said.textContent = text;
    this.said.scrollIntoView({ block: "center" });
  }

  private card(kept: Kept): HTMLElement {
    const key = VerifierKey.parse(kept.key);
    const state = stateOf(kept, this.ledger);
    const card = element(
      "li",
      { class: "card", "data-key": kept.key },
      element("h3", {}, `${kept.name} `, element("bdi", { class: "id" }, kept.member), " ", stateTag(state)),
      element("p", { class: "small" }, t("指纹 ", "Fingerprint "), element("span", { class: "hash" }, key === undefined ? "" : fingerprint(key.key.bytes))),
    );
    if (state === "waiting") {
      card.append(...this.code(kept));
    }
    if (kept.copied !== true && state !== "ended") {
      card.append(element("p", { class: "training" }, t("还没有备份：浏览器一清空，钥匙就没了。请导出文件或打印恢复单。", "No copy yet: if the browser is cleared, the key is gone. Export the file or print the sheet.")));
    }
    const copied = async (): Promise<void> => {
      await keep({ ...kept, copied: true });
      await this.show();
    };
    card.append(
      element(
        "p",
        {},
        button(t("导出文件", "Export the file"), () => {
          exportFile(kept);
          announce(t("已保存两个文件：.key（加密的钥匙）和 .key.pub（公钥）。", "Two files were saved: .key (encrypted) and .key.pub."));
          return copied();
        }),
        button(t("打印恢复单", "Print the recovery sheet"), () => this.sheet(kept)),
        button(t("从本机删除", "Remove from this device"), () => this.remove(kept)),
      ),
    );
    return card;
  }

  private code(kept: Kept): Node[] {
    if (kept.code !== undefined) {
      const words = t("入册码（当面或打电话念给理事长和监事）：", "Code, to be read out to the chair and the supervisor:");
      return [element("p", {}, words), element("p", { class: "code" }, kept.code)];
    }
    if (kept.proof === undefined) {
      return [];
    }
    const again = button(t("取入册码", "Get the code"), async () => {
      const problem = await requestCode(kept);
      this.tell(problem ?? "");
      await this.show();
    });
    return [element("p", {}, again)];
  }

  private sheet(kept: Kept): void {
    const print = button(t("打印", "Print"), async () => {
      window.print();
      await keep({ ...kept, copied: true });
    });
    const back = button(t("返回", "Back"), () => {
      document.body.classList.remove("printing-sheet");
      return this.show();
    });
    const collective = document.querySelector("header .of")?.textContent?.trim() ?? "";
    document.body.classList.add("printing-sheet");
    refill(this.place, element("p", { class: "noprint" }, print, back), recoverySheet(kept, collective));
    print.focus();
  }

  private async remove(kept: Kept): Promise<void> {
    const sure = await ask<true>(t("从本机删除这把钥匙？", "Remove this key from this device?"), (close) => [
      element("p", {}, t("删了以后，没有导出的文件或恢复单就再也签不了名，只能请两位同事换钥匙。", "Without an exported file or a recovery sheet nobody can sign with it again; two colleagues would have to replace it.")),
      button(t("删除", "Remove"), () => close(true)),
      cancelButton(() => close(undefined)),
    ]);
    if (sure === true) {
      await forget(kept.key);
      await this.show();
    }
  }

  private async importKey(): Promise<void> {
    const ledger = this.ledger ?? (await known().catch((error: unknown) => this.tell(errorText(error))));
    if (ledger === undefined) {
      return;
    }
    this.ledger = ledger;
    const done = await ask<Imported>(t("导入钥匙", "Import a key"), (close) => importForm(ledger, close));
    if (done === undefined) {
      return;
    }
    const { kept, unlocked } = done;
    await keep(kept);
    // Whoever has just typed the passphrase is not asked for it again.
    const problem = stateOf(kept, ledger) === "active" ? await takeUp(unlocked) : undefined;
    await this.show();
    const said = t(`已导入：${kept.name}（${kept.member}）的钥匙。`, `Imported: the key of ${kept.name} (${kept.member}).`);
    const not = problem === undefined ? "" : t(`还没有登录：${problem}`, ` Not signed in yet: ${problem}`);
    this.tell(said + not, problem === undefined ? "good" : "alert");
  }

  /** Replacing a key, and reporting one stolen: each two clicks. */
  private care(active: Kept | undefined): Node[] {
    if (active === undefined) {
      return [this.lostWords()];
    }
    return [
      element("h2", {}, t("钥匙要换、可能被盗", "To replace a key, or report it stolen")),
      element(
        "p",
        {},
        button(t("更换我的钥匙", "Replace my key"), () => this.attempt(() => this.rotate(active)), "rotate"),
        button(t("我的钥匙可能被盗", "My key may be stolen"), () => this.attempt(() => this.stolen(active)), "stolen"),
      ),
      this.lostWords(),
    ];
  }

  private lostWords(): HTMLElement {
    const names = (this.ledger?.rosterRoles() ?? []).flatMap((role) => this.ledger?.holders(role) ?? []);
    const people = [...new Set(names)].map((id) => this.ledger?.member(id)?.name ?? id).join(t("、", ", "));
    const text = t(
      `钥匙丢了、口令忘了：先新做一把钥匙并取入册码，再请${people === "" ? "理事长和监事" : people}凭码更换。旧钥匙签过的仍然有效。`,
      `Lost the key or its passphrase: make a new key and get a code, then ask ${people === "" ? "the chair and the supervisor" : people} to replace the old one by that code. What the old one signed stays valid.`,
    );
    return element("p", { class: "small" }, text);
  }

  private async attempt(work: () => Promise<string | undefined>): Promise<void> {
    try {
      const said = await work();
      if (said !== undefined) {
        this.ledger = await known();
        await this.show();
        this.tell(said, "good");
      }
    } catch (error) {
      // What was refused was said in its dialog.
      this.tell(error instanceof Unsignable || error instanceof Cancelled ? t("没有签名。", "Nothing was signed.") : errorText(error));
    }
  }

  /** Who may sign it signs it; who may not asks those who may. */
  private async send(kind: string, body: JsonObject, member: string): Promise<Standing> {
    const rehearsed = await rehearse(kind, body);
    if (!rehearsed.ok) {
      const { problem } = rehearsed;
      const first = kind === "key_compromised" && problem.type === "urn:sanzi:unstaffed";
      throw new Error(first ? replaceFirst() : problemText(problem));
    }
    const { statement } = rehearsed.data;
    const mine = (this.ledger?.rosterRoles(member).length ?? 0) > 0;
    const answer = mine ? await signAndSend(statement, { kind, ...body }) : await requestSignatures(statement);
    if (!answer.ok) {
      const { status } = answer.problem;
      throw new (status === 0 || status >= 500 ? Unsure : Error)(problemText(answer.problem));
    }
    const hindered = hindrance(answer.data);
    if (hindered !== undefined) {
      throw new Unsure(hindered);
    }
    return answer.data;
  }

  private async rotate(active: Kept): Promise<string | undefined> {
    await withKey();
    const title = t("更换我的钥匙", "Replace my key");
    const made = await ask<Kept>(title, (close) =>
      newPassphrase(close, (passphrase, progress) => makeKey(active.key.slice(0, active.key.indexOf("+")), active.name, passphrase, progress)),
    );
    if (made === undefined) {
      return undefined;
    }
    const sending = this.send("key_rotated", { member: made.member, key: made.key }, active.member);
    const standing = await sending.catch(async (error: unknown) => {
      // Nobody will ever enrol it, unless it was sent and only the answer was lost.
      if (!(error instanceof Unsure)) {
        await forget(made.key);
      }
      throw error;
    });
    return standing.state === "entered"
      ? t("新钥匙已登记，从现在起用它签名。请马上备份，再删掉旧的。", "The new key is on the roster; sign with it from now on. Make a copy, then remove the old one.")
      : t("已发出，等其他人签名。登记完成以前仍用旧钥匙。", "Sent; others have to sign it. Until then the old key is in use.");
  }

  private async stolen(active: Kept): Promise<string | undefined> {
    await withKey();
    const title = t("我的钥匙可能被盗", "My key may be stolen");
    const body = await ask<Record<string, string>>(title, (close) => stolenForm(active, this.ledger?.member(active.member), close));
    if (body === undefined) {
      return undefined;
    }
    const standing = await this.send("key_compromised", body, active.member);
    return standing.state === "entered"
      ? t("这把钥匙已停用。请新做一把钥匙，取入册码。", "The key is out of use. Make a new one and get a code.")
      : t("已报失，等其他人签名；请马上打电话催他们签。", "Reported; others have to sign it: call them now.");
  }
}

/** Whoever alone can change the roster would lock everybody out by giving up the one key. */
function replaceFirst(): string {
  return t(
    "你的岗位只有你一个人，钥匙一停用就没人能改名册了。请先“更换我的钥匙”，登记后再回来把旧钥匙报失；请马上办。",
    "You alone hold your role: without your key nobody could change the roster. First “Replace my key”; once that is recorded come back and report the old key. Do so now.",
  );
}

/** Which of the keys that a member has used: the one in use first. */
function keyChoice(active: Kept, member: Member | undefined): [HTMLElement, HTMLSelectElement] {
  const used = (member?.keys ?? []).map((held) => held.key).filter((key) => key.text !== active.key);
  const select = element("select", {}, element("option", { value: active.key }, t("现在用的这把", "The one in use")));
  for (const key of used.reverse()) {
    select.append(element("option", { value: key.text }, t(`以前的，指纹 ${fingerprint(key.key.bytes)}`, `An older one, ${fingerprint(key.key.bytes)}`)));
  }
  const made = field(t("哪把钥匙", "Which key"), select);
  made.hidden = used.length === 0;
  return [made, select];
}

function stolenForm(active: Kept, member: Member | undefined, close: Close<Record<string, string>>): Node[] {
  const [which, key] = keyChoice(active, member);
  const now = new Date();
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  const since = element("input", { type: "datetime-local", value: local, max: local, required: "" });
  const reason = element("textarea", { required: "", rows: "2" });
  reason.value = t("钥匙可能落入他人之手", "The key may be in other hands");
  const form = element(
    "form",
    { class: "stolen" },
    element("p", {}, t("登记后这把钥匙立即停用；从下面的时间起，用它签过的会标上记号。", "Once recorded, the key is out of use; what it signed from this moment on is marked.")),
    which,
    field(t("最早从什么时候起可能在别人手里", "Since when it may have been in other hands"), since),
    field(t("原因（会公开，不要写个人隐私）", "Reason (public: nothing private)"), reason),
    element("button", { type: "submit", "data-first": "" }, t("核对并签名", "Check and sign")),
    cancelButton(() => close(undefined)),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // Whole minutes: now is never later than the log's clock by more than it lags behind.
    const seconds = Math.min(Math.floor(new Date(since.value).getTime() / 1000), Math.floor(Date.now() / 1000) - 1);
    close({ member: active.member, key: key.value, reason: reason.value.trim(), since: logText(seconds) });
  });
  return [form];
}

/** A key that was brought in, open as it is. */
interface Imported {
  readonly kept: Kept;
  readonly unlocked: Unlocked;
}

function importForm(ledger: Known, close: Close<Imported>): Node[] {
  const file = element("input", { type: "file", accept: ".key,.pem,text/plain", "data-first": "" });
  const pasted = element("textarea", { rows: "5", spellcheck: "false", autocomplete: "off" });
  const [secret, input] = passphraseField();
  const bar = progressBar(t("正在打开", "Opening"));
  const said = alertLine();
  const submit = element("button", { type: "submit" }, t("导入", "Import"));
  file.addEventListener("change", () => {
    void file.files?.[0]?.text().then((text) => (pasted.value = text));
  });
  const form = element(
    "form",
    { class: "import" },
    field(t("钥匙文件（.key）", "Key file (.key)"), file),
    field(t("或粘贴文件内容、恢复单上扫出的文字", "Or paste its text, as scanned from a recovery sheet"), pasted),
    secret,
    bar,
    said,
    submit,
    cancelButton(() => close(undefined)),
  );
  const open = async (): Promise<Imported> => {
    const pem = normalized(pasted.value);
    const seed = await openKey(pem, input.value, (done) => (bar.value = done));
    const publicKey = publicKeyOf(seed);
    const owner = ledger.ownerOf(publicKey);
    if (owner === undefined) {
      seed.fill(0);
      const found = fingerprint(publicKey);
      throw new Error(
        t(`口令对，但这把钥匙（指纹 ${found}）不在本账本的名册上。请核对是不是别的账本的；还没入册的请用“新做一把钥匙”。`, `The passphrase is right, but this key (fingerprint ${found}) is not on this ledger's roster. Is it another ledger's? If it is not enrolled yet, make a new key here.`),
      );
    }
    const [member, { name }] = owner;
    const key = verifierKey(`${ledger.ledger.origin}/${member}`, publicKey).text;
    const kept: Kept = { key, slug: slug(), member, name, pem, since: logText(Math.floor(Date.now() / 1000)), copied: true };
    return { kept, unlocked: await unlockedOf(seed, kept) };
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    [submit.disabled, bar.hidden, said.textContent] = [true, false, ""];
    open()
      .then(close, (error: unknown) => {
        said.textContent = errorText(error);
      })
      .finally(() => {
        [submit.disabled, bar.hidden] = [false, true];
      });
  });
  return [form];
}

view("keys", (main) => {
  const place = main.querySelector<HTMLElement>("#keys") ?? main;
  const page = new KeysPage(place, undefined);
  let left = false;
  void page.show();
  known().then(
    (ledger) => (left ? undefined : new KeysPage(place, ledger).show()),
    (error: unknown) => announce(errorText(error)),
  );
  return () => {
    left = true;
    document.body.classList.remove("printing-sheet");
  };
});
