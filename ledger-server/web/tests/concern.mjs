// A concern in real Chromium, part by part; between them the staff answers:
//   node concern.mjs LEDGER TRANSACTION raise|rate|lie FOLDER
// LEDGER is the address of a ledger that takes in concerns; FOLDER keeps what one part tells the next, and
// takes pictures.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [ledger, transaction, part, folder] = process.argv.slice(2);
const SAID = "塘埂谁来修？\n<script>alert(1)</script> \"'&";
const COMMENT = "说清楚了，谢谢。";
const notes = join(folder, "concern.json");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

async function open(viewport) {
  const context = await browser.newContext({ viewport, locale: "zh-CN" });
  const page = await context.newPage();
  page.on("pageerror", (error) => assert.fail(error.message));
  page.on("dialog", () => assert.fail("a script in a text was executed"));
  return page;
}

async function settled(page) {
  await page.waitForSelector("#verdict[data-milliseconds]", { timeout: 60_000 });
  return page.evaluate(() => ({
    verdict: document.querySelector("#verdict").dataset.verdict,
    failing: [...document.querySelectorAll('#verdict [data-state="fails"]')].map((check) => check.dataset.check),
    words: [...document.querySelectorAll("[data-words]")].map((words) => [words.className, words.textContent]),
  }));
}

async function visit(page, path) {
  await page.goto("about:blank");
  await page.goto(`${ledger}${path}`);
  return settled(page);
}

/** Answers one path otherwise than the server does. */
async function lie(page, pattern, change) {
  await page.route(pattern, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: change(await response.text()) });
  });
}

async function raise() {
  const page = await open({ width: 360, height: 740 });
  await page.goto(`${ledger}/t/${transaction}`);
  await page.click(`a[href$="/t/${transaction}/ask"], a[href*="/t/${transaction}/ask?"]`);
  await page.fill('[name="text"]', SAID);
  await page.fill('[name="by"]', "张三丰");
  await page.check('[name="subject"][value="general"]').catch(() => page.selectOption('[name="subject"]', "general"));
  await page.click('form[data-form="ask"] button[type="submit"]');
  await page.waitForSelector(".receipt", { timeout: 60_000 });
  await page.screenshot({ path: join(folder, "receipt.png"), fullPage: true });
  const [, id, code] = /\/c\/([0-9A-Za-z-]+)#([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})/.exec(await page.content()) ?? [];
  assert.ok(id !== undefined && code !== undefined, "the receipt holds a link with the code");
  const found = await visit(page, `/c/${id}`);
  assert.deepEqual(found, { verdict: "holds", failing: [], words: [["proven", SAID]] });
  await page.screenshot({ path: join(folder, "waiting.png"), fullPage: true });
  writeFileSync(notes, JSON.stringify({ id, code }));
}

async function rate({ id, code }) {
  const page = await open({ width: 1280, height: 800 });
  const answered = await visit(page, `/c/${id}#${code}`);
  assert.equal(answered.verdict, "holds");
  const answer = page.locator("section[aria-labelledby=h-answer] .words .proven");
  assert.equal(await answer.innerText(), "合同写明由承租人修。");
  // The link on the receipt brings the code.
  assert.equal(await page.inputValue("#code"), code);
  await page.check('[name="stars"][value="4"]');
  await page.fill("#comment", COMMENT);
  await page.click('form[data-form="rate"] button[type="submit"]');
  await page.waitForURL(/#rated$/);
  const rated = await settled(page);
  assert.deepEqual(rated.words, [["proven", SAID], ["proven", COMMENT]]);
  assert.equal(rated.verdict, "holds");
  assert.match(await page.innerText("#rated"), /4\/5/);
  assert.equal(await page.locator('form[data-form="rate"]').count(), 0);
  await page.screenshot({ path: join(folder, "rated.png"), fullPage: true });
}

/** What the server does, whether the page is then contradicted, and how the words are marked. */
const LIES = [
  ["other words on the page", true, "contradicted", (page, id) => lie(page, `**/c/${id}`, (html) => html.replace("塘埂谁来修", "我很满意"))],
  [
    "other words on the page and behind it",
    true,
    "contradicted",
    async (page, id) => {
      await lie(page, `**/c/${id}`, (html) => html.replace("塘埂谁来修", "我很满意"));
      await lie(page, `**/c/${id}/text`, (json) => json.replace("塘埂谁来修", "我很满意"));
    },
  ],
  [
    "another salt",
    true,
    "contradicted",
    (page, id) => lie(page, `**/c/${id}/text`, (json) => json.replace(/("salt":")./, (_, start) => `${start}_`)),
  ],
  ["words without their mark", true, undefined, (page, id) => lie(page, `**/c/${id}`, (html) => html.replace(/data-words="\d+"/, ""))],
  ["words of another entry", true, "contradicted", (page, id) => lie(page, `**/c/${id}`, (html) => html.replace(/data-words="\d+"/, 'data-words="0"'))],
  ["nothing behind the page", false, "unverified", (page, id) => page.route(`**/c/${id}/text`, (route) => route.fulfill({ status: 404 }))],
];

async function lies({ id }) {
  for (const [name, fails, mark, hostile] of LIES) {
    const page = await open({ width: 360, height: 740 });
    await hostile(page, id);
    const found = await visit(page, `/c/${id}`);
    console.log(`${name}: ${JSON.stringify(found)}`);
    assert.equal(found.verdict, fails ? "fails" : "holds", name);
    assert.deepEqual(found.failing, fails ? ["displayed"] : [], name);
    if (mark !== undefined) {
      assert.equal(found.words[0][0], mark, name);
    }
    await page.screenshot({ path: join(folder, "lie.png"), fullPage: true });
    await page.context().close();
  }
}

await (part === "raise" ? raise() : (part === "rate" ? rate : lies)(JSON.parse(readFileSync(notes, "utf8"))));
await browser.close();
console.log(`${part}: as it should be`);
