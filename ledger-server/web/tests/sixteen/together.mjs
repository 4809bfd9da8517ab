// What several parts of the transaction do: signing at once, and posting on all four channels.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { photograph } from "../photograph.mjs";

/** What the transaction is about. */
export const ASSET = "12 号商铺";

const CHANNELS = [
  ["农村集体三资平台", "https://sanzi.example.org/gs/2026-001"],
  ["经济联社简报", "2026 年第 3 期"],
  ["微信公众号", "https://mp.weixin.qq.com/s/2026-001"],
];

/** Some sign at once: it enters once. */
export async function together(story, title, signers) {
  const before = await story.office.size();
  await Promise.all(signers.map((signer) => story[signer].cosign(title, [])));
  assert.equal(await story.office.size(), before + 1, `${title}: once, and only once`);
}

/** Posts a publication wherever the charter wants it. */
export async function everywhere(story) {
  const { zhao, folder } = story;
  for (const [channel, location] of CHANNELS) {
    await zhao.post(ASSET, channel, location);
  }
  const photo = join(folder, "公开栏.jpg");
  writeFileSync(photo, await photograph(zhao.page));
  await zhao.post(ASSET, "村务公开栏", "村委会门口公示栏", photo);
}
