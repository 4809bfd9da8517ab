// Looks at pages of the staff desk as everybody must be able to: axe, no sideways scroll, no error in the
// console; a picture of each into the folder PICTURES, if there is one.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What pages complained of, but for what is expected. */
export const complaints = [];
let pictures = 0;

/** Notes what a page complains of from now on. */
export function listen(page, expected) {
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !expected.test(message.text())) {
      complaints.push(message.text());
    }
  });
}

/** Looks at a page as it stands. */
export async function look(page, name, picture = {}) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async (values) => {
    const found = await window.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] });
    return found.violations.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`));
  }, WCAG);
  assert.deepEqual(violations, [], `${name}: axe`);
  const [needs, has] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(needs <= has, `${name}: scrolls sideways, ${needs} of ${has}`);
  assert.deepEqual(complaints, [], `${name}: complaints`);
  if (process.env.PICTURES !== undefined) {
    pictures += 1;
    await page.screenshot({ ...picture, path: join(process.env.PICTURES, `${String(pictures).padStart(2, "0")}-${name}.png`) });
  }
  console.log(name);
}
