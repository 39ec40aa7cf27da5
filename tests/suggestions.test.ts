// From what was seen to settings: `npm run limits -- suggest`.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { readSamples, suggest } from '../src/limits/suggestions.ts';
import { createDatabase, SEEDED_SCALE } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';
import { times } from './support/protection.ts';
import { anApp } from './support/world.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

/** The lines NAME=value of a suggestion. */
const settingsIn = (text: string) =>
  Object.fromEntries(Array.from(text.matchAll(/^([A-Z_]+)=(\d+)$/gm), ([, name, value]) => [name, Number(value)]));

async function run(...args: string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'scripts/limits.ts', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  expect(stderr).not.toMatch(/^ +at /m);
  return { code, stdout, stderr: stderr.trim() };
}

test('a gateway that watches suggests limits that let through what was asked, and are settings that it takes', async () => {
  const database = await createDatabase({ seedScale: SEEDED_SCALE });
  const settings = {
    DATABASE_URL: database.url,
    SECRET_KEY,
    RESPONSE_CACHE: 'false',
    METRICS_TOKEN: 'a token of the metrics',
    RATE_LIMIT_ENABLED: 'true',
  };
  const watching = startGateway({
    ...settings,
    LIMIT_MODES: 'watch',
    RATE_LIMIT_PER_MINUTE: '2',
    MAX_COST: '5',
    MAX_DEPTH: '1',
    TRUSTED_PROXIES: 'loopback',
  });
  onTestFinished(async () => {
    await watching.stop('SIGKILL');
    await database.drop();
  });
  const { url, origin } = await watching.ready;
  const queries = [
    'query Directory { spas(first: 100) { nodes { name certificates(first: 2) { nodes { id } } } } }',
    'query Aliases { a: __typename b: __typename c: __typename d: __typename e: __typename f: __typename }',
  ];
  const ask = (to: string, query: string) =>
    fetch(to, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query }),
    });
  for (let i = 0; i < 4; i++) for (const query of queries) expect((await ask(url, query)).status).toBe(200);

  const { code, stdout, stderr } = await run('suggest', '--url', `${origin}/metrics`);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^operation +calls +cost +depth +aliases +rootFields +directives +tokens$/m);
  expect(stdout).toMatch(/^Directory +4 +\d+ +5 +0 +1 +0 +\d+$/m);
  expect(stdout).toMatch(/^Aliases +4 +1 +1 +6 +6 +0 +\d+$/m);
  expect(stdout).toContain('requests: 6 watched');
  expect(stdout).toContain('cost: 4 watched');
  const suggested = settingsIn(stdout);
  expect(suggested).toMatchObject({ MAX_DEPTH: 7, MAX_ALIASES: 8, MAX_ROOT_FIELDS: 8, RATE_LIMIT_PER_MINUTE: 10, RATE_LIMIT_PER_HOUR: 10 });
  const cost = Number(/^Directory +4 +(\d+)/m.exec(stdout)?.[1]);
  expect(suggested.MAX_COST).toBeGreaterThanOrEqual(cost * 1.25);
  expect(suggested.MAX_COST).toBeLessThanOrEqual(cost * 1.4);
  await watching.stop('SIGINT');

  const enforcing = startGateway({
    ...settings,
    ...Object.fromEntries(Object.entries(suggested).map(([name, value]) => [name, String(value)])),
  });
  onTestFinished(async () => void (await enforcing.stop('SIGKILL')));
  const there = (await enforcing.ready).url;
  for (let i = 0; i < 4; i++) for (const query of queries) expect((await ask(there, query)).status).toBe(200);
}, 30_000);

test('metrics that are not there or not open are said in a sentence, and wrong arguments with the usage', async () => {
  const { url } = await anApp({ isSeeded: false, protection: { trustedProxies: ['loopback'], metricsToken: 'a token of the metrics' } });
  const metrics = `${new URL(url).origin}/metrics`;
  const [empty, nobody, elsewhere, none, unknown, noUrl] = await Promise.all([
    run('suggest', '--url', metrics),
    run('suggest', '--url', 'http://127.0.0.1:1/metrics'),
    run('suggest', '--url', url),
    run(),
    run('suggest', '--loud'),
    run('suggest', '--url', 'nonsense'),
  ]);
  expect(empty).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Nothing was executed yet') });
  expect(nobody).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Nobody answers at http://127.0.0.1:1/metrics') });
  expect([elsewhere.code, elsewhere.stderr.split('\n').length]).toEqual([1, 1]);
  for (const wrong of [none, unknown, noUrl])
    expect(wrong).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^The usage is: npm run limits/) });
});

const sample = (operation: string, figures: Record<string, number>) => [
  `convoy_operation_calls_total{operation="${operation}"} 3`,
  ...Object.entries(figures).map(([figure, value]) => `convoy_operation_largest{operation="${operation}",figure="${figure}"} ${value}`),
];

test('limits are chosen by what has a name, and never so tight that a small change of a screen breaks it', () => {
  const text = [
    ...sample('Screen', { cost: 1, depth: 1, aliases: 0, rootFields: 1, directives: 0, tokens: 5 }),
    ...sample('anonymous', { cost: 9000 }),
    ...sample('other', { depth: 90 }),
  ];
  expect(settingsIn(suggest(readSamples(text.join('\n'))))).toEqual({
    MAX_COST: 100,
    MAX_DEPTH: 6,
    MAX_ALIASES: 5,
    MAX_ROOT_FIELDS: 3,
    MAX_DIRECTIVES: 5,
    MAX_TOKENS: 200,
  });
  expect(settingsIn(suggest(readSamples(sample('anonymous', { cost: 9000, depth: 40 }).join('\n'))))).toMatchObject({
    MAX_COST: 12_000,
    MAX_DEPTH: 50,
  });
});

test('whatever was seen, each suggestion is above it and a setting that the gateway takes', () => {
  for (const value of [1, 7, 99, 100, 101, 12_345, 99_999, 8_000_000, Number.MAX_SAFE_INTEGER]) {
    const figures = { cost: value, depth: value, aliases: value, rootFields: value, directives: value, tokens: value };
    const windows = ['minute', 'hour', 'points'].map((window) => `convoy_client_largest{window="${window}"} ${value}`);
    const suggested = settingsIn(suggest(readSamples([...sample('Screen', figures), ...windows].join('\n'))));
    expect(Object.keys(suggested)).toHaveLength(9);
    for (const [name, limit] of Object.entries(suggested)) expect([name, value, (limit as number) >= value]).toEqual([name, value, true]);
    expect(
      () => loadConfig(Object.fromEntries(Object.entries(suggested).map(([name, limit]) => [name, String(limit)]))),
      String(value),
    ).not.toThrow();
  }
});

test('the text of Prometheus is read as it is written', () => {
  const lines = [
    '# HELP a_total Something.',
    '# TYPE a_total counter',
    'a_total 3',
    'b{x="1",y="a \\"quoted\\" one"} 2.5',
    'c_bucket{le="+Inf"} 7',
    'd 1e+21',
    'not a sample at all',
    '',
  ];
  expect(readSamples(lines.join('\n')).map(({ name, labels, value }) => [name, Object.keys(labels), value])).toEqual([
    ['a_total', [], 3],
    ['b', ['x', 'y'], 2.5],
    ['c_bucket', ['le'], 7],
    ['d', [], 1e21],
  ]);
  expect(times(1, () => readSamples(''))).toEqual([[]]);
});
