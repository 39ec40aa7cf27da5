// The gateway under an application of another shape, as a team has it that takes the platform over: real processes on a copy of the
// program with modules left out.

import { spawn } from 'node:child_process';
import { cp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { READY, spawnServer } from '../../../harness/server-process.ts';
import { createDatabase, rowsOf, SEEDED_SCALE } from '../../support/database.ts';
import { SECRET_KEY } from '../../support/gateway.ts';
import { aFolder } from '../../support/persisted.ts';

/** Each test starts several processes, one after the other. */
const PATIENCE_MS = 120_000;
const ROOT = path.resolve(import.meta.dirname, '../../..');

/** A copy of the program; `change` changes the list of its modules. */
async function aCopy(change: (modules: string) => string = (modules) => modules) {
  const folder = await aFolder();
  for (const name of ['src', 'prisma', 'scripts', 'package.json'])
    await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  const schema = path.join(folder, 'src/graphql/schema.ts');
  await writeFile(schema, change(await readFile(schema, 'utf8')));
  return folder;
}

const without = (words: RegExp) => (modules: string) =>
  modules
    .split('\n')
    .filter((line) => !(line.startsWith("import '../modules/") && words.test(line)))
    .join('\n');

async function aDatabase() {
  const { url, drop } = await createDatabase({ seedScale: SEEDED_SCALE });
  onTestFinished(drop);
  return url;
}

const SETTINGS = { PORT: '0', MAX_WORKERS: '1', RATE_LIMIT_ENABLED: 'false', SECRET_KEY };

function start(folder: string, settings: Record<string, string>) {
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', path.join(folder, 'src/main.ts')];
  const gateway = spawnServer(command, { env: settings, announcement: READY });
  onTestFinished(async () => void (await gateway.stop('SIGKILL')));
  return gateway;
}

/** Runs a script of the copy: what it prints, and its exit code. */
async function run(folder: string, script: string, args: string[] = [], env: Record<string, string> = {}) {
  const command = ['--disable-warning=ExperimentalWarning', path.join(folder, script), ...args];
  const child = spawn(process.execPath, command, { cwd: folder, env: { PATH: process.env.PATH, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, output: output.trim() };
}

async function ask(url: string, query: string) {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) });
  return await response.json();
}

test(
  'a schema without mutations and subscriptions, without migrations and with a .env of Windows is served',
  async () => {
    const folder = await aCopy(without(/mutations|subscriptions/));
    await rm(path.join(folder, 'prisma/migrations'), { recursive: true });
    const databaseUrl = await aDatabase();
    await rowsOf(databaseUrl, 'drop table _prisma_migrations');
    await writeFile(path.join(folder, '.env'), `\ufeffDATABASE_URL=${databaseUrl}\r\nINTROSPECTION=true\r\n`);
    const url = await start(folder, SETTINGS).ready;
    expect((await fetch(new URL('/health', url))).status).toBe(200);
    expect(
      await ask(url, '{ spas(first: 1) { nodes { name } } __schema { mutationType { name } subscriptionType { name } } }'),
    ).toMatchObject({
      data: { spas: { nodes: [{ name: expect.any(String) }] }, __schema: { mutationType: null, subscriptionType: null } },
    });
    for (const operation of ['mutation { a }', 'subscription { a }'])
      expect((await ask(url, operation)).errors[0]).toMatchObject({ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });

    const env = { DATABASE_URL: databaseUrl };
    expect(await run(folder, 'scripts/migrate.ts', [], env)).toEqual({
      code: 0,
      output: 'There are no migrations in prisma/migrations. Write the first with npm run db:migration -- NAME.',
    });
    const { code, output } = await run(folder, 'scripts/new-migration.ts', ['first'], env);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^Wrote prisma\/migrations\/\d+_first\/migration\.sql\. /) });
    expect(await readdir(path.join(folder, 'prisma/migrations'))).toEqual([expect.stringMatching(/_first$/), 'migration_lock.toml']);
  },
  PATIENCE_MS,
);

const EMPTY_TYPE = "\nbuilder.objectType(builder.objectRef('Empty'), { fields: () => ({}) });\n";
const withEmptyType = (modules: string) => modules.replace('\nexport const schema', `${EMPTY_TYPE}\nexport const schema`);

test(
  'a schema that is not valid ends starts and commands with one sentence, and exit code 1',
  async () => {
    const folder = await aCopy(withEmptyType);
    const sentence = 'The GraphQL schema is not valid: Type Empty must define one or more fields.';
    const databaseUrl = await aDatabase();
    const { code, stdout, stderr } = await start(folder, { ...SETTINGS, MAX_WORKERS: '2', DATABASE_URL: databaseUrl }).ended;
    expect({ code, stderr, stdout }).toEqual({ code: 1, stderr: `${sentence}\n`, stdout: '' });
    expect(await run(folder, 'scripts/print-schema.ts')).toEqual({ code: 1, output: sentence });
  },
  PATIENCE_MS,
);

test(
  'commands that cannot use the database, or a migration, end with one sentence and exit code 1',
  async () => {
    const folder = await aCopy();
    const databaseUrl = await aDatabase();
    const commands: [string, string[]][] = [
      ['scripts/migrate.ts', []],
      ['scripts/new-migration.ts', ['name']],
      ['prisma/seed.ts', ['--scale', '0.01']],
    ];
    for (const [script, args] of commands) {
      const bad = { DATABASE_URL: `${databaseUrl}?sslrootcert=/nope` };
      expect(await run(folder, script, args, bad), script).toEqual({
        code: 1,
        output: expect.stringMatching(/^The file \/nope, which is sslrootcert [^\n]+$/),
      });
    }
    await writeFile(path.join(folder, '.env'), Buffer.from('\ufeffPORT=1', 'utf16le'));
    expect(await run(folder, 'scripts/migrate.ts')).toEqual({ code: 1, output: 'The file .env is not text in UTF-8: save it as UTF-8.' });
    await rm(path.join(folder, '.env'));

    const env = { DATABASE_URL: databaseUrl };
    const [first] = (await readdir(path.join(folder, 'prisma/migrations'))).sort();
    await rm(path.join(folder, `prisma/migrations/${first}/migration.sql`));
    expect(await run(folder, 'scripts/migrate.ts', [], env)).toEqual({
      code: 1,
      output: `The migration ${first} has no migration.sql that can be read (ENOENT): restore it, or remove its folder.`,
    });
  },
  PATIENCE_MS,
);

test(
  'a schema beside the extensions and the migrations of another program is migrated, and served',
  async () => {
    const { url, drop } = await createDatabase({ isMigrated: false });
    onTestFinished(drop);
    for (const sql of ['create extension citext', 'create extension pg_trgm', 'create schema app']) await rowsOf(url, sql);
    const columns = '(id text, checksum text, finished_at timestamptz, migration_name text, logs text, rolled_back_at timestamptz)';
    await rowsOf(url, `create table _prisma_migrations ${columns}`);
    await rowsOf(url, `insert into _prisma_migrations values ('1', 'x', now(), '20200101000000_other')`);
    const databaseUrl = `${url}?schema=app`;
    const env = { DATABASE_URL: databaseUrl };
    const applied = await run(ROOT, 'scripts/migrate.ts', [], env);
    expect(applied).toEqual({ code: 0, output: expect.stringMatching(/^(Applied \S+\.\n?){2,}$/) });
    expect(await rowsOf(url, 'select migration_name from public._prisma_migrations')).toHaveLength(1);
    const gateway = await start(ROOT, { ...SETTINGS, DATABASE_URL: databaseUrl }).ready;
    const signUp =
      'mutation { signUp(input: { username: "Somebody", email: "a@b.example", password: "long enough 1", firstName: "A", lastName: "B" }) { token } }';
    expect((await ask(gateway, signUp)).errors).toBeUndefined();
    // citext: found without case, though its operators are in public.
    const signIn = 'mutation { signIn(input: { usernameOrEmail: "SOMEBODY", password: "long enough 1" }) { token } }';
    expect(await ask(gateway, signIn)).toMatchObject({ data: { signIn: { token: expect.any(String) } } });
  },
  PATIENCE_MS,
);
