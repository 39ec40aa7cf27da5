// Callers who leave, and loaders that fail, answered by hand.

import { expect, test } from 'vitest';
import { Caller } from '../src/batching/batch-queue.ts';
import { Batcher } from '../src/batching/batcher.ts';
import { declareLoader, RequestLoaders } from '../src/batching/request-loaders.ts';
import { aHeldGroup, createRandom, noDatabase, range, turns } from './support/batching.ts';

test('whoever has left gets no answer any more, and a request that was aborted before it began sends nothing', async () => {
  const batcher = new Batcher(noDatabase);
  const { group, sent, pending } = aHeldGroup<number>();
  const load = declareLoader<number, string>(group);
  const give = new AbortController();
  const ctx = { loaders: new RequestLoaders(batcher, { signal: give.signal }) };
  const underWay = load(ctx).load(1);
  await turns();
  const asked = load(ctx).load(2);
  give.abort(new Error('gone'));
  await expect(underWay).rejects.toThrow('gone');
  await expect(asked).rejects.toThrow('gone');
  await expect(load(ctx).load(3)).rejects.toThrow('gone');
  ctx.loaders.clear();
  await expect(load(ctx).load(1)).rejects.toThrow('gone');
  await expect(load({ loaders: new RequestLoaders(batcher, { signal: give.signal }) }).load(4)).rejects.toThrow('gone');
  await turns();
  await pending[0]?.answer();
  expect(sent).toEqual([[1]]);
});

test('what failed is not tried again for those who have left meanwhile', async () => {
  const batcher = new Batcher(noDatabase);
  const { group, sent, pending, answerAll } = aHeldGroup<number>();
  const [leaver, stayer] = [new Caller(), new Caller()];
  const left = batcher.load(leaver, group, [1]);
  const stayed = batcher.load(stayer, group, [2]);
  await turns();
  leaver.leave(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  await pending[0]?.fail(new Error('guilty'));
  await answerAll();
  expect(await stayed).toEqual(['value of 2']);
  expect(sent).toEqual([[1, 2], [2]]);
});

test('whatever fails or leaves, in any order, everybody else gets their values and nothing remains', async () => {
  const seed = Number(process.env.CONVOY_TEST_SEED ?? Date.now() % 1e9);
  const { below, pick } = createRandom(seed);
  const batcher = new Batcher(noDatabase, { maxKeys: 5, maxConcurrent: 3 });
  const groups = [1, 2, 3].map(() => aHeldGroup<number>());
  const callers: Caller[] = [];
  const isGuilty = (key: number) => key % 7 === 0;
  const settled: Promise<void>[] = [];
  for (let step = 0; step < 2000; step++) {
    const held = pick(groups);
    const statement = held.pending[below(held.pending.length)];
    if (below(3) === 0) {
      const caller = new Caller();
      callers.push(caller);
      const keys = range(0, below(9)).map(() => below(30));
      const expected = keys.map((key) => (isGuilty(key) ? expect.objectContaining({ message: 'guilty' }) : `value of ${key}`));
      settled.push(
        batcher.load(caller, held.group, keys).then(
          (values) => expect(values, `seed ${seed}`).toEqual(expected),
          (reason) => expect([reason.message, caller.reason], `seed ${seed}`).toEqual(['gone', reason]),
        ),
      );
    } else if (below(6) === 0) callers.at(-1 - below(5))?.leave(new Error('gone'));
    else if (statement?.keys.some(isGuilty)) await statement.fail(new Error('guilty'));
    else await statement?.answer();
  }
  await turns();
  while (groups.some(({ pending }) => pending.length > 0)) {
    for (const { pending } of groups) {
      const statement = pending[0];
      await (statement?.keys.some(isGuilty) ? statement.fail(new Error('guilty')) : statement?.answer());
    }
  }
  await Promise.all(settled);
  for (const { tickets } of callers) expect(tickets.size).toBe(0);

  const last = groups.map(({ group }) => batcher.load(new Caller(), group, range(1, 20)));
  await turns();
  expect(
    groups.reduce((sum, { pending }) => sum + pending.length, 0),
    `seed ${seed}`,
  ).toBe(3);
  for (const { pending } of groups) for (const { keys } of pending) expect(range(1, 20)).toEqual(expect.arrayContaining([...keys]));
  while (groups.some(({ pending }) => pending.length > 0)) await Promise.all(groups.map(({ answerAll }) => answerAll()));
  expect(await Promise.all(last)).toEqual(Array(3).fill(range(1, 20).map((key) => `value of ${key}`)));
});
