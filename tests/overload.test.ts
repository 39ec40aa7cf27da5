// What is shed when there is too much to do, and that nobody takes the place of all others.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createPressure, type PressureOptions } from '../src/limits/pressure.ts';
import { createGate } from '../src/plugins/use-gate.ts';
import { WITHOUT_RATES } from './support/app-deps.ts';
import { lockTable, until } from './support/batching.ts';
import { codesOf, from, limitsMet, times } from './support/protection.ts';
import { visit, warm } from './support/visitors.ts';
import { anApp } from './support/world.ts';

function aPressure(options: PressureOptions = {}) {
  const pressure = createPressure(options);
  onTestFinished(pressure.close);
  return pressure;
}

/** Keeps the event loop busy, so many milliseconds at a time, until it is stopped. */
function keepBusy(ms: number): () => void {
  let isBusy = true;
  const spin = () => {
    const end = performance.now() + ms;
    while (performance.now() < end);
    if (isBusy) setImmediate(spin);
  };
  setImmediate(spin);
  return () => {
    isBusy = false;
  };
}

const CHEAP = '{ viewer { id } }';
const DEAR = '{ spas(first: 100) { nodes { id } } }';

test('while the event loop is late, strangers are shed, the dearest first, and whoever is signed in is served', async () => {
  const pressure = aPressure({ maxDelayMs: 10, sampleMs: 60 });
  const world = await anApp({ protection: { pressure } });
  for (const query of [CHEAP, DEAR]) expect((await world.ask(query)).status).toBe(200);
  await until(() => pressure.maxCost() === Number.POSITIVE_INFINITY, 'the start is over');
  const stop = keepBusy(25);
  onTestFinished(stop);
  const seen: [number, number, number][] = [];
  await until(async () => {
    const [cheap, dear, known] = await Promise.all([world.ask(CHEAP), world.ask(DEAR), world.ask(DEAR, {}, { as: 'USER' })]);
    seen.push([cheap.status, dear.status, known.status]);
    if (dear.status === 503) {
      expect([dear.data, codesOf(dear.errors), dear.headers.get('retry-after')]).toEqual([undefined, ['OVERLOADED'], '1']);
      expect(dear.errors?.[0]?.extensions.retryAfterSeconds).toBe(1);
    }
    return cheap.status === 503;
  }, 'all strangers are shed');
  stop();
  expect(pressure.level()).toBeGreaterThan(1);
  // The dear one goes before the cheap one, and comes back after it.
  expect(seen.some(([cheap, dear]) => cheap === 200 && dear === 503)).toBe(true);
  expect(seen.some(([cheap, dear]) => cheap === 503 && dear === 200)).toBe(false);
  expect(seen.every(([, , known]) => known === 200)).toBe(true);
  await until(async () => (await world.ask(CHEAP)).status === 200, 'the cheap one is let in again');
  await until(() => pressure.maxCost() === Number.POSITIVE_INFINITY, 'all is let in again');
  expect((await world.ask(DEAR)).status).toBe(200);
  expect((await limitsMet(world)).some((one) => one.startsWith('pressure refused'))).toBe(true);
});

test('a loop that is blocked without end is seen, and one that is busy a little is not', async () => {
  const pressure = aPressure({ maxDelayMs: 100, sampleMs: 50 });
  const stopLittle = keepBusy(15);
  let highest = 0;
  for (let i = 0; i < 8; i++) {
    await wait(50);
    highest = Math.max(highest, pressure.level());
  }
  stopLittle();
  expect(highest).toBeLessThan(1);
  await wait(100);
  // Longer than several samples, each time.
  const stop = keepBusy(250);
  onTestFinished(stop);
  const levels: number[] = [];
  for (let i = 0; i < 6; i++) {
    await wait(1);
    levels.push(pressure.level());
  }
  stop();
  expect(
    levels.slice(-4).every((level) => level > 1),
    String(levels),
  ).toBe(true);
});

test.each<[string, PressureOptions]>([
  ['operations wait for their turn for longer than a second', { oldestWaitMs: () => 1001 }],
  ['callers wait for connections of the pool, more than there are', { poolWaiters: () => 1.1 }],
])('there is pressure when %s, and what is let in sinks by a third each time until it is nothing', async (_, options) => {
  const pressure = aPressure({ ...options, sampleMs: 10, maxCost: 1000 });
  const seen: number[] = [];
  await until(() => {
    seen.push(pressure.maxCost());
    return pressure.maxCost() < 1;
  }, 'nothing is let in');
  const sinking = [...new Set(seen)].filter((one) => one < 1000);
  expect(sinking).toEqual(sinking.toSorted((a, b) => b - a));
  expect(sinking[0]).toBeCloseTo(667, 0);
});

test('what is at the bound is no pressure', async () => {
  const pressure = aPressure({ oldestWaitMs: () => 1000, poolWaiters: () => 1, sampleMs: 10 });
  await wait(100);
  expect([pressure.level(), pressure.maxCost()]).toEqual([1, Number.POSITIVE_INFINITY]);
});

test('pressure that is watched sheds nobody, and a kept answer is nothing to shed', async () => {
  const pressure = { maxCost: () => 0.5 };
  const watched = await anApp({ isSeeded: false, protection: { pressure, modes: { ...WITHOUT_RATES, pressure: 'watch' } } });
  expect((await watched.ask(CHEAP)).status).toBe(200);
  expect(await limitsMet(watched)).toEqual(['pressure watched: 1']);
  const off = await anApp({ isSeeded: false, protection: { pressure, modes: { ...WITHOUT_RATES, pressure: 'off' } } });
  expect([(await off.ask(CHEAP)).status, await limitsMet(off)]).toEqual([200, []]);

  let allowed = Number.POSITIVE_INFINITY;
  const world = await anApp({ protection: { pressure: { maxCost: () => allowed } }, responseCache: {} });
  const page = { query: '{ spas(first: 3) { nodes { name } } }' };
  await warm(world, page);
  allowed = 0.5;
  expect((await visit(world, page)).cache).toBe('hit');
  expect([(await world.ask(CHEAP)).status, (await world.ask(CHEAP, {}, { token: 'nonsense' })).status]).toEqual([503, 401]);
});

test('clients take turns: one that has 500 waiting delays the single query of another by its own places', async () => {
  const gate = createGate(4);
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(name);
    await wait(1);
  };
  const crowd = times(500, (i) => gate.run('crowd', work(`crowd ${i}`)));
  await wait(0);
  expect(gate.oldestWaitMs()).toBeGreaterThan(0);
  const single = gate.run('single', work('single'));
  await single;
  expect(order.indexOf('single')).toBeLessThanOrEqual(4 + 5);
  await Promise.all(crowd);
  // Each had its turn, in order.
  expect(order.filter((name) => name !== 'single')).toEqual(times(500, (i) => `crowd ${i}`));
  expect(gate.oldestWaitMs()).toBe(0);
});

test('many clients share the places evenly, whatever each has waiting, and work that fails gives its place back', async () => {
  const gate = createGate(2);
  let [running, most] = [0, 0];
  const done: string[] = [];
  const run = (name: string, isFailing = false) =>
    gate.run(name, async () => {
      most = Math.max(most, ++running);
      await wait(0);
      running--;
      done.push(name);
      if (isFailing) throw new Error('no');
    });
  const all = [...times(100, () => run('a', true)), ...times(10, () => run('b')), ...times(10, () => run('c', true))];
  // Some come while places are being handed over.
  const late = wait(20).then(() => Promise.all(times(20, () => run('d'))));
  const settled = await Promise.allSettled(all);
  await late;
  expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(110);
  expect([most, running]).toEqual([2, 0]);
  const firsts = done.slice(0, 35);
  expect([firsts.filter((name) => name === 'b').length, firsts.filter((name) => name === 'c').length]).toEqual([10, 10]);
  await run('a');
  expect(gate.oldestWaitMs()).toBe(0);
});

test('over HTTP too, 500 queries of one address do not keep the one of another waiting', async () => {
  const gate = createGate(4);
  const [asked, order]: [string[], string[]] = [[], []];
  const watched = {
    ...gate,
    run: <T>(key: string, work: () => Promise<T>) => {
      asked.push(key);
      return gate.run(key, () => {
        order.push(key);
        return work();
      });
    },
  };
  const world = await anApp({ protection: { gate: watched, trustedProxies: ['loopback'] } });
  const lock = await lockTable(world.databaseUrl, 'spas');
  const crowd = times(500, () => world.ask('{ spas(first: 3) { nodes { id } } }', {}, from('203.0.113.1')));
  await until(() => gate.oldestWaitMs() > 0, 'some wait');
  await wait(300);
  const single = world.ask('{ spas(first: 1) { nodes { id } } }', {}, from('203.0.113.2'));
  await until(() => asked.includes('203.0.113.2'), 'the single one asks');
  expect(order).toEqual(times(4, () => '203.0.113.1'));
  await lock.release();
  const answers = await Promise.all([...crowd, single]);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(order.length).toBe(501);
  expect(order.indexOf('203.0.113.2')).toBeLessThanOrEqual(6);
});

test('mutations wait for nobody’s query', async () => {
  const world = await anApp({ protection: { gate: createGate(1) } });
  const lock = await lockTable(world.databaseUrl, 'spas');
  const query = world.ask('{ spas(first: 1) { nodes { id } } }');
  await lock.untilBlocked(1);
  expect((await world.ask('mutation { signIn(input: { usernameOrEmail: "user", password: "convoy-demo" }) { token } }')).status).toBe(200);
  await lock.release();
  expect((await query).status).toBe(200);
});
