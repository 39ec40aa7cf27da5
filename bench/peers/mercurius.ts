// Mercurius as its documentation shows it: a schema in SDL, resolvers, loaders for what hangs on a list, and `jit: 1`, which compiles a
// document when it comes the second time.

import DataLoader from 'dataloader';
import { fastify } from 'fastify';
import { mercurius } from 'mercurius';
import { decodeId } from '../load/ids.ts';
import { announce } from './announce.ts';
import { CERTIFICATE_TYPES, type CertificateRow, fields, pageOf, totalCount } from './fields.ts';
import * as data from './mercurius-data.ts';
import { readToken, type Token } from './token.ts';
import { typeDefs } from './visitor-schema.ts';

type Context = { token: Token | null; rows: ReturnType<typeof rowLoaders> };
type Query<P, A = object> = { obj: P; params: A };
type PageArgs = { first: number; after?: string | null };

const byTime = ({ generatedAt, id }: CertificateRow) => data.encodeCursor([generatedAt, id]);
const byCreation = ({ createdAt, id }: data.Dated) => data.encodeCursor([createdAt, id]);
const numberOf = (id: unknown) => (id == null ? undefined : decodeId(String(id)).id);

type Filter = { category?: string; spaId?: string; templateId?: string; city?: string };

const resolvers = {
  Query: {
    templates: async (_root: unknown, { filter, first }: PageArgs & { filter?: Filter }) => {
      const rows = await data.templates(filter?.category, first + 1);
      return { ...pageOf(rows, first, ({ id }) => data.encodeCursor([id])), category: filter?.category };
    },
    publicCertificates: async (_root: unknown, { filter = {}, first, after }: PageArgs & { filter?: Filter }) => {
      const where = { category: filter.category, spaId: numberOf(filter.spaId), templateId: numberOf(filter.templateId) };
      return pageOf(await data.publicCertificates(where, after, first + 1), first, byTime, after != null);
    },
    certificate: async (_root: unknown, { number }: { number: string }, { token }: Context) => {
      const row = await data.certificateByNumber(number.trim().toUpperCase());
      return row && (row.isPublic || (token && row.issuedById === token.userId)) ? row : null;
    },
    spas: async (_root: unknown, { filter, first, after }: PageArgs & { filter?: Filter }) =>
      pageOf(await data.spas(filter?.city, after, first + 1), first, ({ name, id }) => data.encodeCursor([name, id]), after != null),
    node: async (_root: unknown, { id }: { id: string }) => {
      const node = decodeId(id);
      return node.typename === 'Spa' ? ((await data.spasByIds([node.id]))[0] ?? null) : null;
    },
    viewer: async (_root: unknown, _args: unknown, { token }: Context) => {
      if (!token) return null;
      const [user] = await data.usersByIds([token.userId]);
      return user?.isActive && user.tokensValidFrom <= token.issuedAt ? user : null;
    },
  },
  CertificateTemplateConnection: {
    totalCount: async ({ category }: Filter) => totalCount(await data.countTemplates(category)),
  },
  ManagerSalaryCertificate: { ...fields.ManagerSalaryCertificate, months: ({ id }: CertificateRow) => data.monthsOf(id) },
  Invoice: { ...fields.Invoice, items: ({ id }: CertificateRow) => data.itemsOf(id) },
  DailySheet: { ...fields.DailySheet, entries: ({ id }: CertificateRow) => data.entriesOf(id) },
};

/**
 * Mercurius has a loader for each field of each type, and a certificate has eight types: alone, a page of them would read its spas in
 * eight statements. Behind its loaders stands one DataLoader a request, so that they share one.
 */
function rowLoaders() {
  const loader = <R extends { id: number }>(read: (ids: readonly number[]) => Promise<R[]>) =>
    new DataLoader<number, R | null>(async (ids) => {
      const rows = new Map((await read(ids)).map((found) => [found.id, found]));
      return ids.map((id) => rows.get(id) ?? null);
    });
  return { spa: loader(data.spasByIds), template: loader(data.templatesByIds), user: loader(data.usersByIds) };
}

/** A loader that answers each parent with the row of its key. */
const row =
  <P>(kind: keyof Context['rows'], keyOf: (parent: P) => number | null) =>
  (queries: Query<P>[], { rows }: Context) =>
    Promise.all(
      queries.map(({ obj }) => {
        const key = keyOf(obj);
        return key === null ? null : rows[kind].load(key);
      }),
    );

/** A loader that answers each parent with its first rows. */
const page =
  <R>(read: (keys: data.PageKey[]) => Promise<R[][]>, cursorOf: (row: R) => string) =>
  async (queries: Query<{ id: number }, PageArgs>[]) => {
    const pages = await read(queries.map(({ obj, params }) => ({ parent: obj.id, limit: params.first + 1 })));
    return queries.map(({ obj, params }, i) => ({ ...pageOf(pages[i] ?? [], params.first, cursorOf), parent: obj.id }));
  };

const ofCertificate = {
  spa: row('spa', ({ spaId }: CertificateRow) => spaId),
  template: row('template', ({ templateId }: CertificateRow) => templateId),
  issuedBy: row('user', ({ issuedById }: CertificateRow) => issuedById),
};

const loaders = {
  ...Object.fromEntries(CERTIFICATE_TYPES.map((type) => [type, ofCertificate])),
  Spa: { hiringForms: page(data.hiringFormsOfSpas, byCreation), certificates: page(data.publicCertificatesOfSpas, byTime) },
  HiringFormConnection: {
    totalCount: async (queries: Query<{ parent: number }>[]) =>
      (await data.countHiringForms(queries.map(({ obj }) => obj.parent))).map(totalCount),
  },
  CandidateForm: { spa: row('spa', ({ spaId }: data.CandidateForm) => spaId) },
  User: { certificates: page(data.certificatesOfUsers, byTime), candidateForms: page(data.candidateFormsOfUsers, byCreation) },
};

const app = fastify({ logger: false });
app.register(mercurius, {
  schema: typeDefs,
  resolvers: { ...fields, ...resolvers } as never,
  loaders: loaders as never,
  context: (request) => ({ token: readToken(request.headers.authorization), rows: rowLoaders() }),
  jit: 1,
  graphiql: false,
});
await app.listen({ port: 0, host: '127.0.0.1' });
announce(app.server.address());
