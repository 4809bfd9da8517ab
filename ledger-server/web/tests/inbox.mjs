// The inbox and publishing at the staff desk, in real Chromium, each person with a browser of their own:
//   node inbox.mjs BASE FOLDER
// BASE serves an office's ledger whose first three steps are done; FOLDER holds the members' keys, and drafts
// of two grants: `late.draft` lacks a signature, `first.draft` is whole. Prints a line for each thing that was
// looked at; ends with 1 if one is not as it should be.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { listen, look as lookOnce } from "./looking.mjs";
import { sit } from "./sitting.mjs";

const [base, folder] = process.argv.slice(2);
const LEDGER = `${base}/donglang`;
const DESK = `${LEDGER}/desk`;
const PASSPHRASE = readFileSync(join(folder, "pass"), "utf8").trim();
const keyOf = (member) => join(folder, `data/founding/keys/${member}.key`);
const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
/** What is answered so on purpose, and the connections that the test breaks. */
const EXPECTED = /status of (?:401|403|404|409|410|422)|ERR_FAILED/;

async function person(viewport) {
  const context = await browser.newContext({ viewport, locale: "zh-CN" });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  listen(page, EXPECTED);
  return page;
}

/** Looks at a page on a telephone and on a desk's screen. */
async function look(page, name) {
  const before = page.viewportSize();
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await lookOnce(page, `${name}-${size.width}`, { fullPage: true });
  }
  await page.setViewportSize(before);
}

const dialog = (page) => page.locator("dialog.ask").last();
const nav = (page, name) => page.getByRole("navigation", { name: "工作台" }).getByRole("link", { name });
const entries = async () => (await (await fetch(`${LEDGER}/ledger.json`)).json()).size ?? 0;

/** Brings a key into the browser, where it stays unlocked, and comes to the desk. */
async function arrive(page, member) {
  await page.goto(`${DESK}/keys`);
  await page.getByRole("button", { name: "导入钥匙" }).click();
  const form = dialog(page);
  await form.locator('input[type="file"]').setInputFiles(keyOf(member));
  await form.getByLabel("口令", { exact: true }).fill(PASSPHRASE);
  await form.getByRole("button", { name: "导入", exact: true }).click();
  await page.locator(`.card[data-key*="/${member}+"]`).waitFor();
  await nav(page, "我的工作台").click();
  await page.getByRole("heading", { name: "我的工作台" }).waitFor();
}

async function signShown(page, words) {
  await dialog(page).getByText("签名前请看一遍").waitFor();
  const shown = await dialog(page).locator("dl").innerText();
  for (const word of words) {
    assert.ok(shown.includes(word), `${word}: ${shown}`);
  }
  await dialog(page).getByRole("button", { name: "签名", exact: true }).click();
}

const told = async (page, words) => page.locator("#told").getByText(words).waitFor();

// The disclosure officer finds the step at the desk, and makes the disclosure with one button.
const zhao = await person(SIZES[1]);
await arrive(zhao, "zhao");
await zhao.locator("#h-due + ul, #h-due ~ ul").getByText("第 4 环节 方案生成前公开").waitFor();
await look(zhao, "mine-officer");
await zhao.getByRole("link", { name: "第 4 环节 方案生成前公开" }).click();
const summary = zhao.getByLabel("公开什么（一段话）");
await summary.waitFor();
assert.ok((await summary.inputValue()).includes("12 号商铺"), "it begins with what is known");
assert.equal(await zhao.locator("form[data-publish]").count(), 0, "nothing is signed that nobody has seen");
await look(zhao, "publish-empty");
await zhao.getByLabel("群众到哪里、怎样提意见").fill("村委会意见箱，或到三资办当面提");
await zhao.getByRole("button", { name: "生成公开内容" }).click();
await zhao.getByText("群众将看到的").waitFor();
const preview = await zhao.locator(".preview").innerText();
for (const words of ["12 号商铺", "86.5", "到期重新出租", "村委会意见箱", "微信公众号"]) {
  assert.ok(preview.includes(words), `${words}: ${preview}`);
}
await look(zhao, "publish-preview");

// What was changed since it was shown is not signed.
await summary.fill("拟出租 12 号商埔，请成员提意见。");
await zhao.getByRole("button", { name: "看过了，签名公开" }).click();
await told(zhao, "改过了");
await zhao.getByRole("button", { name: "生成公开内容" }).click();
await zhao.locator(".preview").getByText("商埔").waitFor();
await zhao.getByRole("button", { name: "看过了，签名公开" }).click();
await signShown(zhao, ["方案生成前公开", "商埔", "村委会意见箱"]);
await zhao.getByText("等别人签名").waitFor();
const first = zhao.url();
await look(zhao, "draft-author");

// It waits for the chair, who has it open when it is taken back.
const chen = await person(SIZES[0]);
await arrive(chen, "chen");
await look(chen, "mine-chair");
await chen.getByRole("link", { name: "第 4 环节 方案生成前公开" }).first().click();
await chen.getByRole("button", { name: "看一遍并签名" }).waitFor();
await look(chen, "draft-to-sign");
await zhao.getByText("撤回这份草稿").click();
await zhao.getByLabel("为什么撤回").fill("字写错了，重新起草");
await zhao.getByRole("button", { name: "撤回", exact: true }).click();
await told(zhao, "已撤回");
await look(zhao, "draft-withdrawn");
await chen.getByRole("button", { name: "看一遍并签名" }).click();
await told(chen, "还没有签");
await chen.getByText("字写错了，重新起草").waitFor();
await look(chen, "draft-withdrawn-stale");

// Once more, rightly. Chair and supervisor sign at the same moment: it is recorded once.
await zhao.goto(`${DESK}/publish?transaction=2026-001`);
// A full load forgets the key, not the session.
await zhao.getByLabel("群众到哪里、怎样提意见").fill("村委会意见箱，或到三资办当面提");
await zhao.getByRole("button", { name: "生成公开内容" }).click();
await zhao.getByRole("button", { name: "看过了，签名公开" }).click();
await dialog(zhao).getByLabel("口令", { exact: true }).fill(PASSPHRASE);
await dialog(zhao).getByRole("button", { name: "解锁" }).click();
await signShown(zhao, ["方案生成前公开", "12 号商铺"]);
await zhao.getByText("等别人签名").waitFor();
assert.notEqual(zhao.url(), first);
const before = await entries();
const liang = await person(SIZES[0]);
await arrive(liang, "liang");
for (const page of [chen, liang]) {
  await nav(page, "待签箱").click();
  await page.getByRole("heading", { name: "待签箱" }).waitFor();
}
await look(chen, "drafts");
for (const page of [chen, liang]) {
  await page.getByRole("link", { name: "第 4 环节 方案生成前公开" }).first().click();
  await page.getByRole("button", { name: "看一遍并签名" }).click();
  await dialog(page).getByText("签名前请看一遍").waitFor();
}
await look(liang, "sign");
await Promise.all([chen, liang].map((page) => signShown(page, ["12 号商铺"])));
await Promise.all([chen, liang].map((page) => page.locator("#told").filter({ hasText: /签齐了|您已签名/ }).waitFor()));
await liang.waitForFunction(() => document.body.innerText.includes("已记入账本") || document.body.innerText.includes("您已签名"));
assert.equal(await entries(), before + 1, "once, and only once");

// Who looks again sees it, without asking.
await zhao.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
await zhao.getByText("已记入账本").first().waitFor();
await look(zhao, "draft-entered");

// The checklist, and a posting from it.
await nav(zhao, "公开张贴").click();
await zhao.getByRole("link", { name: /12 号商铺/ }).waitFor();
await look(zhao, "publications");
await zhao.getByRole("link", { name: /12 号商铺/ }).click();
await zhao.getByText("张贴清单").waitFor();
await look(zhao, "checklist");
await zhao.getByText("简讯文字（可复制）").click();
await zhao.getByRole("button", { name: "复制" }).first().click();
await zhao.getByRole("button", { name: /已复制|已选中/ }).waitFor();
await zhao.getByRole("link", { name: /登记张贴：\s*村务公开栏/ }).click();
await zhao.locator("#record").waitFor();
assert.equal(await zhao.locator('#record input[value="notice_board"]').isChecked(), true, "the channel is chosen already");
await zhao.getByLabel(/哪里|位置|地点/).first().fill("村委会门口公示栏");
await zhao.getByRole("button", { name: "核对并签名" }).click();
await signShown(zhao, ["村务公开栏", "村委会门口公示栏"]);
await zhao.getByRole("heading", { name: "已记入账本" }).waitFor();
await nav(zhao, "公开张贴").click();
await zhao.getByRole("link", { name: /12 号商铺/ }).click();
await zhao.getByText("村委会门口公示栏").first().waitFor();
assert.equal(await zhao.locator(".channels .tag.done").count(), 1);
await look(zhao, "checklist-one-done");

// A draft that something overtakes: who signs is shown what changed, and everybody signs anew.
const chair = await sit(base, "donglang", keyOf("chen"), PASSPHRASE);
const late = (await chair.ask("POST", "drafts", { note: readFileSync(join(folder, "late.draft"), "utf8") })).json;
assert.equal(late.state, "waiting");
await nav(liang, "我的工作台").click();
await liang.getByRole("link", { name: /任职/ }).first().click();
await liang.getByRole("button", { name: "看一遍并签名" }).waitFor();
const overtaking = await fetch(`${LEDGER}/events`, { method: "POST", headers: { "content-type": "text/plain; charset=utf-8" }, body: readFileSync(join(folder, "first.draft")) });
assert.equal(overtaking.status, 201, await overtaking.text());
await liang.getByRole("button", { name: "看一遍并签名" }).click();
await told(liang, "还没有签");
await liang.getByText("起草之后新登记的").waitFor();
await look(liang, "draft-overtaken");
await liang.getByRole("button", { name: "排到新登记之后" }).click();
await told(liang, "已排到新登记之后");
await look(liang, "draft-moved");

// The answer to a signature is lost: pressed once more, it has arrived once.
await liang.getByRole("button", { name: "看一遍并签名" }).click();
await liang.route("**/signatures", async (route) => {
  await route.fetch();
  await route.abort();
}, { times: 1 });
await signShown(liang, ["qian"]);
await told(liang, "签名还在这个页面里");
await look(liang, "draft-unreachable");
await liang.getByRole("button", { name: "把签名再送一次" }).click();
await told(liang, "您已签名");
await nav(chen, "我的工作台").click();
await chen.getByText("请重新签").first().waitFor();
await look(chen, "mine-asked-again");
await chen.getByRole("link", { name: /任职/ }).first().click();
await chen.getByRole("button", { name: "看一遍并签名" }).click();
await signShown(chen, ["qian"]);
await told(chen, "已记入账本");
const now = await entries();

// Signed a moment too late, it is said that it stands; nothing is recorded twice.
assert.equal(await entries(), now);
await chen.goto(`${DESK}/drafts/00000000000000000000000000000000`);
await chen.getByText("没有这份草稿").first().waitFor();
await look(chen, "no-draft");
await chen.goto(`${DESK}?lang=en`);
await chen.getByRole("heading", { name: "My desk" }).waitFor();
await look(chen, "mine-en");

await browser.close();
console.log("all is as it should be");
