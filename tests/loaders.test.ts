import { getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { demoSignIns } from '../prisma/seed/demo.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { examples } from '../src/modules/examples.ts';
import { rowsOf } from './support/database.ts';
import { anApp } from './support/world.ts';

const exampleOf = (name: string) => examples.find(({ query }) => getOperationAST(parse(query))?.name?.value === name);

/** 100 more spas, each with three openings and four public certificates, issued for different templates. */
async function aHundredSpas(databaseUrl: string) {
  await rowsOf(
    databaseUrl,
    `with new_spas as (insert into spas (name, city, state, updated_at) select 'A ' || to_char(n, '000'), 'Pune', 'Maharashtra', now() from generate_series(1, 100) n returning id),
     openings as (
       insert into hiring_forms (spa_id, for_role, staff_required, description, required_experience, required_education, required_skills, updated_at)
       select id, 'Therapist', 1, 'x', 'x', 'x', 'x', now() from new_spas, generate_series(1, 3)
     )
     insert into certificates (number, category, template_id, spa_id, spa_snapshot, holder_name, is_public, position, start_date, salary)
     select 'TEST-' || id || '-' || n, 'APPOINTMENT_LETTER', 1 + (id + n) % 60, id, '{}', 'Asha', true, 'Therapist', '2026-01-01', 1 from new_spas, generate_series(1, 4) n`,
  );
}

test('the directory of spas costs the same number of statements, at most 6, for 1, 10 and 100 spas', async () => {
  const { ask, databaseUrl, statements } = await anApp();
  await aHundredSpas(databaseUrl);
  const query = exampleOf('SpaDirectory')?.query ?? '';
  const texts: string[][] = [];
  for (const first of [1, 10, 100]) {
    let found: {
      openings: { edges: object[]; totalCount: object };
      certificates: { edges: { node: { spa: object; template: object } }[] };
    }[] = [];
    const sent = await statements.during(async () => {
      const { data } = await ask(query, { first });
      found = data.spas.edges.map(({ node }: { node: object }) => node);
    });
    expect(found).toHaveLength(first);
    for (const spa of found) {
      expect([spa.openings.edges.length, spa.openings.totalCount]).toEqual([2, { value: 3, isExact: true }]);
      expect(spa.certificates.edges.map(({ node }) => node.spa)).toEqual([expect.anything(), expect.anything(), expect.anything()]);
    }
    texts.push(sent.toSorted());
  }
  expect(texts[0]?.length).toBeLessThanOrEqual(6);
  expect(texts[1]).toEqual(texts[0]);
  expect(texts[2]).toEqual(texts[0]);
});

test('aliases of an edge with other sizes share its statement, and repeated fragments add nothing', async () => {
  const { ask, statements } = await anApp();
  const plain = await statements.during(() => ask('{ spas(first: 20) { nodes { id hiringForms(first: 2) { nodes { id } } } } }'));
  const query = `
    query { spas(first: 20) { nodes { id ...Edges ...Edges ... on Spa { ...Edges } } } }
    fragment Edges on Spa { a: hiringForms(first: 2) { nodes { ...Form } } b: hiringForms(first: 5) { nodes { ...Form } } c: hiringForms(first: 2) { nodes { ...Form } edges { cursor } } }
    fragment Form on HiringForm { id forRole spa { id name } }`;
  let data: { spas: { nodes: Record<'a' | 'b' | 'c', { nodes: object[] }>[] } } | undefined;
  const aliased = await statements.during(async () => {
    ({ data } = await ask(query));
  });
  expect(aliased).toEqual(plain);
  for (const { a, b, c } of data?.spas.nodes ?? []) {
    expect(b.nodes.slice(0, 2)).toEqual(a.nodes);
    expect(c.nodes).toEqual(a.nodes);
  }
});

test('heavy columns are read only where they are selected, and the statement of the rows stays the same', async () => {
  const { ask, statements } = await anApp();
  const read = (selection: string) => statements.during(() => ask(`{ templates(first: 5) { nodes { id ${selection} } } }`));
  const [rows, ...more] = await read('name variant');
  expect(more).toEqual([]);
  expect(rows).not.toMatch(/"html"|"config"/);
  for (const [column, others] of [
    ['html', /"config"/],
    ['config', /"html"/],
  ] as const) {
    const [sameRows, heavy, ...rest] = await read(`name ${column}`);
    expect([sameRows, rest]).toEqual([rows, []]);
    expect(heavy).toContain(`"${column}"`);
    expect(heavy).not.toMatch(others);
  }
  const certificates = (selection: string) =>
    statements.during(() => ask(`{ publicCertificates(first: 5) { nodes { id ${selection} } } }`));
  const [light] = await certificates('number');
  expect(light).not.toContain('spa_snapshot');
  const [same, snapshots] = await certificates('number spaSnapshot { name }');
  expect(same).toBe(light);
  expect(snapshots).toContain('spa_snapshot');
});

test('statements of an operation have the same texts for any values of its variables', async () => {
  const { ask, statements } = await anApp();
  const other: Record<string, Record<string, unknown>> = {
    TemplateGallery: { filter: { category: 'ID_CARD' }, first: 3 },
    PublicCertificates: { filter: { category: 'OFFER_LETTER' }, first: 2 },
    VerifyCertificate: { number: 'INV-2023-0000001' },
    SpaDirectory: { first: 9 },
    SpaPage: { id: encodeId('Spa', 2) },
    JobBoard: { first: 7 },
    Me: { first: 3 },
    CandidateInbox: { first: 1 },
    AdminUsers: { first: 33 },
    Dashboard: {},
  };
  for (const [name, variables] of Object.entries(other)) {
    const example = exampleOf(name);
    const role = demoSignIns[(example?.userId ?? 0) - 1]?.role;
    const run = (values: Record<string, unknown>) => statements.during(() => ask(example?.query ?? '', values, role ? { as: role } : {}));
    const [mine, theirs] = [await run(example?.variables ?? {}), await run({ ...example?.variables, ...variables })];
    expect(theirs.toSorted(), name).toEqual(mine.toSorted());
  }
});

test('the hash of a password is read by the sign-in and by nothing else', async () => {
  const { ask, statements } = await anApp();
  for (const { query, variables, userId } of examples.filter(
    (example) => getOperationAST(parse(example.query))?.operation !== 'subscription',
  )) {
    const name = getOperationAST(parse(query))?.name?.value;
    const role = demoSignIns[(userId ?? 0) - 1]?.role;
    const texts = await statements.during(() => ask(query, variables, role ? { as: role } : {}));
    const readers = texts.filter((text) => /select[^;]*password_hash|returning[^;]*password_hash/is.test(text));
    expect(readers.length, `${name}: ${readers.join('\n')}`).toBe(name === 'SignIn' ? 1 : 0);
  }
});

test('requests at once keep what they read to themselves: nobody gets what another viewer may see', async () => {
  const { ask, databaseUrl, statements } = await anApp();
  const [row] = await rowsOf<{ id: number }>(
    databaseUrl,
    `update certificates set issued_by_id = 5 where id = (select id from certificates where not is_public and category = 'OFFER_LETTER' limit 1) returning id`,
  );
  const id = encodeId('OfferLetter', row?.id ?? 0);
  const query = 'query ($id: ID!) { node(id: $id) { id } viewer { id email } }';
  const as = ['USER', undefined, 'HR', undefined, 'USER', 'ADMIN', undefined] as const;
  const ask7 = () => Promise.all(as.map((role) => ask(query, { id }, role ? { as: role } : {})));
  for (let round = 0; round < 5; round++) {
    const answers = await ask7();
    expect(answers.map(({ data }) => data.node?.id ?? null)).toEqual(as.map((role) => (role ? id : null)));
    expect(answers.map(({ data }) => data.viewer?.id ?? null)).toEqual(
      as.map((role) => (role ? encodeId('User', demoSignIns.findIndex((signIn) => signIn.role === role) + 1) : null)),
    );
  }
  // What one request has read is gone with it: the next sees what was written since.
  await rowsOf(databaseUrl, 'update certificates set issued_by_id = 4 where id = $1', [row?.id]);
  expect((await ask(query, { id }, { as: 'USER' })).data.node).toBeNull();
  expect((await statements.during(() => ask(query, { id }))).length).toBe(1);
});
