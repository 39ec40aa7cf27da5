import { Role } from '../../generated/prisma/enums.ts';
import { builder } from '../../graphql/builder.ts';
import { cacheFor } from '../../graphql/cache-hints.ts';
import { connect, connectionOf, pageArgs } from '../../graphql/connections.ts';
import { costs } from '../../graphql/cost-hints.ts';
import { asNode } from '../../graphql/nodes.ts';
import { searchText } from '../../graphql/validation.ts';
import { candidateFormCountByUserId, candidateForms } from '../candidate-form/loaders.ts';
import { candidateFormsVisibleTo } from '../candidate-form/policy.ts';
import { CandidateFormConnection } from '../candidate-form/schema.ts';
import { certificateCountByUserId, certificates } from '../certificate/loaders.ts';
import { certificatesVisibleTo } from '../certificate/policy.ts';
import { CertificateConnection } from '../certificate/schema.ts';
import { userById, users } from './loaders.ts';
import { selfOrAdmin, selfOrStaff, visibleUser } from './policy.ts';
import { ADMINS } from './roles.ts';

export const RoleRef = builder.enumType(Role, { name: 'Role', description: 'What a user may do. No role includes another.' });

/** What only the user and admins see: null for others. */
const forSelfAndAdmins = { nullable: true, authScopes: selfOrAdmin, unauthorizedResolver: () => null } as const;

export const User = builder.prismaObject('User', {
  description: 'Somebody with an account. Visitors see the name of those who have issued a public certificate, and nothing else.',
  extensions: cacheFor({ maxAgeSeconds: 60 }),
});

builder.prismaObjectFields(User, (t) => ({
  firstName: t.exposeString('firstName', { description: 'The first name.' }),
  lastName: t.exposeString('lastName', { description: 'The last name.' }),
  username: t.string({
    nullable: true,
    authScopes: selfOrStaff,
    unauthorizedResolver: () => null,
    description: 'The name to sign in with. For the user and staff.',
    resolve: ({ username }) => username,
  }),
  email: t.string({ ...forSelfAndAdmins, description: 'For the user and admins.', resolve: ({ email }) => email }),
  phoneNumber: t.string({ ...forSelfAndAdmins, description: 'For the user and admins.', resolve: ({ phoneNumber }) => phoneNumber }),
  role: t.field({ type: RoleRef, ...forSelfAndAdmins, description: 'For the user and admins.', resolve: ({ role }) => role }),
  isActive: t.boolean({
    ...forSelfAndAdmins,
    description: 'Whether the user may sign in. For the user and admins.',
    resolve: ({ isActive }) => isActive,
  }),
  isVerified: t.boolean({
    ...forSelfAndAdmins,
    description: 'Whether the email address was verified. For the user and admins.',
    resolve: ({ isVerified }) => isVerified,
  }),
  lastLoginAt: t.field({
    type: 'DateTime',
    ...forSelfAndAdmins,
    description: 'The last sign-in. For the user and admins.',
    resolve: ({ lastLoginAt }) => lastLoginAt,
  }),
  createdAt: t.field({
    type: 'DateTime',
    ...forSelfAndAdmins,
    description: 'When the account was made. For the user and admins.',
    resolve: ({ createdAt }) => createdAt,
  }),
  version: t.int({
    ...forSelfAndAdmins,
    description: 'Grows with every change: `saveUser` expects it. For the user and admins.',
    resolve: ({ version }) => version,
  }),
  certificateCount: t.int({
    ...forSelfAndAdmins,
    description: 'How many certificates the user has issued. For the user and admins.',
    extensions: costs({ weight: 1 }),
    resolve: ({ id }, _args, ctx) => certificateCountByUserId(ctx).load(id),
  }),
  candidateFormCount: t.int({
    ...forSelfAndAdmins,
    description: 'How many candidate forms the user has submitted. For the user and admins.',
    extensions: costs({ weight: 1 }),
    resolve: ({ id }, _args, ctx) => candidateFormCountByUserId(ctx).load(id),
  }),
  certificates: t.field({
    type: CertificateConnection,
    args: pageArgs,
    description: 'What the user has issued and the viewer may see, newest first.',
    resolve: async ({ id }, args, ctx, info) =>
      connect(certificates, ctx, info, args, { below: { issuedById: id }, visible: certificatesVisibleTo(await ctx.viewer()) }),
  }),
  candidateForms: t.field({
    type: CandidateFormConnection,
    args: pageArgs,
    description: 'What the user has submitted and the viewer may see, newest first.',
    resolve: async ({ id }, args, ctx, info) =>
      connect(candidateForms, ctx, info, args, { below: { submittedById: id }, visible: candidateFormsVisibleTo(await ctx.viewer()) }),
  }),
}));
asNode(User, 'User', visibleUser);

export const UserConnection = connectionOf(User, 'User', 'users');

const UserFilter = builder.inputType('UserFilter', {
  description: 'Which users a list has: those that meet every condition given.',
  fields: (t) => ({
    role: t.field({ type: RoleRef, description: 'With this role.' }),
    isActive: t.boolean({ description: 'Whether they may sign in.' }),
    search: t.string({ validate: searchText, description: 'Part of a name, username or email.' }),
  }),
});

builder.queryFields((t) => ({
  viewer: t.field({
    type: User,
    nullable: true,
    description: 'Who is signed in; null for a visitor.',
    resolve: async (_root, _args, ctx) => {
      const viewer = await ctx.viewer();
      return viewer && userById(ctx).load(viewer.id);
    },
  }),
  users: t.field({
    type: UserConnection,
    authScopes: { roles: ADMINS },
    args: { filter: t.arg({ type: UserFilter, description: 'Which users.' }), ...pageArgs },
    description: 'All users, newest first. For admins.',
    resolve: (_root, { filter, ...args }, ctx, info) => connect(users, ctx, info, args, { where: filter ?? {}, visible: 'all' }),
  }),
}));
