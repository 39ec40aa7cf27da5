// Clients that do not read what they asked for: the gateway does not keep it for them.

import { Server } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { listen } from '../src/http/listen.ts';
import { createLog } from '../src/log.ts';
import { startWorker } from '../src/worker.ts';
import { until } from './support/batching.ts';
import { createDatabase, rowsOf, SEEDED_SCALE } from './support/database.ts';
import { SECRET_KEY } from './support/gateway.ts';
import { bytesOf } from './support/raw-http.ts';

/** More than the kernel keeps for two sockets. */
const ANSWER_BYTES = 16_000_000;
/** Longer than a slow machine takes for that answer. */
const SILENCE_MS = 4000;
const BODY = JSON.stringify({ query: '{ spas(first: 1) { nodes { website } } }' });

/** The gateway as it is started, but that connections may be still for `silenceMs` alone. `told`: how long they might have been. */
async function aGateway(silenceMs: number, databaseUrl: string, settings: Record<string, string> = {}) {
  const told: unknown[] = [];
  const setTimeout: (this: Server, ms: number) => Server = Server.prototype.setTimeout;
  const spy = vi.spyOn(Server.prototype, 'setTimeout').mockImplementation(function (this: Server, ms) {
    told.push(ms);
    return setTimeout.call(this, silenceMs);
  });
  const config = loadConfig({ PORT: '0', HOST: '127.0.0.1', RATE_LIMIT_ENABLED: 'false', ...settings });
  const log = createLog({ level: 'silent' });
  const sockets = { connections: 1000, refused: 1000, waiting: 0 };
  const own = { migrations: [], share: { primary: 10, replica: 0 }, sockets, applicationName: 'convoy' };
  const worker = await startWorker({ config, databaseUrl, secretKeys: [SECRET_KEY], hasDemoUsers: false, ...own, log });
  spy.mockRestore();
  const door = createServer({ allowHalfOpen: true }, worker.connections.take);
  onTestFinished(async () => {
    door.close();
    await worker.close({ isHurried: true });
  });
  return { told, open: () => worker.connections.size, port: await listen(door, 0, '127.0.0.1') };
}

async function aDatabase() {
  const { url, drop } = await createDatabase({ seedScale: SEEDED_SCALE });
  onTestFinished(drop);
  await rowsOf(url, `update spas set is_active = id = 1, website = repeat('x', ${ANSWER_BYTES})`);
  return url;
}

function asking(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(bytesOf({ body: BODY }));
  return socket;
}

test('a connection may be still for half a minute, and for as long as an answer may take', async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  for (const [deadlineMs, silenceMs] of [
    [10_000, 30_000],
    [1000, 30_000],
    [45_000, 45_000],
  ]) {
    const { told } = await aGateway(500, url, { REQUEST_DEADLINE_MS: String(deadlineMs) });
    expect([deadlineMs, told]).toEqual([deadlineMs, [silenceMs]]);
  }
});

test('who does not read is cut off, with what was kept for them, and who reads slowly gets all', async () => {
  const { open, port } = await aGateway(SILENCE_MS, await aDatabase());
  const slow = asking(port);
  let received = 0;
  const reading = (async () => {
    let paused = 0;
    for await (const chunk of slow) {
      received += chunk.length;
      // Longer in all than a connection may be still, and never so long at once.
      if (received - paused > 3_000_000) {
        paused = received;
        await wait(SILENCE_MS / 4);
      }
    }
  })();
  const idle = [asking(port), asking(port), asking(port)];
  await until(() => open() === 4, 'all have come');
  await reading;
  expect(received).toBeGreaterThan(ANSWER_BYTES);
  await until(() => open() === 0, 'those who do not read have been cut off');
  // They can read what was on its way, and no more.
  for (const socket of idle) {
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    await new Promise((resolve) => socket.once('close', resolve).resume());
    expect(bytes).toBeLessThan(ANSWER_BYTES);
  }
});
