// Moments and days between PostgreSQL and JavaScript. PostgreSQL knows more of them than a Date does: microseconds, `infinity`, years
// before Christ and far beyond 9999. A DateTime of GraphQL has four digits for the year, and knows less than a Date.

const FIRST_MS = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * A moment that PostgreSQL has and a Date, or a DateTime, has not. As a Date it is the millisecond that it lies in, or the nearest one
 * of the years 1 to 9999: what shows and compares it needs to know nothing more. `exact` is what PostgreSQL wrote, for cursors and filters.
 */
export class Moment extends Date {
  readonly exact: string;

  constructor(milliseconds: number, exact: string) {
    super(milliseconds);
    this.exact = exact;
  }

  override toJSON(): string {
    return this.exact;
  }
}

/** A day or a moment as PostgreSQL writes it for a session in UTC with DateStyle ISO. */
const WRITTEN = /^(\d{4,7})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?(?:\+00)?( BC)?$/;

/**
 * Reads a date, a timestamp or a timestamptz as PostgreSQL writes it for a session in UTC: `2026-03-31 09:30:00.123+00`. One without a
 * zone is taken for UTC, as Prisma does. Throws where it cannot be read: a moment that is wrong would be worse than none.
 */
export function parseMoment(text: string): Date {
  // Reading the digits of a usual one costs a fifth of what the expression does.
  const end = text.endsWith('+00') ? text.length - 3 : text.length;
  const isUsual = (end === 19 || (end > 20 && end < 24 && text[19] === '.')) && text[4] === '-' && text[0] !== '0';
  if (!isUsual) return parseAnyMoment(text);
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 7) - 1, digits(text, 8, 10)];
  const milliseconds = end === 19 ? 0 : digits(text, 20, end) * 10 ** (23 - end);
  return new Date(Date.UTC(year, month, day, digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19), milliseconds));
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + text.charCodeAt(i) - 48;
  return value;
}

function parseAnyMoment(text: string): Date {
  if (text === 'infinity') return new Moment(LAST_MS, text);
  if (text === '-infinity') return new Moment(FIRST_MS, text);
  const parts = partsOf(text);
  if (!parts) throw new Error(`The database gives a moment that cannot be read: ${text}`);
  const { year, month, day, time, microseconds } = parts;
  if (year > 9999) return new Moment(LAST_MS, text);
  if (year < 1) return new Moment(FIRST_MS, text);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(...time, Math.floor(microseconds / 1000));
  return microseconds % 1000 === 0 ? date : new Moment(date.getTime(), text);
}

/** `year`: 0 is the year 1 BC. */
type Parts = { year: number; month: number; day: number; time: [number, number, number]; microseconds: number; hasTime: boolean };

function partsOf(text: string): Parts | undefined {
  const match = WRITTEN.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hours, minutes, seconds, fraction = '', beforeChrist] = match;
  return {
    year: beforeChrist ? 1 - Number(year) : Number(year),
    month: Number(month),
    day: Number(day),
    time: [Number(hours ?? 0), Number(minutes ?? 0), Number(seconds ?? 0)],
    microseconds: Number(fraction.padEnd(6, '0')),
    hasTime: hours !== undefined,
  };
}

/** A moment as PostgreSQL reads it, whatever the zone of this machine. Throws RangeError for an invalid Date. */
export function momentText(date: Date): string {
  if (date instanceof Moment) return date.exact;
  const text = date.toISOString();
  const year = date.getUTCFullYear();
  if (year >= 1 && year <= 9999) return text;
  const rest = text.replace(/^[+-]?\d+/, '');
  return year > 9999 ? `${year}${rest}` : `${String(1 - year).padStart(4, '0')}${rest} BC`;
}

/** What PostgreSQL's types reach: https://www.postgresql.org/docs/18/datatype-datetime.html. Both begin on 24 November 4714 BC. */
const LAST_YEARS = { moment: 294_276, day: 5_874_897 };
const FIRST_YEAR = -4713;

/** Whether a text is one that `momentText` gives for a column of moments, or of days: PostgreSQL can read it. */
export function isMomentText(text: string, kind: keyof typeof LAST_YEARS = 'moment'): boolean {
  if (text === 'infinity' || text === '-infinity') return true;
  if (/^(?!0000)\d{4}-.*Z$/.test(text)) return !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;
  const parts = partsOf(text);
  if (!parts) return false;
  const { year, month, day, time, hasTime } = parts;
  const [hours, minutes, seconds] = time;
  if (hours > 23 || minutes > 59 || seconds > 59 || hasTime !== (kind === 'moment')) return false;
  if (year > LAST_YEARS[kind] || year < FIRST_YEAR || (year === FIRST_YEAR && (month < 11 || (month === 11 && day < 24)))) return false;
  // PostgreSQL has no year 0; and 400 years on, the calendar repeats.
  if (text.startsWith('0000')) return false;
  const date = new Date(Date.UTC(2000 + (((year % 400) + 400) % 400), month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
