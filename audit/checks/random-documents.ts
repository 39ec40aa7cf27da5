// Documents by the thousand: random valid ones, and the frontend's operations with bytes or words changed.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { Gateway } from '../../harness/gateway.ts';
import { type Verdict, verdictOf } from '../../harness/verdict.ts';
import { demoSignIns } from '../../prisma/seed/demo.ts';
import { afterwards, times } from '../ask.ts';
import type { AuditContext, Check, Settings } from '../check.ts';
import { createDocuments } from '../random-requests.ts';

/** A process of its own, whose memory is measured. */
const ALONE: Settings = { RATE_LIMIT_ENABLED: 'false', PERSISTED_QUERIES: 'true' };
const AT_ONCE = 32;
const LATEST_MS = 10_000;
const MAX_GROWTH_MB = 60;
/** Documents before the memory is measured: caches have filled by then, and the heap has its size. */
const warmUpOf = (count: number) => Math.max(2000, Math.round(count / 10));

/** What the process takes of the memory, in MB; undefined where the system does not say. */
function residentMb({ pid }: Gateway): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}

type Outcome = { status: number; ms: number; body: string };

/** Sends a body over one of a few connections that stay open. */
function post(agent: Agent, { port }: Gateway, body: string | Buffer, authorization: string | undefined): Promise<Outcome> {
  const start = performance.now();
  const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) };
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, host: '127.0.0.1', path: '/graphql', method: 'POST', headers, timeout: LATEST_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, ms: performance.now() - start, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${LATEST_MS / 1000} s`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

async function flood(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(ALONE);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const tokens = await Promise.all(demoSignIns.map(({ role }) => ctx.tokenOf(role)));
  const next = createDocuments(ctx.seed);
  const outcomes = new Map<string, number>();
  const problems: string[] = [];
  let slowest = 0;

  const send = async (count: number) => {
    let left = count;
    await Promise.all(
      times(AT_ONCE, async () => {
        while (left-- > 0 && gateway.isAlive()) {
          const { body, by } = next();
          // Every other request is a visitor's.
          const token = by % 2 === 0 ? undefined : tokens[(by >> 1) % tokens.length];
          const outcome = await post(agent, gateway, body, token && `Bearer ${token}`).catch((error: Error) => error.message);
          if (typeof outcome === 'string') problems.push(`${outcome}: ${body.toString().slice(0, 300)}`);
          else {
            slowest = Math.max(slowest, outcome.ms);
            if (outcome.status === 500 || outcome.body.includes('INTERNAL_SERVER_ERROR'))
              problems.push(`${outcome.status}: ${body.toString().slice(0, 300)}`);
            if (outcome.ms > LATEST_MS) problems.push(`an answer takes ${Math.round(outcome.ms)} ms: ${body.toString().slice(0, 300)}`);
          }
          const status = typeof outcome === 'string' ? 'none' : String(outcome.status);
          outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
        }
      }),
    );
  };

  await send(warmUpOf(ctx.documents));
  outcomes.clear();
  const before = residentMb(gateway);
  const start = performance.now();
  await send(ctx.documents);
  const seconds = (performance.now() - start) / 1000;
  const after = residentMb(gateway);
  agent.destroy();
  if (!gateway.isAlive()) problems.unshift('the gateway has ended');
  else problems.push(...(await afterwards(gateway)));
  const growth = before === undefined || after === undefined ? undefined : Math.round(after - before);
  if (growth !== undefined && growth >= MAX_GROWTH_MB) problems.push(`the memory grows by ${growth} MB`);
  const mix = Array.from(outcomes)
    .sort()
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ');
  const memory = growth === undefined ? 'memory not measured' : `${Math.round(after ?? 0)} MB, ${growth} MB more than before`;
  const happened = `${mix}; the slowest after ${Math.round(slowest)} ms; ${memory}; ${Math.round(seconds)} s, seed ${ctx.seed}`;
  const verdict = verdictOf(problems, happened);
  return verdict.holds ? verdict : { ...verdict, happened: `${verdict.happened}; ${happened}` };
}

export const randomDocuments: readonly Check[] = [
  {
    name: 'random: documents by the thousand',
    tried: `random documents and changed ones of the frontend, ${AT_ONCE} at once`,
    expected: `no 500, no end of the process, no answer later than ${LATEST_MS / 1000} s, and less than ${MAX_GROWTH_MB} MB of memory more`,
    run: flood,
  },
];
