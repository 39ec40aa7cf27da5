// Pothos's Prisma plugin as its documentation shows it: `t.relation` and `t.relatedConnection` put what a document selects into one tree
// of selections for Prisma. Types select no column that is not asked for, which its makers recommend for speed.
//
// Prisma cuts a nested page in memory, out of all rows of all parents: that is what this way costs for a list in a list.

import { typenameOf } from './fields.ts';
import { builder, Category, RoleRef } from './yoga-builder.ts';

/** Convoy's sizes of pages. */
export const SIZES = { defaultSize: 20, maxSize: 100 };

export const Template = builder.prismaObject('CertificateTemplate', {
  select: { id: true },
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    category: t.expose('category', { type: Category }),
    variant: t.exposeString('variant', { nullable: true }),
    bannerImage: t.exposeString('bannerImage', { nullable: true }),
  }),
});

builder.prismaObject('HiringForm', {
  select: { id: true },
  fields: (t) => ({
    id: t.exposeID('id'),
    forRole: t.exposeString('forRole'),
    staffRequired: t.exposeInt('staffRequired'),
    description: t.exposeString('description'),
    requiredExperience: t.exposeString('requiredExperience'),
    requiredEducation: t.exposeString('requiredEducation'),
    requiredSkills: t.exposeString('requiredSkills'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
});

export const Spa = builder.prismaNode('Spa', {
  id: { field: 'id' },
  select: { id: true },
  findUnique: (id) => ({ id: Number(id), isActive: true }),
  fields: (t) => ({
    code: t.exposeInt('code', { nullable: true }),
    name: t.exposeString('name'),
    area: t.exposeString('area', { nullable: true }),
    city: t.exposeString('city', { nullable: true }),
    state: t.exposeString('state', { nullable: true }),
    logo: t.exposeString('logo', { nullable: true }),
    address: t.exposeString('address', { nullable: true }),
    pincode: t.exposeString('pincode', { nullable: true }),
    phoneNumber: t.exposeString('phoneNumber', { nullable: true }),
    alternateNumber: t.exposeString('alternateNumber', { nullable: true }),
    email: t.exposeString('email', { nullable: true }),
    website: t.exposeString('website', { nullable: true }),
    hiringForms: t.relatedConnection('hiringForms', {
      ...SIZES,
      cursor: 'id',
      totalCount: true,
      query: { orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] },
    }),
    certificates: t.relatedConnection('certificates', {
      ...SIZES,
      cursor: 'id',
      query: { where: { isPublic: true }, orderBy: [{ generatedAt: 'desc' }, { id: 'desc' }] },
    }),
  }),
});

builder.prismaObject('CandidateForm', {
  select: { id: true },
  fields: (t) => ({
    id: t.exposeID('id'),
    firstName: t.exposeString('firstName'),
    lastName: t.exposeString('lastName'),
    positionAppliedFor: t.exposeString('positionAppliedFor'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    spa: t.field({
      type: Spa,
      nullable: true,
      select: (_args, _ctx, nested) => ({ spa: nested({ select: { id: true, isActive: true } }) }),
      resolve: ({ spa }) => (spa?.isActive ? spa : null),
    }),
  }),
});

/** What everybody sees of who has issued something public. Only the viewer is a User, so its fields need no further rule. */
const Issuer = builder.prismaObject('User', {
  variant: 'Issuer',
  select: { id: true },
  fields: (t) => ({ id: t.exposeID('id'), firstName: t.exposeString('firstName'), lastName: t.exposeString('lastName') }),
});

export const User = builder.prismaObject('User', {
  select: { id: true },
  fields: (t) => ({
    id: t.exposeID('id'),
    username: t.exposeString('username'),
    email: t.exposeString('email'),
    firstName: t.exposeString('firstName'),
    lastName: t.exposeString('lastName'),
    role: t.expose('role', { type: RoleRef }),
    certificates: t.relatedConnection('certificates', {
      ...SIZES,
      cursor: 'id',
      query: { orderBy: [{ generatedAt: 'desc' }, { id: 'desc' }] },
    }),
    candidateForms: t.relatedConnection('candidateForms', {
      ...SIZES,
      cursor: 'id',
      query: { orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] },
    }),
  }),
});

// Prisma has no condition on a relation to one: whether it may be seen is selected with it.
export const Certificate = builder.prismaInterface('Certificate', {
  name: 'Certificate',
  select: { id: true, category: true, issuedById: true },
  resolveType: typenameOf,
  fields: (t) => ({
    id: t.exposeID('id'),
    number: t.exposeString('number'),
    category: t.expose('category', { type: Category }),
    holderName: t.exposeString('holderName'),
    generatedAt: t.expose('generatedAt', { type: 'DateTime' }),
    isPublic: t.exposeBoolean('isPublic'),
    spa: t.field({
      type: Spa,
      nullable: true,
      select: (_args, _ctx, nested) => ({ spa: nested({ select: { id: true, isActive: true } }) }),
      resolve: ({ spa }) => (spa?.isActive ? spa : null),
    }),
    template: t.field({
      type: Template,
      nullable: true,
      select: (_args, _ctx, nested) => ({ template: nested({ select: { id: true, isActive: true, isPublic: true } }) }),
      resolve: ({ template }) => (template?.isActive && template.isPublic ? template : null),
    }),
    issuedBy: t.relation('issuedBy', { type: Issuer, nullable: true }),
  }),
});
