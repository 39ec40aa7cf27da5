// Event streams as clients see them: the client of graphql-sse, and EventSource.

import { existsSync } from 'node:fs';
import { createClient } from 'graphql-sse';
import { chromium } from 'playwright-core';
import { EventSource as NodeEventSource } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../support/batching.ts';
import { mutation, toIssue } from '../../support/inputs.ts';
import { listen } from '../../support/protection.ts';
import { documentsOf, REFUSED, WRONG_ARGUMENT } from '../../support/refused-operations.ts';
import { anApp } from '../../support/world.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => existsSync(file));

type World = Awaited<ReturnType<typeof anApp>>;

test('the client of graphql-sse hands each error on as a result, and does not fail', async () => {
  const { url } = await anApp({ protection: { documents: documentsOf() } });
  for (const [what, code, body, headers] of REFUSED.filter(([, , sent]) => typeof sent === 'object')) {
    const client = createClient({ url, retryAttempts: 0, headers });
    const results = await Array.fromAsync(client.iterate(body as { query: string }));
    expect([what, results.map(({ errors }) => errors?.map(({ extensions }) => extensions?.code))]).toEqual([what, [[code]]]);
  }
});

test('the client of graphql-sse follows events to the end', async () => {
  const world = await anApp();
  const client = createClient({ url: world.url, retryAttempts: 0 });
  const followed = client.iterate<{ certificateIssued: { holderName: string } }>({
    query: 'subscription { certificateIssued { holderName } }',
  });
  const first = followed.next();
  await until(async () => (await openSubscriptions(world)) === 1, 'the subscription is open');
  await issue(world, 'Asha');
  expect((await first).value).toMatchObject({ data: { certificateIssued: { holderName: 'Asha' } } });
  await followed.return?.();
  await until(async () => (await openSubscriptions(world)) === 0, 'the subscription is closed');
});

const openSubscriptions = async ({ metrics }: World) =>
  Number(/ (\d+)$/m.exec((await metrics.registry.getSingleMetricAsString('convoy_open_subscriptions')).split('\n').at(-1) ?? '')?.[1]);

async function issue({ ask }: World, holderName: string): Promise<void> {
  const input = toIssue('ID_CARD', { holderName, isPublic: true });
  expect((await ask(mutation('issueCertificate', '__typename'), { input }, { as: 'USER' })).errors).toBeUndefined();
}

/** A gateway, and the statuses of what it was asked for events. */
async function aWatchedApp(corsOrigins: string[] = []) {
  const statuses: number[] = [];
  const world = await anApp({
    corsOrigins,
    observers: [{ onRequestEnd: ({ method, status }) => void (method === 'GET' && statuses.push(status)) }],
  });
  return { ...world, statuses };
}
const addressOf = ({ url }: World, query: string) => `${url}?query=${encodeURIComponent(query)}`;

test('an EventSource reads the error, and asks no more than once again', async () => {
  const world = await aWatchedApp();
  const source = new NodeEventSource(addressOf(world, WRONG_ARGUMENT), { node: { reconnectionTime: 50 } });
  onTestFinished(() => source.close());
  const events: string[] = [];
  for (const name of ['next', 'complete'])
    source.addEventListener(name, (event) => void events.push(`${name} ${(event as MessageEvent).data}`));
  await until(() => source.readyState === NodeEventSource.CLOSED, 'it is closed');
  expect(events).toEqual([expect.stringMatching(/^next .*BAD_USER_INPUT/), 'complete ']);
  await until(() => world.statuses.length === 2, 'both answers are written');
  expect(world.statuses).toEqual([200, 204]);
});

test.skipIf(!CHROMIUM)('a page in a browser reads the error by EventSource, which stops by itself', { timeout: 60_000 }, async () => {
  const origin = new URL(await listen((_req, res) => void res.end('<!doctype html>'))).origin;
  const world = await aWatchedApp([origin]);
  const browser = await chromium.launch({ executablePath: CHROMIUM });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(origin);
  const heard = await page.evaluate(
    (address) =>
      new Promise<string[]>((resolve) => {
        const events: string[] = [];
        const source = new EventSource(address);
        for (const name of ['next', 'complete'])
          source.addEventListener(name, (event) => events.push(`${name} ${(event as MessageEvent).data}`));
        source.onerror = () => source.readyState === EventSource.CLOSED && resolve(events);
      }),
    addressOf(world, WRONG_ARGUMENT),
  );
  expect(heard).toEqual([expect.stringMatching(/^next .*BAD_USER_INPUT/), 'complete ']);
  expect(world.statuses).toEqual([200, 204]);
});
