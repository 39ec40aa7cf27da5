import { DateTime } from 'luxon';

/** Today in India, as midnight UTC: the form that dates have everywhere. */
export function today(now = new Date()): Date {
  return new Date(`${now.toLocaleDateString('en-CA', { timeZone: 'Asia/Kolkata' })}T00:00:00Z`);
}

export const firstOfMonth = (date: Date, monthsLater = 0) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater, 1));

/** The last six whole months before `day`, oldest first, without those before the month of joining; that month at least. */
export function lastSixMonths(day: Date, joiningDate: Date): Date[] {
  const joined = firstOfMonth(joiningDate);
  const months = [-6, -5, -4, -3, -2, -1].map((offset) => firstOfMonth(day, offset)).filter((month) => month >= joined);
  return months.length > 0 ? months : [joined];
}

const UNITS = ['years', 'months', 'days'] as const;

/**
 * The time between two dates in words, both days included: `2 years 3 months 1 day`. By the rule of Luxon's `diff`, from the first day to
 * the day behind the last: as many whole months as fit, each ending on the same day of the month or, where there is none, the last.
 */
export function durationBetween(start: Date, end: Date): string {
  const [from, to] = [start, end].map((date) => DateTime.fromJSDate(date, { zone: 'utc' })) as [DateTime, DateTime];
  const duration = to.plus({ days: 1 }).diff(from, [...UNITS]);
  return UNITS.flatMap((unit) => {
    const count = duration.get(unit);
    return count > 0 ? [`${count} ${count === 1 ? unit.slice(0, -1) : unit}`] : [];
  }).join(' ');
}
