// Every list of the schema with the SQL that says what it holds, and a walk through its pages.

import type { Role } from '../../src/generated/prisma/enums.ts';
import { encodeId } from '../../src/graphql/ids.ts';
import type { anApp } from './world.ts';

type Ask = Awaited<ReturnType<typeof anApp>>['ask'];

export type TestedList = {
  name: string;
  as?: Role;
  /** The type of the parent, for a list that is not at the root. */
  parent?: 'Spa' | 'User';
  /** The rows in their order, by id; `$1` is the parent's id. */
  sql: string;
};

const TEMPLATE_ORDER = `category, variant is null, coalesce(variant, ''), name, id`;
const newest = (table: string, condition = 'true', time = 'created_at') =>
  `select id from ${table} where ${condition} order by ${time} desc, id desc`;
const certificates = (condition = 'true') => newest('certificates', condition, 'generated_at');

export const lists: TestedList[] = [
  { name: 'templates', sql: `select id from certificate_templates where is_public and is_active order by ${TEMPLATE_ORDER}` },
  { name: 'templates', as: 'ADMIN', sql: `select id from certificate_templates order by ${TEMPLATE_ORDER}` },
  { name: 'publicCertificates', sql: certificates('is_public') },
  { name: 'certificates', as: 'ADMIN', sql: certificates() },
  { name: 'spas', sql: 'select id from spas where is_active order by name, id' },
  { name: 'spas', as: 'ADMIN', sql: 'select id from spas order by name, id' },
  { name: 'hiringForms', sql: newest('hiring_forms', 'spa_id in (select id from spas where is_active)') },
  { name: 'hiringForms', as: 'ADMIN', sql: newest('hiring_forms') },
  { name: 'candidateForms', as: 'HR', sql: newest('candidate_forms') },
  { name: 'users', as: 'ADMIN', sql: newest('users') },
  { name: 'hiringForms', as: 'ADMIN', parent: 'Spa', sql: newest('hiring_forms', 'spa_id = $1') },
  { name: 'certificates', parent: 'Spa', sql: certificates('spa_id = $1 and is_public') },
  { name: 'certificates', as: 'USER', parent: 'Spa', sql: certificates('spa_id = $1 and (is_public or issued_by_id = 5)') },
  { name: 'certificates', as: 'ADMIN', parent: 'Spa', sql: certificates('spa_id = $1') },
  { name: 'candidateForms', as: 'HR', parent: 'Spa', sql: newest('candidate_forms', 'spa_id = $1') },
  { name: 'certificates', as: 'ADMIN', parent: 'User', sql: certificates('issued_by_id = $1') },
  { name: 'candidateForms', as: 'ADMIN', parent: 'User', sql: newest('candidate_forms', 'submitted_by_id = $1') },
];

export const titleOf = ({ name, as, parent }: TestedList) => `${parent ? `${parent}.` : ''}${name} for ${as ?? 'a visitor'}`;

export const numberOf = (id: string) => Number(Buffer.from(id, 'base64').toString().split(':')[1]);

/** Many rows with the same sort key in every list, and templates without a variant. */
export const EQUAL_KEYS = [
  `update certificates set generated_at = '2026-01-01' where id % 3 = 0`,
  `update hiring_forms set created_at = '2026-01-01' where id % 3 = 0`,
  `update candidate_forms set created_at = '2026-01-01' where id % 3 = 0`,
  `update users set created_at = '2026-01-01' where id % 3 = 0`,
  `update spas set name = 'Lotus Spa', is_active = true where id % 2 = 0`,
  `update certificate_templates set variant = null, name = 'Plain', category = 'ID_CARD' where id % 2 = 0`,
  `update spas set is_active = false where id % 5 = 0`,
  `update certificates set issued_by_id = 5 where id % 4 = 0`,
];

const PAGE = 'nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const ARGS = '(first: $first, after: $after, last: $last, before: $before)';
const VARIABLES = '$first: Int, $after: String, $last: Int, $before: String';

/** Reads one page. */
export async function readPage(ask: Ask, { name, as, parent }: TestedList, parentId: number, page: Record<string, unknown>) {
  const list = `list: ${name}${ARGS} { ${PAGE} }`;
  const query = parent
    ? `query ($id: ID!, ${VARIABLES}) { node(id: $id) { ... on ${parent} { ${list} } } }`
    : `query (${VARIABLES}) { ${list} }`;
  const answer = await ask(query, { ...(parent && { id: encodeId(parent, parentId) }), ...page }, as ? { as } : {});
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return parent ? answer.data.node.list : answer.data.list;
}

/** Walks through a list and returns the ids that it meets, in the list's order. `between` runs after each page. */
export async function walk(
  ask: Ask,
  list: TestedList,
  {
    parentId = 0,
    size,
    isBackward = false,
    between,
  }: { parentId?: number; size: number; isBackward?: boolean; between?: (ids: number[]) => Promise<unknown> },
): Promise<number[]> {
  const ids: number[] = [];
  for (let cursor: string | undefined, hasMore = true; hasMore; ) {
    const page = await readPage(ask, list, parentId, isBackward ? { last: size, before: cursor } : { first: size, after: cursor });
    const found = page.nodes.map(({ id }: { id: string }) => numberOf(id));
    if (isBackward) ids.unshift(...found);
    else ids.push(...found);
    hasMore = isBackward ? page.pageInfo.hasPreviousPage : page.pageInfo.hasNextPage;
    cursor = isBackward ? page.pageInfo.startCursor : page.pageInfo.endCursor;
    await between?.(found);
  }
  return ids;
}
