import { Prisma } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';

const Decimal = Prisma.Decimal;

/** Whether a text that begins with a day names one that exists: `Date` turns 30 February into 2 March. */
function isDay(text: string): boolean {
  const day = text.slice(0, 10);
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day) && day >= '0001';
}

builder.scalarType('Date', {
  description:
    'A day of the calendar from 1900 on, as `2026-03-31`. One outside the years 1 to 9999 is shown as the first or the last day of these years.',
  serialize: (value) => value.toISOString().slice(0, 10),
  parseValue: (value) => {
    if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value) || !isDay(value) || value < '1900') {
      throw new TypeError('A Date is a day of the calendar from 1900 on, written like "2026-03-31".');
    }
    return new Date(`${value}T00:00:00Z`);
  },
});

builder.scalarType('DateTime', {
  description:
    'A moment, in ISO 8601 with a time zone: `2026-03-31T09:30:00.000Z`. Kept to the millisecond. One outside the years 1 to 9999 is shown as the first or the last moment of these years.',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const isMoment =
      typeof value === 'string' && isDay(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(value);
    const moment = isMoment ? new Date(value) : undefined;
    if (!moment || Number.isNaN(moment.getTime()) || moment.getUTCFullYear() < 1) {
      throw new TypeError('A DateTime is a moment with its time zone, written like "2026-03-31T09:30:00Z".');
    }
    return moment;
  },
});

builder.scalarType('Decimal', {
  description:
    'A decimal number without rounding, as a string: `"1250.50"`. Amounts of money are in INR, with two decimals. What is no number is `"NaN"`.',
  serialize: (value) => (value.decimalPlaces() > 2 ? value.toFixed() : value.toFixed(2)),
  parseValue: (value) => {
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text !== 'string' || !/^-?\d{1,20}(\.\d{1,20})?$/.test(text))
      throw new TypeError('A Decimal is a number in a string, written like "1250.50".');
    return new Decimal(text);
  },
});

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
});
