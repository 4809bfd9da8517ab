// A resident's telephone and servers that lie, in real Chromium:
//   node verdict.mjs BASE FOLDER
// BASE is a server of the demonstration ledger; FOLDER holds `entries` (the log, as the data folder keeps
// it), `older-checkpoint`, and takes what is downloaded. Prints a line for each path; ends with 1 at the
// first that is not as it should be.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder] = process.argv.slice(2);
const DEAL = "2018-014";
const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
];

const raw = readFileSync(join(folder, "entries"));
const entries = [];
for (let at = 0; at < raw.length; ) {
  const length = raw.readUInt16BE(at);
  entries.push(raw.subarray(at + 2, at + 2 + length).toString());
  at += 2 + length;
}
const statements = entries.map((entry) => JSON.parse(entry.split("\n")[1]));
const published = statements.filter((s) => s.stream === `transaction/${DEAL}` && s.event.kind === "publish_plan");
const digest = Buffer.from(published.at(-1).event.disclosure, "hex").toString("base64url");
const notice = `/donglang/d/${DEAL}/plan#${digest}`;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A telephone that has never been here. */
async function telephone(viewport = SIZES[0]) {
  const context = await browser.newContext({ viewport, acceptDownloads: true, locale: "zh-CN" });
  const page = await context.newPage();
  page.on("pageerror", (error) => assert.fail(error.message));
  page.on("dialog", () => assert.fail("a script in a text was executed"));
  return page;
}

/** Opens a path and waits for the verdict: the verdict, its sentence, and the check that does not hold. */
async function visit(page, path) {
  await page.goto("about:blank");
  await page.goto(base + path);
  await page.waitForSelector("#verdict[data-milliseconds]", { timeout: 120_000 });
  return page.evaluate(() => ({
    verdict: document.querySelector("#verdict").dataset.verdict,
    sentence: document.querySelector("#verdict .verdict-line").textContent.trim(),
    sign: document.querySelector("#verdict .sign").getAttribute("class"),
    failing: [...document.querySelectorAll('#verdict [data-state="fails"]')].map((check) => check.dataset.check),
    contradicted: document.querySelectorAll(".contradicted").length,
    milliseconds: Number(document.querySelector("#verdict").dataset.milliseconds),
  }));
}

function say(name, found) {
  console.log(`${name}: ${found.verdict} ${found.failing.join()} ${found.milliseconds} ms — ${found.sentence}`);
}

/** Answers a path of the ledger otherwise than the server does. */
async function lie(page, pattern, change) {
  await page.route(pattern, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: change(await response.body()) });
  });
}

function flipped(at) {
  return (body) => {
    const bytes = Buffer.from(body);
    bytes[Math.min(at, bytes.length - 1)] ^= 1;
    return bytes;
  };
}

const text = (change) => (body) => change(body.toString());

for (const viewport of SIZES) {
  const page = await telephone(viewport);
  const first = await visit(page, notice);
  say(`from the code to the verdict, ${viewport.width} wide`, first);
  assert.deepEqual([first.verdict, first.failing, first.contradicted], ["holds", [], 0]);
  assert.match(first.sign, /sign-holds/);
  const second = await visit(page, `/donglang/t/${DEAL}`);
  say("again, with what was remembered", second);
  assert.equal(second.verdict, "holds");
  assert.equal(await page.getAttribute('[data-check="remembered"]', "data-state"), "holds");
  const english = await visit(page, `/donglang/t/${DEAL}?lang=en`);
  assert.match(english.sentence, /What this page shows is true/);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "scrolls sideways");
  await page.context().close();
}

/** Name, the check that must fail, and what the server does. */
const LIES = [
  ["an altered entry", "included", (page) => lie(page, "**/tile/entries/001*", flipped(70_000))],
  ["an altered tile", "included", (page) => lie(page, "**/tile/0/001*", flipped(40))],
  ["a missing tile", "included", (page) => page.route("**/tile/0/001*", (route) => route.fulfill({ status: 404 }))],
  [
    "a checkpoint signed by nobody",
    "signed",
    (page) => lie(page, "**/donglang/checkpoint", text((body) => body.replace(/^\d+$/m, (size) => String(Number(size) - 1)))),
  ],
  [
    "a checkpoint of another ledger of this site",
    "signed",
    (page) =>
      page.route("**/donglang/checkpoint", async (route) => {
        await route.fulfill({ response: await route.fetch({ url: `${base}/practice/checkpoint` }) });
      }),
  ],
  [
    "facts that no entry says",
    "displayed",
    (page) =>
      lie(page, `**/donglang/d/${DEAL}/plan`, text((body) => body.replace(/(data-as="money">)[\d,.]+/, "$11.00"))),
  ],
  [
    "facts of another transaction",
    "displayed",
    (page) => lie(page, `**/donglang/d/${DEAL}/plan`, text((body) => body.replace(/data-entry="\d+"/, 'data-entry="0"'))),
  ],
  [
    "a page that keeps quiet about the notice",
    "displayed",
    (page) => lie(page, `**/donglang/d/${DEAL}/plan`, text((body) => body.replace('data-point="plan"', 'data-point=""'))),
  ],
  [
    "a page that says it is of a ledger never seen before",
    "displayed",
    (page) => lie(page, `**/donglang/d/${DEAL}/plan`, text((body) => body.replace('data-slug="donglang"', 'data-slug="new"'))),
  ],
  [
    "an amount in fen passed off as yuan",
    "displayed",
    (page) =>
      lie(
        page,
        `**/donglang/d/${DEAL}/plan`,
        text((body) =>
          body.replace(/data-as="money">([\d,]+)\.(\d\d) 元/, (_, yuan, fen) => `data-as="number">${yuan.replace(/,/g, "")}${fen}`),
        ),
      ),
  ],
  [
    "an entry left out",
    "order",
    (page) =>
      lie(
        page,
        `**/donglang/d/${DEAL}/plan`,
        text((body) => body.replace(/data-entries="\[(\d+),(\d+),/, 'data-entries="[$1,')),
      ),
  ],
  [
    "a ledger that names another founding",
    "ledger",
    (page) =>
      lie(page, "**/donglang/ledger.json", text((body) => body.replace(/("ledger_id": ")[0-9a-f]{8}/, "$100000000"))),
  ],
];

for (const [name, check, act] of LIES) {
  const page = await telephone();
  await act(page);
  const found = await visit(page, notice);
  say(name, found);
  assert.deepEqual([found.verdict, found.failing], ["fails", [check]], name);
  assert.match(found.sign, /sign-fails/);
  const todo = await page.textContent("#verdict .verdict-todo");
  assert.ok(todo.length > 10, "says what to do");
  const kept = await page.evaluate(() => localStorage.length);
  assert.equal(kept, check === "displayed" ? 1 : 0, `${name}: what does not hold is not remembered`);
  await page.context().close();
}

/** Lies on the page of a transaction, and the words by which the verdict names them. */
const PAGES = [
  [
    "the page of another transaction",
    "不是这个网址",
    (page, other) =>
      page.route(`**/donglang/t/${DEAL}`, async (route) => {
        await route.fulfill({ response: await route.fetch({ url: `${base}/donglang/t/${other}` }) });
      }),
  ],
  [
    "a record that is not shown",
    "没有列出",
    (page) =>
      lie(
        page,
        `**/donglang/t/${DEAL}`,
        text((body) => {
          const last = Math.max(...JSON.parse(/data-entries="(\[[\d,]*\])"/.exec(body)[1]).filter((at) => statements[at].stream === `transaction/${DEAL}`));
          return body.replaceAll(`data-entry="${last}" `, "");
        }),
      ),
  ],
];

for (const [name, words, act] of PAGES) {
  const page = await telephone();
  const other = statements.map((s) => s.stream).find((s) => s.startsWith("transaction/") && s !== `transaction/${DEAL}`);
  await act(page, other.slice("transaction/".length));
  const found = await visit(page, `/donglang/t/${DEAL}`);
  say(name, found);
  assert.deepEqual([found.verdict, found.failing], ["fails", ["displayed"]], name);
  assert.match(await page.textContent('[data-check="displayed"]'), new RegExp(words));
  await page.context().close();
}

// Every transaction shows all of its records: no false alarm.
{
  const page = await telephone();
  const all = new Set(statements.map((s) => s.stream).filter((s) => s.startsWith("transaction/")));
  for (const stream of all) {
    const found = await visit(page, `/donglang/t/${stream.slice("transaction/".length)}`);
    assert.deepEqual([found.verdict, found.failing], ["holds", []], stream);
  }
  console.log(`${all.size} transactions: each page shows all of its records`);
  await page.context().close();
}

{
  const page = await telephone();
  await lie(
    page,
    `**/donglang/d/${DEAL}/plan`,
    text((body) =>
      body.replace(/data-as="money">([^<]*)</, 'data-as="money"><span class="hidden">$1</span><').replace("<h1>", '<h1 class="proven">'),
    ),
  );
  const found = await visit(page, notice);
  say("a fact that is there and not seen", found);
  assert.equal(await page.locator("[data-entry] .hidden").count(), 0, "what was compared is what is seen");
  assert.equal(await page.locator("h1.proven").count(), 0, "the mark is the script's to give");
  assert.match(await page.textContent("#verdict .verdict-caution"), /第一次/, "a first visit is said to be one");
  await page.context().close();
}

{
  const page = await telephone();
  const forged = await visit(page, `/donglang/d/${DEAL}/plan#${Buffer.alloc(32, 7).toString("base64url")}`);
  say("a forged notice", forged);
  assert.deepEqual([forged.verdict, forged.failing], ["fails", ["notice"]]);
  const other = await visit(page, `/donglang/d/${DEAL}/pre_plan#${digest}`);
  assert.deepEqual([other.verdict, other.failing], ["fails", ["notice"]], "the code of another notice");
  await page.context().close();
}

{
  const page = await telephone();
  assert.equal((await visit(page, notice)).verdict, "holds");
  const before = await page.evaluate(() => localStorage.getItem("sanzi:donglang"));
  const older = readFileSync(join(folder, "older-checkpoint"));
  await page.route("**/donglang/checkpoint", (route) => route.fulfill({ body: older, contentType: "text/plain" }));
  for (const turn of ["rolled back", "rolled back, seen again"]) {
    const found = await visit(page, notice);
    say(turn, found);
    assert.deepEqual([found.verdict, found.failing], ["fails", ["remembered"]]);
  }
  await page.unroute("**/donglang/checkpoint");
  await lie(page, "**/donglang/ledger.json", text((body) => body.replace(/("ledger_id": ")[0-9a-f]{8}/, "$100000000")));
  const another = await visit(page, notice);
  say("another ledger in the place of the known one", another);
  assert.deepEqual([another.verdict, another.failing], ["fails", ["ledger"]]);
  assert.equal(await page.evaluate(() => localStorage.getItem("sanzi:donglang")), before, "not overwritten");
  await page.context().close();
}

{
  const page = await telephone();
  await page.route("**/tile/**", (route) => route.abort());
  const found = await visit(page, notice);
  say("no network", found);
  assert.deepEqual([found.verdict, found.failing], ["open", []]);
  assert.match(found.sign, /sign-open/);
  await page.context().close();
}

{
  const page = await telephone();
  await visit(page, notice);
  await page.click("#verdict summary");
  const names = [];
  const saved = (download) => {
    names.push(download.suggestedFilename());
    return download.saveAs(join(folder, download.suggestedFilename().replace(/^donglang-(\d+|pins)/, "kept")));
  };
  const saves = [];
  page.on("download", (download) => saves.push(saved(download)));
  await page.click(".keep-proof");
  await page.waitForFunction(() => document.querySelector(".kept").textContent !== "");
  for (let turn = 0; turn < 100 && saves.length < 3; turn++) {
    await page.waitForTimeout(100);
  }
  await Promise.all(saves);
  assert.equal(names.length, 3, names.join());
  console.log(`kept: ${names.join(", ")}`);

  let longest = 0;
  await page.exposeFunction("waited", (milliseconds) => (longest = Math.max(longest, milliseconds)));
  await page.evaluate(() => {
    let last = performance.now();
    setInterval(() => {
      window.waited(performance.now() - last);
      last = performance.now();
    }, 20);
  });
  const begun = Date.now();
  await page.click(".check-whole");
  await page.waitForSelector("#verdict[data-whole]", { timeout: 300_000 });
  assert.equal(await page.getAttribute("#verdict", "data-whole"), "holds", await page.textContent(".whole-said"));
  console.log(`the whole ledger: ${entries.length} entries in ${Date.now() - begun} ms; the page waited ${Math.round(longest)} ms at most`);

  await page.evaluate(() => delete document.querySelector("#verdict").dataset.whole);
  await page.click(".check-whole");
  await page.click(".check-cancel");
  assert.match(await page.textContent(".whole-said"), /没有结论/);
  await page.context().close();
}

await browser.close();
console.log("all paths are as they should be");
