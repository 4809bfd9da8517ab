// A person at the staff desk with a browser profile of their own. Everything is done by what the pages show;
// a profile outlives its browser.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";
import { fill } from "../filling.mjs";
import { listen, look } from "../looking.mjs";

/** What is answered so on purpose, and the connections that are broken. */
const EXPECTED = /status of (?:401|403|404|409|410|422|503)|ERR_FAILED|ERR_CONNECTION_|ERR_INTERNET_DISCONNECTED|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/;

const BROWSER = { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] };

/** Kinds of page that were looked at already. */
const looked = new Set();

export class Person {
  constructor(office, profile, viewport) {
    Object.assign(this, { office, profile, viewport });
    this.home = join(office.folder, "profiles", profile);
  }

  /** Opens the browser on its profile. */
  async open() {
    const context = await chromium.launchPersistentContext(this.home, { ...BROWSER, ...this.settings() });
    return this.begin(context, context.pages()[0]);
  }

  /** Opens a private window: nothing is left of it. */
  async openPrivately() {
    this.browser = await chromium.launch(BROWSER);
    return this.begin(await this.browser.newContext(this.settings()));
  }

  settings() {
    return { viewport: this.viewport, locale: "zh-CN", acceptDownloads: true };
  }

  async begin(context, page) {
    this.context = context;
    this.page = page ?? (await context.newPage());
    this.page.setDefaultTimeout(60_000);
    listen(this.page, EXPECTED);
    return this;
  }

  async close() {
    await (this.browser ?? this.context).close();
  }

  /** As a power cut does it. */
  async kill() {
    const gone = this.context.waitForEvent("close");
    const mine = `--user-data-dir=${this.home}`;
    for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      let line = "";
      try {
        line = readFileSync(`/proc/${id}/cmdline`, "latin1");
      } catch {
        // It has ended.
      }
      if (line.split("\0").includes(mine) && !line.includes("--type=")) {
        process.kill(Number(id), "SIGKILL");
      }
    }
    await gone;
  }

  get desk() {
    return `${this.office.ledger}/desk`;
  }

  dialog() {
    return this.page.locator("dialog.ask").last();
  }

  /** Looks at a kind of page once, wherever it comes first; at what this profile is as wide as. */
  async look(name) {
    const kind = `${name}-${this.viewport.width}`;
    if (!looked.has(kind)) {
      looked.add(kind);
      // A picture of the whole page would scroll what is being typed into back into view.
      const isTyping = await this.page.evaluate(() => document.activeElement?.matches("input, textarea, select") ?? false);
      await look(this.page, kind, { fullPage: !isTyping });
    }
  }

  // Around the desk.

  async goto(path) {
    await this.page.goto(path === "" ? this.desk : `${this.desk}/${path}`);
  }

  /** Waits until another page is shown than when this was asked. */
  async elsewhere(act) {
    await this.page.evaluate(() => document.querySelector("main").setAttribute("data-before", ""));
    await act();
    await this.page.locator("main:not([data-before])").waitFor();
  }

  /** Goes to a place that the navigation names. */
  async to(name) {
    const link = this.page.getByRole("navigation", { name: "工作台" }).getByRole("link", { name, exact: true });
    await this.elsewhere(() => link.click());
  }

  async choose(member, passphrase) {
    await this.dialog().locator("form.unlock").waitFor();
    const choice = this.dialog().getByLabel("用谁的钥匙");
    if (await choice.isVisible()) {
      const options = await choice.locator("option").allInnerTexts();
      await choice.selectOption({ index: options.findIndex((option) => option.includes(`（${member}）`)) });
    }
    await this.dialog().getByLabel("口令", { exact: true }).fill(passphrase);
    await this.dialog().getByRole("button", { name: "解锁" }).click();
    await this.page.getByText("已解锁").waitFor();
  }

  /** Comes to the desk, unlocking the key; from a page loaded anew. */
  async arrive(member, passphrase) {
    await this.goto("");
    const button = this.page.getByRole("button", { name: "解锁钥匙并登录" });
    const heading = this.page.getByRole("heading", { name: "我的工作台" });
    await button.or(heading).first().waitFor();
    if (await button.isVisible()) {
      await this.look("sign-in");
      await button.click();
      await this.choose(member, passphrase);
    }
    await heading.waitFor();
    this.secret = [member, passphrase];
  }

  async leave() {
    await this.page.getByRole("button", { name: "锁上并退出" }).click();
    await this.page.getByText("已解锁").waitFor({ state: "detached" });
    await this.page.getByRole("heading", { name: "登录工作台" }).waitFor();
  }

  // Keys.

  /** Brings a key file in; it stays unlocked. */
  async bring(file, passphrase) {
    const member = basename(file, ".key");
    await this.goto("keys");
    await this.page.getByRole("button", { name: "导入钥匙" }).click();
    await this.dialog().locator('input[type="file"]').setInputFiles(file);
    await this.dialog().getByLabel("口令", { exact: true }).fill(passphrase);
    await this.dialog().getByRole("button", { name: "导入", exact: true }).click();
    await this.page.locator(`.card[data-key*="/${member}+"]`).getByText("在用").waitFor();
    await this.page.getByText("已解锁").waitFor();
    this.secret = [member, passphrase];
  }

  /** Makes a key, takes its files away, and gives the code. */
  async make(member, name, passphrase) {
    const { page } = this;
    await this.goto("enrol");
    await page.getByLabel("姓名").fill(name);
    await page.getByLabel("代号").fill(member);
    await page.getByLabel("新口令").fill(passphrase);
    await page.getByLabel("再输入一遍").fill(passphrase);
    await this.look("enrol");
    await page.getByRole("button", { name: "做钥匙，取入册码" }).click();
    await page.getByText("钥匙做好了").waitFor({ timeout: 120_000 });
    const code = (await page.locator(".code").innerText()).trim();
    await this.look("code");
    await page.getByRole("link", { name: "去备份钥匙" }).click();
    const card = page.locator(`.card[data-key*="/${member}+"]`);
    await card.getByText("等待入册").waitFor();
    await this.look("keys");
    const downloads = [];
    const keep = (download) => downloads.push(download);
    page.on("download", keep);
    await card.getByRole("button", { name: "导出文件" }).click();
    while (downloads.length < 2) {
      await page.waitForTimeout(50);
    }
    page.off("download", keep);
    for (const download of downloads) {
      await download.saveAs(join(this.office.folder, download.suggestedFilename()));
    }
    return code;
  }

  /** Looks up a code and signs; the first who does names the roles. */
  async enrol(code, roles = []) {
    const { page } = this;
    await this.to("新成员");
    await page.getByLabel("入册码").fill(code);
    await page.getByRole("button", { name: "查入册码" }).click();
    await page.getByText("入册码核对通过").waitFor();
    for (const role of roles) {
      await page.getByLabel(role, { exact: true }).check();
    }
    await this.look("code-good");
    await page.getByRole("button", { name: "核对并签名" }).click();
    await this.sign(["成员入册"]);
    await page.locator(".done-heading").waitFor();
  }

  // Signing.

  /** Reads what is to be signed, and signs it. */
  async sign(words = []) {
    await this.dialog().getByText("签名前请看一遍").waitFor();
    const shown = await this.dialog().locator("dl").innerText();
    for (const word of words) {
      assert.ok(shown.includes(word), `${word}: ${shown}`);
    }
    await this.look("sign");
    await this.dialog().getByRole("button", { name: "签名", exact: true }).click();
  }

  /** Opens what waits for this person; of several, what is called so. */
  async openWaiting(title = /./) {
    const { page } = this;
    await this.to("待签箱");
    const link = page.locator("section[aria-labelledby=h-mine] a.to").filter({ hasText: title }).first();
    await link.waitFor();
    await this.look("inbox");
    await link.click();
    await page.locator("#draft").waitFor();
    await this.look("draft");
  }

  async readAndSign(words) {
    await this.page.getByRole("button", { name: "看一遍并签名" }).click();
    await this.sign(words);
  }

  async told(words) {
    await this.page.locator("#told").filter({ hasText: words }).waitFor();
  }

  /** Signs from the inbox. */
  async cosign(title, words) {
    await this.openWaiting(title);
    await this.readAndSign(words);
    await this.told(/您已签名|签齐了|已记入账本/);
  }

  // Forms.

  /** Comes to the form of a kind of event by links; of a transaction, if one is named. */
  async form(kind, transaction) {
    const { page } = this;
    await this.to("办理登记");
    await this.look("choose");
    const query = transaction === undefined ? "" : `?transaction=${transaction}`;
    const link = page.locator(`main a[href*="/record/${kind}${query}"]`).first();
    if ((await link.count()) === 0) {
      await page.locator("#of-id").fill(transaction);
      await this.elsewhere(() => page.getByRole("button", { name: "看能办什么" }).click());
      await this.look("choose-of");
    }
    await this.elsewhere(() => link.click());
  }

  async fill(body) {
    await fill(this.page, "form#record", body);
  }

  slot(kind) {
    return this.page.locator(`.slot[data-kind="${kind}"]`);
  }

  async attach(kind, file, isPrivate = false) {
    const slot = this.slot(kind);
    await slot.locator("input[multiple]").setInputFiles(file);
    await slot.getByText("✓ 已存好").waitFor();
    if (isPrivate) {
      await slot.getByText("不公开，账本里只写名称和承诺").click();
      await slot.getByText("✓ 已存好（不公开").waitFor();
    }
  }

  /** Lets a file fall where a document goes. */
  async drop(kind, name, text) {
    const transfer = await this.page.evaluateHandle(
      ([name, text]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], name, { type: "text/plain" }));
        return transfer;
      },
      [name, text],
    );
    await this.slot(kind).dispatchEvent("dragover", { dataTransfer: transfer });
    await this.slot(kind).dispatchEvent("drop", { dataTransfer: transfer });
    await this.slot(kind).getByText("✓ 已存好").waitFor();
  }

  /** What the page says of the form as it stands. */
  async verdict() {
    await this.page.locator("form#record:not(.unchecked)").waitFor();
    const said = await this.page.locator("#verdict-now, #refused:visible, form .fault:visible").allInnerTexts();
    return said.join(" ");
  }

  /** Checks and signs what was filled in: two acts; says what became of it. */
  async hand(words) {
    const { page } = this;
    const said = await this.verdict();
    assert.ok(said.startsWith("✓ 填好了"), said);
    await this.look(`form-${await page.getAttribute("form#record", "data-kind")}`);
    await page.getByRole("button", { name: "核对并签名" }).click();
    await this.sign(words);
    await page.locator("#done h2").waitFor();
    await this.look("done");
    return page.locator("#done").innerText();
  }

  /** Records something of a transaction, up to this person's signature. */
  async record(kind, transaction, body, documents, words) {
    await this.form(kind, transaction);
    await this.fill(body);
    for (const document of documents) {
      await this.attach(document, join(this.office.folder, "台账.txt"));
    }
    return this.hand(words);
  }

  // Publishing.

  async publication(subject) {
    await this.to("公开张贴");
    await this.look("publications");
    await this.page.getByRole("link", { name: subject }).first().click();
    await this.page.getByRole("link", { name: "其他要公开的交易" }).waitFor();
  }

  /** Makes the disclosure with one button, reads it, and signs. */
  async publish(subject, words) {
    const { page } = this;
    await this.publication(subject);
    await page.getByLabel("群众到哪里、怎样提意见").fill("村委会意见箱，或到三资办当面提");
    await page.getByRole("button", { name: "生成公开内容" }).click();
    await page.getByText("群众将看到的").waitFor();
    const preview = await page.locator(".preview").innerText();
    for (const word of words) {
      assert.ok(preview.includes(word), `${word}: ${preview}`);
    }
    await this.look("publish");
    await page.getByRole("button", { name: "看过了，签名公开" }).click();
    await this.sign(["12 号商铺"]);
    await page.getByText("等别人签名").waitFor();
  }

  /** Records that it hangs on a channel. */
  async post(subject, channel, location, photo) {
    const { page } = this;
    await this.publication(subject);
    await this.look("checklist");
    await page.getByRole("link", { name: new RegExp(`登记张贴：\\s*${channel}`) }).click();
    await page.locator("form#record").waitFor();
    await page.locator('[data-name="location"] input, [data-name="location"] textarea').fill(location);
    if (photo !== undefined) {
      await this.attach("", photo);
      await this.slot("").getByLabel("材料名称（会公开）").fill("公开栏照片");
    }
    const said = await this.hand([channel, location]);
    assert.ok(said.includes("已记入账本"), said);
  }
}
