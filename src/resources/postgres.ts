import pg from 'pg';
import type { Column, Database, Table } from '../batching/database.ts';
import { StartError } from '../errors.ts';
import { Prisma } from '../generated/prisma/client.ts';
import type { Log } from '../log.ts';
import { cancellableQuery } from './cancellable-query.ts';
import { createConnectionPool } from './connection-pool.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { openPrisma } from './prisma.ts';

const MAX_PREPARED = 500;
const READERS_SHARE = 0.8;
/** More statements at once serve nobody sooner: what waits travels together. */
const MAX_READS = 16;

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
  const names = new Map<string, string>();
  const database: Database = {
    table(model) {
      const table = tables.get(model);
      if (!table) throw new Error(`There is no model ${model}.`);
      return table;
    },
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
