import { expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { today } from '../src/modules/certificate/dates.ts';
import { rowsOf } from './support/database.ts';
import { CANDIDATE, mutation, SPA, templateFor, toBill, toIssue } from './support/inputs.ts';
import { type Answer, anApp } from './support/world.ts';

const as = { as: 'ADMIN' } as const;
const issuing = (details: string) => mutation('issueCertificate', `certificate { id ${details} }`);
const BILL = issuing('... on Invoice { items { quantity rate amount } subtotal amountInWords cardLastFour }');

async function aTill() {
  const { ask } = await anApp();
  let number = 0;
  return async (...items: [quantity: string, rate: string][]) => {
    const lines = items.map(([quantity, rate]) => ({ service: 'Abhyanga', quantity, rate }));
    const { data, errors } = await ask(BILL, { input: toBill({ billNumber: `T-${++number}`, items: lines }) }, as);
    expect(errors).toBeUndefined();
    return data.issueCertificate.certificate;
  };
}

test('an amount is quantity times rate, to the paisa, halves up, and the subtotal the sum of the amounts', async () => {
  const bill = await aTill();
  const products = [
    ['1.5', '33.33', '50.00'],
    ['0.5', '0.01', '0.01'],
    ['0.333', '0.01', '0.00'],
    ['2.005', '100.00', '200.50'],
    ['0.001', '4.99', '0.00'],
    ['0.001', '5.00', '0.01'],
    ['3', '1499.99', '4499.97'],
  ] as const;
  const { items, subtotal } = await bill(...products.map(([quantity, rate]) => [quantity, rate] as [string, string]));
  expect(items.map(({ amount }: Answer['data']) => amount)).toEqual(products.map(([, , amount]) => amount));
  expect(subtotal).toBe('4750.49');
});

test('an amount in words is grouped in lakh and crore, with its paise', async () => {
  const bill = await aTill();
  const amounts = {
    '9999999999.99':
      'Nine Hundred Ninety Nine Crore Ninety Nine Lakh Ninety Nine Thousand Nine Hundred Ninety Nine Rupees And Ninety Nine Paise Only',
    '1000000000.00': 'One Hundred Crore Rupees Only',
    '1000000001.50': 'One Hundred Crore One Rupees And Fifty Paise Only',
    '1234567.89': 'Twelve Lakh Thirty Four Thousand Five Hundred Sixty Seven Rupees And Eighty Nine Paise Only',
    '40000.00': 'Forty Thousand Rupees Only',
    '0': 'Zero Rupees Only',
    '0.05': 'Zero Rupees And Five Paise Only',
    '1': 'One Rupee Only',
    '10000000': 'One Crore Rupees Only',
    '123456789.10': 'Twelve Crore Thirty Four Lakh Fifty Six Thousand Seven Hundred Eighty Nine Rupees And Ten Paise Only',
    '999999999.99': 'Ninety Nine Crore Ninety Nine Lakh Ninety Nine Thousand Nine Hundred Ninety Nine Rupees And Ninety Nine Paise Only',
  };
  for (const [rate, words] of Object.entries(amounts)) expect((await bill(['1', rate])).amountInWords).toBe(words);
});

test('a salary of 40,000.00 is forty thousand, paid in each of the six months before this one', async () => {
  const { ask } = await anApp();
  const SALARY = issuing('... on ManagerSalaryCertificate { position monthlySalary monthlySalaryInWords months { month amount } }');
  const { data } = await ask(SALARY, { input: toIssue('MANAGER_SALARY') }, as);
  const { months, ...rest } = data.issueCertificate.certificate;
  expect(rest).toMatchObject({ position: 'Manager', monthlySalary: '40000.00', monthlySalaryInWords: 'Forty Thousand Rupees Only' });
  const now = today();
  const expected = [6, 5, 4, 3, 2, 1].map((ago) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1)).toISOString().slice(0, 10),
  );
  expect(months).toEqual(expected.map((month) => ({ month, amount: '40000.00' })));
});

test('months that are given are kept in their order, each as its first day', async () => {
  const { ask } = await anApp();
  const months = [
    { month: '2026-02-17', amount: '5000' },
    { month: '2025-12-31', amount: '4000.5' },
  ];
  const input = toIssue('MANAGER_SALARY', { details: { managerSalary: { joiningDate: '2020-02-01', monthlySalary: '5000', months } } });
  const { data } = await ask(issuing('... on ManagerSalaryCertificate { months { month amount } }'), { input }, as);
  expect(data.issueCertificate.certificate.months).toEqual([
    { month: '2026-02-01', amount: '5000.00' },
    { month: '2025-12-01', amount: '4000.50' },
  ]);
});

test('a duration counts both days', async () => {
  const { ask } = await anApp();
  const durations = [
    ['2022-01-31', '2024-05-15', '2 years 3 months 16 days'],
    ['2024-02-29', '2024-02-29', '1 day'],
    ['2024-01-01', '2024-12-31', '1 year'],
    ['2024-01-31', '2024-02-29', '1 month 1 day'],
  ];
  for (const [joiningDate, endDate, duration] of durations) {
    const input = toIssue('EXPERIENCE_LETTER', { details: { experienceLetter: { position: 'Therapist', joiningDate, endDate } } });
    const { data } = await ask(issuing('... on ExperienceLetter { duration }'), { input }, as);
    expect(data.issueCertificate.certificate.duration).toBe(duration);
  }
});

test('a daily sheet adds up what its clients paid, and an ID card is issued today', async () => {
  const { ask } = await anApp();
  const entry = { clientName: 'Ravi', service: 'Abhyanga', staffName: 'Asha', paymentMode: 'CASH' };
  const entries = [
    { ...entry, amount: '0.1' },
    { ...entry, amount: '0.2', remark: 'late' },
  ];
  const sheet = await ask(
    issuing('holderName ... on DailySheet { total entries { amount remark } }'),
    { input: toIssue('DAILY_SHEET', { details: { dailySheet: { sheetDate: '2026-03-01', entries } } }) },
    as,
  );
  expect(sheet.data.issueCertificate.certificate).toMatchObject({
    total: '0.30',
    entries: [
      { amount: '0.10', remark: null },
      { amount: '0.20', remark: 'late' },
    ],
  });
  const card = await ask(issuing('... on IdCard { issueDate }'), { input: toIssue('ID_CARD') }, as);
  expect(card.data.issueCertificate.certificate.issueDate).toBe(today().toISOString().slice(0, 10));
});

test('of a card number the last four digits are kept, and no more in any column', async () => {
  const { ask, databaseUrl } = await anApp();
  const { data } = await ask(BILL, { input: toBill({ paymentMode: 'CARD', cardNumber: '4111 1111-1111 4242' }) }, as);
  expect(data.issueCertificate.certificate.cardLastFour).toBe('4242');
  const rows = await rowsOf<{ row: string; last: string }>(
    databaseUrl,
    `select to_jsonb(c)::text as row, card_last_four as last from certificates c where bill_number = 'B-1' and spa_id = 1`,
  );
  expect(rows.map(({ last }) => last)).toEqual(['4242']);
  expect(JSON.stringify(rows)).not.toMatch(/4111|1111/);
});

test('what was printed of a spa stays when the spa changes, and a certificate outlives its spa and its template', async () => {
  const { ask, prisma } = await anApp();
  const { name } = await prisma.spa.findUniqueOrThrow({ where: { id: 1 } });
  const READ = 'query($id: ID!) { node(id: $id) { ... on IdCard { holderName spa { name } spaSnapshot { name } template { id } } } }';
  const { id } = (await ask(issuing(''), { input: toIssue('ID_CARD') }, as)).data.issueCertificate.certificate;
  const read = async () => (await ask(READ, { id }, as)).data.node;
  await ask(mutation('submitCandidateForm', 'candidateForm { id }'), { input: { ...CANDIDATE, spaId: SPA } }, as);

  await ask(mutation('saveSpa', 'spa { id }'), { input: { id: SPA, version: 1, name: 'Renamed' } }, as);
  expect(await read()).toMatchObject({ spa: { name: 'Renamed' }, spaSnapshot: { name } });
  const DELETE =
    'mutation($spa: ID!, $template: ID!) { deleteSpa(id: $spa, isForGood: true) { wasDeleted } deleteTemplate(id: $template) { deletedId } }';
  const deleted = await ask(DELETE, { spa: SPA, template: templateFor('ID_CARD') }, { as: 'SUPER_ADMIN' });
  expect(deleted.data).toEqual({ deleteSpa: { wasDeleted: true }, deleteTemplate: { deletedId: templateFor('ID_CARD') } });
  expect(await read()).toEqual({ holderName: 'Asha Rao', spa: null, spaSnapshot: { name }, template: null });
});

const DELETE = 'mutation($ids: [ID!]!) { deleteCertificates(ids: $ids) { deletedIds notDeletedIds } }';

test('deleting several says once for each id whether it is gone, and an id of another category is not', async () => {
  const { ask, prisma } = await anApp();
  const [bill, wrong, unknown, card] = [encodeId('Invoice', 1), encodeId('IdCard', 1), encodeId('Invoice', 999_999), encodeId('IdCard', 2)];
  const { data } = await ask(DELETE, { ids: [bill, wrong, unknown, card, bill] }, as);
  expect(data.deleteCertificates).toEqual({ deletedIds: [bill, card], notDeletedIds: [wrong, unknown] });
  expect(await prisma.invoiceItem.count({ where: { certificateId: 1 } })).toBe(0);

  const ONE = 'mutation($id: ID!) { deleteCertificate(id: $id) { deletedId } }';
  const refused = await ask(ONE, { id: encodeId('Invoice', 3) }, as);
  expect([refused.status, refused.errors?.[0]?.extensions.code]).toEqual([200, 'NOT_FOUND']);
  expect((await ask(ONE, { id: encodeId('SpaTherapistCertificate', 3) }, as)).status).toBe(200);
});

test('of several who delete the same certificates at once each is told what they have deleted themselves', async () => {
  const { ask } = await anApp();
  const ids = [1, 9, 17, 25].map((id) => encodeId('Invoice', id));
  const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => ask(DELETE, { ids: i % 2 ? ids : ids.toReversed() }, as)));
  expect(answers.flatMap(({ data }) => data.deleteCertificates.deletedIds).sort()).toEqual(ids.toSorted());
});
