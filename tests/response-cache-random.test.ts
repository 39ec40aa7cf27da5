// Random readers of kept answers and random writers, at two gateways on one database: what each reader may see.

import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { createRandom, range } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import { mutation } from './support/inputs.ts';
import { anOwnRedis, hasRedis } from './support/redis-server.ts';
import { type Operation, visit } from './support/visitors.ts';
import { anApp } from './support/world.ts';

const SPAS = [1, 2, 3, 4];
const ONE = 'query ($id: ID!) { node(id: $id) { ... on Spa { id version } } }';
const BOARD = '{ hiringForms(first: 50, filter: { search: "counted" }) { nodes { spa { id version } } } }';
const ALL = '{ spas(first: 100) { nodes { id version } } }';
const idOf = (id: number) => encodeId('Spa', id);
/** So many are enough for all that is to be seen, on any machine. */
const MAX_READS = 20_000;

const PAGES: Operation[] = [
  ...SPAS.map((id) => ({ query: ONE, variables: { id: idOf(id) } })),
  { query: BOARD },
  { query: ALL },
  { query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Spa { id version } } }', variables: { ids: SPAS.map(idOf) } },
];
type Found = { id: string; version: number };
const spasIn = (data: { node?: Found; nodes?: Found[]; spas?: { nodes: Found[] }; hiringForms?: { nodes: { spa: Found }[] } }): Found[] =>
  [
    ...(data.nodes ?? []),
    ...(data.node ? [data.node] : []),
    ...(data.spas?.nodes ?? []),
    ...(data.hiringForms?.nodes.map(({ spa }) => spa) ?? []),
  ].filter(({ id }) => SPAS.map(idOf).includes(id));

const stores: [name: string, isThere: boolean][] = [
  ['memory', true],
  ['Redis', hasRedis],
];

describe.each(stores)('in %s', (store, isThere) => {
  test.skipIf(!isThere)(
    'a write that was acknowledged is seen by every later reader of its gateway, and soon by those of the other',
    // It ends by counts, which take longer on a slow machine.
    { timeout: 120_000 },
    async () => {
      const seed = Number(process.env.CONVOY_TEST_SEED ?? 20_261_123);
      const { below, pick } = createRandom(seed);
      const responseCache = store === 'Redis' ? { redisUrl: (await anOwnRedis()).url } : {};
      const first = await anApp({ responseCache });
      const second = await anApp({ responseCache, beside: first });
      const gateways = [first, second];
      const lastly = await rowsOf(first.databaseUrl, 'update spas set is_active = true, version = 1 where id <= 4 returning id');
      expect(lastly).toHaveLength(SPAS.length);
      await rowsOf(
        first.databaseUrl,
        `insert into hiring_forms (id, spa_id, for_role, staff_required, description, required_experience, required_education, required_skills, updated_at)
       select 9000 + n, n, 'counted', 1, '', '', '', '', now() from generate_series(1, 4) n`,
      );
      /** Of each gateway, the versions whose writes it has acknowledged; and of all, since when. */
      const acknowledged = gateways.map(() => new Map<string, number>());
      const log: { id: string; version: number; at: number }[] = [];
      const begun = new Map(SPAS.map((id) => [idOf(id), 1]));
      const seen = { hits: 0, reads: 0, writes: 0 };

      const read = async (at: number) => {
        const known = new Map(acknowledged[at]);
        for (const { id, version, at: time } of log)
          if (performance.now() - time > 2000) known.set(id, Math.max(version, known.get(id) ?? 1));
        const page = pick(PAGES);
        const { data, cache } = await visit(gateways[at] as typeof first, page);
        seen.reads++;
        if (cache === 'hit') seen.hits++;
        const found = spasIn(data);
        expect(found.length).toBeGreaterThan(0);
        for (const { id, version } of found) {
          const [least, most] = [known.get(id) ?? 1, begun.get(id) ?? 1];
          if (version < least || version > most)
            throw new Error(`${page.query}: version ${version} of ${least} to ${most} at gateway ${at}, seed ${seed}`);
        }
      };
      const write = async (at: number, spa: number) => {
        const id = idOf(spa);
        const version = begun.get(id) as number;
        begun.set(id, version + 1);
        const { errors } = await (gateways[at] as typeof first).ask(
          mutation('saveSpa', '__typename'),
          { input: { id, version, city: `City ${version}` } },
          { as: 'ADMIN' },
        );
        expect(errors).toBeUndefined();
        seen.writes++;
        acknowledged[at]?.set(id, version + 1);
        log.push({ id, version: version + 1, at: performance.now() });
      };

      // Writers wait for reads and not for a time, so that neither outruns the other on a slow machine.
      const isOver = () => seen.reads >= MAX_READS || (seen.hits >= 400 && seen.reads - seen.hits >= 200 && seen.writes >= 80);
      const reader = async (i: number) => {
        while (!isOver()) {
          await read(i % 2);
          if (below(3) === 0) await wait(below(4));
        }
      };
      // Each spa has one writer, so that its versions are known; it changes gateways.
      const writer = async (spa: number) => {
        while (!isOver()) {
          await write(below(2), spa);
          for (const next = seen.reads + below(60); seen.reads < next && !isOver(); ) await wait(1);
        }
      };
      await Promise.all([...range(0, 8).map(reader), ...SPAS.map(writer)]);
      expect(seen.hits).toBeGreaterThan(100);
      expect(seen.reads - seen.hits).toBeGreaterThan(50);
      expect(seen.writes).toBeGreaterThan(40);
      // In the end both show what the database holds.
      await wait(500);
      const versions = await rowsOf<{ id: number; version: number }>(
        first.databaseUrl,
        'select id, version from spas where id <= 4 order by id',
      );
      for (const gateway of gateways)
        for (const page of PAGES)
          for (const { id, version } of spasIn((await visit(gateway, page)).data))
            expect(version).toBe(versions.find((one) => idOf(one.id) === id)?.version);
    },
  );
});
