// The page of enrolment. A new member makes a key and gets a code; two who may change the roster enter the
// code, each in a browser of their own, which holds code and key against each other before either signs.
import { element, refill } from "../page/element.ts";
import { fromBase64, utf8 } from "../verify/bytes.ts";
import { ED25519, VerifierKey } from "../verify/key.ts";
import * as read from "../verify/read.ts";
import { parseStatement } from "../verify/entry.ts";
import { get } from "./api.ts";
import { alertLine, field, progressBar } from "./dialog.ts";
import { cosign, draftsOf, hindrance, rehearse, signAndSend, type Draft, type Standing } from "./drafts.ts";
import { codeOf, enrolmentText, isMember, isName, readCode } from "./enrolment.ts";
import { fingerprint } from "./key.ts";
import { known, type Known } from "./ledger.ts";
import { t } from "./language.ts";
import { makeKey, passphrasePair, requestCode } from "./making.ts";
import { Unsignable } from "./sign.ts";
import { Cancelled, withKey } from "./sitting.ts";
import { keysOf, type Kept } from "./store.ts";
import { errorText, problemText } from "./trouble.ts";
import { at, slug, view } from "./view.ts";
import { roleChoices } from "./roles.ts";

interface Enrolment {
  readonly name: string;
  readonly member: string;
  readonly public_key: string;
  readonly proof: string;
}

function told(place: HTMLElement, kept: Kept): void {
  const heading = element("h2", { tabindex: "-1" }, t("钥匙做好了，这是入册码", "The key is made; this is its code"));
  const keys = element("a", { class: "button", href: at("keys") }, t("去备份钥匙", "Make a copy of the key"));
  refill(
    place,
    heading,
    element("p", { class: "code" }, kept.code ?? ""),
    element("p", {}, t("把入册码当面或打电话念给理事长和监事，两个人都要在“新成员”页面输入它。不要用微信群发：谁都能冒充。", "Read the code out, face to face or by telephone, to the chair and the supervisor: both enter it on this page. Do not send it where somebody could pretend to be you.")),
    element("p", {}, t("两人签完名你就入册了。现在请先备份：浏览器一清空，钥匙就没了。", "Once both have signed you are enrolled. Make a copy now: if the browser is cleared, the key is gone.")),
    element("p", {}, keys),
  );
  heading.focus();
}

function newMember(place: HTMLElement): Node[] {
  const name = element("input", { autocomplete: "off", maxlength: "40", required: "" });
  const member = element("input", { autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: "32", required: "" });
  const pair = passphrasePair();
  const bar = progressBar(t("正在做钥匙", "Making the key"));
  const said = alertLine();
  const submit = element("button", { type: "submit" }, t("做钥匙，取入册码", "Make the key and get a code"));
  const form = element(
    "form",
    { id: "new-member", novalidate: "" },
    field(t("姓名", "Name"), name, t("会公开。自然人只写姓，名用 * 代替，如 陈*；单位写全称。", "Public. Persons are masked, as in 陈*; offices in full.")),
    field(t("代号", "Short name"), member, t("小写字母、数字和 -，如 chen-kuaiji；定了不能改。", "Lower-case letters, digits and -, as in chen-kuaiji; it never changes.")),
    ...pair.nodes,
    bar,
    said,
    submit,
  );
  const fault = (): string | undefined => {
    if (!isName(name.value)) {
      name.focus();
      return t("请填姓名。", "Enter the name.");
    }
    if (!isMember(member.value.trim())) {
      member.focus();
      return t("代号只能用小写字母、数字和 -，以字母或数字开头，最多 32 个。", "The short name takes lower-case letters, digits and -, begins with a letter or digit, at most 32.");
    }
    return pair.problem();
  };
  const make = async (): Promise<void> => {
    const ledger = await known();
    const keyName = `${ledger.ledger.origin}/${member.value.trim()}`;
    const kept = await makeKey(keyName, name.value.trim(), pair.value(), (done) => (bar.value = done));
    const problem = await requestCode(kept);
    if (problem !== undefined) {
      said.textContent = t(`钥匙已做好，存在本机；入册码还没取到：${problem} 之后可在“我的钥匙”里再取。`, `The key is made and kept here; there is no code yet: ${problem} Get it later under “My keys”.`);
      return;
    }
    const own = (await keysOf(slug())).find((one) => one.key === kept.key);
    told(place, own ?? kept);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const problem = fault();
    said.textContent = problem ?? "";
    if (problem !== undefined) {
      return;
    }
    [submit.disabled, bar.hidden] = [true, false];
    make()
      .catch((error: unknown) => {
        said.textContent = errorText(error);
      })
      .finally(() => {
        [submit.disabled, bar.hidden] = [false, true];
      });
  });
  return [
    element("h2", {}, t("我是新成员，或要换钥匙", "I am a new member, or need another key")),
    element("p", {}, t("钥匙在这个浏览器里做，用口令锁着；服务器只得到公钥。要换钥匙的填原来的代号。", "The key is made in this browser and locked by a passphrase; the server gets the public key only. To replace a key, enter the short name you have.")),
    form,
  ];
}

/** The enrolment behind a code, if code, key, proof and this ledger belong together. */
async function looked(code: string, ledger: Known): Promise<Enrolment> {
  const answer = await get<Enrolment>(`enrolments/${code}`);
  if (!answer.ok) {
    throw new Error(problemText(answer.problem));
  }
  const { name, member, public_key, proof } = answer.data;
  const { origin } = ledger.ledger;
  const text = enrolmentText(origin, member, name, public_key);
  const key = VerifierKey.parse(public_key);
  const signature = fromBase64(proof);
  const good =
    isMember(member) &&
    isName(name) &&
    key?.name === `${origin}/${member}` &&
    key.algorithm === ED25519 &&
    signature !== undefined &&
    key.key.verifies(utf8(text), signature) &&
    codeOf(text) === code;
  if (!good) {
    throw new Error(
      t(
        "入册码和服务器给的钥匙对不上：可能有人换了钥匙。不要签名，请告诉本人和街道。",
        "The code and the key that the server gave do not belong together: somebody may have swapped the key. Do not sign; tell its owner and the street office.",
      ),
    );
  }
  return answer.data;
}

/** Where the enrolment is asked for already by the other founder: its draft. */
async function waiting(kind: string, { public_key: key, name }: Enrolment): Promise<Draft | undefined> {
  const drafts = await draftsOf(kind);
  if (!drafts.ok) {
    throw new Error(problemText(drafts.problem));
  }
  for (const draft of drafts.data) {
    const { event } = parseStatement(draft.statement);
    const of = kind === "member_enrolled" ? read.object(event, "enrolment") : event;
    if (read.maybeText(of, "key") === key && (read.maybeText(of, "name") ?? name) === name) {
      return draft;
    }
  }
  return undefined;
}

function ended(place: HTMLElement, standing: Standing, name: string): void {
  const hindered = hindrance(standing);
  if (hindered !== undefined) {
    refill(place, element("p", { class: "alert", role: "alert" }, hindered));
    return;
  }
  const entered = standing.state === "entered";
  const heading = element(
    "h2",
    { tabindex: "-1", class: "done-heading" },
    entered ? t(`${name} 已入册`, `${name} is enrolled`) : t("你已签名，等另一位签", "You have signed; the other has to sign, too"),
  );
  const what = entered
    ? t("已记入账本，新钥匙现在起有效。", "It stands in the ledger; the key is in use from now on.")
    : t("请另一位在自己的电脑上打开“新成员”，输入同一个入册码。", "The other opens “New member” on a machine of their own and enters the same code.");
  refill(place, heading, element("p", {}, what));
  heading.focus();
}

/** What the code stands for, and the way to sign it. */
function found(place: HTMLElement, enrolment: Enrolment, ledger: Known, draft: Draft | undefined): void {
  const { name, member, public_key } = enrolment;
  const key = VerifierKey.parse(public_key);
  const replaces = ledger.member(member) !== undefined;
  const row = (label: string, value: string): HTMLElement => element("div", {}, element("dt", {}, label), element("dd", {}, value));
  const said = alertLine();
  const submit = element("button", { type: "submit", class: "enrol" }, t("核对并签名", "Check and sign"));
  const asksRoles = !replaces && draft === undefined;
  const roles = asksRoles ? roleChoices() : undefined;
  const heading = element("h2", { tabindex: "-1" }, t("入册码核对通过", "The code is good"));
  const what = replaces
    ? t(`${member} 已在名册上：这次是给 ${ledger.member(member)?.name ?? ""} 换钥匙。`, `${member} is on the roster: this replaces the key of ${ledger.member(member)?.name ?? ""}.`)
    : t("这个码对应的就是下面这把钥匙，服务器没有掉包。请当面核对是不是本人。", "This code is that of the key below; the server has not swapped it. Make sure that it is the person.");
  const form = element("form", { id: "enrolling" }, ...(roles === undefined ? [] : [roles.node]), said, submit);
  const act = async (): Promise<Standing> => {
    if (draft !== undefined) {
      const answer = await cosign(draft.id, draft.statement);
      return answer.ok ? answer.data : Promise.reject(new Error(problemText(answer.problem)));
    }
    const body = replaces ? { member, key: public_key } : { enrolment: { key: public_key, member, name, roles: roles?.value() ?? [] } };
    const kind = replaces ? "key_rotated" : "member_enrolled";
    const rehearsed = await rehearse(kind, body);
    if (!rehearsed.ok) {
      throw new Error(problemText(rehearsed.problem));
    }
    const answer = await signAndSend(rehearsed.data.statement, { kind, ...body });
    return answer.ok ? answer.data : Promise.reject(new Error(problemText(answer.problem)));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (roles !== undefined && roles.value().length === 0) {
      said.textContent = t("请至少勾选一个岗位。", "Choose at least one role.");
      return;
    }
    submit.disabled = true;
    said.textContent = "";
    act()
      .then((standing) => ended(place, standing, name))
      .catch((error: unknown) => {
        const quiet = error instanceof Cancelled || error instanceof Unsignable;
        said.textContent = quiet ? t("没有签名。", "Nothing was signed.") : errorText(error);
      })
      .finally(() => (submit.disabled = false));
  });
  refill(
    place,
    heading,
    element("p", {}, what),
    element(
      "dl",
      { class: "facts" },
      row(t("姓名", "Name"), name),
      row(t("代号", "Short name"), member),
      row(t("指纹", "Fingerprint"), key === undefined ? "" : fingerprint(key.key.bytes)),
    ),
    form,
  );
  heading.focus();
}

function founder(place: HTMLElement): Node[] {
  const typed = element("input", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", required: "", maxlength: "24" });
  const said = alertLine();
  const submit = element("button", { type: "submit" }, t("查入册码", "Look the code up"));
  const form = element(
    "form",
    { id: "by-code", novalidate: "" },
    field(t("入册码", "Code"), typed, t("16 个字，如 7K3Q-…，大小写不论。由本人当面或打电话念给你。", "16 letters and digits, as in 7K3Q-…; read out to you by its owner.")),
    said,
    submit,
  );
  const look = async (code: string): Promise<void> => {
    await withKey();
    const ledger = await known();
    const enrolment = await looked(code, ledger);
    const kind = ledger.member(enrolment.member) === undefined ? "member_enrolled" : "key_rotated";
    if (ledger.ownerOf(VerifierKey.parse(enrolment.public_key)?.key.bytes ?? new Uint8Array()) !== undefined) {
      throw new Error(t("这把钥匙已经在名册上了，不用再办。", "This key is on the roster already; there is nothing left to do."));
    }
    const draft = await waiting(kind, enrolment);
    if (draft !== undefined && !draft.mine) {
      return ended(place, { id: draft.id, state: "waiting" }, enrolment.name);
    }
    found(place, enrolment, ledger, draft);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const code = readCode(typed.value);
    if (code === undefined) {
      said.textContent = t("入册码是 16 个字母数字，请照着再输一遍。", "A code has 16 letters and digits; type it again.");
      typed.focus();
      return;
    }
    said.textContent = "";
    submit.disabled = true;
    look(code)
      .catch((error: unknown) => {
        said.textContent = errorText(error);
      })
      .finally(() => (submit.disabled = false));
  });
  return [
    element("h2", {}, t("我给新成员办入册（理事长、监事）", "I enrol a new member (chair, supervisor)")),
    form,
  ];
}

view("enrol", (main) => {
  const place = main.querySelector<HTMLElement>("#enrol") ?? main;
  // Whoever has a key here already has come to enrol somebody.
  void keysOf(slug()).then((kept) => {
    const [one, other] = [newMember(place), founder(place)];
    refill(place, ...(kept.length === 0 ? [...one, ...other] : [...other, ...one]));
  });
});
