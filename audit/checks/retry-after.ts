// Whether a refusal says the truth about when there is room. It takes a minute, in which other checks run.

import { setTimeout as wait } from 'node:timers/promises';
import type { Verdict } from '../../harness/verdict.ts';
import { ask, told } from '../ask.ts';
import type { AuditContext, Check, Settings } from '../check.ts';

const ONE: Settings = { RATE_LIMIT_PER_MINUTE: '1' };
/** Longer before the moment than a request takes. */
const BEFORE_MS = 2000;

/** When there is room, by the clock of `performance`, as refusals of the run have said. */
const promises = new WeakMap<AuditContext, { roomAt: number; seconds: number }>();

async function begin(ctx: AuditContext): Promise<void> {
  const gateway = await ctx.gateway(ONE, { isKept: true });
  await ask(gateway, { query: '{ __typename }' });
  const refused = await ask(gateway, { query: '{ __typename }' });
  const seconds = Number(refused.headers['retry-after']);
  if (seconds > 0) promises.set(ctx, { roomAt: performance.now() + seconds * 1000, seconds });
}

async function run(ctx: AuditContext): Promise<Verdict> {
  const promise = promises.get(ctx);
  if (!promise) return { holds: false, happened: 'the second request of a minute was not refused' };
  const gateway = await ctx.gateway(ONE, { isKept: true });
  const isEarly = promise.roomAt - BEFORE_MS > performance.now();
  if (isEarly) await wait(promise.roomAt - BEFORE_MS - performance.now());
  const early = isEarly ? await ask(gateway, { query: '{ __typename }' }) : undefined;
  await wait(Math.max(0, promise.roomAt - performance.now()));
  const late = await ask(gateway, { query: '{ __typename }' });
  const before = early ? `${told(early)} two seconds before, ` : '';
  return {
    happened: `Retry-After ${promise.seconds}: ${before}${told(late)} then`,
    holds: (early === undefined || early.status === 429) && late.status === 200,
  };
}

export const retryAfter: readonly Check[] = [
  {
    name: 'rates: when there is room again',
    tried: 'where 1 request a minute is allowed: a second one, one shortly before Retry-After is over, and one when it is',
    expected: 'refused until then, answered then',
    begin,
    run,
  },
];
