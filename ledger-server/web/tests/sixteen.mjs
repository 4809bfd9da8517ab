// Members of an office with a browser profile each take one transaction from step 1 to 16, in real Chromium:
//   node sixteen.mjs BINARY FOLDER
// FOLDER holds a training ledger that its chair and its supervisor founded, with their key files; BINARY serves
// it, and is killed and started again on the way. The others make their keys in their browsers; their files
// end up in FOLDER. Prints a line for each thing that was done; ends with 1 if one is not as it should be.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { complaints } from "./looking.mjs";
import { Office } from "./sixteen/office.mjs";
import { Person } from "./sixteen/person.mjs";
import { founding } from "./sixteen/founding.mjs";
import { beforeThePlan } from "./sixteen/before_the_plan.mjs";
import { thePlan } from "./sixteen/the_plan.mjs";
import { theBidding } from "./sixteen/the_bidding.mjs";
import { theEnd } from "./sixteen/the_end.mjs";

const [binary, folder, seconds] = process.argv.slice(2);
const office = new Office(binary, folder);
await office.open();

/** Telephones and screens. */
const [NARROW, WIDE] = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
];
const people = Object.fromEntries(
  await Promise.all(
    ["chen", "liang", "zhao", "he", "street"].map(async (profile) => [profile, await new Person(office, profile, ["he", "liang"].includes(profile) ? NARROW : WIDE).open()]),
  ),
);

const began = Date.now();
/** What all parts share. */
const story = {
  ...people,
  office,
  folder,
  transaction: "",
  founders: readFileSync(join(folder, "pass"), "utf8").trim(),
  secret: "荷花塘 三把锁 1987",
  say: (words) => console.log(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${words}`),
  /** Until a window that began before now has run. */
  window: () => new Promise((resolve) => setTimeout(resolve, (Number(seconds) + 1) * 1000)),
};
try {
  for (const part of [founding, beforeThePlan, thePlan, theBidding, theEnd]) {
    await part(story);
  }
} catch (error) {
  // What everybody was looking at.
  for (const [profile, { page }] of Object.entries(people)) {
    const seen = await page.locator("#desk-said, #told, #draft, #check, #done, dialog, main:not(:has(#check, #draft))").allInnerTexts().catch(() => []);
    if (process.env.PICTURES !== undefined) {
      await page.screenshot({ path: join(process.env.PICTURES, `failed-${profile}.png`) }).catch(() => undefined);
    }
    console.log(`--- ${profile}: ${page.url()}\n${seen.join("\n").slice(0, 1500)}`);
  }
  await Promise.all(Object.values(people).map((person) => person.close()));
  await office.kill();
  throw error;
}
assert.deepEqual(complaints, []);
await Promise.all(Object.values(people).map((person) => person.close()));
assert.equal(await office.close(), 0);
story.say("all is as it should be");
