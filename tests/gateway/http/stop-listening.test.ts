// What a server that stops does with connections that come in its last turns.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { listen, stopListening } from '../../../src/http/listen.ts';

/** A client in a thread of its own: it connects when the first number is set, sets the second when it has, and tells what it reads. */
const CLIENT = `
  const { parentPort, workerData: { flags, port } } = require('node:worker_threads');
  Atomics.wait(flags, 0, 0);
  const socket = require('node:net').connect(port, '127.0.0.1');
  socket.once('connect', () => {
    socket.write('a request');
    Atomics.store(flags, 1, 1);
    Atomics.notify(flags, 1);
  });
  socket.once('data', (data) => parentPort.postMessage(String(data)));
  socket.once('error', (error) => parentPort.postMessage(error.code));
`;

async function aServer() {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end('an answer'));
  });
  const port = await listen(server, 0, '127.0.0.1');
  onTestFinished(() => void server.close());
  return { server, port };
}

test('a connection that comes while a stopping server is busy is answered, and not reset', async () => {
  const { server, port } = await aServer();
  const flags = new Int32Array(new SharedArrayBuffer(8));
  const client = new Worker(CLIENT, { eval: true, workerData: { flags, port } });
  onTestFinished(async () => void (await client.terminate()));
  await once(client, 'online');
  const read = once(client, 'message');
  // In the last turn before a server would close that has accepted nothing in two of them.
  const beBusy = () => {
    Atomics.store(flags, 0, 1);
    Atomics.notify(flags, 0);
    Atomics.wait(flags, 1, 0);
  };
  await wait(0);
  setImmediate(() => setImmediate(beBusy));
  await stopListening(server);
  expect(await read).toEqual(['an answer']);
  await expect(listen(createServer(), port, '127.0.0.1').then(() => 'free')).resolves.toBe('free');
});

test('clients that never stop coming, and work that never ends, keep a server that stops for a second', async () => {
  const { server } = await aServer();
  let isOver = false;
  const beBusy = () => {
    for (const end = performance.now() + 5; performance.now() < end; );
    if (!isOver) setImmediate(beBusy);
  };
  beBusy();
  const since = performance.now();
  await stopListening(server);
  isOver = true;
  expect(performance.now() - since).toBeGreaterThan(900);
  expect(server.listening).toBe(false);
});
