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
        // Fields that fail at the same time are told of in any order.
        return {
          status: response.status,
          data,
          errors: errors?.toSorted((a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
        };
      }),
    );
    const found = differencesOf(one, other);
    if (found.length > 0) differences.push({ ...body, as, found });
    return one as NonNullable<typeof one>;
  };
  return { ...compiled, ask, differences, plain };
}
