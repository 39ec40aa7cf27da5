import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { demoId } from '../prisma/seed/demo.ts';
import type { App } from '../src/app.ts';
import type { Role } from '../src/generated/prisma/enums.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { createLog } from '../src/log.ts';
import { freePort } from '../src/resources/free-port.ts';
import { openPubSub } from '../src/resources/redis.ts';
import { anAppOver } from './support/app-deps.ts';
import { mutation, OTHER_SPA, SPA, toIssue } from './support/inputs.ts';
import { type Answer, anApp } from './support/world.ts';

type World = Awaited<ReturnType<typeof anApp>>;

const ISSUE = mutation('issueCertificate', 'certificate { id }');
const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** Follows the certificates that are issued, as a browser does. Ends with the test. */
async function follow({ app, tokens }: Pick<World, 'tokens'> & { app: App }, { as, spaId }: { as?: Role; spaId?: string } = {}) {
  const leaving = new AbortController();
  const response = await app.fetch('http://localhost/graphql', {
    method: 'POST',
    signal: leaving.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(as ? { authorization: `Bearer ${(await tokens.sign(demoId(as))).token}` } : {}),
    },
    body: JSON.stringify({
      query: 'subscription($spaId: ID) { certificateIssued(spaId: $spaId) { id holderName issuedBy { email } } }',
      variables: { spaId },
    }),
  });
  const events: Answer['data'][] = [];
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  const reading = (async () => {
    let text = '';
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      text += decoder.decode(part.value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^data: ?(\{.*)$/m.exec(block)?.[1];
        if (/^event: next$/m.test(block) && data) events.push(JSON.parse(data));
      }
    }
  })().catch(() => undefined);
  const end = async () => {
    leaving.abort();
    await reading;
  };
  onTestFinished(end);
  // Through Redis, the subscription begins when Redis has answered.
  await wait(100);
  const names = () => events.map(({ data }) => data?.certificateIssued.holderName);
  return { response, events, names, end };
}

/** Issues certificates one after the other, named for what they are. */
async function issue({ ask }: Pick<World, 'ask'>, ...names: string[]): Promise<void> {
  for (const holderName of names) {
    const spaId = holderName.includes('elsewhere') ? OTHER_SPA : SPA;
    const { errors } = await ask(
      ISSUE,
      { input: toIssue('ID_CARD', { holderName, spaId, isPublic: holderName.startsWith('public') }) },
      { as: 'USER' },
    );
    expect(errors).toBeUndefined();
  }
  await wait(100);
}

test('a visitor follows what is public, the issuer and staff what is private too, in order', async () => {
  const world = await anApp();
  const [visitor, issuer, hr, atSpa] = await Promise.all([
    follow(world),
    follow(world, { as: 'USER' }),
    follow(world, { as: 'HR' }),
    follow(world, { as: 'HR', spaId: OTHER_SPA }),
  ]);
  expect(visitor.response.status).toBe(200);
  expect(visitor.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  await issue(world, 'public 1', 'private 1', 'public 2 elsewhere', 'private 2 elsewhere', 'public 3');

  await expect.poll(visitor.names).toEqual(['public 1', 'public 2 elsewhere', 'public 3']);
  await expect.poll(issuer.names).toEqual(['public 1', 'private 1', 'public 2 elsewhere', 'private 2 elsewhere', 'public 3']);
  await expect.poll(hr.names).toEqual(issuer.names());
  await expect.poll(atSpa.names).toEqual(['public 2 elsewhere', 'private 2 elsewhere']);
  expect(visitor.events[0].data.certificateIssued.issuedBy.email).toBeNull();
  expect(issuer.events[0].data.certificateIssued.issuedBy.email).toBe('user@convoy.example');
});

test('another user does not follow what is private', async () => {
  const world = await anApp();
  await world.prisma.user.update({ where: { id: 3 }, data: { role: 'USER' } });
  const another = await follow(world, { as: 'SPA_MANAGER' });
  await issue(world, 'private 1', 'public 1');
  await expect.poll(another.names).toEqual(['public 1']);
});

test('what fails to be issued, and what is issued before, is not followed', async () => {
  const world = await anApp();
  await issue(world, 'public 1');
  const visitor = await follow(world);
  await world.ask(ISSUE, { input: toIssue('ID_CARD', { isPublic: true, spaId: encodeId('Spa', 999_999) }) }, { as: 'USER' });
  await issue(world, 'public 2');
  await expect.poll(visitor.names).toEqual(['public 2']);
});

test('who loses a role stops following what it showed at the next event', async () => {
  const world = await anApp();
  const hr = await follow(world, { as: 'HR' });
  await issue(world, 'private 1');
  await expect.poll(hr.names).toEqual(['private 1']);
  await world.prisma.user.update({ where: { id: 4 }, data: { role: 'USER' } });
  await issue(world, 'private 2', 'public 1');
  await expect.poll(hr.names).toEqual(['private 1', 'public 1']);
  await world.prisma.user.update({ where: { id: 4 }, data: { isActive: false } });
  await issue(world, 'private 3', 'public 2');
  await expect.poll(hr.names).toEqual(['private 1', 'public 1', 'public 2']);
});

test('forty events at once all arrive', { timeout: 60_000 }, async () => {
  const world = await anApp();
  const visitor = await follow(world);
  await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      world.ask(ISSUE, { input: toIssue('ID_CARD', { holderName: `public ${i}`, isPublic: true }) }, { as: 'USER' }),
    ),
  );
  await expect.poll(() => new Set(visitor.names()).size, { timeout: 30_000 }).toBe(40);
});

test('ending the request ends the subscription: later events cost nothing', async () => {
  const world = await anApp();
  const alone = await world.statements.during(() => issue(world, 'public 1'));
  const visitor = await follow(world);
  const followed = await world.statements.during(() => issue(world, 'public 2'));
  expect(followed.length).toBeGreaterThan(alone.length);
  await visitor.end();
  expect(await world.statements.during(() => issue(world, 'public 3'))).toHaveLength(alone.length);
});

async function aRedis(): Promise<string> {
  const port = await freePort();
  const redis = spawn('redis-server', ['--save', '', '--port', String(port), '--bind', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    const ended = once(redis, 'exit');
    redis.kill();
    await ended;
  });
  for await (const line of redis.stdout) if (String(line).includes('Ready to accept connections')) break;
  redis.stdout?.resume();
  return `redis://127.0.0.1:${port}`;
}

test.skipIf(!hasRedis)('two gateways that share a Redis show each other’s certificates', async () => {
  const world = await anApp();
  const url = await aRedis();
  const log = createLog({ level: 'silent' });
  const gateway = async () => {
    const { pubSub, close } = await openPubSub(url, log);
    onTestFinished(close);
    const { database, prisma, tokens } = world;
    return anAppOver({ database, prisma, tokens, pubSub, log });
  };
  const [one, other] = await Promise.all([gateway(), gateway()]);
  const send =
    (app: App): World['ask'] =>
    async (query, variables, { as = 'USER' } = {}) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${(await world.tokens.sign(demoId(as))).token}` };
      const response = await app.fetch('http://localhost/graphql', { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
      return { status: response.status, headers: response.headers, ...(await response.json()) };
    };
  const [here, there] = await Promise.all([
    follow({ app: one, tokens: world.tokens }),
    follow({ app: other, tokens: world.tokens }, { as: 'HR' }),
  ]);
  await issue({ ask: send(one) }, 'public 1', 'private 1');
  await issue({ ask: send(other) }, 'public 2');
  await expect.poll(here.names).toEqual(['public 1', 'public 2']);
  await expect.poll(there.names).toEqual(['public 1', 'private 1', 'public 2']);
});
