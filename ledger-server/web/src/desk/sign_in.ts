// The page for whoever has not signed in, or no longer is: who still has the key unlocked is signed in again;
// for anybody else one button, and the ways to a key.
import { element, refill } from "../page/element.ts";
import { alertLine } from "./dialog.ts";
import { t } from "./language.ts";
import { lock, takeUp, unlocked, withKey } from "./sitting.ts";
import { keysOf } from "./store.ts";
import { errorText } from "./trouble.ts";
import { at, reload, slug, view } from "./view.ts";

/** How long nobody is signed in again unasked, in milliseconds: a browser that takes no cookie never will be. */
const PATIENCE = 10_000;
let tried = 0;

function offer(place: HTMLElement, why = ""): void {
  const said = alertLine();
  said.textContent = why;
  const button = element("button", { type: "submit" }, t("解锁钥匙并登录", "Unlock the key and sign in"));
  const form = element("form", {}, said, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // The server does not take what may still be unlocked here: a new sitting begins.
    lock();
    said.textContent = "";
    withKey().then(
      () => reload(),
      (error: unknown) => {
        said.textContent = errorText(error);
      },
    );
  });
  const keys = element("a", { class: "button", href: at("keys") }, t("导入钥匙", "Import a key"));
  const enrol = element("a", { class: "button", href: at("enrol") }, t("新成员：做钥匙", "New member: make a key"));
  const none = element("p", { hidden: "" }, t("这个浏览器里还没有本账本的钥匙。", "This browser keeps no key for this ledger yet."));
  refill(place, none, form, element("p", {}, keys, enrol));
  void keysOf(slug()).then((kept) => {
    none.hidden = kept.length > 0;
    form.hidden = kept.length === 0;
  });
}

view("sign_in", (main) => {
  const place = main.querySelector<HTMLElement>("#sign-in") ?? main;
  const key = unlocked();
  if (key === undefined || Date.now() - tried < PATIENCE) {
    offer(place);
    return;
  }
  // The session has ended, with the server perhaps; who sits here has not left.
  tried = Date.now();
  void takeUp(key).then((problem) => {
    if (problem === undefined) {
      return reload();
    }
    lock();
    return offer(place, problem);
  });
});
