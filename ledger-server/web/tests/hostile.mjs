// Pages of a ledger whose texts are all written by somebody who means ill, in real Chromium:
//   node hostile.mjs BASE TRANSACTION
// Nothing that stands in a text may run, load, or change the direction of what stands beside it.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [base, transaction] = process.argv.slice(2);
const KINDS = ["/", "/donglang/", `/donglang/t/${transaction}`, "/donglang/e/0", "/donglang/e/1", "/donglang/charter", "/donglang/roster", "/donglang/charts", "/donglang/concerns"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 360, height: 740 }, locale: "zh-CN" });
const page = await context.newPage();
const complaints = [];
page.on("pageerror", (error) => complaints.push(error.message));
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
page.on("dialog", (dialog) => {
  complaints.push(`executed: ${dialog.message()}`);
  void dialog.dismiss();
});
page.on("request", (request) => request.url().startsWith(`${base}/`) || request.url().startsWith("data:") || complaints.push(`loads ${request.url()}`));

let seen = 0;
for (const path of KINDS) {
  for (const language of ["zh", "en"]) {
    await page.goto(`${base}${path}?lang=${language}`);
    const verdict = page.locator("#verdict");
    if ((await verdict.count()) > 0) {
      await page.waitForSelector("#verdict[data-milliseconds]", { timeout: 60_000 });
      assert.equal(await verdict.getAttribute("data-verdict"), "holds", await verdict.innerText());
      // What the script writes itself, too.
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      await page.waitForTimeout(50);
    }
    const found = await page.evaluate(() => {
      const isolated = (node) => {
        for (let at = node.parentElement; at !== null; at = at.parentElement) {
          const { unicodeBidi, display } = getComputedStyle(at);
          if (/isolate|plaintext/.test(unicodeBidi) || at.tagName === "TITLE") return true;
          // A block of its own changes nothing beside it.
          if (display !== "inline") return at.textContent === node.textContent;
        }
        return false;
      };
      const loose = [];
      let seen = 0;
      const walk = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) {
        const node = walk.currentNode;
        if (/[\u0590-\u05ff]/.test(node.data)) {
          seen += 1;
          if (!isolated(node)) loose.push(node.parentElement.outerHTML.slice(0, 200));
        }
      }
      const foreign = document.querySelectorAll("script:not([src^='/assets/']), img, iframe, [onerror], [onclick], [href^='javascript']");
      return { seen, loose, foreign: [...foreign].map((element) => element.outerHTML) };
    });
    seen += found.seen;
    assert.deepEqual(found.foreign, [], path);
    assert.deepEqual(found.loose, [], `${path}: changes the direction of its neighbours`);
    assert.deepEqual(complaints, [], path);
  }
}
assert.ok(seen > 20, `the texts were shown ${seen} times only`);
await browser.close();
console.log(`hostile texts: shown ${seen} times, and nothing came of it`);
