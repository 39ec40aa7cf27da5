// The data ends on a fixed day, so that nothing depends on when it is made. Days are counted from 1970-01-01.

import type { Random } from './random.ts';

const DAY_MS = 86_400_000;
const dayOf = (date: string) => Date.parse(`${date}T00:00:00Z`) / DAY_MS;

/** The company hires its staff from here on; */
export const HIRING = dayOf('2021-11-01');
/** spas, templates and the other users come to be from here on, */
export const FOUNDED = dayOf('2022-11-01');
/** certificates and forms from here on, */
export const OPENED = dayOf('2023-11-01');
/** and all of it before this day. */
export const CLOSED = dayOf('2026-11-01');

// Things happen from nine to nine in India. In those hours the date is the same in India and in UTC.
const MORNING_MS = 3.5 * 3_600_000;
const WORKDAY_MS = 12 * 3_600_000;

/** A moment: whole milliseconds since 1970, inside the hours of work. */
export type Moment = number;

/** Places row `index` of `count` between two days: the order of the rows is the order of their moments. */
export function momentOf(index: number, count: number, first: number, end: number, random: Random): Moment {
  const days = ((index + random.fraction()) / count) * (end - first);
  return at(first + Math.floor(days), days - Math.floor(days));
}

/** A moment of that day; `fraction` of the working hours has gone by. */
export function at(day: number, fraction: number): Moment {
  return day * DAY_MS + MORNING_MS + Math.floor(fraction * WORKDAY_MS);
}

/** How many of `count` rows that were placed by momentOf exist at the start of that day. At least one does. */
export function existingBy(day: number, count: number, first: number, end: number): number {
  return Math.max(1, Math.min(count, Math.floor(((day - first) / (end - first)) * count)));
}

export const dayOfMoment = (moment: Moment): number => Math.floor(moment / DAY_MS);

export const timestamp = (moment: Moment): string => new Date(moment).toISOString();

const dates = new Map<number, string>();

export function date(day: number): string {
  const known = dates.get(day);
  if (known !== undefined) return known;
  const text = new Date(day * DAY_MS).toISOString().slice(0, 10);
  dates.set(day, text);
  return text;
}

/** The first day of the month that lies `months` before the day's own, as a date. */
export function monthBefore(day: number, months: number): string {
  const then = new Date(day * DAY_MS);
  return new Date(Date.UTC(then.getUTCFullYear(), then.getUTCMonth() - months, 1)).toISOString().slice(0, 10);
}

/** India's financial year begins in April: `25-26`. */
export function financialYear(day: number): string {
  const then = new Date(day * DAY_MS);
  const first = then.getUTCFullYear() - (then.getUTCMonth() < 3 ? 1 : 0);
  return `${first % 100}-${(first + 1) % 100}`;
}
