import { expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { rowsOf } from './support/database.ts';
import { ADMIN, course, ISSUE, invoice, issue, person, SAVE_SPA, SPA, SUBMIT, TEMPLATE, USER } from './support/operations.ts';
import { expectError, expectIssues, refusing } from './support/refusals.ts';
import { anApp } from './support/world.ts';

test('variables of wrong types, unknown enum values and missing values are all named by their paths', async () => {
  const app = await anApp();
  await refusing(app, async () => {
    const answer = await app.ask(
      ISSUE,
      issue({ invoice: { ...invoice, billNumber: 7, paymentMode: 'GOLD', items: [{ service: 'x', quantity: '1' }, null] } }),
      USER,
    );
    expectIssues(answer, [
      'input.details.invoice.billNumber',
      'input.details.invoice.paymentMode',
      'input.details.invoice.items.0',
      'input.details.invoice.items.1',
    ]);
    expectIssues(await app.ask(ISSUE, {}, USER), ['input']);
    expectIssues(await app.ask(ISSUE, { input: null }, USER), ['input']);
    expectIssues(await app.ask(ISSUE, { input: [] }, USER), ['input']);
    expectIssues(
      await app.ask(
        'query ($role: Role, $first: Int) { users(filter: { role: $role }, first: $first) { nodes { id } } }',
        { role: 'KING', first: '3' },
        ADMIN,
      ),
      ['role', 'first'],
    );
  });
});

test('every bad text of an input is named, however many there are and wherever they stand', async () => {
  const app = await anApp();
  await refusing(app, async () => {
    const spa = {
      name: 'a\u0000b',
      city: '   ',
      email: 'nobody',
      code: -1,
      website: 'javascript:alert(1)',
      phoneNumber: 'call me',
      area: 'x'.repeat(300),
    };
    expectIssues(
      await app.ask(SAVE_SPA, { input: spa }, ADMIN),
      ['name', 'city', 'email', 'code', 'website', 'phoneNumber', 'area'].map((name) => `input.${name}`),
    );
    const items = [
      { service: '', hsnCode: 'x', quantity: '0', rate: '1.001' },
      { service: 'a', quantity: '1', rate: '-1' },
    ];
    expectIssues(
      await app.ask(
        ISSUE,
        issue({ invoice: { ...invoice, billNumber: ' ', items } }, { templateId: 'x', spaId: TEMPLATE, holderName: '' }),
        USER,
      ),
      [
        'input.templateId',
        'input.spaId',
        'input.holderName',
        ...['billNumber', 'items.0.service', 'items.0.hsnCode', 'items.0.quantity', 'items.0.rate', 'items.1.rate'].map(
          (path) => `input.details.invoice.${path}`,
        ),
      ],
    );
    expectIssues(
      await app.ask(SUBMIT, { input: { ...person, age: 17, zipCode: '!', otherDocuments: ['ok', '', 'x'.repeat(501)] } }, USER),
      ['input.age', 'input.zipCode', 'input.otherDocuments.1', 'input.otherDocuments.2'],
    );
  });
});

test('dates that do not exist, run backward or lie before the year 1 are refused', async () => {
  const app = await anApp();
  await refusing(app, async () => {
    for (const date of [
      '2026-02-30',
      '2025-02-29',
      '2026-13-01',
      '2026-00-10',
      '0000-01-01',
      '2026-1-5',
      '10000-01-01',
      '05/01/2026',
      '2026-01-05T00:00:00Z',
      '',
      20260105,
      true,
    ]) {
      const answer = await app.ask(ISSUE, issue({ spaTherapist: { ...course, startDate: date, endDate: date } }), USER);
      expectIssues(answer, ['input.details.spaTherapist.startDate', 'input.details.spaTherapist.endDate']);
    }
    const backward = await app.ask(ISSUE, issue({ spaTherapist: { ...course, endDate: '2026-01-04' } }), USER);
    expectIssues(backward, ['input.details.spaTherapist.endDate']);
    for (const moment of ['2026-02-30T00:00:00Z', '0000-01-01T00:00:00Z', '2026-01-01', '2026-01-01T25:00:00Z', 'now', 0]) {
      const answer = await app.ask('query ($at: DateTime) { publicCertificates(filter: { generatedAfter: $at }) { nodes { id } } }', {
        at: moment,
      });
      expectIssues(answer, ['at']);
    }
  });
});

test('money with three decimals, below zero, too large, or no number is refused', async () => {
  const app = await anApp();
  const letter = { position: 'Therapist', startDate: '2026-01-05' };
  await refusing(app, async () => {
    for (const salary of [
      '1.001',
      '-1',
      '-0.01',
      '10000000000.00',
      '99999999999999999999',
      '1e3',
      'NaN',
      'Infinity',
      '',
      ' 1',
      '1,000',
      1e21,
      true,
      {},
    ]) {
      expectIssues(await app.ask(ISSUE, issue({ offerLetter: { ...letter, salary } }), USER), ['input.details.offerLetter.salary']);
    }
    const items = [{ service: 'a', quantity: '99999', rate: '9999999999.99' }];
    expectError(
      await app.ask(
        ISSUE,
        issue({ invoice: { ...invoice, items } }, { spaId: SPA, templateId: await templateOf(app.databaseUrl, 'INVOICE_SPA_BILL') }),
        USER,
      ),
      'BAD_USER_INPUT',
    );
  });
});

test('the details of a certificate name exactly one category', async () => {
  const app = await anApp();
  await refusing(app, async () => {
    const letter = { position: 'Therapist', startDate: '2026-01-05', salary: '1' };
    for (const details of [{}, { spaTherapist: course, offerLetter: letter }])
      expectIssues(await app.ask(ISSUE, issue(details), USER), ['input.details']);
    expectIssues(await app.ask(ISSUE, issue({ spaTherapist: null }), USER), ['input.details.spaTherapist']);
    const other = await templateOf(app.databaseUrl, 'ID_CARD');
    expectIssues(await app.ask(ISSUE, issue({ spaTherapist: course }, { templateId: other }), USER), ['input.templateId']);
    const inDocument = await app.ask(
      `mutation { issueCertificate(input: { templateId: "${TEMPLATE}", holderName: "A", details: {} }) { certificate { id } } }`,
      {},
      USER,
    );
    expectError(inDocument, 'GRAPHQL_VALIDATION_FAILED');
  });
});

test('keys of Object.prototype in variables are fields like any other: unknown', async () => {
  const app = await anApp();
  await refusing(app, async () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const filter: unknown = JSON.parse(`{ "${key}": { "isActive": false } }`);
      expectIssues(await app.ask('query ($filter: SpaFilter) { spas(filter: $filter) { nodes { id } } }', { filter }), ['filter']);
      expectIssues(await app.ask(SAVE_SPA, { input: JSON.parse(`{ "name": "x", "${key}": 1 }`) }, ADMIN), ['input']);
      const { status } = await app.ask('{ spas { nodes { id } } }', JSON.parse(`{ "${key}": 1 }`));
      expect(status).toBe(200);
      expectError(await app.ask(`{ spas(filter: { ${key}: 1 }) { nodes { id } } }`), 'GRAPHQL_VALIDATION_FAILED');
    }
    const config: unknown = JSON.parse('{ "__proto__": { "isAdmin": true } }');
    const save = 'mutation ($input: SaveTemplateInput!) { saveTemplate(input: $input) { template { id } } }';
    expectIssues(await app.ask(save, { input: { name: 'x', category: 'ID_CARD', kind: 'IMAGE', config: [config], variant: '' } }, ADMIN), [
      'input.config',
      'input.variant',
    ]);
    expect(Reflect.get({}, 'isAdmin')).toBeUndefined();
  });
});

async function templateOf(databaseUrl: string, category: string): Promise<string> {
  const [row] = await rowsOf<{ id: number }>(
    databaseUrl,
    `select id from certificate_templates where category = '${category}' and is_public and is_active limit 1`,
  );
  return encodeId('CertificateTemplate', row?.id ?? 0);
}
