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

/**
 * Expects one error with a code, the status of the code, no data, and nothing of the inside. A field that may be null answers null:
 * then the answer has data, and the status 200.
 */
export function expectError(answer: Refusal, code: ErrorCode, { isNullable = false } = {}): void {
  expect({ codes: answer.errors?.map(({ extensions }) => extensions.code), status: answer.status }, JSON.stringify(answer)).toEqual({
    codes: [code],
    status: isNullable ? 200 : ERROR_CODES[code].status,
  });
  for (const value of Object.values(answer.data ?? {})) expect(value).toBeNull();
  if (!isNullable) expect(answer.data ?? null).toBeNull();
  expect(JSON.stringify(answer.errors)).not.toMatch(INSIDE);
}

/** Expects BAD_USER_INPUT whose issues have exactly these paths, in any order, each with a message of its own. */
export function expectIssues(answer: Refusal, paths: readonly string[], options = {}): void {
  expectError(answer, 'BAD_USER_INPUT', options);
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
