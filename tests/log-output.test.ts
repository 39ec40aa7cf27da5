// The log as what reads it has it: whole lines, all of them, and nothing that is secret.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { demoPassword, demoSignIns } from '../prisma/seed/demo.ts';
import { createDatabase, SEEDED_SCALE } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';

const LOG = path.resolve(import.meta.dirname, '../src/log.ts');

/** Processes that run `code` with a log, all with the same pipe as their output, and what comes out of it. */
async function outputOf(code: string, processes = 1, signal?: NodeJS.Signals) {
  const run = `import { createLog } from ${JSON.stringify(LOG)}; const log = createLog(); ${code}`;
  // A pipe of the system: those that Node makes for its children are sockets. What reads it takes little at once, so that it is full.
  const one = `"$0" --disable-warning=ExperimentalWarning --input-type=module -e "$1" &`;
  const shell = spawn('sh', ['-c', `(${one.repeat(processes)} wait) | dd bs=3000 2>/dev/null`, process.execPath, run], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void shell.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  shell.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  for await (const chunk of shell.stdout) {
    stdout += chunk;
  }
  await ended(shell);
  return { stdout, stderr, signal };
}

const ended = (child: ChildProcess) => (child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined);

test('lines of processes that share a pipe stay whole, and none is lost', async () => {
  const lines = 4000;
  const code = `for (let i = 0; i < ${lines}; i++) { log.info({ i, fill: 'x'.repeat(i % 700) }, 'line'); if (i % 50 === 0) await new Promise(setImmediate); }`;
  const { stdout, stderr } = await outputOf(code, 6);
  expect(stderr).toBe('');
  const found = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { pid: number; i: number; fill: string });
  expect(found).toHaveLength(6 * lines);
  const processes = Map.groupBy(found, ({ pid }) => pid);
  expect(processes.size).toBe(6);
  for (const own of processes.values()) expect(own.map(({ i }) => i)).toEqual(Array.from({ length: lines }, (_, i) => i));
}, 30_000);

test.each([
  ['process.exit(3)', ''],
  ['setImmediate(() => process.exit(3)); await new Promise(() => {});', ''],
  ["setImmediate(() => { throw new Error('crash'); }); await new Promise(() => {});", 'crash'],
])('what was logged before `%s` is written', async (end, expected) => {
  const { stdout, stderr } = await outputOf(`for (let i = 0; i < 500; i++) log.info({ i }, 'line'); ${end}`);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).i),
  ).toEqual(Array.from({ length: 500 }, (_, i) => i));
  expect(stderr).toContain(expected);
});

const SECRETS = ['pass-word-of-mine', 'token-of-mine', 'header-of-mine', 'variable-of-mine', 'literal-of-mine', 'hash-of-mine'];

test('nothing that is secret appears in any line, at any level', async () => {
  const database = await createDatabase({ seedScale: SEEDED_SCALE });
  onTestFinished(database.drop);
  const settings = {
    DATABASE_URL: database.url,
    SECRET_KEY,
    LOG_LEVEL: 'trace',
    SLOW_OPERATION_MS: '0',
    MAX_BATCH: '5',
    METRICS_TOKEN: 'token-of-mine-16',
  };
  const gateway = startGateway(settings);
  onTestFinished(async () => void (await gateway.stop('SIGKILL')));
  const { url, origin } = await gateway.ready;
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const username = demoSignIns[0]?.username ?? '';
  const signIn = 'mutation In($input: SignInInput!) { signIn(input: $input) { token } }';
  const input = (usernameOrEmail: string) => ({ input: { usernameOrEmail, password: 'pass-word-of-mine' } });
  const bearer = { authorization: 'Bearer token-of-mine', cookie: 'a=header-of-mine', 'x-api-key': 'header-of-mine' };
  const answers = await Promise.all([
    post({ query: signIn, variables: { input: { usernameOrEmail: username, password: demoPassword } } }),
    post({ query: signIn, variables: input(username) }),
    post({ query: signIn, variables: input('variable-of-mine') }),
    post([{ query: signIn, variables: input('variable-of-mine') }, { query: '{ spa(id: "literal-of-mine") { id } }' }]),
    post({ query: `mutation { signIn(input: { usernameOrEmail: "literal-of-mine", password: "pass-word-of-mine" }) { token } }` }),
    post({ query: '{ spa(id: "literal-of-mine") { id nothing } }' }),
    post('{"query":"{ spas { nodes { id } } }","variables":{"a":"variable-of-mine"}'),
    post({
      query: '{ __typename }',
      variables: { a: 'variable-of-mine' },
      extensions: { persistedQuery: { version: 1, sha256Hash: 'hash-of-mine' } },
    }),
    post({ query: '{ __typename }' }, bearer),
    post({ query: '{ __typename }', operationName: 'x"}\n{"level":60,"msg":"forged"}' }),
    fetch(`${url}?query={__typename}&variables={"a":"variable-of-mine"}&access_token=token-of-mine`),
    fetch(`${origin}/metrics?token=token-of-mine`, { headers: { authorization: 'Bearer token-of-mine-16' } }),
    fetch(`${origin}/other?token=token-of-mine`),
  ]);
  const [signedIn = ''] = await Promise.all(answers.map((answer) => answer.text()));
  const { token } = JSON.parse(signedIn).data.signIn;
  await (await post({ query: '{ viewer { id } }' }, { authorization: `Bearer ${token}` })).text();
  const { code, stdout, stderr } = await gateway.stop('SIGINT');
  expect(code).toBe(0);
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { msg: string; operation?: string });
  expect(lines.filter(({ msg }) => msg === 'request')).toHaveLength(answers.length + 1);
  expect(lines.filter(({ operation }) => operation === 'In').length).toBeGreaterThan(1);
  expect(lines.filter(({ msg }) => msg === 'slow operation').length).toBeGreaterThan(3);
  expect(lines.map(({ msg }) => msg)).not.toContain('forged');
  for (const secret of [...SECRETS, demoPassword, token, username]) expect(stdout + stderr, secret).not.toContain(secret);
}, 30_000);
