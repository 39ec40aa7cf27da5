import pg from 'pg';
import type { Database } from '../batching/database.ts';
import { nameOfStatement } from '../gateway/data/postgres/prepared-statement.ts';
import { createRowTypes, parametersOf } from '../gateway/data/postgres/row-types.ts';
import { Prisma } from '../generated/prisma/client.ts';
import { cancellableQuery } from './cancellable-query.ts';

const MAX_PREPARED = 500;
/** More reads at once of one server serve nobody sooner: what waits travels together. */
export const MAX_READS = 16;

/** The port that loaders read through, over a pool: with prepared statements and Prisma's shapes. `table`: see the port. */
export function createPooledDatabase(pool: pg.Pool, table: Database['table']): Database {
  const names = new Map<string, string>();
  return {
    table,
    query<R extends object>(text: string, values: readonly unknown[], signal: AbortSignal = new AbortController().signal) {
      let name = names.get(text);
      // The text of an EXPLAIN changes with the size of its batch: names are for the texts that come back.
      if (name === undefined && names.size < MAX_PREPARED && !text.startsWith('explain')) {
        name = nameOfStatement(text);
        names.set(text, name);
      }
      return cancellableQuery<R>(pool, { name, text, values: parametersOf(values), types: rowTypes }, signal).catch((error) => {
        // The stack that leads here says more than that of the socket which has brought the error.
        if (error instanceof pg.DatabaseError) Error.captureStackTrace(error);
        throw error;
      });
    },
  };
}

const rowTypes = createRowTypes((text) => new Prisma.Decimal(text));
