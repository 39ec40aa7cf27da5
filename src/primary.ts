import type { Config } from './config.ts';
import { StartError } from './errors.ts';
import { maxOpenFiles, type SocketShare, shareDescriptors } from './gateway/process/descriptor-budget.ts';
import type { Log } from './log.ts';
import { openDatabaseServer } from './resources/database.ts';
import { parseDatabaseUrl } from './resources/database-url.ts';
import { loadOwnSecret } from './resources/own-secret.ts';
import { endConnections, readServerConnections, type ServerConnections } from './resources/server-connections.ts';
import { printStartScreen } from './start-screen.ts';
import { type ConnectionBudget, checkBudget, shareConnections } from './workers/connection-budget.ts';
import { nameOfStart, openFormerStarts } from './workers/former-starts.ts';
import type { Orders } from './workers/member.ts';
import type { TogetherOptions } from './workers/together.ts';

/** Where a start listens, in the words of a browser. */
const LOCAL = ['0.0.0.0', '127.0.0.1', '::', '::1'];

/** Processes that answer requests, or this one alone. */
export type Running = {
  port: number;
  roll(): Promise<void>;
  close(options: { isHurried: boolean }): Promise<void>;
};

export type PrimaryOptions = Pick<TogetherOptions, 'silenceMs'>;

/** Brings the database up to date, starts the gateway, says where everything is, and returns how to stop. */
export async function startPrimary(config: Config, log: Log, options: PrimaryOptions = {}) {
  const budget = shareConnections({
    total: config.databaseConnections,
    workers: config.maxWorkers,
    replicas: config.replicaUrls.length,
  });
  for (const url of config.replicaUrls) parseDatabaseUrl(url, { setting: 'DATABASE_REPLICA_URLS' });
  const sockets = shareSockets(config, budget, log);
  const secretKeys = [await secretKeyOf(config), ...config.previousSecretKeys];
  const server = await openDatabaseServer(config, log);
  const urls = [server.url, ...config.replicaUrls];
  const leavings = createLeavings(urls, log);
  let former: Awaited<ReturnType<typeof openFormerStarts>> | undefined;
  const close = async () => {
    former?.close();
    await leavings.ended();
    await server.close();
  };
  try {
    await checkServers(config, server.connections, budget, log);
    former = await openFormerStarts(server.url, leavings.end);
    if (former.leftovers.length > 0)
      log.warn({ processes: former.leftovers.length }, 'a former start was killed: what it has left counts until it is gone');
    const migrations = await migrate(config, server.url);
    const hasDemoUsers = await seedOnce(config, server.url);
    const { share } = budget;
    const applicationName = await nameOfStart();
    const orders: Orders = { databaseUrl: server.url, secretKeys, hasDemoUsers, migrations, share, sockets, applicationName };
    const own = { ...options, leftovers: former.leftovers, onGone: leavings.end };
    const running = await (config.maxWorkers > 1 ? startMany(config, orders, own, log) : startOne(config, orders, own, log));
    const url = urlOf(config.host, running.port);
    printStartScreen({
      url,
      databaseUrl: server.url,
      isEmbedded: server.isEmbedded,
      hasPlayground: config.hasPlayground,
      hasDemoUsers,
    });
    return {
      url,
      roll: running.roll,
      close: async (options: { isHurried: boolean }) => {
        await running.close(options).finally(close);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Bounds the connections of clients below the limit of open files. */
function shareSockets({ maxWorkers, workerConnections, replicaUrls }: Config, { share }: ConnectionBudget, log: Log): SocketShare {
  const limit = maxOpenFiles();
  const sockets = shareDescriptors({ limit, workers: maxWorkers, workerConnections, replicas: replicaUrls.length, share });
  if (sockets.connections < workerConnections)
    log.warn(
      { limit, connections: sockets.connections, workerConnections },
      'the limit of open files (ulimit -n) is too low for WORKER_CONNECTIONS: each worker holds fewer connections',
    );
  return sockets;
}

async function startOne(config: Config, orders: Orders, { leftovers }: TogetherOptions, log: Log): Promise<Running> {
  // Its share is the whole.
  await Promise.all(leftovers);
  const { startAlone } = await import('./workers/alone.ts');
  return startAlone(config, orders, log);
}

async function startMany(config: Config, orders: Orders, options: TogetherOptions, log: Log): Promise<Running> {
  const { startTogether } = await import('./workers/together.ts');
  return startTogether(config, orders, options, log);
}

/**
 * Ends what a process that is gone may have left at the databases. One connection after the other: the budget has one for this, however
 * many processes end at once, and however many databases there are.
 */
function createLeavings(urls: readonly string[], log: Log) {
  let last = Promise.resolve();
  const endAll = async (name: string) => {
    for (const [i, url] of urls.entries())
      await endConnections(url, name).catch((error) =>
        log.error(
          { reason: error.message, name, database: i === 0 ? 'primary' : `replica ${i}` },
          'connections that were left behind could not be ended',
        ),
      );
  };
  return {
    /** By the name of the connections. Never rejects. */
    end(name: string): Promise<void> {
      last = last.then(() => endAll(name));
      return last;
    },
    /** Resolves when all that was asked for is done. */
    ended: () => last,
  };
}

/** Throws StartError where a server has too few connections. A replica that cannot be asked now is no reason not to start: it is left out. */
async function checkServers(
  config: Config,
  allowed: ServerConnections,
  { atPrimary, atReplica }: ConnectionBudget,
  log: Log,
): Promise<void> {
  checkBudget('the database', atPrimary, allowed);
  for (const [i, url] of config.replicaUrls.entries()) {
    const { host = 'localhost', port = 5432 } = parseDatabaseUrl(url);
    const found = await readServerConnections(url).catch((error) => {
      log.warn({ replica: `${host}:${port}`, reason: error.code ?? error.message }, 'a replica cannot be checked at the start');
    });
    // With the one that ends what a killed process has left there.
    if (found) checkBudget(`replica ${i + 1}`, atReplica + 1, found);
  }
}

/** Applies what the database lacks, or throws StartError where that is not wanted. Returns the names of all migrations. */
async function migrate(config: Config, databaseUrl: string): Promise<string[]> {
  const [{ applyMigrations, pendingMigrations }, { migrationNames }] = await Promise.all([
    import('./resources/migrations.ts'),
    import('./gateway/data/prisma/migration-files.ts'),
  ]);
  const pending = config.migrateOnStart ? await applyMigrations(databaseUrl).then(() => []) : await pendingMigrations(databaseUrl);
  if (pending.length > 0)
    throw new StartError(`The database lacks ${pending.length} of the migrations. Run npm run db:migrate, or set MIGRATE_ON_START=true.`);
  return await migrationNames();
}

/** Loads demo data into an empty database where that is wanted. Returns whether it holds the demo users. */
async function seedOnce({ seedScale }: Config, databaseUrl: string): Promise<boolean> {
  if (seedScale === 0) return false;
  const { holdsDemoUsers, isEmpty, seed } = await import('../prisma/seed/seed.ts');
  if (await isEmpty(databaseUrl)) {
    console.log('Loading demo data, once …');
    await seed(databaseUrl, { scale: seedScale }).catch(async (error) => {
      // Another start was faster, and has seeded meanwhile.
      if (await isEmpty(databaseUrl)) throw error;
    });
  }
  // A database that was filled otherwise has other people behind the same ids: the playground must not sign in as them.
  return await holdsDemoUsers(databaseUrl);
}

/** The key that signs tokens. With the embedded database it is the checkout's own, made on first use: nobody else's tokens are ever valid here. */
async function secretKeyOf({ secretKey, secretKeyFile: file, databaseUrl }: Config): Promise<string> {
  if (secretKey !== undefined) return secretKey;
  if (databaseUrl !== undefined)
    throw new StartError('Set SECRET_KEY, which signs the tokens: 32 characters or more. Make one with: openssl rand -base64 48');
  return await loadOwnSecret(file, 'Start Convoy as the user who did first, or set SECRET_KEY.');
}

function urlOf(host: string, port: number): string {
  const name = LOCAL.includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/graphql`;
}
