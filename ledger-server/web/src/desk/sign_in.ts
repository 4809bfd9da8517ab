// The page for whoever has not signed in: one button, and the ways to a key.
import { element, refill } from "../page/element.ts";
import { alertLine } from "./dialog.ts";
import { t } from "./language.ts";
import { lock, withKey } from "./sitting.ts";
import { keysOf } from "./store.ts";
import { errorText } from "./trouble.ts";
import { at, reload, slug, view } from "./view.ts";

view("sign_in", (main) => {
  const place = main.querySelector<HTMLElement>("#sign-in") ?? main;
  const said = alertLine();
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
});
