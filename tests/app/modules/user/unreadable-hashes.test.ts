// What a client learns, and what the gateway does, when the stored hash of a password is none that it can read.

import * as argon2 from '@node-rs/argon2';
import { expect, test, vi } from 'vitest';
import { demoId } from '../../../../prisma/seed/demo.ts';
import { createLog } from '../../../../src/log.ts';
import { openPubSub } from '../../../../src/resources/redis.ts';
import { anAppOver } from '../../../support/app-deps.ts';
import { mutation } from '../../../support/inputs.ts';
import { anApp } from '../../../support/world.ts';

// Counted, and otherwise as it is.
vi.mock('@node-rs/argon2', async (load) => {
  const real = await load<typeof argon2>();
  return { ...real, verify: vi.fn(real.verify) };
});
const verifications = vi.mocked(argon2.verify);

const SIGN_IN = mutation('signIn', 'token');
const PASSWORD = 'convoy-demo';
/** Of `convoy-demo`: the work is what is wrong with some of these, not the password. */
const ARGON2 = await argon2.hash(PASSWORD);

const HASHES: [why: string, hash: string][] = [
  ['bcrypt', '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'],
  ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99'],
  ['empty', ''],
  ['garbage', '$argon2id$'],
  ['a truncated hash of argon2', ARGON2.slice(0, -9)],
  ['a hash without a value', ARGON2.slice(0, ARGON2.lastIndexOf('$'))],
  ['4 GiB of memory', ARGON2.replace('m=19456', 'm=4194304')],
  ['100,000 passes', ARGON2.replace('t=2', 't=100000')],
  ['200 lanes', ARGON2.replace('p=1', 'p=200')],
  ['a version that nobody knows', ARGON2.replace('v=19', 'v=99')],
  ['10,000 characters', `${ARGON2}${'A'.repeat(10_000)}`],
];

async function aGateway() {
  const world = await anApp();
  const lines: string[] = [];
  const log = createLog({ destination: { write: (line: string) => void lines.push(line) } });
  const { pubSub } = await openPubSub(undefined, log);
  const app = anAppOver({ database: world.database, prisma: world.prisma, tokens: world.tokens, pubSub, log });

  /** The whole answer, without what differs from request to request, and what it took. */
  const signIn = async (usernameOrEmail: string, password: string) => {
    verifications.mockClear();
    lines.length = 0;
    const response = await app.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: SIGN_IN, variables: { input: { usernameOrEmail, password } } }),
    });
    const headers = [...response.headers].filter(([name]) => name !== 'x-request-id');
    const answer = { status: response.status, headers, body: await response.text() };
    return { answer, comparisons: verifications.mock.calls.length, lines: lines.map((line) => JSON.parse(line)) };
  };
  const store = (passwordHash: string) => world.prisma.user.update({ where: { id: demoId('USER') }, data: { passwordHash } });
  return { ...world, signIn, store };
}

test('an unknown name, a wrong password, an inactive user and a hash that cannot be read: the same answer, the same work, and a line for the operator', async () => {
  const { signIn, store, prisma } = await aGateway();
  const unknown = await signIn('nobody', PASSWORD);
  expect(unknown).toMatchObject({ answer: { status: 200 }, comparisons: 1, lines: [] });
  expect(unknown.answer.body).toContain('"message":"The name or the password is wrong."');
  expect(await signIn('user', 'another password')).toEqual(unknown);
  await prisma.user.update({ where: { id: demoId('HR') }, data: { isActive: false } });
  expect(await signIn('hr', PASSWORD)).toEqual(unknown);
  for (const [why, hash] of HASHES) {
    await store(hash);
    const { lines, ...seen } = await signIn(why === 'MD5' ? 'user@convoy.example' : 'user', PASSWORD);
    expect({ why, ...seen }).toEqual({ why, answer: unknown.answer, comparisons: 1 });
    expect(lines.map(({ level, userId }) => ({ level, userId }))).toEqual([{ level: 40, userId: demoId('USER') }]);
    if (hash) expect(JSON.stringify(lines)).not.toContain(hash.slice(0, 12));
    // Nothing that costs more than the gateway's own hashes is computed.
    const [[compared = ''] = []] = verifications.mock.calls;
    expect(argon2.parseOptions(compared)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  }
});

test('hashes of argon2 with the parameters of other systems sign in', async () => {
  const { signIn, store } = await aGateway();
  for (const options of [
    { memoryCost: 65_536, timeCost: 4, parallelism: 1 },
    { memoryCost: 65_536, timeCost: 3, parallelism: 4 },
    { memoryCost: 8192, timeCost: 2, parallelism: 1, algorithm: 1 },
  ]) {
    await store(await argon2.hash(PASSWORD, options));
    expect((await signIn('user', PASSWORD)).answer.body).toContain('"token":');
    expect((await signIn('user', 'another password')).answer.body).toContain('UNAUTHENTICATED');
  }
});

test('a password that was hashed as it was typed signs in as it is typed', async () => {
  const { signIn, store } = await aGateway();
  const typed = 'क\u095cवा पासवर्ड';
  await store(await argon2.hash(typed));
  expect((await signIn('user', typed)).answer.body).toContain('"token":');
});

test('a wrong password is compared as often for a user as for nobody, in each spelling', async () => {
  const { signIn, store } = await aGateway();
  const typed = 'wrong cafe\u0301';
  const unknown = await signIn('nobody', typed);
  expect(unknown.comparisons).toBe(2);
  expect(await signIn('user', typed)).toEqual(unknown);
  await store('');
  const { lines, ...seen } = await signIn('user', typed);
  expect({ ...seen, lines: lines.length }).toEqual({ answer: unknown.answer, comparisons: 2, lines: 1 });
});
