import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { freePort } from '../../src/resources/free-port.ts';

/** A Redis that the test may kill, start again on the same port, and hold. It remembers nothing but what `save` has written down. */
export async function anOwnRedis() {
  const port = await freePort();
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-redis-'));
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess;

  const start = async () => {
    server = spawn('redis-server', ['--save', '', '--port', String(port), '--bind', '127.0.0.1', '--dir', dir], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    for await (const line of server.stdout ?? []) if (String(line).includes('Ready to accept connections')) break;
    server.stdout?.resume();
  };
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, 'exit');
    server.kill('SIGKILL');
    await exit;
  };
  await start();
  onTestFinished(async () => {
    await kill();
    await rm(dir, { recursive: true });
  });
  return {
    url,
    start,
    kill,
    /** It takes connections and commands, and answers nothing until it goes on. */
    hold: () => server.kill('SIGSTOP'),
    goOn: () => server.kill('SIGCONT'),
    /** Writes down what it holds: that is what it starts with when it was killed. */
    save: async () => {
      const redis = new Redis(url);
      await redis.save();
      redis.disconnect();
    },
  };
}
