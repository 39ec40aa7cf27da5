// What clients do with connections: they send ahead, hang up, keep them, and read slowly.

import { once } from 'node:events';
import { createServer, get as httpGet } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { lockTable, until } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { answersIn, bytesOf } from './support/raw-http.ts';
import { anApp } from './support/world.ts';

const ask = (query: string, headers = {}) =>
  bytesOf({ body: JSON.stringify({ query }), headers: { connection: 'keep-alive', ...headers } });
const SPAS = '{ spas(first: 2) { nodes { id name } } }';

async function aSocket(url: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let received = '';
  let isEnded = false;
  socket.setEncoding('utf8').on('data', (data) => {
    received += data;
  });
  socket.on('end', () => {
    isEnded = true;
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, received: () => received, isEnded: () => isEnded };
}

test('requests that are sent ahead on one connection are answered in order', async () => {
  const { url } = await anApp({ responseCache: {} });
  for (let round = 0; round < 3; round++) {
    const { socket, received, isEnded } = await aSocket(url);
    const queries = [SPAS, '{ a: __typename }', '{ nothing }', 'mutation { nothing }', '{ viewer { id } }', '{ b: __typename }', SPAS];
    const requests = queries.map((query, i) =>
      ask(query, { 'x-request-id': `n${i}`, ...(i === queries.length - 1 && { connection: 'close' }) }),
    );
    socket.write(Buffer.concat(requests));
    await until(isEnded, 'the last answer ends the connection');
    const answers = answersIn(received());
    expect(answers.map(({ headers }) => headers['x-request-id'])).toEqual(queries.map((_, i) => `n${i}`));
    expect(answers.map(({ body }) => Object.keys(JSON.parse(body))[0])).toEqual([
      'data',
      'data',
      'errors',
      'errors',
      'data',
      'data',
      'data',
    ]);
  }
});

test('a connection is kept, and ended for who asks for that', async () => {
  const { url } = await anApp();
  const { socket, received, isEnded } = await aSocket(url);
  for (let count = 1; count <= 5; count++) {
    socket.write(ask(SPAS));
    await until(() => answersIn(received()).length === count, 'it is answered');
  }
  expect(isEnded()).toBe(false);
  socket.write(ask(SPAS, { connection: 'close' }));
  await until(isEnded, 'the connection ends');
  expect(answersIn(received())).toHaveLength(6);
});

test('a body that comes byte by byte is read, and one that never comes holds up nobody', async () => {
  const { url, ask: askNow } = await anApp();
  const { socket, received } = await aSocket(url);
  const stuck = await aSocket(url);
  stuck.socket.write(ask(SPAS).subarray(0, -5));
  for (const byte of ask('{ __typename }')) socket.write(Buffer.of(byte));
  await until(() => answersIn(received()).length === 1, 'it is answered');
  expect((await askNow(SPAS)).errors).toBeUndefined();
  expect(stuck.received()).toBe('');
});

test('clients that hang up in the middle leave no trace', async () => {
  const { url, ask: askNow, databaseUrl, logged } = await anApp({ responseCache: {} });
  for (let round = 0; round < 20; round++) {
    const { socket } = await aSocket(url);
    const whole = ask(SPAS);
    socket.write(whole.subarray(0, Math.floor((whole.length * round) / 20)));
    await wait(2);
    socket.destroy();
  }
  const lock = await lockTable(databaseUrl, 'spas');
  const sockets = await Promise.all(Array.from({ length: 5 }, () => aSocket(url)));
  for (const { socket } of sockets) socket.write(ask(SPAS));
  await until(async () => (await lock.blocked()).length > 0, 'they wait for the database');
  for (const { socket } of sockets) socket.destroy();
  await wait(50);
  await lock.release();
  const free = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'convoy' and state <> 'idle'`;
  await until(async () => (await rowsOf(databaseUrl, free)).length === 0, 'nothing is under way any more');
  // In the middle of a large answer that nobody reads.
  const large = `{ ${Array.from({ length: 20 }, (_, i) => `a${i}: templates(first: 60) { nodes { html } }`).join(' ')} }`;
  const { socket } = await aSocket(url);
  socket.pause();
  socket.write(ask(large));
  await wait(500);
  socket.destroy();
  expect((await askNow(SPAS)).errors).toBeUndefined();
  expect(logged).toEqual([]);
});

test('events come over SSE beside answers of the lane', async () => {
  const { url, ask: askNow } = await anApp({ responseCache: {} });
  const leaving = new AbortController();
  const query = 'subscription { certificateIssued { holderName } }';
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }), signal: leaving.signal });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  await wait(100);
  for (let round = 0; round < 3; round++) {
    await askNow(
      mutation('issueCertificate', '__typename'),
      { input: toIssue('ID_CARD', { holderName: `Asha ${round}`, isPublic: true }) },
      { as: 'USER' },
    );
    await askNow(SPAS);
    let seen = '';
    while (!seen.includes(`Asha ${round}`)) seen += (await reader?.read())?.value ?? '';
  }
  leaving.abort();
});

test('a server that closes answers what is under way, and nothing is lost', async () => {
  const { app, databaseUrl } = await anApp({ responseCache: {} });
  const server = createServer(app.listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const lock = await lockTable(databaseUrl, 'spas');
  const answers = Array.from({ length: 10 }, async () => {
    const [response] = await once(
      httpGet({ port, host: '127.0.0.1', path: `/graphql?query=${encodeURIComponent(SPAS)}`, agent: false }),
      'response',
    );
    response.resume();
    return response.statusCode;
  });
  await until(async () => (await lock.blocked()).length > 0, 'they wait for the database');
  const closed = once(server, 'close');
  server.close();
  await lock.release();
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 10 }, () => 200));
  await closed;
});
