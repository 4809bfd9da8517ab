// Every kind of page in real Chromium, as people of all ages and telephones meet it:
//   node pages.mjs BASE FOLDER
// BASE is a server of the demonstration ledger; FOLDER takes pictures and the printed notice. Prints a
// line for each page; ends with 1, having looked at all, if one is not as it should be.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder] = process.argv.slice(2);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Each kind of page: its name, its path, and the verdict that the script must come to (none: no script). */
const KINDS = [
  ["portal", "/", undefined],
  ["collective", "/donglang/", "holds"],
  ["transaction", "/donglang/t/2018-014", "holds"],
  ["disclosure", "/donglang/d/2018-014/plan", "holds"],
  ["notice", "/donglang/d/2018-014/plan/print", undefined],
  ["entry", "/donglang/e/700", "holds"],
  ["charter", "/donglang/charter", "holds"],
  ["roster", "/donglang/roster", "holds"],
  ["charts", "/donglang/charts", undefined],
  ["concerns", "/donglang/concerns", "holds"],
  ["concern", "/donglang/c/2018-YJ-01", "holds"],
  ["missing", "/donglang/t/1999-001", undefined],
];

const wrong = [];
function expect(holds, said) {
  if (!holds) {
    wrong.push(said);
    console.log(`WRONG: ${said}`);
  }
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A browser, and what its pages complain of: errors, and what the content security policy stopped. */
async function open(viewport, options = {}) {
  const context = await browser.newContext({ viewport, locale: "zh-CN", ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(`a script in a text was executed: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    // That a page is missing is an answer.
    if (message.type() === "error" && !/status of 404/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  return { page, complaints };
}

function with_(path, query) {
  return query === "" ? path : `${path}?${query}`;
}

async function settle(page, verdict) {
  if (verdict === undefined) {
    return undefined;
  }
  await page.waitForSelector("#verdict[data-milliseconds]", { timeout: 60_000 });
  return page.evaluate(() => {
    const { dataset } = document.querySelector("#verdict");
    const failing = [...document.querySelectorAll('#verdict [data-state="fails"]')].map((check) => check.textContent);
    return { verdict: dataset.verdict, milliseconds: dataset.milliseconds, failing };
  });
}

/** What axe finds against WCAG 2.2 AA, and what stops a finger: each as one line. */
async function violations(page) {
  // In the isolated world of a test the page's policy does not count.
  await page.evaluate(AXE);
  return page.evaluate(async (values) => {
    const found = await window.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] });
    return found.violations.flatMap((violation) =>
      violation.nodes.slice(0, 3).map((node) => `${violation.id}: ${node.target.join(" ")} ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`),
    );
  }, WCAG);
}

const SIGHTS = [
  ["360", { width: 360, height: 740 }, "lang=zh"],
  ["1280", { width: 1280, height: 800 }, "lang=en"],
  ["320-large", { width: 320, height: 640 }, "lang=zh&large=1"],
  ["360-large-en", { width: 360, height: 740 }, "lang=en&large=1"],
];

for (const [sight, viewport, query] of SIGHTS) {
  const { page, complaints } = await open(viewport);
  for (const [kind, path, verdict] of KINDS) {
    const name = `${kind} ${sight}`;
    await page.goto(base + with_(path, query));
    const found = await settle(page, verdict);
    expect(found?.verdict === verdict, `${name}: ${JSON.stringify(found)}`);
    if (found !== undefined) {
      await page.click("#verdict summary");
    }
    for (const violation of await violations(page)) {
      expect(false, `${name}: ${violation}`);
    }
    if (kind !== "notice") {
      const [needs, has] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      expect(needs <= has, `${name}: scrolls sideways, ${needs} of ${has}`);
    }
    const letters = await page.evaluate(() =>
      [...document.querySelectorAll("figure svg text")].map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a),
    );
    expect(kind !== "charts" || letters.length > 0, `${name}: no chart`);
    expect(letters.every((size) => size >= 12), `${name}: letters of ${Math.min(...letters)} px`);
    expect(complaints.length === 0, `${name}: ${complaints.splice(0).join("; ")}`);
    if (process.env.PICTURES !== undefined) {
      await page.screenshot({ path: join(folder, `${kind}-${sight}.png`), fullPage: true });
    }
    console.log(`${name}: ${found === undefined ? "" : `${found.verdict}, ${found.milliseconds} ms`}`);
  }
  await page.context().close();
}

{
  const { page } = await open({ width: 360, height: 740 }, { javaScriptEnabled: false });
  for (const [kind, path, verdict] of KINDS) {
    for (const query of ["lang=zh", "lang=en"]) {
      await page.goto(base + with_(path, query));
      const text = await page.locator("body").innerText();
      expect(text.length > 60, `${kind} without a script: ${text}`);
      if (verdict !== undefined) {
        const said = await page.locator("#verdict").innerText();
        expect(/sanzi verify/.test(said) || /电脑|另一|other/.test(said), `${kind} without a script does not say how else to check: ${said}`);
      }
    }
  }
  console.log("without a script: read");
  await page.context().close();
}

{
  const { page } = await open({ width: 794, height: 1123 });
  for (const point of ["pre_plan", "plan", "completion"]) {
    await page.goto(`${base}/donglang/d/2018-014/${point}/print?lang=zh`);
    writeFileSync(join(folder, `notice-${point}.pdf`), await page.pdf({ preferCSSPageSize: true, printBackground: true }));
  }
  console.log("printed");
  await page.context().close();
}

await browser.close();
assert.deepEqual(wrong, []);
console.log("all pages are as they should be");
