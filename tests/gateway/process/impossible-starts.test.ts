// Starts that could never serve: each ends with one sentence that says what to do, and never with the password.

import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { StartError } from '../../../src/errors.ts';
import { checkPrimary } from '../../../src/gateway/data/postgres/check-server.ts';
import { createLog } from '../../../src/log.ts';
import { startPrimary } from '../../../src/primary.ts';
import { createDatabase, rowsOf, withAdmin } from '../../support/database.ts';
import { SECRET_KEY } from '../../support/gateway.ts';
import { aFolder } from '../../support/persisted.ts';

const PASSWORD = 'a password that nobody reads';

/** A database of the test's own, and a role that may do with it what the test says. `url` is the role's. */
async function aRole(sql: string) {
  const { url: adminUrl, drop } = await createDatabase();
  const role = `role_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  onTestFinished(async () => {
    await drop();
    await rowsOf(inject('adminUrl'), `drop role if exists ${role}`);
  });
  await rowsOf(inject('adminUrl'), `create role ${role} login password '${PASSWORD}'`);
  for (const statement of sql.replaceAll('ROLE', role).split(';')) await rowsOf(adminUrl, statement);
  return { role, url: Object.assign(new URL(adminUrl), { username: role, password: PASSWORD }).toString() };
}

/** What a start with these settings throws. */
async function failureOf(env: Record<string, string>): Promise<string> {
  const log = createLog({ level: 'silent' });
  const settings = { PORT: '0', MAX_WORKERS: '1', SECRET_KEY, ...env };
  const starting = (async () => await startPrimary(loadConfig(settings), log))();
  const outcome = await starting.then(
    (gateway) => gateway.close({ isHurried: true }).then(() => 'it has started'),
    (error) => error,
  );
  expect(outcome).toBeInstanceOf(StartError);
  const { message } = outcome as StartError;
  expect(message).not.toContain(PASSWORD);
  return message;
}

const READS = 'grant select on all tables in schema public to ROLE';

test.each<[string, string, RegExp]>([
  [
    'a column is missing',
    'alter table spas drop column city',
    /^The database lacks the column spas\.city, which prisma\/schema\.prisma has\. Add /,
  ],
  [
    'a table is missing',
    'alter table invoice_items rename to items',
    /^The schema public of the database lacks the table invoice_items\. Run npm run db:migrate, /,
  ],
  [
    'the tables are in another schema',
    'create schema app; alter table spas set schema app',
    /lacks the table spas, which the schema app has\. Set schema=app in DATABASE_URL\.$/,
  ],
])('%s', async (_, sql, sentence) => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  for (const statement of sql.split(';')) await rowsOf(url, statement);
  expect(await failureOf({ DATABASE_URL: url })).toMatch(sentence);
});

test.each<[string, string, RegExp]>([
  [
    'no table may be read',
    'grant select on _prisma_migrations to ROLE',
    /^The database user role_\w+ may not read the tables users, spas, .+ and 4 more\. Grant it: grant select on /,
  ],
  [
    'one table may not be read',
    `${READS}; revoke select on spas from ROLE`,
    /^The database user (role_\w+) may not read the table spas\. Grant it: grant select on spas to "\1"\.$/,
  ],
  [
    'one column may not be read',
    `${READS}; revoke select on spas from ROLE; grant select (id, name) on spas to ROLE`,
    /may not read the table spas\./,
  ],
  [
    'the migrations may not be read',
    'select 1',
    /refuses what a start needs \(permission denied for table _prisma_migrations\)\. Grant it to the user of DATABASE_URL\.$/,
  ],
  [
    'the schema may not be entered',
    `${READS}; revoke usage on schema public from public`,
    /permission denied for schema public|grant usage on schema public/,
  ],
])('%s', async (_, sql, sentence) => {
  const { url } = await aRole(sql);
  expect(await failureOf({ DATABASE_URL: url })).toMatch(sentence);
});

test('what the user lacks to write is logged, and the gateway starts', async () => {
  const { url, role } = await aRole(
    `${READS}; grant insert, update, delete on all tables in schema public to ROLE; revoke insert on spas from ROLE`,
  );
  const lines: string[] = [];
  const log = createLog({ level: 'warn', destination: { write: (line: string) => void lines.push(line) } });
  const gateway = await startPrimary(loadConfig({ PORT: '0', MAX_WORKERS: '1', SECRET_KEY, DATABASE_URL: url }), log);
  await gateway.close({ isHurried: true });
  const { lacks, msg } = JSON.parse(lines.find((line) => line.includes('lacks')) ?? '{}');
  expect(msg).toBe('the database does not take all writes: mutations that need what it lacks fail');
  expect(lacks.insert).toEqual(['spas']);
  expect(Object.keys(lacks).sort()).toEqual(['insert', 'usage']);
  expect(lacks.usage).toContain('spas_id_seq');
  expect(lines.join()).not.toContain(PASSWORD);
  expect(role).toMatch(/^role_/);
});

test('a replica whose schema is not there yet is named in the log, and the gateway starts', async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const lines: string[] = [];
  const log = createLog({ level: 'warn', destination: { write: (line: string) => void lines.push(line) } });
  const env = { PORT: '0', MAX_WORKERS: '1', SECRET_KEY, DATABASE_URL: url, DATABASE_REPLICA_URLS: `${url}?schema=nope` };
  const gateway = await startPrimary(loadConfig(env), log);
  await gateway.close({ isHurried: true });
  const { host } = new URL(url);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { replica: host, reason: expect.stringContaining('no schema nope'), msg: 'a replica cannot be checked at the start' },
    { replica: host, reason: expect.stringContaining('no schema nope'), msg: 'a replica is not read' },
  ]);
});

test('a table that announces no changes is logged where answers are kept', async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  await rowsOf(url, 'drop trigger announce_update on spas');
  await rowsOf(url, 'alter table users alter id drop default');
  const lines: string[] = [];
  const log = createLog({ level: 'warn', destination: { write: (line: string) => void lines.push(line) } });
  const gateway = await startPrimary(loadConfig({ PORT: '0', MAX_WORKERS: '1', SECRET_KEY, DATABASE_URL: url }), log);
  await gateway.close({ isHurried: true });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ lacks: { default: ['users.id'] } }, { tables: ['spas'] }]);
});

/** Settings over the URL of a migrated database. */
const cases: [string, (url: string) => Record<string, string> | Promise<Record<string, string>>, RegExp][] = [
  [
    'a schema that is not there',
    (url) => ({ DATABASE_URL: `${url}?schema=nope` }),
    /^The database has no schema nope\. Create it, or name another one/,
  ],
  ['a mode of TLS that is none', (url) => ({ DATABASE_URL: `${url}?sslmode=verify` }), /^sslmode in DATABASE_URL must be one of disable, /],
  [
    'TLS that the server has not',
    (url) => ({ DATABASE_URL: `${url}?sslmode=verify-full` }),
    /cannot be reached over TLS \(.+\)\. Check sslmode and sslrootcert /,
  ],
  [
    'a certificate that is not there',
    (url) => ({ DATABASE_URL: `${url}?sslrootcert=/nope` }),
    /^The file \/nope, which is sslrootcert in DATABASE_URL, cannot be read \(ENOENT\)/,
  ],
  [
    'a key that is none',
    async (url) => ({ DATABASE_URL: `${url}?sslkey=${await aFile('no key')}` }),
    /^The files of sslkey in DATABASE_URL are not usable/,
  ],
  [
    'a bad file of a replica',
    (url) => ({ DATABASE_URL: url, DATABASE_REPLICA_URLS: `${url}?sslcert=/nope` }),
    /^The file \/nope, which is sslcert in DATABASE_REPLICA_URLS, /,
  ],
  [
    'an option that the server does not know',
    (url) => ({ DATABASE_URL: `${url}?options=-c%20nonsense%3D1` }),
    /unrecognized configuration parameter "nonsense"/,
  ],
  [
    'a port that is none',
    (url) => ({
      DATABASE_URL: Object.assign(new URL(url), { password: PASSWORD })
        .toString()
        .replace(/:\d+\//, ':99999/'),
    }),
    /^DATABASE_URL is not a URL\. It looks like /,
  ],
  [
    'a wrong password',
    (url) => ({ DATABASE_URL: Object.assign(new URL(url), { password: PASSWORD }).toString() }),
    /refuses the connection \(.*\)\. Check user and password in DATABASE_URL\.$/,
  ],
  [
    'a database that is not there',
    (url) => ({ DATABASE_URL: Object.assign(new URL(url), { pathname: '/nowhere' }).toString() }),
    /\(database "nowhere" does not exist\)\. Create it, or check DATABASE_URL\.$/,
  ],
  [
    'an address of another machine',
    (url) => ({ DATABASE_URL: url, HOST: '203.0.113.9' }),
    /^203\.0\.113\.9 is no address of this machine \(EADDRNOTAVAIL\)\. Set HOST /,
  ],
  [
    'a manifest that is a folder',
    (url) => ({ DATABASE_URL: url, TRUSTED_DOCUMENTS: 'only', TRUSTED_DOCUMENTS_FILE: '/tmp' }),
    /cannot be read \(EISDIR\)/,
  ],
  [
    'a Redis that speaks HTTP',
    async (url) => ({ DATABASE_URL: url, REDIS_ENABLED: 'true', REDIS_URL: await aWebServer() }),
    /^What answers at REDIS_URL is not Redis\. Check host and port, /,
  ],
  [
    'an address of Redis that is no URL',
    (url) => ({ DATABASE_URL: url, REDIS_URL: `redis://:${PASSWORD}@localhost:99999999` }),
    /REDIS_URL: a URL, as redis:/,
  ],
];

async function aFile(content: string): Promise<string> {
  const file = path.join(await aFolder(), 'file');
  await writeFile(file, content);
  return file;
}

async function aWebServer(): Promise<string> {
  const server = createServer((_, res) => res.end('hello')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('settings and parts of the URL that lead nowhere', async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  for (const [name, settings, sentence] of cases) expect(await failureOf(await settings(url)), name).toMatch(sentence);
}, 60_000);

test('a database of another encoding than UTF8', async () => {
  const name = `convoy_test_${inject('runId')}_ascii`;
  await withAdmin(inject('adminUrl'), (admin) =>
    admin.query(`create database ${name} template template0 encoding 'SQL_ASCII' locale_provider builtin builtin_locale 'C' locale 'C'`),
  );
  onTestFinished(() => withAdmin(inject('adminUrl'), async (admin) => void (await admin.query(`drop database ${name} with (force)`))));
  const url = Object.assign(new URL(inject('adminUrl')), { pathname: `/${name}` }).toString();
  expect(await failureOf({ DATABASE_URL: url })).toMatch(/has the encoding SQL_ASCII: make one with encoding 'UTF8'/);
});

test('a standby and a version that is too old are no primary', () => {
  const well = { version: 180_004, encoding: 'UTF8', isStandby: false };
  expect(() => checkPrimary(well, 'It')).not.toThrow();
  expect(() => checkPrimary({ ...well, isStandby: true }, 'It')).toThrow(
    /^It is a standby, which takes no writes: name the primary in DATABASE_URL/,
  );
  expect(() => checkPrimary({ ...well, version: 140_012 }, 'It')).toThrow('It is PostgreSQL 14, which is too old: it must be 15 or later.');
});
