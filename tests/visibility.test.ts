// The same object through every edge that leads to it: who may not see it finds it nowhere, who may finds it everywhere.

import { expect, test } from 'vitest';
import type { Role } from '../src/generated/prisma/enums.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { CANDIDATE, mutation, OPENING, SPA, templateFor, toIssue } from './support/inputs.ts';
import { anApp } from './support/world.ts';

type Path = { query: string; variables?: Record<string, unknown>; least?: Role[] };
type World = Awaited<ReturnType<typeof anApp>>;

const STAFF: Role[] = ['SPA_MANAGER', 'HR', 'ADMIN', 'SUPER_ADMIN'];
const MANAGER = encodeId('User', 3);
const page = (field: string, selection: string) => `${field}(first: 100) { totalCount { value } edges { cursor node { ${selection} } } }`;

/** A gateway with so little data that a page of 100 holds everything. */
async function aSmallWorld(): Promise<World> {
  // Whole lists are compared, which cost more than an operation may.
  const world = await anApp({ protection: { maxCost: Number.POSITIVE_INFINITY } });
  await world.prisma.certificate.deleteMany({ where: { id: { gt: 60 } } });
  await world.prisma.candidateForm.deleteMany({ where: { id: { gt: 60 } } });
  return world;
}

/** The names of the paths whose answer carries the mark. */
async function revealing({ ask }: World, as: Role | undefined, paths: Record<string, Path>, mark: string): Promise<string[]> {
  const names: string[] = [];
  for (const [name, { query, variables }] of Object.entries(paths)) {
    const { data, errors } = await ask(query, variables, as ? { as } : {});
    for (const { extensions, message } of errors ?? [])
      expect(['UNAUTHENTICATED', 'FORBIDDEN'], `${name}: ${message}`).toContain(extensions.code);
    if (JSON.stringify(data ?? null).includes(mark)) names.push(name);
  }
  return names;
}

const byId = (type: string, id: number, selection: string): Record<string, Path> => ({
  node: { query: `query($id: ID!) { node(id: $id) { id ... on ${type} { ${selection} } } }`, variables: { id: encodeId(type, id) } },
  nodes: {
    query: `query($ids: [ID!]!) { nodes(ids: $ids) { id ... on ${type} { ${selection} } } }`,
    variables: { ids: [encodeId(type, id)] },
  },
});

/** Edges that everybody can begin at: the manager through a public certificate, and spa 1 through a public certificate and the job board. */
const around = (user: string, spa: string): Record<string, Path> => ({
  'spa(id)': { query: `query($id: ID!) { spa(id: $id) { ${spa} } }`, variables: { id: SPA } },
  'spas[]': { query: `{ spas(first: 100) { nodes { ${spa} } } }` },
  'node as User': { query: `query($id: ID!) { node(id: $id) { ... on User { ${user} } } }`, variables: { id: MANAGER } },
  'Certificate.issuedBy': { query: `{ publicCertificates(first: 100) { nodes { issuedBy { ${user} } } } }` },
  'Certificate.spa': { query: `{ publicCertificates(first: 100) { nodes { spa { ${spa} } } } }` },
  'HiringForm.postedBy': { query: `{ hiringForms(first: 100) { nodes { postedBy { ${user} } } } }` },
  'HiringForm.spa': { query: `{ hiringForms(first: 100) { nodes { spa { ${spa} } } } }` },
});

const inAnswers = (spa: string): Record<string, Path> => ({
  'the answer of submitCandidateForm': {
    query: mutation('submitCandidateForm', `candidateForm { spa { ${spa} } }`),
    variables: { input: { ...CANDIDATE, spaId: SPA } },
  },
  'the answer of postHiringForm': {
    query: `mutation($input: PostHiringFormInput!) { postHiringForm(input: $input) { hiringForm { spa { ${spa} } } } }`,
    variables: { input: OPENING },
  },
  'the answer of issueCertificate': {
    query: mutation('issueCertificate', `certificate { spa { ${spa} } }`),
    variables: { input: toIssue('ID_CARD') },
  },
});

test('a private certificate is found by its issuer and staff through every edge, and by nobody else through any', async () => {
  const world = await aSmallWorld();
  await world.prisma.hiringForm.update({ where: { id: 1 }, data: { postedById: 3, spaId: 1 } });
  const { number } = await world.prisma.certificate.update({
    where: { id: 41 },
    data: { holderName: 'Hidden Holder', spaId: 1, billNumber: 'hidden' },
  });
  await world.prisma.certificate.update({ where: { id: 9 }, data: { spaId: 1 } });
  const certificates = page('certificates', 'id holderName');
  const search = { filter: { search: 'Hidden Holder' } };
  const forAll = {
    ...byId('Invoice', 41, 'holderName'),
    number: { query: 'query($number: String!) { certificate(number: $number) { holderName } }', variables: { number } },
    'number in lower case': {
      query: 'query($number: String!) { certificate(number: $number) { holderName } }',
      variables: { number: number.toLowerCase() },
    },
    ...around(certificates, certificates),
  };
  const forStaff = {
    certificates: {
      query: 'query($filter: CertificateFilter) { certificates(filter: $filter) { nodes { holderName } } }',
      variables: search,
    },
  };
  const forNobody = {
    publicCertificates: {
      query: 'query($filter: CertificateFilter) { publicCertificates(filter: $filter) { nodes { holderName } } }',
      variables: search,
    },
  };
  const all = { ...forAll, ...forStaff, ...forNobody, ...inAnswers(certificates) };

  expect(await revealing(world, undefined, all, 'Hidden Holder')).toEqual([]);
  expect(await revealing(world, 'USER', all, 'Hidden Holder')).toEqual([]);
  for (const role of STAFF) {
    expect(await revealing(world, role, all, 'Hidden Holder')).toEqual(Object.keys({ ...forAll, ...forStaff, ...inAnswers('') }));
  }
  await world.prisma.certificate.update({ where: { id: 41 }, data: { issuedById: 5 } });
  const mine = { ...byId('Invoice', 41, 'holderName'), viewer: { query: `{ viewer { ${certificates} } }` } };
  expect(await revealing(world, 'USER', mine, 'Hidden Holder')).toEqual(['node', 'nodes', 'viewer']);
});

test('a closed spa is seen by staff through every edge, and by nobody else through any', async () => {
  const world = await aSmallWorld();
  const { prisma } = world;
  await prisma.spa.update({ where: { id: 2 }, data: { name: 'Closed Zq', isActive: false } });
  await prisma.certificate.updateMany({ where: { id: { in: [2, 10] } }, data: { spaId: 2 } });
  await prisma.candidateForm.updateMany({ where: { id: { in: [1, 2] } }, data: { spaId: 2, spaNameText: null } });
  await prisma.hiringForm.update({ where: { id: 1 }, data: { postedById: 5, spaId: 2 } });
  const spa = 'spa { name }';
  const filter = { search: 'Closed Zq' };
  const forAll = {
    ...byId('Spa', 2, 'name'),
    'spa(id)': { query: 'query($id: ID!) { spa(id: $id) { name } }', variables: { id: encodeId('Spa', 2) } },
    spas: { query: 'query($filter: SpaFilter) { spas(filter: $filter) { nodes { name } } }', variables: { filter } },
    'closed spas': {
      query: 'query($filter: SpaFilter) { spas(filter: $filter, first: 100) { nodes { name } } }',
      variables: { filter: { isActive: false } },
    },
    'spas from the end': {
      query: 'query($filter: SpaFilter) { spas(filter: $filter, last: 1) { nodes { name } } }',
      variables: { filter },
    },
    'Certificate.spa': { query: `{ publicCertificates(first: 100) { nodes { ${spa} } } }` },
    'User.certificates.spa': {
      query: `query($id: ID!) { node(id: $id) { ... on User { ${page('certificates', spa)} } } }`,
      variables: { id: MANAGER },
    },
    hiringForms: { query: `{ hiringForms(first: 100) { nodes { ${spa} } } }` },
    'HiringForm as node': byId('HiringForm', 1, spa).node as Path,
  };
  const forOwner = {
    viewer: { query: `{ viewer { ${page('candidateForms', spa)} } }` },
    candidateForms: { query: `{ candidateForms(first: 100) { nodes { ${spa} } } }` },
  };

  expect(await revealing(world, undefined, { ...forAll, ...forOwner }, 'Closed Zq')).toEqual([]);
  expect(await revealing(world, 'USER', { ...forAll, ...forOwner }, 'Closed Zq')).toEqual([]);
  expect(await revealing(world, 'SPA_MANAGER', { ...forAll, ...forOwner }, 'Closed Zq')).toEqual(Object.keys({ ...forAll, ...forOwner }));
  for (const role of ['HR', 'ADMIN', 'SUPER_ADMIN'] as const)
    expect(await revealing(world, role, forAll, 'Closed Zq')).toEqual(Object.keys(forAll));
});

test('an opening at a closed spa is for staff, and a mutation of another does not tell others that it exists', async () => {
  const world = await aSmallWorld();
  await world.prisma.spa.update({ where: { id: 2 }, data: { isActive: false } });
  await world.prisma.hiringForm.update({ where: { id: 1 }, data: { postedById: 10, spaId: 2, forRole: 'Closed Zq' } });
  const paths = {
    ...byId('HiringForm', 1, 'forRole'),
    hiringForms: { query: '{ hiringForms(first: 100) { nodes { forRole } } }' },
    search: { query: '{ hiringForms(filter: { search: "closed zq" }) { nodes { forRole } } }' },
    'by spa': { query: `{ hiringForms(filter: { spaId: "${encodeId('Spa', 2)}" }) { nodes { forRole } } }` },
    'Spa.hiringForms': { query: '{ spas(first: 100) { nodes { hiringForms(first: 100) { nodes { forRole } } } } }' },
  };
  for (const role of [undefined, 'USER'] as const) expect(await revealing(world, role, paths, 'Closed Zq')).toEqual([]);
  for (const role of STAFF) expect(await revealing(world, role, paths, 'Closed Zq')).toEqual(Object.keys(paths));

  for (const id of [encodeId('HiringForm', 1), encodeId('HiringForm', 999_999)]) {
    const { errors } = await world.ask('mutation($id: ID!) { deleteHiringForm(id: $id) { deletedId } }', { id }, { as: 'USER' });
    expect(errors?.[0]).toMatchObject({ message: 'There is no such opening.', extensions: { code: 'NOT_FOUND' } });
  }
});

test('a template that is private or inactive is seen by staff through every edge, and by nobody else through any', async () => {
  for (const change of [{ isPublic: false }, { isActive: false }]) {
    const world = await aSmallWorld();
    await world.prisma.certificateTemplate.update({ where: { id: 7 }, data: { ...change, name: 'Secret Zq' } });
    await world.prisma.certificate.updateMany({ where: { id: { in: [2, 10, 34] } }, data: { templateId: 7 } });
    const template = 'template { name html config }';
    const paths = {
      ...byId('CertificateTemplate', 7, 'name'),
      'template(id)': { query: 'query($id: ID!) { template(id: $id) { name html } }', variables: { id: templateFor('ID_CARD') } },
      templates: { query: '{ templates(first: 100) { nodes { name } } }' },
      search: { query: '{ templates(filter: { search: "secret zq" }) { nodes { name } } }' },
      'by what it is': {
        query: 'query($filter: TemplateFilter) { templates(filter: $filter, first: 100) { nodes { name } } }',
        variables: { filter: change },
      },
      'Certificate.template': { query: `{ publicCertificates(first: 100) { nodes { ${template} } } }` },
      'User.certificates.template': {
        query: `query($id: ID!) { node(id: $id) { ... on User { ${page('certificates', template)} } } }`,
        variables: { id: encodeId('User', 5) },
      },
    };
    expect(await revealing(world, undefined, paths, 'Secret Zq')).toEqual([]);
    expect(await revealing(world, 'USER', paths, 'Secret Zq')).toEqual([]);
    for (const role of STAFF) expect(await revealing(world, role, paths, 'Secret Zq')).toEqual(Object.keys(paths));
  }
});

test('another’s candidate form is found by HR and admins through every edge, and by nobody else through any', async () => {
  const world = await aSmallWorld();
  const marks = {
    currentAddress: 'Hidden Lane 7',
    aadharAddress: 'Hidden Lane 7',
    phoneNumber: '+919000000007',
    photo: '/hidden/7.jpg',
    otherDocuments: ['/hidden/7.pdf'],
  };
  await world.prisma.candidateForm.updateMany({ where: { id: { in: [1, 2] } }, data: { ...marks, spaId: 1, spaNameText: null } });
  await world.prisma.hiringForm.update({ where: { id: 1 }, data: { postedById: 3, spaId: 1 } });
  const fields = 'id firstName age currentAddress aadharAddress zipCode phoneNumber photo otherDocuments submittedBy { id }';
  const forms = page('candidateForms', fields);
  const pathsTo = (id: number) => ({
    ...byId('CandidateForm', id, fields),
    candidateForms: { query: `{ candidateForms(first: 100) { nodes { ${fields} } } }` },
    search: { query: `{ candidateForms(filter: { search: "9000000007" }) { nodes { ${fields} } } }` },
    'by spa': { query: `{ candidateForms(first: 100, filter: { spaId: "${SPA}" }) { nodes { ${fields} } } }` },
    ...around(forms, forms),
  });
  const answers = inAnswers(forms);

  for (const [role, another] of [
    [undefined, 1],
    [undefined, 2],
    ['USER', 2],
    ['SPA_MANAGER', 1],
  ] as const) {
    expect(
      await revealing(world, role, { ...pathsTo(another), ...(role ? answers : {}) }, `"${encodeId('CandidateForm', another)}"`),
    ).toEqual([]);
  }
  for (const role of ['HR', 'ADMIN', 'SUPER_ADMIN'] as const) {
    for (const mark of [`"${encodeId('CandidateForm', 2)}"`, 'Hidden Lane 7', '+919000000007', '/hidden/7.jpg', '/hidden/7.pdf']) {
      expect(await revealing(world, role, { ...pathsTo(2), ...answers }, mark)).toEqual(Object.keys({ ...pathsTo(2), ...answers }));
    }
  }
  expect(await revealing(world, 'USER', pathsTo(1), 'Hidden Lane 7')).toEqual(
    expect.arrayContaining(['node', 'nodes', 'candidateForms', 'search', 'by spa', 'spa(id)']),
  );
  expect(await revealing(world, 'SPA_MANAGER', pathsTo(2), 'Hidden Lane 7')).toEqual(
    expect.arrayContaining(['node', 'candidateForms', 'node as User', 'HiringForm.spa']),
  );
});
