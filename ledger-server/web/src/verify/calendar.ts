// Windows by a charter's calendar. The day on which a window starts does not count, and a window of days
// ends at 24:00 of its last day, local time (民法典 201). Working days are Monday to Friday, but for the
// days that the State Council's notices, which the charter holds, name as off or as worked.
import { utf8 } from "./bytes.ts";
import type { JsonObject } from "./canonical.ts";
import { Fault, refuse } from "./fault.ts";
import { integer, member, object, text, texts } from "./read.ts";
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

/** A hundred years in each unit: no span is longer. */
export const SPAN_LIMITS: ReadonlyMap<string, number> = new Map([
  ["working_days", 36_525],
  ["days", 36_525],
  ["hours", 876_600],
  ["minutes", 52_596_000],
  ["seconds", 3_155_760_000],
]);

const LAST_DAY = Math.floor(LAST_SECOND / DAY_SECONDS);

export function readSpan(json: JsonObject): Span {
  const span = { length: integer(json, "length"), unit: text(json, "unit") };
  if (span.length > (SPAN_LIMITS.get(span.unit) ?? -1)) {
    throw new Fault("form", `no span of time: ${span.length} ${span.unit}`);
  }
  return span;
}

interface Notice {
  readonly off: ReadonlySet<number>;
  readonly work: ReadonlySet<number>;
}

function isWeekend(date: number): boolean {
  return (date + 4) % 7 === 0 || (date + 4) % 7 === 6;
}

/** The days of one list of a notice: ascending, of its year or the last four of the year before. */
function daysOf(notice: JsonObject, list: string, year: number): number[] {
  const days = texts(notice, list).map(day);
  days.forEach((date, at) => {
    const name = dayText(date);
    const inside = name >= `${year - 1}-12-28` && name <= `${year}-12-31`;
    if (!inside || date <= (days[at - 1] ?? -1) || (list === "work" && !isWeekend(date))) {
      throw new Fault("form", `the notice for ${year}: ${name} cannot stand there in ${list}`);
    }
  });
  return days;
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
    const named = new Set<number>();
    for (const year of Object.keys(years)) {
      const notice = object(years, year);
      const [off, work] = [daysOf(notice, "off", Number(year)), daysOf(notice, "work", Number(year))];
      const twice = [...off, ...work].find((date) => named.size === named.add(date).size);
      if (twice !== undefined || utf8(text(notice, "source")).length > 200) {
        throw new Fault("form", `the notice for ${year} names a day twice, or its source is too long`);
      }
      this.notices.set(Number(year), { off: new Set(off), work: new Set(work) });
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
    const missing = off || work ? undefined : deciding.find((number) => !this.notices.has(number));
    return { works: work || (!off && !isWeekend(date)), missing };
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
