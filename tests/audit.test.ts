// The audit itself: that it holds as shipped, and that each weakness which somebody sets up turns its lines red, and no others.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, inject, onTestFinished, type TestContext, test } from 'vitest';
import type { ReportRecord } from '../harness/report.ts';
import { rowsOf } from './support/database.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const MINUTE_MS = 60_000;

type AuditOptions = Partial<Pick<TestContext, 'onTestFinished'>> & { databaseUrl?: string };

/** Runs the command. Without `databaseUrl` it starts a server of its own. Tests that run beside others give it their own `onTestFinished`. */
async function audit(args: readonly string[], { databaseUrl = '', onTestFinished: onFinished = onTestFinished }: AuditOptions = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-audit-test-'));
  onFinished(() => rm(dir, { recursive: true }));
  const json = path.join(dir, 'records.jsonl');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'audit/main.ts', '--json', json, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const [code] = await once(child, 'close');
  const written = await readFile(json, 'utf8').catch(() => '');
  const records = written
    .split('\n')
    .filter(Boolean)
    .map((line): ReportRecord => JSON.parse(line));
  const named = (holds: boolean) => records.filter((record) => record.holds === holds).map(({ name }) => name);
  return { ...output, code, pid: child.pid, records, held: named(true), failed: named(false) };
}

/** On the server of the tests, which is there already. */
const auditHere = (args: string[], { onTestFinished }: Partial<TestContext> = {}) =>
  audit(args, { databaseUrl: inject('adminUrl'), onTestFinished });

test(
  'all that must hold does, as shipped, and is written down a record a line',
  async () => {
    const { code, stdout, records, failed } = await audit(['--quick', '--documents', '500']);
    expect(records.filter(({ holds }) => !holds)).toEqual([]);
    expect([code, failed]).toEqual([0, []]);
    expect(records.length).toBeGreaterThan(150);
    const names = records.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const concerns = new Set(names.map((name) => name.split(':')[0]));
    for (const concern of [
      'rates',
      'accounts',
      'clients',
      'fields',
      'cost',
      'shape',
      'bodies',
      'cross-site',
      'cors',
      'refusals',
      'headers',
      'schema',
      'metrics',
      'tokens',
    ])
      expect(concerns).toContain(concern);
    for (const concern of [
      'fragments',
      'hosts',
      'subscriptions',
      'overload',
      'redis',
      'injection',
      'prototypes',
      'http',
      'documents',
      'deadlines',
      'failures',
      'random',
      'secrets',
    ])
      expect(concerns).toContain(concern);
    for (const { name, tried, expected, happened, ms } of records) {
      expect(stdout).toContain(`holds  ${name} | ${tried} | must: ${expected} | happened: `);
      expect([happened.length > 0, typeof ms]).toEqual([true, 'number']);
    }
    expect(stdout).toContain(`${records.length} of ${records.length} hold`);
  },
  15 * MINUTE_MS,
);

type Weakness = { set: string; only: string; failed: string[]; held: string[] };

test.concurrent.for<Weakness>([
  {
    set: 'LIMIT_MODES=depth:off',
    only: '^shape: depth',
    failed: ['shape: depth 13', 'shape: depth through fragments'],
    held: ['shape: depth 12', 'shape: depth of introspection'],
  },
  {
    set: 'LIMIT_MODES=subscriptions:off',
    only: '^(subscriptions|hosts)',
    failed: ['subscriptions: many of one client'],
    held: ['subscriptions: answers that cannot be streams', 'hosts: a path behind the host', 'hosts: what is no host'],
  },
  {
    set: 'MAX_COST=1000000',
    only: '^cost: (lists|sizes|nodes|points)',
    failed: ['cost: lists in lists', 'cost: sizes in variables', 'cost: sizes by default', 'cost: nodes by ids'],
    held: ['cost: points of a minute', 'cost: points that were not used'],
  },
  {
    set: 'INTROSPECTION=true',
    only: '^schema',
    failed: ['schema: introspection', 'schema: names that are nearly right'],
    held: ['schema: the page'],
  },
  { set: 'PLAYGROUND=true', only: '^schema: the page|^headers: 404', failed: ['schema: the page'], held: ['headers: 404'] },
  {
    set: 'CORS_ORIGINS=https://app.example,null',
    only: '^cors: (a query|other)',
    failed: ['cors: other origins'],
    held: ['cors: a query of an origin of the list'],
  },
  {
    set: 'CORS_ORIGINS=https://other.example',
    only: '^(refusals|cors: other)',
    failed: ['refusals: codes', 'refusals: for rate'],
    held: ['cors: other origins'],
  },
  {
    set: 'REQUEST_DEADLINE_MS=60000',
    only: '^deadlines: a (statement|client)',
    failed: ['deadlines: a statement that hangs'],
    held: ['deadlines: a client that leaves'],
  },
  {
    set: 'RATE_LIMIT_PER_MINUTE=100000',
    only: '^rates: (requests|paths)',
    failed: ['rates: requests of a minute', 'rates: paths that only look like those'],
    held: ['rates: requests of an hour', 'rates: paths that are not counted'],
  },
  {
    set: 'TRUSTED_PROXIES=loopback',
    only: '^rates: (an address|every)',
    failed: ['rates: an address that a client claims'],
    held: ['rates: every method counts'],
  },
  {
    set: 'LIMIT_MODES=points:off',
    only: '^http: (errors|refusals)',
    failed: ['http: refusals for rate as JSON'],
    held: ['http: errors as JSON'],
  },
  {
    set: 'DEBUG=true',
    only: '^failures',
    failed: ['failures: a row that a newer version has written', 'failures: tables that are not as expected'],
    held: ['failures: a database that goes away'],
  },
])('$set is noticed by the checks that it concerns', { timeout: 4 * MINUTE_MS }, async ({ set, only, failed, held }, context) => {
  const { expect } = context;
  const run = await auditHere(['--set', set, '--only', only], context);
  expect({ failed: run.failed.sort(), held: run.held.sort(), code: run.code }).toEqual({
    failed: failed.sort(),
    held: held.sort(),
    code: 1,
  });
  for (const name of failed) expect(run.stdout).toContain(`FAILS  ${name} | `);
  expect(run.stdout).toMatch(/of \d+ hold, in \d+ s\. \d+ do(es)? not\./);
});

test(
  'a gateway that does not start fails each check with the reason, and what the audit has made is gone at its end',
  async () => {
    const { code, records, pid } = await auditHere(['--set', 'SECRET_KEY=short', '--only', '^headers: (200|404)$']);
    expect([code, records.map(({ name }) => name)]).toEqual([1, ['headers: 200', 'headers: 404']]);
    for (const { happened } of records) expect(happened).toMatch(/a gateway did not start: .*SECRET_KEY: at least 32 characters/s);
    expect(await rowsOf(inject('adminUrl'), `select datname from pg_database where datname like 'convoy\\_audit\\_${pid}\\_%'`)).toEqual(
      [],
    );
  },
  4 * MINUTE_MS,
);

test.concurrent.for<[what: string, args: string[], sentence: RegExp]>([
  ['an unknown option', ['--fast'], /Unknown option '--fast'/],
  ['a setting that is not there', ['--set', 'MAX_DEPHT=3'], /--set takes NAME=VALUE with the name of a setting, not MAX_DEPHT=3/],
  ['a setting without a value', ['--set', 'MAX_DEPTH'], /--set takes NAME=VALUE/],
  ['a pattern that is none', ['--only', '('], /--only takes a regular expression/],
  ['a pattern that no check matches', ['--only', 'no such thing'], /No check has a name that matches no such thing/],
  ['no documents', ['--documents', '0'], /--documents takes a whole number more than 0/],
])('%s is answered with one sentence, and nothing is started', async ([, args, sentence], context) => {
  const { expect } = context;
  const { code, stdout, stderr } = await auditHere(args, context);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(sentence);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('--help says what there is', async () => {
  const { code, stdout } = await auditHere(['--help']);
  expect(code).toBe(0);
  for (const option of ['--only', '--json', '--set', '--documents', '--quick', '--seed']) expect(stdout).toContain(option);
});
