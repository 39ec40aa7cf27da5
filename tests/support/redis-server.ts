import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { freePort } from '../../src/resources/free-port.ts';

/** Whether tests that need a real Redis can run on this machine. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** For the top of a file: one Redis for its tests, which ask for connections to it. */
export function connectingToOneRedis() {
  let url = '';
  let stop = async () => {};
  beforeAll(async () => {
    if (!hasRedis) return;
    const port = await freePort();
    const server = spawn('redis-server', ['--save', '', '--port', String(port), '--bind', '127.0.0.1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exit = once(server, 'exit');
    stop = async () => {
      server.kill('SIGKILL');
      await exit;
    };
    for await (const line of server.stdout) if (String(line).includes('Ready to accept connections')) break;
    server.stdout.resume();
    url = `redis://127.0.0.1:${port}`;
  });
  afterAll(() => stop());

  return function aRedis({ commandTimeout = 5000 } = {}) {
    const redis = new Redis(url, { commandTimeout });
    onTestFinished(() => redis.disconnect());
    return redis;
  };
}
