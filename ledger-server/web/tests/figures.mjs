// Figures of the residents' pages in real Chromium, for docs/performance.md:
//   node figures.mjs SITE PATH
// SITE is a server, PATH a page of a ledger on it. Prints how long it takes from the address to the
// verdict on a processor that Chromium slows down, what is transferred, and the check of the whole ledger.
import { chromium } from "playwright-core";

const [site, path] = process.argv.slice(2);
const RUNS = 5;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A telephone that has never been here: the verdict, its time, the processor's, and what was transferred. */
async function visit(rate) {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, locale: "zh-CN" });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Performance.enable");
  await cdp.send("Emulation.setCPUThrottlingRate", { rate });
  const [addresses, sizes] = [new Map(), new Map()];
  cdp.on("Network.requestWillBeSent", ({ requestId, request }) => addresses.set(requestId, request.url));
  cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => sizes.set(addresses.get(requestId), encodedDataLength));
  await page.goto(site + path);
  await page.waitForSelector("#verdict[data-milliseconds]", { timeout: 120_000 });
  const { verdict, milliseconds } = await page.evaluate(() => ({ ...document.querySelector("#verdict").dataset }));
  const { metrics } = await cdp.send("Performance.getMetrics");
  const busy = Math.round(1000 * metrics.find(({ name }) => name === "TaskDuration").value);
  await context.close();
  const log = [...sizes].filter(([url]) => /\/(?:tile\/|checkpoint|ledger\.json)/.test(url));
  const sum = (list) => list.reduce((bytes, [, size]) => bytes + size, 0);
  return { verdict, milliseconds: Number(milliseconds), busy, page: sum([...sizes]) - sum(log), log: sum(log), requests: sizes.size };
}

for (const rate of [1, 4]) {
  const runs = [];
  for (let run = 0; run < RUNS; run++) {
    runs.push(await visit(rate));
  }
  runs.sort((one, other) => one.milliseconds - other.milliseconds);
  const [least, median, most] = [runs[0], runs[RUNS >> 1], runs[RUNS - 1]];
  console.log(`${path}, slowed down ${rate} times: ${median.verdict} after ${least.milliseconds} – ${median.milliseconds} – ${most.milliseconds} ms; main thread ${median.busy} ms`);
  console.log(`  page and verifier ${median.page} bytes, of the log ${median.log} bytes, ${median.requests} requests`);
}

const page = await browser.newPage();
await page.addInitScript(() => {
  window.tasks = [];
  new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((task) => Math.round(task.duration)))).observe({ entryTypes: ["longtask"] });
});
await page.goto(site + path);
await page.waitForSelector("#verdict[data-milliseconds]", { timeout: 120_000 });
await page.evaluate(() => window.tasks.splice(0));
await page.click("#verdict summary");
const begun = Date.now();
await page.click(".check-whole");
await page.waitForSelector("#verdict[data-whole]", { timeout: 600_000 });
const took = Date.now() - begun;
const longest = await page.evaluate(() => Math.max(0, ...window.tasks));
console.log(`the whole ledger: ${(await page.textContent(".whole-said")).trim()} ${took} ms; longest task of the page ${longest} ms (0: none over 50)`);
await browser.close();
