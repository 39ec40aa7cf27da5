// Two gateways on one database: one compiles every query before its first run, the other none.

import type { Role } from '../../src/generated/prisma/enums.ts';
import { differencesOf } from './differences.ts';
import type { Body } from './forms-of-operations.ts';
import { anApp } from './world.ts';

type WorldOptions = Parameters<typeof anApp>[0];

/** `ask` sends an operation to both, gathers in `differences` where their answers differ, and returns the compiled one's. */
export async function compiledAndPlain(options: WorldOptions = {}) {
  // Random operations are larger than one may be.
  const protection = {
    maxCost: Number.POSITIVE_INFINITY,
    maxima: { depth: 100, aliases: 1000, rootFields: 1000, directives: 1000, tokens: 100_000 },
  };
  const compiled = await anApp({ ...options, protection, compileAfter: 0 });
  const plain = await anApp({ ...options, protection, beside: compiled, compileAfter: Number.POSITIVE_INFINITY });
  const differences: unknown[] = [];
  const ask = async (body: Body, as?: Role, accept = 'application/graphql-response+json') => {
    const headers = { accept, 'x-request-id': 'mine' };
    const [one, other] = await Promise.all(
      [compiled, plain].map(async ({ send }) => {
        const response = await send(body, { headers, ...(as && { as }) });
        const { errors, data } = await response.json();
        return { status: response.status, data, errors };
      }),
    );
    const found = differencesOf(comparable(one), comparable(other));
    if (found.length > 0) differences.push({ ...body, as, found });
    return one as NonNullable<typeof one>;
  };
  return { ...compiled, ask, differences, plain };
}

type AnsweredError = { message: string; path?: (string | number)[]; extensions: object };
type ComparedAnswer = { status: number; data: unknown; errors?: AnsweredError[] };

/**
 * Errors as far as two executions must agree on them: fields that fail at the same time are told of in any order, and of those that are
 * nulled with one ancestor, any may be told of. https://spec.graphql.org/draft/#sec-Handling-Execution-Errors
 */
function comparable(answer: ComparedAnswer | undefined): object | undefined {
  if (!answer?.errors) return answer;
  const { errors, data } = answer;
  const told = errors.map((error) => {
    const at = error.path && nulledAt(error.path, data);
    return at ? { message: error.message, at, extensions: error.extensions } : error;
  });
  const unlike = new Map(told.map((error) => [JSON.stringify(error), error]));
  return { ...answer, errors: [...unlike].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, error]) => error) };
}

/** The path of the ancestor that is null in the data; undefined where the field itself is. */
function nulledAt(path: readonly (string | number)[], data: unknown): (string | number)[] | undefined {
  let at = data as Record<string | number, unknown> | null;
  for (const [depth, key] of path.entries()) {
    if (at === null) return path.slice(0, depth);
    at = at[key] as typeof at;
  }
  return undefined;
}
