import { expect } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../../src/errors.ts';
import { rowsOf } from './database.ts';
import type { Answer, anApp } from './world.ts';

/** What no client may read of the inside: stacks, SQL, the words of drivers and libraries. */
const INSIDE =
  /\bat .*\.(ts|js|mjs)|node_modules|select .* from|insert into|\bprisma\b|invalid input syntax|violates|certificate_templates|zod|SyntaxError/i;

const TABLES = [
  'users',
  'spas',
  'candidate_forms',
  'hiring_forms',
  'certificate_templates',
  'certificates',
  'salary_months',
  'invoice_items',
  'daily_sheet_entries',
];

/** A fingerprint of every row of the database. */
export async function everythingIn(databaseUrl: string): Promise<unknown> {
  const sums = TABLES.map((table) => `(select sum(hashtextextended(t::text, 0))::text from ${table} t) as ${table}`);
  return (await rowsOf(databaseUrl, `select ${sums.join(', ')}`))[0];
}

type Refusal = Pick<Answer, 'status' | 'data' | 'errors'>;

/** The codes of an answer's errors, with commas between them; `ok` where it has none. */
export const codeOf = ({ errors = [] }: Pick<Answer, 'errors'>): string => errors.map(({ extensions }) => extensions.code).join() || 'ok';

/**
 * Expects one error with a code, nothing but nulls in the data, and nothing of the inside. A root field that fails is null in an answer
 * that is 200; an answer without data has the status of its code.
 */
export function expectError(answer: Refusal, code: ErrorCode): void {
  const hasData = answer.data != null;
  expect({ codes: answer.errors?.map(({ extensions }) => extensions.code), status: answer.status }, JSON.stringify(answer)).toEqual({
    codes: [code],
    status: hasData ? 200 : ERROR_CODES[code].status,
  });
  if (hasData) expect(Object.values(answer.data)).toEqual([null]);
  expect(JSON.stringify(answer.errors)).not.toMatch(INSIDE);
}

/** Expects BAD_USER_INPUT whose issues have exactly these paths, in any order, each with a message of its own. */
export function expectIssues(answer: Refusal, paths: readonly string[]): void {
  expectError(answer, 'BAD_USER_INPUT');
  const issues = answer.errors?.[0]?.extensions.issues as { path: (string | number)[]; message: string }[];
  expect(issues.map(({ path }) => path.join('.')).sort(), JSON.stringify(issues)).toEqual(paths.toSorted());
  for (const { message } of issues) expect(message.length).toBeGreaterThan(5);
}

/** A gateway, and a check that a piece of work has written nothing. */
export async function refusing(app: Awaited<ReturnType<typeof anApp>>, work: () => Promise<void>): Promise<void> {
  const before = await everythingIn(app.databaseUrl);
  await work();
  expect(await everythingIn(app.databaseUrl)).toEqual(before);
}
