// Prisma's own schema engine, as WASM in this process: no binary to download, and the table `_prisma_migrations` that
// `prisma migrate deploy` reads.

import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum, DriverAdapterError } from '@prisma/driver-adapter-utils';
import type { SchemaEngine as Engine, MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg, { type PoolConfig } from 'pg';
import { StartError } from '../errors.ts';
import { SessionClient } from '../gateway/data/postgres/session-client.ts';
import { parseDatabaseUrl } from './database-url.ts';

const PRISMA_DIR = path.resolve(import.meta.dirname, '../../prisma');
export const MIGRATIONS_DIR = path.join(PRISMA_DIR, 'migrations');
type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;

const NO_FILTERS = { externalTables: [], externalEnums: [] };

/** Applies what the database lacks and returns its names. Throws StartError where a migration fails or was edited after it was applied. */
export async function applyMigrations(databaseUrl: string): Promise<string[]> {
  if ((await pendingMigrations(databaseUrl)).length === 0) return [];
  return await withEngine(databaseUrl, async (engine) => {
    const result = await engine.applyMigrations({ migrationsList: await loadMigrations(), filters: NO_FILTERS });
    return result.appliedMigrationNames;
  });
}

/** The names of the migrations that the database lacks, read without the engine, so that an up-to-date start costs one statement. */
export async function pendingMigrations(databaseUrl: string): Promise<string[]> {
  const client = new SessionClient({ ...parseDatabaseUrl(databaseUrl), application_name: 'convoy migrations' });
  // A connection that is lost fails the statement under way; without a listener it would end the process as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(
      'select migration_name as name, checksum, finished_at is not null as finished from _prisma_migrations where rolled_back_at is null',
    );
    const failed = rows.find((row) => !row.finished);
    if (failed)
      throw new StartError(`The migration ${failed.name} failed half way. Mend the database, then run \`npx prisma migrate resolve\`.`);
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
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The SQL that leads from the migrations to schema.prisma: empty when they agree. Uses a shadow database of the server. */
export async function diffMigrationsToSchema(databaseUrl: string): Promise<string> {
  return await withEngine(databaseUrl, async (engine) => {
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
  const engine: Engine = await SchemaEngine.new({ datamodels: [[datamodel.path, datamodel.content]] }, () => undefined, factory);
  try {
    return await work(engine);
  } catch (error) {
    throw new StartError(`The migrations do not apply: ${(error as Error).message}`);
  } finally {
    engine.free();
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
      const { code = '', severity = 'ERROR', message, detail, column, hint } = error;
      throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
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

async function loadDatamodel() {
  const file = path.join(PRISMA_DIR, 'schema.prisma');
  return { path: file, content: await readFile(file, 'utf8') };
}

/** The names of all migrations, in their order. */
export async function migrationNames(): Promise<string[]> {
  const entries = await readdir(MIGRATIONS_DIR, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

async function loadMigrations(): Promise<MigrationList> {
  const names = await migrationNames();
  return {
    baseDir: MIGRATIONS_DIR,
    lockfile: { path: 'migration_lock.toml', content: await readFile(path.join(MIGRATIONS_DIR, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.map(async (name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: { tag: 'ok' as const, value: await readFile(path.join(MIGRATIONS_DIR, name, 'migration.sql'), 'utf8') },
        },
      })),
    ),
  };
}

const withoutEmptyNotice = (sql: string | null) => (sql === null || /^\s*-- This is an empty migration\.\s*$/.test(sql) ? '' : sql);
