import { expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { createLog } from '../src/log.ts';
import { openPubSub } from '../src/resources/redis.ts';
import { anAppOver } from './support/app-deps.ts';
import { rowsOf } from './support/database.ts';
import { ACCOUNT, mutation } from './support/inputs.ts';
import { codeOf, expectError } from './support/refusals.ts';
import { anApp } from './support/world.ts';

const SIGN_UP = mutation('signUp', 'token expiresAt viewer { id username email role isActive isVerified version }');
const SIGN_IN = mutation('signIn', 'token viewer { id username lastLoginAt }');

test('signing up makes a user with the role USER, and the answer shows what is theirs', async () => {
  const { ask, databaseUrl } = await anApp();
  const { data, errors } = await ask(SIGN_UP, { input: { ...ACCOUNT, phoneNumber: '+91 98765-43210' } });
  expect(errors).toBeUndefined();
  const { id, ...viewer } = data.signUp.viewer;
  expect(viewer).toEqual({
    username: 'asha.rao',
    email: 'asha@convoy.example',
    role: 'USER',
    isActive: true,
    isVerified: false,
    version: 1,
  });

  const again = await ask('{ viewer { id phoneNumber } }', {}, { token: data.signUp.token });
  expect(again.data.viewer).toEqual({ id, phoneNumber: '+919876543210' });
  const [row] = await rowsOf<{ hash: string }>(databaseUrl, `select password_hash as hash from users where username = 'asha.rao'`);
  expect(row?.hash).toMatch(/^\$argon2id\$/);
});

test('nobody signs up with a role', async () => {
  const { ask } = await anApp();
  const { status, errors } = await ask(SIGN_UP, { input: { ...ACCOUNT, role: 'ADMIN' } });
  expect([status, errors?.[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
});

test.each([
  ['username', { username: 'User' }],
  ['username', { username: 'ADMIN' }],
  ['email', { email: 'user@convoy.example' }],
  ['email', { email: 'HR@Convoy.Example' }],
])('a %s that is taken in any case is a conflict: %j', async (field, taken) => {
  const { ask } = await anApp();
  const answer = await ask(SIGN_UP, { input: { ...ACCOUNT, ...taken } });
  expectError(answer, 'CONFLICT');
  expect(answer.errors?.[0]?.extensions.field).toBe(field);
});

test('of ten who sign up with one name at once, one gets it', async () => {
  const { ask, prisma } = await anApp();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      ask(SIGN_UP, { input: { ...ACCOUNT, username: i % 2 ? 'Asha.Rao' : 'asha.rao', email: `asha${i}@convoy.example` } }),
    ),
  );
  expect(answers.map(codeOf).sort()).toEqual([...Array(9).fill('CONFLICT'), 'ok']);
  expect(await prisma.user.count({ where: { username: 'asha.rao' } })).toBe(1);
});

test.each(['', 'ab', 'two words', 'a@b.example', 'a\u0000bc', 'x'.repeat(51)])('the username %j is refused', async (username) => {
  const { ask } = await anApp({ isSeeded: false });
  const { errors } = await ask(SIGN_UP, { input: { ...ACCOUNT, username } });
  expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  expect(errors?.[0]?.extensions.issues[0].path).toEqual(['input', 'username']);
});

test('a password has 8 to 128 characters', async () => {
  const { ask } = await anApp({ isSeeded: false });
  const sizes = [7, 8, 128, 129];
  const answers = await Promise.all(
    sizes.map((size) =>
      ask(SIGN_UP, { input: { ...ACCOUNT, username: `asha${size}`, email: `asha${size}@convoy.example`, password: 'x'.repeat(size) } }),
    ),
  );
  expect(answers.map(codeOf)).toEqual(['BAD_USER_INPUT', 'ok', 'ok', 'BAD_USER_INPUT']);
});

test.each(['user', 'USER', 'user@convoy.example', 'User@Convoy.Example', '  user '])('%j signs in', async (usernameOrEmail) => {
  const { ask } = await anApp();
  const { data } = await ask(SIGN_IN, { input: { usernameOrEmail, password: 'convoy-demo' } });
  expect(data.signIn.viewer).toMatchObject({ id: encodeId('User', 5), username: 'user' });
  expect(Date.now() - Date.parse(data.signIn.viewer.lastLoginAt)).toBeLessThan(10_000);
});

test('who signs in with the old password while it is being changed gets no session that lasts', async () => {
  const { ask, prisma } = await anApp();
  const SAVE = mutation('saveUser', 'user { version }');
  const signIns = Array.from({ length: 12 }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, i * 8));
    return await ask(SIGN_IN, { input: { usernameOrEmail: 'user', password: 'convoy-demo' } });
  });
  const save = ask(SAVE, { input: { id: encodeId('User', 5), version: 1, password: 'another password' } }, { as: 'ADMIN' });
  const [answers, saved] = await Promise.all([Promise.all(signIns), save]);
  expect(saved.data.saveUser.user.version).toBe(2);
  for (const { data } of answers) {
    if (data.signIn) expect((await ask('{ viewer { id } }', {}, { token: data.signIn.token })).data.viewer).toBeNull();
  }
  expect((await prisma.user.findUniqueOrThrow({ where: { id: 5 } })).version).toBe(2);
});

test('a password is neither answered nor logged, whatever fails', async () => {
  const { database, prisma, tokens, ask } = await anApp();
  const lines: string[] = [];
  const log = createLog({ level: 'trace', destination: { write: (line: string) => void lines.push(line) } });
  const { pubSub } = await openPubSub(undefined, log);
  const app = anAppOver({
    database,
    pubSub,
    tokens,
    log,
    isDebugging: true,
    prisma: new Proxy(prisma, { get: (target, key) => (key === 'user' ? undefined : Reflect.get(target, key)) }),
  });
  const send = async (query: string, input: object) => {
    const body = JSON.stringify({ query, variables: { input } });
    return await (
      await app.fetch('http://localhost/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    ).text();
  };
  const answers = await Promise.all([
    send(SIGN_UP, { ...ACCOUNT, password: 'hunter2 hunter2' }),
    send(SIGN_IN, { usernameOrEmail: 'user', password: 'hunter2 hunter2' }),
    send(SIGN_UP, { ...ACCOUNT, password: 'hunter2' }),
    send(SIGN_IN, { usernameOrEmail: 5, password: 'hunter2 hunter2' }),
    ask(SIGN_UP, { input: { ...ACCOUNT, username: 'user', password: 'hunter2 hunter2' } }).then(JSON.stringify),
  ]);
  expect(lines.length).toBeGreaterThan(0);
  expect([...answers, ...lines].filter((text) => /hunter2|argon2id\$/.test(text))).toEqual([]);
});
