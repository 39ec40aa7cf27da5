// The gateway that is loaded: one that is started as an operator would, with a database and perhaps a Redis, or one that runs.

import { randomBytes } from 'node:crypto';
import os from 'node:os';
import pg from 'pg';
import { shippedCommand } from '../../harness/commands.ts';
import { hasRedis, startRedis } from '../../harness/redis.ts';
import { openServer } from '../database/open-database.ts';
import { ADDRESSES, addressOf } from '../load/addresses.ts';
import { parentOf } from '../measure/processes.ts';
import { startProcess } from '../servers/server-process.ts';
import { LoadError } from './load-error.ts';
import type { StartedOptions, UsersOptions } from './options.ts';

export type Target = {
  url: URL;
  /** What it was started with; empty for one that ran. */
  settings: Record<string, string>;
  /** Process ids, where they are known. */
  pids: { gateway: number; postgres: number; redis: number };
  /** Settles, with what it said last, when a gateway that was started ends before its time. */
  ended: Promise<string>;
  /** From now on whoever calls closes it when a signal comes; before, the process ends then, and what was started with it. */
  leaveSignals: () => void;
  close: () => Promise<void>;
};

const NEVER = new Promise<never>(() => undefined);

export async function openTarget(options: UsersOptions): Promise<Target> {
  const { url, pid } = options;
  if (url)
    return {
      url,
      settings: {},
      pids: { gateway: pid ?? 0, postgres: 0, redis: 0 },
      ended: NEVER,
      leaveSignals: () => undefined,
      close: async () => undefined,
    };
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const one of opened.splice(0).reverse()) await one();
  };
  try {
    const database = await openDatabase(options.started, opened);
    if (options.started.hasRedis && !hasRedis())
      throw new LoadError('There is no redis-server on this machine: install it, or leave out --redis.');
    const redis = options.started.hasRedis ? await startRedis() : undefined;
    if (redis) opened.push(redis.close);
    const settings = {
      ...settingsFor(options),
      ...(redis ? { REDIS_ENABLED: 'true', REDIS_URL: redis.url } : {}),
      ...options.started.settings,
    };
    const gateway = await startProcess(shippedCommand(), { ...database.settings, ...settings }).catch((error) => {
      throw new LoadError(`The gateway did not start. ${error.message}`);
    });
    opened.push(gateway.stop);
    return {
      url: new URL(gateway.url),
      settings,
      pids: { gateway: gateway.pid, postgres: database.pid, redis: redis?.pid() ?? 0 },
      ended: gateway.ended.then(gateway.output),
      leaveSignals: database.leaveSignals,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What the load needs, and what is not otherwise than an operator has it: limits of rate are on, and not met by who thinks. */
function settingsFor({ users, thinkMs, durationSeconds, spawnPerSecond, started }: UsersOptions): Record<string, string> {
  const screensAnHour = Math.min(3600, durationSeconds + users / spawnPerSecond) / ((thinkMs[0] + thinkMs[1]) / 2000);
  return {
    PORT: '0',
    TRUSTED_PROXIES: 'loopback',
    ...(started.workers === undefined ? {} : { MAX_WORKERS: String(started.workers) }),
    // Each user keeps a connection, and one worker may get most of them.
    ...(users > 900 ? { WORKER_CONNECTIONS: String(users + 100) } : {}),
    // Who thinks for two seconds asks 1,800 times an hour, and may 1,000 times.
    ...(screensAnHour > 900 ? { RATE_LIMIT_PER_HOUR: String(Math.ceil(screensAnHour * 1.5)) } : {}),
  };
}

async function openDatabase({ scale }: StartedOptions, opened: (() => Promise<void>)[]) {
  const { DATABASE_URL: given, SECRET_KEY } = process.env;
  const base = { SECRET_KEY: SECRET_KEY ?? randomBytes(48).toString('base64') };
  if (given) {
    const interrupt = () => process.exit(130);
    // Ends the processes that were started: see startProcess. The embedded server does the same where it is opened.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
    const settings = { ...base, DATABASE_URL: given, MIGRATE_ON_START: 'true', SEED_SCALE: String(scale) };
    const leaveSignals = () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
    };
    return { settings, pid: await postmasterOf(given), leaveSignals };
  }
  const server = await openServer();
  opened.push(server.close);
  const { url } = await server.copy(scale);
  return { settings: { ...base, DATABASE_URL: url }, pid: await postmasterOf(url), leaveSignals: server.leaveSignals };
}

/** The server's first process, 0 where it is on another machine. */
async function postmasterOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url, application_name: 'convoy load' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number; address: string | null }>(
      'select pg_backend_pid() as pid, host(inet_server_addr()) as address',
    );
    const [{ pid = 0, address = null } = {}] = rows;
    const own = Object.values(os.networkInterfaces()).flatMap((found) => found ?? []);
    const isHere = address === null || own.some((each) => each.address === address);
    return isHere ? parentOf(pid) || 0 : 0;
  } catch (error) {
    throw new LoadError(
      `The database does not answer (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}). Check DATABASE_URL.`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Throws where all users would be one client to the gateway, and be refused as one. */
export async function checkAddresses(url: URL): Promise<void> {
  const remaining = async (index: number) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': addressOf(index) },
      body: '{"query":"{ __typename }"}',
    }).catch((error) => {
      throw new LoadError(`Nothing answers at ${url} (${error.cause?.code ?? error.message}). Start the gateway, or check --url.`);
    });
    await response.arrayBuffer();
    return Number(response.headers.get('x-ratelimit-remaining') ?? Number.NaN);
  };
  // Two that nobody else uses, so that only one who takes them for the same counts the first against the second.
  const [first, second] = [await remaining(ADDRESSES - 2001), await remaining(ADDRESSES - 2002)];
  if (second < first)
    throw new LoadError(
      `The gateway at ${url} takes all users for one client: start it with TRUSTED_PROXIES=loopback, so that it believes X-Forwarded-For, or with RATE_LIMIT_ENABLED=false.`,
    );
}
