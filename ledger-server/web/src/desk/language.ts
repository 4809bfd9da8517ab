// The language of the page that is shown: every text of the desk's script stands in both, side by side.

/** One of two texts, by the page's language. */
export function t(zh: string, en: string): string {
  return document.documentElement.lang.startsWith("en") ? en : zh;
}
