import { builder } from '../../graphql/builder.ts';
import { cacheFor } from '../../graphql/cache-hints.ts';
import { connect, connectionOf, pageArgs } from '../../graphql/connections.ts';
import { idOf } from '../../graphql/ids.ts';
import { asNode } from '../../graphql/nodes.ts';
import { searchText } from '../../graphql/validation.ts';
import { candidateForms } from '../candidate-form/loaders.ts';
import { candidateFormsVisibleTo } from '../candidate-form/policy.ts';
import { CandidateFormConnection } from '../candidate-form/schema.ts';
import { certificates } from '../certificate/loaders.ts';
import { certificatesVisibleTo } from '../certificate/policy.ts';
import { CertificateConnection } from '../certificate/schema.ts';
import { hiringForms } from '../hiring-form/loaders.ts';
import { HiringFormConnection } from '../hiring-form/schema.ts';
import { visibleUser } from '../user/policy.ts';
import { User } from '../user/schema.ts';
import { spas } from './loaders.ts';
import { spasVisibleTo, visibleSpa } from './policy.ts';

export const Spa = builder.prismaObject('Spa', {
  description: 'A spa of the company. Closed ones are for staff.',
  extensions: cacheFor({ maxAgeSeconds: 60 }),
});

builder.prismaObjectFields(Spa, (t) => ({
  code: t.exposeInt('code', { nullable: true, description: 'The number that the company calls it by; unique.' }),
  name: t.exposeString('name', { description: 'The name; several spas may share one.' }),
  address: t.exposeString('address', { nullable: true, description: 'Street and house.' }),
  area: t.exposeString('area', { nullable: true, description: 'The part of the city.' }),
  city: t.exposeString('city', { nullable: true, description: 'The city.' }),
  state: t.exposeString('state', { nullable: true, description: 'The state.' }),
  country: t.exposeString('country', { description: 'The country; India by default.' }),
  pincode: t.exposeString('pincode', { nullable: true, description: 'The postal code.' }),
  phoneNumber: t.exposeString('phoneNumber', { nullable: true, description: 'To call the spa.' }),
  alternateNumber: t.exposeString('alternateNumber', { nullable: true, description: 'Another number to call.' }),
  email: t.exposeString('email', { nullable: true, description: 'To write to the spa; unique.' }),
  website: t.exposeString('website', { nullable: true, description: 'Its page on the web.' }),
  logo: t.exposeString('logo', { nullable: true, description: 'Path of its logo.' }),
  isActive: t.exposeBoolean('isActive', { description: 'False where it is closed.' }),
  version: t.exposeInt('version', { description: 'Grows with every change: `saveSpa` expects it.' }),
  createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was entered.' }),
  updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
  createdBy: t.field({
    type: User,
    nullable: true,
    description: 'Who entered it; null where the viewer may not know.',
    resolve: ({ createdById }, _args, ctx) => visibleUser(ctx, createdById),
  }),
  hiringForms: t.field({
    type: HiringFormConnection,
    args: pageArgs,
    description: 'Its openings, newest first.',
    resolve: ({ id }, args, ctx, info) => connect(hiringForms, ctx, info, args, { below: { spaId: id }, visible: 'all' }),
  }),
  certificates: t.field({
    type: CertificateConnection,
    args: pageArgs,
    description: 'The certificates that name it and that the viewer may see, newest first.',
    resolve: async ({ id }, args, ctx, info) =>
      connect(certificates, ctx, info, args, { below: { spaId: id }, visible: certificatesVisibleTo(await ctx.viewer()) }),
  }),
  candidateForms: t.field({
    type: CandidateFormConnection,
    args: pageArgs,
    description: 'The applications to it that the viewer may see, newest first.',
    resolve: async ({ id }, args, ctx, info) =>
      connect(candidateForms, ctx, info, args, { below: { spaId: id }, visible: candidateFormsVisibleTo(await ctx.viewer()) }),
  }),
}));
asNode(Spa, 'Spa', visibleSpa);

const SpaConnection = connectionOf(Spa, 'Spa', 'spas');

const SpaFilter = builder.inputType('SpaFilter', {
  description: 'Which spas a list has: those that meet every condition given.',
  fields: (t) => ({
    city: t.string({ validate: searchText, description: 'In this city: its whole name, in the same case.' }),
    state: t.string({ validate: searchText, description: 'In this state: its whole name, in the same case.' }),
    isActive: t.boolean({ description: 'Open or closed. Only staff find closed ones.' }),
    search: t.string({ validate: searchText, description: 'Part of the name, code, area, city or state; several words in that order.' }),
  }),
});

builder.queryFields((t) => ({
  spa: t.field({
    extensions: cacheFor('inherit'),
    type: Spa,
    nullable: true,
    args: { id: t.arg.id({ required: true, description: 'The spa.' }).validate(idOf('Spa')) },
    description: 'A spa; null when there is none, or when it is closed and the viewer no staff.',
    resolve: (_root, { id }, ctx) => visibleSpa(ctx, id),
  }),
  spas: t.field({
    extensions: cacheFor('inherit'),
    type: SpaConnection,
    args: { filter: t.arg({ type: SpaFilter, description: 'Which spas.' }), ...pageArgs },
    description: 'The spas, by name. Staff see closed ones too.',
    resolve: async (_root, { filter, ...args }, ctx, info) =>
      connect(spas, ctx, info, args, { where: filter ?? {}, visible: spasVisibleTo(await ctx.viewer()) }),
  }),
}));
