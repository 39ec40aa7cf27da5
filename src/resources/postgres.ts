import type pg from 'pg';
import type { Column, Table } from '../batching/database.ts';
import { StartError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createConnectionPool } from './connection-pool.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { createPooledDatabase, MAX_READS } from './pooled-database.ts';
import { openPrisma } from './prisma.ts';

const READERS_SHARE = 0.8;

export type PostgresOptions = {
  /** The longest that a statement may run, in milliseconds, where the URL's `statement_timeout` does not end it sooner. Default: the URL's. */
  statementTimeoutMs?: number;
  /** The size of the pool, where the URL's `connection_limit` is not smaller. Default: the URL's. */
  maxConnections?: number;
  /** What the server shows of connections. Default `convoy`. */
  applicationName?: string;
};

/**
 * Opens the pool that everything shares, Prisma's client over it, and the port that loaders read through. Throws StartError with
 * one sentence when the server cannot be reached.
 */
export async function openPostgres(databaseUrl: string, log: Log, options: PostgresOptions = {}) {
  const { statementTimeoutMs, maxConnections, applicationName = 'convoy' } = options;
  const { schema, ...config } = parseDatabaseUrl(databaseUrl, { statementTimeoutMs, maxConnections });
  const pool = createConnectionPool({ ...config, application_name: applicationName }, log);

  await pool.query('select 1').catch(async (error) => {
    await pool.end();
    const where = `${config.host}:${config.port ?? 5432}`;
    throw new StartError(`The database at ${where} does not answer (${error.code ?? error.message}). Start it, or check DATABASE_URL.`);
  });

  const { prisma, close: closePrisma } = openPrisma(pool, schema);
  const close = () => closePrisma().finally(() => pool.end());
  const tables = await describeTables(pool, prisma).catch(async (error) => {
    await close();
    throw error;
  });
  const database = createPooledDatabase(pool, (model) => {
    const table = tables.get(model);
    if (!table) throw new Error(`There is no model ${model}.`);
    return table;
  });
  return {
    pool,
    prisma,
    database,
    /** How many connections there are, and how many callers wait for one. */
    figures: () => ({
      inUse: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
      max: pool.options.max,
    }),
    /** How many connections reads may take at once: writes find one when all others are busy. */
    maxReads: Math.max(1, Math.min(MAX_READS, Math.floor(pool.options.max * READERS_SHARE))),
    close,
  };
}

type RuntimeField = { name: string; kind: string; dbName?: string };

/** Tables and columns of the models. The client's runtime model knows their names (Pothos reads it too), the database their types. */
async function describeTables(pool: pg.Pool, prisma: object): Promise<Map<string, Table>> {
  const { models } = Reflect.get(prisma, '_runtimeDataModel') as { models: Record<string, { dbName?: string; fields: RuntimeField[] }> };
  const { rows } = await pool.query<{ table: string; column: string; type: string }>(
    `select c.relname as "table", a.attname as "column", format_type(a.atttypid, null) as "type"
     from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.oid = any(select to_regclass(quote_ident(name)) from unnest($1::text[]) name) and a.attnum > 0 and not a.attisdropped`,
    [Object.entries(models).map(([name, model]) => model.dbName ?? name)],
  );
  const announcing = await pool.query<{ table: string; columns: string[] }>(
    `select c.relname as "table", string_to_array(trim(trailing '|' from replace(encode(t.tgargs, 'escape'), '\\000', '|')), '|') as columns
     from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
     where p.proname = 'convoy_announce_change' and t.tgname = 'announce_update' and t.tgenabled <> 'D' and pg_table_is_visible(c.oid)`,
  );
  const announced = new Map(announcing.rows.map(({ table, columns }) => [table, new Set(columns)]));
  const types = new Map(rows.map((row) => [`${row.table}.${row.column}`, row.type]));
  return new Map(
    Object.entries(models).map(([model, { dbName = model, fields }]) => {
      const columns = fields.flatMap((field): [string, Column][] => {
        const name = field.dbName ?? field.name;
        const type = types.get(`${dbName}.${name}`);
        return type === undefined ? [] : [[field.name, { name, type }]];
      });
      return [model, { name: dbName, columns: new Map(columns), announced: announced.get(dbName) }];
    }),
  );
}
