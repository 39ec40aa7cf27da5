import { expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { rowsOf } from './support/database.ts';
import { numberOf } from './support/lists.ts';
import { expectError, expectIssues, refusing } from './support/refusals.ts';
import { anApp } from './support/world.ts';

const SPAS =
  'query ($first: Int, $after: String, $last: Int, $before: String) { spas(first: $first, after: $after, last: $last, before: $before) { nodes { id } } }';
const PUBLIC = 'query ($after: String) { publicCertificates(after: $after) { edges { cursor } } }';
const GALLERY = 'query ($after: String) { templates(after: $after) { edges { cursor } } }';
const base64 = (text: string) => Buffer.from(text).toString('base64url');
const cursor = (...values: unknown[]) => base64(JSON.stringify(values));

test('ids that the gateway did not give are refused, with the place of each', async () => {
  const app = await anApp();
  const bad = [
    '',
    'x',
    'Spa:1',
    '\u0000',
    base64('Spa'),
    base64('Spa:'),
    base64('Spa:0'),
    base64('Spa:01'),
    base64('Spa:-1'),
    base64('Spa:1.5'),
    base64('Spa:1;drop'),
    base64('__proto__:1'),
  ];
  const beyond = [
    encodeId('Spa', 2 ** 31),
    encodeId('Spa', 1e15),
    base64(`Spa:${'9'.repeat(400)}`),
    encodeId('Nothing', 1),
    encodeId('toString', 1),
  ];
  await refusing(app, async () => {
    for (const id of [...bad, ...beyond]) {
      expectIssues(await app.ask('query ($id: ID!) { node(id: $id) { id } }', { id }), ['id']);
      expectIssues(await app.ask('mutation ($id: ID!) { deleteSpa(id: $id) { deletedId } }', { id }, { as: 'ADMIN' }), ['id']);
    }
    const ids = [encodeId('Spa', 1), ...bad.slice(0, 3), encodeId('Spa', 2)];
    expectIssues(await app.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }), ['ids.1', 'ids.2', 'ids.3']);
    expectIssues(await app.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: Array(101).fill(encodeId('Spa', 1)) }), ['ids']);
  });
});

test('the id of another type is refused where one type is asked for', async () => {
  const app = await anApp();
  await refusing(app, async () => {
    expectIssues(await app.ask(`{ spa(id: "${encodeId('User', 1)}") { id } }`), ['id']);
    expectIssues(
      await app.ask(
        `{ publicCertificates(filter: { spaId: "${encodeId('CertificateTemplate', 1)}", templateId: "${encodeId('Spa', 1)}" }) { nodes { id } } }`,
      ),
      ['filter.spaId', 'filter.templateId'],
    );
    const destroy = 'mutation ($id: ID!) { deleteCertificate(id: $id) { deletedId } }';
    expectIssues(await app.ask(destroy, { id: encodeId('Spa', 1) }, { as: 'ADMIN' }), ['id']);
    // The first certificate is an invoice: under the id of another category it does not exist.
    const [row] = await rowsOf<{ id: number }>(app.databaseUrl, `select id from certificates where category = 'INVOICE_SPA_BILL' limit 1`);
    expectError(await app.ask(destroy, { id: encodeId('IdCard', row?.id ?? 0) }, { as: 'ADMIN' }), 'NOT_FOUND');
    expect(
      (await app.ask('query ($id: ID!) { node(id: $id) { id } }', { id: encodeId('IdCard', row?.id ?? 0) }, { as: 'ADMIN' })).data,
    ).toEqual({ node: null });
  });
});

test('an id that names nothing is null where something is read, and NOT_FOUND where something is changed', async () => {
  const app = await anApp();
  const missing = (type: string) => encodeId(type, 2 ** 31 - 1);
  await refusing(app, async () => {
    const types = ['User', 'Spa', 'CertificateTemplate', 'HiringForm', 'CandidateForm', 'Invoice', 'DailySheet'];
    const { data, errors } = await app.ask(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
      { ids: types.map(missing) },
      { as: 'ADMIN' },
    );
    expect([data.nodes, errors]).toEqual([types.map(() => null), undefined]);
    expect(
      (await app.ask(`{ spa(id: "${missing('Spa')}") { id } template(id: "${missing('CertificateTemplate')}") { id } }`)).data,
    ).toEqual({ spa: null, template: null });
    const changes = [
      `deleteCertificate(id: "${missing('Invoice')}") { deletedId }`,
      `deleteHiringForm(id: "${missing('HiringForm')}") { deletedId }`,
      `deleteSpa(id: "${missing('Spa')}", isForGood: true) { deletedId }`,
      `deleteTemplate(id: "${missing('CertificateTemplate')}") { deletedId }`,
      `deleteUser(id: "${missing('User')}") { deletedId }`,
      `saveSpa(input: { id: "${missing('Spa')}", version: 1, name: "x" }) { spa { id } }`,
      `saveTemplate(input: { id: "${missing('CertificateTemplate')}", version: 1, name: "x" }) { template { id } }`,
      `saveUser(input: { id: "${missing('User')}", version: 1, firstName: "x" }) { user { id } }`,
      `updateHiringForm(input: { id: "${missing('HiringForm')}", forRole: "x" }) { hiringForm { id } }`,
      `issueCertificate(input: { templateId: "${missing('CertificateTemplate')}", holderName: "x", details: { spaTherapist: { courseName: "x", startDate: "2026-01-01", endDate: "2026-01-02" } } }) { certificate { id } }`,
    ];
    for (const change of changes) expectError(await app.ask(`mutation { ${change} }`, {}, { as: 'SUPER_ADMIN' }), 'NOT_FOUND');
    const post = `mutation { postHiringForm(input: { spaId: "${missing('Spa')}", forRole: "x", staffRequired: 1, description: "x", requiredExperience: "x", requiredEducation: "x", requiredSkills: "x" }) { hiringForm { id } } }`;
    expectError(await app.ask(post, {}, { as: 'ADMIN' }), 'NOT_FOUND');
  });
});

test('pages of 1 to 100 entries are given, from one end', async () => {
  const { ask, statements } = await anApp();
  const [mark] = (await ask('{ spas(first: 3) { edges { cursor } } }')).data.spas.edges.map((edge: { cursor: string }) => edge.cursor);
  const sent = await statements.during(async () => {
    for (const size of [0, -1, 101, 1e9, -(2 ** 31)]) {
      expectIssues(await ask(SPAS, { first: size }), ['first']);
      expectIssues(await ask(SPAS, { last: size }), ['last']);
      expectIssues(await ask(SPAS, { first: size, last: size }), ['first', 'last']);
    }
    for (const size of [1e10, 1.5, '5', true, [1, 2]]) expectIssues(await ask(SPAS, { first: size }), ['first']);
    expectIssues(await ask(SPAS, { first: 5, last: 5 }), ['last']);
    expectIssues(await ask(SPAS, { last: 5, after: mark }), ['after']);
    expectIssues(await ask(SPAS, { first: 5, before: mark }), ['before']);
    expectIssues(await ask(SPAS, { after: mark, before: mark }), ['before']);
  });
  expect(sent).toEqual([]);
  expect((await ask(SPAS, { first: 100 })).status).toBe(200);
});

test('cursors that this list did not give are refused before a statement is sent', async () => {
  const { ask, statements } = await anApp();
  const { spas, publicCertificates, templates } = (
    await ask('{ spas { edges { cursor } } publicCertificates { edges { cursor } } templates { edges { cursor } } }')
  ).data;
  const time = '2026-01-01T00:00:00.000Z';
  const name = 'Query.publicCertificates';
  const forged = [
    ...[
      '',
      'x',
      '%%%',
      '\u0000',
      base64('x'),
      base64('{}'),
      base64('null'),
      base64('"x"'),
      cursor(),
      cursor(name),
      cursor(name, time),
      cursor(name, time, 1, 2),
      'x'.repeat(2001),
    ],
    ...[-1, '1', null, 1.5, 2 ** 31, 1e300, [1], {}, true].filter((id) => id !== -1).map((id) => cursor(name, time, id)),
    ...[
      0,
      null,
      'now',
      'Infinity',
      '2026-03-31 24:00:00+00',
      '294277-01-01 00:00:00+00',
      '2026-02-30T00:00:00.000Z',
      '0000-01-01T00:00:00.000Z',
      '-000001-01-01T00:00:00.000Z',
      '+010000-01-01T00:00:00.000Z',
      '2026-01-01',
      `${time}\u0000`,
      [time],
    ].map((at) => cursor(name, at, 1)),
    ...[
      spas.edges[0].cursor,
      templates.edges[0].cursor,
      cursor('Query.certificates', time, 1),
      cursor('Spa.certificates', time, 1),
      cursor('__proto__', time, 1),
    ],
  ];
  const places = [
    ['NOPE', false, '', 'x', 1],
    ['ID_CARD', 'no', '', 'x', 1],
    ['ID_CARD', false, '\0', 'x', 1],
    ['ID_CARD', false, null, 'x', 1],
    ['ID_CARD', false, '', 7, 1],
    ['constructor', false, '', 'x', 1],
  ];
  const sent = await statements.during(async () => {
    for (const after of forged) expectIssues(await ask(PUBLIC, { after }), ['after']);
    for (const place of places) expectIssues(await ask(GALLERY, { after: cursor('Query.templates', ...place) }), ['after']);
    expectIssues(await ask(SPAS, { before: publicCertificates.edges[0].cursor }), ['before']);
  });
  expect(sent).toEqual([]);
});

test('a well-made forgery is a place in the list, and shows nothing that the viewer may not see', async () => {
  const { ask } = await anApp();
  const end = await ask('query ($after: String) { publicCertificates(after: $after, first: 100) { nodes { isPublic } } }', {
    after: cursor('Query.publicCertificates', '9999-12-31T23:59:59.999Z', 2 ** 31 - 1),
  });
  expect(end.data.publicCertificates.nodes).toHaveLength(100);
  expect(end.data.publicCertificates.nodes.every(({ isPublic }: { isPublic: boolean }) => isPublic)).toBe(true);
  for (const name of ['', '\ud800', '💆', "'; drop table spas --", 'x'.repeat(900)]) {
    expect((await ask(SPAS, { after: cursor('Query.spas', name, -1) })).errors).toBeUndefined();
  }
});

test('a search finds literally what it says', async () => {
  const { ask, databaseUrl } = await anApp();
  const names = [
    '100% Spa',
    '100 Spa',
    'a_b Spa',
    'axb Spa',
    String.raw`back\slash Spa`,
    'backslash Spa',
    `O'Hara "Spa"`,
    "x'); drop table spas; --",
    'Ünïcode 💆 Spa',
    String.raw`\%`,
  ];
  await rowsOf(databaseUrl, 'insert into spas (name, updated_at) select unnest($1::text[]), now()', [names]);
  const find = async (search: string) => {
    const { data, errors } = await ask(
      'query ($search: String) { spas(first: 100, filter: { search: $search }) { nodes { id name } totalCount { value } } }',
      { search },
    );
    expect(errors).toBeUndefined();
    expect(data.spas.totalCount.value).toBe(data.spas.nodes.length);
    return data.spas.nodes.filter(({ id }: { id: string }) => numberOf(id) > 20).map((spa: { name: string }) => spa.name);
  };
  expect(await find('100%')).toEqual(['100% Spa']);
  expect(await find('A_B')).toEqual(['a_b Spa']);
  expect(await find(String.raw`k\s`)).toEqual([String.raw`back\slash Spa`]);
  expect(await find('%')).toEqual(expect.arrayContaining(['100% Spa', String.raw`\%`]));
  expect(await find('%')).toHaveLength(2);
  expect(await find('\\')).toHaveLength(2);
  expect(await find(`o'hara "`)).toEqual([`O'Hara "Spa"`]);
  expect(await find("'); drop table spas; --")).toEqual(["x'); drop table spas; --"]);
  expect(await find('💆 spa')).toEqual(['Ünïcode 💆 Spa']);
  expect(await find('')).toHaveLength(names.length);
  expect(await find('   ')).toHaveLength(names.length);
  for (const search of ['\u0000', 'a\ud800', 'x'.repeat(101)]) {
    expectIssues(await ask('query ($search: String) { spas(filter: { search: $search }) { nodes { id } } }', { search }), [
      'filter.search',
    ]);
  }
});
