// Streams are known by what was answered, whatever the client has said that it accepts.

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { acceptedBy } from '../../../src/http/media-type.ts';
import type { RequestRecord } from '../../../src/http/request-record.ts';
import { readWebsitesAs, until } from '../../support/batching.ts';
import { rowsOf } from '../../support/database.ts';
import { aFleet, eventually } from '../../support/fleet.ts';
import { bytesOf } from '../../support/raw-http.ts';
import { anApp } from '../../support/world.ts';

const SUBSCRIPTION = 'subscription { certificateIssued { id } }';
const ACCEPTS = ['text/event-stream', 'text/event-stream;q=0.9, application/json', 'text/*', '*/*', undefined];

/** A request whose answer is read as it comes. */
async function ask(port: number, accept: string | undefined, query: string) {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  const seen = { text: '' };
  socket.setEncoding('utf8').on('data', (chunk) => {
    seen.text += chunk;
  });
  const ended = once(socket, 'close').then(() => seen.text);
  socket.write(bytesOf({ body: JSON.stringify({ query }), headers: { accept, connection: 'keep-alive' } }));
  return { socket, seen, ended };
}

test.each(ACCEPTS)('a subscription whose client accepts %s is a stream that proxies pass on as it comes', async (accept) => {
  const ended: RequestRecord[] = [];
  const world = await anApp({ observers: [{ onRequestEnd: (record) => void ended.push(record) }] });
  const { socket, seen } = await ask(Number(new URL(world.url).port), accept, SUBSCRIPTION);
  await until(() => seen.text.includes('\r\n:\n\n'), 'the first ping has come');
  expect(seen.text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  for (const header of ['content-type: text/event-stream', 'x-accel-buffering: no', 'cache-control: no-store, no-transform'])
    expect(seen.text.toLowerCase()).toContain(`\r\n${header}\r\n`);
  socket.destroy();
  await until(() => ended.length === 1, 'the request has ended');
  expect([ended[0]?.isStream, ended[0]?.status]).toEqual([true, 200]);
});

test('how long a stream was open is no duration of a request; how long it took to refuse one is', async () => {
  const world = await anApp();
  const port = Number(new URL(world.url).port);
  const counted = async () => {
    const text = await world.metrics.registry.getSingleMetricAsString('convoy_request_duration_seconds');
    return Number(/_count\{operation="anonymous"\} (\d+)/.exec(text)?.[1] ?? 0);
  };
  for (const accept of ACCEPTS) {
    const { socket, seen } = await ask(port, accept, SUBSCRIPTION);
    await until(() => seen.text.includes('\r\n:\n\n'), 'the stream is open');
    socket.destroy();
  }
  await until(
    async () => (await world.metrics.registry.getSingleMetricAsString('convoy_requests_in_flight')).endsWith(' 0'),
    'all have ended',
  );
  expect(await counted()).toBe(0);
  for (const accept of ACCEPTS) {
    const { seen } = await ask(port, accept, 'subscription { certificateIssued(spaId: "x") { id } }');
    await until(() => seen.text.includes('BAD_USER_INPUT'), 'it is refused');
  }
  await until(async () => (await counted()) === ACCEPTS.length, 'refusals are counted');
});

test('a stop ends every stream at once with a hint when to come back, and no answer that is under way', { timeout: 90_000 }, async () => {
  const fleet = await aFleet({ MAX_WORKERS: '1' });
  await readWebsitesAs(fleet.databaseUrl, `(select 'slow' from pg_sleep(2))`);
  const streams = await Promise.all(ACCEPTS.map((accept) => ask(fleet.port, accept, SUBSCRIPTION)));
  await eventually(() => streams.every(({ seen }) => seen.text.includes('\r\n:\n\n')), 'all streams are open');
  const slow = await ask(fleet.port, 'text/event-stream', '{ spas(first: 1) { nodes { website } } }');
  const isUnderWay = async () =>
    (await rowsOf(fleet.databaseUrl, `select 1 from pg_stat_activity where state = 'active' and wait_event = 'PgSleep'`)).length > 0;
  await eventually(isUnderWay, 'the query is under way');
  const stopped = fleet.stop();
  for (const { ended } of streams) expect(await ended).toMatch(/retry: \d{3,4}\n\n(\r\n)?$/);
  expect(await slow.ended).toMatch(/event: next\ndata: .*"website":"slow"[\s\S]*event: complete\n/);
  expect((await stopped).code).toBe(0);
});

test('the wish for an event stream is read from Accept by its q, the most specific range first', () => {
  const wish = (accept: string | undefined) => {
    const { isAccepted, isNamed, isPreferred } = acceptedBy(accept).events;
    return [isAccepted && 'accepted', isNamed && 'named', isPreferred && 'preferred'].filter(Boolean).join(' ');
  };
  for (const [accept, expected] of [
    [undefined, 'accepted'],
    ['', 'accepted'],
    ['*/*', 'accepted'],
    ['text/event-stream', 'accepted named preferred'],
    ['TEXT/Event-Stream ; Charset="UTF-8"', 'accepted named preferred'],
    ['text/event-stream; charset=utf-16', ''],
    ['text/event-stream;q=0', ''],
    ['text/event-stream;q=0, */*', ''],
    ['text/*;q=0, */*', ''],
    ['text/*;q=0, text/event-stream;q=0.1', 'accepted named preferred'],
    ['application/json, text/event-stream', 'accepted named'],
    ['application/json;q=0.4, text/event-stream;q=0.5', 'accepted named preferred'],
    ['application/*;q=0.5, text/*;q=0.4', 'accepted'],
    ['application/json;x="a, text/event-stream"', ''],
    ['text/html, nonsense, /, ;q=1,,', ''],
    ['multipart/mixed, application/json', ''],
  ] as const)
    expect([accept, wish(accept)]).toEqual([accept, expected]);
});
