import { expect, test } from 'vitest';
import type { ErrorCode } from '../src/errors.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { categories } from '../src/modules/certificate/categories.ts';
import { rowsOf } from './support/database.ts';
import { LEAST, mutation, OTHER_SPA, SPA, templateFor, toBill, toIssue } from './support/inputs.ts';
import { codeOf, expectError } from './support/refusals.ts';
import { anApp } from './support/world.ts';

type Category = keyof typeof LEAST;
const CATEGORIES = Object.keys(LEAST) as Category[];
const as = { as: 'ADMIN' } as const;
const common =
  '__typename id number category holderName isPublic spa { id name } spaSnapshot { name city } template { id } issuedBy { id }';
const ISSUE = mutation('issueCertificate', `certificate { ${common} }`);
const issuing = (details: string) => mutation('issueCertificate', `certificate { ${details} }`);

test.each(CATEGORIES)('%s is issued with the least, and the answer shows what was written', async (category) => {
  const { ask, prisma } = await anApp();
  const spa = await prisma.spa.findUniqueOrThrow({ where: { id: 1 } });
  const { data, errors } = await ask(ISSUE, { input: toIssue(category) }, { as: 'USER' });
  expect(errors).toBeUndefined();
  const { certificate } = data.issueCertificate;
  const hasSpa = categories[category].spa === 'required';
  expect(certificate).toMatchObject({
    __typename: categories[category].type,
    category,
    holderName: category === 'DAILY_SHEET' ? spa.name : 'Asha Rao',
    isPublic: false,
    spa: hasSpa ? { id: SPA, name: spa.name } : null,
    spaSnapshot: hasSpa ? { name: spa.name, city: spa.city } : null,
    template: { id: templateFor(category) },
    issuedBy: { id: encodeId('User', 5) },
  });
  expect(certificate.number).toMatch(/^[A-Z]{3}-\d{4}-\d{7}$/);
  const again = await ask('query($id: ID!, $number: String!) { node(id: $id) { id } certificate(number: $number) { id } }', certificate, {
    as: 'USER',
  });
  expect(again.data).toEqual({ node: { id: certificate.id }, certificate: { id: certificate.id } });
});

const FULL: [Category, object, string, object][] = [
  [
    'SPA_THERAPIST',
    { photo: '/p.jpg', signature: '/s.png' },
    'SpaTherapistCertificate',
    { courseName: 'Swedish massage', startDate: '2026-01-05', endDate: '2026-03-27' },
  ],
  ['OFFER_LETTER', { signature: '/s.png' }, 'OfferLetter', { position: 'Therapist', salary: '18000.00' }],
  [
    'EXPERIENCE_LETTER',
    { salary: '9000.5', performanceNote: 'Good.\nVery good.' },
    'ExperienceLetter',
    { joiningDate: '2022-01-31', endDate: '2024-05-15' },
  ],
  [
    'APPOINTMENT_LETTER',
    { signature: '/s.png' },
    'AppointmentLetter',
    { position: 'Therapist', startDate: '2026-04-01', salary: '18000.00' },
  ],
  ['INVOICE_SPA_BILL', { customerAddress: '12 Lake Road', paymentMode: 'CASH' }, 'Invoice', { billNumber: 'B-1', billDate: '2026-03-01' }],
  [
    'ID_CARD',
    { issueDate: '2026-02-01', photo: '/p.jpg' },
    'IdCard',
    { designation: 'Therapist', dateOfJoining: '2026-01-05', contactNumber: '9876543210' },
  ],
  ['MANAGER_SALARY', { position: 'Head manager' }, 'ManagerSalaryCertificate', { joiningDate: '2020-02-01', monthlySalary: '40000.00' }],
];

test.each(FULL)('%s keeps everything that it may have', async (category, optional, type, kept) => {
  const { ask } = await anApp();
  const { member } = categories[category];
  const expected = { ...kept, ...optional, ...('salary' in optional ? { salary: '9000.50' } : {}) };
  const details = { [member]: { ...(LEAST[category][member] as object), ...optional } };
  const spaId = category === 'SPA_THERAPIST' ? undefined : SPA;
  const { data, errors } = await ask(
    issuing(`... on ${type} { isPublic ${Object.keys(expected).join(' ')} }`),
    { input: toIssue(category, { details, spaId, isPublic: true }) },
    as,
  );
  expect({ errors, certificate: data?.issueCertificate.certificate }).toEqual({
    errors: undefined,
    certificate: { isPublic: true, ...expected },
  });
});

test.each(CATEGORIES)('%s is refused without any of its required details', async (category) => {
  const { ask } = await anApp({ isSeeded: false });
  const { member } = categories[category];
  const details = LEAST[category][member] as Record<string, unknown>;
  for (const field of Object.keys(details)) {
    const { [field]: _, ...rest } = details;
    const answer = await ask(ISSUE, { input: toIssue(category, { details: { [member]: rest } }) }, as);
    expect({ field, code: codeOf(answer) }).toEqual({ field, code: 'BAD_USER_INPUT' });
  }
});

const BROKEN: [rule: string, input: object, code: ErrorCode, path?: (string | number)[]][] = [
  ['a holder', toIssue('ID_CARD', { holderName: undefined }), 'BAD_USER_INPUT', ['input', 'holderName']],
  ['a spa where the category names one', toIssue('ID_CARD', { spaId: undefined }), 'BAD_USER_INPUT', ['input', 'spaId']],
  ['no spa where the category names none', toIssue('SPA_THERAPIST', { spaId: SPA }), 'BAD_USER_INPUT', ['input', 'spaId']],
  ['a spa that exists', toIssue('ID_CARD', { spaId: encodeId('Spa', 999_999) }), 'NOT_FOUND'],
  ['a template that exists', toIssue('ID_CARD', { templateId: encodeId('CertificateTemplate', 999_999) }), 'NOT_FOUND'],
  ['a template of its category', toIssue('ID_CARD', { templateId: templateFor('DAILY_SHEET') }), 'BAD_USER_INPUT', ['input', 'templateId']],
  ['an id of a template', toIssue('ID_CARD', { templateId: SPA }), 'BAD_USER_INPUT'],
  ['details of one category only', toIssue('ID_CARD', { details: { ...LEAST.ID_CARD, ...LEAST.DAILY_SHEET } }), 'BAD_USER_INPUT'],
  [
    'dates that run forward',
    toIssue('EXPERIENCE_LETTER', { details: { experienceLetter: { position: 'X', joiningDate: '2024-05-15', endDate: '2024-05-14' } } }),
    'BAD_USER_INPUT',
    ['input', 'details', 'experienceLetter', 'endDate'],
  ],
  ['a day that exists', toBill({ billDate: '2026-02-30' }), 'BAD_USER_INPUT'],
  ['an item', toBill({ items: [] }), 'BAD_USER_INPUT'],
  [
    'a quantity of more than nothing',
    toBill({ items: [{ service: 'A', quantity: '0', rate: '1' }] }),
    'BAD_USER_INPUT',
    ['input', 'details', 'invoice', 'items', 0, 'quantity'],
  ],
  [
    'a rate in whole paise',
    toBill({ items: [{ service: 'A', quantity: '1', rate: '1.005' }] }),
    'BAD_USER_INPUT',
    ['input', 'details', 'invoice', 'items', 0, 'rate'],
  ],
  ['a rate that is not negative', toBill({ items: [{ service: 'A', quantity: '1', rate: '-1' }] }), 'BAD_USER_INPUT'],
  [
    'a sum that can be kept',
    toBill({ items: [{ service: 'A', quantity: '99999', rate: '9999999999.99' }] }),
    'BAD_USER_INPUT',
    ['input', 'details', 'invoice', 'items'],
  ],
  [
    'a card number on a bill that is paid by card',
    toBill({ cardNumber: '4111111111111111' }),
    'BAD_USER_INPUT',
    ['input', 'details', 'invoice', 'cardNumber'],
  ],
  [
    'each month once',
    toIssue('MANAGER_SALARY', {
      details: {
        managerSalary: {
          joiningDate: '2020-02-01',
          monthlySalary: '1',
          months: [
            { month: '2026-01-01', amount: '1' },
            { month: '2026-01-31', amount: '2' },
          ],
        },
      },
    }),
    'BAD_USER_INPUT',
    ['input', 'details', 'managerSalary', 'months'],
  ],
];

test('a rule that is broken is named, and leaves no row in any table', async () => {
  const { ask, databaseUrl } = await anApp();
  const counts = `select (select count(*) from certificates) + (select count(*) from invoice_items) + (select count(*) from salary_months)
    + (select count(*) from daily_sheet_entries) as count`;
  const before = await rowsOf(databaseUrl, counts);
  for (const [needs, input, code, path] of BROKEN) {
    const answer = await ask(ISSUE, { input }, { as: 'USER' });
    expect({ needs, code: codeOf(answer) }).toEqual({ needs, code });
    expectError(answer, code);
    if (path) expect({ needs, path: answer.errors?.[0]?.extensions.issues[0].path }).toEqual({ needs, path });
  }
  expect(await rowsOf(databaseUrl, counts)).toEqual(before);
});

test('a private or inactive template and a closed spa are for staff', async () => {
  for (const change of ['template', 'inactive', 'spa']) {
    const { ask, prisma } = await anApp();
    if (change === 'spa') await prisma.spa.update({ where: { id: 1 }, data: { isActive: false } });
    else
      await prisma.certificateTemplate.update({
        where: { id: 7 },
        data: change === 'template' ? { isPublic: false } : { isActive: false },
      });
    expect(codeOf(await ask(ISSUE, { input: toIssue('ID_CARD') }, { as: 'USER' }))).toBe('NOT_FOUND');
    for (const role of ['HR', 'SPA_MANAGER', 'ADMIN', 'SUPER_ADMIN'] as const) {
      expect(codeOf(await ask(ISSUE, { input: toIssue('ID_CARD') }, { as: role }))).toBe('ok');
    }
  }
});

test('fifty who issue at once get fifty numbers', async () => {
  const { ask } = await anApp();
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(ISSUE, { input: toIssue('ID_CARD') }, { as: 'USER' })));
  expect(new Set(answers.map(({ data }) => data.issueCertificate.certificate.number)).size).toBe(50);
});

test('of ten bills of one number at one spa one is issued; another spa may use the number', async () => {
  const { ask, prisma } = await anApp();
  const [answers, elsewhere] = await Promise.all([
    Promise.all(Array.from({ length: 10 }, () => ask(ISSUE, { input: toBill({ billNumber: 'Z-1' }) }, as))),
    ask(ISSUE, { input: toBill({ billNumber: 'Z-1' }, { spaId: OTHER_SPA }) }, as),
  ]);
  expect(answers.map(codeOf).sort()).toEqual([...Array(9).fill('CONFLICT'), 'ok']);
  expect(answers.find(({ errors }) => errors)?.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'billNumber' });
  expect(codeOf(elsewhere)).toBe('ok');
  expect(await prisma.certificate.count({ where: { billNumber: 'Z-1' } })).toBe(2);
});
