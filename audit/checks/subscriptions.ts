// Subscriptions, which stay: how many a client may hold open.

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Gateway } from '../../harness/gateway.ts';
import { type Verdict, verdictOf } from '../../harness/verdict.ts';
import { tally, times } from '../ask.ts';
import { type AuditContext, type Check, OPEN } from '../check.ts';
import { bytesOf } from '../client.ts';

const BODY = JSON.stringify({ query: 'subscription { certificateIssued { id } }' });
const MAX = 20;

/** Asks for events: the status that comes, and how to go away. */
async function open({ port }: Gateway, token?: string) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.setTimeout(10_000, () => socket.destroy());
  const authorization = token === undefined ? undefined : `Bearer ${token}`;
  socket.write(bytesOf({ body: BODY, headers: { accept: 'text/event-stream', authorization } }));
  const [chunk] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [Buffer | boolean];
  socket.resume();
  const status = Buffer.isBuffer(chunk) ? (chunk.toString('latin1').split(' ')[1] ?? 'none') : 'none';
  return { status, close: () => socket.destroy() };
}

async function openMany(gateway: Gateway, count: number, token?: string) {
  const all = await Promise.all(times(count, () => open(gateway, token)));
  return { seen: tally(all.map(({ status }) => status).sort()), close: () => all.forEach((one) => void one.close()) };
}

async function crowd(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(OPEN);
  const expected = `${MAX} × 200, 10 × 429`;
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

export const subscriptions: readonly Check[] = [
  {
    name: 'subscriptions: many of one client',
    tried: `${MAX + 10} at once of an address and of a user there, and of the address again when they have gone`,
    expected: `${MAX} are open for each, the others get 429`,
    run: crowd,
  },
];
