// What pages of other sites can make a browser send, and what they may read.

import { expect, test } from 'vitest';
import { limitsMet, times } from './support/protection.ts';
import { answersIn, bytesOf, exchange } from './support/raw-http.ts';
import { anApp } from './support/world.ts';

const BODY = JSON.stringify({ query: '{ __typename }' });
const ORIGIN = 'https://a.example';
const INLINE = { body: BODY };

test('a POST that a page of any site could send is refused before anything of it is read as an operation', async () => {
  const world = await anApp();
  const { url, statements } = world;
  const port = Number(new URL(url).port);
  const simple = [
    'text/plain',
    'Text/Plain; charset=UTF-8',
    ' text/plain ;x=y',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'MULTIPART/FORM-DATA',
    undefined,
  ];
  const sent = await statements.during(async () => {
    for (const type of simple) {
      const [answer] = answersIn(
        await exchange(port, bytesOf({ ...INLINE, headers: { 'content-type': type, 'x-apollo-operation-name': undefined } })),
      );
      const { errors } = JSON.parse(answer?.body ?? '');
      expect([type, answer?.status, errors[0].extensions.code, Object.keys(errors[0])]).toEqual([
        type,
        403,
        'CROSS_SITE_REQUEST',
        ['message', 'extensions'],
      ]);
      expect(errors[0].message).toContain('x-apollo-operation-name');
      expect(answer?.headers).toMatchObject({ 'cache-control': 'no-store', 'x-request-id': 'mine', 'x-content-type-options': 'nosniff' });
    }
  });
  expect(sent).toEqual([]);
  expect(await limitsMet(world)).toEqual([]);
});

test('what a browser asks about first is let through: JSON, and the headers of Apollo’s clients', async () => {
  const { url } = await anApp({ isSeeded: false });
  const statusOf = async (headers: Record<string, string>, body = BODY) => (await fetch(url, { method: 'POST', headers, body })).status;
  for (const type of ['application/json', 'application/json; charset=utf-8', 'application/graphql-response+json', 'Application/JSON'])
    expect([type, (await statusOf({ 'content-type': type })) === 403]).toEqual([type, false]);
  expect(await statusOf({ 'content-type': 'application/json' })).toBe(200);
  const form = new URLSearchParams({ query: '{ __typename }' }).toString();
  for (const name of ['x-apollo-operation-name', 'apollo-require-preflight', 'X-Requested-With'])
    expect([name, await statusOf({ 'content-type': 'application/x-www-form-urlencoded', [name]: 'x' }, form)]).toEqual([name, 200]);
  // One that says nothing asks for nothing.
  expect(await statusOf({ 'content-type': 'text/plain', 'x-requested-with': '' })).toBe(403);
});

test('a mutation by GET is refused, however it is written, and writes nothing', async () => {
  const { url, prisma } = await anApp();
  const before = await prisma.user.count();
  const signUp =
    'mutation Q { signUp(input: { username: "asha", email: "asha@convoy.example", password: "a long password", firstName: "A", lastName: "B" }) { token } }';
  for (const search of [
    { query: signUp },
    { query: `query P { __typename } ${signUp}`, operationName: 'Q' },
    { query: signUp.replace('mutation', 'mutation#x\n'), operationName: 'Q' },
  ] as Record<string, string>[]) {
    const answer = await fetch(`${url}?${new URLSearchParams(search)}`, { headers: { 'x-apollo-operation-name': 'Q' } });
    expect([answer.status, answer.headers.get('allow'), answer.headers.get('cache-control')]).toEqual([405, 'POST', 'no-store']);
  }
  expect(await prisma.user.count()).toBe(before);
  const both = `${url}?${new URLSearchParams({ query: `query P { __typename } ${signUp}`, operationName: 'P' })}`;
  expect(await (await fetch(both)).json()).toMatchObject({ data: { __typename: 'Query' } });
});

test('a page of a listed origin is told that it may post JSON with a token', async () => {
  const { url } = await anApp({ isSeeded: false, corsOrigins: [ORIGIN, 'https://b.example'] });
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' };
  const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: ORIGIN, ...asked } });
  // https://fetch.spec.whatwg.org/#cors-preflight-fetch: any other status fails it.
  expect(preflight.status).toBeGreaterThanOrEqual(200);
  expect(preflight.status).toBeLessThan(300);
  expect(await preflight.text()).toBe('');
  const { headers } = preflight;
  expect(headers.get('access-control-allow-origin')).toBe(ORIGIN);
  expect(headers.get('access-control-allow-methods')).toMatch(/\bPOST\b/);
  expect(headers.get('access-control-allow-headers')).toBe('authorization,content-type');
  expect(headers.get('access-control-max-age')).toBe('86400');
  expect(headers.get('access-control-allow-credentials')).toBeNull();
});

test('a page of any other origin is told nothing', async () => {
  const { url, send } = await anApp({ isSeeded: false, corsOrigins: [ORIGIN] });
  for (const origin of [
    'https://c.example',
    'null',
    'https://a.example.evil.example',
    'http://a.example',
    'https://a.example:444',
    ORIGIN.toUpperCase(),
  ]) {
    const asked = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
    const answers = [
      await fetch(url, { method: 'OPTIONS', headers: asked }),
      await send({ query: '{ __typename }' }, { headers: { origin } }),
      await send('{', { headers: { origin } }),
    ];
    for (const { headers } of answers)
      expect([origin, [...headers.keys()].filter((name) => name.startsWith('access-control'))]).toEqual([origin, []]);
  }
});

test('every kind of answer to a page of a listed origin may be read, with its headers', async () => {
  const { url, send } = await anApp({
    isSeeded: false,
    corsOrigins: [ORIGIN],
    protection: { maxBodyBytes: 500, modes: { requests: 'enforce' }, rates: { perMinute: 7 } },
  });
  const headers = { origin: ORIGIN };
  const statuses: number[] = [];
  for (const ask of [
    () => send({ query: '{ __typename }' }, { headers }),
    () => send('{', { headers }),
    () => send({ query: '{ nothing }' }, { headers }),
    () => send(`"${'x'.repeat(500)}"`, { headers }),
    () => send(BODY, { headers: { ...headers, 'content-type': 'text/plain' } }),
    () => fetch(`${new URL(url).origin}/elsewhere`, { headers }),
    () => send({ query: '{ __typename }' }, { headers, token: 'nonsense' }),
    () => send({ query: '{ __typename }' }, { headers }),
  ]) {
    const answer = await ask();
    statuses.push(answer.status);
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([answer.status, ORIGIN]);
    expect(answer.headers.get('access-control-expose-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-RateLimit-Remaining', 'X-Request-Id']),
    );
  }
  expect(statuses).toEqual([200, 400, 400, 413, 403, 404, 401, 429]);
});

test('every kind of answer has the security headers, once each', async () => {
  const { url, send } = await anApp({ isSeeded: false, protection: { maxBodyBytes: 500 } });
  const get = (path: string, init: RequestInit = {}) => fetch(`${new URL(url).origin}${path}`, init);
  const answers = [
    await send({ query: '{ __typename }' }),
    await send({ query: '{ nothing }' }),
    await send(`"${'x'.repeat(500)}"`),
    await get('/graphql', { method: 'OPTIONS' }),
    await get('/elsewhere'),
    await get('/health'),
    await get('/metrics'),
    await get('/graphql?query={__typename}', { method: 'HEAD' }),
  ];
  const NAMES = ['content-security-policy', 'cross-origin-opener-policy', 'referrer-policy', 'x-content-type-options', 'x-frame-options'];
  const expected = ["default-src 'none'; frame-ancestors 'none'", 'same-origin', 'no-referrer', 'nosniff', 'DENY'];
  expect(answers.map(({ headers }) => NAMES.map((name) => headers.get(name)))).toEqual(times(answers.length, () => expected));
});
