// The time that an operation may take: what its client is told, and what becomes of the rest.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { lockTable, until } from './support/batching.ts';
import { ACCOUNT, mutation, toIssue } from './support/inputs.ts';
import { codesOf, limitsMet, listen, times } from './support/protection.ts';
import { anApp } from './support/world.ts';

const SPAS =
  '{ spas(first: 2) { nodes { id name certificates(first: 1) { nodes { id } } } } templates(first: 1) { nodes { id } } viewer { id } }';
const deadlineMs = 500;

/** Fails a test in which a promise is rejected that nobody waits for. */
function watchRejections() {
  const seen: unknown[] = [];
  const watch = (reason: unknown) => void seen.push(reason);
  process.on('unhandledRejection', watch);
  onTestFinished(() => void process.off('unhandledRejection', watch));
  return seen;
}

test.each(['the lane', 'Yoga’s own way'])(
  'a query that takes too long, by %s, is one error without data, in time; then the gateway serves on',
  async (way) => {
    const rejections = watchRejections();
    const world = await anApp({ protection: { deadlineMs } });
    const url = way === 'the lane' ? world.url : await listen(world.app.slowListener);
    const ask = async () => {
      const start = performance.now();
      const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: SPAS }) });
      return { status: response.status, ms: performance.now() - start, ...(await response.json()) };
    };
    expect((await ask()).errors).toBeUndefined();
    const lock = await lockTable(world.databaseUrl, 'spas');
    for (const answer of await Promise.all(times(5, ask))) {
      expect([answer.status, 'data' in answer]).toEqual([504, false]);
      expect(answer.errors).toEqual([
        {
          message: 'The request was not answered within 0.5 s. Ask for less at once, or try again.',
          extensions: { code: 'DEADLINE_EXCEEDED' },
        },
      ]);
      // What it cost is not known: all of it is charged.
      expect(answer.extensions.cost.actual).toBe(answer.extensions.cost.requested);
      expect(answer.ms).toBeGreaterThan(deadlineMs - 20);
      expect(answer.ms).toBeLessThan(deadlineMs + 500);
    }
    await lock.release();
    const after = await Promise.all(times(20, ask));
    expect(after.map(({ status, data }) => [status, data?.spas.nodes.length])).toEqual(times(20, () => [200, 2]));
    await wait(50);
    expect([rejections, world.logged]).toEqual([[], []]);
  },
);

test('a statement that nobody waits for any more is cancelled in PostgreSQL', async () => {
  const { ask, databaseUrl } = await anApp({ protection: { deadlineMs: 1500 } });
  const lock = await lockTable(databaseUrl, 'spas');
  const answers = times(3, () => ask(SPAS));
  // One that began at once, and one for those who came while it was under way.
  await until(async () => (await lock.blocked()).length > 0, 'a statement waits for the lock');
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([504, 504, 504]);
  await lock.untilBlocked(0);
});

test('what a mutation has begun is finished, and its client is told to look', async () => {
  const rejections = watchRejections();
  const { ask, prisma, databaseUrl, logged } = await anApp({ protection: { deadlineMs } });
  const before = await prisma.certificate.count();
  const lock = await lockTable(databaseUrl, 'certificates');
  const { status, data, errors } = await ask(
    mutation('issueCertificate', 'certificate { id }'),
    { input: toIssue('ID_CARD') },
    { as: 'USER' },
  );
  expect([status, data, codesOf(errors)]).toEqual([504, undefined, ['DEADLINE_EXCEEDED']]);
  expect(errors?.[0]?.message).toBe('The request was not answered within 0.5 s. It may have been applied: look before you try again.');
  await lock.release();
  await until(async () => (await prisma.certificate.count()) === before + 1, 'the certificate is there');
  expect([rejections, logged]).toEqual([[], []]);
});

test('a mutation that nobody has begun when the time is over is not begun', async () => {
  const { ask, prisma, databaseUrl } = await anApp({ protection: { deadlineMs } });
  const before = await prisma.certificate.count();
  const lock = await lockTable(databaseUrl, 'certificates');
  const issue = (alias: string) => `${alias}: issueCertificate(input: $input) { certificate { id } }`;
  // The last one reads nothing before it writes.
  const query = `mutation ($input: IssueCertificateInput!, $account: SignUpInput!) {
    ${issue('a')} ${issue('b')} signUp(input: $account) { token } }`;
  expect((await ask(query, { input: toIssue('ID_CARD'), account: ACCOUNT }, { as: 'USER' })).status).toBe(504);
  await lock.release();
  await until(async () => (await prisma.certificate.count()) > before, 'the first is there');
  await wait(500);
  expect((await prisma.certificate.count()) - before).toBe(1);
  expect(await prisma.user.count({ where: { username: ACCOUNT.username } })).toBe(0);
});

test('waiting for one’s turn takes of the time, and whoever has given up takes no place', async () => {
  const rejections = watchRejections();
  const world = await anApp({ protection: { deadlineMs, gate: (await import('../src/plugins/use-gate.ts')).createGate(1) } });
  const lock = await lockTable(world.databaseUrl, 'spas');
  const start = performance.now();
  const answers = await Promise.all(times(8, () => world.ask(SPAS)));
  expect(answers.map(({ status, errors }) => [status, codesOf(errors)])).toEqual(times(8, () => [504, ['DEADLINE_EXCEEDED']]));
  // Together, not one after the other.
  expect(performance.now() - start).toBeLessThan(2 * deadlineMs + 300);
  await lock.release();
  const sent = await world.statements.during(async () => expect((await world.ask(SPAS)).status).toBe(200));
  const alone = await world.statements.during(() => world.ask(SPAS));
  expect(sent).toHaveLength(alone.length);
  expect(rejections).toEqual([]);
});

test('a subscription outlives the time of an operation, and so do its events', async () => {
  const world = await anApp({ protection: { deadlineMs } });
  const stream = new AbortController();
  onTestFinished(() => stream.abort());
  const response = await fetch(world.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { certificateIssued { holderName } }' }),
    signal: stream.signal,
  });
  let text = '';
  void (async () => {
    for await (const part of response.body ?? []) text += new TextDecoder().decode(part as Uint8Array);
  })().catch(() => undefined);
  await wait(3 * deadlineMs);
  const input = toIssue('ID_CARD', { holderName: 'After all', isPublic: true });
  expect((await world.ask(mutation('issueCertificate', '__typename'), { input }, { as: 'USER' })).errors).toBeUndefined();
  await until(() => text.includes('After all'), 'the event has come');
  expect(text).not.toContain('errors');
});

test('an answer that comes in time leaves no timer and no listener behind', async () => {
  const { ask } = await anApp({ isSeeded: false, protection: { deadlineMs: 100 } });
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  await ask('{ viewer { id } }');
  const before = timers();
  await Promise.all(times(50, () => ask('{ viewer { id } }')));
  expect(timers()).toBeLessThan(before + 10);
  await wait(200);
  expect((await ask('{ viewer { id } }')).status).toBe(200);
});

test('an operation of a batch that takes too long leaves the others their answers', async () => {
  const world = await anApp({ protection: { deadlineMs, maxBatch: 3 } });
  const lock = await lockTable(world.databaseUrl, 'spas');
  const response = await world.send([{ query: '{ templates(first: 1) { nodes { id } } }' }, { query: SPAS }]);
  const [fast, slow] = await response.json();
  expect([fast.errors, fast.data.templates.nodes.length]).toEqual([undefined, 1]);
  expect([slow.data, codesOf(slow.errors)]).toEqual([undefined, ['DEADLINE_EXCEEDED']]);
  await lock.release();
  expect(await limitsMet(world)).toEqual([]);
});
