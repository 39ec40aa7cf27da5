// One PostgreSQL server for all gateways of a run: a database with demo data, and clones of it for those who need their own.

import { openPostgresServer } from '../harness/postgres-server.ts';
import { APPLICATION_NAME, connectTo } from '../harness/rows.ts';
import { seed } from '../prisma/seed/seed.ts';
import { applyMigrations } from '../src/resources/migrations.ts';

const SEED_SCALE = 0.01;
/** Each gateway has a pool of ten. */
const SETTINGS = ['synchronous_commit=off', 'max_connections=300'];

export type AuditDatabase = Awaited<ReturnType<typeof openAuditDatabase>>;

/** Starts a server of the run's own, or takes the one of a URL, whose user must be allowed to create databases. */
export async function openAuditDatabase(databaseUrl: string | undefined) {
  const server = databaseUrl === undefined ? await openPostgresServer({ settings: SETTINGS }) : undefined;
  const url = databaseUrl ?? server?.urlTo('postgres') ?? '';
  const admin = await connectTo(url);
  const names: string[] = [];
  const urlTo = (name: string) => Object.assign(new URL(url), { pathname: `/${name}` }).toString();

  const makeDatabase = async (template?: string) => {
    const name = `convoy_audit_${process.pid}_${names.length}`;
    names.push(name);
    await admin.query(`create database ${name}${template === undefined ? '' : ` template ${template}`}`);
    return name;
  };
  const close = async () => {
    for (const name of names) await admin.query(`drop database if exists ${name} with (force)`).catch(() => undefined);
    await admin.end().catch(() => undefined);
    await server?.close();
  };

  const makeTemplate = async () => {
    const name = await makeDatabase();
    await applyMigrations(urlTo(name));
    await seed(urlTo(name), { scale: SEED_SCALE });
    return name;
  };

  try {
    // A server of the run's own has demo data from the start.
    const template = server ? 'convoy' : await makeTemplate();
    return {
      /** The URL of a new database with demo data. Nobody else may be connected to the one that it is cloned from. */
      create: async () => urlTo(await makeDatabase(template)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Statements of gateways that wait for a lock. */
const WAITING = `select count(*)::int as count from pg_stat_activity
  where datname = current_database() and application_name <> '${APPLICATION_NAME}' and state = 'active' and wait_event_type = 'Lock'`;

/** Locks a table, so that statements on it hang. `waiting`: how many do. */
export async function lockTable(databaseUrl: string, table: string) {
  // Within a transaction, PostgreSQL's view of what runs does not change.
  const [holder, watcher] = [await connectTo(databaseUrl), await connectTo(databaseUrl)];
  await holder.query(`begin; lock table ${table} in access exclusive mode`);
  const waiting = async () => (await watcher.query<{ count: number }>(WAITING)).rows[0]?.count ?? 0;
  return {
    waiting,
    /** Waits until so many statements hang, or more, or for 0 none; returns after how many milliseconds. Throws after five seconds. */
    until: async (count: number): Promise<number> => {
      const start = performance.now();
      for (let seen = await waiting(); count === 0 ? seen > 0 : seen < count; seen = await waiting()) {
        if (performance.now() - start > 5000) throw new Error(`${seen} statements hang after 5 s, not ${count}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return Math.round(performance.now() - start);
    },
    /** Lets the table go. `waiting` and `until` work until `close`. */
    release: () => holder.end(),
    close: () => Promise.all([holder.end(), watcher.end()]),
  };
}
