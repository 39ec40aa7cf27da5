// WORKER_CONNECTIONS: who finds no place is told so at once, and the counts are right whatever connections go through.

import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createConnections } from '../src/http/connections.ts';
import { createCors } from '../src/http/cors.ts';
import { createGatewayServer } from '../src/http/server.ts';
import { createRandom } from './support/batching.ts';
import { aClient, aFleet, eventually } from './support/fleet.ts';
import { times } from './support/protection.ts';
import { answersIn, bytesOf } from './support/raw-http.ts';

const TRIVIAL = '{ __typename }';

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

const connectionsOf = async (client: ReturnType<typeof aClient>): Promise<number> =>
  JSON.parse((await client.get('/health')).body).connections;

test.each(['1', '2'])('with %s workers, one socket more is answered 503, and counts never drift', { timeout: 120_000 }, async (workers) => {
  const { port } = await aFleet({ MAX_WORKERS: workers, WORKER_CONNECTIONS: '20' });
  const places = 20 * Number(workers);
  const watcher = aClient(port);
  expect(await connectionsOf(watcher)).toBe(1);
  const held = await Promise.all(times(places - 1, () => open(port)));
  await eventually(async () => (await connectionsOf(watcher)) === places, 'all places are taken');

  // Whoever says nothing is not waited for.
  const refused = await open(port);
  let text = '';
  for await (const chunk of refused.setEncoding('utf8')) text += chunk;
  const [answer] = answersIn(text);
  expect(answer).toMatchObject({ status: 503, headers: { connection: 'close', 'retry-after': expect.stringMatching(/^\d+$/) } });
  expect(JSON.parse(answer?.body ?? '').errors[0].extensions.code).toBe('OVERLOADED');
  // One that has sent a request by then reads the same.
  expect((await aClient(port, { isKept: false }).ask(TRIVIAL)).status).toBe(503);
  expect((await watcher.ask(TRIVIAL)).status).toBe(200);
  // A gateway that is full lives, and says so; it is not ready for more.
  const probe = (path: string) => aClient(port, { isKept: false }).get(path);
  expect(await probe('/health/live')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  for (const path of ['/health/ready', '/health/live?', '/health/lively', '/metrics']) expect((await probe(path)).status).toBe(503);
  held.pop()?.destroy();
  await eventually(async () => (await connectionsOf(watcher)) === places - 1, 'there is a place again');
  expect((await aClient(port, { isKept: false }).ask(TRIVIAL)).status).toBe(200);
  for (const socket of held) socket.destroy();

  const { below } = createRandom(7);
  const bytes = bytesOf({ body: JSON.stringify({ query: TRIVIAL }) });
  const ways: ((socket: Socket) => unknown)[] = [
    (socket) => socket.destroy(),
    (socket) => socket.resetAndDestroy(),
    (socket) => socket.end(),
    (socket) => socket.end(bytes),
    (socket) => socket.write(bytes.subarray(0, 40), () => socket.resetAndDestroy()),
    (socket) => socket.write(bytes, () => socket.resetAndDestroy()),
    (socket) => socket.write(bytes),
    (socket) => socket.end('nonsense\r\n\r\n'),
  ];
  await Promise.all(
    times(50, async () => {
      for (let i = 0; i < 40; i++) {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined);
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.resume();
        const way = ways[below(ways.length)];
        // Some before they are connected.
        if (below(5) === 0) socket.destroy();
        else socket.once('connect', () => way?.(socket));
        await closed;
      }
    }),
  );
  await eventually(async () => (await connectionsOf(watcher)) === 1, 'all have gone but the watcher');
  const again = await Promise.all(times(places - 1, () => open(port)));
  await eventually(async () => (await connectionsOf(watcher)) === places, 'all places can be taken again');
  expect((await aClient(port, { isKept: false }).ask(TRIVIAL)).status).toBe(503);
  for (const socket of again) socket.destroy();
});

test('a flood is bounded: refused sockets that linger are a thousand at most', { timeout: 60_000 }, async () => {
  const server = createHttpServer();
  const connections = createConnections(server, { max: 0 });
  const sockets = new Set<Socket>();
  const door = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    connections.take(socket);
  }).listen({ port: 0, host: '127.0.0.1', backlog: 4000 });
  await once(door, 'listening');
  onTestFinished(() => void door.close());
  const { port } = door.address() as AddressInfo;
  let most = 0;
  const watching = setInterval(() => {
    most = Math.max(most, sockets.size);
  }, 1);
  onTestFinished(() => clearInterval(watching));
  // They do not close what the gateway has closed.
  const flood = times(1500, () => connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined));
  onTestFinished(() => {
    for (const socket of flood) socket.destroy();
  });
  await eventually(() => most >= 900 && sockets.size === 0, 'they have come and gone');
  expect(most).toBeLessThanOrEqual(1000);
  expect(connections.size).toBe(0);
});

test.each([
  [3000, 4000],
  [65_000, 25_000],
])('while the gateway stops, a connection without a request outlives a keep-alive of %s ms, up to %s ms', async (keepAliveMs, idleMs) => {
  const server = createGatewayServer((_req, res) => void res.end('x'), { cors: createCors([]), keepAliveMs, silenceMs: 120_000 });
  const connections = createConnections(server);
  const door = createServer({ allowHalfOpen: true }, connections.take).listen(0, '127.0.0.1');
  await once(door, 'listening');
  onTestFinished(() => void door.close());
  const client = await open((door.address() as AddressInfo).port);
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const [answer] = await once(client, 'data');
  // What clients and balancers know of it.
  expect(String(answer)).toMatch(new RegExp(`\\r\\nkeep-alive: timeout=${keepAliveMs / 1000}\\r\\n`, 'i'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const drained = connections.drain();
  vi.advanceTimersByTime(idleMs - 100);
  await new Promise((resolve) => setImmediate(resolve));
  expect(connections.size).toBe(1);
  vi.advanceTimersByTime(200);
  vi.useRealTimers();
  await drained;
  expect(connections.size).toBe(0);
});

test('what is not over after 25 seconds is cut, and a socket whose client has gone is not taken', async () => {
  const server = createHttpServer(() => undefined);
  let closed = 0;
  const connections = createConnections(server, { onClose: () => closed++ });
  const door = createServer({ allowHalfOpen: true }, connections.take).listen(0, '127.0.0.1');
  await once(door, 'listening');
  onTestFinished(() => void door.close());
  const { port } = door.address() as AddressInfo;
  const asked = once(server, 'request');
  const asking = await open(port);
  asking.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const partial = await open(port);
  partial.write('GET / HT');
  await asked;
  await eventually(() => connections.size === 2, 'both are held');
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const drained = connections.drain();
  vi.advanceTimersByTime(24_900);
  await new Promise((resolve) => setImmediate(resolve));
  expect(connections.size).toBe(2);
  vi.advanceTimersByTime(200);
  vi.useRealTimers();
  await drained;
  expect([connections.size, closed]).toEqual([0, 2]);

  const gone = await open(port);
  gone.destroy();
  connections.take(gone);
  await eventually(() => gone.destroyed && connections.size === 0, 'it is not kept');
});
