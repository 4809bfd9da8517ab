// Keys and signing at the staff desk, in real Chromium, each person with a browser of their own:
//   node desk.mjs BASE FOLDER TOOLS
// BASE serves a new ledger whose founders' key files are in FOLDER/data/founding/keys under the passphrase in
// FOLDER/pass; TOOLS holds key.mjs. Writes the new member's key files into FOLDER. Prints a line for each step;
// ends with 1 if one is not as it should be.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { complaints, listen, look } from "./looking.mjs";

const [base, folder, tools] = process.argv.slice(2);
const DESK = `${base}/donglang/desk`;
const FOUNDERS = readFileSync(join(folder, "pass"), "utf8").trim();
const SECRET = "荷花塘 三把锁 1987";

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** Everything that any browser sent: method, address, headers and body. */
const sent = [];

/** What a page does not answer to, by intent. */
const EXPECTED = /status of (?:401|403|404|409|422)/;

async function person(viewport = { width: 1280, height: 800 }, options = {}) {
  const context = await browser.newContext({ viewport, locale: "zh-CN", acceptDownloads: true, ...options });
  context.setDefaultTimeout(90_000);
  if (process.env.ASSETS !== undefined) {
    await context.route(/\/assets\/desk-[0-9a-f]+\.(js|css)$/, (route) => {
      const kind = /\.(js|css)$/.exec(route.request().url())[1];
      return route.fulfill({ path: join(process.env.ASSETS, `desk.${kind}`), contentType: kind === "js" ? "text/javascript" : "text/css" });
    });
  }
  context.on("request", (request) => {
    sent.push([request.method(), request.url(), JSON.stringify(request.headers()), request.postData() ?? ""]);
  });
  const page = await context.newPage();
  listen(page, EXPECTED);
  return page;
}

const dialog = (page) => page.locator("dialog.ask").last();

/** Imports a founder's key file. */
async function importKey(page, member) {
  await page.goto(`${DESK}/keys`);
  await page.getByRole("button", { name: "导入钥匙" }).click();
  const form = dialog(page);
  await form.locator('input[type="file"]').setInputFiles(join(folder, `data/founding/keys/${member}.key`));
  await form.getByLabel("口令", { exact: true }).fill("not the passphrase");
  await form.getByRole("button", { name: "导入", exact: true }).click();
  await form.getByText("口令不对").waitFor();
  await form.getByLabel("口令", { exact: true }).fill(FOUNDERS);
  await form.getByRole("button", { name: "导入", exact: true }).click();
  await page.locator(`.card[data-key*="/${member}+"]`).getByText("在用").waitFor();
  await page.getByText("已解锁").waitFor();
}

async function unlock(page, passphrase) {
  const form = dialog(page);
  await form.getByLabel("口令", { exact: true }).fill(passphrase);
  await form.getByRole("button", { name: "解锁" }).click();
}

// In English, on a wide screen; and no text becomes markup there but by the one way.
const english = await person();
for (const path of ["enrol", "keys"]) {
  await english.goto(`${DESK}/${path}?lang=en`);
  await english.locator("main form, main .button").first().waitFor();
  await look(english, `${path}-english`);
  const left = await english.locator("main").innerText();
  assert.ok(!/[\u4e00-\u9fff]{3}/.test(left), left);
}
await english.getByRole("link", { name: "New member" }).click();
await english.getByRole("heading", { name: "New member", level: 1 }).waitFor();
assert.ok(english.url().endsWith("/desk/enrol?lang=en"), english.url());
const markup = await english.evaluate(() => {
  try {
    document.body.innerHTML = "<p>taken over</p>";
    return "made";
  } catch (error) {
    return error.name;
  }
});
assert.equal(markup, "TypeError");
complaints.splice(0);
await english.context().close();

// A server that lies: whatever it changes, nothing is signed.
const deceived = await person();
await importKey(deceived, "chen");
await look(deceived, "keys");
await deceived.reload();
await deceived.locator(".card").getByText("在用").waitFor();
const drafted = [];
deceived.on("request", (request) => /\/desk\/drafts$/.test(request.url()) && request.method() === "POST" && drafted.push(request.url()));

/** Changes what one route answers with, as long as something is done. */
async function lying(page, path, change, act) {
  const pattern = new RegExp(`/desk/${path}$`);
  await page.route(pattern, async (route) => {
    const response = await route.fetch();
    const body = await response.text();
    await route.fulfill({ response, body: change(body) });
  });
  await act();
  await page.unroute(pattern);
}

/** Replaces the key, up to where it would be signed. */
async function replace(page) {
  await page.getByRole("button", { name: "更换我的钥匙" }).click();
  await dialog(page).locator("form").waitFor();
  if ((await page.getByText("已解锁").count()) === 0) {
    await unlock(page, FOUNDERS);
  }
  await dialog(page).getByLabel("新口令").fill(SECRET);
  await dialog(page).getByLabel("再输入一遍").fill(SECRET);
  await dialog(page).getByRole("button", { name: "做新钥匙" }).click();
}

const otherSite = (body) => JSON.stringify({ challenge: JSON.parse(body).challenge.replace(/127\.0\.0\.1:\d+/, "elsewhere.example") });
await lying(deceived, "challenge", otherSite, async () => {
  await deceived.getByRole("button", { name: "我的钥匙可能被盗" }).click();
  await unlock(deceived, FOUNDERS);
  await dialog(deceived).getByText("不是给这个账本、这个网址的").waitFor();
  await look(deceived, "challenge-elsewhere");
  await deceived.keyboard.press("Escape");
});
const statement = (change) => (body) => {
  const answer = JSON.parse(body);
  assert.equal(typeof answer.statement, "string", body);
  return JSON.stringify({ ...answer, statement: change(answer.statement) });
};
const sorted = (value) =>
  Array.isArray(value)
    ? value.map(sorted)
    : value !== null && typeof value === "object"
      ? Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]))
      : value;
const edited = (edit) =>
  statement((text) => {
    const json = JSON.parse(text);
    edit(json);
    return `${JSON.stringify(sorted(json))}\n`;
  });
const LIES = [
  ["another member", edited((json) => (json.event.member = "liang")), "和你要登记的不一样"],
  ["another event", edited((json) => (json.event = { kind: "role_ended", member: "chen", reason: "离任", role: "chair" })), "和你要登记的不一样"],
  ["a field without words", edited((json) => (json.event.hidden = "x")), "不是本账本格式"],
  ["another place", edited((json) => (json.prev = "ab".repeat(32))), "刚刚有变动"],
  ["another stream", edited((json) => (json.stream = "transaction/2026-001")), "不能记在"],
  ["another ledger's transaction", edited((json) => Object.assign(json, { event: { basis: "x", documents: [], from: "bidding", kind: "step_waived", through: "bidding" }, prev: "cd".repeat(32), stream: "transaction/2026-001" })), "接的不是本账本"],
  ["spaces", statement((text) => text.replace('{"at"', '{ "at"')), "不是本账本格式"],
  ["two lines", statement((text) => `${text}${text}`), "不是本账本格式"],
  ["no statement", statement(() => "sanzi-desk-sign-in-v1\n"), "不是本账本格式"],
  ["a character that hides", edited((json) => (json.event.member = "chen\u202e")), "不是本账本格式"],
];
for (const [lie, change, words] of LIES) {
  await lying(deceived, "rehearse", change, async () => {
    await replace(deceived);
    await dialog(deceived).getByText("没有签名").waitFor();
    const said = await dialog(deceived).innerText();
    assert.ok(said.includes(words), `${lie}: ${said}`);
    await dialog(deceived).getByRole("button", { name: "知道了" }).click();
  });
}
await look(deceived, "lies-refused");
assert.equal(await deceived.locator(".card").count(), 1, "keys that nobody will enrol are not kept");
// A rule is told as a rule.
await deceived.getByRole("button", { name: "我的钥匙可能被盗" }).click();
await look(deceived, "stolen");
await dialog(deceived).getByRole("button", { name: "核对并签名" }).click();
await deceived.getByText("请先“更换我的钥匙”").waitFor();
assert.deepEqual(drafted, []);
console.log(`${LIES.length} lies, none signed`);

// A key that the server swapped behind a code.
await deceived.goto(`${DESK}/enrol`);
const swapped = { member: "luo", name: "罗*", proof: Buffer.alloc(64).toString("base64") };
swapped.public_key = readFileSync(join(folder, "data/founding/keys/he.key.pub"), "utf8").trim();
await deceived.route(/\/desk\/enrolments\//, (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify(swapped) }));
await deceived.getByLabel("入册码").fill("7K3Q-7K3Q-7K3Q-7K3Q");
await deceived.getByRole("button", { name: "查入册码" }).click();
// A page loaded anew holds no key.
await unlock(deceived, FOUNDERS);
await deceived.getByText("对不上").waitFor();
await look(deceived, "swapped-key");
await deceived.context().close();

// A browser without IndexedDB, and whose own cryptography knows no Ed25519.
const old = await person();
await old.addInitScript(() => {
  Object.defineProperty(window, "indexedDB", { value: undefined });
  crypto.subtle.importKey = () => Promise.reject(new DOMException("unknown", "NotSupportedError"));
});
await importKey(old, "liang");
await old.reload();
await old.getByText("在用").waitFor();
await old.getByRole("button", { name: "更换我的钥匙" }).click();
const begun = Date.now();
await unlock(old, FOUNDERS);
await dialog(old).getByText("新口令").waitFor();
console.log(`an old browser: unlocked and signed in after ${Date.now() - begun} ms`);
await old.keyboard.press("Escape");
await old.context().close();

// Left alone, the key is locked; what is typed stays.
const idle = await person();
await idle.clock.install();
await importKey(idle, "chen");
await idle.goto(`${DESK}/enrol`);
await idle.getByLabel("入册码").fill("7K3Q-7K3Q-7K3Q-7K3Q");
await idle.getByRole("button", { name: "查入册码" }).click();
await unlock(idle, FOUNDERS);
await idle.getByText("已解锁").waitFor();
await idle.getByRole("link", { name: "我的钥匙" }).click();
await idle.getByRole("heading", { name: "我的钥匙", level: 1 }).waitFor();
assert.equal(await idle.getByText("已解锁").count(), 1, "the key survives following a link");
await idle.goBack();
await idle.getByLabel("姓名").fill("罗*");
assert.equal(await idle.getByText("已解锁").count(), 1, "and going back");
await idle.clock.fastForward("14:00");
assert.equal(await idle.getByText("已解锁").count(), 1);
await idle.clock.fastForward("02:00");
await idle.getByText("钥匙已锁", { exact: true }).waitFor();
assert.equal(await idle.getByLabel("姓名").inputValue(), "罗*");
await look(idle, "locked");
await idle.context().close();

// A new member on a telephone: by keyboard alone.
const member = await person({ width: 360, height: 740 });
await member.goto(`${DESK}/enrol`);
await look(member, "enrol-360");
await member.getByLabel("姓名").focus();
await member.keyboard.type("罗*");
await member.keyboard.press("Tab");
await member.keyboard.type("luo");
await member.keyboard.press("Tab");
await member.keyboard.type(SECRET);
await member.keyboard.press("Tab");
await member.keyboard.type(`${SECRET}!`);
await member.keyboard.press("Enter");
await member.getByText("两遍口令不一样").waitFor();
await member.keyboard.press("Backspace");
await look(member, "enrol-refused-360");
await member.getByLabel("再输入一遍").fill(SECRET);
await member.keyboard.press("Enter");
await member.getByText("钥匙做好了").waitFor({ timeout: 60_000 });
const code = (await member.locator(".code").innerText()).trim();
assert.match(code, /^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
await look(member, "code-360");

// It is kept, exported, and printed on one sheet.
await member.getByRole("link", { name: "去备份钥匙" }).click();
await member.getByText("等待入册").waitFor();
await look(member, "keys-360");
const downloads = [];
member.on("download", (download) => downloads.push(download));
await member.getByRole("button", { name: "导出文件" }).click();
await member.waitForFunction(() => !document.body.innerText.includes("还没有备份"));
while (downloads.length < 2) {
  await member.waitForTimeout(50);
}
for (const download of downloads) {
  await download.saveAs(join(folder, download.suggestedFilename()));
}
await member.getByRole("button", { name: "打印恢复单" }).click();
await member.locator(".recovery").waitFor();
await look(member, "sheet-360");
writeFileSync(join(folder, "sheet.pdf"), await member.pdf({ preferCSSPageSize: true, printBackground: true }));
await member.getByRole("button", { name: "返回" }).click();

// Two founders, each with the code.
const chair = await person();
await importKey(chair, "chen");
await look(chair, "keys-chair");
// A page loaded anew holds no key.
await chair.reload();
await chair.locator(".card").getByText("在用").waitFor();
await chair.getByRole("link", { name: "新成员" }).first().click();
await chair.getByLabel("入册码").waitFor();
assert.equal(await chair.evaluate(() => document.activeElement?.tagName), "H1", "whoever follows a link is at its heading");
await chair.getByLabel("入册码").fill(code.toLowerCase().replaceAll("-", " "));
await chair.getByRole("button", { name: "查入册码" }).click();
await dialog(chair).waitFor();
await look(chair, "unlock-chair");
await unlock(chair, "wrong");
await dialog(chair).getByText("口令不对").waitFor();
await unlock(chair, FOUNDERS);
await chair.getByText("入册码核对通过").waitFor();
await chair.getByLabel("信息公开员").check();
await look(chair, "code-good-chair");
await chair.getByRole("button", { name: "核对并签名" }).click();
await dialog(chair).getByText("签名前请看一遍").waitFor();
const shown = await dialog(chair).locator("dl").innerText();
for (const words of ["成员入册", "罗*", "luo", "信息公开员", "指纹", "公钥", "岗位"]) {
  assert.ok(shown.includes(words), `${words}: ${shown}`);
}
await look(chair, "sign-chair");
await dialog(chair).getByRole("button", { name: "签名", exact: true }).click();
await chair.getByText("等另一位签").waitFor();
await look(chair, "signed-chair");

const supervisor = await person({ width: 360, height: 740 });
await importKey(supervisor, "liang");
await supervisor.goto(`${DESK}/enrol`);
await supervisor.getByLabel("入册码").fill(code);
await supervisor.getByRole("button", { name: "查入册码" }).click();
await unlock(supervisor, FOUNDERS);
await supervisor.getByText("入册码核对通过").waitFor();
await supervisor.getByRole("button", { name: "核对并签名" }).click();
await dialog(supervisor).getByText("签名前请看一遍").waitFor();
await look(supervisor, "sign-360");
// A dialog that is left signs nothing, and nothing is lost.
await supervisor.keyboard.press("Escape");
await supervisor.getByText("没有签名").waitFor();
// Again, by keyboard alone.
await supervisor.getByRole("button", { name: "核对并签名" }).focus();
await supervisor.keyboard.press("Enter");
await dialog(supervisor).getByText("签名前请看一遍").waitFor();
for (let presses = 0; presses < 8; presses++) {
  if (await supervisor.evaluate(() => document.activeElement?.classList.contains("sign") ?? false)) {
    break;
  }
  await supervisor.keyboard.press("Tab");
}
await supervisor.keyboard.press("Enter");
await supervisor.getByText("罗* 已入册").waitFor();
await look(supervisor, "entered-360");

// The new member's key is in use: the desk lets it in.
await member.goto(`${DESK}/keys`);
await member.locator(".card").getByText("在用").waitFor();
await member.getByRole("button", { name: "更换我的钥匙" }).click();
await unlock(member, SECRET);
await dialog(member).getByLabel("新口令").fill(SECRET);
await dialog(member).getByLabel("再输入一遍").fill(SECRET);
await look(member, "rotate-360");
await dialog(member).getByRole("button", { name: "做新钥匙" }).click();
// Whoever may not sign it asks those who may.
await member.getByText("已发出，等其他人签名").waitFor();
await look(member, "rotation-asked-360");

// From a page that wants somebody who has signed in, through the page for signing in, to what was wanted.
await member.goto(`${DESK}/record`);
await member.context().clearCookies();
await member.reload();
await member.getByRole("heading", { name: "登录工作台", level: 1 }).waitFor();
await look(member, "sign-in-360");
await member.getByRole("button", { name: "解锁钥匙并登录" }).focus();
await member.keyboard.press("Enter");
await dialog(member).locator("form").waitFor();
assert.equal(await member.getByLabel("用谁的钥匙").isVisible(), false, "a key that waits is not offered");
await dialog(member).getByLabel("口令", { exact: true }).focus();
await member.keyboard.type(SECRET);
await member.keyboard.press("Enter");
await member.getByText("已解锁").waitFor();
await member.getByRole("heading", { name: "登录工作台", level: 1 }).waitFor({ state: "detached" });
await look(member, "record-360");

// A statement of the new member's own: filled in, checked, signed.
await member.locator('a[href*="record/relative_declared"]').first().click();
await member.locator("form#record").waitFor();
for (const [name, value] of [["name", "罗*"], ["relation", "配偶"], ["summary", "罗*的配偶在本社参加竞买，特此申报。"]]) {
  const control = await member.locator(`form#record [data-name="${name}"]:visible`).first().getAttribute("id");
  await member.fill(`#${control}-input`, value);
}
await look(member, "form-360");
await member.locator("#go").click();
await dialog(member).getByText("签名前请看一遍").waitFor();
const declared = await dialog(member).locator("dl").innerText();
for (const words of ["亲属申报", "罗*（luo）", "配偶", "特此申报"]) {
  assert.ok(declared.includes(words), `${words}: ${declared}`);
}
await look(member, "form-sign-360");
await dialog(member).getByRole("button", { name: "签名", exact: true }).click();
await dialog(member).waitFor({ state: "detached" });

await member.getByRole("heading", { name: "已记入账本，第 2 条" }).waitFor();
await look(member, "form-done-360");

// The chair's own: two clicks, and the supervisor's signature.
await chair.getByRole("link", { name: "我的钥匙" }).click();
await chair.getByRole("button", { name: "更换我的钥匙" }).click();
await dialog(chair).getByLabel("新口令").fill(SECRET);
await dialog(chair).getByLabel("再输入一遍").fill(SECRET);
await dialog(chair).getByRole("button", { name: "做新钥匙" }).click();
await dialog(chair).getByText("更换钥匙").first().waitFor();
await dialog(chair).getByRole("button", { name: "签名", exact: true }).click();
await chair.getByText("已发出，等其他人签名").waitFor();
await look(chair, "rotation-signed");
await chair.getByRole("button", { name: "锁上并退出" }).click();
await chair.getByText("已解锁").waitFor({ state: "detached" });
await chair.waitForLoadState();
assert.equal((await chair.context().request.get(`${DESK}/me`)).status(), 401, "whoever leaves has left");
assert.deepEqual(complaints, []);

await browser.close();

// Whatever was sent, no part of a secret was in it.
const pem = readFileSync(join(folder, "luo.key"), "utf8");
const seed = execFileSync("node", [join(tools, "key.mjs"), "open", join(folder, "luo.key"), SECRET], { encoding: "utf8" }).trim();
const raw = Buffer.from(seed, "hex");
const secrets = [SECRET, FOUNDERS, encodeURIComponent(SECRET), encodeURIComponent(FOUNDERS), seed, raw.toString("base64"), raw.toString("base64url")];
secrets.push(...pem.split("\n").filter((line) => line.length === 64));
for (const name of ["chen", "liang"]) {
  const lines = readFileSync(join(folder, `data/founding/keys/${name}.key`), "utf8").split("\n");
  secrets.push(...lines.filter((line) => line.length === 64));
}
for (const request of sent) {
  const whole = request.join("\n");
  const found = secrets.find((secret) => whole.includes(secret));
  assert.equal(found, undefined, `a secret was sent: ${request[0]} ${request[1]}`);
}
assert.ok(sent.some(([method, , , body]) => method === "POST" && body.includes('"signature"')), "bodies were seen");
console.log(`${sent.length} requests, no secret in any`);
console.log("all is as it should be");
