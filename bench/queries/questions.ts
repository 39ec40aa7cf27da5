// The same questions to PostgreSQL, asked with SQL as the gateway asks and with Prisma's own queries: over one pool, for the same rows
// and columns.

import type { Client } from 'pg';
import { Batcher } from '../../src/batching/batcher.ts';
import type { Database } from '../../src/batching/database.ts';
import type { HasLoaders } from '../../src/batching/request-loaders.ts';
import { RequestLoaders } from '../../src/batching/request-loaders.ts';
import { rowColumns } from '../../src/batching/rows.ts';
import { certificates } from '../../src/modules/certificate/loaders.ts';
import { spaById } from '../../src/modules/spa/loaders.ts';
import { templateById } from '../../src/modules/template/loaders.ts';
import { userById } from '../../src/modules/user/loaders.ts';
import type { Row } from '../../src/resources/models.ts';
import type { Db } from '../../src/resources/prisma.ts';
import { createRandom } from '../load/random.ts';

/** `turn`: draws the arguments; the same turn asks for the same. */
export type Way = { name: string; ask: (turn: number) => Promise<unknown> };
/** The first way is what the others are compared with. */
export type Question = { what: string; ways: readonly [Way, ...Way[]] };

const PAGE = 20;
const PARENTS = 10;
const CHILDREN = 3;
const PUBLIC = { visible: [{ isPublic: true }] };
const NEWEST = [{ generatedAt: 'desc' as const }, { id: 'desc' as const }];

type Connections = { database: Database; prisma: Db };

export async function drawQuestions(admin: Client, seed: number, connections: Connections): Promise<Question[]> {
  const random = createRandom(seed);
  const idsOf = async (table: string, count: number) => {
    const { rows } = await admin.query<{ id: number }>(`select id from ${table} order by id`);
    return random.sample(rows, count).map(({ id }) => id);
  };
  const certificateIds = await idsOf('certificates', 20_000);
  const spaIds = await idsOf('spas', 1_000);
  const take = (ids: readonly number[], turn: number, count: number) =>
    Array.from({ length: count }, (_, i) => ids[(turn * count + i) % ids.length] as number);
  return [
    ...byId(connections, (turn, count) => take(certificateIds, turn, count)),
    ...pages(connections),
    children(connections, (turn) => take(spaIds, turn, PARENTS)),
  ];
}

function byId({ database, prisma }: Connections, draw: (turn: number, count: number) => number[]): Question[] {
  const select = `select ${rowColumns(database, 'Certificate')} from certificates where id =`;
  const one = (turn: number) => ({ where: { id: draw(turn, 1)[0] as number } });
  return [
    {
      what: 'a certificate by id',
      ways: [
        { name: 'node-postgres', ask: async (turn) => (await database.query(`${select} $1`, draw(turn, 1)))[0] },
        { name: 'Prisma findUnique', ask: (turn) => prisma.certificate.findUnique(one(turn)) },
        { name: 'Prisma findFirst', ask: (turn) => prisma.certificate.findFirst(one(turn)) },
      ],
    },
    {
      what: `${PAGE} certificates by ids`,
      ways: [
        {
          name: 'node-postgres',
          ask: async (turn) => {
            const ids = draw(turn, PAGE);
            return inOrder(ids, await database.query<Row<'Certificate'>>(`${select} any($1::int4[])`, [ids]));
          },
        },
        {
          name: 'Prisma findMany',
          ask: async (turn) => {
            const ids = draw(turn, PAGE);
            return inOrder(ids, await prisma.certificate.findMany({ where: { id: { in: ids } } }));
          },
        },
      ],
    },
  ];
}

/** As whoever asks for rows by their ids needs them. */
function inOrder<R extends { id: number }>(ids: readonly number[], rows: readonly R[]) {
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id));
}

function pages({ database, prisma }: Connections): Question[] {
  const batcher = new Batcher(database);
  const publicPage = { where: { isPublic: true }, orderBy: NEWEST, take: PAGE };
  const withEdges = { spa: true, template: true, issuedBy: true };
  return [
    {
      what: `a page of ${PAGE} public certificates`,
      ways: [
        { name: 'loader', ask: async () => await certificates.page(aRequest(batcher), { ...PUBLIC, limit: PAGE }) },
        { name: 'Prisma findMany', ask: () => prisma.certificate.findMany(publicPage) },
      ],
    },
    {
      what: `that page, each certificate with its spa, template and issuer`,
      ways: [
        { name: 'loaders', ask: () => pageWithEdges(aRequest(batcher)) },
        { name: 'Prisma findMany, include', ask: () => prisma.certificate.findMany({ ...publicPage, include: withEdges }) },
      ],
    },
  ];
}

const aRequest = (batcher: Batcher): HasLoaders => ({ loaders: new RequestLoaders(batcher) });

async function pageWithEdges(ctx: HasLoaders): Promise<object[]> {
  const rows = await certificates.page(ctx, { ...PUBLIC, limit: PAGE });
  const [spas, templates, users] = [spaById(ctx), templateById(ctx), userById(ctx)];
  const idsIn = (key: 'spaId' | 'templateId' | 'issuedById') => new Set(rows.flatMap((row) => row[key] ?? []));
  await Promise.all([spas.loadAll(idsIn('spaId')), templates.loadAll(idsIn('templateId')), users.loadAll(idsIn('issuedById'))]);
  return rows.map((row) => ({
    ...row,
    spa: row.spaId && spas.load(row.spaId),
    template: row.templateId && templates.load(row.templateId),
    issuedBy: row.issuedById && users.load(row.issuedById),
  }));
}

function children({ database, prisma }: Connections, draw: (turn: number) => number[]): Question {
  const batcher = new Batcher(database);
  return {
    what: `${CHILDREN} certificates of each of ${PARENTS} spas`,
    ways: [
      {
        name: 'loader',
        ask: async (turn) => {
          const ctx = aRequest(batcher);
          return await Promise.all(draw(turn).map((spaId) => certificates.page(ctx, { ...PUBLIC, where: { spaId }, limit: CHILDREN })));
        },
      },
      {
        name: `Prisma findMany, ${PARENTS} times`,
        ask: async (turn) =>
          await Promise.all(
            draw(turn).map((spaId) => prisma.certificate.findMany({ where: { spaId, isPublic: true }, orderBy: NEWEST, take: CHILDREN })),
          ),
      },
    ],
  };
}
