// Steps 1 to 5: documents of every sort, two who sign at once, a lost connection, a power cut.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { photograph } from "../photograph.mjs";
import { ASSET, everywhere, together } from "./together.mjs";

export async function beforeThePlan(story) {
  await verification(story);
  await proposal(story);
  await story.zhao.record(
    "party_review",
    story.transaction,
    { met_on: "2026-01-05", conclusion: { verdict: "agreed" }, summary: "同意出租。" },
    ["party_minutes"],
    ["党组织研究"],
  );
  story.say("3  the party's study, by one signature");
  await story.zhao.publish(ASSET, [ASSET, "86.5", "到期重新出租", "村委会意见箱", "登记时起，公开"]);
  await together(story, "方案生成前公开", ["chen", "liang"]);
  await everywhere(story);
  story.say("4  published and posted");
  await valuation(story);
}

async function verification(story) {
  const { zhao, folder, office } = story;
  await zhao.to("办理登记");
  story.transaction = await zhao.page.locator("#new-id").inputValue();
  await zhao.page.getByRole("button", { name: "从第 1 环节开始" }).click();
  await zhao.page.locator("form#record").waitFor();
  await zhao.look("form-empty");
  await zhao.fill({
    asset: { name: ASSET, kind: "asset", location: "东塱大街 12 号", ownership: "集体所有", area: { value: "86.5", unit: "square_metre" }, current_use: "空置", book_value_fen: 32_000_000 },
    summary: "台账与现场相符。",
  });
  const said = await zhao.verdict();
  assert.ok(said.includes("台账"), `what is missing is called as people call it: ${said}`);
  const photo = join(folder, "台账.jpg");
  writeFileSync(photo, await photograph(zhao.page));
  await zhao.attach("asset_register", photo);
  await zhao.slot("asset_register").getByText("照片里的位置、时间、机型等信息已去掉").waitFor();
  await zhao.attach("ownership", join(folder, "台账.txt"), true);
  await zhao.drop("area_survey", "测量.txt", "86.5 平方米");
  const done = await zhao.hand(["资产核实", ASSET, "320,000.00"]);
  assert.ok(done.includes("何*") && done.includes("梁*"), done);
  await together(story, "资产核实", ["he", "liang"]);
  const entry = await office.entry((await office.size()) - 1);
  for (const signer of ["zhao", "he", "liang"]) {
    assert.ok(entry.includes(`— sanzi.example.org/donglang/${signer} `), entry);
  }
  assert.ok(entry.includes('"access":"private"') && entry.includes('"kind":"area_survey"'), entry);
  const [, digest] = /"kind":"asset_register","sha256":"([0-9a-f]{64})"/.exec(entry);
  const kept = Buffer.from(await (await fetch(`${office.ledger}/documents/${digest}`)).arrayBuffer());
  assert.ok(kept[0] === 0xff && kept[1] === 0xd8 && !kept.includes("GPS") && !kept.includes("Exif"), "no place in the photograph");
  story.say("1  verified: a photograph, a private document, one dropped; two signed at once");
}

/** The line is cut when the chair signs: sent again, it has arrived once. */
async function proposal(story) {
  const { zhao, chen, office } = story;
  await zhao.record(
    "proposal_initiation",
    story.transaction,
    { category: "lease", method: "open_bidding", reason: "到期重新出租", expected_term_months: 36, summary: "拟出租三年。" },
    ["proposal_form", "council_minutes"],
    ["提出交易意向"],
  );
  const before = await office.size();
  await chen.openWaiting("提出交易意向");
  await chen.page.getByRole("button", { name: "看一遍并签名" }).click();
  await chen.dialog().getByText("签名前请看一遍").waitFor();
  await chen.context.setOffline(true);
  await chen.sign();
  await chen.told("签名还在这个页面里");
  await chen.look("draft-offline");
  await chen.context.setOffline(false);
  await chen.page.getByRole("button", { name: "把签名再送一次" }).click();
  await chen.told("已记入账本");
  assert.equal(await office.size(), before + 1);
  story.say("2  proposed; the chair's line was cut while signing");
}

/** The power goes: a draft waits, a signature is on its way, and somebody has half filled in a form. */
async function valuation(story) {
  const { zhao, he, liang, office } = story;
  await story.window();
  await zhao.record(
    "feedback_and_valuation",
    story.transaction,
    {
      consulted_from: "2026-01-06",
      consulted_until: "2026-01-12",
      opinions_received: 3,
      opinions_answered: 3,
      valuation_method: "inquiry",
      valuer: "三家中介询价",
      price_basis: "同街三处成交价",
      reserve_price: { basis: "per_year", fen: 12_000_000 },
      summary: "按询价定底价。",
    },
    ["feedback_reply", "valuation"],
    ["征求意见与底价评估", "120,000.00"],
  );
  // Whoever is to sign is led to what was drafted, not to a form of the same.
  await liang.to("办理登记");
  const drafted = liang.page.locator("li.card").filter({ hasText: "已起草，等您签名" }).getByRole("link");
  assert.match(await drafted.getAttribute("href"), /\/desk\/drafts\/[0-9a-f]{32}/);
  await liang.form("feedback_and_valuation", story.transaction);
  await liang.page.getByText("已经起草，等会签，不用再填").waitFor();
  await liang.form("relative_declared");
  await liang.fill({ name: "梁*", relation: "侄子" });
  await he.openWaiting("征求意见与底价评估");
  await he.page.getByRole("button", { name: "看一遍并签名" }).click();
  await he.dialog().getByText("签名前请看一遍").waitFor();
  const before = await office.size();
  await Promise.all([office.kill(), liang.kill()]);
  await he.sign();
  await he.told("签名还在这个页面里");
  await office.open();
  await liang.open();
  await he.page.getByRole("button", { name: "把签名再送一次" }).click();
  // Sessions ended with the server: who holds the key signs in again unasked.
  await he.told("您已签名");
  await liang.arrive("liang", story.founders);
  await liang.form("relative_declared");
  await liang.page.getByText("已恢复").waitFor();
  await liang.look("form-restored");
  assert.equal(await liang.page.locator('[data-name="name"] input').inputValue(), "梁*");
  assert.equal(await liang.page.locator('[data-name="relation"] input').inputValue(), "侄子");
  await liang.cosign("征求意见与底价评估", ["120,000.00"]);
  assert.equal(await office.size(), before + 1);
  story.say("5  valued; server and browser were killed, the draft and the half-filled form survived");
}
