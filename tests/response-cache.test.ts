// Answers that visitors share: who gets them, what drops them, and what stays.

import { describe, expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { until } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import { ACCOUNT, CANDIDATE, mutation, OPENING, OTHER_SPA, SPA, toIssue } from './support/inputs.ts';
import { anOwnRedis, hasRedis } from './support/redis-server.ts';
import { type Operation, pages, visit, warm } from './support/visitors.ts';
import { anApp } from './support/world.ts';

const stores: [name: string, isThere: boolean][] = [
  ['memory', true],
  ['Redis', hasRedis],
];

type World = Awaited<ReturnType<typeof anApp>>;

/** A gateway with everything that visitors look at kept. Certificate 1 is public, of spa 1, and of the user 5, who has no other. */
async function aWarmGateway(store: string) {
  const responseCache = store === 'Redis' ? { redisUrl: (await anOwnRedis()).url } : {};
  const gateway = await anApp({ responseCache });
  await rowsOf(gateway.databaseUrl, 'update certificates set issued_by_id = 6 where issued_by_id = 5');
  const [certificate] = await rowsOf<{ number: string; typename: string }>(
    gateway.databaseUrl,
    `update certificates set is_public = true, spa_id = 1, issued_by_id = 5, generated_at = now() where id = 1 returning number`,
  );
  await rowsOf(gateway.databaseUrl, 'update spas set is_active = true, version = 1 where id <= 2');
  await rowsOf(
    gateway.databaseUrl,
    `insert into hiring_forms (id, spa_id, for_role, staff_required, description, required_experience,
    required_education, required_skills, posted_by_id, updated_at) values (900, 1, 'Cook', 1, '', '', '', '', 5, now())`,
  );
  const watched = pages(certificate?.number ?? '');
  const kept = new Map<string, string>();
  for (const [name, page] of Object.entries(watched)) kept.set(name, (await warm(gateway, page)).text);
  /** Which pages differ from what was kept, and which are not answered from there, and that all are what the database holds. */
  const look = async () => {
    const changed: string[] = [];
    const dropped: string[] = [];
    for (const [name, page] of Object.entries(watched)) {
      const seen = await visit(gateway, page);
      const fresh = await gateway.app.fetch(gateway.url, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(page) });
      expect(seen.text, name).toBe(await fresh.text());
      if (seen.text !== kept.get(name)) changed.push(name);
      if (seen.cache !== 'hit') dropped.push(name);
    }
    return { changed: changed.sort(), dropped: dropped.sort() };
  };
  return { ...gateway, watched, kept, look };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const ADMIN = { as: 'ADMIN' } as const;
const SUPER_ADMIN = { as: 'SUPER_ADMIN' } as const;

type Change = {
  what: string;
  by: (world: World) => Promise<unknown>;
  /** The pages that show it. */
  changes: string[];
  /** The pages that are read again although they show nothing of it, because that cannot be told. */
  drops?: string[];
  /** Not through the gateway: it is seen soon, and not at once. */
  isElsewhere?: true;
};

const run =
  (name: string, input: object, options: Parameters<World['ask']>[2], selection = '__typename') =>
  async ({ ask }: World) => {
    expect((await ask(mutation(name, selection), { input }, options)).errors).toBeUndefined();
  };
const remove =
  (name: string, args: string) =>
  async ({ ask }: World) => {
    expect((await ask(`mutation { ${name}(${args}) { __typename } }`, {}, SUPER_ADMIN)).errors).toBeUndefined();
  };
const sql =
  (text: string) =>
  ({ databaseUrl }: World) =>
    rowsOf(databaseUrl, text);
const idOfCertificate1 = async ({ ask, databaseUrl }: World) => {
  const [certificate] = await rowsOf(databaseUrl, 'select number from certificates where id = 1');
  return (await ask('query ($number: String!) { certificate(number: $number) { id } }', certificate)).data.certificate.id;
};
const template = (id: number) => encodeId('CertificateTemplate', id);

const CHANGES: Change[] = [
  {
    what: 'a spa is renamed',
    by: run('saveSpa', { id: SPA, version: 1, name: 'Moon Spa' }, ADMIN),
    changes: ['spa 1', 'directory', 'board', 'newest'],
  },
  { what: 'a spa is added', by: run('saveSpa', { name: 'Zen Spa' }, ADMIN), changes: ['directory'], drops: ['board'] },
  {
    what: 'a spa is closed',
    by: run('saveSpa', { id: SPA, version: 1, isActive: false }, ADMIN),
    changes: ['spa 1', 'directory', 'board', 'newest'],
  },
  {
    what: 'a spa is deleted',
    by: remove('deleteSpa', `id: "${SPA}", isForGood: true`),
    changes: ['spa 1', 'directory', 'board', 'newest'],
    drops: ['certificate', 'user 5', 'spa 2'],
  },
  {
    what: 'a template is renamed',
    by: run('saveTemplate', { id: template(1), version: 1, name: 'Golden' }, ADMIN),
    changes: ['gallery'],
  },
  {
    what: 'a template is deleted',
    by: remove('deleteTemplate', `id: "${template(60)}"`),
    changes: ['gallery'],
    drops: ['newest', 'spa 1', 'spa 2'],
  },
  {
    what: 'a public certificate is issued',
    by: run('issueCertificate', toIssue('ID_CARD', { isPublic: true }), { as: 'USER' }),
    changes: ['spa 1', 'newest'],
    drops: ['user 5', 'board'],
  },
  {
    what: 'a private certificate is issued at another spa',
    by: run('issueCertificate', toIssue('ID_CARD', { spaId: OTHER_SPA }), { as: 'HR' }),
    changes: [],
    drops: ['newest', 'spa 2'],
  },
  {
    what: 'the only public certificate of a user is deleted',
    by: async (world) => remove('deleteCertificate', `id: "${await idOfCertificate1(world)}"`)(world),
    changes: ['spa 1', 'newest', 'certificate', 'user 5', 'board'],
  },
  { what: 'an opening is posted', by: run('postHiringForm', OPENING, { as: 'SPA_MANAGER' }), changes: ['spa 1', 'board'] },
  {
    what: 'an opening is changed',
    by: run('updateHiringForm', { id: encodeId('HiringForm', 900), forRole: 'Chef' }, ADMIN),
    changes: ['spa 1', 'board'],
  },
  { what: 'an opening is deleted', by: remove('deleteHiringForm', `id: "${encodeId('HiringForm', 900)}"`), changes: ['spa 1', 'board'] },
  {
    what: 'an issuer is renamed',
    by: run('saveUser', { id: encodeId('User', 5), version: 1, firstName: 'Meera' }, ADMIN),
    changes: ['spa 1', 'newest', 'certificate', 'user 5', 'board'],
  },
  {
    what: 'an issuer is deleted',
    by: remove('deleteUser', `id: "${encodeId('User', 5)}"`),
    changes: ['spa 1', 'newest', 'certificate', 'user 5', 'board'],
  },
  {
    what: 'a row is changed by SQL from elsewhere',
    by: sql(`update spas set name = 'Elsewhere' where id = 2`),
    changes: ['directory', 'spa 2'],
    drops: ['board'],
    isElsewhere: true,
  },
  {
    what: 'a bulk update comes from elsewhere',
    by: sql(`update certificates set holder_name = 'X'`),
    changes: ['certificate', 'newest', 'spa 1', 'spa 2'],
    drops: ['board', 'user 5'],
    isElsewhere: true,
  },
  { what: 'a table is emptied from elsewhere', by: sql('truncate hiring_forms'), changes: ['board', 'spa 1', 'spa 2'], isElsewhere: true },
  { what: 'somebody signs up', by: ({ ask }) => ask(mutation('signUp', 'token'), { input: ACCOUNT }), changes: [] },
  { what: 'somebody applies', by: run('submitCandidateForm', { ...CANDIDATE, spaId: SPA }, { as: 'USER' }), changes: [] },
];

describe.each(stores)('in %s', (store, isThere) => {
  const check = test.skipIf(!isThere);
  // What is dropped does not depend on the store: a few suffice for the second one.
  const changes = store === 'memory' ? CHANGES : CHANGES.filter((_, i) => i % 3 === 0);

  check.each(changes)('when $what, the next visitor sees it, and other answers stay', async ({ by, changes, drops = [], isElsewhere }) => {
    const world = await aWarmGateway(store);
    await by(world);
    const [first = ''] = changes;
    const kept = world.kept.get(first);
    if (isElsewhere) await until(async () => (await visit(world, world.watched[first] as Operation)).text !== kept, `${first} is dropped`);
    const { changed, dropped } = await world.look();
    expect(changed).toEqual(changes.toSorted());
    // The page that was waited for is kept again.
    expect(dropped).toEqual([...changes, ...drops].filter((name) => !isElsewhere || name !== first).toSorted());
  });
});
