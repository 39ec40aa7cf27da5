import pg from 'pg';
import type { Database } from '../batching/database.ts';
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
    async query<R extends object>(text: string, values: readonly unknown[], signal?: AbortSignal) {
      let name = names.get(text);
      // The text of an EXPLAIN changes with the size of its batch: names are for the texts that come back.
      if (name === undefined && names.size < MAX_PREPARED && !text.startsWith('explain')) {
        name = `convoy_${names.size}`;
        names.set(text, name);
      }
      const config = { name, text, values: [...values], types: rowTypes };
      if (!signal) return (await pool.query<R>(config)).rows;
      return await cancellableQuery<R>(pool, config, signal).catch((error) => {
        // The stack that leads here says more than that of the socket which has brought the error.
        if (error instanceof pg.DatabaseError) Error.captureStackTrace(error);
        throw error;
      });
    },
  };
}

const parsers = new Map<number, (value: string) => unknown>([
  // Prisma's shapes: a date is midnight UTC, where node-postgres would take the machine's zone; money is a Decimal.
  [pg.types.builtins.DATE, (value) => new Date(`${value}T00:00:00Z`)],
  [pg.types.builtins.TIMESTAMPTZ, parseMoment],
  [pg.types.builtins.NUMERIC, (value) => new Prisma.Decimal(value)],
]);

/**
 * A moment as PostgreSQL writes it for a session in UTC, `2026-03-31 09:30:00.123+00`. Reading the digits costs a fifth of what
 * node-postgres's parser for all formats does; that one takes what looks otherwise: years before 1000 or after 9999, infinity, microseconds.
 */
function parseMoment(text: string): unknown {
  const { length } = text;
  const isUsual = text.endsWith('+00') && length >= 22 && length <= 26 && text[4] === '-' && text[0] !== '0';
  if (!isUsual) return parseAnyMoment(text);
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 7) - 1, digits(text, 8, 10)];
  const milliseconds = length === 22 ? 0 : digits(text, 20, length - 3) * 10 ** (26 - length);
  return new Date(Date.UTC(year, month, day, digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19), milliseconds));
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + text.charCodeAt(i) - 48;
  return value;
}

const parseAnyMoment = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text');

const rowTypes: pg.CustomTypesConfig = {
  getTypeParser: (id: number, format?: 'text' | 'binary') => parsers.get(id) ?? pg.types.getTypeParser(id, format ?? 'text'),
};
