// Prisma's own schema engine, as WASM in this process: no binary to download, and the table `_prisma_migrations` that
// `prisma migrate deploy` reads.

import { createHash, randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum, DriverAdapterError } from '@prisma/driver-adapter-utils';
import type { SchemaEngine as Engine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg, { type PoolConfig } from 'pg';
import { StartError } from '../errors.ts';
import { databaseStartError } from '../gateway/data/postgres/database-start-error.ts';
import { SessionClient } from '../gateway/data/postgres/session-client.ts';
import { adapterError, afterFailure, engineStartError } from '../gateway/data/prisma/engine-start-error.ts';
import { loadDatamodel, loadMigrations, PRISMA_DIR } from '../gateway/data/prisma/migration-files.ts';
import { parseDatabaseUrl } from './database-url.ts';

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;

const NO_FILTERS = { externalTables: [], externalEnums: [] };

/** Applies what the database lacks and returns its names. Throws StartError where a migration fails or was edited after it was applied. */
export async function applyMigrations(databaseUrl: string): Promise<string[]> {
  if ((await pendingMigrations(databaseUrl)).length === 0) return [];
  await keepApart(databaseUrl);
  return await withEngine(databaseUrl, async (engine) => {
    const result = await engine.applyMigrations({ migrationsList: await loadMigrations(), filters: NO_FILTERS });
    return result.appliedMigrationNames;
  });
}

/** The names of the migrations that the database lacks, read without the engine, so that an up-to-date start costs one statement. */
export async function pendingMigrations(databaseUrl: string): Promise<string[]> {
  const config = parseDatabaseUrl(databaseUrl);
  const client = new SessionClient({ ...config, application_name: 'convoy migrations' });
  // A connection that is lost fails the statement under way; without a listener it would end the process as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(
      `select migration_name as name, checksum, finished_at is not null as finished from ${tableIn(config.schema)} where rolled_back_at is null`,
    );
    const failed = rows.find((row) => !row.finished);
    if (failed) throw new StartError(`The migration ${failed.name} failed half way. ${afterFailure(failed.name)}`);
    const applied = new Map(rows.map((row) => [row.name, row.checksum]));
    const { migrationDirectories } = await loadMigrations();
    return migrationDirectories.flatMap(({ path: name, migrationFile }) => {
      const checksum = applied.get(name);
      if (checksum === undefined) return [name];
      const content = migrationFile.content.tag === 'ok' ? migrationFile.content.value : '';
      if (checksum === createHash('sha256').update(content).digest('hex')) return [];
      throw new StartError(
        `The migration ${name} was edited after this database applied it. Restore the file and put the change into a new migration.`,
      );
    });
  } catch (error) {
    // 42P01: no table of migrations yet.
    if ((error as pg.DatabaseError).code === '42P01')
      return (await loadMigrations()).migrationDirectories.map((directory) => directory.path);
    throw databaseStartError(error, databaseUrl);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The schema is named: where `public` is searched too, its own table of migrations may be another program's. */
const tableIn = (schema = 'public') => `"${schema}"._prisma_migrations`;

/** As the engine makes it. */
const TABLE = `(id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz, migration_name varchar(255) not null,
  logs text, rolled_back_at timestamptz, started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`;

/** The engine names no schema: before it takes another program's table of migrations in `public` for its own, it gets one in its schema. */
async function keepApart(databaseUrl: string): Promise<void> {
  const config = parseDatabaseUrl(databaseUrl);
  const { schema = 'public' } = config;
  if (schema === 'public') return;
  const client = new SessionClient({ ...config, application_name: 'convoy migrations' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ isThere: boolean }>(`select to_regclass('public._prisma_migrations') is not null as "isThere"`);
    if (rows[0]?.isThere) await client.query(`create table if not exists ${tableIn(schema)} ${TABLE}`);
  } catch (error) {
    throw databaseStartError(error, databaseUrl);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The SQL that leads from the migrations to schema.prisma: empty when they agree. Uses a shadow database of the server. */
export async function diffMigrationsToSchema(databaseUrl: string): Promise<string> {
  const url = new URL(databaseUrl);
  // Migrations name no schema: compared are two of a database that has `public` alone.
  url.searchParams.delete('schema');
  return await withEngine(url.toString(), async (engine) => {
    const result = await engine.diff({
      from: { tag: 'migrations', ...(await loadMigrations()) },
      to: { tag: 'schemaDatamodel', files: [await loadDatamodel()] },
      script: true,
      exitCode: null,
      filters: NO_FILTERS,
    });
    return withoutEmptyNotice(result.stdout);
  });
}

/** The SQL that leads from the database as it stands to schema.prisma: empty when they agree. */
export async function diffDatabaseToSchema(databaseUrl: string): Promise<string> {
  return await withEngine(databaseUrl, async (engine) => {
    const datamodel = await loadDatamodel();
    const result = await engine.diff({
      from: { tag: 'schemaDatasource', files: [datamodel], configDir: PRISMA_DIR },
      to: { tag: 'schemaDatamodel', files: [datamodel] },
      script: true,
      exitCode: null,
      filters: NO_FILTERS,
    });
    return withoutEmptyNotice(result.stdout);
  });
}

async function withEngine<T>(databaseUrl: string, work: (engine: Engine) => Promise<T>): Promise<T> {
  const { SchemaEngine } = await import('@prisma/schema-engine-wasm');
  const { schema, ...config } = { ...parseDatabaseUrl(databaseUrl), statement_timeout: 0, Client: CatalogClient };
  const adapters: Adapter[] = [];
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: async () => {
      const adapter = mended(await new PrismaPg({ ...config, schema } as PoolConfig, { schema }).connect());
      adapters.push(adapter);
      return adapter;
    },
    connectToShadowDb: async () => mended(await connectToShadowDatabase(config)),
  });
  const datamodel = await loadDatamodel();
  let engine: Engine | undefined;
  try {
    engine = await SchemaEngine.new({ datamodels: [[datamodel.path, datamodel.content]] }, () => undefined, factory);
    return await work(engine);
  } catch (error) {
    const cause = adapterError(error, factory.errorRegistry);
    throw cause === undefined ? engineStartError(error) : databaseStartError(cause, databaseUrl);
  } finally {
    engine?.free();
    // The engine disposes of its shadow databases only.
    await Promise.all(adapters.map((adapter) => adapter.dispose()));
  }
}

/** A database of its own for the time that the engine works. The adapter's own way drops it while its pool still holds connections. */
async function connectToShadowDatabase(config: PoolConfig): Promise<Adapter> {
  const database = `convoy_shadow_${randomUUID().replaceAll('-', '')}`;
  const admin = new SessionClient(config);
  admin.on('error', () => undefined);
  await admin.connect();
  await admin.query(`create database "${database}"`).catch(async (error) => {
    await admin.end();
    throw error;
  });
  const pool = new pg.Pool({ ...config, database });
  pool.on('error', () => undefined);
  const adapter = await new PrismaPg(pool).connect();
  adapter.dispose = async () => {
    await pool.end();
    await admin.query(`drop database "${database}" with (force)`);
    await admin.end();
  };
  return adapter;
}

/**
 * Two faults of the adapter, mended for the engine's use. It cuts a script at every semicolon, also inside function bodies
 * and comments, and runs the pieces one by one: sent whole, a script is one implicit transaction, so that a migration
 * applies entirely or not at all. And it refuses the catalog's one-byte "char" columns, which the engine reads.
 */
function mended(adapter: Adapter): Adapter {
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    const columnTypes = result.columnTypes.map((type) => (type === ColumnTypeEnum.CharacterArray ? ColumnTypeEnum.Character : type));
    return { ...result, columnTypes };
  };
  adapter.executeScript = async (script) => {
    try {
      await adapter.underlyingDriver().query(script);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      const { code = '', message, detail, column, hint } = error;
      // The server's own word for it comes in its language.
      throw new DriverAdapterError({ kind: 'postgres', code, severity: 'ERROR', message, detail, column, hint });
    }
  };
  return adapter;
}

const CHAR = 18;
const CHAR_ARRAY = 1002;

/** Passes "char" columns off as arrays of it, a type that the adapter knows and the catalog queries never return. */
class CatalogClient extends SessionClient {
  override query(...args: unknown[]): never {
    const done = args.at(-1);
    if (typeof done === 'function') args[args.length - 1] = (error: unknown, result: pg.QueryResult) => done(error, disguised(result));
    const sent = Reflect.apply(super.query, this, args);
    return (typeof done === 'function' ? sent : sent.then(disguised)) as never;
  }
}

function disguised(result: pg.QueryResult | undefined): pg.QueryResult | undefined {
  for (const field of result?.fields ?? []) if (field.dataTypeID === CHAR) field.dataTypeID = CHAR_ARRAY;
  return result;
}

const withoutEmptyNotice = (sql: string | null) => (sql === null || /^\s*-- This is an empty migration\.\s*$/.test(sql) ? '' : sql);
