import { expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { CANDIDATE, mutation, OPENING, SPA, toIssue } from './support/inputs.ts';
import { codeOf, expectError } from './support/refusals.ts';
import { type Answer, anApp } from './support/world.ts';

const SAVE_SPA = mutation('saveSpa', 'spa { id code name city country email website isActive version createdBy { id } }');
const SAVE_TEMPLATE = mutation('saveTemplate', 'template { id name kind html config variant isActive isPublic version }');
const SUBMIT = mutation(
  'submitCandidateForm',
  'candidateForm { id firstName phoneNumber age country otherDocuments spaNameText spa { id } submittedBy { id } }',
);
const POST =
  'mutation($input: PostHiringFormInput!) { postHiringForm(input: $input) { hiringForm { id forRole staffRequired spa { id } postedBy { id } } } }';
const UPDATE = 'mutation($input: UpdateHiringFormInput!) { updateHiringForm(input: $input) { hiringForm { forRole staffRequired } } }';
const DELETE_SPA = 'mutation($id: ID!, $isForGood: Boolean) { deleteSpa(id: $id, isForGood: $isForGood) { deletedId wasDeleted } }';
const as = { as: 'ADMIN' } as const;
const outcome = (answer: Pick<Answer, 'errors'>) => [codeOf(answer), answer.errors?.[0]?.extensions.field];

test('a spa is entered and changed, null takes a value away, and each answer shows what was written', async () => {
  const { ask } = await anApp();
  const made = await ask(
    SAVE_SPA,
    { input: { name: ' Lotus ', code: 9001, city: 'Pune', email: 'lotus@convoy.example', website: 'https://lotus.example' } },
    as,
  );
  const { spa } = made.data.saveSpa;
  expect(spa).toMatchObject({
    name: 'Lotus',
    code: 9001,
    country: 'India',
    isActive: true,
    version: 1,
    createdBy: { id: encodeId('User', 2) },
  });
  const changed = await ask(SAVE_SPA, { input: { id: spa.id, version: 1, city: null, website: null, name: null, isActive: false } }, as);
  expect(changed.data.saveSpa.spa).toEqual({ ...spa, city: null, website: null, isActive: false, version: 2 });
});

test('the code and the email of a spa are unique, in any case, and the field is named', async () => {
  const { ask } = await anApp();
  await ask(SAVE_SPA, { input: { name: 'Lotus', code: 9001, email: 'lotus@convoy.example' } }, as);
  const other = (await ask(SAVE_SPA, { input: { name: 'Lotus' } }, as)).data.saveSpa.spa;
  expect(outcome(await ask(SAVE_SPA, { input: { name: 'A', code: 9001 } }, as))).toEqual(['CONFLICT', 'code']);
  expect(outcome(await ask(SAVE_SPA, { input: { id: other.id, version: 1, email: 'LOTUS@convoy.example' } }, as))).toEqual([
    'CONFLICT',
    'email',
  ]);
  expect(outcome(await ask(SAVE_SPA, { input: {} }, as))).toEqual(['BAD_USER_INPUT', undefined]);
  expect(outcome(await ask(SAVE_SPA, { input: { id: encodeId('Spa', 999_999), version: 1 } }, as))).toEqual(['NOT_FOUND', undefined]);
});

test.each([
  ['spa', SAVE_SPA, { id: SPA }],
  ['template', SAVE_TEMPLATE, { id: encodeId('CertificateTemplate', 1) }],
])('of ten who save a %s of one version one wins, and without the version nobody', async (_what, query, input) => {
  const { ask } = await anApp();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => ask(query, { input: { ...input, version: 1, name: `Name ${i}` } }, as)),
  );
  expect(answers.map(codeOf).sort()).toEqual([...Array(9).fill('CONFLICT'), 'ok']);
  expect(outcome(answers.find(({ errors }) => errors) as Answer)).toEqual(['CONFLICT', 'version']);
  expect(outcome(await ask(query, { input: { ...input, name: 'X' } }, as))).toEqual(['BAD_USER_INPUT', undefined]);
});

test('a spa is closed by its editors, and its applications keep its name when a super admin deletes it for good', async () => {
  const { ask, prisma } = await anApp();
  await prisma.candidateForm.update({ where: { id: 1 }, data: { spaId: 1, spaNameText: null } });
  const { name } = await prisma.spa.findUniqueOrThrow({ where: { id: 1 } });
  expect((await ask(DELETE_SPA, { id: SPA }, { as: 'SPA_MANAGER' })).data.deleteSpa).toEqual({ deletedId: SPA, wasDeleted: false });
  expect((await ask('query($id: ID!) { spa(id: $id) { isActive version } }', { id: SPA }, as)).data.spa).toEqual({
    isActive: false,
    version: 2,
  });
  expect((await ask(DELETE_SPA, { id: SPA, isForGood: true }, { as: 'SUPER_ADMIN' })).data.deleteSpa.wasDeleted).toBe(true);
  expect(await prisma.candidateForm.findUnique({ where: { id: 1 } })).toMatchObject({ spaId: null, spaNameText: name });
  expect(await prisma.hiringForm.count({ where: { spaId: 1 } })).toBe(0);
  expect(outcome(await ask(DELETE_SPA, { id: SPA, isForGood: true }, { as: 'SUPER_ADMIN' }))).toEqual(['NOT_FOUND', undefined]);
});

test('whoever writes to a spa that is being deleted succeeds before it is gone, or learns that there is none', async () => {
  const { ask } = await anApp();
  const requests = Array.from({ length: 24 }, (_, i) => {
    if (i === 8 || i === 12) return ask(DELETE_SPA, { id: SPA, isForGood: true }, { as: 'SUPER_ADMIN' });
    if (i % 3 === 0) return ask(SUBMIT, { input: { ...CANDIDATE, spaId: SPA } }, { as: 'USER' });
    if (i % 3 === 1) return ask(POST, { input: OPENING }, { as: 'USER' });
    return ask(mutation('issueCertificate', 'certificate { id }'), { input: toIssue('ID_CARD') }, { as: 'USER' });
  });
  const answers = await Promise.all(requests);
  expect([...new Set(answers.map(codeOf))].sort()).toEqual(['NOT_FOUND', 'ok']);
});

test('an HTML template needs its html, when it is made and when it is changed', async () => {
  const { ask } = await anApp();
  const plain = { name: 'Plain', category: 'ID_CARD', kind: 'HTML' };
  expect(outcome(await ask(SAVE_TEMPLATE, { input: plain }, as))).toEqual(['BAD_USER_INPUT', undefined]);
  const made = await ask(SAVE_TEMPLATE, { input: { ...plain, html: '<p>', config: { page: 'A4' }, variant: 'V9' } }, { as: 'HR' });
  const { template } = made.data.saveTemplate;
  expect(template).toMatchObject({ html: '<p>', config: { page: 'A4' }, variant: 'V9', isActive: true, isPublic: true, version: 1 });
  expect(outcome(await ask(SAVE_TEMPLATE, { input: { id: template.id, version: 1, html: null } }, as))).toEqual([
    'BAD_USER_INPUT',
    undefined,
  ]);
  const image = await ask(SAVE_TEMPLATE, { input: { id: template.id, version: 1, kind: 'IMAGE', html: null, variant: null } }, as);
  expect(image.data.saveTemplate.template).toEqual({ ...template, kind: 'IMAGE', html: null, variant: null, version: 2 });
  expect(outcome(await ask(SAVE_TEMPLATE, { input: { id: template.id, version: 2, kind: 'HTML' } }, as))).toEqual([
    'BAD_USER_INPUT',
    undefined,
  ]);
});

test('who posted an opening and admins change it and take it away, and nobody else', async () => {
  const { ask } = await anApp();
  const posted = await ask(POST, { input: OPENING }, { as: 'USER' });
  const { id } = posted.data.postHiringForm.hiringForm;
  expect(posted.data.postHiringForm.hiringForm).toMatchObject({
    forRole: 'Therapist',
    staffRequired: 2,
    spa: { id: SPA },
    postedBy: { id: encodeId('User', 5) },
  });
  const change = (role: 'USER' | 'HR' | 'SPA_MANAGER' | 'ADMIN', input: object) => ask(UPDATE, { input: { id, ...input } }, { as: role });
  expect((await change('USER', { staffRequired: 3 })).data.updateHiringForm.hiringForm).toEqual({ forRole: 'Therapist', staffRequired: 3 });
  expect((await change('ADMIN', { forRole: 'Manager' })).data.updateHiringForm.hiringForm).toEqual({
    forRole: 'Manager',
    staffRequired: 3,
  });
  for (const role of ['HR', 'SPA_MANAGER'] as const)
    expect(outcome(await change(role, { staffRequired: 9 }))).toEqual(['FORBIDDEN', undefined]);
  for (const staffRequired of [0, -1, 1001])
    expect(outcome(await change('USER', { staffRequired }))).toEqual(['BAD_USER_INPUT', undefined]);
  const remove = () => ask('mutation($id: ID!) { deleteHiringForm(id: $id) { deletedId } }', { id }, { as: 'USER' });
  const answers = await Promise.all([remove(), remove(), remove()]);
  expect(answers.map(codeOf).sort()).toEqual(['NOT_FOUND', 'NOT_FOUND', 'ok']);
});

test('an application names a spa or the name of one, and not both', async () => {
  const { ask } = await anApp();
  const submit = (input: object) => ask(SUBMIT, { input: { ...CANDIDATE, ...input } }, { as: 'USER' });
  const [both, neither, unknown, young, old] = await Promise.all([
    submit({ spaId: SPA, spaNameText: 'Lotus' }),
    submit({}),
    submit({ spaId: encodeId('Spa', 999_999) }),
    submit({ spaId: SPA, age: 17 }),
    submit({ spaId: SPA, age: 71 }),
  ]);
  for (const answer of [both, neither, young, old]) expectError(answer, 'BAD_USER_INPUT');
  expectError(unknown, 'NOT_FOUND');
  const [listed, named] = await Promise.all([submit({ spaId: SPA, otherDocuments: ['/a.pdf'] }), submit({ spaNameText: 'Lotus' })]);
  const written = { firstName: 'Asha', phoneNumber: '9876543210', age: 27, country: 'India', submittedBy: { id: encodeId('User', 5) } };
  expect(listed.data.submitCandidateForm.candidateForm).toMatchObject({
    ...written,
    spa: { id: SPA },
    spaNameText: null,
    otherDocuments: ['/a.pdf'],
  });
  expect(named.data.submitCandidateForm.candidateForm).toMatchObject({ ...written, spa: null, spaNameText: 'Lotus', otherDocuments: [] });
});

test('mutations of one document run in order, and each answer is fresh', async () => {
  const { ask } = await anApp();
  const name = (alias: string, version: number) =>
    `${alias}: saveSpa(input: { id: "${SPA}", version: ${version}, name: "${alias}" }) { spa { name version } }`;
  const bill = (alias: string) =>
    `${alias}: issueCertificate(input: $bill) { certificate { spa { name certificates { totalCount { value } } } spaSnapshot { name } } }`;
  const document = `mutation($bill: IssueCertificateInput!) { ${name('First', 1)} ${bill('a')} ${name('Second', 2)} ${bill('b')} }`;
  const { data, errors } = await ask(document, { bill: toIssue('ID_CARD') }, as);
  expect(errors).toBeUndefined();
  const [a, b] = [data.a.certificate, data.b.certificate];
  expect([data.First.spa, a.spa.name, a.spaSnapshot.name]).toEqual([{ name: 'First', version: 2 }, 'First', 'First']);
  expect([data.Second.spa, b.spa.name, b.spaSnapshot.name]).toEqual([{ name: 'Second', version: 3 }, 'Second', 'Second']);
  expect(b.spa.certificates.totalCount.value).toBe(a.spa.certificates.totalCount.value + 1);
});

test('of several mutations in a document each is answered for itself: what was applied beside what was refused', async () => {
  const { ask, prisma } = await anApp();
  const save = (name: string, version: number) =>
    `${name}: saveSpa(input: { id: "${SPA}", version: ${version}, name: "${name}" }) { spa { name version } }`;
  const answer = await ask(`mutation { ${save('First', 1)} ${save('Late', 1)} ${save('Third', 2)} }`, {}, as);
  expect([answer.status, answer.data]).toEqual([
    200,
    { First: { spa: { name: 'First', version: 2 } }, Late: null, Third: { spa: { name: 'Third', version: 3 } } },
  ]);
  expect(answer.errors?.map(({ path, extensions }) => [path, extensions])).toEqual([[['Late'], { code: 'CONFLICT', field: 'version' }]]);
  expect(await prisma.spa.findUnique({ where: { id: 1 } })).toMatchObject({ name: 'Third', version: 3 });
});
