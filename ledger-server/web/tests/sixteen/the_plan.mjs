// Steps 6 to 8, and a correction of the plan, after which it is published again.
import assert from "node:assert/strict";
import { ASSET, everywhere, together } from "./together.mjs";

export async function thePlan(story) {
  const { zhao, chen, transaction, say } = story;
  const price = { basis: "per_year", fen: 12_000_000 };
  await zhao.form("plan_drafting", transaction);
  // Carried over, and said so.
  assert.match(await zhao.page.locator("#f-reserve_price-carried").innerText(), /第 5 环节/);
  assert.equal(await zhao.page.inputValue("#f-reserve_price-fen-input"), "120,000.00");
  await zhao.fill({
    method: "open_bidding",
    reserve_price: price,
    term_months: 36,
    rent_free_months: 1,
    escalation: { every_months: 12, rate_basis_points: 300 },
    deposit_fen: 2_000_000,
    eligibility: "依法登记的单位",
    summary: "三年期公开竞价出租。",
  });
  for (const document of ["plan", "contract_draft"]) {
    await zhao.attach(document, `${story.folder}/台账.txt`);
  }
  await zhao.hand(["编制交易方案"]);
  await together(story, "编制交易方案", ["he", "chen"]);
  say("6  the plan");
  await vote(story, chen);
  await zhao.publish(ASSET, [ASSET, "120,000.00", "依法登记的单位"]);
  await together(story, "方案生成后公开", ["chen", "liang"]);
  await everywhere(story);
  say("8  the plan is published and posted");
  await correct(story);
}

async function vote(story, chen) {
  const { page } = chen;
  await chen.form("member_vote", story.transaction);
  await chen.fill({ body: "representatives", members: 30, eligible: 30, present: 19, for: 19, against: 0, abstain: 0, notified_on: "2026-01-13", held_on: "2026-01-26", summary: "代表大会表决。" });
  await chen.verdict();
  // The arithmetic, before anybody signs: of whom, how many it takes, and that it does not come to that.
  assert.match(await page.locator("#f-present-echo").innerText(), /✕ .*30 人，2\/3 为至少 20 人；现为 19 人/);
  assert.equal(await page.locator("#f-present-echo.short").count(), 1, "what falls short does not look good");
  await chen.look("form-vote-short");
  await chen.fill({ present: 27, for: 25, against: 1, abstain: 1 });
  for (const document of ["notice", "attendance", "tally", "minutes"]) {
    await chen.attach(document, `${story.folder}/台账.txt`);
  }
  await chen.verdict();
  assert.match(await page.locator("#f-present-echo").innerText(), /✓ .*至少 20 人；现为 27 人/);
  assert.match(await page.locator("#f-for-echo").innerText(), /✓ .*至少 20 人；现为 25 人/);
  await chen.hand(["民主表决", "27"]);
  await together(story, "民主表决", ["he", "liang"]);
  story.say("7  the vote");
}

/** What the price rests on was written down wrong, and published so; the plan itself stands, having been voted on. */
async function correct(story) {
  const { zhao, transaction, office } = story;
  await story.window();
  await zhao.form("corrected", transaction);
  await zhao.look("correct-which");
  const which = (name) => zhao.page.locator("main a.to").filter({ hasText: name }).first();
  await zhao.elsewhere(() => which("征求意见与底价评估").click());
  await zhao.look("correct-what");
  await zhao.elsewhere(() => which("底价依据").click());
  await zhao.fill({ reason: "少写了一处", value: "同街四处成交价" });
  const before = await office.size();
  await zhao.hand(["更正", "同街四处成交价"]);
  await together(story, "更正", ["he", "liang"]);
  assert.equal(await office.size(), before + 1);
  await zhao.publish(ASSET, ["同街四处成交价"]);
  await together(story, "方案生成后公开", ["chen", "liang"]);
  await everywhere(story);
  await story.window();
  story.say("   corrected by those who had signed, and published again");
}
