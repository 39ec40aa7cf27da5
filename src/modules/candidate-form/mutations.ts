import { z } from 'zod';
import { builder } from '../../graphql/builder.ts';
import { idOf } from '../../graphql/ids.ts';
import { writtenPayload } from '../../graphql/payloads.ts';
import { filePath, line, paragraph, phone, reference } from '../../graphql/validation.ts';
import { signedIn } from '../user/policy.ts';
import { candidateFormById } from './loaders.ts';
import { CandidateForm } from './schema.ts';
import { submitCandidateForm } from './submit.ts';

const age = z.int().min(18, 'From 18 to 70.').max(70, 'From 18 to 70.');
const zipCode = reference(10).refine((value) => /^[\dA-Za-z -]{4,10}$/.test(value), 'A postal code has 4 to 10 letters and digits.');

const SubmitCandidateFormInput = builder.inputType('SubmitCandidateFormInput', {
  description: 'An application for work.',
  fields: (t) => ({
    spaId: t.id({ description: 'The spa that the candidate wants. Not together with `spaNameText`.' }).validate(idOf('Spa').nullish()),
    spaNameText: t.string({ validate: line(), description: 'The name of the spa, when it is not in the list.' }),
    firstName: t.string({ required: true, validate: line(), description: 'The first name.' }),
    middleName: t.string({ validate: line(), description: 'The middle name.' }),
    lastName: t.string({ required: true, validate: line(), description: 'The last name.' }),
    currentAddress: t.string({ required: true, validate: paragraph(500), description: 'Where the candidate lives.' }),
    aadharAddress: t.string({ validate: paragraph(500), description: 'The address on the Aadhaar card.' }),
    city: t.string({ required: true, validate: line(), description: 'The city.' }),
    state: t.string({ required: true, validate: line(), description: 'The state.' }),
    zipCode: t.string({ required: true, validate: zipCode, description: 'The postal code.' }),
    country: t.string({ validate: line(), description: 'The country; India by default.' }),
    phoneNumber: t.string({ required: true, validate: phone, description: 'To call the candidate.' }),
    alternateNumber: t.string({ validate: phone, description: 'Another number to call.' }),
    age: t.int({ required: true, validate: age, description: 'In years: 18 to 70.' }),
    workExperience: t.string({ required: true, validate: paragraph(), description: 'The work done so far.' }),
    therapistExperience: t.string({ required: true, validate: paragraph(), description: 'The work done as a therapist.' }),
    positionAppliedFor: t.string({ required: true, validate: line(), description: 'The position that the candidate wants.' }),
    educationCertificateCourses: t.string({ validate: paragraph(), description: 'Education, certificates and courses.' }),
    photo: t.string({ validate: filePath, description: 'Path of the photo.' }),
    ageProof: t.string({ validate: filePath, description: 'Path of the proof of age.' }),
    aadharFront: t.string({ validate: filePath, description: 'Path of the front of the Aadhaar card.' }),
    aadharBack: t.string({ validate: filePath, description: 'Path of the back of the Aadhaar card.' }),
    panCard: t.string({ validate: filePath, description: 'Path of the PAN card.' }),
    signature: t.string({ validate: filePath, description: 'Path of the signature.' }),
    otherDocuments: t.stringList({
      validate: z.array(filePath).max(20, 'At most 20.'),
      description: 'Paths of other documents, up to 20.',
    }),
  }),
});

const SubmitCandidateFormPayload = writtenPayload('SubmitCandidateFormPayload', {
  field: 'candidateForm',
  type: CandidateForm,
  load: candidateFormById,
});

builder.mutationField('submitCandidateForm', (t) =>
  t.field({
    type: SubmitCandidateFormPayload,
    rateLimit: [{ by: 'CLIENT', perMinute: 5, perHour: 30 }],
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: SubmitCandidateFormInput, required: true, description: 'The application.' }) },
    description: 'Submits an application in the viewer’s name.',
    resolve: async (_root, { input }, ctx) => ({ id: await submitCandidateForm(ctx.prisma, await signedIn(ctx), input) }),
  }),
);
