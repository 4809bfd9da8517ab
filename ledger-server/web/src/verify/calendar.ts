// Windows by a charter's calendar. The day on which a window starts does not count, and a window of days
// ends at 24:00 of its last day, local time (民法典 201). Working days are Monday to Friday, but for the
// days that the State Council's notices, which the charter holds, name as off or as worked.
import type { JsonObject } from "./canonical.ts";
import { Fault, refuse } from "./fault.ts";
import { integer, isObject, member, object, text, texts } from "./read.ts";
import { day, DAY_SECONDS, dayAt, dayText, LAST_SECOND } from "./time.ts";

export interface Span {
  readonly length: number;
  readonly unit: string;
}

const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ["hours", 3600],
  ["minutes", 60],
  ["seconds", 1],
]);

const LAST_DAY = Math.floor(LAST_SECOND / DAY_SECONDS);

export function readSpan(json: JsonObject): Span {
  const span = { length: integer(json, "length"), unit: text(json, "unit") };
  if (!UNIT_SECONDS.has(span.unit) && span.unit !== "days" && span.unit !== "working_days") {
    throw new Fault("form", `no unit of time: ${span.unit}`);
  }
  return span;
}

interface Notice {
  readonly off: ReadonlySet<number>;
  readonly work: ReadonlySet<number>;
}

export class Calendar {
  readonly offsetMinutes: number;
  private readonly notices = new Map<number, Notice>();

  constructor(json: JsonObject) {
    const offset = member(json, "utc_offset_minutes");
    if (typeof offset !== "number" || Math.abs(offset) > 14 * 60) {
      throw new Fault("form", "utc_offset_minutes: expected -840 to 840");
    }
    this.offsetMinutes = offset;
    const years = object(json, "years");
    for (const year of Object.keys(years)) {
      const notice = years[year];
      if (!isObject(notice)) {
        throw new Fault("form", "years: expected notices");
      }
      const off = new Set(texts(notice, "off").map(day));
      this.notices.set(Number(year), { off, work: new Set(texts(notice, "work").map(day)) });
    }
  }

  /** The local day at a moment. */
  dayOf(seconds: number): number {
    return dayAt(seconds, this.offsetMinutes);
  }

  /** Whether offices work on a day, and the year whose notice would have to say so and is not there. */
  private working(date: number): { works: boolean; missing: number | undefined } {
    const name = dayText(date);
    const year = Number(name.slice(0, 4));
    // The notice for a year may rearrange the last days of December before it.
    const deciding = name.slice(5) >= "12-28" ? [year, year + 1] : [year];
    const notices = deciding.map((number) => this.notices.get(number));
    const off = notices.some((notice) => notice?.off.has(date));
    const work = notices.some((notice) => notice?.work.has(date));
    const weekday = (date + 4) % 7;
    const missing = off || work ? undefined : deciding.find((number) => !this.notices.has(number));
    return { works: work || (!off && weekday !== 0 && weekday !== 6), missing };
  }

  /** The first second after a window; `missing` is the first year without a notice that it reaches. */
  private walk(start: number, span: Span): { end: number; missing: number | undefined } | undefined {
    const seconds = UNIT_SECONDS.get(span.unit);
    if (span.length === 0 || seconds !== undefined) {
      const end = start + span.length * (seconds ?? 0);
      return end <= LAST_SECOND ? { end, missing: undefined } : undefined;
    }
    let date = this.dayOf(start);
    let missing: number | undefined;
    for (let left = span.length; left > 0; ) {
      date += 1;
      if (date >= LAST_DAY) {
        return undefined;
      }
      const day = span.unit === "days" ? { works: true, missing: undefined } : this.working(date);
      missing ??= day.missing;
      left -= day.works ? 1 : 0;
    }
    return { end: (date + 1) * DAY_SECONDS - this.offsetMinutes * 60, missing };
  }

  /** The first second after a window, or a refusal: a year without a notice cannot be counted. */
  endOf(start: number, span: Span): number {
    const found = this.walk(start, span);
    if (found === undefined) {
      return refuse("inconsistent", "a window that ends after the year 9999");
    }
    if (found.missing !== undefined) {
      refuse("calendar_missing", `the charter's calendar has no notice for ${found.missing}`);
    }
    return found.end;
  }

  /** As `endOf`, counting Monday to Friday where a notice is missing. */
  deadline(start: number, span: Span): number {
    return this.walk(start, span)?.end ?? LAST_SECOND;
  }
}
