// Reads from replicas: which server a request reads, and that viewers see what they have written. One replica is quick, the other shows
// everything two seconds late.

import { expect, onTestFinished, test } from 'vitest';
import type { ProtectionDeps } from '../src/app-deps.ts';
import { BEHIND_ALL } from '../src/lsn-tokens.ts';
import { range, until } from './support/batching.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { aReplicatedApp, cookieOf, lsnHeaderOf, lsnTokens, opening, ROLE, UPDATE, withReplicaServers } from './support/replicated-app.ts';

const servers = withReplicaServers({ replicas: [[], ['recovery_min_apply_delay=2s']] });
const [QUICK, LATE] = [0, 1];
/** The apps of these tests read only the quick replica, only the late one, or both. */
const urlsOf = (...which: number[]) => which.map((i) => servers().replicas[i]?.url ?? '');
const late = async (protection: Partial<ProtectionDeps> = {}) => {
  const app = await aReplicatedApp(servers(), { urls: urlsOf(LATE), maxLagMs: 10_000, protection });
  await app.untilIn(0);
  return app;
};

/** Keeps the late replica where it is, until the test ends. */
async function hold(): Promise<void> {
  await servers().replicas[LATE]?.rows('select pg_wal_replay_pause()');
  onTestFinished(async () => void (await servers().replicas[LATE]?.rows('select pg_wal_replay_resume()')));
}

const PAGE = '{ spas(first: 3) { nodes { name hiringForms(first: 2) { nodes { forRole postedBy { firstName } } } } } }';

test('queries are read from the replica, by POST and GET; a mutation and its answer from the primary', async () => {
  const { ask, sentDuring, untilIn } = await aReplicatedApp(servers(), { urls: urlsOf(QUICK) });
  await untilIn(0);
  for (const method of ['POST', 'GET'] as const) {
    const [primary, quick, lagging] = await sentDuring(() => ask(PAGE, {}, { method, as: 'USER' }));
    expect([primary, lagging]).toEqual([0, 0]);
    expect(quick).toBeGreaterThan(2);
  }
  const input = { id: opening(1), forRole: 'Cook' };
  let answer = {} as Awaited<ReturnType<typeof ask>>;
  const written = await sentDuring(async () => {
    answer = await ask(UPDATE, { input }, { as: 'ADMIN' });
  });
  expect(answer.data.updateHiringForm.hiringForm.forRole).toBe('Cook');
  expect(written[0]).toBeGreaterThan(2);
  expect(written.slice(1)).toEqual([0, 0]);
});

test('the reads of many requests are spread over the replicas, and no request is split', async () => {
  const { ask, sentDuring, untilIn } = await aReplicatedApp(servers(), { maxLagMs: 10_000, batching: { isShared: false } });
  await Promise.all([untilIn(QUICK), untilIn(LATE)]);
  const alone = (await sentDuring(() => ask(PAGE))).reduce((a, b) => a + b);
  const shares: number[][] = [];
  for (const _ of range(0, 10)) shares.push(await sentDuring(() => ask(PAGE)));
  for (const share of shares) expect(share.filter((count) => count > 0)).toEqual([alone]);
  const served = [0, 1, 2].map((i) => shares.filter((share) => (share[i] ?? 0) > 0).length);
  expect(served).toEqual([0, 5, 5]);
});

test('without what a mutation hands out, its viewer reads old data from a late replica, and with it never, in either form', async () => {
  const { write, read } = await late();
  await hold();
  const before = await read(2);
  const answer = await write(2, `${before}!`);
  expect(await read(2)).toBe(before);
  expect(await read(2, cookieOf(answer))).toBe(`${before}!`);
  expect(await read(2, lsnHeaderOf(answer))).toBe(`${before}!`);
});

test.each([
  ['the quick replica', [QUICK]],
  ['the late replica', [LATE]],
  ['both', [QUICK, LATE]],
])('twenty viewers who write and read at once see what they wrote, over %s', async (_what, which) => {
  const { write, read, replicas, untilIn, sentDuring } = await aReplicatedApp(servers(), { urls: urlsOf(...which), maxLagMs: 10_000 });
  await Promise.all(which.map((_, i) => untilIn(i)));
  const found: [string, string][] = [];
  const [, ...byReplica] = await sentDuring(() =>
    Promise.all(
      range(3, 20).map(async (id) => {
        for (const round of range(0, 4)) {
          const answer = await write(id, `${id} in round ${round}`);
          const carried = round % 2 ? cookieOf(answer) : lsnHeaderOf(answer);
          for (const pauseMs of [0, 60, 150]) {
            await new Promise((resolve) => setTimeout(resolve, pauseMs));
            found.push([await read(id, carried), `${id} in round ${round}`]);
          }
        }
      }),
    ),
  );
  expect(found.length).toBe(240);
  expect(found.filter(([seen, wrote]) => seen !== wrote)).toEqual([]);
  // What has arrived is read there again.
  if (which.includes(QUICK)) expect(byReplica[QUICK]).toBeGreaterThan(20);
  expect(replicas.states().map(({ fallbacks }) => fallbacks)).toEqual(which.map(() => 0));
});

test('of a cookie and a header, and of several of either, the furthest counts', async () => {
  const { write, read, sentDuring } = await late();
  const first = await write(30, 'first');
  await until(async () => (await sentDuring(() => read(30, cookieOf(first))))[0] === 0, 'the replica has the first write');
  await hold();
  const second = await write(30, 'second');
  expect(await read(30, cookieOf(first))).toBe('first');
  expect(await read(30, { ...cookieOf(first), ...lsnHeaderOf(second) })).toBe('second');
  expect(await read(30, { ...cookieOf(second), ...lsnHeaderOf(first) })).toBe('second');
  expect(await read(30, { cookie: `a=b; ${cookieOf(first).cookie};${cookieOf(second).cookie}` })).toBe('second');
  const tokens = [first, second].map((answer) => lsnHeaderOf(answer)['x-convoy-lsn']);
  for (const joined of [tokens, tokens.toReversed()]) expect(await read(30, { 'x-convoy-lsn': joined.join(', ') })).toBe('second');
});

test('what was not signed here, or is too old, changes nothing', async () => {
  const { sentDuring, read, write } = await late();
  await hold();
  const { headers } = await write(31, 'changed');
  const token = headers.get('x-convoy-lsn') ?? '';
  const [lsn, end, code] = token.split('.');
  const forged = [`zzzzzzzzzzzz.${end}.${code}`, `${lsn}.zzzzzz.${code}`, token.slice(0, -1), `${token}0`, '', ' ', '%', 'x'.repeat(5000)];
  for (const value of forged) {
    expect(lsnTokens.read(value)).toBeUndefined();
    for (const carried of [{ 'x-convoy-lsn': value }, { cookie: `convoy_lsn=${value}` }] as Record<string, string>[])
      expect((await sentDuring(() => read(31, carried)))[0]).toBe(0);
  }
  expect((await sentDuring(() => read(31, { 'x-convoy-lsn': token })))[0]).toBeGreaterThan(0);
});

test('the token is a cookie for this site alone, and a header that pages may read; other answers carry none', async () => {
  const trusting = { trustedProxies: ['loopback'] };
  const { ask, write } = await aReplicatedApp(servers(), { urls: urlsOf(QUICK), protection: trusting });
  const { headers } = await write(32, 'Cook');
  const token = headers.get('x-convoy-lsn') ?? '';
  expect(headers.getSetCookie()).toEqual([`convoy_lsn=${token}; Path=/; Max-Age=300; HttpOnly; SameSite=Lax`]);
  expect(token.length).toBeLessThan(60);
  const input = { id: opening(32), forRole: 'Cook' };
  const secure = await ask(UPDATE, { input }, { as: 'ADMIN', headers: { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' } });
  expect(secure.headers.getSetCookie()[0]).toMatch(/; Secure$/);
  const refused = await ask(UPDATE, { input }, { as: 'ADMIN', headers: { authorization: 'Bearer no' } });
  const unreadable = await ask(UPDATE, { input: {} }, { as: 'ADMIN' });
  for (const other of [await ask(PAGE), refused, unreadable])
    expect([other.headers.getSetCookie(), other.headers.get('x-convoy-lsn')]).toEqual([[], null]);
});

test('a mutation that fails half way, and several in one request, hand out the token too', async () => {
  const { ask, send, read } = await late({ maxBatch: 5 });
  const two = `mutation ($a: UpdateHiringFormInput!, $b: UpdateHiringFormInput!) {
    a: updateHiringForm(input: $a) { hiringForm { forRole } } b: updateHiringForm(input: $b) { hiringForm { forRole } } }`;
  const half = await ask(two, { a: { id: opening(33), forRole: 'half' }, b: { id: opening(99_999) } }, { as: 'ADMIN' });
  expect(half.errors?.[0]?.extensions.code).toBe('NOT_FOUND');
  expect(await read(33, cookieOf(half))).toBe('half');

  const operations = range(34, 3).map((id) => ({ query: UPDATE, variables: { input: { id: opening(id), forRole: 'batched' } } }));
  const batched = await send([...operations, { query: PAGE }], { as: 'ADMIN' });
  expect(await batched.json()).toHaveLength(4);
  for (const id of range(34, 3)) expect(await read(id, lsnHeaderOf(batched))).toBe('batched');
  expect(batched.headers.getSetCookie()).toHaveLength(1);
  expect(lsnTokens.read(lsnHeaderOf(batched)['x-convoy-lsn'])).toBeLessThan(BEHIND_ALL);
});

test('where a mutation goes on after its time, its viewer reads the primary for a while', async () => {
  const { primary } = servers();
  const app = await late({ deadlineMs: 300 });
  await hold();
  const before = await app.read(40);
  await primary.rows(`create function slowly() returns trigger language plpgsql as 'begin perform pg_sleep(0.8); return new; end'`);
  await primary.rows(`create trigger slowly before update on hiring_forms for each row when (new.id = 40) execute function slowly()`);
  const answer = await app.write(40, 'late');
  expect(answer.errors?.[0]?.extensions.code).toBe('DEADLINE_EXCEEDED');
  expect(lsnTokens.read(answer.headers.get('x-convoy-lsn') ?? '')).toBe(BEHIND_ALL);
  expect(await app.read(40, cookieOf(answer))).toBe(before);
  await until(async () => (await app.read(40, cookieOf(answer))) === 'late', 'the write that went on is read');
  expect(await app.read(40)).toBe(before);
});

test('an answer that others may get is read from the primary, so that what is kept is never old', async () => {
  const { ask, write, sentDuring, untilIn } = await aReplicatedApp(servers(), { urls: urlsOf(LATE), maxLagMs: 10_000, hasCache: true });
  await untilIn(0);
  const visit = () => ask(ROLE, { id: opening(41) });
  for (const role of ['one', 'two', 'three']) {
    await write(41, role);
    // The first makes the document known, the second is kept.
    for (const _ of range(0, 2)) await visit();
    const [seen, sent] = [await visit(), await sentDuring(visit)];
    expect([seen.data.node.forRole, seen.headers.get('x-cache'), sent]).toEqual([role, 'hit', [0, 0, 0]]);
    expect(seen.headers.getSetCookie()).toEqual([]);
  }
  // The same query of somebody who is signed in is kept for nobody.
  expect((await sentDuring(() => ask(ROLE, { id: opening(42) }, { as: 'USER' })))[0]).toBe(0);
});

test('the events of a subscription are read from the primary', async () => {
  const app = await late();
  await hold();
  const query = 'subscription { certificateIssued { holderName } }';
  const controller = new AbortController();
  const headers = { accept: 'text/event-stream' };
  const stream = await app.send({ query }, { as: 'ADMIN', headers, signal: controller.signal });
  onTestFinished(() => controller.abort());
  let text = '';
  const reading = (async () => {
    for await (const chunk of stream.body ?? []) text += new TextDecoder().decode(chunk);
  })().catch(() => undefined);
  const issued = await app.ask(
    mutation('issueCertificate', 'certificate { id }'),
    { input: toIssue('ID_CARD', { holderName: 'Asha' }) },
    { as: 'ADMIN' },
  );
  expect(issued.errors).toBeUndefined();
  await until(() => text.includes('"holderName":"Asha"'), 'the event has come');
  const { data } = await app.ask(
    'query ($id: ID!) { node(id: $id) { id } }',
    { id: issued.data.issueCertificate.certificate.id },
    { as: 'ADMIN' },
  );
  expect(data.node).toBeNull();
  controller.abort();
  await reading;
});
