// What rows hold that the schema has no place for: it fails the field that shows it, in a compiled operation as in any other.

import { expect, test } from 'vitest';
import { encodeId } from '../../../../src/graphql/ids.ts';
import { examples } from '../../../../src/modules/examples.ts';
import { createRandom, until } from '../../../support/batching.ts';
import { compiledAndPlain } from '../../../support/compiled-and-plain.ts';
import { rowsOf } from '../../../support/database.ts';
import { aSubscription } from '../../../support/fleet.ts';
import { type Body, OPERATIONS } from '../../../support/forms-of-operations.ts';
import { toIssue } from '../../../support/inputs.ts';
import { person, SUBMIT } from '../../../support/operations.ts';
import { allowSpoils, SPOILS, spoil } from '../../../support/spoilt-rows.ts';
import { anApp } from '../../../support/world.ts';

const DETAILS = '... on Invoice { paymentMode subtotal items { quantity rate } } ... on DailySheet { entries { paymentMode amount } }';
const MORE: Body[] = [
  {
    query: `{ publicCertificates(first: 20) { nodes { number category holderName generatedAt spaSnapshot { name country code city state } ${DETAILS} } } }`,
  },
  {
    query: `{ certificates(first: 20) { edges { cursor node { id category ... on SpaTherapistCertificate { startDate } ${DETAILS} } } } }`,
  },
  { query: '{ templates(first: 20) { nodes { id category kind config } } users(first: 20) { nodes { firstName role lastLoginAt } } }' },
  { query: '{ statistics { certificates { total byCategory { category count } bySpa { spa { name } } } } viewer { id role } }' },
  {
    query:
      '{ spas(first: 5) { nodes { name version createdAt certificates(first: 5) { nodes { id category } edges { node { number } } } } } }',
  },
  ...[3, 4, 5, 6, 7].map((id) => ({
    query: `{ nodes(ids: ["${encodeId('Invoice', id)}", "${encodeId('IdCard', id)}", "${encodeId('Spa', id)}"]) { __typename id } }`,
  })),
];

test('rows of any contents have the same answers in compiled and other operations, and each fault is logged once', async () => {
  const seed = Number(process.env.CONVOY_TEST_SEED ?? 20_261_130);
  const random = createRandom(seed);
  const { ask, differences, databaseUrl, logged, plain } = await compiledAndPlain({ expectsErrors: true });
  await allowSpoils(databaseUrl);
  const operations = [...examples.filter(({ query }) => query.startsWith('query')), ...OPERATIONS, ...MORE];
  let [faults, expected] = [0, 0];
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 4; i++) {
      await spoil(databaseUrl, random.pick(SPOILS), random.below(1000));
    }
    for (const as of [undefined, 'ADMIN'] as const)
      for (const { query, variables } of operations)
        for (const { extensions } of (await ask({ query, variables }, as)).errors ?? [])
          if (extensions.code === 'INTERNAL_SERVER_ERROR') faults++;
          else expected++;
  }
  expect(differences, `seed ${seed}`).toEqual([]);
  expect(faults).toBeGreaterThan(100);
  expect(expected).toBeGreaterThan(50);
  expect([logged.length, plain.logged.length]).toEqual([faults, faults]);
}, 180_000);

/** A gateway on a database whose enums have values that it does not know. */
async function aNewerDatabase(compileAfter: number) {
  const app = await anApp({ expectsErrors: true, compileAfter });
  await allowSpoils(app.databaseUrl);
  const set = (text: string) => rowsOf(app.databaseUrl, text);
  const codesOf = async (query: string, options?: Parameters<typeof app.ask>[2]) => {
    app.logged.length = 0;
    const { errors } = await app.ask(query, {}, options);
    return (errors ?? []).map(({ path, extensions: { code, requestId } }) => [
      path?.join('.'),
      code,
      app.logged.join().includes(requestId),
    ]);
  };
  return { ...app, set, codesOf };
}

test.each([0, Number.POSITIVE_INFINITY])(
  'a certificate of an unknown category fails where it is shown, and is logged once, compiled after %s calls',
  async (compileAfter) => {
    const { set, codesOf, ask, logged } = await aNewerDatabase(compileAfter);
    const [row] = await set(`update certificates set category = 'GIFT_CARD', spa_id = 1 where id =
    (select id from certificates where is_public order by generated_at desc, id desc limit 1) returning id, number`);
    const { id, number } = row as { id: number; number: string };
    const fault = (path: string) => [[path, 'INTERNAL_SERVER_ERROR', true]];
    expect(await codesOf('{ publicCertificates(first: 5) { nodes { number } } }')).toEqual(fault('publicCertificates.nodes.0'));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('GIFT_CARD');
    // It takes no other with it.
    const page = await ask('{ publicCertificates(first: 3) { nodes { number } edges { node { number } cursor } } }');
    expect(page.data.publicCertificates.nodes).toEqual([null, { number: expect.any(String) }, { number: expect.any(String) }]);
    expect(page.data.publicCertificates.edges).toMatchObject([
      { node: null },
      { node: { number: expect.any(String) } },
      { cursor: expect.any(String) },
    ]);
    expect(await codesOf('{ publicCertificates(first: 5) { edges { node { id } } } }')).toEqual(fault('publicCertificates.edges.0.node'));
    expect(await codesOf(`{ certificate(number: "${number}") { holderName } }`)).toEqual(fault('certificate'));
    const nested = `{ spa(id: "${encodeId('Spa', 1)}") { name certificates(first: 1) { nodes { category } } } }`;
    expect(await codesOf(nested)).toEqual(fault('spa.certificates.nodes.0'));
    expect(await codesOf(nested.replace('nodes {', 'edges { cursor node {').replace('} } } }', '} } } } }'))).toEqual(
      fault('spa.certificates.edges.0.node'),
    );
    // An id names its category, and no id names this one.
    for (const type of ['Invoice', 'IdCard']) {
      const { data, errors } = await ask(`{ node(id: "${encodeId(type, id)}") { id } nodes(ids: ["${encodeId(type, id)}"]) { id } }`);
      expect([errors, data.node, data.nodes]).toEqual([undefined, null, [null]]);
    }
    expect(await codesOf('{ statistics { certificates { byCategory { category count } } } }', { as: 'ADMIN' })).toEqual([
      [expect.stringMatching(/^statistics\.certificates\.byCategory\.\d\.category$/), 'INTERNAL_SERVER_ERROR', true],
    ]);
    // Counts show no category.
    const { data, errors } = await ask(
      '{ statistics { certificates { total } } certificates(first: 1) { totalCount { value } } }',
      {},
      { as: 'ADMIN' },
    );
    expect([errors, data.statistics.certificates.total]).toEqual([undefined, data.certificates.totalCount.value]);
    expect((await ask('{ publicCertificates(filter: { category: GIFT_CARD }) { nodes { id } } }')).errors?.[0]?.extensions.code).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
  },
);

test.each([0, Number.POSITIVE_INFINITY])(
  'no value of an enum reaches a client that the schema lacks, compiled after %s calls',
  async (compileAfter) => {
    const { set, codesOf, ask } = await aNewerDatabase(compileAfter);
    await set(`update users set role = 'AUDITOR' where id = 5`);
    await set(`update certificate_templates set kind = 'VIDEO' where id = 3`);
    await set(`update certificates set payment_mode = 'BARTER' where category = 'INVOICE_SPA_BILL'`);
    const queries = {
      [`{ nodes(ids: ["${encodeId('User', 4)}", "${encodeId('User', 5)}"]) { ... on User { id role } } }`]: 'nodes.1.role',
      [`{ template(id: "${encodeId('CertificateTemplate', 3)}") { name kind } }`]: 'template.kind',
      '{ certificates(first: 1, filter: { category: INVOICE_SPA_BILL }) { nodes { ... on Invoice { billNumber paymentMode } } } }':
        'certificates.nodes.0.paymentMode',
    };
    for (const [query, path] of Object.entries(queries)) {
      expect(await codesOf(query, { as: 'ADMIN' })).toEqual([[path, 'INTERNAL_SERVER_ERROR', true]]);
      expect(JSON.stringify(await ask(query, {}, { as: 'ADMIN' }))).not.toMatch(/AUDITOR|VIDEO|BARTER/);
    }
    // The role is nullable: the user is there, and what surrounds them.
    const { data } = await ask(Object.keys(queries)[0] as string, {}, { as: 'ADMIN' });
    expect(data.nodes.map(({ role }: { role: string }) => role)).toEqual(['HR', null]);
  },
);

test('a certificate that becomes one of an unknown category is issued, and its subscribers learn that it cannot be shown', async () => {
  const { set, ask, url, logged } = await aNewerDatabase(0);
  const text = 'begin new.category = $x$GIFT_CARD$x$; return new; end';
  await set(`create function make_gift() returns trigger language plpgsql as '${text}'`);
  await set('create trigger make_gift before insert on certificates for each row execute function make_gift()');
  const stream = await aSubscription(url, 'subscription { certificateIssued { number } }');
  const issue = 'mutation ($input: IssueCertificateInput!) { issueCertificate(input: $input) { certificate { number } } }';
  const issued = async () => (await ask(issue, { input: toIssue('ID_CARD', { isPublic: true }) }, { as: 'ADMIN' })).errors;
  const unavailable = {
    path: ['issueCertificate', 'certificate'],
    extensions: { code: 'RESULT_UNAVAILABLE', reason: 'INTERNAL_SERVER_ERROR' },
  };
  expect(await issued()).toMatchObject([unavailable]);
  expect(await issued()).toMatchObject([unavailable]);
  // The stream goes on behind the first.
  const events = () => stream.text().match(/"path":\["certificateIssued"\],"extensions":{"code":"INTERNAL_SERVER_ERROR"/g) ?? [];
  await until(() => events().length === 2, 'both events have come');
  expect(stream.text()).not.toContain('GIFT_CARD');
  expect(logged).toHaveLength(4);
});

test('a user of an unknown role has no rights, and only a super admin changes one', async () => {
  const { set, ask, codesOf, tokens } = await aNewerDatabase(0);
  await set(`update users set role = 'AUDITOR' where id = 4`);
  const { token } = await tokens.sign(4);
  const as = { token };
  expect((await ask('{ viewer { id } publicCertificates(first: 1) { nodes { id } } }', {}, as)).data).toMatchObject({
    viewer: null,
    publicCertificates: { nodes: [{}] },
  });
  for (const query of [
    '{ certificates(first: 1) { nodes { id } } }',
    '{ candidateForms(first: 1) { nodes { id } } }',
    '{ users(first: 1) { nodes { id } } }',
  ])
    expect((await codesOf(query, as)).map(([, code]) => code)).toEqual(['UNAUTHENTICATED']);
  expect((await ask(SUBMIT, { input: person }, as)).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  const id = encodeId('User', 4);
  const change = `mutation { saveUser(input: { id: "${id}", version: 1, firstName: "Changed" }) { user { firstName } } }`;
  const byAdmin = await ask(change, {}, { as: 'ADMIN' });
  expect(byAdmin.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  expect((await ask(change, {}, { as: 'SUPER_ADMIN' })).data).toEqual({ saveUser: { user: { firstName: 'Changed' } } });
});

test('an operation that is executed again, because its compiled form does not fit, calls its fields once', async () => {
  const modes = { requests: 'off', points: 'off' } as const;
  const { ask, databaseUrl } = await anApp({ expectsErrors: true, compileAfter: 0, protection: { modes } });
  await allowSpoils(databaseUrl);
  const [row] = await rowsOf(
    databaseUrl,
    `update certificates set category = 'GIFT_CARD' where id = (select min(id) from certificates where is_public) returning number`,
  );
  const codes: (string | undefined)[] = [];
  for (let round = 0; round < 31; round++) {
    const { errors } = await ask('query ($number: String!) { certificate(number: $number) { id } }', { number: row?.number });
    codes.push(errors?.[0]?.extensions.code);
  }
  expect(codes).toEqual([...Array.from({ length: 30 }, () => 'INTERNAL_SERVER_ERROR'), 'RATE_LIMITED']);
});
