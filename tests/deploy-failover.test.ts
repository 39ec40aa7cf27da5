// What becomes of requests behind nginx when a gateway stops or dies.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import { askFrom, hasNginx, pathOf, startEdge } from './support/edge.ts';
import { person, SUBMIT } from './support/operations.ts';
import { startTwoGateways } from './support/two-gateways.ts';

const QUERY = '{ spas(first: 3) { nodes { id name } } }';
const CLIENTS = 60;
const KINDS = ['get', 'post', 'mutation'] as const;

/** Two gateways behind nginx, and clients that ask one thing after the other: a third by GET, a third by POST, a third with mutations. */
async function aBusyEdge() {
  const gateways = await startTwoGateways();
  onTestFinished(gateways.close);
  const edge = await startEdge({ gateways: gateways.addresses });
  const asUser = await gateways.headerOf('USER');
  const answers: { kind: (typeof KINDS)[number]; isGood: boolean; name: string }[] = [];
  let isBusy = true;
  const asking = Array.from({ length: CLIENTS }, async (_, i) => {
    const from = `127.0.1.${i + 1}`;
    for (let round = 0; isBusy; round++) {
      const kind = KINDS[i % 3] ?? 'get';
      const name = `Asha ${i} ${round}`;
      const variables = { input: { ...person, firstName: name } };
      const asked = {
        get: { path: pathOf(QUERY) },
        post: { body: JSON.stringify({ query: QUERY }) },
        mutation: { headers: asUser, body: JSON.stringify({ query: SUBMIT, variables }) },
      }[kind];
      const answer = await askFrom(edge.port, { from, ...asked });
      answers.push({ kind, name, isGood: answer.status === 200 && JSON.parse(answer.text).errors === undefined });
    }
  });
  const all = Promise.all(asking);
  // Before nginx and the gateways go, also where the test has failed.
  onTestFinished(async () => {
    isBusy = false;
    await all.catch(() => undefined);
  });
  return {
    ...gateways,
    edge,
    answers,
    failed: (...kinds: string[]) => answers.filter(({ kind, isGood }) => !isGood && kinds.includes(kind)),
    more: async (count: number) => {
      const target = answers.length + count;
      while (answers.length < target) await Promise.race([all, wait(5)]);
    },
    /** Ends the load, and returns how many rows each mutation has made, by name. */
    rest: async () => {
      isBusy = false;
      await all;
      const text = `select first_name as name, count(*)::int as count from candidate_forms where first_name like 'Asha %' group by 1`;
      const rows = await rowsOf<{ name: string; count: number }>(gateways.databaseUrl, text);
      return new Map(rows.map(({ name, count }) => [name, count]));
    },
  };
}

/** A gateway that takes each request whole, and dies of it: its connection is reset. */
async function aDyingGateway() {
  const taken: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.on('data', (data) => {
      taken.push(String(data).split(' ', 1)[0] ?? '');
      socket.resetAndDestroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { taken, address: `127.0.0.1:${(server.address() as { port: number }).port}` };
}

/** A gateway that answers everything, and counts the connections that it is asked over. */
async function aCountingGateway() {
  const sockets = new Set<Socket>();
  let [opened, asked] = [0, 0];
  const server = createServer((socket) => {
    opened++;
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.on('data', (data) => {
      asked++;
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
      if (/^connection: close/im.test(String(data))) socket.end();
    });
    socket.on('end', () => socket.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
  return { address, sockets, opened: () => opened, asked: () => asked };
}

describe.skipIf(!hasNginx)('behind nginx', () => {
  test('gateways are replaced one after the other under load, nobody sees an error, and each mutation happens once', async () => {
    const { running, restart, more, answers, failed, rest } = await aBusyEdge();
    await more(200);
    for (const which of [0, 1] as const) {
      expect((await running[which].stop()).code).toBe(0);
      await more(100);
      await restart(which);
      await more(200);
    }
    const rows = await rest();
    expect(failed(...KINDS)).toEqual([]);
    const mutations = answers.filter(({ kind }) => kind === 'mutation');
    expect(mutations.length).toBeGreaterThan(50);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(mutations.map(({ name }) => [name, 1])));
  }, 60_000);

  test('a gateway is killed under load: queries by GET see no error, and no mutation happens twice', async () => {
    const { running, more, answers, failed, rest, edge } = await aBusyEdge();
    await more(200);
    await running[0].stop('SIGKILL');
    await more(CLIENTS);
    const lost = failed('post', 'mutation').length;
    await more(200);
    const rows = await rest();
    expect(failed('get')).toEqual([]);
    // Those that were under way there; none since.
    expect(lost).toBeLessThan(CLIENTS);
    expect(failed('post', 'mutation')).toHaveLength(lost);
    for (const { name, kind, isGood } of answers) {
      if (kind !== 'mutation') continue;
      const count = rows.get(name) ?? 0;
      expect(isGood ? count === 1 : count <= 1, `${name} has ${count} rows`).toBe(true);
    }
    const refused = (await edge.log()).filter(({ status }) => status === 502);
    expect(refused).toHaveLength(lost);
    expect(refused.filter(({ upstream }) => String(upstream).includes(','))).toEqual([]);
  }, 60_000);

  test('what a dying gateway has read is asked of the other one where it is a GET, and never where it is a POST', async () => {
    const dying = await aDyingGateway();
    const other = await aCountingGateway();
    const { port } = await startEdge({ gateways: [dying.address, other.address] });
    for (let i = 0; i < 12; i++) {
      const before = [dying.taken.length, other.asked()];
      const isGet = i % 3 === 0;
      const { status, text, headers } = await askFrom(port, isGet ? { path: pathOf(QUERY) } : { body: '{"query":"mutation { a }"}' });
      const [tries, answers] = [dying.taken.length - (before[0] ?? 0), other.asked() - (before[1] ?? 0)];
      if (isGet) expect({ status, answers }).toEqual({ status: 200, answers: 1 });
      else expect(tries + answers).toBe(1);
      if (!isGet && tries === 1) {
        expect({ status, retryAfter: headers['retry-after'] }).toEqual({ status: 502, retryAfter: '1' });
        expect(JSON.parse(text).errors[0]).toMatchObject({
          message: expect.stringContaining('may have been applied'),
          extensions: { code: 'BAD_GATEWAY' },
        });
      }
    }
    expect(dying.taken).toContain('POST');
    expect(dying.taken).toContain('GET');
  });

  test('connections to a gateway are used again, and given up before it would', async () => {
    const gateway = await aCountingGateway();
    const { port } = await startEdge({ gateways: [gateway.address, gateway.address] });
    for (let i = 0; i < 30; i++) await askFrom(port, { body: '{"query":"{ a }"}' });
    // Each of nginx's two processes keeps its own.
    expect(gateway.opened()).toBeLessThanOrEqual(4);
    const since = performance.now();
    await wait(3000);
    expect(gateway.sockets.size).toBeGreaterThan(0);
    await until(() => gateway.sockets.size === 0, 'nginx has closed what was idle');
    expect(performance.now() - since).toBeLessThan(4900);
  });

  test('without any gateway the answer still is JSON', async () => {
    const { port } = await startEdge({ gateways: ['127.0.0.1:1', '127.0.0.1:2'] });
    const { status, text, headers } = await askFrom(port, { path: pathOf(QUERY) });
    expect({ status, type: headers['content-type'], code: JSON.parse(text).errors[0].extensions.code }).toEqual({
      status: 502,
      type: 'application/json; charset=utf-8',
      code: 'BAD_GATEWAY',
    });
  });
});
