// The script of forms: proves work on the ticket of a concern while it is written, and fills in the code that
// came with the address of a receipt. Every form does without it.
import { sha256 } from "@noble/hashes/sha2.js";

/** How many attempts are made before the page is given time for something else. */
const AT_ONCE = 1_000;

const encoder = new TextEncoder();

function leadingZeros(hash: Uint8Array): number {
  const head = new DataView(hash.buffer, hash.byteOffset, 4).getUint32(0);
  return Math.clz32(head);
}

/** Finds a nonce such that SHA-256 of `<seal>.<nonce>` begins with so many zero bits. */
function work(seal: string, bits: number, done: (nonce: string) => void): void {
  let nonce = 0;
  const some = (): void => {
    for (const until = nonce + AT_ONCE; nonce < until; nonce++) {
      if (leadingZeros(sha256(encoder.encode(`${seal}.${nonce}`))) >= bits) {
        done(String(nonce));
        return;
      }
    }
    setTimeout(some, 0);
  };
  some();
}

function field(form: HTMLFormElement, name: string): HTMLInputElement | undefined {
  const found = form.elements.namedItem(name);
  return found instanceof HTMLInputElement ? found : undefined;
}

function ask(form: HTMLFormElement): void {
  const seal = field(form, "seal")?.value ?? "";
  const target = field(form, "work");
  const bits = Number(form.dataset["workBits"]);
  if (target === undefined || seal === "" || !Number.isSafeInteger(bits)) {
    return;
  }
  // Younger tickets are not taken; the clock of the telephone says nothing of the server's.
  const ready = Date.now() + 3_000;
  let waiting = false;
  const send = (): void => {
    setTimeout(() => form.submit(), Math.max(0, ready - Date.now()));
  };
  form.addEventListener("submit", (event) => {
    if (target.value !== "" && Date.now() >= ready) {
      return;
    }
    event.preventDefault();
    const progress = document.getElementById("progress");
    if (progress !== null) {
      progress.textContent = form.dataset["busy"] ?? "";
    }
    if (!waiting && target.value !== "") {
      send();
    }
    waiting = true;
  });
  work(seal, bits, (nonce) => {
    target.value = nonce;
    if (waiting) {
      send();
    }
  });
}

function rate(form: HTMLFormElement): void {
  const code = field(form, "code");
  const given = /^#((?:[A-Z2-7]{4}-?){4})$/i.exec(location.hash)?.[1];
  if (code !== undefined && given !== undefined && code.value === "") {
    code.value = given;
  }
}

for (const form of Array.from(document.querySelectorAll<HTMLFormElement>("form[data-form]"))) {
  if (form.dataset["form"] === "ask") {
    ask(form);
  } else {
    rate(form);
  }
}
document.getElementById("told")?.focus();
