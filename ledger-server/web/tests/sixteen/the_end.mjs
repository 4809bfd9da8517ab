// Steps 13 to 16: result, contract, its money, completion; and somebody whose roles end is signed out at once.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Person } from "./person.mjs";
import { ASSET, everywhere, together } from "./together.mjs";

export async function theEnd(story) {
  const { street, chen, he, zhao, transaction, say } = story;
  await street.record(
    "result_and_objection",
    transaction,
    { notice: "街道平台网站", objections_to: "街道三资办", summary: "结果公示。" },
    ["result_notice"],
    ["结果公示与异议"],
  );
  await together(story, "结果公示与异议", ["zhao", "liang"]);
  await story.window();
  say("13 the result is announced");
  await chen.record(
    "contract_signing",
    transaction,
    {
      contract_number: "DL-2026-001",
      parties: ["东塱经济联社", "周*"],
      amount_fen: 39_000_000,
      signed_on: "2026-02-25",
      term_start: "2026-03-01",
      term_end: "2029-02-28",
      performance_bond_fen: 2_000_000,
      summary: "合同已签。",
    },
    ["contract", "performance_bond"],
    ["签约备案", "390,000.00"],
  );
  await together(story, "签约备案", ["liang", "street"]);
  say("14 the contract is signed");
  await money(story);
  await he.record(
    "handover_and_receipt",
    transaction,
    { handed_over_on: "2026-03-01", deposits_refunded_fen: 0, received: [{ amount_fen: 13_000_000, received_on: "2026-02-25", voucher: "0001234" }], summary: "已交付。" },
    ["handover", "vouchers", "deposit_refunds"],
    ["交付与款项核对"],
  );
  await together(story, "交付与款项核对", ["zhao", "liang"]);
  say("15 handed over");
  await zhao.publish(ASSET, [ASSET, "周*", "130,000.00"]);
  await together(story, "交易完成公开与归档", ["chen", "liang"]);
  await everywhere(story);
  const page = await (await fetch(`${story.office.ledger}/t/${transaction}`)).text();
  assert.ok(page.includes("已完成") || page.includes("办结"), "the transaction is complete");
  say("16 completed and posted");
  await signedOut(story);
}

async function money(story) {
  const { he, transaction } = story;
  await he.record(
    "payment_due",
    transaction,
    { dues: [{ id: "rent_2027", purpose: "第二年租金", direction: "incoming", due_on: "2027-03-01", amount_fen: 13_390_000 }], summary: "第二年租金应收。" },
    [],
    ["133,900.00"],
  );
  await together(story, "应收", ["liang"]);
  await he.record(
    "payment_received",
    transaction,
    { dues: ["rent_2027"], amount_fen: 13_390_000, payer: "周*", received_on: "2026-03-02", voucher: "0001235", summary: "提前交第二年租金。" },
    [],
    ["133,900.00"],
  );
  await together(story, "收款", ["zhao"]);
  story.say("   a payment fell due and was received");
}

/** In a private window, while somebody works there. */
async function signedOut(story) {
  const { office, chen, secret, folder } = story;
  const guest = await new Person(office, "guest", chen.viewport).openPrivately();
  await guest.bring(join(folder, "qian.key"), secret);
  await guest.to("我的工作台");
  for (const role of ["street_reviewer", "trading_checker"]) {
    await chen.form("role_ended");
    await chen.fill({ member: "qian", role, reason: "调离" });
    await chen.hand(["调离"]);
    await together(story, "离任", ["liang"]);
  }
  await guest.page.getByRole("link", { name: "办理登记" }).first().click();
  await guest.page.getByRole("heading", { name: "登录工作台" }).waitFor();
  await guest.page.getByText("离任的不能再登录").waitFor();
  await guest.page.getByText("钥匙已锁").waitFor();
  await guest.look("signed-out");
  assert.equal((await guest.context.request.get(`${guest.desk}/me`)).status(), 401);
  await guest.close();
  story.say("   whose roles ended is signed out at once");
}
