import { databaseStartError } from '../gateway/data/postgres/database-start-error.ts';
import { describeTables, type RuntimeModels } from '../gateway/data/postgres/describe-tables.ts';
import * as enums from '../generated/prisma/enums.ts';
import type { Log } from '../log.ts';
import { createConnectionPool } from './connection-pool.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { type ModelName, omittedFields } from './models.ts';
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
 * one sentence where the database cannot be used.
 */
export async function openPostgres(databaseUrl: string, log: Log, options: PostgresOptions = {}) {
  const { statementTimeoutMs, maxConnections, applicationName = 'convoy' } = options;
  const config = parseDatabaseUrl(databaseUrl, { statementTimeoutMs, maxConnections });
  const { schema } = config;
  const pool = createConnectionPool({ ...config, application_name: applicationName }, log);

  const { prisma, close: closePrisma } = openPrisma(pool, schema);
  const close = () => closePrisma().finally(() => pool.end());
  const tables = await describeTables(pool, {
    models: modelsOf(prisma),
    enums,
    schema,
    omitted: (model) => omittedFields(model as ModelName),
  }).catch(async (error) => {
    await close();
    throw databaseStartError(error, databaseUrl);
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
    /** The tables of the models, by their names. */
    tables,
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

const modelsOf = (prisma: object) => (Reflect.get(prisma, '_runtimeDataModel') as { models: RuntimeModels }).models;
