import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { lockTable, until } from './support/batching.ts';
import { aCollector, type ReceivedSpan, treeOf } from './support/collector.ts';
import { createDatabase, SEEDED_SCALE } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';

const QUERY = 'query Names { spas(first: 2) { nodes { name } } }';
const TREE = { 'POST /graphql': { 'query Names': { 'batch pages of Spa': {} } } };
const [SERVER, CLIENT] = [2, 3];
const PARENT = 'b7ad6b7169203331';
const traceId = (i: number) => `0af7651916cd43dd8448eb211c8031${String(i).padStart(2, '0')}`;

/** A gateway that sends its traces, where a collector is given. */
async function aTracingGateway(collectorUrl?: string, settings: Record<string, string> = {}) {
  const database = await createDatabase({ seedScale: SEEDED_SCALE });
  const endpoint: Record<string, string> = collectorUrl === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl };
  const gateway = startGateway({ DATABASE_URL: database.url, SECRET_KEY, RESPONSE_CACHE: 'false', ...endpoint, ...settings });
  onTestFinished(async () => {
    await gateway.stop('SIGKILL');
    await database.drop();
  });
  const { url } = await gateway.ready;
  const ask = (query: string, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query }) });
  const askIn = (trace: string, flags = '01', query = QUERY) => ask(query, { traceparent: `00-${trace}-${PARENT}-${flags}` });
  return { ...gateway, url, ask, askIn, databaseUrl: database.url };
}

const named = (spans: readonly ReceivedSpan[], name: string) => spans.find((span) => span.name.startsWith(name)) as ReceivedSpan;

test('requests that share a statement have a tree of spans each, and one statement, which links to all of them', async () => {
  const { url, trace, state } = await aCollector();
  const { askIn, databaseUrl, ready } = await aTracingGateway(url, { OTEL_EXPORTER_OTLP_HEADERS: 'api-key=mine' });
  const lock = await lockTable(databaseUrl, 'spas');
  // The gateway has two statements of a loader under way; those that come then share the next one.
  const first = askIn(traceId(1));
  await lock.untilBlocked(1);
  const second = askIn(traceId(2));
  await lock.untilBlocked(2);
  const later = [askIn(traceId(3)), askIn(traceId(4))];
  const metrics = `${(await ready).origin}/metrics`;
  await until(
    async () => (await (await fetch(metrics)).text()).includes('convoy_operation_calls_total{operation="Names"} 4'),
    'all have come',
  );
  await wait(100);
  await lock.release();
  for (const answer of await Promise.all([first, second, ...later])) expect((await answer.json()).data.spas.nodes).toHaveLength(2);

  const all = [...(await trace(traceId(3), 3)), ...(await trace(traceId(4), 3))];
  expect(state.headers).toMatchObject({ 'api-key': 'mine', 'content-type': 'application/x-protobuf' });
  const statements = all.filter(({ kind }) => kind === CLIENT);
  expect(statements).toHaveLength(1);
  const [statement] = statements as [ReceivedSpan];
  const traces = [3, 4].map((i) => all.filter((span) => span.traceId === traceId(i)));
  const [owner = [], other = []] = traces.toSorted((a, b) => b.length - a.length);
  expect(treeOf(owner, PARENT)).toEqual({ 'POST /graphql': { 'query Names': { 'batch pages of Spa': { [statement.name]: {} } } } });
  expect(treeOf(other, PARENT)).toEqual(TREE);
  const [own, others] = [named(owner, 'batch'), named(other, 'batch')];
  expect(statement).toMatchObject({ parentId: own.spanId, links: [others.spanId], isError: false });
  expect(others).toMatchObject({ links: [statement.spanId], attributes: { 'convoy.batch.requests': 2, 'convoy.batch.keys': 1 } });
  expect(statement.attributes).toMatchObject({
    'db.system.name': 'postgresql',
    'db.operation.name': expect.stringMatching(/^(SELECT|WITH)$/),
    'db.query.text': expect.stringMatching(/\$1/),
    'server.address': new URL(databaseUrl).hostname,
    'server.port': Number(new URL(databaseUrl).port),
  });
  const [request, operation] = [named(owner, 'POST'), named(owner, 'query')];
  expect(request).toMatchObject({ kind: SERVER, service: 'convoy' });
  expect(request.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/graphql',
    'url.path': '/graphql',
    'http.response.status_code': 200,
    'client.address': '127.0.0.1',
  });
  expect(operation.attributes).toMatchObject({
    'graphql.operation.name': 'Names',
    'graphql.operation.type': 'query',
    'convoy.statements': 1,
  });
  expect(operation.events).toEqual(['graphql.parsed', 'graphql.validated']);
  // Each lies within the one above it.
  for (const [outer, inner] of [
    [request, operation],
    [operation, own],
    [own, statement],
  ] as const) {
    expect(inner.startMs).toBeGreaterThanOrEqual(outer.startMs - 0.01);
    expect(inner.endMs).toBeLessThanOrEqual(outer.endMs + 0.01);
  }
});

test('whoever asks decides which traces are sent, failures are errors, and the end of the process sends the rest', async () => {
  const { url, spans } = await aCollector();
  const { ask, askIn, stop, ready, output } = await aTracingGateway(url, {
    OTEL_SERVICE_NAME: 'mine',
    OTEL_RESOURCE_ATTRIBUTES: 'a=b',
    TRUSTED_PROXIES: 'loopback',
    ...{ RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_PER_MINUTE: '10' },
  });
  await askIn(traceId(10), '00');
  await fetch(`${(await ready).origin}/health`);
  const asksFirst = { origin: 'https://a.example', 'access-control-request-method': 'POST' };
  await fetch(`${(await ready).origin}/graphql`, { method: 'OPTIONS', headers: asksFirst });
  const began = await ask(QUERY, { 'x-request-id': 'began-here', 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'https' });
  await began.text();
  await askIn(traceId(11), '01', '{ nothing(token: "secret-of-mine") }');
  await askIn(
    traceId(12),
    '01',
    'mutation In { signIn(input: { usernameOrEmail: "nobody@example.com", password: "secret-of-mine" }) { token } }',
  );
  const tooMany = { traceparent: `00-${traceId(13)}-${PARENT}-01`, 'x-forwarded-for': '198.51.100.8' };
  const statuses = await Promise.all(Array.from({ length: 15 }, async () => (await ask('{ __typename }', tooMany)).status));
  expect(statuses.filter((status) => status === 429)).toHaveLength(5);
  const { code, stdout } = await stop('SIGINT');
  expect(code).toBe(0);
  // What was refused by rate takes nobody's place.
  expect(spans.filter((span) => span.traceId === traceId(13) && span.kind === SERVER)).toHaveLength(10);
  const writing = spans.filter((span) => span.traceId === traceId(12));
  expect(treeOf(writing, PARENT)).toEqual({ 'POST /graphql': { 'mutation In': { SELECT: {} } } });
  expect(spans.filter((span) => span.traceId === traceId(10))).toEqual([]);
  expect(spans.map(({ attributes }) => attributes['url.path'])).not.toContain('/health');
  expect(spans.map(({ attributes }) => attributes['http.request.method'])).not.toContain('OPTIONS');
  const refused = spans.filter((span) => span.traceId === traceId(11));
  expect(treeOf(refused, PARENT)).toEqual({ 'POST /graphql': { query: {} } });
  expect(named(refused, 'query')).toMatchObject({ isError: false, attributes: { 'error.type': 'GRAPHQL_VALIDATION_FAILED' } });
  expect(JSON.stringify(spans)).not.toContain('secret-of-mine');
  const own = spans.find(({ attributes }) => attributes['convoy.request_id'] === 'began-here');
  expect(own).toMatchObject({ parentId: '', service: 'mine' });
  expect(own?.attributes).toMatchObject({ 'url.scheme': 'https', 'client.address': '198.51.100.7' });
  expect(refused.find(({ kind }) => kind === SERVER)?.attributes['url.scheme']).toBe('http');
  // The log knows the trace, also where it began here, and where it is not sent.
  const line = stdout.split('\n').find((one) => one.includes('began-here'));
  expect(JSON.parse(line ?? '')).toMatchObject({ msg: 'request', traceId: own?.traceId });
  expect(stdout).toContain(traceId(10));
  expect(output()).not.toContain('traces cannot be sent');
});

test('the sampler is heeded, and the whole URL of traces comes before the other', async () => {
  const { url, spans } = await aCollector();
  const cases: [sampler: string, ratio: string, flags: string | undefined, isSent: boolean][] = [
    ['always_off', '1', '01', false],
    ['always_on', '0', '00', true],
    // What whoever asks has chosen counts for those samplers alone that say so, and where somebody has.
    ['parentbased_traceidratio', '0', undefined, false],
    ['parentbased_traceidratio', '0', '01', true],
  ];
  const sent = cases.map(async ([sampler, ratio, flags], i) => {
    const { ask, stop } = await aTracingGateway('http://127.0.0.1:1', {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`,
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: ratio,
      OTEL_SERVICE_NAME: `case ${i}`,
    });
    const headers: Record<string, string> = flags === undefined ? {} : { traceparent: `00-${traceId(20)}-${PARENT}-${flags}` };
    await (await ask('{ __typename }', headers)).text();
    await stop('SIGINT');
    return spans.some(({ service }) => service === `case ${i}`);
  });
  expect(await Promise.all(sent)).toEqual(cases.map(([, , , isSent]) => isSent));
}, 60_000);

test('a collector that is down, or does not answer, is told of once, and holds up neither requests nor the stop', async () => {
  const { url, state } = await aCollector();
  state.status = 503;
  const settings = { OTEL_EXPORTER_OTLP_TIMEOUT: '300' };
  const failing = await aTracingGateway(url, settings);
  const silent = await aTracingGateway(url);
  const ask = async ({ ask: send }: typeof failing) => {
    const since = performance.now();
    for (let i = 0; i < 20; i++) await (await send(QUERY)).text();
    return performance.now() - since;
  };
  expect(await ask(failing)).toBeLessThan(2000);
  await until(() => failing.output().includes('traces cannot be sent'), 'the collector was told of');
  await ask(failing);
  await wait(2500);
  expect(state.requests).toBeGreaterThan(1);
  const stopped = await failing.stop('SIGINT');
  expect(stopped.code).toBe(0);
  expect(stopped.stdout.match(/traces cannot be sent/g)).toHaveLength(1);

  state.status = 0;
  expect(await ask(silent)).toBeLessThan(2000);
  const since = performance.now();
  // Clients whose connections are kept are not waited for.
  expect((await silent.stop('SIGINT')).code).toBe(0);
  expect(performance.now() - since).toBeLessThan(4000);
}, 40_000);

test('traces are sent again, and said to be, when the collector is back', async () => {
  const { url, state, spans } = await aCollector();
  state.status = 503;
  const { ask, output } = await aTracingGateway(url, { OTEL_EXPORTER_OTLP_TIMEOUT: '300' });
  await ask(QUERY);
  await until(() => output().includes('traces cannot be sent'), 'the collector was told of');
  state.status = 200;
  await ask(QUERY);
  await until(() => output().includes('traces are sent again'), 'the collector is back');
  expect(spans.length).toBeGreaterThan(2);
});

test('the standard variables that switch it off do, and those that cannot be used are told of', async () => {
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:4318';
  const hasTraces = (env: Record<string, string>) => loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT, ...env }).hasTraces;
  expect(hasTraces({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'false' })).toBe(true);
  expect([hasTraces({ OTEL_SDK_DISABLED: 'true' }), hasTraces({ OTEL_TRACES_EXPORTER: 'none' })]).toEqual([false, false]);
  for (const env of [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { OTEL_TRACES_EXPORTER: 'zipkin' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: '127.0.0.1:4318' },
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'ftp://127.0.0.1' },
  ] as Record<string, string>[])
    expect(() => hasTraces(env)).toThrow(Object.keys(env)[0]);
  // This one is read by OpenTelemetry itself.
  const { url, spans } = await aCollector();
  const { ask, stop } = await aTracingGateway(url, { OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' });
  await (await ask(QUERY)).text();
  expect((await stop()).stdout).toMatch(/OTEL_EXPORTER_OTLP_COMPRESSION is invalid.*OpenTelemetry cannot use/);
  expect(spans).not.toEqual([]);
});

/** Makes a process tell, when it ends, which files of OpenTelemetry it has loaded. */
const TELLING = `import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({ load(url, context, next) { if (url.includes('/@opentelemetry/')) loaded.add(url.split('/@opentelemetry/')[1].split('/')[0]); return next(url, context); } });
process.on('exit', () => console.log('loaded: ' + [...loaded].join(' ')));`;

test('without an endpoint nothing of OpenTelemetry is loaded but its interface, which prom-client asks for', async () => {
  const { url } = await aCollector();
  const loadedBy = async (collectorUrl?: string) => {
    const { ask, stop } = await aTracingGateway(collectorUrl, {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(TELLING)}`,
    });
    await (await ask(QUERY)).text();
    return /^loaded: (.*)$/m.exec((await stop('SIGINT')).stdout)?.[1]?.split(' ');
  };
  expect(await loadedBy()).toEqual(['api']);
  expect(await loadedBy(url)).toEqual(expect.arrayContaining(['api', 'sdk-trace', 'exporter-trace-otlp-proto']));
});
