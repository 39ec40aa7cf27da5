// Values that PostgreSQL takes and clients cannot name: a list that has them answers, and its cursors lead on.

import { expect, test } from 'vitest';
import { encodeId } from '../../../../src/graphql/ids.ts';
import { rowsOf } from '../../../support/database.ts';
import { mutation, toIssue } from '../../../support/inputs.ts';
import { lists, titleOf, walk } from '../../../support/lists.ts';
import { anApp } from '../../../support/world.ts';

const MOMENTS = ['infinity', '-infinity', '12026-03-31 09:30:00.123456+00', '0044-03-15 00:00:00+00 BC', '2026-03-31 09:30:00.123456+00'];
const [FIRST, LAST] = ['0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'];
const SHOWN = [LAST, FIRST, LAST, FIRST, '2026-03-31T09:30:00.123Z'];

/** The first five rows of each table get odd moments; the columns keep microseconds, as those of other people's databases do. */
async function makeOdd(databaseUrl: string): Promise<void> {
  for (const [table, column] of [
    ['certificates', 'generated_at'],
    ['hiring_forms', 'created_at'],
    ['candidate_forms', 'created_at'],
    ['users', 'created_at'],
    ['spas', 'created_at'],
  ] as const) {
    await rowsOf(databaseUrl, `alter table ${table} alter column ${column} type timestamptz(6)`);
    await rowsOf(databaseUrl, `update ${table} set ${column} = ($1::timestamptz[])[id] where id <= 5`, [MOMENTS]);
    await rowsOf(databaseUrl, `update ${table} set ${column} = ${column} + (id % 7) * interval '1 microsecond' where id > 5`);
  }
}

test('every list with odd moments is walked whole both ways', async () => {
  const { ask, databaseUrl } = await anApp();
  await makeOdd(databaseUrl);
  for (const list of lists.filter(({ parent }) => !parent)) {
    const expected = (await rowsOf<{ id: number }>(databaseUrl, list.sql)).map(({ id }) => id);
    const size = Math.max(2, Math.ceil(expected.length / 12));
    if (size > 100) continue;
    for (const isBackward of [false, true]) expect(await walk(ask, list, { size, isBackward }), titleOf(list)).toEqual(expected);
  }
}, 120_000);

test('a moment that a DateTime cannot name is shown as the first or the last that it can', async () => {
  const { ask, databaseUrl } = await anApp();
  await makeOdd(databaseUrl);
  const ids = SHOWN.map((_, i) => encodeId('HiringForm', i + 1));
  const { data, errors } = await ask(
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on HiringForm { createdAt } } }',
    { ids },
    { as: 'ADMIN' },
  );
  expect(errors).toBeUndefined();
  expect(data.nodes.map(({ createdAt }: { createdAt: string }) => createdAt)).toEqual(SHOWN);
});

test('filters by time place odd moments where PostgreSQL does', async () => {
  const { ask, databaseUrl } = await anApp();
  await makeOdd(databaseUrl);
  const count = async (filter: object) =>
    (
      await ask(
        'query ($filter: CertificateFilter) { certificates(filter: $filter) { totalCount { value } } }',
        { filter },
        { as: 'ADMIN' },
      )
    ).data.certificates.totalCount.value;
  expect(await count({ generatedAfter: LAST })).toBe(2);
  expect(await count({ generatedBefore: FIRST })).toBe(2);
});

test('days and numbers that cannot be named are shown, and break no list', async () => {
  const { ask, databaseUrl } = await anApp();
  await rowsOf(databaseUrl, `update certificates set bill_date = 'infinity', total = 'NaN' where category = 'INVOICE_SPA_BILL'`);
  await rowsOf(databaseUrl, `update invoice_items set rate = 'NaN', amount = 'NaN'`);
  await rowsOf(databaseUrl, `update certificates set start_date = '-infinity', end_date = 'infinity' where category = 'SPA_THERAPIST'`);
  const query = `{ publicCertificates(first: 50) { nodes { number
    ... on Invoice { billDate subtotal amountInWords items { rate amount } } ... on SpaTherapistCertificate { startDate endDate } } } }`;
  const { data, errors } = await ask(query);
  expect(errors).toBeUndefined();
  const bill = data.publicCertificates.nodes.find((node: object) => 'billDate' in node);
  expect(bill).toMatchObject({ billDate: '9999-12-31', subtotal: 'NaN', amountInWords: 'Not an Amount' });
  expect(data.publicCertificates.nodes.find((node: object) => 'endDate' in node)).toMatchObject({
    startDate: '0001-01-01',
    endDate: '9999-12-31',
  });
});

test('a user and a spa with odd moments sign in, are changed, and issue certificates', async () => {
  const { ask, databaseUrl } = await anApp();
  await rowsOf(databaseUrl, `update spas set created_at = 'infinity', updated_at = '-infinity' where id = 1`);
  await rowsOf(
    databaseUrl,
    `update users set created_at = '-infinity', last_login_at = 'infinity', tokens_valid_from = '-infinity' where id in (1, 2, 5)`,
  );
  const signedIn = await ask('mutation { signIn(input: { usernameOrEmail: "admin", password: "convoy-demo" }) { viewer { createdAt } } }');
  expect(signedIn.data.signIn.viewer.createdAt).toBe(FIRST);
  const [{ version } = { version: 0 }] = await rowsOf<{ version: number }>(databaseUrl, 'select version from spas where id = 1');
  const save = { input: { id: encodeId('Spa', 1), version, city: 'Pune' } };
  const saved = await ask(mutation('saveSpa', 'spa { city createdAt }'), save, { as: 'ADMIN' });
  expect(saved.data?.saveSpa).toEqual({ spa: { city: 'Pune', createdAt: LAST } });
  const [user] = await rowsOf<{ version: number }>(databaseUrl, 'select version from users where id = 5');
  const change = { input: { id: encodeId('User', 5), version: user?.version, firstName: 'Anna' } };
  const changed = await ask(mutation('saveUser', 'user { firstName }'), change, { as: 'SUPER_ADMIN' });
  expect(changed.errors).toBeUndefined();
  const issued = await ask(mutation('issueCertificate', 'certificate { number }'), { input: toIssue('ID_CARD') }, { as: 'ADMIN' });
  expect(issued.errors).toBeUndefined();
});
