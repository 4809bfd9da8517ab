// A member at the staff desk without its pages: signs a browser in with a key file, and signs a draft that
// waits, as the desk's own script does.
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";

function held(file, passphrase) {
  const key = createPrivateKey({ key: readFileSync(file), passphrase });
  const vkey = readFileSync(`${file}.pub`, "utf8").trim();
  return { key, vkey };
}

/** Signs in; gives a function that asks the desk's routes, and the cookie. */
export async function sit(site, slug, file, passphrase) {
  const desk = `${site}/${slug}/desk`;
  let cookie = "";
  const ask = async (method, path, body) => {
    const headers = { "content-type": "application/json", origin: site, cookie };
    const answer = await fetch(`${desk}/${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    }
    return { answer, json: text.startsWith("{") ? JSON.parse(text) : undefined };
  };
  const { key, vkey } = held(file, passphrase);
  const { challenge } = (await ask("POST", "challenge", {})).json;
  const signature = sign(null, Buffer.from(challenge), key).toString("base64");
  const { answer } = await ask("POST", "session", { challenge, key: vkey, signature });
  [cookie] = answer.headers.getSetCookie()[0].split(";");
  return { ask, cookie };
}

/** Gives a browser context the session of the member whose key file it is. */
export async function signIn(context, site, slug, file, passphrase) {
  const { cookie } = await sit(site, slug, file, passphrase);
  const [name, value] = cookie.split("=");
  await context.addCookies([{ name, value, domain: new URL(site).hostname, path: `/${slug}/desk`, httpOnly: true, sameSite: "Strict" }]);
}

/** Signs a draft that waits; gives what became of it. */
export async function cosign(site, slug, file, passphrase, id) {
  const { ask } = await sit(site, slug, file, passphrase);
  const { statement } = (await ask("GET", `drafts/${id}/json`)).json;
  const { key, vkey } = held(file, passphrase);
  const [name, hash] = /^(.*)\+([0-9a-f]{8})\+/.exec(vkey).slice(1);
  const signature = sign(null, Buffer.from(statement), key);
  const line = `— ${name} ${Buffer.concat([Buffer.from(hash, "hex"), signature]).toString("base64")}`;
  return (await ask("POST", `drafts/${id}/signatures`, { line })).json;
}
