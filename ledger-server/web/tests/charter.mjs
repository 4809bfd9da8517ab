// The charter's sheet in real Chromium, with the keyboard alone:
//   node charter.mjs BASE FOLDER
// BASE serves an office's ledger whose members' keys are in FOLDER. One changes three values at a telephone's
// width, is refused at a field, loses the page, compares, looks at the clear sheet, and signs; another sees in
// the inbox what changes, and signs; then the charter is in force. The file that is saved stays in FOLDER.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { complaints, listen, look } from "./looking.mjs";

const [base, folder] = process.argv.slice(2);
const passphrase = readFileSync(join(folder, "pass"), "utf8").trim();
const desk = `${base}/donglang/desk`;
const EXPECTED = /status of (401|403|404|409|422)/;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A browser of somebody's own, with their key in it. */
async function person(member, viewport) {
  const context = await browser.newContext({ viewport, locale: "zh-CN", acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  listen(page, EXPECTED);
  await page.goto(`${desk}/keys`);
  await page.getByRole("button", { name: "导入钥匙" }).click();
  const form = page.locator("dialog.ask").last();
  await form.locator('input[type="file"]').setInputFiles(join(folder, `data/founding/keys/${member}.key`));
  await form.getByLabel("口令", { exact: true }).fill(passphrase);
  await form.getByRole("button", { name: "导入", exact: true }).click();
  await page.locator(`.card[data-key*="/${member}+"]`).getByText("在用").waitFor();
  return page;
}

/** Opens a page of the desk, signing in where it asks. */
async function open(page, path, until) {
  await page.goto(`${desk}/${path}`);
  if ((await page.locator(until).count()) === 0) {
    await page.locator("main button").first().click();
    await unlock(page);
    await page.locator(until).first().waitFor();
  }
}

async function unlock(page) {
  const input = page.locator('dialog.ask input[type="password"]').last();
  await input.fill(passphrase);
  await input.press("Enter");
}

async function tabTo(page, selector) {
  for (let presses = 0; presses < 400; presses += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) {
      return;
    }
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab never comes to ${selector}`);
}

async function type(page, selector, text) {
  await tabTo(page, selector);
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}

/** Opens the row of a part of the charter. */
async function unfold(page, of) {
  await tabTo(page, `[data-of="${of}"] > summary`);
  await page.keyboard.press("Enter");
}

const text = (page, selector) => page.locator(selector).innerText();
const changes = (page) =>
  page.locator("#changes tbody tr, .changes tbody tr").evaluateAll((rows) => Array.from(new Set(rows)).map((row) => [row.dataset.path, ...Array.from(row.children, (cell) => cell.textContent.trim())]));

const chen = await person("chen", { width: 360, height: 740 });
// The raw form leads here, and so does the desk.
await open(chen, "record/charter_adopted", "form#record");
assert.match(chen.url(), /\/desk\/charter$/);
await chen.getByText("还有 2 项没填").waitFor();
await look(chen, "sheet");
assert.equal(await chen.locator("details[data-step]").count(), 16);
assert.equal(await chen.locator("#f-charter-version-input").inputValue(), "2");

// Three values, with the keyboard alone.
await unfold(chen, "steps.party_review");
await type(chen, "#f-charter-steps-party_review-content-input", "党组织会议研究，形成会议纪要，当天张贴。");
await unfold(chen, "steps.street_review");
await type(chen, "#f-charter-steps-street_review-within-span-length-input", "三");
await unfold(chen, "concerns");
const fault = chen.locator("#f-charter-steps-street_review-within-span-length-fault");
await fault.getByText("应为整数").or(fault.getByText("应填：整数")).waitFor();
await look(chen, "refused-at-its-field");
await chen.locator("#f-charter-steps-street_review-within-span-length-input").focus();
await type(chen, "#f-charter-steps-street_review-within-span-length-input", "3");
await type(chen, "#f-charter-concerns-answer_within-span-length-input", "2");
await chen.getByText("还有 2 项没填").waitFor();

// The page is lost, and nothing with it.
await open(chen, "charter", "form#record");
await chen.locator("#kept").getByText("已恢复").waitFor();
assert.equal(await chen.inputValue("#f-charter-steps-street_review-within-span-length-input"), "3");

// What it would change: these three.
await chen.getByText("已改 3 处").waitFor();
const expected = [
  ["steps.party_review.content", "第 3 环节 党组织研究", "办什么"],
  ["steps.street_review.within.span", "第 9 环节 街道审查与定级", "办理时限·时长"],
  ["concerns.answer_within.span", "群众意见", "答复时限·时长"],
];
const found = await changes(chen);
assert.deepEqual(found.map((row) => row.slice(0, 3)), expected);
assert.match(found[1][4], /3 小时/);
assert.match(await text(chen, '[data-of="steps.street_review"] > summary'), /改 1 处/);
assert.match(await text(chen, '#as-hung tr[data-step="party_review"]'), /当天张贴/);
assert.match(await text(chen, '#as-hung tr[data-step="street_review"]'), /3 小时内办/);
assert.match(await text(chen, "#as-hung"), /草稿，未生效/);
await chen.locator("#changes").scrollIntoViewIfNeeded();
await look(chen, "compared");

// A rule of the whole is told at its field, too.
await chen.locator("#f-charter-version-input").focus();
await type(chen, "#f-charter-version-input", "0");
await chen.keyboard.press("Tab");
await chen.locator("#f-charter-version-fault").getByText("版本号从 1 起").waitFor();
await chen.keyboard.press("Shift+Tab");
await type(chen, "#f-charter-version-input", "2");

const download = chen.waitForEvent("download");
await chen.getByText("已改 3 处").waitFor();
await chen.locator("#f-charter-version-fault").waitFor({ state: "hidden" });
await chen.waitForTimeout(1500);
await chen.locator("#save-charter").focus();
await chen.keyboard.press("Enter");
await (await download).saveAs(join(folder, "saved.json"));

// How it is adopted.
await chen.locator("#f-applies_to_open input").first().focus();
await tabTo(chen, "#f-applies_to_open input[type=radio]");
await chen.keyboard.press("Space");
await chen.keyboard.press("ArrowDown");
await type(chen, "#f-reason-input", "成员代表提议");
await chen.locator("#verdict-now").getByText(/填好了|规则现在不允许|要改/).waitFor();
const verdict = await text(chen, "#verdict-now");
if (!verdict.includes("填好了")) {
  // The charter in force asks for a vote: the sheet says so where it is filled in.
  await chen.locator("#f-vote-fault").waitFor();
  for (const [field, value] of Object.entries({ members: 60, eligible: 50, present: 45, for: 45, against: 0, abstain: 0 })) {
    await chen.fill(`#f-vote-${field}-input`, String(value));
  }
  await chen.selectOption("#f-vote-body-input", "assembly");
  await chen.fill("#f-vote-held_on-input", "2026-01-05");
  await chen.locator("#f-reason-input").focus();
}
await chen.getByText("✓ 填好了，规则允许登记。").waitFor();
await look(chen, "complete");
await tabTo(chen, "#go");
await chen.keyboard.press("Enter");
const ask = chen.locator("dialog.ask");
await ask.last().waitFor();
if ((await ask.last().locator('input[type="password"]').count()) > 0) {
  await unlock(chen);
}
await ask.locator("button.sign").waitFor();
const digest = await text(chen, "#changes .hash");
assert.ok((await text(chen, "dialog.ask dl.said")).replace(/\s/g, "").includes(digest.replace(/\s/g, "")), "the same digest is signed");
await chen.locator("dialog.ask button.sign").press("Enter");
await chen.locator("#done").getByText("已送出，等其他人签").waitFor();
await look(chen, "handed-in");

// The second member sees what changes, and signs.
const liang = await person("liang", { width: 1280, height: 900 });
await open(liang, "drafts", "main .cards a.to");
await liang.locator("main .cards a.to").first().click();
await liang.locator("#draft, [data-draft]").first().waitFor();
await liang.locator("h2#h-changes").waitFor();
assert.deepEqual((await changes(liang)).map((row) => row.slice(0, 3)), expected);
await look(liang, "draft", { fullPage: true });
await liang.locator("[data-sign] button").press("Enter");
const dialog = liang.locator("dialog.ask");
await dialog.last().waitFor();
if ((await dialog.last().locator('input[type="password"]').count()) > 0) {
  await unlock(liang);
}
await liang.locator("dialog.ask button.sign").press("Enter");
await liang.getByText("签齐了，已记入账本").waitFor();

// It is in force, and the sheet goes on from it.
await liang.goto(`${base}/donglang/charter`);
await liang.getByText("当天张贴").first().waitFor();
await open(liang, "charter", "form#record");
assert.equal(await liang.inputValue("#f-charter-version-input"), "3");
await liang.getByText("还没有改动。").waitFor();
await look(liang, "desktop", { fullPage: true });

// Another charter is put into the sheet, and a broken file is not.
await liang.locator('[data-begin="default"]').press("Enter");
await liang.getByText(/已改 \d+ 处/).waitFor();
await liang.setInputFiles("#open-charter", { name: "broken.json", mimeType: "application/json", buffer: Buffer.from('{"title": "章程"}') });
await liang.locator("#begun").getByText("✕ 章程有误").waitFor();
await liang.setInputFiles("#open-charter", join(folder, "saved.json"));
await liang.locator("#changed-so-far").getByText("还没有改动。").waitFor();
assert.deepEqual(complaints, []);
await browser.close();
