// Signs a browser in at the staff desk with a key file, as the desk's own script does.
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";

/** Gives a browser context the session of the member whose key file it is. */
export async function signIn(context, site, slug, file, passphrase) {
  const desk = `${site}/${slug}/desk`;
  const ask = (path, body) =>
    fetch(`${desk}/${path}`, {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", origin: site },
      method: "POST",
    });
  const { challenge } = await (await ask("challenge", {})).json();
  const key = createPrivateKey({ key: readFileSync(file), passphrase });
  const signature = sign(null, Buffer.from(challenge), key).toString("base64");
  const answer = await ask("session", { challenge, key: readFileSync(`${file}.pub`, "utf8").trim(), signature });
  if (answer.status !== 204) {
    throw new Error(`${answer.status} ${await answer.text()}`);
  }
  const [cookie] = answer.headers.getSetCookie();
  const [name, value] = cookie.split(";")[0].split("=");
  await context.addCookies([{ name, value, url: `${desk}/` , httpOnly: true, sameSite: "Strict" }].map(({ url, ...rest }) => ({ ...rest, domain: new URL(url).hostname, path: `/${slug}/desk` })));
}
