// A made-up model over a table of a test's own: loaders and lists over columns that the schema of the spas does not have.

import { onTestFinished } from 'vitest';
import { Batcher } from '../../src/batching/batcher.ts';
import type { Database } from '../../src/batching/database.ts';
import type { OrderTerm } from '../../src/batching/list-options.ts';
import { checkLists, listLoader } from '../../src/batching/lists.ts';
import { type HasLoaders, RequestLoaders } from '../../src/batching/request-loaders.ts';
import { rowLoader } from '../../src/batching/rows.ts';
import { type DescribeOptions, describeTables, type RuntimeField } from '../../src/gateway/data/postgres/describe-tables.ts';
import { decodeCursor, encodeCursor } from '../../src/graphql/cursors.ts';
import { createLog } from '../../src/log.ts';
import { createConnectionPool } from '../../src/resources/connection-pool.ts';
import { parseDatabaseUrl } from '../../src/resources/database-url.ts';
import { createPooledDatabase } from '../../src/resources/pooled-database.ts';
import { createDatabase, rowsOf } from './database.ts';

/** Stands for the made-up model where types want one of the schema. */
const THING = 'Thing' as 'Spa';

type Filters = Parameters<typeof listLoader>[1]['filters'];

/** Makes the table `things` by SQL in a database of its own, and opens a pool to it as the gateway does. */
export async function aTable(sql: string, { isMigrated = false } = {}) {
  const { url, drop } = await createDatabase({ isMigrated });
  const log = createLog({ level: 'silent' });
  const pool = createConnectionPool({ ...parseDatabaseUrl(url), application_name: 'convoy tests' }, log);
  onTestFinished(async () => {
    await pool.end();
    await drop();
  });
  await rowsOf(url, sql);
  const describe = (fields: readonly RuntimeField[], options: Partial<DescribeOptions> = {}) =>
    describeTables(pool, { models: { Thing: { dbName: 'things', fields } }, enums: {}, ...options });
  return { url, pool, describe };
}

/** A field of the made-up model. */
export const field = (name: string, type: string, more: Partial<RuntimeField> = {}): RuntimeField => ({
  name,
  kind: 'scalar',
  type,
  ...more,
});

/** The table `things` with these fields beside the key `id`, and what reads it. */
export async function someThings(sql: string, fields: readonly RuntimeField[], idType = 'Int') {
  const { url, pool, describe } = await aTable(sql);
  const tables = await describe([field('id', idType), ...fields]);
  const database: Database = createPooledDatabase(pool, (model) => {
    const table = tables.get(model);
    if (!table) throw new Error(`There is no model ${model}.`);
    return table;
  });
  const ctx = (): HasLoaders => ({ loaders: new RequestLoaders(new Batcher(database)) });
  const byId = rowLoader(THING, 'id');

  // biome-ignore lint/suspicious/noExplicitAny: rows have the columns of the test.
  type Thing = any;

  return {
    url,
    database,
    /** Rows by one of their fields, in the order of the keys. */
    rowsBy: async (key: string, keys: readonly unknown[]): Promise<Thing[]> => {
      const loader = rowLoader(THING, key as 'id')(ctx());
      return await Promise.all(keys.map((value) => loader.load(value as number)));
    },
    /** A list in an order; `walk` reads it page by page, by cursors as clients carry them, and returns the ids. */
    listBy: (orderBy: readonly OrderTerm[], { isDescending = false, filters = {} as Filters } = {}) => {
      const list = listLoader(THING, { byId, orderBy, isDescending, filters } as never);
      const page = async (request: object): Promise<Thing[]> => [...(await list.page(ctx(), { visible: 'all', limit: 100, ...request }))];
      const walk = async ({ size, isBackward = false, where = {} }: { size: number; isBackward?: boolean; where?: object }) => {
        const ids: unknown[] = [];
        const cursors: string[] = [];
        for (let after: unknown[] | undefined; ; ) {
          const rows = await page({ where, after, isReversed: isBackward, limit: size });
          if (isBackward) ids.unshift(...rows.map(({ id }) => id).reverse());
          else ids.push(...rows.map(({ id }) => id));
          if (rows.length < size) return { ids, cursors };
          const cursor = encodeCursor(list, 'things', rows.at(-1) as object);
          cursors.push(cursor);
          after = decodeCursor(list, 'things', cursor, 'after');
        }
      };
      return { page, walk, check: () => checkLists(database, [{ model: THING, orderBy }]) };
    },
  };
}
