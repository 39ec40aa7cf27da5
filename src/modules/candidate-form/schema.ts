import { builder } from '../../graphql/builder.ts';
import { connect, connectionOf, pageArgs } from '../../graphql/connections.ts';
import { edgeBy } from '../../graphql/edges.ts';
import { idOf } from '../../graphql/ids.ts';
import { asNode } from '../../graphql/nodes.ts';
import { searchText } from '../../graphql/validation.ts';
import { spaById } from '../spa/loaders.ts';
import { visibleSpa } from '../spa/policy.ts';
import { Spa } from '../spa/schema.ts';
import { userById } from '../user/loaders.ts';
import { visibleUser } from '../user/policy.ts';
import { User } from '../user/schema.ts';
import { candidateForms, documentsById } from './loaders.ts';
import { candidateFormsVisibleTo, maySeePersonalData, visibleCandidateForm } from './policy.ts';

/** Personal data: for the owner, HR and admins; null for others. */
const personal = { nullable: true, authScopes: maySeePersonalData, unauthorizedResolver: () => null } as const;

const personalTexts = {
  currentAddress: 'Where the candidate lives.',
  aadharAddress: 'The address on the Aadhaar card.',
  zipCode: 'The postal code of the address.',
  phoneNumber: 'To call the candidate.',
  alternateNumber: 'Another number to call.',
} as const;

const documents = {
  photo: 'Path of the photo.',
  ageProof: 'Path of the proof of age.',
  aadharFront: 'Path of the front of the Aadhaar card.',
  aadharBack: 'Path of the back of the Aadhaar card.',
  panCard: 'Path of the PAN card.',
  signature: 'Path of the signature.',
} as const;

export const CandidateForm = builder.prismaObject('CandidateForm', {
  description: 'An application for work. Users and spa managers see their own; HR and admins see all.',
});

builder.prismaObjectFields(CandidateForm, (t) => ({
  firstName: t.exposeString('firstName', { description: 'The first name.' }),
  middleName: t.exposeString('middleName', { nullable: true, description: 'The middle name.' }),
  lastName: t.exposeString('lastName', { description: 'The last name.' }),
  city: t.exposeString('city', { description: 'The city.' }),
  state: t.exposeString('state', { description: 'The state.' }),
  country: t.exposeString('country', { description: 'The country.' }),
  positionAppliedFor: t.exposeString('positionAppliedFor', { description: 'The position that the candidate wants.' }),
  workExperience: t.exposeString('workExperience', { description: 'The work done so far.' }),
  therapistExperience: t.exposeString('therapistExperience', { description: 'The work done as a therapist.' }),
  educationCertificateCourses: t.exposeString('educationCertificateCourses', {
    nullable: true,
    description: 'Education, certificates and courses.',
  }),
  spaNameText: t.exposeString('spaNameText', { nullable: true, description: 'The name of the spa, where it is not one of the list.' }),
  createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was submitted.' }),
  age: t.int({ ...personal, description: 'The age in years. Personal data.', resolve: ({ age }) => age }),
  ...Object.fromEntries(
    Object.entries(personalTexts).map(([field, description]) => [
      field,
      t.string({ ...personal, description: `${description} Personal data.`, resolve: (form) => form[field as keyof typeof personalTexts] }),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(documents).map(([field, description]) => [
      field,
      t.string({
        ...personal,
        description: `${description} Personal data.`,
        resolve: async ({ id }, _args, ctx) => (await documentsById(ctx).load(id))?.[field as keyof typeof documents] ?? null,
      }),
    ]),
  ),
  otherDocuments: t.stringList({
    ...personal,
    description: 'Paths of other documents. Personal data.',
    resolve: async ({ id }, _args, ctx) => (await documentsById(ctx).load(id))?.otherDocuments ?? null,
  }),
  spa: t.field({
    type: Spa,
    nullable: true,
    description: 'The spa that the candidate wants.',
    extensions: edgeBy(spaById, 'spaId'),
    resolve: ({ spaId }, _args, ctx) => visibleSpa(ctx, spaId),
  }),
  submittedBy: t.field({
    type: User,
    nullable: true,
    description: 'Who submitted it; null for a candidate without an account.',
    extensions: edgeBy(userById, 'submittedById'),
    resolve: ({ submittedById }, _args, ctx) => visibleUser(ctx, submittedById),
  }),
}));
asNode(CandidateForm, 'CandidateForm', visibleCandidateForm);

export const CandidateFormConnection = connectionOf(CandidateForm, 'CandidateForm', 'applications');

const CandidateFormFilter = builder.inputType('CandidateFormFilter', {
  description: 'Which applications a list has: those that meet every condition given.',
  fields: (t) => ({
    spaId: t.id({ description: 'To this spa.' }).validate(idOf('Spa').nullish()),
    createdAfter: t.field({ type: 'DateTime', description: 'Submitted at this moment or later.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Submitted before this moment.' }),
    search: t.string({ validate: searchText, description: 'Part of the first and last name, or of the phone number.' }),
  }),
});

builder.queryField('candidateForms', (t) =>
  t.field({
    type: CandidateFormConnection,
    authScopes: { signedIn: true },
    args: { filter: t.arg({ type: CandidateFormFilter, description: 'Which applications.' }), ...pageArgs },
    description: 'The applications that the viewer may see, newest first.',
    resolve: async (_root, { filter, ...args }, ctx, info) =>
      connect(candidateForms, ctx, info, args, { where: filter ?? {}, visible: candidateFormsVisibleTo(await ctx.viewer()) }),
  }),
);
