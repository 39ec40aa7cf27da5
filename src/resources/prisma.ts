import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { omittedColumns } from '../../prisma/omitted-columns.ts';
import { Prisma, PrismaClient } from '../generated/prisma/client.ts';
import { watchedPool } from './watched-pool.ts';

export type Db = ReturnType<typeof openPrisma>['prisma'];
/** What verbs write through: the client, or a transaction of it. */
export type Transaction = Parameters<Parameters<Db['$transaction']>[0]>[0];

/** Prisma's client over the gateway's own pool, which stays open when the client closes. `schema`: the PostgreSQL schema, default the search path's. */
export function openPrisma(pool: pg.Pool, schema?: string) {
  const prisma = new PrismaClient({
    adapter: new PrismaPg(watchedPool(pool), { schema, statementNameGenerator: createStatementNames() }),
    omit: omittedColumns,
    transactionOptions: { maxWait: 2000, timeout: 10_000, isolationLevel: Prisma.TransactionIsolationLevel.ReadCommitted },
  });
  return { prisma, close: () => prisma.$disconnect() };
}

const MAX_NAMES = 500;

/** One name for one SQL text, so that PostgreSQL parses it once a connection; texts beyond the bound go unprepared. */
function createStatementNames() {
  const names = new Map<string, string>();
  return ({ sql }: { sql: string }): string => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    if (names.size >= MAX_NAMES) return '';
    const name = `prisma_${names.size}`;
    names.set(sql, name);
    return name;
  };
}
