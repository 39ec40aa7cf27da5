import type pg from 'pg';
import type { Log } from '../../../log.ts';
import { parseDatabaseUrl } from '../../../resources/database-url.ts';
import { type CheckTablesOptions, checkTables, type Query } from './check-tables.ts';
import { databaseStartError } from './database-start-error.ts';
import type { DescribedTable } from './describe-tables.ts';

type Opened = { pool: pg.Pool; tables: ReadonlyMap<string, DescribedTable> };
type CheckOptions = Pick<CheckTablesOptions, 'generated'> & {
  databaseUrl: string;
  /** Whether answers are kept, which needs tables that announce their changes. */
  keepsAnswers: boolean;
};

/** Throws StartError where the database cannot serve the models, and logs where it serves them in part: without writes, or without a cache. */
export async function checkDatabase(
  { pool, tables }: Opened,
  { databaseUrl, keepsAnswers, generated }: CheckOptions,
  log: Log,
): Promise<void> {
  const { schema = 'public' } = parseDatabaseUrl(databaseUrl);
  const query: Query = (text, values) => pool.query(text, values);
  const lacks = await checkTables(query, tables, { schema, generated }).catch((error) => {
    throw databaseStartError(error, databaseUrl);
  });
  if (Object.keys(lacks).length > 0) log.warn({ lacks }, 'the database does not take all writes: mutations that need what it lacks fail');
  const silent = [...tables.values()].filter(({ announced }) => announced === undefined).map(({ name }) => name);
  if (keepsAnswers && silent.length > 0)
    log.warn({ tables: silent }, 'tables do not announce their changes: answers that read them are not kept');
}
