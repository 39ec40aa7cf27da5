// Random readers and writers against a model: nobody reads older data than alone.

import { describe, expect, test } from 'vitest';
import { aSharingApp, createRandom, readWebsitesAs } from './support/batching.ts';
import { type Ask, aWriter, createModel, dataOf, hotRows, spaId, work } from './support/counters.ts';

const SPAS = [1, 2, 3];
const SAVE_TWICE = `mutation ($a: SaveSpaInput!, $b: SaveSpaInput!) {
  a: saveSpa(input: $a) { spa { version } } b: saveSpa(input: $b) { spa { version } } }`;
const OPENING = {
  forRole: 'Therapist',
  staffRequired: 1,
  description: 'x',
  requiredExperience: 'x',
  requiredEducation: 'x',
  requiredSkills: 'x',
};

describe.each([{ isShared: true }, { isShared: false }])('with batching: %o', ({ isShared }) => {
  const seed = Number(process.env.CONVOY_TEST_SEED ?? Date.now() % 1e9);

  test('every read is at least as new as what was acknowledged before it began, and never of the future', { timeout: 60_000 }, async () => {
    const world = await aSharingApp({ batching: { isShared } });
    const { databaseUrl, flushes } = world;
    const certificates = await hotRows(world);
    // What a statement has seen is some milliseconds old when it answers: long enough for others to write and to read.
    await readWebsitesAs(databaseUrl, 'pg_sleep(0.002)::text');
    const { below, pick } = createRandom(seed);
    const model = createModel(seed);
    const spa = ({ id, version }: { id: string; version: number }): [string, number] => [`spa ${id}`, version];
    const holder = ({ number, holderName }: { number: string; holderName: string }): [string, number] => [number, Number(holderName)];
    const openings = (id: string, { value }: { value: number }): [string, number] => [`openings ${id}`, value];

    const readers: ((ask: Ask, id: string) => Promise<[string, number][]>)[] = [
      async (ask, id) => {
        const { a, b } = dataOf(
          await ask('query ($id: ID!) { a: spa(id: $id) { id version } b: node(id: $id) { id ... on Spa { version } } }', { id }),
        );
        return [spa(a), spa(b)];
      },
      async (ask) => {
        const query =
          '{ spas(filter: { city: "Hot" }) { nodes { id version hiringForms(first: 1) { totalCount { value } nodes { spa { id version } } } } } }';
        return dataOf(await ask(query)).spas.nodes.flatMap(
          (one: Parameters<typeof spa>[0] & { hiringForms: { totalCount: { value: number }; nodes: { spa: never }[] } }) => [
            spa(one),
            openings(one.id, one.hiringForms.totalCount),
            ...one.hiringForms.nodes.map((form) => spa(form.spa)),
          ],
        );
      },
      async (ask, id) => {
        const query =
          'query ($id: ID!) { hiringForms(filter: { spaId: $id }, first: 1) { totalCount { value } nodes { spa { id version } } } }';
        const { hiringForms } = dataOf(await ask(query, { id }));
        return [openings(id, hiringForms.totalCount), ...hiringForms.nodes.map((form: { spa: never }) => spa(form.spa))];
      },
      async (ask) => {
        const query = 'query ($number: String!) { certificate(number: $number) { number holderName spa { id version } } }';
        const { certificate } = dataOf(await ask(query, { number: pick(certificates).number }));
        return [holder(certificate), spa(certificate.spa)];
      },
      async (ask, id) => {
        const query = `query ($id: ID!) { publicCertificates(filter: { spaId: $id }, first: 2) { nodes { number holderName } }
          spa(id: $id) { certificates(first: 1) { nodes { number holderName spa { id version } } } } }`;
        const { publicCertificates, spa: parent } = dataOf(await ask(query, { id }));
        const nested = parent.certificates.nodes.flatMap((one: Parameters<typeof holder>[0] & { spa: never }) => [
          holder(one),
          spa(one.spa),
        ]);
        return [...publicCertificates.nodes.map(holder), ...nested];
      },
    ];
    const write = aWriter(databaseUrl);
    const sql = async (text: string, values: unknown[]) => (await write<{ count: number }>(text, values))?.count;
    const writers: ((ask: Ask, n: number, id: string) => Promise<void>)[] = [
      (_ask, n, id) =>
        model.change(`spa ${id}`, () => sql('update spas set version = version + 1 where id = $1 returning version as count', [n])),
      () => {
        const { number } = pick(certificates);
        const text = 'update certificates set holder_name = holder_name::int + 1 where number = $1 returning holder_name::int as count';
        return model.change(number, () => sql(text, [number]));
      },
      // A mutation's own answer shows its write, whoever else reads the row at the same time.
      (ask, n, id) =>
        model.change(`spa ${id}`, async () => {
          const version = (await sql('select version as count from spas where id = $1', [n])) ?? 0;
          // Each is applied or refused by itself, and each answer shows its own.
          let areBothApplied = false;
          await model.change(`spa ${id}`, async () => {
            const [a, b] = [version, version + 1].map((read) => ({ id, version: read, area: `Area ${below(99)}` }));
            const { data, errors } = await ask(SAVE_TWICE, { a, b }, { as: 'ADMIN' });
            for (const { extensions } of errors ?? []) expect(extensions.code).toBe('CONFLICT');
            const counts = [data.a, data.b].flatMap((saved, i) => {
              if (saved === null) return [];
              expect(saved.spa.version, `seed ${seed}`).toBeGreaterThanOrEqual(version + i + 1);
              return [version + i + 1];
            });
            expect(counts).toHaveLength(2 - (errors?.length ?? 0));
            areBothApplied = counts.length === 2;
            return counts.at(-1);
          });
          return areBothApplied ? version + 1 : undefined;
        }),
      (ask, _n, id) =>
        model.change(`openings ${id}`, async () => {
          const least = model.of(`openings ${id}`).acknowledged + 1;
          const query =
            'mutation ($input: PostHiringFormInput!) { postHiringForm(input: $input) { hiringForm { spa { hiringForms { totalCount { value } } } } } }';
          const { postHiringForm } = dataOf(await ask(query, { input: { ...OPENING, spaId: id } }, { as: 'USER' }));
          const { value } = postHiringForm.hiringForm.spa.hiringForms.totalCount;
          expect(value, `seed ${seed}`).toBeGreaterThanOrEqual(least);
          return value;
        }),
    ];

    await work(world, { count: 2500, atOnce: 50 }, () => {
      const n = pick(SPAS);
      const id = spaId(n);
      if (below(5) === 0) return (ask) => pick(writers)(ask, n, id);
      const read = pick(readers);
      return (ask) => model.check(() => read(ask, id));
    });
    const written = SPAS.map((n) => model.of(`spa ${spaId(n)}`).acknowledged);
    expect(Math.min(...written)).toBeGreaterThan(20);
    const statementsOfSpas = flushes.filter(({ loader }) => loader === 'Spa.id');
    expect(statementsOfSpas.some(({ callers }) => callers > 5)).toBe(isShared);
  });
});
