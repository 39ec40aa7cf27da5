import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { freePort } from '../src/resources/free-port.ts';
import { makeScratchFolder } from './scratch-folder.ts';

/** Whether there is a redis-server on this machine. */
export const hasRedis = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

/** A Redis of one's own, which remembers nothing when it is killed but what `save` has written down. It ends with this process. */
export async function startRedis() {
  let port = await freePort();
  const folder = await makeScratchFolder();
  let server: ChildProcess;
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, 'exit');
    server.kill('SIGKILL');
    await exit;
  };
  const start = async () => {
    const started = spawn('redis-server', ['--save', '', '--port', String(port), '--bind', '127.0.0.1', '--dir', folder], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    server = started;
    const end = () => void started.kill('SIGKILL');
    process.once('exit', end);
    started.once('close', () => process.off('exit', end));
    for await (const line of started.stdout) {
      if (!String(line).includes('Ready to accept connections')) continue;
      started.stdout.resume();
      return;
    }
    throw new Error(`redis-server does not start on port ${port}`);
  };
  await start().catch(async () => {
    // Somebody else has taken the port meanwhile.
    port = await freePort();
    await start();
  });
  const url = `redis://127.0.0.1:${port}`;
  return {
    url,
    /** Its process. */
    pid: () => server.pid ?? 0,
    /** Starts it again on the same port, with what was saved. */
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
    /** Kills it, and removes what it has saved. */
    close: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
