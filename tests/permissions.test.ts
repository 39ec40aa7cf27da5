import { expect, test } from 'vitest';
import type { ErrorCode } from '../src/errors.ts';
import type { Role } from '../src/generated/prisma/enums.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { ACCOUNT, CANDIDATE, mutation, OPENING, SPA, templateFor, toIssue } from './support/inputs.ts';
import { expectError } from './support/refusals.ts';
import { anApp } from './support/world.ts';

const ROLES = ['USER', 'SPA_MANAGER', 'HR', 'ADMIN', 'SUPER_ADMIN'] as const satisfies readonly Role[];
const STAFF: Role[] = ['SPA_MANAGER', 'HR', 'ADMIN', 'SUPER_ADMIN'];
const EDITORS: Role[] = ['SPA_MANAGER', 'ADMIN', 'SUPER_ADMIN'];
const ADMINS: Role[] = ['ADMIN', 'SUPER_ADMIN'];

type Row = { who: 'everybody' | 'signed in' | Role[]; query: string; variables?: Record<string, unknown> };

const list = (field: string): string => `{ ${field}(first: 3) { nodes { id } totalCount { value } } }`;
const saves = (name: string, selection: string, input: object): Omit<Row, 'who'> => ({
  query: mutation(name, selection),
  variables: { input },
});
const deletes = (name: string, id: string): Omit<Row, 'who'> => ({
  query: `mutation($id: ID!) { ${name}(id: $id) { deletedId } }`,
  variables: { id },
});

/** The roles table of the domain. */
const TABLE: Record<string, Row> = {
  templates: { who: 'everybody', query: list('templates') },
  spas: { who: 'everybody', query: list('spas') },
  publicCertificates: { who: 'everybody', query: list('publicCertificates') },
  hiringForms: { who: 'everybody', query: list('hiringForms') },
  viewer: { who: 'everybody', query: '{ viewer { id role } }' },
  certificates: { who: STAFF, query: list('certificates') },
  candidateForms: { who: 'signed in', query: list('candidateForms') },
  users: { who: ADMINS, query: list('users') },
  statistics: { who: ADMINS, query: '{ statistics { certificates { total } forms { candidateForms } } }' },
  signUp: { who: 'everybody', ...saves('signUp', 'token', ACCOUNT) },
  signIn: { who: 'everybody', ...saves('signIn', 'token', { usernameOrEmail: 'user', password: 'convoy-demo' }) },
  issueCertificate: { who: 'signed in', ...saves('issueCertificate', 'certificate { id }', toIssue('SPA_THERAPIST')) },
  submitCandidateForm: { who: 'signed in', ...saves('submitCandidateForm', 'candidateForm { id }', { ...CANDIDATE, spaId: SPA }) },
  postHiringForm: {
    who: 'signed in',
    query: 'mutation($input: PostHiringFormInput!) { postHiringForm(input: $input) { hiringForm { id } } }',
    variables: { input: OPENING },
  },
  'updateHiringForm of another': {
    who: ADMINS,
    ...saves('updateHiringForm', 'hiringForm { id }', { id: encodeId('HiringForm', 1), staffRequired: 3 }),
  },
  'deleteHiringForm of another': { who: ADMINS, ...deletes('deleteHiringForm', encodeId('HiringForm', 2)) },
  deleteCertificate: { who: ADMINS, ...deletes('deleteCertificate', encodeId('Invoice', 1)) },
  deleteCertificates: {
    who: ADMINS,
    query: 'mutation($ids: [ID!]!) { deleteCertificates(ids: $ids) { deletedIds } }',
    variables: { ids: [encodeId('IdCard', 2)] },
  },
  saveSpa: { who: EDITORS, ...saves('saveSpa', 'spa { id }', { name: 'Lotus' }) },
  deleteSpa: { who: EDITORS, ...deletes('deleteSpa', encodeId('Spa', 3)) },
  'deleteSpa for good': {
    who: ['SUPER_ADMIN'],
    query: 'mutation($id: ID!) { deleteSpa(id: $id, isForGood: true) { deletedId } }',
    variables: { id: encodeId('Spa', 4) },
  },
  saveTemplate: { who: STAFF, ...saves('saveTemplate', 'template { id }', { name: 'Plain', category: 'ID_CARD', kind: 'IMAGE' }) },
  deleteTemplate: { who: STAFF, ...deletes('deleteTemplate', templateFor('ID_CARD', 1)) },
  saveUser: { who: ADMINS, ...saves('saveUser', 'user { id }', { ...ACCOUNT, username: 'ravi', email: 'ravi@convoy.example' }) },
  deleteUser: { who: ['SUPER_ADMIN'], ...deletes('deleteUser', encodeId('User', 30)) },
};

for (const role of [undefined, ...ROLES]) {
  test(`${role ?? 'a visitor'} may do what the roles table says, and nothing else`, async () => {
    const { ask, prisma, statements } = await anApp();
    await prisma.hiringForm.updateMany({ where: { id: { in: [1, 2] } }, data: { postedById: 10, spaId: 1 } });

    const found: Record<string, string> = {};
    const writes: string[] = [];
    for (const [name, { query, variables }] of Object.entries(TABLE)) {
      const sent = await statements.during(async () => {
        const answer = await ask(query, variables, role ? { as: role } : {});
        const code = answer.errors?.[0]?.extensions.code;
        found[name] = code ?? 'allowed';
        if (code) expectError(answer, code as ErrorCode);
        else expect([name, answer.status]).toEqual([name, 200]);
      });
      if (found[name] !== 'allowed') writes.push(...sent.filter((text) => /^\s*(insert|update|delete)/i.test(text)));
    }

    const expected = Object.entries(TABLE).map(([name, { who }]) => {
      if (who === 'everybody') return [name, 'allowed'];
      if (role === undefined) return [name, 'UNAUTHENTICATED'];
      return [name, who === 'signed in' || who.includes(role) ? 'allowed' : 'FORBIDDEN'];
    });
    expect(found).toEqual(Object.fromEntries(expected));
    expect(writes).toEqual([]);
  });
}

test('a field that is refused costs one statement, and none for a visitor', async () => {
  const { ask, statements } = await anApp();
  expect(await statements.during(() => ask('{ users { nodes { id } } statistics { certificates { total } } }'))).toHaveLength(0);
  expect(
    await statements.during(() => ask('{ users { nodes { id } } statistics { certificates { total } } }', {}, { as: 'HR' })),
  ).toHaveLength(1);
});
