// How kept answers travel: headers, validators, and whom they are not for.

import { expect, test } from 'vitest';
import { rowsOf } from './support/database.ts';
import { mutation, SPA, templateFor, toIssue } from './support/inputs.ts';
import { type Operation, visit, warm } from './support/visitors.ts';
import { anApp } from './support/world.ts';

const SPA_1: Operation = {
  query: 'query ($id: ID!) { spa(id: $id) { name certificates(first: 3) { nodes { id } totalCount { value } } } }',
  variables: { id: SPA },
};
const aGateway = async (options: Parameters<typeof anApp>[0] = {}) => {
  const gateway = await anApp({ responseCache: {}, ...options });
  await rowsOf(gateway.databaseUrl, 'update spas set is_active = true, version = 1 where id <= 2');
  return gateway;
};

test('an answer is kept from the second time on, and then costs no statement', async () => {
  const gateway = await aGateway();
  const seen: (string | null)[] = [];
  const statements: number[] = [];
  for (let round = 0; round < 4; round++) {
    const sent = await gateway.statements.during(async () => void seen.push((await visit(gateway, SPA_1)).cache));
    statements.push(sent.length);
  }
  expect(seen).toEqual([null, 'miss', 'hit', 'hit']);
  expect(statements).toEqual([statements[0], statements[0], 0, 0]);
  expect(statements[0]).toBeGreaterThan(1);
});

test('forty visitors at once send the statements of one, and get the same answer', async () => {
  const gateway = await aGateway({ batching: { isShared: false } });
  const alone = await gateway.statements.during(() => visit(gateway, SPA_1));
  const seen: Awaited<ReturnType<typeof visit>>[] = [];
  const together = await gateway.statements.during(() =>
    Promise.all(Array.from({ length: 40 }, async () => void seen.push(await visit(gateway, SPA_1)))),
  );
  expect(together).toHaveLength(alone.length);
  expect(new Set(seen.map(({ text }) => text)).size).toBe(1);
  expect(new Set(seen.map(({ headers }) => headers.get('x-request-id'))).size).toBe(40);
});

test('an answer by GET tells browsers and CDNs how long it lasts, and is not sent again to who has it', async () => {
  const gateway = await aGateway();
  const { headers, text } = await warm(gateway, SPA_1, { method: 'GET' });
  const etag = headers.get('etag') ?? '';
  expect(etag).toMatch(/^"[\w-]{20,}"$/);
  const maxAge = Number(/^public, max-age=(\d+)$/.exec(headers.get('cache-control') ?? '')?.[1]);
  expect(maxAge).toBeGreaterThan(50);
  expect(maxAge).toBeLessThanOrEqual(60);
  expect(headers.get('vary')?.split(/, ?/).sort()).toEqual(['accept', 'authorization', 'origin']);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, `"a",W/${etag} , "b"`, '*']) {
    const again = await visit(gateway, SPA_1, { method: 'GET', headers: { 'if-none-match': known } });
    expect([known, again.status, again.text, again.headers.get('etag')]).toEqual([known, 304, '', etag]);
    expect(again.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
    expect([again.headers.get('content-type'), again.headers.get('vary')]).toEqual([null, headers.get('vary')]);
  }
  for (const other of ['"other"', etag.slice(1, -1), `W/"x${etag.slice(1)}`, '']) {
    const again = await visit(gateway, SPA_1, { method: 'GET', headers: { 'if-none-match': other } });
    expect([other, again.status, again.text]).toEqual([other, 200, text]);
  }
  await gateway.ask(mutation('saveSpa', '__typename'), { input: { id: SPA, version: 1, name: 'Moon Spa' } }, { as: 'ADMIN' });
  const changed = await visit(gateway, SPA_1, { method: 'GET', headers: { 'if-none-match': etag } });
  expect([changed.status, changed.data.spa.name, changed.cache]).toEqual([200, 'Moon Spa', 'miss']);
  expect(changed.headers.get('etag')).not.toBe(etag);
});

test('whoever already has an answer that was just made is told so too', async () => {
  const gateway = await aGateway();
  const { headers } = await warm(gateway, SPA_1, { method: 'GET' });
  // Nothing of the page changes.
  await gateway.ask(mutation('issueCertificate', '__typename'), { input: toIssue('ID_CARD') }, { as: 'USER' });
  const again = await visit(gateway, SPA_1, { method: 'GET', headers: { 'if-none-match': headers.get('etag') ?? '' } });
  expect([again.status, again.cache]).toEqual([304, 'miss']);
});

test('an answer by POST is nobody else’s to keep, and is the same as by GET', async () => {
  const gateway = await aGateway();
  const [posted, got] = [await warm(gateway, SPA_1), await warm(gateway, SPA_1, { method: 'GET' })];
  expect(posted.text).toBe(got.text);
  expect([posted.headers.get('cache-control'), posted.headers.get('etag')]).toEqual(['no-store', null]);
  const known = await visit(gateway, SPA_1, { headers: { 'if-none-match': got.headers.get('etag') ?? '' } });
  expect([known.status, known.text]).toEqual([200, got.text]);
});

const WITHOUT_END = 'public, max-age=';
test.each([
  ['of an operation without hints', '{ viewer { id } }'],
  ['with errors', '{ spas(first: 1000) { nodes { id } } }'],
  ['with data and errors', '{ spa(id: "nonsense") { id } viewer { id } }'],
  ['to a document that is not valid', '{ nothing }'],
  ['to a document that cannot be parsed', '{ spas('],
  ['about the schema', '{ __schema { queryType { name } } }'],
  ['that is the name of a type alone', '{ __typename }'],
  ['to a mutation', 'mutation { deleteSpa(id: "U3BhOjE=") { deletedId } }'],
])('an answer %s is kept by nobody', async (_, query) => {
  const gateway = await aGateway();
  for (const method of ['GET', 'POST', 'GET', 'POST'] as const) {
    for (let round = 0; round < 2; round++) {
      const { headers, cache } = await visit(gateway, { query }, { method });
      expect([cache, headers.get('etag')]).toEqual([null, null]);
      const control = headers.get('cache-control');
      expect(method === 'POST' ? (control ?? 'no-store') : control, method).toBe('no-store');
      expect(control ?? '').not.toContain(WITHOUT_END);
    }
  }
});

test('a mutation by GET is refused, and HEAD is answered as GET without a body', async () => {
  const gateway = await aGateway();
  const refused = await visit(gateway, { query: 'mutation { deleteSpa(id: "U3BhOjE=") { deletedId } }' }, { method: 'GET' });
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST']);
  await warm(gateway, SPA_1, { method: 'GET' });
  const search = `query=${encodeURIComponent(SPA_1.query)}&variables=${encodeURIComponent(JSON.stringify(SPA_1.variables))}`;
  const head = await fetch(`${gateway.url}?${search}`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('each answer has an id of its own, its client’s where it sends one', async () => {
  const gateway = await aGateway();
  const { headers } = await warm(gateway, SPA_1, { method: 'GET' });
  const seen = new Set([headers.get('x-request-id')]);
  for (let round = 0; round < 5; round++) seen.add((await visit(gateway, SPA_1, { method: 'GET' })).headers.get('x-request-id'));
  expect(seen.size).toBe(6);
  const known = { 'x-request-id': 'mine-1', 'if-none-match': '*' };
  for (const method of ['GET', 'POST'] as const)
    expect((await visit(gateway, SPA_1, { method, headers: known })).headers.get('x-request-id')).toBe('mine-1');
});

test('a kept answer names the origin of each page that asks', async () => {
  const gateway = await aGateway({ corsOrigins: ['https://a.example', 'https://b.example'] });
  await warm(gateway, SPA_1, { method: 'GET', headers: { origin: 'https://a.example' } });
  for (const [origin, allowed] of [
    ['https://a.example', 'https://a.example'],
    ['https://b.example', 'https://b.example'],
    ['https://c.example', null],
    ['null', null],
  ] as const) {
    const seen = await visit(gateway, SPA_1, { method: 'GET', headers: { origin } });
    expect([seen.cache, seen.headers.get('access-control-allow-origin')]).toEqual(['hit', allowed]);
    expect(seen.headers.get('vary')).toContain('origin');
  }
});

test('the type of a kept answer is the one that each client accepts', async () => {
  const gateway = await aGateway();
  await warm(gateway, SPA_1, { method: 'GET' });
  for (const type of ['application/json', 'application/graphql-response+json']) {
    const seen = await visit(gateway, SPA_1, { method: 'GET', headers: { accept: type } });
    expect([seen.cache, seen.headers.get('content-type')]).toEqual(['hit', `${type}; charset=utf-8`]);
  }
});

test('whoever sends a token gets an answer of their own, and leaves visitors theirs', async () => {
  const gateway = await aGateway();
  const page = {
    query: 'query ($id: ID!) { node(id: $id) { ... on CertificateTemplate { name } } }',
    variables: { id: templateFor('ID_CARD') },
  };
  await rowsOf(gateway.databaseUrl, 'update certificate_templates set is_public = false');
  const asStaff = async () => ({ authorization: `Bearer ${(await gateway.tokens.sign(2)).token}` });
  for (const method of ['GET', 'POST'] as const) {
    // Staff come first, and often enough: a visitor who comes then finds nothing of theirs.
    for (let round = 0; round < 4; round++) {
      const staff = await visit(gateway, page, { method, headers: await asStaff() });
      expect([staff.data.node.name.length > 0, staff.cache, staff.headers.get('etag'), staff.headers.get('cache-control')]).toEqual([
        true,
        null,
        null,
        'no-store',
      ]);
    }
    expect((await visit(gateway, page, { method })).data.node).toBeNull();
    expect((await warm(gateway, page, { method })).data.node).toBeNull();
    expect((await visit(gateway, page, { method, headers: await asStaff() })).data.node.name).not.toBe('');
    for (const authorization of ['Bearer nonsense', 'nonsense', 'Bearer', 'Basic dXNlcjpwYXNz']) {
      const refused = await visit(gateway, page, { method, headers: { authorization } });
      expect([refused.status, refused.text.includes('UNAUTHENTICATED'), refused.cache]).toEqual([200, true, null]);
      expect(refused.headers.get('cache-control') ?? 'no-store').toBe('no-store');
    }
  }
});

test('an answer ends with its time', async () => {
  const gateway = await aGateway();
  const [certificate] = await rowsOf<{ number: string }>(gateway.databaseUrl, 'select number from certificates where is_public limit 1');
  const page = { query: 'query ($number: String!) { certificate(number: $number) { number spa { name } } }', variables: certificate };
  const { headers } = await warm(gateway, page, { method: 'GET' });
  const maxAge = Number(/max-age=(\d+)/.exec(headers.get('cache-control') ?? '')?.[1]);
  expect(maxAge).toBeGreaterThanOrEqual(8);
  expect(maxAge).toBeLessThanOrEqual(10);
  const now = Date.now;
  try {
    Date.now = () => now() + 9_000;
    expect((await visit(gateway, page, { method: 'GET' })).cache).toBe('hit');
    Date.now = () => now() + 10_001;
    expect((await visit(gateway, page, { method: 'GET' })).cache).toBe('miss');
  } finally {
    Date.now = now;
  }
});
