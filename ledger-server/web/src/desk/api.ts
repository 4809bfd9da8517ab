// Asks the desk's routes. An answer is data or a problem in the page's language, never an exception, so that
// a caller always still holds what was typed.
import { t } from "./language.ts";
import { slug } from "./view.ts";

/** RFC 9457, in the page's language. Of a lost connection, too: `status` is 0 then. */
export interface Problem {
  /** `urn:sanzi:<rule>`, or `urn:sanzi:unreachable`. */
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly status: number;
  /** Where in the body, as a JSON path, if one field is at fault. */
  readonly field?: string;
  /** The rule's own members. */
  readonly [member: string]: unknown;
}

export type Answer<T> =
  | { readonly ok: true; readonly status: number; readonly data: T }
  | { readonly ok: false; readonly problem: Problem };

/** How long an answer may take, unless it is an upload. */
const PATIENCE_MILLISECONDS = 30_000;

/** Signs in again with the unlocked key, or asks for it; set by sitting.ts. Says whether it came to that. */
let renew: () => Promise<boolean> = () => Promise.resolve(false);

export function onSignedOut(again: () => Promise<boolean>): void {
  renew = again;
}

function unreachable(): Problem {
  return {
    type: "urn:sanzi:unreachable",
    title: t("连不上服务器", "The server cannot be reached"),
    detail: t(
      "网络断了，或服务器没有回答。填写的内容都还在；接通后再按一次，同一内容不会记两次。",
      "The connection is lost, or the server did not answer. All that was typed is still here; try again when it is back: the same is never recorded twice.",
    ),
    status: 0,
  };
}

async function problemOf(response: Response): Promise<Problem> {
  let said: Record<string, unknown> = {};
  try {
    said = (await response.json()) as Record<string, unknown>;
  } catch {
    // Not the service itself: something in between.
  }
  const text = (name: string, other: string): string => {
    const value = said[name];
    return typeof value === "string" ? value : other;
  };
  return {
    ...said,
    type: text("type", "about:blank"),
    title: text("title", `HTTP ${response.status}`),
    detail: text("detail", t("服务器没有说原因；填写的内容都还在，请稍后再试。", "The server gave no reason; all that was typed is still here, try again later.")),
    status: response.status,
  };
}

/** Reads the body of an answer. */
type Reading<T> = (response: Response) => Promise<T>;

async function fromJson<T>(response: Response): Promise<T> {
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

async function once<T>(method: string, path: string, init: RequestInit, reading: Reading<T>): Promise<Answer<T>> {
  const stop = new AbortController();
  const isUpload = method === "PUT" || init.body instanceof Blob;
  const timer = isUpload ? undefined : setTimeout(() => stop.abort(), PATIENCE_MILLISECONDS);
  try {
    const headers = { "accept-language": document.documentElement.lang, ...init.headers };
    const response = await fetch(`/${slug()}/desk/${path}`, {
      ...init,
      cache: "no-store",
      credentials: "same-origin",
      headers,
      method,
      redirect: "error",
      signal: stop.signal,
    });
    if (!response.ok) {
      return { ok: false, problem: await problemOf(response) };
    }
    return { ok: true, status: response.status, data: await reading(response) };
  } catch {
    return { ok: false, problem: unreachable() };
  } finally {
    clearTimeout(timer);
  }
}

/** Asks; if the session has ended, signs in again and asks once more. */
async function ask<T>(method: string, path: string, init: RequestInit, reading: Reading<T> = fromJson): Promise<Answer<T>> {
  const answer = await once<T>(method, path, init, reading);
  if (!answer.ok && answer.problem.status === 401 && path !== "session" && path !== "challenge") {
    return (await renew()) ? once<T>(method, path, init, reading) : answer;
  }
  return answer;
}

function json(body: unknown): RequestInit {
  return { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

/** `get("drafts")` asks `GET /<slug>/desk/drafts`. */
export function get<T>(path: string): Promise<Answer<T>> {
  return ask("GET", path, { headers: { accept: "application/json" } });
}

export function post<T>(path: string, body: unknown): Promise<Answer<T>> {
  return ask("POST", path, json(body));
}

export function remove<T>(path: string, body?: unknown): Promise<Answer<T>> {
  return ask("DELETE", path, json(body ?? {}));
}

/** Sends bytes as they are: documents. */
export function put<T>(path: string, body: Blob, headers: Readonly<Record<string, string>> = {}): Promise<Answer<T>> {
  return ask("PUT", path, { body, headers: { "content-type": "application/octet-stream", ...headers } });
}

function bytes(body: Blob): RequestInit {
  return { body, headers: { "content-type": "application/octet-stream" } };
}

/** Sends a file to be read. */
export function send<T>(path: string, body: Blob): Promise<Answer<T>> {
  return ask("POST", path, bytes(body));
}

/** Sends a file to be read, and gives the file that is made of it. */
export function convert(path: string, body: Blob): Promise<Answer<Blob>> {
  return ask("POST", path, bytes(body), (response) => response.blob());
}
