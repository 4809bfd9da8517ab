// The form of every kind of event in real Chromium, filled in from examples:
//   node forms.mjs BASE FOLDER
// FOLDER holds `forms.json`, a list of {query, event}, and the demonstration's keys. What the browser
// collects and the server reads must be the event's body; every form is looked at by axe at two widths.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
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

/** How a value of the log is typed. */
function typed(name, value) {
  if (name === "fen" || name.endsWith("_fen")) {
    return (value / 100).toFixed(2);
  }
  if (name.endsWith("_basis_points")) {
    return String(value / 100);
  }
  if (/^\d{4}-\d\d-\d\dT/.test(value)) {
    const utc = Date.parse(value);
    return new Date(utc + 8 * 3_600_000).toISOString().slice(0, 16);
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What stands in an example for whatever the page offers first. */
const FIRST = "@first";

/** Fills in fields as a hand would: by what is shown, knowing nothing of the page's script. */
async function fill(page, within, fields, tag) {
  for (const [name, value] of Object.entries(fields)) {
    if (name === tag || name === "documents") {
      continue;
    }
    if (name === "charter") {
      await page.setInputFiles("#open-charter", { name: "charter.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(value)) });
      await page.locator("#begun").getByText("✓").waitFor();
      continue;
    }
    const field = page.locator(`${within} [data-name="${name}"]:visible`).first();
    const control = `#${await field.getAttribute("id")}`;
    if (value === FIRST) {
      fields[name] = await offered(page, control);
    }
    await put(page, control, name, fields[name]);
  }
}

/** The first thing that a control offers, or what is settled in it. */
async function offered(page, control) {
  const json = await page.getAttribute(control, "data-json");
  if (json !== null) {
    return JSON.parse(json);
  }
  const first = page.locator(`${control} input, ${control} option:not([value=""])`).first();
  const value = await first.getAttribute("value");
  return /^\d+$/.test(value) ? Number(value) : value;
}

async function put(page, field, name, value) {
  const control = page.locator(field);
  switch (await control.getAttribute("data-value")) {
    case "object":
      return fill(page, field, value);
    case "list": {
      for (const [place, item] of value.entries()) {
        if ((await page.locator(`${field} > [data-rows] > *`).count()) <= place) {
          await page.click(`${field} > [data-add]`);
        }
        const row = page.locator(`${field} > [data-rows] > *`).nth(place);
        await put(page, `#${await row.getAttribute("id")}`, name, item);
      }
      return;
    }
    case "choice": {
      const tag = await control.getAttribute("data-tag");
      const id = String(tag === "" ? value : value[tag]);
      const select = page.locator(`${field} select`);
      if (tag === "" && (await select.count()) > 0) {
        await select.selectOption(id);
      } else {
        await page.check(`${field} input[type=radio][value="${id}"]`);
      }
      return tag === "" ? undefined : fill(page, `${field} [data-variant="${id}"]`, value, tag);
    }
    case "checks":
      for (const box of await page.locator(`${field} input[type=checkbox]`).all()) {
        await box.setChecked(value.includes(await box.getAttribute("value")));
      }
      return;
    case "boolean":
      return page.check(`${field} input[value="${String(value)}"]`);
    case "fixed":
      return;
    default:
      return page.fill(`${field}-input`, typed(name, value));
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
  const read = page.waitForResponse((response) => response.url().endsWith("/desk/typed") && response.request().postData() !== null);
  // What was collected last.
  let last = await (await read).json();
  page.on("response", async (response) => {
    if (response.url().endsWith("/desk/typed")) {
      last = await response.json().catch(() => last);
    }
  });
  await page.evaluate(() => document.querySelector("#go")?.focus());
  await page.waitForTimeout(900);
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
  page.removeAllListeners("response");
  expect(complaints.length === 0, `${name}: ${complaints.splice(0).join("; ")}`);
  const said = await page.locator("#verdict-now, #refused:visible, form .fault:visible").allInnerTexts();
  console.log(`${name}: ${said.join(" ")}`);
}
writeFileSync(join(folder, "bodies.json"), JSON.stringify(bodies));
await browser.close();
process.exit(wrong.length === 0 ? 0 : 1);
