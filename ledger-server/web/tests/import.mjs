// Contracts of before the ledger at the staff desk, in real Chromium: a sheet is read, what is right is signed
// in one turn, the others sign in one turn, and the same sheet records nothing twice:
//   node import.mjs BASE FOLDER
// BASE serves an office's ledger; FOLDER holds the members' keys and `合同.xlsx` with three rows that are right
// and two that are not. Prints a line for each thing that was looked at; ends with 1 if one is not as it
// should be.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { listen, look as lookOnce } from "./looking.mjs";

const [base, folder] = process.argv.slice(2);
const LEDGER = `${base}/donglang`;
const DESK = `${LEDGER}/desk`;
const PASSPHRASE = readFileSync(join(folder, "pass"), "utf8").trim();
const SHEET = join(folder, "合同.xlsx");
const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
/** What is answered so on purpose, and the connection that the test breaks. */
const EXPECTED = /status of (?:401|404|409|422)|ERR_FAILED/;

async function person(viewport) {
  const context = await browser.newContext({ viewport, locale: "zh-CN", acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  listen(page, EXPECTED);
  return page;
}

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
const told = (page, words) => page.locator("#told").getByText(words).waitFor();

/** Brings a key into the browser, unlocks it and comes to the desk. */
async function arrive(page, member) {
  await page.goto(`${DESK}/keys`);
  await page.getByRole("button", { name: "导入钥匙" }).click();
  const form = dialog(page);
  await form.locator('input[type="file"]').setInputFiles(join(folder, `data/founding/keys/${member}.key`));
  await form.getByLabel("口令", { exact: true }).fill(PASSPHRASE);
  await form.getByRole("button", { name: "导入", exact: true }).click();
  await page.locator(`.card[data-key*="/${member}+"]`).waitFor();
  await nav(page, "我的工作台").click();
  await page.getByRole("heading", { name: "我的工作台" }).waitFor();
}

async function readSheet(page, counts) {
  await page.locator("#sheet").setInputFiles(SHEET);
  await page.getByRole("button", { name: "看看每行会登记成什么" }).click();
  await page.locator("#counts").getByText(counts).waitFor();
}

const before = await entries();
const he = await person(SIZES[1]);
await arrive(he, "he");
await nav(he, "办理登记").click();
await he.getByRole("link", { name: "用表格一次补录多份" }).click();
await he.getByRole("heading", { name: "导入存量合同" }).waitFor();
await look(he, "import-empty");
const [template] = await Promise.all([he.waitForEvent("download"), he.getByRole("link", { name: "下载空表（Excel、WPS）" }).click()]);
assert.equal(readFileSync(await template.path()).subarray(0, 2).toString(), "PK");
await readSheet(he, "共 5 行：可以登记 3，要改 2");
await look(he, "import-found");
const rows = await he.locator("#rows tr").allInnerTexts();
assert.match(rows[0], /^第 5 行\s.*要改.*公式/s);
assert.match(rows[1], /^第 6 行\s.*签订日期/s);
assert.ok(rows.some((row) => row.includes("自然人姓名已写成“李*”")));
const [report] = await Promise.all([he.waitForEvent("download"), he.getByRole("button", { name: "下载每行的结果" }).click()]);
assert.match(readFileSync(await report.path(), "utf8"), /^\ufeff行,合同编号/);

// All are listed in words, each whole on demand; nothing is signed by looking.
await he.getByRole("button", { name: "看过以后，签这 3 份" }).click();
await dialog(he).getByText("签名前请看一遍（3 份）").waitFor();
const listed = await dialog(he).locator("ol > li").allInnerTexts();
assert.equal(listed.length, 3);
assert.ok(listed[0].includes("租 1") && listed[0].includes("李*") && listed[0].includes("1,200,000.00 元"), listed[0]);
await dialog(he).getByText("合同总额合计 3,600,000.00 元").waitFor();
await dialog(he).locator("ol summary").first().click();
await dialog(he).getByText("2015年经成员代表会议讨论同意").first().waitFor();
await look(he, "import-signing");
await he.keyboard.press("Escape");
await told(he, "什么都没有签");
await he.getByRole("button", { name: "看过以后，签这 3 份" }).click();

// The line breaks after the first: what was signed is sent again as it is.
let sent = 0;
await he.route("**/desk/drafts", (route) => {
  sent += route.request().method() === "POST" ? 1 : 0;
  return sent === 2 ? route.abort() : route.continue();
});
await dialog(he).getByRole("button", { name: "签这 3 份" }).click();
await told(he, "还有 2 份签名在这个页面里");
await he.unroute("**/desk/drafts");
await he.getByRole("button", { name: "把签名再送一次" }).click();
await told(he, "已签 3 份，放进待签箱等会签");
await he.locator("#counts").getByText("可以登记 0，要改 2，已起草 3").waitFor();
await look(he, "import-drafted");

// The others sign in one turn.
const others = [
  ["chen", SIZES[0]],
  ["liang", SIZES[1]],
];
for (const [member, size] of others) {
  const page = await person(size);
  await arrive(page, member);
  await nav(page, "待签箱").click();
  const together = page.getByRole("button", { name: "一起签存量合同登记：3 份" });
  await together.waitFor();
  await look(page, `inbox-${member}`);
  await together.click();
  await dialog(page).getByText("签名前请看一遍（3 份）").waitFor();
  await lookOnce(page, `inbox-signing-${member}`);
  await dialog(page).getByRole("button", { name: "签这 3 份" }).click();
  await page.getByText("没有等您签名的草稿").waitFor();
}
assert.equal(await entries(), before + 3);
await readSheet(he, "可以登记 0，要改 2，已起草 0，账本里已有 3");
const recorded = await he.locator("#rows tr").last().innerText();
const id = /old-[a-z2-7]+/.exec(recorded)[0];

// What residents see says what it is.
const resident = await person(SIZES[0]);
await resident.goto(`${LEDGER}/t/${id}`);
await resident.getByRole("heading", { name: "开账之前签的合同" }).waitFor();
await look(resident, "public-contract");
await browser.close();
