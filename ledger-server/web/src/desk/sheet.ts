// What a key's owner takes out of the browser: the file, and a sheet of paper for the safe. Both are locked by
// the passphrase, which stands on neither.
import { encodeQR } from "qr";
import { element } from "../page/element.ts";
import { renderings } from "../page/render.ts";
import { VerifierKey } from "../verify/key.ts";
import { fingerprint } from "./key.ts";
import { t } from "./language.ts";
import type { Kept } from "./store.ts";

const SVG = "http://www.w3.org/2000/svg";

/** Has the browser save a file. */
export function save(name: string, content: Blob | string): void {
  const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  const link = element("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Saves the key file and, beside it, whose it is: what `sanzi` wants to find together. */
export function exportFile(kept: Kept): void {
  save(`${kept.member}.key`, kept.pem);
  save(`${kept.member}.key.pub`, `${kept.key}\n`);
}

/** A QR code as a picture: one path, sharp on any printer. */
function code(text: string): SVGElement {
  const rows = encodeQR(text, "raw", { ecc: "medium", border: 2 });
  const size = rows.length;
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", t("钥匙文件的二维码", "The key file as a QR code"));
  svg.setAttribute("shape-rendering", "crispEdges");
  const ground = document.createElementNS(SVG, "rect");
  ground.setAttribute("width", String(size));
  ground.setAttribute("height", String(size));
  ground.setAttribute("fill", "#fff");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  shape.setAttribute("fill", "#000");
  svg.append(ground, shape);
  return svg;
}

/** The recovery sheet: one A4 page, and the only thing that is printed while it is shown. */
export function recoverySheet(kept: Kept, collective: string): HTMLElement {
  const key = VerifierKey.parse(kept.key);
  const row = (label: string, value: string): HTMLElement =>
    element("div", {}, element("dt", {}, label), element("dd", {}, value));
  const steps = [
    t("打开账本的工作台，进“我的钥匙”，点“导入钥匙”。", "Open the ledger's desk, “My keys”, “Import a key”."),
    t("用手机扫下面的二维码，把得到的文字粘贴进去；扫不了就照着字母逐个输入。", "Scan the code and paste the text; if that fails, type the letters below."),
    t("输入当初设的口令。口令没有写在这张纸上，也没有人能替你找回。", "Enter the passphrase that you chose. It is not on this sheet, and nobody can recover it for you."),
  ];
  return element(
    "section",
    { class: "recovery", "aria-label": t("恢复单", "Recovery sheet") },
    element("h2", {}, t("钥匙恢复单", "Key recovery sheet")),
    element("p", {}, t("电脑坏了、浏览器清空了，凭这张纸和口令就能恢复签名钥匙。请锁在保险柜里，不要拍照，不要交给别人。", "If the computer breaks or the browser is cleared, this sheet and the passphrase bring the signing key back. Lock it away; take no picture of it; give it to nobody.")),
    element(
      "dl",
      { class: "facts" },
      row(t("账本", "Ledger"), `${collective} ${key?.name.slice(0, key.name.lastIndexOf("/")) ?? ""}`),
      row(t("谁的钥匙", "Whose"), `${kept.name}（${kept.member}）`),
      row(t("公钥指纹", "Fingerprint"), key === undefined ? "" : fingerprint(key.key.bytes)),
      row(t("公钥", "Public key"), kept.key),
      row(t("制作时间", "Made"), renderings(kept.since, "datetime", "zh", undefined)?.[0] ?? kept.since),
    ),
    element("ol", {}, ...steps.map((step) => element("li", {}, step))),
    element("div", { class: "recovery-code" }, code(kept.pem)),
    element("pre", { class: "recovery-text", tabindex: "0" }, kept.pem),
    element("p", { class: "small" }, t("这是加密文件（PKCS#8，scrypt 加 AES-256-CBC），sanzi 命令和 openssl pkey 也能打开。", "An encrypted file (PKCS#8, scrypt with AES-256-CBC); sanzi and openssl pkey open it, too.")),
  );
}
