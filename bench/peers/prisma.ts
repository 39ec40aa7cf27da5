import { PrismaPg } from '@prisma/adapter-pg';
import { DATABASE_URL, POOL_SIZE } from './pool.ts';

const MAX_PREPARED = 500;
const names = new Map<string, string>();

/** One name for one text, so that PostgreSQL parses it once: kinder to the peers than Prisma's default, which prepares nothing. */
function statementNameGenerator({ sql }: { sql: string }): string {
  const known = names.get(sql);
  if (known !== undefined || names.size >= MAX_PREPARED) return known ?? '';
  names.set(sql, `prisma_${names.size}`);
  return names.get(sql) ?? '';
}

export const createAdapter = () =>
  new PrismaPg({ connectionString: DATABASE_URL, max: POOL_SIZE, keepAlive: true }, { statementNameGenerator });
