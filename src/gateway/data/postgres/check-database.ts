import type pg from 'pg';
import type { Database } from '../../../batching/database.ts';
import type { Log } from '../../../log.ts';
import { parseDatabaseUrl } from '../../../resources/database-url.ts';
import { modelTables } from '../../../resources/models.ts';
import { checkTables, type Query } from './check-tables.ts';
import { databaseStartError } from './database-start-error.ts';

type Opened = { pool: pg.Pool; prisma: object; database: Database };
type CheckOptions = {
  databaseUrl: string;
  /** Whether answers are kept, which needs tables that announce their changes. */
  keepsAnswers: boolean;
};

/** Throws StartError where the database cannot serve the models, and logs where it serves them in part: without writes, or without a cache. */
export async function checkDatabase(
  { pool, prisma, database }: Opened,
  { databaseUrl, keepsAnswers }: CheckOptions,
  log: Log,
): Promise<void> {
  const { schema = 'public' } = parseDatabaseUrl(databaseUrl);
  const query: Query = (text, values) => pool.query(text, values);
  const models = modelTables(prisma);
  const lacks = await checkTables(query, models, schema).catch((error) => {
    throw databaseStartError(error, databaseUrl);
  });
  if (Object.keys(lacks).length > 0) log.warn({ lacks }, 'the database does not take all writes: mutations that need what it lacks fail');
  const silent = models.filter(({ model }) => database.table(model).announced === undefined);
  if (keepsAnswers && silent.length > 0)
    log.warn({ tables: silent.map(({ table }) => table) }, 'tables do not announce their changes: answers that read them are not kept');
}
