// Canonical JSON: RFC 8785, narrowed to integers, without null, and without characters that hide.
import { Fault } from "./fault.ts";

export type Json = string | number | boolean | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** Control characters, marks and overrides of direction, separators, the byte order mark, noncharacters. */
const HIDES =
  /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF\p{Noncharacter_Code_Point}]/u;

/** Deeper than any event; what is deeper would only serve to exhaust a stack. */
const DEPTH = 100;

/** Whether a text holds a character that could hide or reorder what people read. */
export function hides(text: string): boolean {
  return HIDES.test(text);
}

/** The canonical text of a value. */
export function canonical(value: Json): string {
  return encode(value, 0);
}

function encode(value: unknown, depth: number): string {
  if (depth > DEPTH) {
    throw new Fault("form", "nested too deeply");
  }
  switch (typeof value) {
    case "string":
      if (hides(value)) {
        throw new Fault("form", "a character that could hide or reorder text");
      }
      return JSON.stringify(value);
    case "number":
      if (!Number.isSafeInteger(value)) {
        throw new Fault("form", `expected an integer of at most 2^53 - 1, found ${value}`);
      }
      return String(value === 0 ? 0 : value);
    case "boolean":
      return String(value);
    default:
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => encode(item, depth + 1)).join(",")}]`;
  }
  if (typeof value === "object" && value !== null) {
    // The order of sort() is that of UTF-16 code units, as RFC 8785 wants it.
    const members = Object.keys(value)
      .sort()
      .map((key) => `${encode(key, depth)}:${encode((value as JsonObject)[key], depth + 1)}`);
    return `{${members.join(",")}}`;
  }
  throw new Fault("form", "found null, where a value or nothing is expected");
}

/** Reads canonical JSON, and nothing else: the text must be the encoding of what it says. */
export function parseCanonical(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new Fault("form", "not JSON");
  }
  if (canonical(value) !== text) {
    throw new Fault("form", "not the canonical encoding: order or repetition of keys, spaces, numbers");
  }
  return value;
}
