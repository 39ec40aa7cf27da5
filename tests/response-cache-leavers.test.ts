// Work for several visitors, some of whom go away before it is done.

import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { Dependencies } from '../src/batching/dependencies.ts';
import { createLog } from '../src/log.ts';
import { createMemoryStore } from '../src/response-cache/memory-store.ts';
import { createResponseCache } from '../src/response-cache/response-cache.ts';
import { lockTable, range, readWebsitesAs, turns } from './support/batching.ts';
import { warm } from './support/visitors.ts';
import { anApp } from './support/world.ts';

/** A cache, and answers to it that the test makes by hand. `works`: what was asked for, in order. */
function aCache() {
  const changes = { isConnected: true, subscribe: () => () => undefined };
  const cache = createResponseCache(createMemoryStore({ maxBytes: 1e6 }), changes, createLog({ level: 'silent' }));
  const works: { signal: AbortSignal; answer: (body: string) => Promise<void>; fail: (error: Error) => Promise<void> }[] = [];
  const make = (signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<{ body: string; dependencies: Dependencies }>();
    const dependencies = new Dependencies();
    dependencies.add(['spas']);
    works.push({
      signal,
      answer: (body) => {
        resolve({ body, dependencies });
        return turns();
      },
      fail: (error) => {
        reject(error);
        return turns();
      },
    });
    return promise;
  };
  const share = async (signal?: AbortSignal) => (await cache.share('key', 60, make, signal))?.body.toString();
  return { cache, share, works };
}

const controllers = (count: number) => range(0, count).map(() => new AbortController());

test('work goes on until the last of those who wait for it has gone, and each of them gets nothing, at once', async () => {
  const { cache, share, works } = aCache();
  const gives = controllers(3);
  const waiting = gives.map(({ signal }) => share(signal));
  await turns();
  for (const [i, give] of gives.entries()) {
    expect(works.map(({ signal }) => signal.aborted)).toEqual([false]);
    give.abort(new Error(`gone ${i}`));
    expect(await waiting[i]).toBeUndefined();
  }
  expect(works.map(({ signal }) => signal.reason.message)).toEqual(['gone 2']);
  await works[0]?.answer('half of it');
  expect(cache.find('key')).toBeUndefined();
  for (const { signal } of gives) expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test.each([
  ['began it', 0],
  ['joined it', 1],
])('whoever stays gets the answer, also when the one who %s has gone', async (_, leaver) => {
  const { cache, share, works } = aCache();
  const gives = controllers(2);
  const waiting = gives.map(({ signal }) => share(signal));
  await turns();
  gives[leaver]?.abort();
  await turns();
  await works[0]?.answer('whole');
  expect(await waiting[leaver]).toBeUndefined();
  expect(await waiting[1 - leaver]).toBe('whole');
  expect(works.map(({ signal }) => signal.aborted)).toEqual([false]);
  expect((await cache.find('key'))?.body.toString()).toBe('whole');
  for (const { signal } of gives) expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a caller without a signal never goes', async () => {
  const { share, works } = aCache();
  const [give] = controllers(1);
  const leaving = share(give?.signal);
  const staying = share();
  await turns();
  give?.abort();
  expect(await leaving).toBeUndefined();
  await works[0]?.answer('whole');
  expect([await staying, works[0]?.signal.aborted]).toEqual(['whole', false]);
});

test('a newcomer begins anew and does not join work that was given up, whose end does not touch the new one', async () => {
  const { share, works } = aCache();
  const [give, other] = controllers(2) as [AbortController, AbortController];
  const first = share(give.signal);
  await turns();
  give.abort();
  const second = share(other.signal);
  await turns();
  expect(works.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  await works[0]?.fail(new Error('given up'));
  const third = share();
  await turns();
  expect(works).toHaveLength(2);
  await works[1]?.answer('new');
  expect(await Promise.all([first, second, third])).toEqual([undefined, 'new', 'new']);
});

test('whoever is gone already begins nothing', async () => {
  const { share, works } = aCache();
  expect(await share(AbortSignal.abort())).toBeUndefined();
  await turns();
  expect(works).toEqual([]);
});

test('work that fails fails for all who wait for it, and whoever comes later begins anew', async () => {
  const { share, works } = aCache();
  const waiting = [share(), share(new AbortController().signal), share()].map((one) => one.catch((error: Error) => error.message));
  await turns();
  await works[0]?.fail(new Error('broken'));
  expect(await Promise.all(waiting)).toEqual(['broken', 'broken', 'broken']);
  const later = share();
  await turns();
  await works[1]?.answer('whole');
  expect([await later, works.length]).toEqual(['whole', 2]);
});

const SPAS = 'query ($first: Int!) { spas(first: $first) { nodes { id website } } }';

/** A gateway that knows the document, and how eight visitors are answered who ask for the same at once, by code and by statements. */
async function eightAtOnce(options: NonNullable<Parameters<typeof anApp>[0]>) {
  const world = await anApp({ responseCache: {}, batching: { isShared: false }, ...options });
  await warm(world, { query: SPAS, variables: { first: 1 } });
  const ask = async () => {
    const answers: Response[] = [];
    const sent = await world.statements.during(async () => {
      answers.push(...(await Promise.all(range(0, 8).map(() => world.send({ query: SPAS, variables: { first: 2 } })))));
    });
    const errors = (await Promise.all(answers.map((answer) => answer.json()))).map((answer) => answer.errors[0].extensions);
    return {
      seen: [...new Set(answers.map(({ status }, i) => `${status} ${errors[i].code}`))],
      requestIds: new Set(errors.map(({ requestId }) => requestId)).size,
      retryAfter: new Set(answers.map(({ headers }) => headers.get('retry-after'))),
      sent: sent.filter((text) => text.includes('spas')).length,
    };
  };
  return { world, ask };
}

test('who shares work that the deadline ends gets that too, and nobody tries again', async () => {
  const { world, ask } = await eightAtOnce({ protection: { deadlineMs: 1000 } });
  const lock = await lockTable(world.databaseUrl, 'spas');
  const start = performance.now();
  expect(await ask()).toMatchObject({ seen: ['504 DEADLINE_EXCEEDED'], sent: 1 });
  expect(performance.now() - start).toBeLessThan(1900);
  await lock.release();
  expect((await world.ask(SPAS, { first: 2 })).data.spas.nodes).toHaveLength(2);
});

test('who shares work that is shed is told to come later', async () => {
  let allowed = Number.POSITIVE_INFINITY;
  const { world, ask } = await eightAtOnce({ protection: { pressure: { maxCost: () => allowed } } });
  allowed = 0.5;
  expect(await ask()).toMatchObject({ seen: ['503 OVERLOADED'], retryAfter: new Set(['1']), sent: 0 });
  allowed = Number.POSITIVE_INFINITY;
  expect((await world.ask(SPAS, { first: 2 })).data.spas.nodes).toHaveLength(2);
});

test('any other failure is of the one who meets it: the others ask for themselves', async () => {
  const { world, ask } = await eightAtOnce({ expectsErrors: true });
  await readWebsitesAs(world.databaseUrl, '(1 / (id - id))::text');
  const { seen, requestIds, sent } = await ask();
  expect([seen, requestIds]).toEqual([['200 INTERNAL_SERVER_ERROR'], 8]);
  expect(sent).toBeGreaterThanOrEqual(8);
});
