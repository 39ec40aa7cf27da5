// What workers of one machine share, without Redis and with it: counts, events, what was written, places of subscriptions.

import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { createPlaces } from '../src/limits/places.ts';
import { aClient, aFleet, aSubscription, eventually, tokenOf } from './support/fleet.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { times } from './support/protection.ts';
import { anOwnRedis, hasRedis } from './support/redis-server.ts';

type Client = ReturnType<typeof aClient>;

const TRIVIAL = '{ __typename }';
const ISSUE = mutation('issueCertificate', 'certificate { id }');
/** A client may ask this thirty times a minute. */
const VERIFY = '{ certificate(number: "nothing") { id } }';
const SAVE = 'mutation ($input: SaveSpaInput!) { saveSpa(input: $input) { spa { version city } } }';
const SPA = 'query ($id: ID!) { spa(id: $id) { version city } }';
const UNLIMITED = { LIMIT_MODES: 'requests:off,points:off,fields:off', RATE_LIMIT_ENABLED: 'true' };

describe.each(['memory', 'Redis'])('shared through %s', (through) => {
  const itself = test.skipIf(through === 'Redis' && !hasRedis);
  const aSharingFleet = async (settings: Record<string, string> = {}) =>
    aFleet({ ...(through === 'Redis' ? { REDIS_ENABLED: 'true', REDIS_URL: (await anOwnRedis()).url } : {}), ...settings });

  itself('rates and calls of fields are counted exactly, whichever worker is asked', { timeout: 60_000 }, async () => {
    const { port } = await aSharingFleet({ RATE_LIMIT_ENABLED: 'true', LIMIT_MODES: 'points:off' });
    const token = await tokenOf('USER');
    const clients = times(10, () => aClient(port));
    // One after the other for each, so that both workers are asked; another client than the one below.
    const statuses = (await Promise.all(clients.flatMap((client) => times(20, () => client.ask(TRIVIAL))))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(60);
    expect(statuses.filter((status) => status === 429)).toHaveLength(140);
    const verified = await Promise.all(clients.flatMap((client) => times(5, () => client.ask(VERIFY, { token }))));
    expect(verified.filter(({ body }) => !body.includes('RATE_LIMITED'))).toHaveLength(30);
  });

  itself('an event reaches each subscriber once, on whichever worker', { timeout: 60_000 }, async () => {
    const { port, url } = await aSharingFleet(UNLIMITED);
    const token = await tokenOf('USER');
    const streams = await Promise.all(times(6, () => aSubscription(url)));
    const writers = times(4, () => aClient(port));
    for (let i = 0; i < 10; i++)
      for (const answer of await Promise.all(
        writers.map((writer) => writer.ask(ISSUE, { token, variables: { input: toIssue('ID_CARD', { isPublic: true }) } })),
      ))
        expect(answer.body).not.toContain('errors');
    const idsIn = (text: string) => Array.from(text.matchAll(/"certificateIssued":\{"id":"([^"]+)"/g), ([, id]) => id);
    await eventually(() => streams.every(({ text }) => idsIn(text()).length >= 40), 'all events have come');
    for (const { text } of streams) expect([idsIn(text()).length, new Set(idsIn(text())).size]).toEqual([40, 40]);
  });

  itself('who has written through one worker reads it through another', { timeout: 90_000 }, async () => {
    const { port } = await aSharingFleet(UNLIMITED);
    const token = await tokenOf('ADMIN');
    const id = encodeId('Spa', 1);
    // One connection on each worker, and more that keep the answer known.
    const [writer, reader] = [aClient(port), aClient(port)] as const;
    const read = async () => {
      const answer = await reader.ask(SPA, { variables: { id } });
      return { ...JSON.parse(answer.body).data.spa, cache: answer.headers['x-cache'] };
    };
    await writer.ask(TRIVIAL);
    let { version } = await read();
    let hits = 0;
    for (let i = 0; i < 200; i++) {
      const saved = JSON.parse((await writer.ask(SAVE, { token, variables: { input: { id, version, city: `City ${i}` } } })).body);
      expect(saved.errors).toBeUndefined();
      version = saved.data.saveSpa.spa.version;
      expect(await read()).toMatchObject({ version, city: `City ${i}` });
      if ((await read()).cache === 'hit') hits++;
    }
    // What is read was kept, or there would be nothing to be stale.
    expect(hits).toBeGreaterThan(150);
    expect([writer.opened, reader.opened]).toEqual([1, 1]);
  });
});

test('a mutation is answered when the other workers have heard of it', { timeout: 60_000 }, async () => {
  const { port, workers } = await aFleet(UNLIMITED);
  const token = await tokenOf('ADMIN');
  const id = encodeId('Spa', 1);
  // In turn on the one worker and on the other.
  const [writer, reader, probe] = times(3, () => aClient(port)) as [Client, Client, Client];
  const versionIn = ({ body }: { body: string }) => Number(/"version":(\d+)/.exec(body)?.[1]);
  await writer.ask(TRIVIAL);
  let version = 0;
  for (let i = 0; i < 3; i++) version = versionIn(await reader.ask(SPA, { variables: { id } }));
  await probe.ask(TRIVIAL);
  const isOfReader = async (pid: number) => {
    process.kill(pid, 'SIGSTOP');
    const answered = await probe.ask(TRIVIAL, { timeoutMs: 3000 }).catch(() => undefined);
    if (!answered) process.kill(pid, 'SIGCONT');
    return answered !== undefined;
  };
  const [first = 0, second = 0] = workers();
  const late = (await isOfReader(first)) ? first : second;
  process.kill(late, 'SIGSTOP');
  let isAnswered = false;
  const saving = writer.ask(SAVE, { token, variables: { input: { id, version, city: 'Elsewhere' } } }).finally(() => {
    isAnswered = true;
  });
  // It would be after half a second, in which a worker that is well has heard of it.
  await wait(400);
  expect(isAnswered).toBe(false);
  process.kill(late, 'SIGCONT');
  expect(versionIn(await saving)).toBe(version + 1);
  expect((await reader.ask(SPA, { variables: { id } })).body).toContain('Elsewhere');
  expect([writer.opened, reader.opened]).toEqual([1, 1]);
});

test('a client has so many subscriptions over all workers, and a worker that dies takes its own with it', { timeout: 60_000 }, async () => {
  const { url, workers } = await aFleet({ MAX_SUBSCRIPTIONS: '6' });
  // A connection that fetch has kept may be one of the worker that was killed.
  const openMany = (count: number) =>
    Promise.all(times(count, () => aSubscription(url).catch(() => ({ code: 'NO_CONNECTION', end: () => undefined }))));
  const opened = await openMany(10);
  const isOpen = ({ code }: { code: string | undefined }) => code === undefined;
  expect(opened.filter(isOpen)).toHaveLength(6);
  expect(opened.filter(({ code }) => code === 'RATE_LIMITED')).toHaveLength(4);
  const opensOne = async () => (await openMany(1)).some(isOpen);
  for (const { end } of opened.filter(isOpen).slice(0, 2)) end();
  await eventually(opensOne, 'a place is free');
  process.kill(workers()[0] as number, 'SIGKILL');
  await eventually(() => workers().length === 2, 'there is another one');
  // What lived on the other one is still counted.
  let more = 0;
  await eventually(async () => {
    if (await opensOne()) more++;
    return more > 0;
  }, 'places have come back');
  for (let refused = 0; refused < 3; ) {
    const [one] = await openMany(1);
    if (one && isOpen(one)) more++;
    if (one?.code === 'RATE_LIMITED') refused++;
  }
  expect(more).toBeLessThan(6);
});

test('places come back with who has taken them, and nobody gives back what he has not', () => {
  const places = createPlaces();
  expect([1, 1, 2, 2].map((holder) => places.take(holder, 'a', 3))).toEqual([true, true, true, false]);
  places.giveBack(3, 'a');
  places.giveBack(2, 'b');
  expect(places.take(3, 'a', 3)).toBe(false);
  places.release(1);
  places.giveBack(1, 'a');
  expect([1, 2, 3].map((holder) => places.take(holder, 'a', 3))).toEqual([true, true, false]);
  expect(places.take(3, 'b', 0)).toBe(false);
});
