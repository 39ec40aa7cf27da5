// GraphQL Yoga with Pothos's Prisma plugin.

import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { decodeId } from '../load/ids.ts';
import { announce } from './announce.ts';
import { readToken } from './token.ts';
import { builder, Category, prisma } from './yoga-builder.ts';
import { Certificate, SIZES, Spa, Template, User } from './yoga-types.ts';
import './yoga-categories.ts';

const TemplateFilter = builder.inputType('TemplateFilter', { fields: (t) => ({ category: t.field({ type: Category }) }) });
const CertificateFilter = builder.inputType('CertificateFilter', {
  fields: (t) => ({ category: t.field({ type: Category }), spaId: t.id(), templateId: t.id() }),
});
const SpaFilter = builder.inputType('SpaFilter', { fields: (t) => ({ city: t.string() }) });

const numberOf = (id: string | number | null | undefined) => (id == null ? undefined : decodeId(String(id)).id);

builder.queryFields((t) => ({
  templates: t.prismaConnection({
    type: Template,
    ...SIZES,
    cursor: 'id',
    args: { filter: t.arg({ type: TemplateFilter }) },
    totalCount: (_root, { filter }) =>
      prisma.certificateTemplate.count({ where: { isPublic: true, isActive: true, category: filter?.category ?? undefined } }),
    resolve: (query, _root, { filter }) =>
      prisma.certificateTemplate.findMany({
        ...query,
        where: { isPublic: true, isActive: true, category: filter?.category ?? undefined },
        orderBy: [{ category: 'asc' }, { variant: { sort: 'asc', nulls: 'last' } }, { name: 'asc' }, { id: 'asc' }],
      }),
  }),
  publicCertificates: t.prismaConnection({
    type: Certificate,
    ...SIZES,
    cursor: 'id',
    args: { filter: t.arg({ type: CertificateFilter }) },
    resolve: (query, _root, { filter }) =>
      prisma.certificate.findMany({
        ...query,
        where: {
          isPublic: true,
          category: filter?.category ?? undefined,
          spaId: numberOf(filter?.spaId),
          templateId: numberOf(filter?.templateId),
        },
        orderBy: [{ generatedAt: 'desc' }, { id: 'desc' }],
      }),
  }),
  certificate: t.prismaField({
    type: Certificate,
    nullable: true,
    args: { number: t.arg.string({ required: true }) },
    resolve: (query, _root, { number }, { token }) =>
      prisma.certificate.findFirst({
        ...query,
        where: { number: number.trim().toUpperCase(), OR: [{ isPublic: true }, ...(token ? [{ issuedById: token.userId }] : [])] },
      }),
  }),
  spas: t.prismaConnection({
    type: Spa,
    ...SIZES,
    cursor: 'id',
    args: { filter: t.arg({ type: SpaFilter }) },
    resolve: (query, _root, { filter }) =>
      prisma.spa.findMany({
        ...query,
        where: { isActive: true, city: filter?.city ?? undefined },
        orderBy: [{ name: 'asc' }, { id: 'asc' }],
      }),
  }),
  viewer: t.prismaField({
    type: User,
    nullable: true,
    resolve: (query, _root, _args, { token }) =>
      token && prisma.user.findUnique({ ...query, where: { id: token.userId, isActive: true, tokensValidFrom: { lte: token.issuedAt } } }),
  }),
}));

const yoga = createYoga({
  schema: builder.toSchema(),
  context: ({ request }) => ({ token: readToken(request.headers.get('authorization') ?? undefined) }),
  logging: false,
  graphiql: false,
  landingPage: false,
});
const server = createServer(yoga);
server.listen(0, '127.0.0.1', () => announce(server.address()));
