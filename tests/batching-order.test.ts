// Who waits for whom, and what bounds a statement: loaders that the test answers by hand.

import { expect, test } from 'vitest';
import { Caller } from '../src/batching/batch-queue.ts';
import { Batcher } from '../src/batching/batcher.ts';
import { aHeldGroup, aSharingApp, lockTable, noDatabase, range, turns } from './support/batching.ts';

test('a statement has at most maxKeys keys, of the batcher or of the loader', async () => {
  const batcher = new Batcher(noDatabase, { maxKeys: 7, maxPerGroup: 100, maxConcurrent: 100 });
  const wide = aHeldGroup<number>();
  const narrow = aHeldGroup<number>({ maxKeys: 3 });
  const loads = [wide, narrow].map(({ group }) => batcher.load(new Caller(), group, range(1, 20)));
  await turns();
  expect(wide.sent.map((keys) => keys.length)).toEqual([7, 7, 6]);
  expect(narrow.sent.map((keys) => keys.length)).toEqual([3, 3, 3, 3, 3, 3, 2]);
  await Promise.all([wide.answerAll(), narrow.answerAll()]);
  expect(await Promise.all(loads)).toEqual(Array(2).fill(range(1, 20).map((key) => `value of ${key}`)));
});

test('a thousand keys are one statement by default, and one more is another', async () => {
  const batcher = new Batcher(noDatabase);
  const { group, sent, answerAll } = aHeldGroup<number>();
  const loads = range(0, 77).map((i) => batcher.load(new Caller(), group, range(13 * i, 13)));
  await turns();
  expect(sent.map((keys) => keys.length)).toEqual([1000, 1]);
  await answerAll();
  expect((await Promise.all(loads)).flat()).toEqual(range(0, 1001).map((key) => `value of ${key}`));
});

test('statements of one loader are at most two at once, and of all loaders at most maxConcurrent', async () => {
  const batcher = new Batcher(noDatabase, { maxKeys: 1, maxConcurrent: 5 });
  const held = range(0, 6).map(() => aHeldGroup<number>());
  const underWay = () => held.map(({ pending }) => pending.length);
  const loads = held.map(({ group }) => batcher.load(new Caller(), group, range(1, 4)));
  await turns();
  while (held.some(({ pending }) => pending.length > 0)) {
    expect(Math.max(...underWay())).toBeLessThanOrEqual(2);
    expect(underWay().reduce((sum, count) => sum + count)).toBeLessThanOrEqual(5);
    // Whatever may be sent is sent.
    const waiting = held.filter(({ sent, pending }) => sent.length < 4 && pending.length < 2);
    expect(waiting.length === 0 || underWay().reduce((sum, count) => sum + count) === 5).toBe(true);
    await held.find(({ pending }) => pending.length > 0)?.pending[0]?.answer();
  }
  expect(await Promise.all(loads)).toEqual(Array(6).fill(range(1, 4).map((key) => `value of ${key}`)));
});

test('first come, first served', async () => {
  const batcher = new Batcher(noDatabase, { maxKeys: 2, maxPerGroup: 1 });
  const { group, sent, answerAll } = aHeldGroup<number>();
  const order: number[] = [];
  const loads = range(1, 7).map(async (key) => {
    await batcher.load(new Caller(), group, [key]);
    order.push(key);
  });
  await turns();
  await answerAll();
  await Promise.all(loads);
  expect(sent).toEqual([[1, 2], [3, 4], [5, 6], [7]]);
  expect(order).toEqual(range(1, 7));
});

test('a caller who asks for 5,000 keys does not hold up one who asks for one', async () => {
  const batcher = new Batcher(noDatabase, { maxPerGroup: 1 });
  const { group, sent, pending, answerAll } = aHeldGroup<number>();
  const large = batcher.load(new Caller(), group, range(1, 5000));
  await turns();
  const small = range(1, 3).map((i) => batcher.load(new Caller(), group, [10_000 + i]));
  await turns();
  await pending[0]?.answer();
  expect(sent.map((keys) => keys.length)).toEqual([1000, 1000]);
  expect(sent[1]).toEqual(expect.arrayContaining([10_001, 10_002, 10_003]));
  await pending[0]?.answer();
  expect((await Promise.all(small)).flat()).toEqual([1, 2, 3].map((i) => `value of ${10_000 + i}`));
  await answerAll();
  expect(sent.map((keys) => keys.length)).toEqual([1000, 1000, 1000, 1000, 1000, 3]);
  expect(await large).toEqual(range(1, 5000).map((key) => `value of ${key}`));
});

test('callers who ask for much do not hold up one who asks for one, even when they are more than a statement has keys', async () => {
  for (const [maxKeys, callers] of [
    [1, 1],
    [4, 6],
  ] as const) {
    const batcher = new Batcher(noDatabase, { maxPerGroup: 1, maxKeys });
    const { group, sent, pending, answerAll } = aHeldGroup<number>();
    const loads = range(1, callers).map((i) => batcher.load(new Caller(), group, range(100 * i, 20)));
    await turns();
    loads.push(batcher.load(new Caller(), group, [7]));
    await turns();
    // Before it: what was under way, and everybody's first key.
    for (let answered = 0; answered < 1 + Math.ceil(callers / maxKeys); answered++) await pending[0]?.answer();
    expect(sent.flat()).toContain(7);
    await answerAll();
    expect((await Promise.all(loads)).at(-1)).toEqual(['value of 7']);
  }
});

test('a loader that is asked for much does not hold up another one', async () => {
  const batcher = new Batcher(noDatabase, { maxKeys: 1, maxConcurrent: 2 });
  const [large, small] = [aHeldGroup<number>(), aHeldGroup<number>()];
  const loads = [batcher.load(new Caller(), large.group, range(1, 20))];
  await turns();
  loads.push(batcher.load(new Caller(), small.group, [1]));
  await turns();
  await large.pending[0]?.answer();
  await large.pending[0]?.answer();
  expect(small.sent).toEqual([[1]]);
  while (large.pending.length + small.pending.length > 0) await Promise.all([large.answerAll(), small.answerAll()]);
  await Promise.all(loads);
});

test('a request with forty searches does not hold up a request with one', async () => {
  const { ask, databaseUrl, flushes } = await aSharingApp({ protection: { maxima: { aliases: 50, rootFields: 50 } } });
  const search = (word: string) => `spas(filter: { search: "${word}" }) { nodes { id } }`;
  const lock = await lockTable(databaseUrl, 'spas');
  const many = ask(
    `{ ${range(0, 40)
      .map((i) => `s${i}: ${search(`spa ${i}`)}`)
      .join(' ')} }`,
  );
  await lock.untilBlocked(2);
  const before = ask(`{ ${search('lotus')} }`).then(() => flushes.length);
  await turns();
  await lock.release();
  // Two were under way, and one of the forty was first in the queue; some may have returned while the answer was being made.
  expect(await before).toBeLessThan(20);
  await many;
  expect(flushes).toHaveLength(41);
});

test('values come in the order of the keys, also of keys that are given twice or shared', async () => {
  const batcher = new Batcher(noDatabase, { maxKeys: 3 });
  const { group, answerAll } = aHeldGroup<number>();
  const asked = [[5, 3, 5, 1], [1, 2, 3], [9, 5], [], [3, 3, 3]];
  const loads = asked.map((keys) => batcher.load(new Caller(), group, keys));
  await turns();
  await answerAll();
  expect(await Promise.all(loads)).toEqual(asked.map((keys) => keys.map((key) => `value of ${key}`)));
});
