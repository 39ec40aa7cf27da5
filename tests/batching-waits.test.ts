// What becomes of statements that nobody waits for, and of callers whose statement does not start: answered by hand.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Caller } from '../src/batching/batch-queue.ts';
import { Batcher, type BatchGroup } from '../src/batching/batcher.ts';
import { Overloaded } from '../src/errors.ts';
import { aHeldGroup, anEndlessDatabase, noDatabase, range, turns } from './support/batching.ts';

/** A loader with one statement for all keys, of a database that never answers. */
const endless: BatchGroup<number, string> = { name: 'endless', batch: async (db, keys) => await db.query('', [...keys]) };

/** What a load comes to: its values, or why it has none. */
const outcomeOf = (load: Promise<unknown>) =>
  load.catch((reason: Error) => (reason instanceof Overloaded ? reason.extensions.code : reason.message));

test('a statement is cancelled when the last caller of its last key has left, and makes room for the next', async () => {
  const { database, underWay } = anEndlessDatabase();
  const batcher = new Batcher(database, { maxPerGroup: 1 });
  const callers = range(0, 4).map(() => new Caller());
  const asked = [[1, 2], [2, 3], [3]];
  const loads = asked.map((keys, i) => outcomeOf(batcher.load(callers[i] as Caller, endless, keys)));
  await turns();
  const next = outcomeOf(batcher.load(callers[3] as Caller, endless, [1]));
  for (const [i, caller] of callers.slice(0, 3).entries()) {
    await turns();
    expect([...underWay], `${i} have left`).toEqual([[1, 2, 3]]);
    caller.leave(new Error(`gone ${i}`));
  }
  await turns();
  expect([...underWay]).toEqual([[1]]);
  callers[3]?.leave(new Error('gone 3'));
  await turns();
  expect(underWay.size).toBe(0);
  expect(await Promise.all([...loads, next])).toEqual(range(0, 4).map((i) => `gone ${i}`));
});

test('what is remembered for a database by its `table` serves every statement', async () => {
  const tables = new Set<unknown>();
  const batcher = new Batcher(noDatabase);
  const batch: BatchGroup<number, number>['batch'] = async ({ table }, keys) => {
    tables.add(table);
    return keys;
  };
  for (const key of range(0, 3)) await batcher.load(new Caller(), { name: 'seen', batch }, [key]);
  expect([...tables]).toEqual([noDatabase.table]);
});

test('a batch that is tried again in halves stops when nobody wants it', async () => {
  const { database, underWay } = anEndlessDatabase();
  const batcher = new Batcher(database);
  const sent: number[][] = [];
  const failing: BatchGroup<number, string> = {
    name: 'failing',
    batch: async (db, keys) => {
      sent.push([...keys]);
      if (keys.length > 2) throw new Error('guilty');
      return await db.query('', [...keys]);
    },
  };
  const [leaver, stayer] = [new Caller(), new Caller()];
  const left = outcomeOf(batcher.load(leaver, failing, [1, 2, 3, 4, 5, 6]));
  const stayed = outcomeOf(batcher.load(stayer, failing, [7, 8]));
  await turns();
  expect([...underWay]).toEqual([[1, 2]]);
  leaver.leave(new Error('gone'));
  await turns();
  expect(await left).toBe('gone');
  // The keys of whoever is left go on, and nothing else is sent.
  expect([...underWay]).toEqual([[7, 8]]);
  stayer.leave(new Error('gone too'));
  await turns();
  expect([await stayed, underWay.size]).toEqual(['gone too', 0]);
  expect(sent).toEqual([range(1, 8), [1, 2, 3, 4], [1, 2], [7, 8]]);
});

test('whoever has waited too long for all or a part of what they asked for is turned away, and nobody else', async () => {
  const batcher = new Batcher(noDatabase, { maxKeys: 2, maxPerGroup: 1, maxWaitMs: 500 });
  const { group, sent, pending, answerAll } = aHeldGroup<number>();
  const first = outcomeOf(batcher.load(new Caller(), group, [1, 2]));
  await turns();
  const inPart = outcomeOf(batcher.load(new Caller(), group, [3, 4, 5, 6]));
  const whole = outcomeOf(batcher.load(new Caller(), group, [7, 8]));
  await wait(300);
  const later = outcomeOf(batcher.load(new Caller(), group, [6, 7]));
  await pending[0]?.answer();
  expect(await Promise.all([first, inPart, whole])).toEqual([['value of 1', 'value of 2'], 'OVERLOADED', 'OVERLOADED']);
  await turns();
  await answerAll();
  expect(await later).toEqual(['value of 6', 'value of 7']);
  expect(sent).toEqual([[1, 2], [3, 7], [6]]);
});

test('what was under way for those alone who have waited too long is cancelled', async () => {
  const { database, underWay } = anEndlessDatabase();
  const batcher = new Batcher(database, { maxKeys: 2, maxPerGroup: 1, maxWaitMs: 50 });
  expect(await outcomeOf(batcher.load(new Caller(), endless, [1, 2, 3]))).toBe('OVERLOADED');
  await turns();
  expect(underWay.size).toBe(0);
});

test('a database without a free connection is asked once for a batch', async () => {
  const batcher = new Batcher(noDatabase);
  const { group, sent, pending } = aHeldGroup<number>();
  const loads = range(1, 8).map((key) => batcher.load(new Caller(), group, [key]));
  await turns();
  await pending[0]?.fail(new Overloaded());
  for (const load of loads) expect((await load)[0]).toBeInstanceOf(Overloaded);
  expect(sent).toHaveLength(1);
});

test('one timer serves all who wait, and none is set where nobody does', async () => {
  const maxWaitMs = 54_321;
  const timers = new Set<unknown>();
  let made = 0;
  const [set, clear] = [globalThis.setTimeout, globalThis.clearTimeout];
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((work: () => void, ms: number) => {
    const timer = set(work, ms);
    if (ms === maxWaitMs) made = timers.add(timer).size;
    return timer;
  }) as typeof setTimeout);
  vi.spyOn(globalThis, 'clearTimeout').mockImplementation(((timer: NodeJS.Timeout) => {
    timers.delete(timer);
    clear(timer);
  }) as typeof clearTimeout);
  onTestFinished(() => void vi.restoreAllMocks());
  const batcher = new Batcher(noDatabase, { maxPerGroup: 1, maxWaitMs });
  const { group, answerAll } = aHeldGroup<number>();
  const caller = new Caller();
  const loads = [batcher.load(new Caller(), group, [1])];
  await turns();
  expect(timers.size).toBe(0);
  for (const key of range(2, 50)) {
    loads.push(batcher.load(new Caller(), group, [key]));
    await turns(1);
  }
  expect([timers.size, made]).toEqual([1, 1]);
  await answerAll();
  expect(timers.size).toBe(0);
  await Promise.all(loads);

  const [held, waiting] = [batcher.load(new Caller(), group, [1]), outcomeOf(batcher.load(caller, group, [2]))];
  await turns();
  const last = outcomeOf(batcher.load(caller, group, [3]));
  await turns();
  expect(timers.size).toBe(1);
  caller.leave(new Error('gone'));
  expect(timers.size).toBe(0);
  expect(await Promise.all([waiting, last])).toEqual(['gone', 'gone']);
  await answerAll();
  expect(await held).toEqual(['value of 1']);
});
