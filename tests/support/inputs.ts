// Valid inputs of mutations, and the operations that take them.

import { CertificateCategory } from '../../src/generated/prisma/enums.ts';
import { encodeId } from '../../src/graphql/ids.ts';

export const SPA = encodeId('Spa', 1);
export const OTHER_SPA = encodeId('Spa', 2);

/** The first template of a category, which is public and active. */
export const templateFor = (category: CertificateCategory, round = 0) =>
  encodeId('CertificateTemplate', Object.values(CertificateCategory).indexOf(category) + 1 + 8 * round);

/** What each category cannot do without. */
export const LEAST: Record<CertificateCategory, Record<string, unknown>> = {
  SPA_THERAPIST: { spaTherapist: { courseName: 'Swedish massage', startDate: '2026-01-05', endDate: '2026-03-27' } },
  MANAGER_SALARY: { managerSalary: { joiningDate: '2020-02-01', monthlySalary: '40000' } },
  OFFER_LETTER: { offerLetter: { position: 'Therapist', startDate: '2026-04-01', salary: '18000' } },
  EXPERIENCE_LETTER: { experienceLetter: { position: 'Therapist', joiningDate: '2022-01-31', endDate: '2024-05-15' } },
  APPOINTMENT_LETTER: { appointmentLetter: { position: 'Therapist', startDate: '2026-04-01', salary: '18000' } },
  INVOICE_SPA_BILL: {
    invoice: {
      billNumber: 'B-1',
      billDate: '2026-03-01',
      paymentMode: 'UPI',
      items: [{ service: 'Abhyanga', quantity: '1', rate: '2500' }],
    },
  },
  ID_CARD: { idCard: { designation: 'Therapist', dateOfJoining: '2026-01-05', contactNumber: '98765 43210' } },
  DAILY_SHEET: {
    dailySheet: {
      sheetDate: '2026-03-01',
      entries: [{ clientName: 'Ravi Iyer', service: 'Abhyanga', staffName: 'Asha Rao', amount: '2500', paymentMode: 'CASH' }],
    },
  },
};

/** The input of issueCertificate with the least details, and what is given beside or instead. */
export const toIssue = (category: CertificateCategory, rest: Record<string, unknown> = {}) => ({
  templateId: templateFor(category),
  ...(category === 'SPA_THERAPIST' || category === 'OFFER_LETTER' ? {} : { spaId: SPA }),
  ...(category === 'DAILY_SHEET' ? {} : { holderName: 'Asha Rao' }),
  details: LEAST[category],
  ...rest,
});

/** The input of an invoice. */
export const toBill = (invoice: Record<string, unknown>, rest: Record<string, unknown> = {}) =>
  toIssue('INVOICE_SPA_BILL', { details: { invoice: { ...(LEAST.INVOICE_SPA_BILL.invoice as object), ...invoice } }, ...rest });

export const CANDIDATE = {
  firstName: 'Asha',
  lastName: 'Rao',
  currentAddress: '12 Lake Road',
  city: 'Pune',
  state: 'Maharashtra',
  zipCode: '411001',
  phoneNumber: '98765 43210',
  age: 27,
  workExperience: 'Three years at a day spa',
  therapistExperience: 'Two years of Swedish massage',
  positionAppliedFor: 'Therapist',
};

export const OPENING = {
  spaId: SPA,
  forRole: 'Therapist',
  staffRequired: 2,
  description: 'Ayurvedic treatments',
  requiredExperience: 'One year',
  requiredEducation: 'A course for therapists',
  requiredSkills: 'Abhyanga, Shirodhara',
};

export const ACCOUNT = {
  username: 'asha.rao',
  email: 'asha@convoy.example',
  password: 'a long password',
  firstName: 'Asha',
  lastName: 'Rao',
};

/** A mutation with one input, and what is selected of its payload. */
export const mutation = (name: string, selection: string) => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input!`;
  return `mutation($input: ${type}) { ${name}(input: $input) { ${selection} } }`;
};
