// "Check the whole ledger": a worker does it, and the page shows how far it is.
import type { Session } from "../verify/session.ts";
import { element, refill, sign } from "./element.ts";
import type { Scene } from "./verdict.ts";

declare const WORKER: string;

/** What the worker is told, and what it says. */
export interface WholeAsked {
  readonly base: string;
  readonly origin: string;
  readonly logKey: string;
  readonly ledgerId: string;
  readonly policy: string;
  /** The newest checkpoint seen: the ledger that is checked must reach it. */
  readonly least: string;
}

export type WholeSaid =
  | { readonly is: "progress"; readonly checked: number; readonly size: number }
  | { readonly is: "holds"; readonly size: number; readonly signatures: number }
  | { readonly is: "fails"; readonly message: string; readonly index: number | undefined; readonly kind: string }
  | { readonly is: "open"; readonly message: string };

export function wholeCheck(session: Session, asked: WholeAsked, scene: Scene): Node[] {
  const { texts } = scene;
  const button = element("button", { type: "button", class: "check-whole" }, texts.checkAll);
  const cancel = element("button", { type: "button", class: "check-cancel" }, texts.cancel);
  const bar = element("progress", { max: String(session.checkpoint?.size ?? 1), value: "0" });
  const said = element("p", { class: "whole-said", role: "status" });
  const line = element("div", { class: "whole" }, button, said);
  let worker: Worker | undefined;
  const end = (): void => {
    worker?.terminate();
    worker = undefined;
    bar.remove();
    cancel.remove();
    button.disabled = false;
  };
  cancel.addEventListener("click", () => {
    end();
    said.textContent = texts.cancelled;
  });
  button.addEventListener("click", () => {
    const begun = Date.now();
    button.disabled = true;
    line.append(bar, cancel);
    said.textContent = texts.progress(0, session.checkpoint?.size ?? 0, undefined);
    worker = new Worker(WORKER);
    worker.onmessage = ({ data }: MessageEvent<WholeSaid>) => {
      if (data.is === "progress") {
        const seconds = (((Date.now() - begun) / data.checked) * (data.size - data.checked)) / 1000;
        bar.value = data.checked;
        bar.max = data.size;
        said.textContent = texts.progress(data.checked, data.size, data.checked < 200 ? undefined : Math.ceil(seconds));
        return;
      }
      end();
      const text =
        data.is === "holds"
          ? texts.allHolds(data.size, data.signatures)
          : data.is === "fails"
            ? texts.allFails(data.message, data.index)
            : texts.allOpen(data.message);
      scene.section.dataset["whole"] = data.is;
      refill(said, sign(data.is, texts.signs[data.is]), ` ${text}`);
    };
    worker.onerror = (event) => {
      end();
      said.textContent = texts.allOpen(event.message);
    };
    worker.postMessage(asked);
  });
  return [line];
}
