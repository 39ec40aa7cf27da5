// Checks of input values, for `validate` on arguments and input fields: what the database would refuse, or should never be given.

import { z } from 'zod';
import { normalLine, normalLogin, normalPhone, normalReference, normalSecret, normalText } from '../gateway/data/normal-forms.ts';
import { jsonIssues } from '../gateway/data/stored-json.ts';
import { Prisma } from '../generated/prisma/client.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds, NUL above all, which PostgreSQL cannot store.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
const isStorable = (value: string) => !CONTROL.test(value) && value.isWellFormed();
// What would break a line, or turn its direction, where it is printed.
const UNPRINTABLE = /[\r\n\u0085\u2028-\u202e\u2066-\u2069]/;
const isPrintable = (value: string) => isStorable(value) && !UNPRINTABLE.test(value);
const UNSTORABLE = 'Contains characters that cannot be stored.';

// Each kind of text passes through its normal form before anything else looks at it: see normal-forms.ts.

/** One line of text: 1 to `max` characters. */
export const line = (max = 120) => printable(z.string().overwrite(normalLine), max);

/** A number or code that is printed, read and typed again: 1 to `max` characters. */
export const reference = (max = 120) => printable(z.string().overwrite(normalReference), max);

/** A username or an email address, to find an account by: at most 254 characters. */
export const login = printable(z.string().overwrite(normalLogin), 254);

function printable(kind: z.ZodString, max: number) {
  return kind
    .max(max, `At most ${max} characters.`)
    .refine(isPrintable, UNSTORABLE)
    .refine((value) => !isPrintable(value) || /[\p{L}\p{N}\p{P}\p{S}]/u.test(value), 'Must not be empty.');
}

/** Text of several lines: 1 to `max` characters. */
export const paragraph = (max = 2000) => storable(z.string().overwrite(normalText), max);

/** Markup: 1 to `max` characters. It has no normal form: composing a character with a `>` before it would break a tag. */
export const markup = (max: number) => storable(z.string().trim(), max);

const storable = (kind: z.ZodString, max: number) =>
  kind.min(1, 'Must not be empty.').max(max, `At most ${max} characters.`).refine(isStorable, UNSTORABLE);

/** What a client searches for, or filters by: it may be empty, and a search then finds everything. The filter makes its search form. */
export const searchText = z.string().max(100, 'At most 100 characters.').refine(isStorable, UNSTORABLE);

/** A phone number: digits with spaces, dots, dashes, brackets and one plus, 7 to 15 digits. Kept without the punctuation. */
export const phone = z
  .string()
  .overwrite(normalPhone)
  .refine((value) => /^\+?\d{7,15}$/.test(value), 'A phone number has 7 to 15 digits.');

export const email = z.string().overwrite(normalLogin).max(254, 'At most 254 characters.').pipe(z.email('Not an email address.'));

/** A new password. One that is compared stays as it was typed: see verifyPassword. */
export const secret = z.string().overwrite(normalSecret);

/** Path or URL of an uploaded file. It has no normal form: another spelling is another file. */
export const filePath = storable(z.string().trim(), 500);

const MAX_JSON_LEVELS = 20;

/**
 * A JSON object that is stored, and read back as it was sent: at most `max` characters of JSON, 20 levels, and nothing that PostgreSQL or
 * JavaScript would make something else of. It is passed on as it is: zod would copy it without its key `__proto__`.
 */
export const jsonObject = (max: number) =>
  z.unknown().superRefine((value, check) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return check.addIssue('Must be a JSON object.');
    const issues = jsonIssues(value, MAX_JSON_LEVELS);
    for (const { path, message } of issues) check.addIssue({ code: 'custom', path, message });
    if (issues.length === 0 && JSON.stringify(value).length > max) check.addIssue(`At most ${max} characters of JSON.`);
  });

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
