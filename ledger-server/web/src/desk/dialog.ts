// Asks something in a dialog that nothing else can be used beside. Text comes in as text only.
import { element } from "../page/element.ts";
import { t } from "./language.ts";

let count = 0;

/** Closes the dialog with an answer; `undefined` is no answer. */
export type Close<T> = (answer: T | undefined) => void;

/** Shows a dialog and gives what it was closed with: `undefined` for Escape and Cancel. */
export function ask<T>(title: string, build: (close: Close<T>, dialog: HTMLDialogElement) => readonly Node[]): Promise<T | undefined> {
  const before = document.activeElement;
  const id = `dialog-${++count}`;
  const dialog = element("dialog", { class: "ask", "aria-labelledby": id });
  return new Promise((resolve) => {
    const close: Close<T> = (answer) => {
      dialog.remove();
      if (before instanceof HTMLElement) {
        before.focus();
      }
      resolve(answer);
    };
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      close(undefined);
    });
    const heading = element("h2", { id, tabindex: "-1" }, title);
    dialog.append(heading, ...build(close, dialog));
    document.body.append(dialog);
    dialog.showModal();
    (dialog.querySelector<HTMLElement>("[data-first]") ?? heading).focus();
  });
}

export function cancelButton(close: () => void): HTMLButtonElement {
  const button = element("button", { type: "button", class: "cancel" }, t("取消", "Cancel"));
  button.addEventListener("click", close);
  return button;
}

/** A field with its label and what to know of it. */
export function field(label: string, input: HTMLElement, hint = ""): HTMLElement {
  const id = `field-${++count}`;
  input.id = id;
  const parts: Node[] = [element("label", { for: id }, label)];
  if (hint !== "") {
    parts.push(element("p", { class: "hint", id: `${id}-hint` }, hint));
    input.setAttribute("aria-describedby", `${id}-hint`);
  }
  return element("div", { class: "field" }, ...parts, input);
}

export function passphraseInput(purpose: "current-password" | "new-password"): HTMLInputElement {
  return element("input", { type: "password", autocomplete: purpose, required: "", spellcheck: "false" });
}

/** A way to see what one types. */
export function showing(...inputs: readonly HTMLInputElement[]): HTMLElement {
  const shown = element("input", { type: "checkbox" });
  shown.addEventListener("change", () => {
    inputs.forEach((input) => (input.type = shown.checked ? "text" : "password"));
  });
  return element("label", { class: "choice" }, shown, t("显示口令", "Show the passphrase"));
}

/** A passphrase that there is already. */
export function passphraseField(): [HTMLElement, HTMLInputElement] {
  const input = passphraseInput("current-password");
  const made = field(t("口令", "Passphrase"), input);
  made.append(showing(input));
  return [made, input];
}

/** Where what went wrong is said. */
export function alertLine(): HTMLElement {
  return element("p", { class: "alert", role: "alert" });
}

/** A bar for work that takes a while; `scrypt` says how far it is. */
export function progressBar(label: string): HTMLProgressElement {
  return element("progress", { max: "1", value: "0", "aria-label": label, hidden: "" });
}
