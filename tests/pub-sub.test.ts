import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createLog } from '../src/log.ts';
import { openPubSub } from '../src/resources/redis.ts';

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** A pubSub whose warnings are kept. Vitest fails a run in which a rejection or an exception is left unhandled. */
async function aPubSub(redisUrl?: string) {
  const warnings: string[] = [];
  const log = createLog({ level: 'warn', destination: { write: (line: string) => void warnings.push(line) } });
  const { pubSub, close } = await openPubSub(redisUrl, log);
  onTestFinished(close);
  return { pubSub, warnings };
}

async function aRedis() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const redis = spawn('redis-server', ['--save', '', '--port', String(port), '--bind', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exit = once(redis, 'exit');
  const kill = async () => {
    redis.kill('SIGKILL');
    await exit;
  };
  onTestFinished(kill);
  for await (const line of redis.stdout) if (String(line).includes('Ready to accept connections')) break;
  redis.stdout.resume();
  return { url: `redis://127.0.0.1:${port}`, kill };
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

test.skipIf(!hasRedis)('events are lost while Redis is away, and nothing else is', async () => {
  const redis = await aRedis();
  const { pubSub, warnings } = await aPubSub(redis.url);
  const events = pubSub.subscribe('topic');
  const first = events.next();
  await wait(200);
  pubSub.publish('topic', { id: 1 });
  expect((await first).value).toEqual({ id: 1 });

  await redis.kill();
  for (let id = 2; id < 6; id++) pubSub.publish('topic', { id });
  await expect.poll(() => warnings.some((line) => line.includes('could not travel')), { timeout: 10_000 }).toBe(true);
  await events.return?.();
});
