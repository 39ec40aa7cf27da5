// What is shown and hidden while many read: a random test, like that of freshness.

import { describe, expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { aSharingApp, createRandom, turns } from './support/batching.ts';
import { aWriter, createModel, dataOf, hotRows, type Job, spaId, work } from './support/counters.ts';
import { rowsOf } from './support/database.ts';

describe.each([{ isShared: true }, { isShared: false }])('with batching: %o', ({ isShared }) => {
  const seed = Number(process.env.CONVOY_TEST_SEED ?? Date.now() % 1e9);

  test('who may not see something never does, who may always does, while it changes', { timeout: 60_000 }, async () => {
    const world = await aSharingApp({ batching: { isShared } });
    const { ask, tokens, databaseUrl } = world;
    const write = aWriter(databaseUrl);
    const [certificate] = await hotRows(world);
    await rowsOf(databaseUrl, 'update certificate_templates set is_public = true, is_active = true');
    await rowsOf(databaseUrl, 'update certificates set template_id = 9 where id = $1', [certificate?.id]);
    const { below, pick } = createRandom(seed + 1);
    const { of, change } = createModel(seed + 1);
    const spa = spaId(certificate?.spa ?? 0);
    const [card, template, leaver, mover] = [encodeId('IdCard', certificate?.id ?? 0), encodeId('CertificateTemplate', 9), 6, 7];
    await rowsOf(databaseUrl, `update users set is_active = true, role = 'HR' where id in (6, 7)`);
    const tokensOf = { leaver: (await tokens.sign(leaver)).token, mover: (await tokens.sign(mover)).token };

    // Each flip makes visible what was not, and the other way round: an even number of flips leaves it visible.
    const flips: Record<string, () => Promise<unknown>> = {
      certificate: () => write('update certificates set is_public = not is_public where id = $1', [certificate?.id]),
      spa: () => write('update spas set is_active = not is_active where id = $1', [certificate?.spa]),
      template: () => write('update certificate_templates set is_active = not is_active where id = 9'),
      leaver: () => write('update users set is_active = not is_active where id = $1', [leaver]),
      mover: async () => {
        const user = await write('select version from users where id = $1', [mover]);
        const input = { id: encodeId('User', mover), version: user?.version, role: of('mover').begun % 2 === 0 ? 'HR' : 'USER' };
        dataOf(await ask('mutation ($input: SaveUserInput!) { saveUser(input: $input) { user { id } } }', { input }, { as: 'ADMIN' }));
      },
    };
    const READ = `query ($spa: ID!, $card: ID!, $template: ID!, $number: String!) {
      spa(id: $spa) { id certificates { nodes { id } totalCount { value } } } node(id: $card) { id } certificate(number: $number) { id }
      template(id: $template) { id } spas(filter: { city: "Hot" }) { nodes { id } }
      templates(first: 100) { nodes { id } } publicCertificates(filter: { spaId: $spa }) { nodes { id } } }`;
    const variables = { spa, card, template, number: certificate?.number };
    const idsIn = ({ nodes }: { nodes: { id: string }[] }) => nodes.map(({ id }) => id);

    /** What was seen, how often, in which state. */
    const seen = { visible: 0, hidden: 0, between: 0 };
    const compare = (name: string, flipsBefore: number, shows: boolean) => {
      const isSteady = of(name).begun === flipsBefore;
      const isVisible = flipsBefore % 2 === 0;
      seen[isSteady ? (isVisible ? 'visible' : 'hidden') : 'between']++;
      if (isSteady && shows !== isVisible) throw new Error(`${name} is ${isVisible ? '' : 'not '}to be seen, seed ${seed}`);
    };
    const flipsSoFar = () => Object.fromEntries(Object.keys(flips).map((name) => [name, of(name).acknowledged]));
    const visitor: Job = async (askOne) => {
      const then = flipsSoFar();
      const data = dataOf(await askOne(READ, variables));
      const { spa: spaSeen, node, certificate: byNumber, spas, templates, publicCertificates } = data;
      for (const shows of [spaSeen !== null, idsIn(spas).includes(spa)]) compare('spa', then.spa ?? 0, shows);
      for (const shows of [data.template !== null, idsIn(templates).includes(template)]) compare('template', then.template ?? 0, shows);
      const lists = [publicCertificates, ...(spaSeen ? [spaSeen.certificates] : [])].map((list) => idsIn(list).includes(card));
      for (const shows of [node !== null, byNumber !== null, ...lists]) compare('certificate', then.certificate ?? 0, shows);
    };
    const staff: Job = async (askOne) => {
      const data = dataOf(await askOne(READ, variables, { as: 'HR' }));
      expect([data.spa.id, data.node.id, data.certificate.id, data.template.id], `seed ${seed}`).toEqual([spa, card, card, template]);
      expect([idsIn(data.spas), idsIn(data.spa.certificates)]).toEqual([expect.arrayContaining([spa]), expect.arrayContaining([card])]);
      expect(idsIn(data.templates)).toContain(template);
    };
    const member =
      (name: 'leaver' | 'mover'): Job =>
      async (askOne) => {
        const then = flipsSoFar();
        const { errors } = await askOne('{ certificates(first: 1) { nodes { id } } }', {}, { token: tokensOf[name] });
        compare(name, then[name] ?? 0, errors === undefined);
      };

    let [isOver, done] = [false, 0];
    const flipping = Promise.all(
      Object.entries(flips).map(async ([name, flip]) => {
        while (!isOver) {
          await change(name, async () => {
            await flip();
            return of(name).begun;
          });
          const next = done + 10 + below(80);
          while (done < next && !isOver) await turns(1);
        }
      }),
    );
    const jobs = [visitor, visitor, staff, member('leaver'), member('mover')];
    const counted =
      (job: Job): Job =>
      async (askOne) => {
        await job(askOne);
        done++;
      };
    await work(world, { count: 1200, atOnce: 25 }, () => counted(pick(jobs))).finally(() => {
      isOver = true;
    });
    await flipping;
    expect(Math.min(seen.visible, seen.hidden, seen.between), JSON.stringify(seen)).toBeGreaterThan(100);
  });
});
