// Slots of a fleet, each of which is a share of the connections to databases: how many are taken at once, and that none is lost.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLog } from '../src/log.ts';
import { type Member, startFleet, WELL_ENDED } from '../src/workers/fleet.ts';
import { eventually } from './support/fleet.ts';
import { times } from './support/protection.ts';

const log = createLog({ level: 'silent' });

/** Members that are ready at once, and end when they are told to. `failing`: the starts, counted from 0, that throw. */
function members({ failing = [] as number[] } = {}) {
  const alive = new Map<number, (how: string) => void>();
  let starts = 0;
  return {
    alive,
    start(slot: number): Member {
      if (failing.includes(starts++)) throw new Error('spawn ENOMEM');
      expect(alive.has(slot)).toBe(false);
      const { promise: ended, resolve } = Promise.withResolvers<string>();
      const end = (how: string) => {
        alive.delete(slot);
        resolve(how);
      };
      alive.set(slot, end);
      return {
        ready: Promise.resolve(),
        ended,
        drain: () => end(WELL_ENDED),
        kill: () => end('SIGKILL'),
        cleanUp: async () => undefined,
      };
    },
  };
}

const pick = ([first]: Iterable<(how: string) => void>) => first?.('SIGKILL');

test('starts that throw take no slot', async () => {
  const { alive, start } = members({ failing: [2, 3, 4, 5] });
  const fleet = await startFleet({ size: 2, start, leftovers: [], drainMs: 1000, log });
  pick(alive.values());
  expect(fleet.running).toBe(2);
  await eventually(() => fleet.losses === 1 && fleet.running === 2, 'another one is there');
  await fleet.roll();
  expect(alive.size).toBe(2);
  await fleet.stop({ isHurried: true });
  expect(alive.size).toBe(0);
});

test.each([1, 2, 3, 4, 6])('with %s processes left from a former start, there are never more than slots', async (count) => {
  const size = 3;
  const { alive, start } = members();
  const left = times(count, () => Promise.withResolvers<void>());
  let gone = 0;
  const starting = startFleet({ size, start, leftovers: left.map(({ promise }) => promise), drainMs: 1000, log });
  for (const { resolve } of left.toReversed()) {
    await wait(300);
    expect(alive.size).toBe(Math.max(0, Math.min(size, size + 1 - (count - gone))));
    gone++;
    resolve();
  }
  const fleet = await starting;
  await eventually(() => fleet.running === size, 'all run');
  await fleet.roll();
  expect([fleet.running, alive.size]).toEqual([size, size]);
  await fleet.stop({ isHurried: true });
});
