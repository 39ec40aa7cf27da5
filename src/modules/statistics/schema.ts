import { z } from 'zod';
import { CertificateCategory } from '../../generated/prisma/enums.ts';
import { builder } from '../../graphql/builder.ts';
import { costs } from '../../graphql/cost-hints.ts';
import { CertificateCategoryRef } from '../certificate/inputs.ts';
import { visibleSpa } from '../spa/policy.ts';
import { Spa } from '../spa/schema.ts';
import { visibleUser } from '../user/policy.ts';
import { ADMINS } from '../user/roles.ts';
import { User } from '../user/schema.ts';
import * as load from './loaders.ts';

const CategoryCount = builder.objectRef<load.CategoryCount>('CategoryCount').implement({
  description: 'How many certificates a category has.',
  fields: (t) => ({
    category: t.field({ type: CertificateCategoryRef, description: 'The category.', resolve: ({ category }) => category }),
    count: t.exposeInt('count', { description: 'Its certificates.' }),
  }),
});

const SpaCertificateCount = builder.objectRef<load.CertificatesOf>('SpaCertificateCount').implement({
  description: 'How many certificates name a spa.',
  fields: (t) => ({
    spa: t.field({ type: Spa, nullable: true, description: 'The spa.', resolve: ({ id }, _args, ctx) => visibleSpa(ctx, id) }),
    count: t.exposeInt('count', { description: 'Its certificates.' }),
  }),
});

const UserCertificateCount = builder.objectRef<load.CertificatesOf>('UserCertificateCount').implement({
  description: 'How many certificates a user has issued.',
  fields: (t) => ({
    user: t.field({ type: User, nullable: true, description: 'The user.', resolve: ({ id }, _args, ctx) => visibleUser(ctx, id) }),
    count: t.exposeInt('count', { description: 'Their certificates.' }),
  }),
});

const SpaFormCount = builder.objectRef<load.FormsOf>('SpaFormCount').implement({
  description: 'How many forms a spa has.',
  fields: (t) => ({
    spa: t.field({ type: Spa, nullable: true, description: 'The spa.', resolve: ({ id }, _args, ctx) => visibleSpa(ctx, id) }),
    candidateForms: t.exposeInt('candidateForms', { description: 'Applications to it.' }),
    hiringForms: t.exposeInt('hiringForms', { description: 'Its openings.' }),
    total: t.exposeInt('total', { description: 'Both together.' }),
  }),
});

const UserFormCount = builder.objectRef<load.FormsOf>('UserFormCount').implement({
  description: 'How many forms a user has made.',
  fields: (t) => ({
    user: t.field({ type: User, nullable: true, description: 'The user.', resolve: ({ id }, _args, ctx) => visibleUser(ctx, id) }),
    candidateForms: t.exposeInt('candidateForms', { description: 'Applications that they submitted.' }),
    hiringForms: t.exposeInt('hiringForms', { description: 'Openings that they posted.' }),
    total: t.exposeInt('total', { description: 'Both together.' }),
  }),
});

/** It reads a whole table, however little it answers. */
const wholeTable = costs({ weight: 50 });

const most = builder.args((t) => ({
  first: t.int({
    defaultValue: 10,
    required: true,
    validate: z.int().min(1, 'Ask for 1 to 100.').max(100, 'Ask for 1 to 100.'),
    description: 'How many, those with the most first: 1 to 100.',
  }),
}));

const CertificateStatistics = builder.objectRef<object>('CertificateStatistics').implement({
  description: 'Counts of certificates.',
  fields: (t) => ({
    total: t.int({
      extensions: wholeTable,
      description: 'All certificates.',
      resolve: async (_parent, _args, ctx) =>
        (await load.certificatesByCategory(ctx).load('all')).reduce((sum, { count }) => sum + count, 0),
    }),
    byCategory: t.field({
      extensions: costs({ weight: 50, size: Object.keys(CertificateCategory).length }),
      type: [CategoryCount],
      description: 'By category, the largest first; categories without a certificate are left out.',
      resolve: (_parent, _args, ctx) => load.certificatesByCategory(ctx).load('all'),
    }),
    bySpa: t.field({
      extensions: wholeTable,
      type: [SpaCertificateCount],
      args: most,
      description: 'By spa.',
      resolve: (_parent, { first }, ctx) => load.topSpasByCertificates(ctx).load(first),
    }),
    byUser: t.field({
      extensions: wholeTable,
      type: [UserCertificateCount],
      args: most,
      description: 'By issuer.',
      resolve: (_parent, { first }, ctx) => load.topUsersByCertificates(ctx).load(first),
    }),
  }),
});

const FormStatistics = builder.objectRef<object>('FormStatistics').implement({
  description: 'Counts of candidate forms and hiring forms.',
  fields: (t) => ({
    candidateForms: t.int({
      extensions: wholeTable,
      description: 'All applications.',
      resolve: async (_parent, _args, ctx) => (await load.formTotals(ctx).load('all')).candidateForms,
    }),
    hiringForms: t.int({
      extensions: wholeTable,
      description: 'All openings.',
      resolve: async (_parent, _args, ctx) => (await load.formTotals(ctx).load('all')).hiringForms,
    }),
    bySpa: t.field({
      extensions: wholeTable,
      type: [SpaFormCount],
      args: most,
      description: 'By spa.',
      resolve: (_parent, { first }, ctx) => load.topSpasByForms(ctx).load(first),
    }),
    byUser: t.field({
      extensions: wholeTable,
      type: [UserFormCount],
      args: most,
      description: 'By user.',
      resolve: (_parent, { first }, ctx) => load.topUsersByForms(ctx).load(first),
    }),
  }),
});

const Statistics = builder.objectRef<object>('Statistics').implement({
  description: 'What the dashboard of the admins shows.',
  fields: (t) => ({
    certificates: t.field({
      extensions: costs({ weight: 0 }),
      type: CertificateStatistics,
      description: 'Counts of certificates.',
      resolve: () => ({}),
    }),
    forms: t.field({ extensions: costs({ weight: 0 }), type: FormStatistics, description: 'Counts of forms.', resolve: () => ({}) }),
  }),
});

builder.queryField('statistics', (t) =>
  t.field({
    type: Statistics,
    rateLimit: [{ by: 'CLIENT', perMinute: 20, perHour: 300 }],
    authScopes: { roles: ADMINS },
    description: 'Counts over everything. For admins.',
    resolve: () => ({}),
  }),
);
