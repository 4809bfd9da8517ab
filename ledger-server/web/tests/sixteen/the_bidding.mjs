// Steps 9 to 12 at the street office's computer, which two people share: bidding fails, the listing is made
// again, and something overtakes it while it waits.
import assert from "node:assert/strict";
import { ASSET, together } from "./together.mjs";

const LISTING = {
  listing_number: "LW-2026-001",
  opens_at: "2026-02-01T09:00:00+08:00",
  closes_at: "2026-02-10T17:00:00+08:00",
  bid_increment_fen: 50_000,
  extension_rule: "最后五分钟有人出价则顺延五分钟",
  summary: "公开竞价公告。",
};

export async function theBidding(story) {
  const { street, chen, transaction, secret, say } = story;
  await street.form("street_review", transaction);
  await street.fill({ conclusion: { verdict: "agreed_with_conditions", conditions: "合同先送审" }, platform_level: "street", summary: "同意交易。" });
  await street.attach("review_opinion", `${story.folder}/台账.txt`);
  await street.hand(["街道审查与定级"]);
  // What one has begun is not shown to the other at the same computer.
  await street.form("relative_declared");
  await street.fill({ name: "钱*", relation: "表弟" });
  await street.verdict();
  await street.leave();
  await street.look("left");
  await street.arrive("qian", secret);
  await street.form("relative_declared");
  await street.verdict();
  assert.equal(await street.page.locator('[data-name="name"] input').inputValue(), "", "somebody else's form");
  assert.equal(await street.page.getByText("已恢复").isVisible(), false);
  await street.cosign("街道审查与定级");
  await street.leave();
  await street.arrive("jie", secret);
  say("9  reviewed by two at one computer");
  await street.record("listing_notice", transaction, LISTING, ["listing", "bidding_rules"], ["发布交易公告"]);
  await together(story, "发布交易公告", ["chen"]);
  await story.window();
  say("10 listed");
  await qualification(story);
  await street.record(
    "bidding",
    transaction,
    { round: 1, held_at: "2026-02-11T10:00:00+08:00", bidders: 0, bids: 0, outcome: { result: "failed", reason: "无人出价" }, summary: "流标。" },
    ["bid_record", "confirmation"],
    ["竞价", "无人出价"],
  );
  await together(story, "竞价", ["liang"]);
  say("12 the bidding failed");
  await chen.to("我的工作台");
  await chen.look("mine-failed");
  await chen.form("returned", transaction);
  await chen.fill({ to: "listing_notice", reason: "无人出价，重新公告" });
  await chen.hand(["发布交易公告"]);
  await together(story, "退回", ["liang"]);
  say("   returned to the listing");
  await again(story);
}

async function qualification(story) {
  const { street, transaction, secret } = story;
  await street.form("bidder_qualification", transaction);
  await street.fill({
    applicants: [
      { name: "周*", admitted: true, deposit_fen: 2_000_000 },
      { name: "吴*", admitted: false, deposit_fen: 0, reason: "未交保证金" },
    ],
    summary: "一人合格。",
  });
  for (const document of ["qualification", "deposits"]) {
    await street.attach(document, `${story.folder}/台账.txt`);
  }
  await street.hand(["报名与资格审核", "周*", "吴*"]);
  await street.leave();
  await street.arrive("qian", secret);
  await street.cosign("报名与资格审核", ["周*"]);
  await street.leave();
  await street.arrive("jie", secret);
  story.say("11 bidders examined");
}

/** Listed again; while that waits for the chair, with their page open, something else enters. */
async function again(story) {
  const { street, chen, zhao, transaction, office } = story;
  await street.form("listing_notice", transaction);
  await street.fill({ ...LISTING, listing_number: "LW-2026-002" });
  for (const document of ["listing", "bidding_rules"]) {
    await street.attach(document, `${story.folder}/台账.txt`);
  }
  await street.hand(["LW-2026-002"]);
  await chen.openWaiting("发布交易公告");
  await zhao.record(
    "opinion_given",
    transaction,
    { by: "某律师事务所", field: "legal", given_on: "2026-02-12", summary: "再次公告合规。" },
    [],
    ["某律师事务所"],
  );
  await together(story, "意见", ["liang"]);
  const before = await office.size();
  await chen.page.getByRole("button", { name: "看一遍并签名" }).click();
  await chen.told("还没有签");
  await chen.page.getByText("起草之后新登记的").waitFor();
  assert.ok((await chen.page.locator("main").innerText()).includes("再次公告合规"), "what changed is shown");
  await chen.look("draft-overtaken");
  await chen.page.getByRole("button", { name: "排到新登记之后" }).click();
  await chen.told("已排到新登记之后");
  await chen.readAndSign(["LW-2026-002"]);
  await chen.told("您已签名");
  assert.equal(await office.size(), before);
  await street.to("我的工作台");
  await street.page.getByText("请重新签").first().waitFor();
  await street.look("mine-asked-again");
  await street.cosign("发布交易公告", ["LW-2026-002"]);
  assert.equal(await office.size(), before + 1);
  await story.window();
  story.say("10 listed again, signed anew after something overtook it");
  await qualification(story);
  await street.record(
    "bidding",
    transaction,
    { round: 2, held_at: "2026-02-20T10:00:00+08:00", bidders: 1, bids: 3, outcome: { result: "won", winner: "周*", price: { basis: "per_year", fen: 13_000_000 } }, summary: "周*成交。" },
    ["bid_record", "confirmation"],
    ["竞价", "130,000.00"],
  );
  await together(story, "竞价", ["liang"]);
  story.say(`12 ${ASSET}: won in the second round`);
}
