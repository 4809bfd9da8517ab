// The supervisors' desk in real Chromium, at 360 px and on a desktop, by keyboard, and on paper:
//   node overview.mjs BASE FOLDER
// BASE is a server or a monitor with at least two ledgers; FOLDER takes the printed sheet.
import assert from "node:assert/strict";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { complaints, listen, look } from "./looking.mjs";

const [base, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const [name, viewport] of [["360", { width: 360, height: 740 }], ["desktop", { width: 1366, height: 900 }]]) {
  const page = await (await browser.newContext({ viewport, locale: "zh-CN" })).newPage();
  listen(page, /^$/);
  for (const query of ["?period=all", "?period=all&large=1", "?period=all&large=0&lang=en", "?period=1999-13"]) {
    await page.goto(`${base}/overview${query}`);
    await look(page, `${name}-overview${query.replace(/\W/g, "-")}`, { fullPage: true });
  }
  await page.goto(`${base}/overview?period=all`);
  const names = () => page.locator(".board tbody th[scope=row] a").allTextContents();
  assert.ok((await names()).length >= 2, "two ledgers");
  // By keyboard alone: a column's name sorts by it, and again turns it round.
  for (const order of ["ascending", "descending"]) {
    await page.locator(".board thead a").first().focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector(`.board thead th[aria-sort=${order}]`, { state: "attached" });
    assert.equal(await page.locator(".board thead th").first().getAttribute("aria-sort"), order);
  }
  const [first] = await names();
  await page.locator(".board tbody th[scope=row] a").first().focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("#overdue");
  assert.equal(await page.locator("h1").textContent(), first);
  await look(page, `${name}-ledger`, { fullPage: true });
  await page.goto(`${base}/overview?period=all`);
  await page.fill("#q", "没有这个名字");
  await page.locator("form button").click();
  await page.waitForURL(/q=/);
  assert.deepEqual(await names(), []);
  if (name === "desktop") {
    await page.goto(`${base}/overview?period=all`);
    const box = await page.pdf({ path: join(folder, "overview.pdf"), preferCSSPageSize: true });
    const size = /\/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)/.exec(box.toString("latin1"));
    assert.ok(size && Number(size[1]) > Number(size[2]), `A4 landscape: ${size?.[0]}`);
  }
}
assert.deepEqual(complaints, []);
await browser.close();
