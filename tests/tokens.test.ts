import { createHash } from 'node:crypto';
import { decodeProtectedHeader, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { createTokens } from '../src/tokens.ts';
import { mutation } from './support/inputs.ts';
import { codeOf, expectError } from './support/refusals.ts';
import { anApp, SECRET_KEY } from './support/world.ts';

const seconds = () => Math.floor(Date.now() / 1000);
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = () => ({ sub: '1', iss: 'convoy', aud: 'convoy-clients', iat: seconds(), exp: seconds() + 60 });
const kidOf = async (key: string) =>
  decodeProtectedHeader((await createTokens({ secretKeys: [key], ttlSeconds: 60 }).sign(1)).token).kid as string;

/** A token of the super admin that is right but for what is given. */
async function forge({
  changes = {},
  alg = 'HS256',
  key = SECRET_KEY,
}: {
  changes?: object;
  alg?: string;
  key?: string;
} = {}): Promise<string> {
  return await new SignJWT({ ...claims(), ...changes })
    .setProtectedHeader({ alg, kid: await kidOf(SECRET_KEY) })
    .sign(new TextEncoder().encode(key));
}

const FORGERIES: Record<string, () => Promise<string> | string> = {
  'that has expired': () => forge({ changes: { exp: seconds() - 1 } }),
  'that is not valid yet': () => forge({ changes: { nbf: seconds() + 60 } }),
  'that was issued in the future': () => forge({ changes: { iat: seconds() + 60, exp: seconds() + 600 } }),
  'whose beginning is no moment': () => forge({ changes: { iat: -1e300 } }),
  'whose end is no moment': () => forge({ changes: { exp: 1e300 } }),
  'without an end': () => forge({ changes: { exp: undefined } }),
  'without a beginning': () => forge({ changes: { iat: undefined } }),
  'without a user': () => forge({ changes: { sub: undefined } }),
  'of a user that is no number': () => forge({ changes: { sub: 'admin' } }),
  'of another issuer': () => forge({ changes: { iss: 'somebody' } }),
  'for another audience': () => forge({ changes: { aud: 'somebody' } }),
  'signed with another key': () => forge({ key: 'another key that is long enough to sign with' }),
  'signed with HS512': () => forge({ alg: 'HS512' }),
  'signed with HS384': () => forge({ alg: 'HS384' }),
  'without a signature': async () => `${encode({ alg: 'none', kid: await kidOf(SECRET_KEY) })}.${encode(claims())}.`,
  'without a signature that says none in capitals': async () =>
    `${encode({ alg: 'NONE', kid: await kidOf(SECRET_KEY) })}.${encode(claims())}.`,
  'whose claims were changed': async () => (await forge({ changes: { sub: '5' } })).replace(/\.[^.]+\./, `.${encode(claims())}.`),
  'that is garbage': () => 'garbage',
  'of three dots': () => '...',
  'of 8000 characters': () => 'x'.repeat(8000),
};

test.each(Object.keys(FORGERIES))('a token %s is refused, even where none is needed', async (name) => {
  const { ask, statements } = await anApp({ isSeeded: false });
  const token = (await FORGERIES[name]?.()) ?? '';
  const sent = await statements.during(async () => {
    const { status, data, errors } = await ask('{ spas { nodes { id } } }', {}, { token });
    expect({ status, data: data ?? null, code: errors?.[0]?.extensions.code }).toEqual({
      status: 401,
      data: null,
      code: 'UNAUTHENTICATED',
    });
  });
  expect(sent).toEqual([]);
});

test('the token that the forgeries change is taken as it is', async () => {
  const { ask } = await anApp();
  expect((await ask('{ viewer { id } }', {}, { token: await forge() })).data.viewer).toEqual({ id: encodeId('User', 1) });
});

test.each(['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer ', 'bearer a b', 'nonsense'])('the header %j is refused', async (authorization) => {
  const { ask } = await anApp({ isSeeded: false });
  const { status, errors } = await ask('{ viewer { id } }', {}, { headers: { authorization } });
  expect([status, errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
});

test('a token of the previous key is taken until that key is dropped, and new ones are signed with the new key', async () => {
  const old = createTokens({ secretKeys: ['the old key, long enough to sign with'], ttlSeconds: 60 });
  const rotated = createTokens({
    secretKeys: ['the new key, long enough to sign with', 'the old key, long enough to sign with'],
    ttlSeconds: 60,
  });
  const dropped = createTokens({ secretKeys: ['the new key, long enough to sign with'], ttlSeconds: 60 });
  const [before, after] = [(await old.sign(5)).token, (await rotated.sign(5)).token];
  expect([(await rotated.verify(before)).userId, (await rotated.verify(after)).userId, (await dropped.verify(after)).userId]).toEqual([
    5, 5, 5,
  ]);
  await expect(dropped.verify(before)).rejects.toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
  expect(createHash('sha256').update('the new key, long enough to sign with').digest('base64url')).not.toContain(
    decodeProtectedHeader(after).kid,
  );
});

const SAVE = mutation('saveUser', 'user { id }');
const saving = (input: object) => ({ input: { id: encodeId('User', 5), version: 1, ...input } });
const later = () => new Promise((resolve) => setTimeout(resolve, 2));

test.each([[{ password: 'another password' }], [{ isActive: false }]])(
  'a user’s token stops working with %j, in the very second',
  async (change) => {
    const { ask, tokens } = await anApp();
    const { token } = await tokens.sign(5);
    expect((await ask('{ viewer { id } }', {}, { token })).data.viewer).not.toBeNull();
    await later();
    expect((await ask(SAVE, saving(change), { as: 'ADMIN' })).errors).toBeUndefined();
    const answer = await ask('{ viewer { id } candidateForms { nodes { id } } }', {}, { token });
    expect([answer.data, codeOf(answer)]).toEqual([{ viewer: null, candidateForms: null }, 'UNAUTHENTICATED']);
  },
);

test('a token from before a deactivation stays dead when the user is active again, and a new sign-in works at once', async () => {
  const { ask, tokens } = await anApp();
  const { token } = await tokens.sign(5);
  await later();
  await ask(SAVE, saving({ isActive: false }), { as: 'ADMIN' });
  await ask(SAVE, saving({ isActive: true, version: 2 }), { as: 'ADMIN' });
  expect((await ask('{ viewer { id } }', {}, { token })).data.viewer).toBeNull();
  const signIn = await ask(mutation('signIn', 'token'), { input: { usernameOrEmail: 'user', password: 'convoy-demo' } });
  expect((await ask('{ viewer { id } }', {}, { token: signIn.data.signIn.token })).data.viewer).not.toBeNull();
});

test('a demoted admin loses the rights of an admin at once, with the token that they have', async () => {
  const { ask, tokens } = await anApp();
  const { token } = await tokens.sign(2);
  expect(codeOf(await ask('{ users { totalCount { value } } }', {}, { token }))).toBe('ok');
  await ask(SAVE, { input: { id: encodeId('User', 2), version: 1, role: 'USER' } }, { as: 'SUPER_ADMIN' });
  expect((await ask('{ users { totalCount { value } } }', {}, { token })).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  expect((await ask('{ viewer { role } }', {}, { token })).data.viewer).toEqual({ role: 'USER' });
});

test('the token of a deleted user is a visitor’s', async () => {
  const { ask, tokens } = await anApp();
  const { token } = await tokens.sign(30);
  await ask('mutation($id: ID!) { deleteUser(id: $id) { deletedId } }', { id: encodeId('User', 30) }, { as: 'SUPER_ADMIN' });
  expect((await ask('{ viewer { id } }', {}, { token })).data).toEqual({ viewer: null });
  expectError(await ask('{ candidateForms { nodes { id } } }', {}, { token }), 'UNAUTHENTICATED');
});
