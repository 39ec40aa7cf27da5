// Subscriptions, which stay: how many a client may hold open.

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Gateway } from '../../harness/gateway.ts';
import { type Verdict, verdictOf } from '../../harness/verdict.ts';
import { tally, times } from '../ask.ts';
import { type AuditContext, type Check, OPEN } from '../check.ts';
import { bytesOf, type Sent, send } from '../client.ts';

const BODY = JSON.stringify({ query: 'subscription { certificateIssued { id } }' });
const MAX = 20;

/** Asks for events: `open` or the code of the refusal, which come on a stream both, and how to go away. */
async function open({ port }: Gateway, token?: string) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.setTimeout(10_000, () => socket.destroy());
  const authorization = token === undefined ? undefined : `Bearer ${token}`;
  socket.write(bytesOf({ body: BODY, headers: { accept: 'text/event-stream', authorization } }));
  const [chunk] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [Buffer | boolean];
  socket.resume();
  const text = Buffer.isBuffer(chunk) ? chunk.toString('latin1') : '';
  const isStream = text.startsWith('HTTP/1.1 200 ') && text.includes('text/event-stream');
  const outcome = isStream ? (/"code":"(\w+)"/.exec(text)?.[1] ?? 'open') : 'no stream';
  return { outcome, close: () => socket.destroy() };
}

async function openMany(gateway: Gateway, count: number, token?: string) {
  const all = await Promise.all(times(count, () => open(gateway, token)));
  return { seen: tally(all.map(({ outcome }) => outcome).sort()), close: () => all.forEach((one) => void one.close()) };
}

async function crowd(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(OPEN);
  const expected = `10 × RATE_LIMITED, ${MAX} × open`;
  const strangers = await openMany(gateway, MAX + 10);
  const user = await openMany(gateway, MAX + 10, await ctx.tokenOf('USER'));
  strangers.close();
  user.close();
  await wait(500);
  const again = await openMany(gateway, MAX + 10);
  again.close();
  const seen = { 'an address': strangers.seen, 'a user there': user.seen, 'the address again, when they had gone': again.seen };
  const problems = Object.entries(seen).flatMap(([who, what]) => (what === expected ? [] : [`${who} gets ${what}`]));
  return verdictOf(problems, `${expected} for each`);
}

const JSON_ALONE = { accept: 'application/json' };
/** Ways to ask for a subscription whose answer cannot be a stream of events. */
const WITHOUT_STREAM: Record<string, Sent> = {
  'JSON alone': { body: BODY, headers: JSON_ALONE },
  'multipart alone': { body: BODY, headers: { accept: 'multipart/mixed' } },
  'an array': { body: `[${BODY}]`, headers: JSON_ALONE },
  HEAD: { method: 'HEAD', target: `/graphql?query=${encodeURIComponent(JSON.parse(BODY).query)}`, headers: { accept: '*/*' } },
};

async function unanswerable(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway({ ...OPEN, MAX_BATCH: '5' });
  const problems: string[] = [];
  for (const [how, sent] of Object.entries(WITHOUT_STREAM)) {
    for (let i = 0; i < MAX + 10; i++) await send(gateway, sent);
    const after = await openMany(gateway, MAX);
    after.close();
    if (after.seen !== `${MAX} × open`) problems.push(`after ${how}: ${after.seen}`);
    await wait(500);
  }
  return verdictOf(problems, `${MAX} × open after each`);
}

export const subscriptions: readonly Check[] = [
  {
    name: 'subscriptions: many of one client',
    tried: `${MAX + 10} at once of an address and of a user there, and of the address again when they have gone`,
    expected: `${MAX} are open for each, the others are refused on their streams`,
    run: crowd,
  },
  {
    name: 'subscriptions: answers that cannot be streams',
    tried: `${MAX + 10} of an address that accept JSON alone, multipart alone, by an array and by HEAD, then as many real ones as it may hold`,
    expected: 'none of them keeps a place',
    run: unanswerable,
  },
];
