// However the edges of a page are selected, each kind of object behind them travels in one statement, and the answer is the same.

import { expect, test } from 'vitest';
import { rowsOf } from './support/database.ts';
import { anApp } from './support/world.ts';

const FORMS: [how: string, page: string][] = [
  ['nodes', 'nodes { id spa { name } template { name } issuedBy { firstName } }'],
  ['edges', 'edges { node { id spa { name } template { name } issuedBy { firstName } } }'],
  ['both', 'nodes { id spa { name } template { name } } edges { node { id issuedBy { firstName } spa { name } } }'],
  ['aliases', 'n: nodes { id a: spa { name } b: spa { name } t: template { name } u: issuedBy { firstName } }'],
  ['fragments', 'nodes { id ...F } ...G'],
  [
    'the conditions of each type',
    `nodes { id ${['IdCard', 'Invoice', 'DailySheet', 'OfferLetter', 'SpaTherapistCertificate', 'ManagerSalaryCertificate', 'ExperienceLetter', 'AppointmentLetter'].map((type) => `... on ${type} { spa { name } template { name } issuedBy { firstName } }`).join(' ')} }`,
  ],
  ['conditions of interfaces', 'nodes { ... on Node { id ... on Certificate { spa { name } template { name } issuedBy { firstName } } } }'],
  ['directives', 'nodes { id spa @include(if: $yes) { name } ... @skip(if: $no) { template { name } } ...U @include(if: $yes) }'],
  ['parts of the same field', 'nodes { id spa { name } } nodes { template { name } issuedBy { firstName } } pageInfo { hasNextPage }'],
];
const FRAGMENTS = `fragment F on Certificate { spa { name } ...T } fragment T on Certificate { template { name } }
  fragment G on CertificateConnection { nodes { ...U } } fragment U on Certificate { issuedBy { firstName } }`;
const USED = ['F', 'T', 'G', 'U'];
/** Fragments that are not used make a document invalid. */
const fragmentsFor = (page: string) => {
  const all = FRAGMENTS.split('fragment ').map((text) => text.trim());
  const of = (name: string) => all.find((text) => text.startsWith(`${name} `)) ?? '';
  const found = new Set<string>();
  const visit = (text: string) => {
    for (const name of USED)
      if (text.includes(`...${name}`) && !found.has(name)) {
        found.add(name);
        visit(of(name));
      }
  };
  visit(page);
  return Array.from(found, (name) => `fragment ${of(name)}`).join(' ');
};

// biome-ignore lint/suspicious/noExplicitAny: a node has the shape of its selection.
const plain = ({ id, spa, a, template, t, issuedBy, u }: any) => ({
  id,
  spa: spa ?? a ?? null,
  template: template ?? t ?? null,
  issuedBy: issuedBy ?? u ?? null,
});

test.each([0, Number.POSITIVE_INFINITY])(
  'a page sends one statement for each kind of object, however it is asked for (compiled after %s calls)',
  async (compileAfter) => {
    const { ask, statements, databaseUrl } = await anApp({ compileAfter, batching: { isShared: false } });
    await rowsOf(databaseUrl, 'update spas set is_active = true');
    const seen: { how: string; sent: number; nodes: unknown }[] = [];
    for (const [how, page] of FORMS) {
      const isDirected = page.includes('$');
      const query = `query${isDirected ? '($yes: Boolean!, $no: Boolean!)' : ''} { publicCertificates(first: 20) { ${page} } } ${fragmentsFor(page)}`;
      const answers: Awaited<ReturnType<typeof ask>>[] = [];
      const sent = await statements.during(async () => void answers.push(await ask(query, isDirected ? { yes: true, no: false } : {})));
      expect(answers[0]?.errors, how).toBeUndefined();
      const { nodes, edges, n } = answers[0]?.data.publicCertificates ?? {};
      const rows = nodes ?? n ?? edges.map(({ node }: { node: object }) => node);
      seen.push({ how, sent: sent.length, nodes: rows.map((row: object, i: number) => plain({ ...row, ...edges?.[i].node })) });
    }
    const [first] = seen;
    expect(first?.nodes).toHaveLength(20);
    for (const { how, sent, nodes } of seen) {
      expect(nodes, how).toEqual(first?.nodes);
      expect([how, sent]).toEqual([how, 4]);
    }
  },
);

test('what a directive leaves out is not read', async () => {
  const { ask, statements } = await anApp();
  const query = `query ($no: Boolean!) { publicCertificates(first: 5) { nodes { id spa @include(if: $no) { name } ... @include(if: $no) { template { name } } ... on Certificate @include(if: $no) { issuedBy { firstName } } } } }`;
  expect(await statements.during(() => ask(query, { no: false }))).toHaveLength(1);
  expect(await statements.during(() => ask(query, { no: true }))).toHaveLength(4);
});

test('what only other types have is not read', async () => {
  const { ask, statements } = await anApp();
  const query = `{ publicCertificates(first: 5, filter: { category: ID_CARD }) { nodes { id ... on Invoice { spa { name } template { name } } } } }`;
  expect(await statements.during(() => ask(query))).toHaveLength(1);
});
