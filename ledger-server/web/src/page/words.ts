// The words for codes, in both languages: made from the Rust types by the test `glossary`.
import table from "./words.json";
import type { Language } from "./texts.ts";

const TABLE = table as unknown as Record<string, Record<Language, readonly string[]>>;

/** The words for a code; several where it means different things in different fields. */
export function wordsFor(code: string, language: Language): readonly string[] {
  return Object.prototype.hasOwnProperty.call(TABLE, code) ? (TABLE[code]?.[language] ?? []) : [];
}
