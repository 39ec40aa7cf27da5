// Mutations, and inputs that they accept: tests change one thing and see it refused.

import { encodeId } from '../../src/graphql/ids.ts';

export const ISSUE = 'mutation ($input: IssueCertificateInput!) { issueCertificate(input: $input) { certificate { id holderName } } }';
export const SAVE_SPA = 'mutation ($input: SaveSpaInput!) { saveSpa(input: $input) { spa { id name } } }';
export const SUBMIT =
  'mutation ($input: SubmitCandidateFormInput!) { submitCandidateForm(input: $input) { candidateForm { id firstName } } }';
export const USER = { as: 'USER' } as const;
export const ADMIN = { as: 'ADMIN' } as const;

export const TEMPLATE = encodeId('CertificateTemplate', 1);
export const SPA = encodeId('Spa', 1);
export const course = { courseName: 'Swedish massage', startDate: '2026-01-05', endDate: '2026-03-27' };
export const invoice = {
  billNumber: 'B-1',
  billDate: '2026-01-01',
  paymentMode: 'CASH',
  items: [{ service: 'Massage', quantity: '1', rate: '10' }],
};
export const issue = (details: unknown, rest: object = {}) => ({
  input: { templateId: TEMPLATE, holderName: 'Asha Rao', details, ...rest },
});
export const person = {
  spaId: SPA,
  firstName: 'Asha',
  lastName: 'Rao',
  currentAddress: '12 Lake Road',
  city: 'Pune',
  state: 'Maharashtra',
  zipCode: '411001',
  phoneNumber: '9876543210',
  age: 27,
  workExperience: 'Three years',
  therapistExperience: 'Two years',
  positionAppliedFor: 'Therapist',
};
