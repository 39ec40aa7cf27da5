// What a mutation says of a failure: whether its client may send it again depends on whether it was applied.

import { expect, test } from 'vitest';
import { createLog } from '../../../../src/log.ts';
import { openPubSub } from '../../../../src/resources/redis.ts';
import { anAppOver } from '../../../support/app-deps.ts';
import { lockTable } from '../../../support/batching.ts';
import { rowsOf } from '../../../support/database.ts';
import { anApp } from '../../../support/world.ts';

const ADMIN = { as: 'ADMIN', headers: { 'x-request-id': 'mine' } } as const;
const save = (name: string, fields: string) => `mutation { saveSpa(input: { name: "${name}" }) { ${fields} } }`;

async function aWorld() {
  const world = await anApp({ expectsErrors: true });
  const written = async () =>
    (await rowsOf<{ name: string }>(world.databaseUrl, `select name from spas where name like 'New%' order by id`)).map(({ name }) => name);
  return { ...world, written };
}

test('an unexpected error below what was applied says so, with its request id, and is logged once', async () => {
  const { ask, databaseUrl, logged, written } = await aWorld();
  await rowsOf(databaseUrl, 'alter table spas rename column website to former_website');
  const { errors } = await ask(save('New 1', 'spa { name }'), {}, ADMIN);
  expect(errors).toMatchObject([
    {
      message: expect.stringContaining('It was applied'),
      path: ['saveSpa', 'spa'],
      extensions: { code: 'RESULT_UNAVAILABLE', reason: 'INTERNAL_SERVER_ERROR', requestId: 'mine' },
    },
  ]);
  expect(JSON.stringify(errors)).not.toContain('website');
  expect(logged.map((line) => JSON.parse(line))).toMatchObject([
    { requestId: 'mine', path: ['saveSpa', 'spa'], err: { message: expect.stringContaining('website') } },
  ]);
  expect(await written()).toEqual(['New 1']);
});

test('a value that does not fit the schema, in what was applied, says so too', async () => {
  const { ask, databaseUrl, logged, written } = await aWorld();
  await rowsOf(databaseUrl, `alter table spas alter column version drop not null, alter column version drop default`);
  await rowsOf(
    databaseUrl,
    `create function lose_version() returns trigger language plpgsql as $$ begin new.version = null; return new; end $$`,
  );
  await rowsOf(databaseUrl, 'create trigger lose_version before insert on spas for each row execute function lose_version()');
  const { errors } = await ask(save('New 1', 'spa { name version }'), {}, ADMIN);
  expect(errors).toMatchObject([
    { path: ['saveSpa', 'spa', 'version'], extensions: { code: 'RESULT_UNAVAILABLE', reason: 'INTERNAL_SERVER_ERROR' } },
  ]);
  expect([logged.length, await written()]).toEqual([1, ['New 1']]);
});

test('a mistake of the client below what was applied says so where the answer hides it', async () => {
  const { ask, logged, written } = await aWorld();
  const { errors } = await ask(save('New 1', 'spa { hiringForms(first: 500) { nodes { id } } }'), {}, ADMIN);
  expect(errors).toMatchObject([
    { extensions: { code: 'RESULT_UNAVAILABLE', reason: 'BAD_USER_INPUT', issues: [{ path: ['first'], message: expect.any(String) }] } },
  ]);
  expect([logged, await written()]).toEqual([[], ['New 1']]);
});

test('what was written and deleted since is not found, as its message says', async () => {
  const { ask, databaseUrl } = await aWorld();
  await rowsOf(
    databaseUrl,
    `create function forget() returns trigger language plpgsql as $$ begin delete from spas where id = new.id; return null; end $$`,
  );
  await rowsOf(databaseUrl, 'create trigger forget after insert on spas for each row execute function forget()');
  expect((await ask(save('New 1', 'spa { id }'), {}, ADMIN)).errors).toMatchObject([
    { message: expect.stringContaining('It was written'), path: ['saveSpa', 'spa'], extensions: { code: 'NOT_FOUND' } },
  ]);
});

test('what fails before it is applied says why, and not that it was applied', async () => {
  const { ask, databaseUrl, logged, written } = await aWorld();
  const refused = await ask('mutation { saveSpa(input: { area: "Nowhere" }) { spa { id } } }', {}, ADMIN);
  expect(refused.errors).toMatchObject([{ path: ['saveSpa'], extensions: { code: 'BAD_USER_INPUT' } }]);
  const stranger = await ask(save('New 1', 'spa { id }'), {}, {});
  expect(stranger.errors).toMatchObject([{ path: ['saveSpa'], extensions: { code: 'UNAUTHENTICATED' } }]);
  await rowsOf(databaseUrl, 'alter table spas rename column name to former_name');
  const { errors } = await ask(save('New 1', 'spa { id }'), {}, ADMIN);
  expect(errors).toMatchObject([
    {
      message: expect.stringContaining('It may have been applied'),
      path: ['saveSpa'],
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'mine' },
    },
  ]);
  expect(logged).toHaveLength(1);
  await rowsOf(databaseUrl, 'alter table spas rename column former_name to name');
  expect(await written()).toEqual([]);
});

test('of several mutations each is told by itself', async () => {
  const { ask, written } = await aWorld();
  const [first, second] = [
    'a: saveSpa(input: { name: "New 1", code: 777 }) { spa { name } }',
    'b: saveSpa(input: { name: "New 2", code: 777 }) { spa { name } }',
  ];
  const { errors } = await ask(`mutation { ${first} ${second} }`, {}, ADMIN);
  expect(errors).toMatchObject([{ path: ['b'], extensions: { code: 'CONFLICT', field: 'code' } }]);
  expect(await written()).toEqual(['New 1']);
});

test('a connection that is cut under a write leaves it in doubt, and does not ask to send it again', async () => {
  const { ask, databaseUrl } = await aWorld();
  const lock = await lockTable(databaseUrl, 'spas');
  const [write, read] = [ask(save('New 1', 'spa { id }'), {}, ADMIN), ask('{ spas(first: 1) { nodes { id } } }')];
  await lock.untilBlocked(2);
  for (const pid of await lock.blocked()) await rowsOf(databaseUrl, 'select pg_terminate_backend($1)', [pid]);
  await lock.release();
  const [cut, other] = await Promise.all([write, read]);
  expect(cut.errors).toMatchObject([
    { message: expect.stringContaining('It may have been applied'), path: ['saveSpa'], extensions: { code: 'DATABASE_UNAVAILABLE' } },
  ]);
  expect([cut.headers.get('retry-after'), cut.errors?.[0]?.extensions.retryAfterSeconds]).toEqual([null, undefined]);
  // A query is read again without harm: where it could not be, its client is told when to come back.
  if (other.errors) expect(other.headers.get('retry-after')).toBe('1');
});

test('caches that cannot be told of a write do not make it fail, and nothing hides why a write has failed', async () => {
  const { database, prisma, tokens, written } = await aWorld();
  const logged: string[] = [];
  const log = createLog({ level: 'error', destination: { write: (line: string) => void logged.push(line) } });
  const { pubSub } = await openPubSub(undefined, log);
  const barrier = () => Promise.reject(new Error('The barrier is broken.'));
  const responses = { find: () => undefined, share: () => Promise.resolve(undefined) } as never;
  const app = anAppOver({ database, prisma, tokens, pubSub, log, responseCache: { responses, barrier } });
  const ask = async (query: string) => {
    const { token } = await tokens.sign(2);
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    return await (await app.fetch('http://localhost/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) })).json();
  };
  expect((await ask(save('New 1', 'spa { id }'))).errors).toMatchObject([
    { path: ['saveSpa'], extensions: { code: 'RESULT_UNAVAILABLE', reason: 'INTERNAL_SERVER_ERROR' } },
  ]);
  expect([logged.length, await written()]).toEqual([1, ['New 1']]);
  expect(logged[0]).toContain('The barrier is broken.');
  expect((await ask('mutation { saveSpa(input: { area: "Nowhere" }) { spa { id } } }')).errors).toMatchObject([
    { extensions: { code: 'BAD_USER_INPUT' } },
  ]);
  expect(logged).toHaveLength(1);
});
