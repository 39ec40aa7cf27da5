// Which path a request asks: the guard, the log, the metrics and whoever answers must agree, or one of them can be got around.

import { expect, onTestFinished, test } from 'vitest';
import { createLog } from '../src/log.ts';
import { openPubSub } from '../src/resources/redis.ts';
import { anAppOver, aProtection } from './support/app-deps.ts';
import { codesOf, listen, onlyRates } from './support/protection.ts';
import { answersIn, bytesOf, exchange, type RawRequest } from './support/raw-http.ts';
import { aLoggingApp, fieldsOf } from './support/request-lines.ts';
import { anApp } from './support/world.ts';

async function raw(url: string, request: RawRequest) {
  const [answer] = answersIn(await exchange(Number(new URL(url).port), bytesOf(request)));
  if (!answer) throw new Error('There is no answer.');
  return answer;
}

const QUERY = '{ spas(first: 1) { nodes { id } } }';
const body = JSON.stringify({ query: QUERY });
const ASKED = `query=${encodeURIComponent(QUERY)}`;

/** Each is a path of GraphQL to somebody who looks at its end alone, or reads it as a browser does. */
const LIKE_GRAPHQL = [
  '/health/live?x=/graphql',
  '/metrics?/graphql',
  '/metrics?x=/graphql/',
  '/health/../graphql',
  '/metrics/../graphql',
  '/health/./../graphql',
  '/x/graphql',
  '//graphql',
  '//x/graphql',
  '/x?/graphql',
  '/./graphql',
  '/graphql/',
  '/graphql#x',
  '/graphql\\',
  '/%67raphql',
  '/GRAPHQL',
  '/graphql/playground-x?x=/graphql',
  '/graphql/playground-x/../../graphql',
  '/graphql/playground-x\\..\\..\\graphql',
  'http://localhost/x/graphql',
  'http://localhost',
  'ftp://localhost//graphql',
  '*',
];

test('GraphQL is at its very path and nowhere else, counted and bounded', async () => {
  const log = createLog({ level: 'silent' });
  const { pubSub, close } = await openPubSub(undefined, log);
  onTestFinished(close);
  const { statements, database, prisma, tokens } = await anApp();
  const app = anAppOver({
    ...{ database, prisma, tokens, pubSub, log },
    playground: { examples: [], hasDemoUsers: false },
    protection: aProtection({ maxBodyBytes: 1000, modes: onlyRates('requests'), rates: { perMinute: 1000 } }),
  });
  for (const one of [await listen(app.listener), await listen(app.slowListener)]) {
    const sent = await statements.during(async () => {
      for (const target of LIKE_GRAPHQL) {
        const posted = await raw(one, { target, body });
        expect([target, posted.status, codesOf(JSON.parse(posted.body).errors)]).toEqual([target, 404, ['NOT_FOUND']]);
        expect([target, posted.headers]).toEqual([target, expect.objectContaining({ ratelimit: expect.any(String) })]);
        // Whoever read it would say that it is too long.
        expect((await raw(one, { target, body: ' '.repeat(2000) })).status).toBe(404);
        const got = await raw(one, {
          method: 'GET',
          target: target.includes('?') ? target.replace('?', `?${ASKED}&`) : `${target}?${ASKED}`,
        });
        expect([target, got.body.includes('"data"')]).toEqual([target, false]);
      }
    });
    expect(sent).toEqual([]);
    for (const target of ['/graphql', '/graphql?', '/graphql?x=/health', 'http://me:secret@elsewhere/graphql', 'HTTP://localhost/graphql'])
      expect([target, (await raw(one, { target, body })).status]).toEqual([target, 200]);
  }
});

test('what is not asked with GET or HEAD is no probe: it is counted, logged and answered as any other', async () => {
  const { url, lineOf } = await aLoggingApp({ protection: { modes: onlyRates('requests'), rates: { perMinute: 3 } } });
  const ask = (method: string, target: string) => lineOf(() => raw(url, { method, target }));
  for (const method of ['GET', 'HEAD'])
    for (const target of ['/health', '/health/live', '/health/ready', '/metrics', 'http://elsewhere/metrics?x=/graphql'])
      expect([method, target, await ask(method, target)]).toEqual([method, target, expect.objectContaining({ level: 20, status: 200 })]);
  const others = [await ask('POST', '/metrics?x=/graphql'), await ask('OPTIONS', '/health'), await ask('GET', '/health/x')];
  for (const line of others) expect(line).toMatchObject({ level: 30, status: 404, codes: ['NOT_FOUND'] });
  expect((await ask('PUT', '/health/live'))?.status).toBe(429);
  expect(fieldsOf(await ask('GET', 'http://me:secret@elsewhere/health'))).toMatchObject({ path: '/health', status: 200 });
});

test("figures are not for pages, whoever's browser they are in", async () => {
  const origin = 'https://a.example';
  const { url } = await anApp({ isSeeded: false, corsOrigins: [origin] });
  const allowed = async (request: RawRequest) =>
    (await raw(url, { ...request, headers: { origin } })).headers['access-control-allow-origin'];
  expect(await allowed({ body: '{"query":"{ __typename }"}' })).toBe(origin);
  expect(await allowed({ method: 'GET', target: '/nothing' })).toBe(origin);
  for (const target of ['/metrics', '/health']) expect(await allowed({ method: 'GET', target })).toBeUndefined();
});
