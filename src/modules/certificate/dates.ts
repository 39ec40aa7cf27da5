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

/** The time between two dates in words, both days included: `2 years 3 months 1 day`. */
export function durationBetween(start: Date, end: Date): string {
  const behind = new Date(end.getTime() + 86_400_000);
  let months = (behind.getUTCFullYear() - start.getUTCFullYear()) * 12 + behind.getUTCMonth() - start.getUTCMonth();
  if (behind.getUTCDate() < start.getUTCDate()) months--;
  // The day of the month where the rest begins; a month that is too short for it gives its last day.
  const lastDay = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months + 1, 0)).getUTCDate();
  const rest = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months, Math.min(start.getUTCDate(), lastDay));
  const parts = [
    [Math.floor(months / 12), 'year'],
    [months % 12, 'month'],
    [Math.round((behind.getTime() - rest) / 86_400_000), 'day'],
  ] as const;
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}${count === 1 ? '' : 's'}`] : [])).join(' ');
}
