import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { createLog } from '../src/log.ts';
import { openPubSub } from '../src/resources/redis.ts';
import { until } from './support/batching.ts';
import { anOwnRedis, hasRedis } from './support/redis-server.ts';
import { aLineTo } from './support/spoilt-line.ts';

const check = test.skipIf(!hasRedis);
const AWAY = 'Redis does not answer: events reach the subscribers of this process alone';

/** A pubSub whose warnings are kept. Vitest fails a run in which a rejection or an exception is left unhandled. */
async function aPubSub(redisUrl?: string, options?: Parameters<typeof openPubSub>[2]) {
  const warnings: string[] = [];
  const log = createLog({ level: 'warn', destination: { write: (line: string) => void warnings.push(JSON.parse(line).msg) } });
  const { pubSub, close } = await openPubSub(redisUrl, log, options);
  onTestFinished(close);
  /** The ids that a new subscriber hears, from now on. */
  const follow = () => {
    const ids: unknown[] = [];
    const events = pubSub.subscribe('topic');
    void (async () => {
      for await (const event of events) ids.push(event);
    })();
    onTestFinished(async () => void (await events.return?.()));
    return ids;
  };
  return { pubSub, warnings, follow, publish: (id: number) => pubSub.publish('topic', { id }) };
}

const events = (...ids: number[]) => ids.map((id) => ({ id }));

/** Two who share a Redis, a subscriber of each, and what the two hear of an event that `from` publishes. */
async function twoOn(url: string, options?: Parameters<typeof openPubSub>[2]) {
  const [one, two] = [await aPubSub(url, options), await aPubSub(url, options)];
  const [here, there] = [one.follow(), two.follow()];
  // A subscription travels to Redis by itself.
  await wait(100);
  return { one, two, here, there };
}

test('a subscriber that does not read misses events, and harms nobody else', async () => {
  const { pubSub, warnings } = await aPubSub();
  const slow = pubSub.subscribe('topic');
  const first = slow.next();
  for (let id = 0; id < 2000; id++) pubSub.publish('topic', { id });
  expect((await first).value).toEqual({ id: 0 });
  expect(warnings.some((line) => line.includes('too slow'))).toBe(true);

  const other = pubSub.subscribe('topic');
  const next = other.next();
  pubSub.publish('topic', { id: 2000 });
  expect((await next).value).toEqual({ id: 2000 });
});

check('an event reaches each subscriber of each process once, those of its own at once', async () => {
  const { one, two, here, there } = await twoOn((await anOwnRedis()).url);
  const alsoHere = one.follow();
  for (let id = 0; id < 100; id++) (id % 2 ? one : two).publish(id);
  await until(() => here.length >= 50, 'its own are heard');
  // Before what travels.
  expect(here.slice(0, 50)).toEqual(events(...Array.from({ length: 50 }, (_, i) => 2 * i + 1)));
  await until(() => here.length >= 100 && there.length >= 100, 'all are heard');
  await wait(100);
  for (const heard of [here, alsoHere, there] as { id: number }[][]) {
    expect(heard.map(({ id }) => id).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, id) => id));
    expect(heard.every((event) => Object.keys(event).join() === 'id')).toBe(true);
  }
});

check(
  'while Redis is away subscribers hear their own process, and all others again when it is back',
  async () => {
    const redis = await anOwnRedis();
    const { one, two, here, there } = await twoOn(redis.url);
    for (let round = 1; round <= 2; round++) {
      await redis.kill();
      one.publish(10 * round + 1);
      // Whoever subscribes meanwhile, also to what nobody followed before, hears the others later.
      const late = one.follow();
      const other = one.pubSub.subscribe(`other ${round}`);
      const next = other.next();
      one.publish(10 * round + 2);
      await wait(300);
      expect(here.slice(-2)).toEqual(events(10 * round + 1, 10 * round + 2));
      expect(late).toEqual(events(10 * round + 2));
      await redis.start();
      await until(() => {
        two.pubSub.publish(`other ${round}`, { id: 0 });
        two.publish(10 * round + 3);
        return (late.at(-1) as { id: number }).id === 10 * round + 3;
      }, 'the late one hears the other process');
      expect((await next).value).toEqual({ id: 0 });
      await until(() => (here.at(-1) as { id: number }).id === 10 * round + 3, 'all hear it');
      expect(there).not.toContainEqual({ id: 10 * round + 1 });
    }
    expect([one.warnings, two.warnings]).toEqual([
      [AWAY, AWAY],
      [AWAY, AWAY],
    ]);
  },
  30_000,
);

check('a connection that is dead without a word is noticed, though it only listens', async () => {
  const redis = await anOwnRedis();
  const line = await aLineTo(redis.url);
  const [one, two] = [await aPubSub(line.url, { heartbeatMs: 200 }), await aPubSub(redis.url)];
  const here = one.follow();
  await wait(100);
  line.silence();
  const start = performance.now();
  await until(() => {
    two.publish(1);
    return here.length > 0;
  }, 'it hears the other process again');
  expect(performance.now() - start).toBeLessThan(4500);
});

check('what else is published to a channel harms nobody', async () => {
  const redis = await anOwnRedis();
  const { one, two, here, there } = await twoOn(redis.url);
  const stranger = new Redis(redis.url);
  onTestFinished(() => stranger.disconnect());
  for (const text of ['', '{', 'null', '1', '"text"']) await stranger.publish('topic', text);
  two.publish(1);
  await until(() => here.length > 0, 'the event is heard');
  expect([here, there, one.warnings]).toEqual([events(1), events(1), []]);
});
