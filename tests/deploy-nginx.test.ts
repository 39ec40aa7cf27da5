// nginx with the configuration of deploy/nginx in front of two gateways, as clients meet it. Each test has an address of its own.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { until } from './support/batching.ts';
import { askFrom, hasNginx, openFrom, pathOf, startEdge } from './support/edge.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { hasRedis } from './support/redis-server.ts';
import { startTwoGateways } from './support/two-gateways.ts';

const PER_MINUTE = 60;
const SPAS = '{ spas(first: 50) { nodes { id name city } } }';
const codeOf = (text: string) => JSON.parse(text).errors[0].extensions.code;
const times = <T>(count: number, work: (i: number) => Promise<T>) => Promise.all(Array.from({ length: count }, (_, i) => work(i)));

describe.skipIf(!hasNginx)('behind nginx', () => {
  let gateways: Awaited<ReturnType<typeof startTwoGateways>>;
  let edge: Awaited<ReturnType<typeof startEdge>>;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    gateways = await startTwoGateways({ RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_PER_MINUTE: String(PER_MINUTE) });
    ends.push(gateways.close);
    edge = await startEdge({ gateways: gateways.addresses, onEnd: (stop) => void ends.push(stop) });
  });
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const linesOf = async (client: string) => (await edge.log()).filter((line) => line.client === client);

  test('requests are spread over both gateways', async () => {
    const answers = await times(40, (i) =>
      askFrom(edge.port, { from: '127.0.0.2', path: pathOf(`{ spas(first: ${i + 1}) { nodes { id } } }`) }),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
    await until(async () => (await linesOf('127.0.0.2')).length === 40, 'forty requests are in the log');
    const upstreams = (await linesOf('127.0.0.2')).map(({ upstream }) => upstream);
    for (const address of gateways.addresses) expect(upstreams.filter((one) => one === address).length).toBeGreaterThan(10);
  });

  /** How many of three times the limit are let in, each from somebody else by its own account. */
  const letIn = async (port: number, asked: { from: string; headers: (i: number) => Record<string, string> }) => {
    const answers = await times(3 * PER_MINUTE, (i) =>
      askFrom(port, { from: asked.from, headers: asked.headers(i), body: '{"query":"{ __typename }"}' }),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(new Set(refused.map(({ text }) => codeOf(text)))).toEqual(new Set(['RATE_LIMITED']));
    return answers.length - refused.length;
  };
  // The gateways count together through Redis, and each for itself where it does not answer, as on a machine with much to do.
  const [least, most] = [PER_MINUTE, 2 * PER_MINUTE];

  test('an address has its limit whatever X-Forwarded-For it makes up, and another address has its own', async () => {
    const headers = (i: number) => ({
      'x-forwarded-for': `203.0.113.${i}`,
      forwarded: `for=203.0.113.${i}`,
      'x-real-ip': `203.0.113.${i}`,
    });
    const count = await letIn(edge.port, { from: '127.0.0.3', headers });
    expect(count).toBeGreaterThanOrEqual(least);
    expect(count).toBeLessThanOrEqual(most);
    expect((await askFrom(edge.port, { from: '127.0.0.4', path: pathOf('{ __typename }') })).status).toBe(200);
  });

  test('a load balancer in front is believed about address and protocol, and nobody else is', async () => {
    const behind = await startEdge({ gateways: gateways.addresses, loadBalancer: '127.0.0.5' });
    const asked = async (from: string, forwarded: string) => {
      const headers = { 'x-forwarded-for': forwarded, 'x-forwarded-proto': 'https' };
      const { status, headers: own } = await askFrom(behind.port, { from, path: pathOf('{ __typename }'), headers });
      return { status, isSecure: 'strict-transport-security' in own };
    };
    // What stands left of the load balancer's own word is its client's invention.
    const count = await letIn(behind.port, { from: '127.0.0.5', headers: (i) => ({ 'x-forwarded-for': `192.0.2.${i}, 203.0.113.77` }) });
    expect(count).toBeGreaterThanOrEqual(least);
    expect(count).toBeLessThanOrEqual(most);
    expect(await asked('127.0.0.5', '203.0.113.78')).toEqual({ status: 200, isSecure: true });
    expect(await asked('127.0.0.6', '203.0.113.77')).toEqual({ status: 200, isSecure: false });
    const clients = (await behind.log()).map(({ client }) => client);
    expect(clients).toContain('203.0.113.77');
    expect(clients).not.toContain('192.0.2.1');
  });

  test.each(['/metrics', '/health', '/health/live', '/health/ready', '/', '/graphqlx', '/graphql/../metrics'])(
    '%s is not there for those outside',
    async (path) => {
      const { status, text, headers } = await askFrom(edge.port, { from: '127.0.0.7', path });
      expect({ status, code: codeOf(text), nosniff: headers['x-content-type-options'] }).toEqual({
        status: 404,
        code: 'NOT_FOUND',
        nosniff: 'nosniff',
      });
      expect(headers.server).toBe('nginx');
      // It is no way around nginx either, which is the gateway's neighbour.
      expect((await linesOf('127.0.0.7')).filter(({ upstream }) => upstream)).toEqual([]);
    },
  );

  test('the gateway itself says that a body is too long, and nginx where it is much too long', async () => {
    const bodyOf = (length: number) => JSON.stringify({ query: `{ __typename } #${' '.repeat(length)}` });
    const [longer, much] = await Promise.all(
      [1_050_000, 1_300_000].map((length) => askFrom(edge.port, { from: '127.0.0.8', body: bodyOf(length) })),
    );
    for (const answer of [longer, much])
      expect({ status: answer?.status, code: codeOf(answer?.text ?? '') }).toEqual({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
    expect(longer?.text).toContain('1,000,000 bytes');
    expect(much?.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('a request has one id on both sides, and the log has no query', async () => {
    const path = pathOf('{ hidden: __typename }');
    const headers = { 'x-request-id': 'mine-1', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
    const { headers: own } = await askFrom(edge.port, { from: '127.0.0.9', path, headers });
    expect(own['x-request-id']).toBe('mine-1');
    const { headers: made } = await askFrom(edge.port, { from: '127.0.0.9', path, headers: { 'x-request-id': 'not "harmless' } });
    await until(async () => (await linesOf('127.0.0.9')).length === 2, 'both requests are in the log');
    expect(await linesOf('127.0.0.9')).toMatchObject([
      { requestId: 'mine-1', traceparent: headers.traceparent, path: '/graphql', status: 200, upstreamStatus: '200' },
      { requestId: made['x-request-id'] },
    ]);
    expect(JSON.stringify(await linesOf('127.0.0.9'))).not.toContain('hidden');
  });

  test('long answers are compressed, and a browser that has one is told so', async () => {
    const ask = (headers = {}) =>
      askFrom(edge.port, { from: '127.0.0.10', path: pathOf(SPAS), headers: { 'accept-encoding': 'gzip', ...headers } });
    const first = await ask();
    expect(first.headers).toMatchObject({ 'content-encoding': 'gzip' });
    expect(first.headers.vary).toMatch(/accept-encoding/i);
    await until(async () => (await ask()).headers.etag !== undefined, 'the answer is kept');
    const { etag = '' } = (await ask()).headers;
    expect((await ask({ 'if-none-match': etag })).status).toBe(304);
  });

  test.skipIf(!hasRedis)('each event of a subscription arrives at once', async () => {
    const asHr = await gateways.headerOf('HR');
    const subscribe = async (port: number) => {
      const opened = await openFrom(port, {
        from: '127.0.0.11',
        headers: { ...asHr, accept: 'text/event-stream', 'accept-encoding': 'gzip' },
        body: JSON.stringify({ query: 'subscription { certificateIssued { holderName } }' }),
      });
      onTestFinished(() => void opened.destroy());
      return opened.on('error', () => undefined);
    };
    // It is for proxies, and nginx does not pass it on.
    expect((await subscribe(Number(gateways.addresses[0].split(':')[1]))).headers['x-accel-buffering']).toBe('no');
    const stream = await subscribe(edge.port);
    expect(stream.headers).toMatchObject({ 'content-type': expect.stringContaining('text/event-stream') });
    expect(stream.headers['content-encoding']).not.toBe('gzip');
    let seen = '';
    stream.setEncoding('utf8').on('data', (chunk) => {
      seen += chunk;
    });
    await until(() => seen.length > 0, 'the stream begins');
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const holderName of ['First', 'Second', 'Third']) {
      const body = JSON.stringify({
        query: mutation('issueCertificate', 'certificate { id }'),
        variables: { input: toIssue('ID_CARD', { holderName }) },
      });
      const { text } = await askFrom(edge.port, { from: '127.0.0.11', headers: asHr, body });
      expect(JSON.parse(text).errors).toBeUndefined();
      const since = performance.now();
      // The next is issued when this one has come: none waits for company.
      await until(() => seen.includes(holderName), `${holderName} arrives`);
      expect(performance.now() - since).toBeLessThan(2000);
    }
    expect(seen.match(/event: next/g)).toHaveLength(3);
  });
});
