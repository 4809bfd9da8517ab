// The key while it is unlocked: once per sitting, in this document's memory alone, locked when idle. Where the
// browser's own cryptography knows Ed25519, the key is held there, not extractable; else the seed is held here.
import { element, refill } from "../page/element.ts";
import { base64, concat, equal, utf8 } from "../verify/bytes.ts";
import { VerifierKey } from "../verify/key.ts";
import { onSignedOut, post, remove } from "./api.ts";
import { alertLine, ask, cancelButton, field, passphraseField, progressBar, type Close } from "./dialog.ts";
import { KeyFault, openKey, pkcs8, publicKeyOf, signWith } from "./key.ts";
import { known } from "./ledger.ts";
import { t } from "./language.ts";
import { keysOf, type Kept } from "./store.ts";
import { errorText, problemText } from "./trouble.ts";
import { announce, at, go, onShown, slug } from "./view.ts";

/** What somebody has unlocked. */
export interface Unlocked {
  readonly origin: string;
  readonly member: string;
  readonly name: string;
  readonly key: VerifierKey;
  /** The signature over a text. For sign.ts, which shows what is signed, and for what names its own purpose. */
  signature(text: string): Promise<Uint8Array>;
}

/** Somebody chose not to: nothing was signed, and nothing is wrong. */
export class Cancelled extends Error {
  constructor() {
    super(t("已取消，什么都没有签。", "Cancelled; nothing was signed."));
    this.name = "Cancelled";
  }
}

/** Locked after so long without a key or a finger. */
const IDLE_MILLISECONDS = 15 * 60_000;

/** Which key was used last, of several. */
const LAST = "sanzi-desk-last";

let held: Unlocked | undefined;
let asking: Promise<Unlocked> | undefined;
let seen = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
const channel = typeof BroadcastChannel === "function" ? new BroadcastChannel("sanzi-desk") : undefined;

type Signer = (message: Uint8Array) => Promise<Uint8Array>;

/** Takes a seed in; the bytes given are wiped. */
async function signerOf(seed: Uint8Array): Promise<Signer> {
  const plain = pkcs8(seed);
  try {
    const key = await crypto.subtle.importKey("pkcs8", plain as BufferSource, "Ed25519", false, ["sign"]);
    return async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, message as BufferSource));
  } catch {
    // An older browser, or plain HTTP: there the seed itself is kept.
    const own = seed.slice();
    return (message) => Promise.resolve(signWith(own, message));
  } finally {
    plain.fill(0);
    seed.fill(0);
  }
}

/** Makes an unlocked key of a seed, which is wiped. */
export async function unlockedOf(seed: Uint8Array, kept: Pick<Kept, "key" | "name">): Promise<Unlocked> {
  const key = VerifierKey.parse(kept.key);
  const own = publicKeyOf(seed);
  if (key === undefined || !equal(key.key.bytes, own)) {
    seed.fill(0);
    throw new KeyFault("damaged", "文件里的是另一把钥匙，可能已损坏", "the file holds another key; it may be damaged");
  }
  const signer = await signerOf(seed);
  const slash = key.name.lastIndexOf("/");
  return {
    origin: key.name.slice(0, slash),
    member: key.name.slice(slash + 1),
    name: kept.name,
    key,
    async signature(text) {
      const message = utf8(text);
      const signature = await signer(message);
      // A fault of the machine would give the seed away, or a signature that nobody accepts.
      if (!key.key.verifies(message, signature)) {
        throw new Error(t("签名自检不通过，没有签。请换一台设备。", "The signature does not verify; nothing was signed. Use another device."));
      }
      return signature;
    },
  };
}

/** The note line of a text. */
export async function lineOf(key: Unlocked, text: string): Promise<string> {
  return `— ${key.key.name} ${base64(concat(key.key.id, await key.signature(text)))}`;
}

/** The unlocked key, if there is one. */
export function unlocked(): Unlocked | undefined {
  return held;
}

function watch(): void {
  clearTimeout(timer);
  if (held === undefined) {
    return;
  }
  const left = seen + IDLE_MILLISECONDS - Date.now();
  if (left <= 0) {
    lock();
    announce(t("15 分钟没有操作，钥匙已锁上；填写的内容还在。", "Locked after 15 minutes without use; what was typed is still here."));
    return;
  }
  timer = setTimeout(watch, left);
}

/** Forgets the key. What is typed stays. */
export function lock(): void {
  held = undefined;
  clearTimeout(timer);
  showState();
}

/** Locks here and in every other window, and ends the session. */
export async function leaveDesk(): Promise<void> {
  lock();
  channel?.postMessage("lock");
  await remove("session");
  await go(at(""));
}

function hold(key: Unlocked): void {
  held = key;
  seen = Date.now();
  try {
    localStorage.setItem(LAST, key.key.text);
  } catch {
    // Then the first is offered.
  }
  watch();
  showState();
}

const CHALLENGE = /^sanzi-desk-sign-in-v1\n([^\n]+)\n([^\n]+)\n\d{1,12}\n[0-9a-f]{32,128}\n$/;

/** Signs in by a challenge that names this ledger and this site; gives a problem's text if it does not come to it. */
async function signInAs(key: Unlocked): Promise<string | undefined> {
  const asked = await post<{ readonly challenge: string }>("challenge", { member: key.member });
  if (!asked.ok) {
    return problemText(asked.problem);
  }
  const { challenge } = asked.data;
  const [, origin, host] = CHALLENGE.exec(challenge) ?? [];
  if (origin !== key.origin || host !== location.host) {
    return t(
      `服务器要签的登录话不是给这个账本、这个网址的，没有签：${challenge.slice(0, 200)}`,
      `The server asked to sign in elsewhere; nothing was signed: ${challenge.slice(0, 200)}`,
    );
  }
  const signature = base64(await key.signature(challenge));
  const answer = await post("session", { key: key.key.text, challenge, signature });
  return answer.ok ? undefined : problemText(answer.problem);
}

/** Goes on with a key that its passphrase has just opened: signs in and holds it, or says why not. */
export async function takeUp(key: Unlocked): Promise<string | undefined> {
  const problem = await signInAs(key);
  if (problem === undefined) {
    hold(key);
  }
  return problem;
}

function chooser(kept: readonly Kept[]): [HTMLElement, () => Kept] {
  const select = element("select", {});
  let last: string | null = null;
  try {
    last = localStorage.getItem(LAST);
  } catch {
    // Then the first is offered.
  }
  kept.forEach((one, at) => {
    const option = element("option", { value: String(at) }, `${one.name}（${one.member}） ${one.since.slice(0, 10)}`);
    option.selected = one.key === last;
    select.append(option);
  });
  const made = field(t("用谁的钥匙", "Whose key"), select);
  made.hidden = kept.length === 1;
  return [made, () => kept[select.selectedIndex] ?? (kept[0] as Kept)];
}

function noKeyYet(close: Close<Unlocked>): Node[] {
  const link = element("a", { href: at("keys"), class: "button", "data-first": "" }, t("去准备钥匙", "Get a key ready"));
  link.addEventListener("click", () => close(undefined));
  const why = t("这个浏览器里还没有本账本的钥匙。", "This browser keeps no key for this ledger yet.");
  return [element("p", {}, why), link, cancelButton(() => close(undefined))];
}

function unlockForm(kept: readonly Kept[], close: Close<Unlocked>): Node[] {
  const [choice, chosen] = chooser(kept);
  const [secret, input] = passphraseField();
  input.dataset["first"] = "";
  const bar = progressBar(t("正在解锁", "Unlocking"));
  const said = alertLine();
  const button = element("button", { type: "submit" }, t("解锁", "Unlock"));
  const form = element("form", { class: "unlock" }, choice, secret, bar, said, button, cancelButton(() => close(undefined)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    bar.hidden = false;
    said.textContent = "";
    void open(chosen(), input.value, (done) => (bar.value = done))
      .then(close, (error: unknown) => {
        said.textContent = errorText(error);
        input.select();
        input.focus();
      })
      .finally(() => {
        button.disabled = false;
        bar.hidden = true;
      });
  });
  return [form];
}

async function open(kept: Kept, passphrase: string, progress: (done: number) => void): Promise<Unlocked> {
  const key = await unlockedOf(await openKey(kept.pem, passphrase, progress), kept);
  const problem = await signInAs(key);
  if (problem !== undefined) {
    throw new Error(problem);
  }
  return key;
}

/** The keys that can sign in: those on the roster, as far as that can be told now. */
async function usable(): Promise<Kept[]> {
  const kept = await keysOf(slug());
  if (kept.length < 2) {
    return kept;
  }
  const ledger = await known().catch(() => undefined);
  const active = kept.filter((one) => ledger?.keyOf(one.member) === one.key);
  return active.length > 0 ? active : kept;
}

async function askForKey(): Promise<Unlocked> {
  const kept = await usable();
  const title = t("用口令解锁钥匙", "Unlock your key");
  const key = await ask<Unlocked>(title, (close) => (kept.length === 0 ? noKeyYet(close) : unlockForm(kept, close)));
  if (key === undefined) {
    throw new Cancelled();
  }
  hold(key);
  return key;
}

/** The unlocked key; asks for key and passphrase, and signs in, if there is none. Rejects with `Cancelled`. */
export function withKey(): Promise<Unlocked> {
  watch();
  if (held !== undefined) {
    return Promise.resolve(held);
  }
  asking ??= askForKey().finally(() => (asking = undefined));
  return asking;
}

/** The line in the desk's navigation: whose key is unlocked, and the way to lock it. */
function showState(): void {
  const nav = document.querySelector(".desk-nav");
  if (nav === null) {
    return;
  }
  const old = nav.querySelector("#desk-key");
  const place = old ?? element("span", { id: "desk-key" });
  if (held === undefined) {
    refill(place, element("span", { class: "tag" }, t("钥匙已锁", "Key locked")));
  } else {
    const button = element("button", { type: "button" }, t("锁上并退出", "Lock and leave"));
    button.addEventListener("click", () => void leaveDesk());
    refill(place, element("span", { class: "tag done" }, `${held.name}${t(" 已解锁", " unlocked")}`), " ", button);
  }
  if (old === null) {
    nav.append(place);
  }
}

let renewing: Promise<boolean> | undefined;

/** The session has ended: signs in again with the key that is unlocked, or asks for one. */
function renew(): Promise<boolean> {
  const again = async (): Promise<boolean> => {
    if (held !== undefined) {
      const problem = await signInAs(held);
      if (problem === undefined) {
        return true;
      }
      // Replaced, perhaps, or its roles have ended: another key may do.
      lock();
      announce(problem);
    }
    return withKey().then(
      () => true,
      () => false,
    );
  };
  renewing ??= again().finally(() => (renewing = undefined));
  return renewing;
}

onSignedOut(renew);
onShown(showState);
if (channel !== undefined) {
  channel.onmessage = () => lock();
}
for (const sign of ["pointerdown", "keydown", "touchstart", "wheel"]) {
  document.addEventListener(
    sign,
    () => {
      // Timers sleep with the machine: what woke it must not unlock it.
      watch();
      seen = held === undefined ? 0 : Date.now();
    },
    { capture: true, passive: true },
  );
}
document.addEventListener("visibilitychange", watch);
// A page that the browser keeps to go back to would keep the key, too.
window.addEventListener("pagehide", lock);
