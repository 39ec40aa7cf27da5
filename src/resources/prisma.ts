import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { omittedColumns } from '../../prisma/omitted-columns.ts';
import { Prisma, PrismaClient } from '../generated/prisma/client.ts';
import { watchedPool } from './watched-pool.ts';

export type Db = ReturnType<typeof openPrisma>['prisma'];
/** What verbs write through: the client, or a transaction of it. */
export type Transaction = Parameters<Parameters<Db['$transaction']>[0]>[0];

/**
 * Prisma's client over the gateway's own pool, which stays open when the client closes. `schema`: the PostgreSQL schema, default `public`.
 * Its statements have no names: what PostgreSQL keeps of a named one stops fitting when a column changes, and in a transaction
 * nothing can be tried again. Parsing costs the server about 0.2 ms a statement, and what is read often does not come here.
 */
export function openPrisma(pool: pg.Pool, schema?: string) {
  const prisma = new PrismaClient({
    adapter: new PrismaPg(watchedPool(pool), { schema }),
    omit: omittedColumns,
    transactionOptions: { maxWait: 2000, timeout: 10_000, isolationLevel: Prisma.TransactionIsolationLevel.ReadCommitted },
  });
  return { prisma, close: () => prisma.$disconnect() };
}
