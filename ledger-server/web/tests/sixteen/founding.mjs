// The chair and the supervisor bring their key files; four others make a key each and are enrolled by its code.
// Two of them share the street office's computer.
import assert from "node:assert/strict";
import { join } from "node:path";

const NEW = [
  ["zhao", "zhao", "赵*", ["资产管理员", "理事会成员", "党组织书记", "信息公开员", "出纳"]],
  ["he", "he", "何*", ["会计", "监票人"]],
  ["street", "jie", "街道三资办（经办）", ["街道资产管理机构", "交易服务机构"]],
  ["street", "qian", "街道三资办（复核）", ["街道复核人", "交易服务复核人"]],
];

export async function founding(story) {
  const { chen, liang, office, folder, founders, secret, say } = story;
  const founder = (person, member) => person.bring(join(folder, `data/founding/keys/${member}.key`), founders);
  const made = async (profile) => {
    const codes = [];
    for (const [at, member, name, roles] of NEW.filter(([at]) => at === profile)) {
      codes.push([await story[at].make(member, name, secret), roles]);
    }
    return codes;
  };
  const [, , ...codes] = await Promise.all([founder(chen, "chen"), founder(liang, "liang"), made("zhao"), made("he"), made("street")]);
  say("two keys were brought, four made");
  for (const [code, roles] of codes.flat()) {
    await chen.enrol(code, roles);
    await liang.enrol(code);
    assert.ok((await liang.page.locator(".done-heading").innerText()).includes("已入册"));
  }
  assert.equal(await office.size(), 5, "the founding and four members");
  say("four members were enrolled by code");
  await Promise.all([story.zhao.arrive("zhao", secret), story.he.arrive("he", secret), story.street.arrive("jie", secret)]);
  await Promise.all([chen.to("我的工作台"), liang.to("我的工作台")]);
  for (const person of [chen, liang, story.zhao]) {
    await person.look("mine");
  }
}
