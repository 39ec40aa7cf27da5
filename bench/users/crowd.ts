import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADDRESSES } from '../load/addresses.ts';
import { createRandom } from '../load/random.ts';
import type { Figures } from './figures.ts';
import type { UsersOptions } from './options.ts';
import { createUser, type User } from './user.ts';
import { type Account, RESERVED_ADDRESSES, type World } from './world.ts';

/** How long answers are waited for when the load ends. */
const LAST_ANSWERS_MS = 5_000;

/** Of 100 users, how many have an account. */
export const WITH_ACCOUNT = 30;

type CrowdOptions = Pick<UsersOptions, 'users' | 'spawnPerSecond' | 'durationSeconds' | 'thinkMs' | 'seed'> & {
  url: URL;
  world: World;
  accounts: readonly Account[];
  figures: Figures;
};

/**
 * Users that come one after the other, stay until all have been there for the duration, and leave together. `end` lets them leave now.
 * Who has an account is spread evenly among them.
 */
export function createCrowd({
  users: wanted,
  spawnPerSecond,
  durationSeconds,
  thinkMs,
  seed,
  url,
  world,
  accounts,
  figures,
}: CrowdOptions) {
  const users: User[] = [];
  const ending = new AbortController();
  // Others each time: a run just before this one has used up something of its users' limits.
  const firstAddress = randomInt(ADDRESSES - RESERVED_ADDRESSES);
  const wait = (ms: number) => sleep(ms, undefined, { signal: ending.signal });

  function accountOf(index: number): Account | undefined {
    const before = Math.floor((index * accounts.length) / wanted);
    return Math.floor(((index + 1) * accounts.length) / wanted) > before ? accounts[before] : undefined;
  }

  async function come(): Promise<void> {
    const begun = performance.now();
    for (let index = 0; index < wanted; index++) {
      const early = begun + (index * 1000) / spawnPerSecond - performance.now();
      if (early > 0) await wait(early);
      const random = createRandom(seed * 100_003 + index);
      const user = createUser({
        url,
        index,
        addressIndex: (firstAddress + index) % (ADDRESSES - RESERVED_ADDRESSES),
        account: accountOf(index),
        world,
        random,
        thinkMs,
        figures,
      });
      users.push(user);
      user.start();
    }
  }

  return {
    count: () => users.length,
    end: () => ending.abort(),
    async run(): Promise<void> {
      try {
        await come();
        figures.beginSteady();
        await wait(durationSeconds * 1000);
      } catch (error) {
        if (!ending.signal.aborted) throw error;
      } finally {
        figures.endSteady();
        await Promise.all(users.map((user) => user.stop(LAST_ANSWERS_MS)));
      }
    },
  };
}
