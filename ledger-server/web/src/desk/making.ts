// Makes keys: the passphrase twice, the seed from the system's random numbers, the encrypted file kept here.
import { element } from "../page/element.ts";
import { base64 } from "../verify/bytes.ts";
import { logText } from "../verify/time.ts";
import { post } from "./api.ts";
import { alertLine, cancelButton, field, passphraseInput, progressBar, showing, type Close } from "./dialog.ts";
import { codeOf, enrolmentText } from "./enrolment.ts";
import { newSeed, publicKeyOf, sealKey, verifierKey, type Progress } from "./key.ts";
import { t } from "./language.ts";
import { unlockedOf } from "./sitting.ts";
import { keep, type Kept } from "./store.ts";
import { errorText, problemText } from "./trouble.ts";
import { slug } from "./view.ts";

/** Shorter than this a passphrase can be guessed, whatever a guess costs. */
const PASSPHRASE_LENGTH = 8;

/** A name as the key's: `<origin>/<member>`. */
function parts(keyName: string): [origin: string, member: string] {
  const slash = keyName.lastIndexOf("/");
  return [keyName.slice(0, slash), keyName.slice(slash + 1)];
}

/** Makes a key for `<origin>/<member>`, keeps its file, and gives what is kept: with the proof of its owner. */
export async function makeKey(keyName: string, name: string, passphrase: string, progress: Progress): Promise<Kept> {
  const [origin, member] = parts(keyName);
  const seed = newSeed();
  const key = verifierKey(keyName, publicKeyOf(seed)).text;
  const pem = await sealKey(seed, passphrase, progress);
  const unlocked = await unlockedOf(seed, { key, name });
  const proof = base64(await unlocked.signature(enrolmentText(origin, member, name, key)));
  const kept: Kept = { key, slug: slug(), member, name, pem, since: logText(Math.floor(Date.now() / 1000)), proof };
  await keep(kept);
  return kept;
}

/** Asks the server for the code of an enrolment; gives why there is none. The code must be the key's own. */
export async function requestCode(kept: Kept): Promise<string | undefined> {
  const [origin] = parts(kept.key.slice(0, kept.key.indexOf("+")));
  const { member, name, key, proof } = kept;
  const answer = await post<{ readonly code: string }>("enrolments", { name, member, public_key: key, proof });
  if (!answer.ok) {
    return problemText(answer.problem);
  }
  const code = codeOf(enrolmentText(origin, member, name, key));
  if (answer.data.code !== code) {
    return t("服务器给的入册码和这把钥匙对不上，不要使用；请告诉理事长。", "The server's code is not this key's: do not use it, and tell the chair.");
  }
  await keep({ ...kept, code });
  return undefined;
}

/** Two fields for a new passphrase, and what is wrong with what they hold. */
export function passphrasePair(): { readonly nodes: Node[]; problem(): string | undefined; value(): string } {
  const hint = t(
    "至少 8 个字，几个不相干的词最好记也最难猜。忘了就找不回来；不要和别处的密码一样。",
    "At least 8 characters; a few unrelated words are easy to remember and hard to guess. It cannot be recovered; use it nowhere else.",
  );
  const [one, other] = [passphraseInput("new-password"), passphraseInput("new-password")];
  const first = field(t("新口令", "New passphrase"), one, hint);
  const second = field(t("再输入一遍", "Once more"), other);
  return {
    nodes: [first, second, showing(one, other)],
    problem: () => {
      if (Array.from(one.value).length < PASSPHRASE_LENGTH) {
        one.focus();
        return t(`口令至少 ${PASSPHRASE_LENGTH} 个字，现在是 ${Array.from(one.value).length} 个。`, `At least ${PASSPHRASE_LENGTH} characters, found ${Array.from(one.value).length}.`);
      }
      if (one.value !== other.value) {
        other.focus();
        return t("两遍口令不一样，请再输一遍。", "The two are not the same; type it again.");
      }
      return undefined;
    },
    value: () => one.value,
  };
}

/** A form for a new passphrase, which makes something of it. */
export function newPassphrase<T>(close: Close<T>, make: (passphrase: string, progress: Progress) => Promise<T>): Node[] {
  const pair = passphrasePair();
  const bar = progressBar(t("正在加密", "Encrypting"));
  const said = alertLine();
  const submit = element("button", { type: "submit" }, t("做新钥匙", "Make the new key"));
  const form = element("form", { class: "new-key" }, ...pair.nodes, bar, said, submit, cancelButton(() => close(undefined)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const problem = pair.problem();
    said.textContent = problem ?? "";
    if (problem !== undefined) {
      return;
    }
    [submit.disabled, bar.hidden] = [true, false];
    make(pair.value(), (done) => (bar.value = done)).then(close, (error: unknown) => {
      said.textContent = errorText(error);
      [submit.disabled, bar.hidden] = [false, true];
    });
  });
  return [form];
}
