// How many subscriptions a client may hold open, and that each way in which one ends gives its place back.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { demoId } from '../prisma/seed/demo.ts';
import type { Role } from '../src/generated/prisma/enums.ts';
import { createMemoryStore } from '../src/rate-limit/memory-store.ts';
import { createTokens } from '../src/tokens.ts';
import { WITHOUT_RATES } from './support/app-deps.ts';
import { until } from './support/batching.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { from, limitsMet, listen, times } from './support/protection.ts';
import { anApp, SECRET_KEY } from './support/world.ts';

type World = Awaited<ReturnType<typeof anApp>>;
const SUBSCRIPTION = 'subscription { certificateIssued { id } }';
const protection = { trustedProxies: ['loopback'] };

type Options = { as?: Role; token?: string; address?: string; signal?: AbortSignal; query?: string; url?: string };

/** Asks for events: whether they come, and if they do not, why. */
async function open(
  { url: usual, tokens }: World,
  { as, token, address = '203.0.113.1', signal, query = SUBSCRIPTION, url = usual }: Options = {},
) {
  const bearer = token ?? (as && (await tokens.sign(demoId(as))).token);
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(url, {
    method: 'POST',
    signal: AbortSignal.any([controller.signal, ...(signal ? [signal] : [])]),
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...from(address).headers,
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
    },
    body: JSON.stringify({ query }),
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  // A stream begins with a ping, and a refusal is the whole of it.
  let text = (await reader?.read())?.value ?? '';
  const rest = async () => {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) text += part.value;
    return text;
  };
  const [, code] = /"code":"(\w+)"/.exec(text) ?? [];
  return {
    isOpen: code === undefined,
    code,
    text,
    status: response.status,
    headers: response.headers,
    rest,
    end: () => controller.abort(),
  };
}

/** Opens so many at once, and tells how many are open. */
async function openMany(world: World, count: number, options: Options = {}) {
  const all = await Promise.all(times(count, () => open(world, options)));
  return all.filter(({ isOpen }) => isOpen);
}

/** Expects exactly so many places to be free: as many can be opened, and not one more. */
async function expectFree(world: World, free: number, options: Options = {}): Promise<void> {
  const opened = await openMany(world, free, options);
  const more = await open(world, options);
  expect([opened.length, more.code]).toEqual([free, 'RATE_LIMITED']);
  for (const one of opened) one.end();
}

/** Waits until the gateway has seen that clients have gone. */
const soon = () => wait(150);

test('a client holds twenty open, by either way, and the next one is refused until one ends', async () => {
  const world = await anApp({ protection });
  const slow = await listen(world.app.slowListener);
  const opened = [...(await openMany(world, 10)), ...(await openMany(world, 15, { url: slow }))];
  expect(opened).toHaveLength(20);
  const refused = await open(world);
  expect([refused.status, refused.code]).toEqual([200, 'RATE_LIMITED']);
  expect(refused.text).toContain('"retryAfterSeconds":60');
  expect(await limitsMet(world)).toEqual(['subscriptions refused: 6']);
  for (const one of opened.slice(0, 3)) one.end();
  await soon();
  await expectFree(world, 3);
});

test('clients do not take places of each other', async () => {
  const world = await anApp({ protection });
  await openMany(world, 20);
  for (const options of [{ address: '203.0.113.2' }, { as: 'USER' }, { as: 'HR' }] as const) await expectFree(world, 20, options);
  // Somebody who is signed in is the same at any address.
  await soon();
  await openMany(world, 20, { as: 'USER' });
  expect((await open(world, { as: 'USER', address: '203.0.113.3' })).code).toBe('RATE_LIMITED');
});

test('a place comes back when a subscription fails to begin', async () => {
  const world = await anApp({ protection: { ...protection, maxSubscriptions: 3 } });
  for (const query of [
    'subscription { nothing { id } }',
    'subscription { certificateIssued(spaId: "x") { id } }',
    'subscription ($id: ID!) { certificateIssued(spaId: $id) { id } }',
    'subscription {',
  ]) {
    for (const refused of await Promise.all(times(5, () => open(world, { query }))))
      expect([query, refused.isOpen]).toEqual([query, false]);
  }
  for (const refused of await Promise.all(times(5, () => open(world, { token: 'nonsense' })))) expect(refused.isOpen).toBe(false);
  await expectFree(world, 3);
});

test('a place comes back when a stream fails', async () => {
  const world = await anApp({ protection: { ...protection, maxSubscriptions: 2 } });
  const { token } = await createTokens({ secretKeys: [SECRET_KEY], ttlSeconds: 1 }).sign(demoId('HR'));
  const opened = await openMany(world, 3, { token });
  expect(opened).toHaveLength(2);
  await wait(1200);
  const issued = await world.ask(
    mutation('issueCertificate', 'certificate { id }'),
    { input: toIssue('ID_CARD', { isPublic: true }) },
    { as: 'USER' },
  );
  expect(issued.errors).toBeUndefined();
  for (const { rest } of opened) expect(await rest()).toContain('UNAUTHENTICATED');
  await soon();
  await expectFree(world, 2, { as: 'HR' });
});

test('a place comes back when the client goes before there is a stream', async () => {
  const store = createMemoryStore();
  const waiting: (() => void)[] = [];
  let isHeld = true;
  const held: typeof store = {
    ...store,
    take: (...args) =>
      isHeld ? new Promise<void>((resolve) => waiting.push(resolve)).then(() => store.take(...args)) : store.take(...args),
  } as typeof store;
  const world = await anApp({
    protection: { ...protection, store: held, modes: { ...WITHOUT_RATES, points: 'enforce' }, maxSubscriptions: 3 },
  });
  const gone = new AbortController();
  const asked = times(5, () => open(world, { signal: gone.signal }).catch((error: Error) => error.name));
  await until(() => waiting.length === 5, 'all have come');
  gone.abort();
  expect(await Promise.all(asked)).toEqual(times(5, () => 'AbortError'));
  await soon();
  isHeld = false;
  for (const goOn of waiting) goOn();
  await soon();
  await expectFree(world, 3);
});

test('after five hundred that were opened and left, at any moment, all places are free', async () => {
  const world = await anApp({ protection });
  let opened = 0;
  for (let round = 0; round < 25; round++) {
    const leave = new AbortController();
    const asked = times(20, () => open(world, { signal: leave.signal }).catch(() => undefined));
    if (round % 2) await Promise.all(asked);
    else await wait(round);
    leave.abort();
    opened += (await Promise.all(asked)).filter((one) => one?.isOpen).length;
    await wait(20);
  }
  expect(opened).toBeGreaterThan(200);
  await soon();
  await expectFree(world, 20);
});

test('what is watched is counted and open, what is off is open, and none at all may be allowed', async () => {
  for (const [mode, isOpen, met] of [
    ['watch', true, ['subscriptions watched: 2']],
    ['off', true, []],
    ['enforce', false, ['subscriptions refused: 2']],
  ] as const) {
    const world = await anApp({ protection: { ...protection, maxSubscriptions: 0, modes: { ...WITHOUT_RATES, subscriptions: mode } } });
    const both = [await open(world), await open(world)];
    expect([mode, both.map((one) => one.isOpen), await limitsMet(world)]).toEqual([mode, [isOpen, isOpen], met]);
  }
});
