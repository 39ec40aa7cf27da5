// Checks of input values, for `validate` on arguments and input fields: what the database would refuse, or should never be given.

import { z } from 'zod';
import { Prisma } from '../generated/prisma/client.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds, NUL above all, which PostgreSQL cannot store.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
const isStorable = (value: string) => !CONTROL.test(value) && value.isWellFormed();
// What would break a line, or turn its direction, where it is printed.
const UNPRINTABLE = /[\r\n\u0085\u2028-\u202e\u2066-\u2069]/;
const isPrintable = (value: string) => isStorable(value) && !UNPRINTABLE.test(value);
const UNSTORABLE = 'Contains characters that cannot be stored.';

/** One line of text, trimmed: 1 to `max` characters. */
export const line = (max = 120) =>
  z
    .string()
    .trim()
    .max(max, `At most ${max} characters.`)
    .refine(isPrintable, UNSTORABLE)
    .refine((value) => !isPrintable(value) || /[\p{L}\p{N}\p{P}\p{S}]/u.test(value), 'Must not be empty.');

/** Text of several lines, trimmed: 1 to `max` characters. */
export const paragraph = (max = 2000) =>
  z.string().trim().min(1, 'Must not be empty.').max(max, `At most ${max} characters.`).refine(isStorable, UNSTORABLE);

/** What a client searches for: it may be empty, and then finds everything. */
export const searchText = z.string().max(100, 'At most 100 characters.').refine(isStorable, UNSTORABLE);

/** A phone number: digits with spaces, dashes and one plus, 7 to 15 digits. Kept without the punctuation. */
export const phone = z
  .string()
  .trim()
  .transform((value) => value.replaceAll(/[\s()-]/g, ''))
  .refine((value) => /^\+?\d{7,15}$/.test(value), 'A phone number has 7 to 15 digits.');

export const email = z.string().trim().max(254, 'At most 254 characters.').pipe(z.email('Not an email address.'));

/** Path or URL of an uploaded file. */
export const filePath = z.string().trim().min(1, 'Must not be empty.').max(500, 'At most 500 characters.').refine(isStorable, UNSTORABLE);

/** An amount in INR: not negative, two decimals, as numeric(12,2) holds it. */
export const money = z
  .instanceof(Prisma.Decimal)
  .refine((value) => value.decimalPlaces() <= 2, 'Money has at most two decimals.')
  .refine((value) => !value.isNegative(), 'Must not be negative.')
  .refine((value) => value.lte('9999999999.99'), 'At most 9999999999.99.');

/** A count of things, possibly in parts: more than 0, three decimals. */
export const quantity = z
  .instanceof(Prisma.Decimal)
  .refine((value) => value.decimalPlaces() <= 3, 'At most three decimals.')
  .refine((value) => value.gt(0) && value.lte('99999'), 'More than 0, at most 99999.');
