import { expect, test } from 'vitest';
import { Caller } from '../src/batching/batch-queue.ts';
import { Batcher } from '../src/batching/batcher.ts';
import { declareLoader, RequestLoaders } from '../src/batching/request-loaders.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { aHeldGroup, aSharingApp, lockTable, noDatabase, openSpas, range, turns, until } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import type { Answer } from './support/world.ts';

type World = Awaited<ReturnType<typeof aSharingApp>>;
type Asked = Parameters<World['ask']>;

const SPA = 'query ($id: ID!) { spa(id: $id) { id name version } }';
const spaId = (id: number) => encodeId('Spa', id);
const dataOf = (answers: Answer[]) => answers.map(({ data, errors }) => errors ?? data);

/** Asks everything at once. The answers are what each gets alone; returns the texts of the statements, and those of the first one alone. */
async function together({ ask, statements }: World, asked: readonly Asked[]) {
  const alone: Answer[] = [];
  const first = [...(await statements.during(async () => void alone.push(await ask(...(asked[0] as Asked)))))];
  for (const one of asked.slice(1)) alone.push(await ask(...one));
  let answers: Answer[] = [];
  const texts = await statements.during(async () => {
    answers = await Promise.all(asked.map((one) => ask(...one)));
  });
  expect(dataOf(answers)).toEqual(dataOf(alone));
  return { texts, first, alone: dataOf(alone) };
}

test('forty requests for the same spa in one turn of the loop send one statement', async () => {
  const world = await aSharingApp();
  await openSpas(world.databaseUrl);
  const { texts, alone } = await together(world, Array(40).fill([SPA, { id: spaId(1) }]));
  expect(texts).toHaveLength(1);
  expect(alone[0]).toMatchObject({ spa: { id: spaId(1) } });
  expect(world.flushes.at(-1)).toMatchObject({ loader: 'Spa.id', keys: 1, callers: 40 });
});

test('requests of one shape send one statement for each step, whatever they ask for, and each gets its own', async () => {
  const world = await aSharingApp();
  await openSpas(world.databaseUrl);
  const query = `query ($id: ID!, $first: Int) { spa(id: $id) { name
    hiringForms(first: $first) { totalCount { value } nodes { id spa { id } postedBy { firstName } } }
    certificates(first: $first) { totalCount { value } nodes { id template { name } } } } }`;
  const asked = range(0, 40).map((i): Asked => [query, { id: spaId(1 + ((i * 7) % 45)), first: 1 + (i % 5) }]);
  const { texts, first, alone } = await together(world, asked);
  expect(texts.toSorted()).toEqual(first.toSorted());
  expect(new Set(alone.map((data) => JSON.stringify(data))).size).toBeGreaterThan(10);
});

test('pages of a list with different cursors, sizes and values of filters are one statement', async () => {
  const world = await aSharingApp();
  const query = `query ($first: Int, $after: String, $filter: CertificateFilter) {
    publicCertificates(first: $first, after: $after, filter: $filter) { edges { cursor node { number category } } pageInfo { hasNextPage } } }`;
  const { data } = await world.ask(query, { first: 60 });
  const categories = ['ID_CARD', 'OFFER_LETTER', 'INVOICE_SPA_BILL'];
  const cursors = data.publicCertificates.edges.map(({ cursor }: { cursor: string }) => cursor);
  const asked = range(0, 40).map((i): Asked => [query, { first: 1 + (i % 9), after: cursors[i], filter: { category: categories[i % 3] } }]);
  const { texts, alone } = await together(world, asked);
  expect(texts).toHaveLength(1);
  expect(new Set(alone.map((one) => JSON.stringify(one))).size).toBeGreaterThan(20);
});

test('pages of several shapes are a statement for each shape, and each comes to its own place', async () => {
  const world = await aSharingApp();
  await openSpas(world.databaseUrl);
  await rowsOf(world.databaseUrl, `update spas set city = 'City ' || id % 3`);
  const page = (name: string, args: string) => `${name}: spas(${args}) { nodes { id city } }`;
  const inCity = (city: number) => `first: ${3 + city}, filter: { city: "City ${city}" }`;
  const aliases = [page('a', 'first: 2'), page('b', inCity(0)), page('c', 'last: 4'), page('d', inCity(1)), page('e', 'first: 1')];
  const { texts, alone } = await together(world, [
    [`{ ${aliases.join(' ')} }`],
    ...aliases.toReversed().map((alias): Asked => [`{ ${alias} }`]),
    [`{ ${aliases.toReversed().join(' ')} }`],
  ]);
  expect(texts).toHaveLength(3);
  expect(alone.at(-1)).toEqual(alone[0]);
  expect(Object.assign({}, ...alone.slice(1, -1))).toEqual(alone[0]);
});

test('searches travel alone, identical ones as one, and their counts too', async () => {
  const world = await aSharingApp();
  const query = 'query ($filter: SpaFilter) { spas(filter: $filter) { nodes { id } totalCount { value } } }';
  const search = (word: string): Asked => [query, { filter: { search: word } }];
  expect((await together(world, ['a', 'e', 'spa', 'pune', 'lotus'].map(search))).texts).toHaveLength(10);
  expect((await together(world, Array(20).fill(search('spa')))).texts).toHaveLength(2);
});

test('counts of different values are one statement', async () => {
  const world = await aSharingApp();
  const query = 'query ($id: ID!) { hiringForms(filter: { spaId: $id }) { totalCount { value isExact } } }';
  const { texts } = await together(
    world,
    range(1, 20).map((id): Asked => [query, { id: spaId(id) }]),
  );
  expect(texts).toHaveLength(1);
  expect(texts[0]).toMatch(/count\(\*\)/);
});

test('different operations share the statement of a loader', async () => {
  const world = await aSharingApp();
  const { texts } = await together(world, [
    [SPA, { id: spaId(1) }],
    ['query ($id: ID!) { node(id: $id) { id ... on Spa { city } } }', { id: spaId(2) }],
    ['query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: [spaId(3), spaId(1)] }],
    ['query A($a: ID!) { x: spa(id: $a) { state } }', { a: spaId(4) }],
  ]);
  expect(texts).toHaveLength(1);
  expect(world.flushes.at(-1)).toMatchObject({ loader: 'Spa.id', keys: 4, callers: 4 });
});

test('viewers share statements, and each sees what they may', async () => {
  const world = await aSharingApp();
  const { ask, tokens, databaseUrl, flushes } = world;
  await rowsOf(databaseUrl, `update users set is_active = true, role = 'USER' where id between 6 and 12`);
  await rowsOf(
    databaseUrl,
    `update certificates set spa_id = 1, is_public = id % 3 = 0, issued_by_id = 5 + id % 8
     where id in (select id from certificates where spa_id is not null order by id limit 80)`,
  );
  const id = encodeId('Spa', 1);
  const query = 'query ($id: ID!) { spa(id: $id) { id certificates(first: 100) { nodes { id holderName } totalCount { value } } } }';
  const bearers = await Promise.all(range(5, 8).map(async (user) => ({ token: (await tokens.sign(user)).token })));
  const viewers: Asked[2][] = [...bearers, {}, { as: 'HR' }, { as: 'ADMIN' }, ...bearers, {}];
  const alone: Answer[] = [];
  for (const viewer of viewers) alone.push(await ask(query, { id }, viewer));
  expect(new Set(alone.map(({ data }) => JSON.stringify(data))).size).toBe(10);

  const visitors = 2;
  // Tokens are checked in other threads: the lock holds the first requests until the last have asked.
  const lock = await lockTable(databaseUrl, 'spas');
  const held: Promise<Answer>[] = [];
  for (const count of [1, 2]) {
    held.push(ask(query, { id }));
    await lock.untilBlocked(count);
  }
  flushes.length = 0;
  const others = viewers.map((viewer) => ask(query, { id }, viewer));
  const callersOf = (loader: string) => flushes.filter((flush) => flush.loader === loader).reduce((sum, { callers }) => sum + callers, 0);
  await until(() => callersOf('User.id') === viewers.length - visitors, 'every viewer is known');
  await turns();
  await lock.release();
  expect(dataOf(await Promise.all(others))).toEqual(dataOf(alone));
  await Promise.all(held);
  expect(flushes.filter(({ loader, callers }) => loader === 'Spa.id' && callers === viewers.length)).toHaveLength(1);
});

test('a busy gateway has two statements of a loader under way, and what is asked meanwhile leaves as one', async () => {
  const { ask, databaseUrl, statements, flushes } = await aSharingApp();
  await openSpas(databaseUrl);
  const lock = await lockTable(databaseUrl, 'spas');
  const texts = await statements.during(async () => {
    const answers: Promise<Answer>[] = [];
    for (const [count, id] of [1, 2].entries()) {
      answers.push(ask(SPA, { id: spaId(id) }));
      await lock.untilBlocked(count + 1);
    }
    for (const id of range(1, 30)) {
      answers.push(ask(SPA, { id: spaId(id) }));
      await turns(3);
    }
    expect(await lock.blocked()).toHaveLength(2);
    await lock.release();
    await Promise.all(answers);
  });
  expect(texts.filter((text) => text.includes('from "spas"'))).toHaveLength(3);
  expect(flushes.map(({ keys, callers }) => `${keys} for ${callers}`).sort()).toEqual(['1 for 1', '1 for 1', '30 for 30']);
});

test('writes and what a transaction reads travel alone, and at once', async () => {
  const { ask, databaseUrl, statements } = await aSharingApp();
  const spas = await rowsOf<{ id: number; version: number }>(databaseUrl, 'select id, version from spas order by id limit 6');
  const save = 'mutation ($input: SaveSpaInput!) { saveSpa(input: $input) { spa { version } } }';
  const close = 'mutation ($id: ID!) { deleteSpa(id: $id) { wasDeleted } }';
  const texts = await statements.during(() =>
    Promise.all(
      spas.map(async ({ id, version }) => {
        const { data } = await ask(save, { input: { id: spaId(id), version, area: 'Here' } }, { as: 'ADMIN' });
        expect(data.saveSpa.spa.version).toBe(version + 1);
        await ask(close, { id: spaId(id) }, { as: 'ADMIN' });
      }),
    ),
  );
  expect(texts.filter((text) => /^update .*spas/i.test(text))).toHaveLength(12);
  expect(texts.filter((text) => /for update/.test(text))).toHaveLength(6);
  expect(texts.filter((text) => text === 'BEGIN' || text === 'COMMIT')).toHaveLength(12);
});

test('an idle gateway does not wait: what is asked in one turn of the loop is sent in the next', async () => {
  const batcher = new Batcher(noDatabase);
  const { group, sent, answerAll } = aHeldGroup<number>();
  const loading = batcher.load(new Caller(), group, [1]);
  expect(sent).toEqual([]);
  await turns(1);
  expect(sent).toEqual([[1]]);
  await answerAll();
  expect(await loading).toEqual(['value of 1']);

  const load = declareLoader<number, string>(group);
  const requests = range(1, 3).map((key) => load({ loaders: new RequestLoaders(batcher) }).load(key));
  await turns(1);
  expect(sent).toEqual([[1], [1, 2, 3]]);
  await answerAll();
  expect(await Promise.all(requests)).toEqual(['value of 1', 'value of 2', 'value of 3']);
});

test('whoever asks for a key that is under way waits for another statement, so that nobody reads older data than alone', async () => {
  const batcher = new Batcher(noDatabase);
  const { group, sent, answerAll } = aHeldGroup<number>();
  const loads = [batcher.load(new Caller(), group, [1])];
  await turns();
  loads.push(batcher.load(new Caller(), group, [1]));
  await turns();
  loads.push(batcher.load(new Caller(), group, [1, 2]), batcher.load(new Caller(), group, [2]));
  await turns();
  expect(sent).toEqual([[1], [1]]);
  await answerAll();
  expect(sent).toEqual([[1], [1], [1, 2]]);
  expect((await Promise.all(loads)).flat()).toEqual([1, 1, 1, 2, 2].map((key) => `value of ${key}`));
});
