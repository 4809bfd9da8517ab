// Renders facts from verified bytes, in the forms of the pages (README.md, data-as).
import type { Json } from "../verify/canonical.ts";
import type { Ledger } from "../verify/state.ts";
import * as read from "../verify/read.ts";
import { dayText, DAY_SECONDS, stated } from "../verify/time.ts";
import type { Verified } from "../verify/replay.ts";
import { hex } from "../verify/bytes.ts";
import type { Language } from "./texts.ts";
import { wordsFor } from "./words.ts";

/** All moments are shown as in China. */
const SHOWN_AT_MINUTES = 480;

/** What stands at a JSON Pointer (RFC 6901) into an entry: its statement, `received`, `leaf` and `signers`. */
export function valueAt(entry: Verified, pointer: string): Json | undefined {
  let value: Json | undefined = {
    ...entry.statement,
    received: entry.receivedText,
    leaf: hex(entry.leaf),
    signers: entry.signers,
  };
  if (pointer !== "" && !pointer.startsWith("/")) {
    return undefined;
  }
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replace(/~1/g, "/").replace(/~0/g, "~");
    if (Array.isArray(value)) {
      value = /^(?:0|[1-9][0-9]*)$/.test(key) ? (value as readonly Json[])[Number(key)] : undefined;
    } else {
      value = read.isObject(value) ? read.member(value, key) : undefined;
    }
  }
  return value;
}

function thousands(digits: string): string {
  return digits.replace(/\B(?=(?:\d{3})+$)/g, ",");
}

function money(fen: number, language: Language): string {
  const text = `${thousands(String(Math.floor(fen / 100)))}.${String(fen % 100).padStart(2, "0")}`;
  return language === "en" ? `¥${text}` : `${text} 元`;
}

function datetime(text: string): string {
  const local = stated(text).instant + SHOWN_AT_MINUTES * 60;
  const minutes = Math.floor((local % DAY_SECONDS) / 60);
  const clock = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0"));
  return `${dayText(Math.floor(local / DAY_SECONDS))} ${clock.join(":")}`;
}

/**
 * A value in a form, as a page may show it: the first is the script's own. Several where a code has
 * several words. `undefined` where the value does not fit the form.
 */
export function renderings(
  value: Json,
  form: string,
  language: Language,
  ledger: Ledger | undefined,
): readonly string[] | undefined {
  if (typeof value === "number") {
    return form === "money" ? [money(value, language)] : [String(value), thousands(String(value))];
  }
  if (typeof value === "boolean") {
    return [language === "en" ? (value ? "yes" : "no") : value ? "是" : "否"];
  }
  if (typeof value !== "string") {
    return undefined;
  }
  switch (form) {
    case "datetime":
      return [datetime(value)];
    case "hash":
      return [value.match(/.{1,4}/gu)?.join(" ") ?? ""];
    case "word": {
      const words = wordsFor(value, language);
      return words.length > 0 ? words : [value];
    }
    case "member": {
      const name = ledger?.roster.members.get(value)?.name;
      return name === undefined ? [value] : [name];
    }
    case "date":
    case "number":
    case "text":
      return [value];
    default:
      return undefined;
  }
}

/** The form in which the script itself shows a member of an event, by its name. */
export function formOf(key: string, value: Json): string {
  if (typeof value === "number") {
    return key.endsWith("_fen") || key === "fen" ? "money" : "number";
  }
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) {
    return "hash";
  }
  if (typeof value === "string" && /^\d{4}-\d{2}-\d{2}T/.test(value)) {
    return "datetime";
  }
  return key === "member" ? "member" : typeof value === "string" && /^[a-z][a-z_]+$/.test(value) ? "word" : "text";
}
