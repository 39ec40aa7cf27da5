// Limits of single fields: whose calls count together, and that nothing gets round them.

import { expect, test } from 'vitest';
import { demoId } from '../prisma/seed/demo.ts';
import { createLimits } from '../src/limits/limits.ts';
import { createFieldLimits } from '../src/rate-limit/field-limits.ts';
import { createMemoryStore } from '../src/rate-limit/memory-store.ts';
import { rowsOf } from './support/database.ts';
import { ACCOUNT, CANDIDATE, mutation, SPA } from './support/inputs.ts';
import { codesOf, from, limitsMet, onlyRates, times } from './support/protection.ts';
import { codeOf } from './support/refusals.ts';
import { visit, warm } from './support/visitors.ts';
import { anApp } from './support/world.ts';

const protection = { modes: onlyRates('fields'), trustedProxies: ['loopback'], maxBatch: 40, maxima: { aliases: 200, rootFields: 200 } };
const SIGN_IN = 'mutation ($name: String!) { signIn(input: { usernameOrEmail: $name, password: "wrong" }) { token } }';
const BY_INPUT = mutation('signIn', 'token');
const aliases = (count: number, field: string) => times(count, (i) => `a${i}: ${field}`).join(' ');

/** How many of a field's calls were refused. */
const refusedIn = (errors: Parameters<typeof codesOf>[0]) => codesOf(errors).filter((code) => code === 'RATE_LIMITED').length;

test('each alias and each operation of a batch counts: of 70 verifications at once, 30 are made', async () => {
  const world = await anApp({ protection });
  const batch = times(2, () => ({ query: `{ ${aliases(20, 'certificate(number: "INV-2023-0000001") { id }')} }` }));
  const answers = await Promise.all([
    world.send(batch).then((answer) => answer.json()),
    world.send({ query: `{ ${aliases(30, 'certificate(number: "INV-2023-0000001") { id }')} }` }).then((answer) => answer.json()),
  ]);
  const refused = answers.flat().map(({ errors }) => refusedIn(errors));
  expect(refused.reduce((sum, one) => sum + one)).toBe(40);
  expect(await limitsMet(world)).toEqual(['fields refused: 40']);
});

test('a refusal names its field and when there is room; the other fields are answered', async () => {
  const { ask } = await anApp({ protection });
  await ask(`{ ${aliases(30, 'certificate(number: "INV-2023-0000001") { id }')} }`);
  const { status, headers, data, errors } = await ask('{ __typename again: certificate(number: "INV-2023-0000001") { id } }');
  expect([status, data, errors?.length]).toEqual([200, { __typename: 'Query', again: null }, 1]);
  const { message, path, extensions } = errors?.[0] ?? { extensions: {} as Record<string, unknown> };
  expect([message, path, extensions]).toEqual([
    expect.stringMatching(/^Too many calls of Query\.certificate\. Try again in \d+ s\.$/),
    ['again'],
    { code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) },
  ]);
  expect(extensions.retryAfterSeconds).toBeGreaterThan(50);
  expect(extensions.retryAfterSeconds).toBeLessThanOrEqual(61);
  expect(headers.get('retry-after')).toBe(String(extensions.retryAfterSeconds));
});

test('somebody who is signed in and the address where they are count apart, for what counts by client', async () => {
  const { ask } = await anApp({ protection });
  const twenty = `{ ${aliases(20, 'certificate(number: "INV-2023-0000001") { id }')} }`;
  for (const options of [{}, { as: 'USER' }, { as: 'HR' }] as const) expect(refusedIn((await ask(twenty, {}, options)).errors)).toBe(0);
  for (const options of [{}, { as: 'USER' }, { as: 'HR' }] as const) expect(refusedIn((await ask(twenty, {}, options)).errors)).toBe(10);
  const there = await ask(twenty, {}, { as: 'USER', headers: { 'x-forwarded-for': '203.0.113.9' } });
  expect(refusedIn(there.errors)).toBe(20);
});

test('statistics and applications have limits of their own', async () => {
  const { ask, prisma } = await anApp({ protection });
  const statistics = await ask(`{ ${aliases(21, 'statistics { __typename }')} }`, {}, { as: 'ADMIN' });
  expect([statistics.status, refusedIn(statistics.errors), Number(statistics.headers.get('retry-after')) > 50]).toEqual([200, 1, true]);

  const apply = mutation('submitCandidateForm', 'candidateForm { id }');
  const before = await prisma.candidateForm.count();
  const answers = await Promise.all(times(8, () => ask(apply, { input: { ...CANDIDATE, spaId: SPA } }, { as: 'USER' })));
  expect(answers.map(codeOf).sort()).toEqual([...times(3, () => 'RATE_LIMITED'), ...times(5, () => 'ok')]);
  expect((await prisma.candidateForm.count()) - before).toBe(5);
});

test('signing up is limited by address, whoever is signed in there, and what is refused makes no account', async () => {
  const { ask, prisma } = await anApp({ protection });
  const before = await prisma.user.count();
  const signUp = (i: number, options = {}) =>
    ask(mutation('signUp', 'viewer { id }'), { input: { ...ACCOUNT, username: `asha${i}`, email: `asha${i}@convoy.example` } }, options);
  const answers = await Promise.all(times(9, (i) => signUp(i, { as: (['USER', 'HR', undefined] as const)[i % 3] })));
  expect(answers.map(codeOf).sort()).toEqual([...times(4, () => 'RATE_LIMITED'), ...times(5, () => 'ok')]);
  expect((await prisma.user.count()) - before).toBe(5);
  expect(codeOf(await signUp(20, from('203.0.113.5')))).toBe('ok');
});

test('an account may be tried five times a minute, from however many addresses, and others stay open', async () => {
  const world = await anApp({ protection });
  const answers = await Promise.all(times(12, (i) => world.ask(SIGN_IN, { name: 'admin' }, from(`203.0.113.${i}`))));
  expect(answers.map(codeOf).sort()).toEqual([...times(7, () => 'RATE_LIMITED'), ...times(5, () => 'UNAUTHENTICATED')]);
  const refused = answers.find((answer) => codeOf(answer) === 'RATE_LIMITED');
  expect([refused?.data, refused?.errors?.[0]?.path]).toEqual([{ signIn: null }, ['signIn']]);
  const seconds = Number(refused?.headers.get('retry-after'));
  expect([seconds > 50 && seconds <= 61, refused?.errors?.[0]?.extensions.retryAfterSeconds]).toEqual([true, seconds]);
  expect(codeOf(await world.ask(BY_INPUT, { input: { usernameOrEmail: 'hr', password: 'convoy-demo' } }))).toBe('ok');
  expect(codeOf(await world.ask(BY_INPUT, { input: { usernameOrEmail: 'admin', password: 'convoy-demo' } }))).toBe('RATE_LIMITED');
});

const SPELLINGS = ['admin', 'ADMIN', 'Admin', ' admin', 'admin\t', 'aDmIn ', '\u00a0admin', 'admin\ufeff'];

test('an account is one account however its name is spelled, in variables', async () => {
  const { ask } = await anApp({ protection });
  const codes: string[] = [];
  for (const usernameOrEmail of SPELLINGS) codes.push(codeOf(await ask(BY_INPUT, { input: { usernameOrEmail, password: 'wrong' } })));
  expect(codes).toEqual([...times(5, () => 'UNAUTHENTICATED'), ...times(3, () => 'RATE_LIMITED')]);
});

test('an account is one account however its name is spelled, in the document', async () => {
  const { ask } = await anApp({ protection });
  const codes: string[] = [];
  for (const name of SPELLINGS) {
    const query = `mutation { signIn(input: { usernameOrEmail: ${JSON.stringify(name)}, password: "wrong" }) { token } }`;
    codes.push(codeOf(await ask(query)));
  }
  expect(codes).toEqual([...times(5, () => 'UNAUTHENTICATED'), ...times(3, () => 'RATE_LIMITED')]);
});

test('an account is one account however its name is spelled, in a variable within the document', async () => {
  const { ask } = await anApp({ protection });
  const codes: string[] = [];
  for (const name of SPELLINGS) codes.push(codeOf(await ask(SIGN_IN, { name })));
  expect(codes).toEqual([...times(5, () => 'UNAUTHENTICATED'), ...times(3, () => 'RATE_LIMITED')]);
});

test('a name that signs in has one bucket: each spelling that the database takes for it counts together', async () => {
  const { ask, databaseUrl } = await anApp({ protection });
  await rowsOf(databaseUrl, `update users set username = 'ǅemal.straße' where id = ${demoId('USER')}`);
  const spellings = ['ǅemal.straße', 'ǆemal.straße', 'Ǆemal.straße', 'ǅEMAL.STRAßE', 'ǅemal.STRAßE', 'Ǆemal.Straße'];
  const found: string[] = [];
  const codes: string[] = [];
  for (const name of spellings) {
    const [row] = await rowsOf(databaseUrl, `select 1 from users where username = '${name}'`);
    if (row) found.push(name);
    codes.push(codeOf(await ask(BY_INPUT, { input: { usernameOrEmail: name, password: 'wrong' } })));
  }
  const guesses = found.map((name) => codes[spellings.indexOf(name)]);
  expect(guesses.filter((code) => code === 'UNAUTHENTICATED').length).toBeLessThanOrEqual(5);
});

test('twenty sign-ins of an address, each of another account, are tried, in one operation too', async () => {
  const { ask, statements } = await anApp({ protection });
  const signIns = times(26, (i) => `a${i}: signIn(input: { usernameOrEmail: "nobody${i}", password: "wrong" }) { __typename }`);
  // Root fields are nullable: one that fails does not end the operation.
  const tried = await ask(`mutation { ${signIns.slice(0, 10).join(' ')} }`);
  expect([tried.status, codesOf(tried.errors)]).toEqual([200, times(10, () => 'UNAUTHENTICATED')]);
  const codes: string[] = [];
  for (const one of signIns.slice(10)) codes.push(codeOf(await ask(`mutation { ${one} }`, {}, codes.length % 2 ? { as: 'USER' } : {})));
  expect(codes).toEqual([...times(10, () => 'UNAUTHENTICATED'), ...times(6, () => 'RATE_LIMITED')]);
  // What is refused does not reach the database.
  expect(await statements.during(() => ask(SIGN_IN, { name: 'admin' }))).toEqual([]);
});

test('mutations of one operation count one after the other, and from the sixth on they are refused', async () => {
  const { ask, prisma } = await anApp({ protection });
  const before = await prisma.candidateForm.count();
  const applications = times(7, (i) => `a${i}: submitCandidateForm(input: $input) { candidateForm { id } }`);
  const query = `mutation ($input: SubmitCandidateFormInput!) { ${applications.join(' ')} }`;
  const { status, data, errors } = await ask(query, { input: { ...CANDIDATE, spaId: SPA } }, { as: 'USER' });
  expect([status, refusedIn(errors), errors?.map(({ path }) => path)]).toEqual([200, 2, [['a5'], ['a6']]]);
  expect(Object.values(data).filter(Boolean)).toHaveLength(5);
  expect((await prisma.candidateForm.count()) - before).toBe(5);
});

test('what is watched passes and is counted, and what is off is not', async () => {
  const query = `{ ${aliases(33, 'certificate(number: "INV-2023-0000001") { id }')} }`;
  for (const [mode, met] of [
    ['watch', ['fields watched: 3']],
    ['off', []],
  ] as const) {
    const world = await anApp({ protection: { ...protection, modes: { ...protection.modes, fields: mode } } });
    expect([mode, codesOf((await world.ask(query)).errors), await limitsMet(world)]).toEqual([mode, [], met]);
  }
});

test('an answer that is kept counts for nobody', async () => {
  const world = await anApp({ protection, responseCache: {} });
  const page = { query: '{ certificate(number: "INV-2023-0000001") { id } }' };
  await warm(world, page);
  for (let i = 0; i < 40; i++) expect((await visit(world, page)).cache).toBe('hit');
  expect(await limitsMet(world)).toEqual([]);
});

test('fields of different types with one name, values of arguments and clients do not mix', async () => {
  const fieldLimits = createFieldLimits({ store: createMemoryStore(), limits: createLimits() });
  const client = (address: string) => ({ key: address, address, isSignedIn: false, isPrivate: false, isSecure: false });
  const rule = [{ by: 'ADDRESS', perMinute: 1, identityArgs: ['input.name'] }] as const;
  // As graphql-js makes an input of what stands in the document: an object without a prototype.
  const input = (name: string): object => Object.assign(Object.create(null), { name });
  const check = (field: string, name: string, address = '203.0.113.1') =>
    fieldLimits.check(rule, { field, args: { input: input(name) }, client: client(address) }).then(
      () => 'passed',
      (error) => error.extensions.code,
    );
  expect(await check('Query.thing', 'one')).toBe('passed');
  expect(await check('Query.thing', 'ONE ')).toBe('RATE_LIMITED');
  expect(await check('Spa.thing', 'one')).toBe('passed');
  expect(await check('Query.thing', 'two')).toBe('passed');
  expect(await check('Query.thing', 'one', '203.0.113.2')).toBe('passed');
  // Nobody takes another's place by a name that looks like a key.
  expect(await check('Query.thing', 'one of 203.0.113.3')).toBe('passed');
  expect(await check('Query.thing', 'one', '203.0.113.3')).toBe('passed');
});
