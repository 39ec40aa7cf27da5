import { expect, test } from 'vitest';
import { rowsOf } from './support/database.ts';
import { EQUAL_KEYS, lists, readPage, type TestedList, titleOf, walk } from './support/lists.ts';
import { anApp } from './support/world.ts';

/** A gateway whose lists have many equal sort keys, and what a list holds by direct SQL. */
async function aWorldOfEqualKeys() {
  const world = await anApp();
  for (const text of EQUAL_KEYS) await rowsOf(world.databaseUrl, text);
  const idsOf = async ({ sql, parent }: TestedList, parentId: number) =>
    (await rowsOf<{ id: number }>(world.databaseUrl, sql, parent ? [parentId] : [])).map(({ id }) => id);
  /** The parent that has the most. */
  const parentOf = async ({ name, parent }: TestedList): Promise<number> => {
    if (!parent) return 0;
    const column = parent === 'Spa' ? 'spa_id' : name === 'certificates' ? 'issued_by_id' : 'submitted_by_id';
    const table = { certificates: 'certificates', hiringForms: 'hiring_forms', candidateForms: 'candidate_forms' }[name];
    const isOpen = parent === 'Spa' ? `and ${column} in (select id from spas where is_active)` : '';
    const [row] = await rowsOf<{ id: number }>(
      world.databaseUrl,
      `select ${column} as id from ${table} where ${column} is not null ${isOpen} group by 1 order by count(*) desc, 1 limit 1`,
    );
    return row?.id ?? 0;
  };
  return { ...world, idsOf, parentOf };
}

for (const list of lists) {
  test(`${titleOf(list)}: pages forward and backward hold every row once, in the list's order`, async () => {
    const { ask, idsOf, parentOf } = await aWorldOfEqualKeys();
    const parentId = await parentOf(list);
    const all = await idsOf(list, parentId);
    expect(all.length).toBeGreaterThan(3);
    // Pages of one row meet every boundary between equal keys; long lists are walked in wider steps.
    for (const size of all.length > 150 ? [37, 100] : [1, 7, 100]) {
      expect(await walk(ask, list, { parentId, size }), `${size} forward`).toEqual(all);
      expect(await walk(ask, list, { parentId, size, isBackward: true }), `${size} backward`).toEqual(all);
    }
  });
}

const CHANGED: { list: TestedList; table: string; columns: string; size: number }[] = [
  { list: { name: 'spas', as: 'ADMIN', sql: '' }, table: 'spas', columns: 'name, updated_at', size: 3 },
  {
    list: { name: 'hiringForms', as: 'ADMIN', sql: '' },
    table: 'hiring_forms',
    columns:
      'spa_id, for_role, staff_required, description, required_experience, required_education, required_skills, created_at, updated_at',
    size: 9,
  },
  {
    list: { name: 'templates', as: 'ADMIN', sql: '' },
    table: 'certificate_templates',
    columns: 'name, category, kind, variant, html, updated_at',
    size: 5,
  },
];

for (const { list, table, columns, size } of CHANGED) {
  for (const isBackward of [false, true]) {
    test(`${list.name}, ${isBackward ? 'backward' : 'forward'}: rows that come and go between pages let none be met twice, and none that stays be missed`, async () => {
      const { ask, databaseUrl } = await aWorldOfEqualKeys();
      // They would keep their spas from going.
      await rowsOf(databaseUrl, 'delete from candidate_forms');
      const ids = async () => (await rowsOf<{ id: number }>(databaseUrl, `select id from ${table}`)).map(({ id }) => id);
      const before = await ids();
      const victims = before.filter((id) => id % 7 === 0);
      let turn = 0;
      const met = await walk(ask, list, {
        size,
        isBackward,
        between: async (page) => {
          // Copies of rows of this page stand directly beside them; the cursor's own row goes, and one that may be still to come.
          const isStillShort = turn++ < 6;
          const copied = isStillShort ? page.slice(0, 2) : [];
          await rowsOf(databaseUrl, `insert into ${table} (${columns}) select ${columns} from ${table} where id = any($1::int[])`, [
            copied,
          ]);
          const gone = [isBackward ? page[0] : page.at(-1), victims.pop()];
          await rowsOf(databaseUrl, `delete from ${table} where id = any($1::int[])`, [gone.filter((id) => id !== undefined)]);
        },
      });
      const after = new Set(await ids());
      expect(new Set(met).size).toBe(met.length);
      expect(before.filter((id) => after.has(id) && !met.includes(id))).toEqual([]);
    });
  }
}

test('pageInfo tells what lies before and behind a page, and its cursors are those of the edges', async () => {
  const { ask } = await anApp();
  const list: TestedList = { name: 'spas', as: 'ADMIN', sql: '' };
  const pageInfo = async (page: Record<string, unknown>) => {
    const { edges, pageInfo: info } = await readPage(ask, list, 0, page);
    expect(info).toMatchObject({ startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null });
    return info;
  };
  const first = await pageInfo({ first: 5 });
  expect(first).toMatchObject({ hasPreviousPage: false, hasNextPage: true });
  expect(await pageInfo({ first: 5, after: first.endCursor })).toMatchObject({ hasPreviousPage: true, hasNextPage: true });
  expect(await pageInfo({ first: 15, after: first.endCursor })).toMatchObject({ hasPreviousPage: true, hasNextPage: false });
  expect(await pageInfo({ first: 20 })).toMatchObject({ hasPreviousPage: false, hasNextPage: false });
  const last = await pageInfo({ last: 5 });
  expect(last).toMatchObject({ hasPreviousPage: true, hasNextPage: false });
  expect(await pageInfo({ last: 15, before: last.startCursor })).toMatchObject({ hasPreviousPage: false, hasNextPage: true });
  // Behind the last row there is an empty page without cursors.
  const end = await readPage(ask, list, 0, { first: 5, after: last.endCursor });
  expect(end).toMatchObject({ edges: [], pageInfo: { hasPreviousPage: true, hasNextPage: false, startCursor: null, endCursor: null } });
});

test('a page has 20 entries by default, from the end where only `before` is given', async () => {
  const { ask } = await anApp();
  const list: TestedList = { name: 'certificates', as: 'ADMIN', sql: '' };
  const two = await readPage(ask, list, 0, { first: 60 });
  expect((await readPage(ask, list, 0, {})).edges).toEqual(two.edges.slice(0, 20));
  expect((await readPage(ask, list, 0, { before: two.edges[50].cursor })).edges).toEqual(two.edges.slice(30, 50));
});
