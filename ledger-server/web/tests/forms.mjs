// The form of every kind of event in real Chromium, filled in from examples:
//   node forms.mjs BASE FOLDER
// FOLDER holds `forms.json`, a list of {query, event}, and the demonstration's keys. What the browser
// collects and the server reads must be the event's body; every form is looked at by axe at two widths.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { fill } from "./filling.mjs";
import { signIn } from "./sitting.mjs";

const [base, folder] = process.argv.slice(2);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const forms = JSON.parse(readFileSync(join(folder, "forms.json"), "utf8"));
const passphrase = readFileSync(join(folder, "data/keys/passphrase.txt"), "utf8").split("\n")[0];
const wrong = [];
function expect(holds, said) {
  if (!holds) {
    wrong.push(said);
    console.log(`WRONG: ${said}`);
  }
}

async function violations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async (values) => {
    const found = await window.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] });
    return found.violations.flatMap((violation) => violation.nodes.slice(0, 3).map((node) => `${violation.id}: ${node.target.join(" ")} ${node.html.slice(0, 160)}`));
  }, WCAG);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 360, height: 740 }, locale: "zh-CN" });
await signIn(context, base, "donglang", join(folder, "data/keys/chen.key"), passphrase);
const page = await context.newPage();
const complaints = [];
page.on("pageerror", (error) => complaints.push(error.message));
page.on("console", (message) => {
  // A refusal is an answer.
  if (message.type() === "error" && !/status of (403|404|409|422)/.test(message.text())) {
    complaints.push(message.text());
  }
});
/** What was read last of what is typed. */
let read;
page.on("response", (response) => {
  if (response.url().endsWith("/desk/typed")) {
    read = response;
  }
});
let bodies = {};
for (const { query, event } of forms) {
  const { kind, ...body } = event;
  const name = `${kind}${query}`;
  const answer = await page.goto(`${base}/donglang/desk/record/${kind}${query}`);
  expect(answer.status() === 200, `${name}: ${answer.status()}`);
  await page.evaluate(() => localStorage.clear());
  await page.goto(`${base}/donglang/desk/record/${kind}${query}`);
  try {
    await fill(page, "form#record", body);
  } catch (error) {
    expect(false, `${name}: ${error.message.slice(0, 300)}`);
    continue;
  }
  await page.locator("form#record:not(.unchecked)").waitFor({ state: "attached" });
  const last = await read.json();
  expect(last.faults.length === 0 && last.missing.length === 0, `${name}: ${JSON.stringify([last.faults, last.missing])}`);
  const { documents: _, ...expected } = body;
  const { documents: __, ...found } = last.body;
  for (const given of ["disclosure", "transaction"]) {
    delete expected[given];
  }
  try {
    assert.deepStrictEqual(found, expected);
  } catch (error) {
    expect(false, `${name}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
  }
  bodies[name] = found;
  for (const size of [{ width: 360, height: 740 }, { width: 1280, height: 800 }]) {
    await page.setViewportSize(size);
    for (const violation of await violations(page)) {
      expect(false, `${name} at ${size.width}: ${violation}`);
    }
    const [needs, has] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    expect(needs <= has, `${name} scrolls sideways at ${size.width}: ${needs} of ${has}`);
    if (process.env.PICTURES !== undefined) {
      await page.screenshot({ path: join(folder, `${kind}-${size.width}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: 360, height: 740 });
  expect(complaints.length === 0, `${name}: ${complaints.splice(0).join("; ")}`);
  const said = await page.locator("#verdict-now, #refused:visible, form .fault:visible").allInnerTexts();
  console.log(`${name}: ${said.join(" ")}`);
}
writeFileSync(join(folder, "bodies.json"), JSON.stringify(bodies));
await browser.close();
process.exit(wrong.length === 0 ? 0 : 1);
