import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../src/resources/free-port.ts';

/** Whether there is a redis-server on this machine. */
export const hasRedis = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

/** A Redis of one's own, which remembers nothing when it is killed. It ends with this process. */
export async function startRedis() {
  const port = await freePort();
  let server: ChildProcess;
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, 'exit');
    server.kill('SIGKILL');
    await exit;
  };
  const start = async () => {
    const started = spawn('redis-server', ['--save', '', '--port', String(port), '--bind', '127.0.0.1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    server = started;
    const end = () => void started.kill('SIGKILL');
    process.once('exit', end);
    started.once('close', () => process.off('exit', end));
    for await (const line of started.stdout) if (String(line).includes('Ready to accept connections')) break;
    started.stdout.resume();
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    /** Starts it again, empty, on the same port. */
    start,
    kill,
    /** It takes connections and commands, and answers nothing until it goes on. */
    hold: () => server.kill('SIGSTOP'),
    goOn: () => server.kill('SIGCONT'),
  };
}
