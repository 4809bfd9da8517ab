// Moments and days: RFC 3339 in whole seconds. Seconds since 1970, days since 1970-01-01.
import { Fault } from "./fault.ts";

export const DAY_SECONDS = 86_400;
export const LAST_SECOND = 253_402_300_799;

const FORM = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})$/;

export interface Stated {
  /** Seconds since 1970. */
  readonly instant: number;
  readonly offsetMinutes: number;
}

function inRange(seconds: number): boolean {
  return seconds >= 0 && seconds <= LAST_SECOND;
}

/** A moment with its offset; `undefined` if the text is not its one form. */
function read(text: string): Stated | undefined {
  const [, local = "", zone = ""] = FORM.exec(text) ?? [];
  const milliseconds = Date.parse(`${local}Z`);
  // Days and hours that do not exist are carried over by some engines: they come out as others.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 19) !== local) {
    return undefined;
  }
  const offset = /^([+-])(\d{2}):(\d{2})$/.exec(zone);
  const [hours, minutes] = [Number(offset?.[2] ?? 0), Number(offset?.[3] ?? 0)];
  if (hours > 23 || minutes > 59 || zone === "-00:00") {
    return undefined;
  }
  const offsetMinutes = (offset?.[1] === "-" ? -1 : 1) * (hours * 60 + minutes);
  const instant = milliseconds / 1000 - offsetMinutes * 60;
  return inRange(milliseconds / 1000) && inRange(instant) ? { instant, offsetMinutes } : undefined;
}

export function stated(text: string): Stated {
  const found = read(text);
  if (found === undefined) {
    throw new Fault("form", `expected a moment such as 2018-03-02T09:30:00+08:00, found ${text.slice(0, 40)}`);
  }
  return found;
}

/** A moment of the log's own clock. */
export function logTime(text: string): number {
  const found = text.endsWith("Z") ? read(text) : undefined;
  if (found === undefined) {
    throw new Fault("form", `expected a moment such as 2018-03-02T01:31:02Z, found ${text.slice(0, 40)}`);
  }
  return found.instant;
}

/** The log's form of a moment. */
export function logText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** A day as it stands in events. */
export function day(text: string): number {
  const days = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) / 1000 / DAY_SECONDS : NaN;
  if (!(days >= 0) || dayText(days) !== text) {
    throw new Fault("form", `expected a day such as 2018-03-02, found ${text.slice(0, 40)}`);
  }
  return days;
}

export function dayText(days: number): string {
  return new Date(days * DAY_SECONDS * 1000).toISOString().slice(0, 10);
}

export function dayAt(seconds: number, offsetMinutes: number): number {
  return Math.floor((seconds + offsetMinutes * 60) / DAY_SECONDS);
}
