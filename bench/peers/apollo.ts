// Apollo Server 5 as its documentation shows it: a schema in SDL, its standalone server, and DataLoaders on the context.

import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { decodeId } from '../load/ids.ts';
import { createLoaders, type Loaders, prisma } from './apollo-loaders.ts';
import { CERTIFICATE_TYPES, type CertificateRow, fields, MAX_COUNT, pageOf, totalCount } from './fields.ts';
import { readToken, type Token } from './token.ts';
import { typeDefs } from './visitor-schema.ts';

type Context = { token: Token | null; loaders: Loaders };
type Category = CertificateRow['category'];
type PageArgs = { first: number; after?: string | null };
type Filter = { category?: Category; spaId?: string; templateId?: string; city?: string };

const cursorOf = ({ id }: { id: number }) => Buffer.from(String(id)).toString('base64url');
const numberOf = (id: string | undefined) => (id == null ? undefined : decodeId(id).id);

/** Prisma's cursor pagination, with one row more than the page has. */
const paged = ({ first, after }: PageArgs) => ({
  take: first + 1,
  ...(after ? { cursor: { id: Number(Buffer.from(after, 'base64url').toString()) }, skip: 1 } : {}),
});

const galleryOf = (category: Category | undefined) => ({ isPublic: true, isActive: true, category });

const Query = {
  templates: async (_root: unknown, { filter, ...args }: PageArgs & { filter?: Filter }) => {
    const rows = await prisma.certificateTemplate.findMany({
      where: galleryOf(filter?.category),
      orderBy: [{ category: 'asc' }, { variant: { sort: 'asc', nulls: 'last' } }, { name: 'asc' }, { id: 'asc' }],
      ...paged(args),
    });
    return { ...pageOf(rows, args.first, cursorOf, args.after != null), category: filter?.category };
  },
  publicCertificates: async (_root: unknown, { filter, ...args }: PageArgs & { filter?: Filter }) => {
    const { category, spaId, templateId } = filter ?? {};
    const rows = await prisma.certificate.findMany({
      where: { isPublic: true, category, spaId: numberOf(spaId), templateId: numberOf(templateId) },
      orderBy: [{ generatedAt: 'desc' }, { id: 'desc' }],
      ...paged(args),
    });
    return pageOf(rows, args.first, cursorOf, args.after != null);
  },
  certificate: async (_root: unknown, { number }: { number: string }, { token }: Context) => {
    const row = await prisma.certificate.findUnique({ where: { number: number.trim().toUpperCase() } });
    return row && (row.isPublic || (token && row.issuedById === token.userId)) ? row : null;
  },
  spas: async (_root: unknown, { filter, ...args }: PageArgs & { filter?: Filter }) => {
    const where = { isActive: true, city: filter?.city };
    const rows = await prisma.spa.findMany({ where, orderBy: [{ name: 'asc' }, { id: 'asc' }], ...paged(args) });
    return pageOf(rows, args.first, cursorOf, args.after != null);
  },
  node: (_root: unknown, { id }: { id: string }, { loaders }: Context) => {
    const node = decodeId(id);
    return node.typename === 'Spa' ? loaders.spa.load(node.id) : null;
  },
  viewer: async (_root: unknown, _args: unknown, { token, loaders }: Context) => {
    if (!token) return null;
    const user = await loaders.user.load(token.userId);
    return user?.isActive && user.tokensValidFrom <= token.issuedAt ? user : null;
  },
};

type Parent = { id: number };
type First = { first: number };

const certificate = {
  spa: ({ spaId }: CertificateRow, _args: object, { loaders }: Context) => spaId && loaders.spa.load(spaId),
  template: ({ templateId }: CertificateRow, _args: object, { loaders }: Context) => templateId && loaders.template.load(templateId),
  issuedBy: ({ issuedById }: CertificateRow, _args: object, { loaders }: Context) => issuedById && loaders.user.load(issuedById),
};

const edges = {
  CertificateTemplateConnection: {
    totalCount: async ({ category }: Filter) =>
      totalCount(await prisma.certificateTemplate.count({ where: galleryOf(category), take: MAX_COUNT + 1 })),
  },
  Spa: {
    ...fields.Spa,
    hiringForms: async ({ id }: Parent, { first }: First, { loaders }: Context) => ({
      ...pageOf(await loaders.hiringFormsOfSpa.load({ parent: id, take: first + 1 }), first, cursorOf),
      spaId: id,
    }),
    certificates: async ({ id }: Parent, { first }: First, { loaders }: Context) =>
      pageOf(await loaders.certificatesOfSpa.load({ parent: id, take: first + 1 }), first, cursorOf),
  },
  HiringFormConnection: {
    totalCount: async ({ spaId }: { spaId: number }, _args: object, { loaders }: Context) =>
      totalCount(await loaders.hiringFormCountOfSpa.load(spaId)),
  },
  CandidateForm: { ...fields.CandidateForm, spa: certificate.spa },
  User: {
    ...fields.User,
    certificates: async ({ id }: Parent, { first }: First, { loaders }: Context) =>
      pageOf(await loaders.certificatesOfUser.load({ parent: id, take: first + 1 }), first, cursorOf),
    candidateForms: async ({ id }: Parent, { first }: First, { loaders }: Context) =>
      pageOf(await loaders.candidateFormsOfUser.load({ parent: id, take: first + 1 }), first, cursorOf),
  },
};

const lines = {
  ManagerSalaryCertificate: { months: ({ id }: Parent, _args: object, { loaders }: Context) => loaders.months.load(id) },
  Invoice: { items: ({ id }: Parent, _args: object, { loaders }: Context) => loaders.items.load(id) },
  DailySheet: { entries: ({ id }: Parent, _args: object, { loaders }: Context) => loaders.entries.load(id) },
};

const server = new ApolloServer<Context>({
  typeDefs,
  resolvers: {
    ...fields,
    Query,
    Certificate: { __resolveType: fields.Certificate.resolveType },
    Node: { __resolveType: fields.Node.resolveType },
    ...edges,
    ...Object.fromEntries(
      CERTIFICATE_TYPES.map((type) => [type, { ...Reflect.get(fields, type), ...Reflect.get(lines, type), ...certificate }]),
    ),
  } as never,
});
const { url } = await startStandaloneServer(server, {
  listen: { port: 0, host: '127.0.0.1' },
  context: async ({ req }) => ({ token: readToken(req.headers.authorization), loaders: createLoaders() }),
});
console.log(`GraphQL ${url}`);
