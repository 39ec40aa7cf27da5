import { expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { ACCOUNT, mutation } from './support/inputs.ts';
import { codeOf } from './support/refusals.ts';
import { type Answer, anApp } from './support/world.ts';

const SAVE = mutation('saveUser', 'user { id username role isActive isVerified phoneNumber version }');
const DELETE = 'mutation($id: ID!) { deleteUser(id: $id) { deletedId } }';
const userId = (id: number) => encodeId('User', id);
const outcome = (answer: Pick<Answer, 'errors'>) => [codeOf(answer), answer.errors?.[0]?.extensions.field];
const FORBIDDEN = ['FORBIDDEN', undefined];

test('an admin makes and changes users, and the answer shows what was written', async () => {
  const { ask } = await anApp();
  const made = await ask(SAVE, { input: { ...ACCOUNT, role: 'HR', phoneNumber: '98765 43210' } }, { as: 'ADMIN' });
  const { user } = made.data.saveUser;
  expect(user).toMatchObject({
    username: 'asha.rao',
    role: 'HR',
    isActive: true,
    isVerified: false,
    phoneNumber: '9876543210',
    version: 1,
  });
  const changed = await ask(
    SAVE,
    { input: { id: user.id, version: 1, phoneNumber: null, isVerified: true, username: null, role: null } },
    { as: 'ADMIN' },
  );
  expect(changed.data.saveUser.user).toEqual({ ...user, phoneNumber: null, isVerified: true, version: 2 });
});

test('an admin neither makes, becomes nor changes a super admin; a super admin does', async () => {
  const { ask } = await anApp();
  const attempts = [
    { ...ACCOUNT, role: 'SUPER_ADMIN' },
    { id: userId(2), version: 1, role: 'SUPER_ADMIN' },
    { id: userId(5), version: 1, role: 'SUPER_ADMIN' },
    { id: userId(1), version: 1, password: 'another password' },
    { id: userId(1), version: 1, isActive: false },
    { id: userId(1), version: 1, role: 'USER' },
    { id: userId(1), version: 1, email: 'mine@convoy.example' },
  ];
  for (const input of attempts)
    expect({ input, outcome: outcome(await ask(SAVE, { input }, { as: 'ADMIN' })) }).toEqual({ input, outcome: FORBIDDEN });
  expect((await ask(SAVE, { input: attempts[2] }, { as: 'SUPER_ADMIN' })).data.saveUser.user).toMatchObject({
    role: 'SUPER_ADMIN',
    version: 2,
  });
});

test.each([
  ['ADMIN', 2],
  ['SUPER_ADMIN', 1],
] as const)('%s changes neither the own role nor deactivates or deletes themselves', async (role, id) => {
  const { ask } = await anApp();
  const own = { id: userId(id), version: 1 };
  expect(outcome(await ask(SAVE, { input: { ...own, role: 'USER' } }, { as: role }))).toEqual(FORBIDDEN);
  expect(outcome(await ask(SAVE, { input: { ...own, isActive: false } }, { as: role }))).toEqual(FORBIDDEN);
  expect(outcome(await ask(DELETE, { id: own.id }, { as: role }))).toEqual(FORBIDDEN);
  expect((await ask(SAVE, { input: { ...own, role, phoneNumber: '9876543210' } }, { as: role })).data.saveUser.user.version).toBe(2);
});

test('names that are taken in any case and missing values are refused with their fields', async () => {
  const { ask } = await anApp();
  const save = (input: object) => ask(SAVE, { input }, { as: 'ADMIN' });
  expect(outcome(await save({ ...ACCOUNT, username: 'ADMIN' }))).toEqual(['CONFLICT', 'username']);
  expect(outcome(await save({ id: userId(5), version: 1, email: 'Admin@Convoy.example' }))).toEqual(['CONFLICT', 'email']);
  expect((await save({})).errors?.[0]?.extensions.issues.map(({ path }: Answer['data']) => path[1])).toEqual([
    'username',
    'email',
    'firstName',
    'lastName',
    'password',
  ]);
  expect(outcome(await save({ id: userId(5), firstName: 'X' }))).toEqual(['BAD_USER_INPUT', undefined]);
  expect(outcome(await save({ id: userId(999_999), version: 1 }))).toEqual(['NOT_FOUND', undefined]);
});

test('of ten who change a user of one version one wins', async () => {
  const { ask, prisma } = await anApp();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      ask(SAVE, { input: { id: userId(5), version: 1, firstName: `Name ${i}` } }, { as: i % 2 ? 'ADMIN' : 'SUPER_ADMIN' }),
    ),
  );
  const [winner] = answers.flatMap(({ errors }, i) => (errors ? [] : [i]));
  expect(answers.map(codeOf).sort()).toEqual([...Array(9).fill('CONFLICT'), 'ok']);
  expect(outcome(answers[winner === 0 ? 1 : 0] as Answer)).toEqual(['CONFLICT', 'version']);
  expect(await prisma.user.findUnique({ where: { id: 5 } })).toMatchObject({ firstName: `Name ${winner}`, version: 2 });
});

test('what a deleted user made stays, without their name', async () => {
  const { ask } = await anApp();
  const READ = `query { node(id: "${encodeId('Invoice', 1)}") { ... on Invoice { number issuedBy { id } } } candidate: node(id: "${encodeId('CandidateForm', 1)}") { ... on CandidateForm { firstName submittedBy { id } } } }`;
  const before = await ask(READ, {}, { as: 'SUPER_ADMIN' });
  expect(before.data).toMatchObject({ node: { issuedBy: { id: userId(5) } }, candidate: { submittedBy: { id: userId(5) } } });
  const answers = await Promise.all([1, 2, 3].map(() => ask(DELETE, { id: userId(5) }, { as: 'SUPER_ADMIN' })));
  expect(answers.map(codeOf).sort()).toEqual(['NOT_FOUND', 'NOT_FOUND', 'ok']);
  const after = await ask(READ, {}, { as: 'SUPER_ADMIN' });
  expect(after.data).toEqual({ node: { ...before.data.node, issuedBy: null }, candidate: { ...before.data.candidate, submittedBy: null } });
});
