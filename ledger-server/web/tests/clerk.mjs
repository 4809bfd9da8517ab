// A clerk at a telephone's width, with the keyboard alone, in real Chromium:
//   node clerk.mjs BASE FOLDER asset_verification|plan_drafting
// BASE serves an office's ledger whose members' keys are in FOLDER. Fills in the form wrongly first, loses
// the page, puts it right, signs; the others sign; the event is in the log in the end.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { cosign } from "./sitting.mjs";
import { photograph } from "./photograph.mjs";

const [base, folder, kind] = process.argv.slice(2);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const passphrase = readFileSync(join(folder, "pass"), "utf8").trim();
const keyOf = (member) => join(folder, `data/founding/keys/${member}.key`);
const desk = `${base}/donglang/desk`;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 360, height: 740 }, locale: "zh-CN" });
const page = await context.newPage();
// With somebody who listens all the while. Else Playwright takes the choosers over when it is asked for one,
// which may be after the key has opened it: where there is no window, Chromium closes it again at once.
page.on("filechooser", () => {});
const complaints = [];
page.on("pageerror", (error) => complaints.push(error.message));
page.on("console", (message) => {
  if (message.type() === "error" && !/status of (401|403|404|409|422)/.test(message.text())) {
    complaints.push(message.text());
  }
});

let pictures = 0;
async function look(name) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async (values) => {
    const { violations } = await window.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] });
    return violations.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.target.join(" ")} ${node.html.slice(0, 160)}`));
  }, WCAG);
  assert.deepEqual(found, [], `${name}: axe`);
  const [needs, has] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(needs <= has, `${name}: scrolls sideways, ${needs} of ${has}`);
  assert.deepEqual(complaints, [], `${name}: complaints`);
  if (process.env.PICTURES !== undefined) {
    pictures += 1;
    await page.screenshot({ path: join(process.env.PICTURES, `${kind}-${pictures}-${name}.png`), fullPage: true });
  }
  console.log(`${kind}: ${name}`);
}

/** Goes on with Tab until what has the focus matches, as a hand does. */
async function tabTo(selector, key = "Tab") {
  for (let presses = 0; presses < 150; presses += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) {
      return;
    }
    await page.keyboard.press(key);
  }
  assert.fail(`Tab never comes to ${selector}`);
}

async function type(selector, text) {
  await tabTo(selector);
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}

/** Chooses the option so many places on, with the arrows. */
async function choose(group, place) {
  await tabTo(`${group} input[type=radio]`);
  await page.keyboard.press("Space");
  for (let step = 0; step < place; step += 1) {
    await page.keyboard.press("ArrowDown");
  }
}

async function document_(slot, path, key = "Space") {
  await tabTo(`.slot[data-kind="${slot}"] input[multiple]`);
  const chooser = page.waitForEvent("filechooser");
  await page.keyboard.press(key);
  await (await chooser).setFiles(path);
}

const text = (selector) => page.locator(selector).innerText();

// The key of the clerk comes into the browser as D's page does it.
await page.goto(`${desk}/keys`);
await page.getByRole("button", { name: "导入钥匙" }).click();
const form = page.locator("dialog.ask").last();
await form.locator('input[type="file"]').setInputFiles(keyOf("zhao"));
await form.getByLabel("口令", { exact: true }).fill(passphrase);
await form.getByRole("button", { name: "导入", exact: true }).click();
await page.locator('.card[data-key*="/zhao+"]').getByText("在用").waitFor();

/** Signs in where the desk asks for it. */
async function unlock() {
  const input = page.locator('dialog.ask input[type="password"]').last();
  await input.waitFor();
  await page.evaluate(() => document.querySelector('dialog.ask input[type="password"]').focus());
  await page.keyboard.type(passphrase);
  await page.keyboard.press("Enter");
}

async function openDesk(path) {
  await page.goto(`${desk}/${path}`);
  if ((await page.locator('main[data-desk="sign_in"]').count()) > 0) {
    await page.locator("main button").first().waitFor();
    await tabTo("main button");
    await page.keyboard.press("Enter");
    await unlock();
    await page.locator("form#record, main .cards, main form").first().waitFor();
  }
}

/** The form is whole: checks, signs, and lets the others sign. */
async function finish(others) {
  await page.getByText("✓ 填好了，规则允许登记。").waitFor();
  await look("complete");
  let acts = 0;
  await tabTo("#go");
  await page.keyboard.press("Enter");
  acts += 1;
  const button = page.locator("dialog.ask button.sign");
  await button.or(page.locator('dialog.ask input[type="password"]')).first().waitFor();
  if ((await button.count()) === 0) {
    await unlock();
    await button.waitFor();
  }
  await look("sign");
  await tabTo("dialog.ask button.sign");
  const handed = page.waitForResponse((response) => response.url().endsWith("/desk/drafts") && response.request().method() === "POST");
  await page.keyboard.press("Enter");
  acts += 1;
  const { id } = await (await handed).json();
  await page.locator("#done h2").waitFor();
  assert.ok(acts <= 3, `${acts} acts`);
  await look("done");
  const said = await text("#done");
  for (const other of others) {
    assert.ok(said.includes(`${other}*`), said);
  }
  let became;
  for (const other of others) {
    became = await cosign(base, "donglang", keyOf(other), passphrase, id);
  }
  assert.equal(became.state, "entered", JSON.stringify(became));
  const entry = await (await fetch(`${base}/donglang/e/${became.index}/raw`)).text();
  assert.ok(entry.includes(`"kind":"${kind}"`), entry);
  for (const signer of ["zhao", ...others]) {
    assert.ok(entry.includes(`— sanzi.example.org/donglang/${signer} `), entry);
  }
  assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("sanzi-form:")).length), 0);
  return entry;
}

async function verification() {
  await openDesk("record");
  await look("choose");
  await tabTo("#new-id");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("2026-001");
  await page.keyboard.press("Enter");
  await page.locator("form#record").waitFor();
  await look("empty");
  await type("#f-asset-name-input", "12 号商铺");
  await choose("#f-asset-kind", 1);
  await type("#f-asset-location-input", "东塱大街 12 号");
  await type("#f-asset-ownership-input", "集体所有，身份证 11010519491231002X");
  await type("#f-asset-area-value-input", "86.5");
  await choose("#f-asset-area-unit", 1);
  await type("#f-asset-current_use-input", "空置");
  await type("#f-asset-book_value_fen-input", "320000.123");
  await type("#f-summary-input", "台账与现场相符。");
  // What is wrong is said at its field, aloud, and nowhere else.
  await page.locator("#f-asset-book_value_fen-fault:visible").waitFor();
  const faults = await page.locator("form .fault:visible").allInnerTexts();
  assert.equal(faults.length, 2, faults.join(" | "));
  assert.match(await text("#f-asset-ownership-fault"), /身份证/);
  assert.match(await text("#f-asset-book_value_fen-fault"), /320000\.123/);
  assert.equal(await page.getAttribute("#f-asset-book_value_fen-input", "aria-invalid"), "true");
  assert.match(await page.textContent("#aloud"), /权属：.*身份证.*账面价值：.*320000\.123/);
  await look("refused");
  // What was typed outlives the page.
  await openDesk("record/asset_verification?transaction=2026-001");
  await page.locator("#kept:visible").waitFor();
  assert.equal(await page.inputValue("#f-asset-name-input"), "12 号商铺");
  assert.ok(await page.isChecked('#f-asset-kind input[value="asset"]'));
  await look("restored");
  await type("#f-asset-ownership-input", "集体所有");
  await type("#f-asset-book_value_fen-input", "３２0,000");
  await page.locator("#f-asset-book_value_fen-echo:visible").waitFor();
  assert.match(await text("#f-asset-book_value_fen-echo"), /320,000\.00 元（= 32 万元）/);
  const large = join(folder, "200MB.pdf");
  const file = openSync(large, "w");
  ftruncateSync(file, 200_000_000);
  closeSync(file);
  await document_("asset_register", large);
  await page.getByText("超过每份 64.0 MiB 的上限").waitFor();
  await look("too large");
  await tabTo('.slot[data-kind="asset_register"] .paper button', "Tab");
  await page.keyboard.press("Enter");
  const photo = join(folder, "photo.jpg");
  writeFileSync(photo, await photograph(page));
  assert.ok(readFileSync(photo).includes("GPS 23.10N"));
  await document_("asset_register", photo);
  await page.getByText("照片里的位置、时间、机型等信息已去掉").waitFor();
  await document_("ownership", join(folder, "台账.txt"));
  await page.locator('.slot[data-kind="ownership"]').getByText("✓ 已存好").waitFor();
  // Documents outlive the page, too: the server has them.
  await openDesk("record/asset_verification?transaction=2026-001");
  await page.locator('.slot[data-kind="ownership"]').getByText("✓ 已存好").waitFor();
  const entry = await finish(["he", "liang"]);
  const [digest] = /"kind":"asset_register","sha256":"([0-9a-f]{64})"/.exec(entry).slice(1);
  const kept = Buffer.from(await (await fetch(`${base}/donglang/documents/${digest}`)).arrayBuffer());
  assert.equal(createHash("sha256").update(kept).digest("hex"), digest);
  assert.ok(kept[0] === 0xff && kept[1] === 0xd8 && !kept.includes("GPS") && !kept.includes("Exif"));
  assert.ok(entry.includes('"book_value_fen":32000000'), entry);
}

async function plan() {
  await openDesk("record/plan_drafting?transaction=2026-001");
  // Carried over from the steps before, and said so.
  assert.match(await text("#f-reserve_price-carried"), /第 5 环节/);
  assert.equal(await page.inputValue("#f-reserve_price-fen-input"), "120,000.00");
  assert.equal(await page.inputValue("#f-term_months-input"), "36");
  assert.ok(await page.isChecked('#f-method input[value="open_bidding"]').catch(async () => (await page.inputValue("#f-method-input")) === "open_bidding"));
  await look("carried");
  await type("#f-term_months-input", "36");
  await type("#f-rent_free_months-input", "40");
  await type("#f-escalation-every_months-input", "12");
  await type("#f-escalation-rate_basis_points-input", "3.5");
  await type("#f-deposit_fen-input", "20000");
  await type("#f-eligibility-input", "依法登记的个人或单位");
  await type("#f-summary-input", "三年期公开竞价出租。");
  await document_("plan", join(folder, "台账.txt"));
  await document_("contract_draft", join(folder, "台账.txt"), "Enter");
  // The rule of the core, at its field: no more months free of rent than the term has.
  await page.locator("#f-rent_free_months-fault:visible").waitFor();
  assert.match(await text("#f-rent_free_months-fault"), /36/);
  await look("rule");
  await tabTo("#f-rent_free_months-input", "Shift+Tab");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("1");
  const entry = await finish(["he", "chen"]);
  assert.ok(entry.includes('"rate_basis_points":350') && entry.includes('"rent_free_months":1'), entry);
}

await (kind === "plan_drafting" ? plan() : verification());
await browser.close();
