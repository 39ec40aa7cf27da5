// Single operations that would do more than they should: hold the event loop, be answered at length, or try an account too often.

import { buildSchema, type GraphQLObjectType, Kind, parse } from 'graphql';
import { expect, test } from 'vitest';
import { demoId } from '../prisma/seed/demo.ts';
import { edgeBy, withEdges } from '../src/graphql/edges.ts';
import { createLimits } from '../src/limits/limits.ts';
import { createFieldLimits } from '../src/rate-limit/field-limits.ts';
import { createMemoryStore } from '../src/rate-limit/memory-store.ts';
import { cpuTimer } from './support/cpu-time.ts';
import { rowsOf } from './support/database.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { codesOf, from, onlyRates, times } from './support/protection.ts';
import { codeOf } from './support/refusals.ts';
import { anApp } from './support/world.ts';

/** How long the longest turn of the event loop was while something was done, in milliseconds. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const look = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 10);
  await work();
  clearInterval(timer);
  look();
  return longest;
}

/** Each fragment spreads the next one twice, beside `fields`. */
const doubling = (levels: number, fields: string, last: string, type = 'Certificate') =>
  times(levels, (i) => `fragment F${i} on ${type} { ${i + 1 < levels ? `${fields} ...F${i + 1} ...F${i + 1}` : last} }`).join(' ');

test.each([
  ['nothing beside', ''],
  ['fields beside', 'id number'],
  ['the edge beside', 'id spa { city }'],
])('fragments that spread the next one twice, with %s, are answered at once, and the edges below them are read', async (_, fields) => {
  const { ask, statements, databaseUrl } = await anApp({ batching: { isShared: false } });
  await rowsOf(databaseUrl, 'update spas set is_active = true');
  const below = 'spa { name } issuedBy { firstName }';
  await ask(`{ publicCertificates(first: 1) { nodes { ${below} } } }`);
  // One more level is twice the work where each spread is visited. The first would take half a second and more, the last as good as for ever.
  for (const levels of [23, 60]) {
    for (const page of ['nodes { ...F0 }', 'edges { node { ...F0 ...F1 } }']) {
      const answers: Awaited<ReturnType<typeof ask>>[] = [];
      const query = `{ publicCertificates(first: 10) { ${page} } } ${doubling(levels, fields, below)}`;
      let sent: string[] = [];
      const turn = await longestTurn(async () => {
        sent = await statements.during(async () => void answers.push(await ask(query)));
      });
      const { nodes, edges } = answers[0]?.data.publicCertificates ?? {};
      const rows: { spa: { name?: string } | null }[] = nodes ?? edges.map(({ node }: { node: object }) => node);
      expect([levels, page, answers[0]?.errors, rows.length]).toEqual([levels, page, undefined, 10]);
      expect(rows.some(({ spa }) => spa?.name)).toBe(true);
      // The page, and each kind of object.
      expect(sent).toHaveLength(3);
      expect(turn).toBeLessThan(300);
    }
  }
});

test('edges below fragments that are spread twice are loaded before the rows are resolved', async () => {
  const schema = buildSchema(
    `type Query { rows: Rows! } type Rows { nodes: [Row!]! } type Row { id: ID spa: Spa by: Spa } type Spa { id: ID }`,
  );
  const loaded: Record<string, number[]> = {};
  for (const [name, field] of Object.entries((schema.getType('Row') as GraphQLObjectType).getFields())) {
    const load = (keys: Set<number>) => void Object.assign(loaded, { [name]: [...keys] });
    if (name !== 'id') field.extensions = edgeBy(() => ({ loadAll: load }) as never, `${name}Id`);
  }
  const document = parse(`{ rows { nodes { ...F0 } } } ${doubling(23, 'id', 'spa { id }', 'Row')}`);
  const [operation, ...fragments] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('There is no operation.');
  const info = {
    schema,
    returnType: schema.getQueryType()?.getFields().rows?.type,
    fieldNodes: operation.selectionSet.selections,
    fragments: Object.fromEntries(fragments.map((one) => [(one as { name: { value: string } }).name.value, one])),
  };
  const rows = [
    { spaId: 1, byId: 7 },
    { spaId: 2, byId: 7 },
    { spaId: null, byId: 7 },
  ];
  const workedMs = cpuTimer();
  expect(await withEdges({} as never, info as never, rows)).toBe(rows);
  expect(workedMs()).toBeLessThan(200);
  expect(loaded).toEqual({ spa: [1, 2] });
});

const IDS = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
const ISSUE = mutation('issueCertificate', 'certificate { id }');

test.each<[string, string, Record<string, unknown>]>([
  ['80,000 ids that are objects', IDS, { ids: times(80_000, () => ({})) }],
  ['50,000 ids that are null', IDS, { ids: times(50_000, () => null) }],
  ['80,000 empty inputs', ISSUE, { input: toIssue('INVOICE_SPA_BILL', { details: { invoice: { items: times(80_000, () => ({})) } } }) }],
  ['20,000 fields that are not there', ISSUE, { input: Object.fromEntries(times(20_000, (i) => [`a${i}`, 1])) }],
])('wrong variables by the ten thousand are answered soon, with few of them: %s', async (_, query, variables) => {
  const { send } = await anApp({ isSeeded: false });
  const workedMs = cpuTimer();
  const response = await send({ query, variables });
  const text = await response.text();
  const { errors } = JSON.parse(text);
  expect([response.status, codesOf(errors)]).toEqual([400, ['BAD_USER_INPUT']]);
  expect(errors[0].extensions.issues.length).toBeLessThanOrEqual(100);
  expect(text.length).toBeLessThan(150_000);
  expect(workedMs()).toBeLessThan(1000);
});

test('messages repeat what was sent up to a thousand characters', async () => {
  const { ask } = await anApp({ isSeeded: false });
  const long = 'long'.repeat(50_000);
  for (const [query, variables] of [
    ['query ($n: Int) { spas(first: $n) { nodes { id } } }', { n: long }],
    [ISSUE, { input: { [long]: 1 } }],
    [`{ spas(first: "${long}") { nodes { id } } }`, {}],
    [`{ ${long} }`, {}],
    [`query ($${long}: Int!) { __typename }`, {}],
  ] as const) {
    const { status, errors = [] } = await ask(query, variables);
    expect([status, errors.length > 0]).toEqual([400, true]);
    for (const { message } of errors) expect([message.length > 20, message.length <= 1001]).toEqual([true, true]);
    for (const { message } of errors.flatMap(({ extensions }) => (extensions.issues as typeof errors) ?? []))
      expect(message.length).toBeLessThanOrEqual(1001);
  }
});

const SIGN_IN = mutation('signIn', 'token');
const ACCOUNTS: [name: string, spellings: string[]][] = [
  ['superadmin', ['SUPERADM\u0130N', '\u017fuperadmin', '\uff53\uff55\uff50\uff45\uff52\uff41\uff44\uff4d\uff49\uff4e']],
  ['οδυσσευς', ['ΟΔΥΣΣΕΥΣ', 'οδυσσευσ', 'οδυςςευς']],
  [
    '\u01c4emal.straße',
    ['\u01c5emal.straße', '\u01c6EMAL.STRA\u1e9eE', 'd\u017eemal.straße', 'DZ\u030cemal.straße', '\u01c4emal.stra\u00dfe\u200a'],
  ],
];

test.each(ACCOUNTS)('%s has one bucket, however it is written', async (name, spellings) => {
  const { ask, databaseUrl } = await anApp({ protection: { modes: onlyRates('fields'), trustedProxies: ['loopback'] } });
  await rowsOf(databaseUrl, `update users set username = '${name}' where id = ${demoId('SUPER_ADMIN')}`);
  const tryIn = async (usernameOrEmail: string, i: number) =>
    codeOf(await ask(SIGN_IN, { input: { usernameOrEmail, password: 'wrong' } }, from(`203.0.113.${i}`)));
  const codes: string[] = [];
  for (let i = 0; i < 9; i++) codes.push(await tryIn(spellings[i % spellings.length] as string, i));
  expect(codes).toEqual([...times(5, () => 'UNAUTHENTICATED'), ...times(4, () => 'RATE_LIMITED')]);
  expect([await tryIn(name, 99), await tryIn('manager', 100)]).toEqual(['RATE_LIMITED', 'UNAUTHENTICATED']);
});

test('the database takes letters for others, as a dotted İ for i, and each of them counts as the other', async () => {
  const { ask, databaseUrl } = await anApp();
  const { data } = await ask(SIGN_IN, { input: { usernameOrEmail: 'SUPERADM\u0130N', password: 'convoy-demo' } });
  const letters = await rowsOf<{ one: string; other: string }>(
    databaseUrl,
    `select chr(i) as one, lower(chr(i)) as other from generate_series(33, 1114111) i
     where i not between 55296 and 57343 and lower(chr(i)) <> chr(i)`,
  );
  // Where the database knows the letters of ASCII alone, there is nothing else to find.
  if (letters.length > 26) expect(data?.signIn.token).toEqual(expect.any(String));
  const fieldLimits = createFieldLimits({ store: createMemoryStore(), limits: createLimits() });
  const client = { key: 'one', address: 'one', isSignedIn: false, isPrivate: false, isSecure: false };
  const isCounted = (name: string) =>
    fieldLimits.check([{ by: 'EVERYBODY', perMinute: 1, identityArgs: ['name'] }], { field: 'Query.f', args: { name }, client }).then(
      () => false,
      () => true,
    );
  const apart: string[] = [];
  for (const { one, other } of letters) {
    await isCounted(`a${one}z`);
    if (!(await isCounted(`a${other}z`))) apart.push(`${one} and ${other}`);
  }
  expect(apart).toEqual([]);
});
