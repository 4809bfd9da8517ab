// Keys and signing at the staff desk, in real Chromium, each person with a browser of their own:
//   node desk.mjs BASE FOLDER TOOLS
// BASE serves a new ledger whose founders' key files are in FOLDER/data/founding/keys under the passphrase in
// FOLDER/pass; TOOLS holds key.mjs. Writes the new member's key files into FOLDER. Prints a line for each step;
// ends with 1 if one is not as it should be.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder, tools] = process.argv.slice(2);
const DESK = `${base}/donglang/desk`;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const FOUNDERS = readFileSync(join(folder, "pass"), "utf8").trim();
const SECRET = "荷花塘 三把锁 1987";

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** Everything that any browser sent: method, address, headers and body. */
const sent = [];
const complaints = [];

/** What a page does not answer to, by intent. */
const EXPECTED = /status of (?:401|403|404|409|422)/;

async function person(viewport = { width: 1280, height: 800 }, options = {}) {
  const context = await browser.newContext({ viewport, locale: "zh-CN", acceptDownloads: true, ...options });
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
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !EXPECTED.test(message.text())) {
      complaints.push(message.text());
    }
  });
  return page;
}

let pictures = 0;
async function look(page, name) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async (values) => {
    const found = await window.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] });
    return found.violations.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`));
  }, WCAG);
  assert.deepEqual(violations, [], `${name}: axe`);
  const [needs, has] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(needs <= has, `${name}: scrolls sideways, ${needs} of ${has}`);
  assert.deepEqual(complaints, [], `${name}: complaints`);
  if (process.env.PICTURES !== undefined) {
    pictures += 1;
    await page.screenshot({ path: join(process.env.PICTURES, `${String(pictures).padStart(2, "0")}-${name}.png`) });
  }
  console.log(name);
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
}

async function unlock(page, passphrase) {
  const form = dialog(page);
  await form.getByLabel("口令", { exact: true }).fill(passphrase);
  await form.getByRole("button", { name: "解锁" }).click();
}

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
await supervisor.getByRole("button", { name: "核对并签名" }).click();
await dialog(supervisor).getByRole("button", { name: "签名", exact: true }).click();
await supervisor.getByText("罗* 已入册").waitFor();
await look(supervisor, "entered-360");

// The new member signs in: the key that waited is in use now.
await member.goto(`${DESK}/keys`);
await member.locator(".card").getByText("在用").waitFor();
console.log("enrolled by two founders");

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
