// Requests that would last: a statement that hangs, a client that leaves, a pool without a free connection.

import { connect } from 'node:net';
import { type Verdict, verdictOf } from '../../harness/verdict.ts';
import { encodeId } from '../../src/graphql/ids.ts';
import { ask, inTurn, isAnswered, tally, times, told } from '../ask.ts';
import type { AuditContext, Check, Settings } from '../check.ts';
import { bytesOf } from '../client.ts';
import { lockTable } from '../database.ts';

const DEADLINE_MS = 800;
const HASTY: Settings = { RATE_LIMIT_ENABLED: 'false', REQUEST_DEADLINE_MS: String(DEADLINE_MS) };
const PATIENT: Settings = { RATE_LIMIT_ENABLED: 'false' };
/** How late an answer may be on a busy machine, beyond its time. */
const GRACE_MS = 1000;
const POST = 'mutation ($input: PostHiringFormInput!) { postHiringForm(input: $input) { hiringForm { id } } }';
const OPENING = {
  spaId: encodeId('Spa', 1),
  forRole: 'Therapist',
  staffRequired: 1,
  description: 'An opening of the audit',
  requiredExperience: 'None',
  requiredEducation: 'None',
  requiredSkills: 'None',
};
const SPAS = { query: '{ spas(first: 3) { nodes { id } } }' };

/** Runs with a lock on spas, on which statements hang, and lets it go at the end. */
async function withLock(databaseUrl: string, work: (lock: Awaited<ReturnType<typeof lockTable>>) => Promise<Verdict>, table = 'spas') {
  const lock = await lockTable(databaseUrl, table);
  try {
    return await work(lock);
  } finally {
    await lock.close();
  }
}

async function hang(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(HASTY);
  return await withLock(gateway.databaseUrl, async (lock) => {
    const answer = await ask(gateway, { ...SPAS, timeoutMs: DEADLINE_MS + 3000 });
    // The answer does not wait for PostgreSQL's.
    const goneMs = await lock.until(0);
    const problems = [
      ...(told(answer) === '504 DEADLINE_EXCEEDED' ? [] : [`it gets ${told(answer)}`]),
      ...(answer.ms >= DEADLINE_MS - 20 && answer.ms <= DEADLINE_MS + GRACE_MS ? [] : [`it takes ${answer.ms} ms`]),
      ...(goneMs < 300 ? [] : [`a statement runs on for ${goneMs} ms`]),
    ];
    return verdictOf(problems, `${told(answer)} after ${answer.ms} ms; no statement hangs ${goneMs} ms later`);
  });
}

async function hangMany(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(HASTY);
  return await withLock(gateway.databaseUrl, async (lock) => {
    const answers = await Promise.all(
      times(100, (i) => ask(gateway, { query: `{ spas(first: ${1 + (i % 90)}) { nodes { id name } } }`, timeoutMs: 10_000 })),
    );
    await lock.until(0);
    await lock.release();
    const after = await ask(gateway, SPAS);
    const kinds = answers.filter((answer) => !/^(504 DEADLINE_EXCEEDED|(200|503) OVERLOADED)$/.test(told(answer)));
    const slowest = Math.max(...answers.map(({ ms }) => ms));
    const problems = [
      ...kinds.slice(0, 1).map((answer) => `one gets ${told(answer)}`),
      ...(slowest < 3 * DEADLINE_MS + GRACE_MS ? [] : [`one takes ${slowest} ms`]),
      ...(isAnswered(after) ? [] : [`afterwards a query gets ${told(after)}`]),
    ];
    return verdictOf(problems, `${tally(answers)}, the slowest after ${slowest} ms`);
  });
}

async function leave(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(PATIENT);
  return await withLock(gateway.databaseUrl, async (lock) => {
    const body = JSON.stringify({ query: '{ spas(first: 4) { nodes { id } } }' });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(bytesOf({ body }));
    await lock.until(1);
    socket.destroy();
    const goneMs = await lock.until(0);
    return { happened: `its statement is gone after ${goneMs} ms`, holds: goneMs <= 200 };
  });
}

async function exhaust(ctx: AuditContext): Promise<Verdict> {
  const databaseUrl = await ctx.createDatabase();
  const gateway = await ctx.gateway(PATIENT, { databaseUrl: `${databaseUrl}?connection_limit=2` });
  return await withLock(
    databaseUrl,
    async (lock) => {
      const token = await ctx.tokenOf('ADMIN');
      // Reads leave a connection to writes: one of each takes both.
      const held = [ask(gateway, { query: POST, variables: { input: OPENING }, token, timeoutMs: 15_000 })];
      await lock.until(1);
      held.push(ask(gateway, { query: '{ hiringForms(first: 1) { nodes { id } } }', timeoutMs: 15_000 }));
      await lock.until(2);
      const refused = await ask(gateway, SPAS);
      await lock.release();
      const later = [...(await Promise.all(held)), await ask(gateway, SPAS)];
      const retryAfter = Number(refused.headers['retry-after']);
      const problems = [
        ...(told(refused) === '200 OVERLOADED' ? [] : [`it gets ${told(refused)}`]),
        ...(retryAfter > 0 ? [] : ['there is no Retry-After']),
        ...(refused.ms > 1500 && refused.ms < 2000 + GRACE_MS ? [] : [`it takes ${refused.ms} ms`]),
        ...(later.every(isAnswered) ? [] : [`later ones get ${tally(later)}`]),
      ];
      return verdictOf(problems, `${told(refused)} after ${refused.ms} ms, Retry-After ${retryAfter}; then ${tally(later)}`);
    },
    'hiring_forms',
  );
}

/** The head of a request and a part of its body, and then nothing: gone with its connection, and no trouble to others. */
async function dawdle(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(PATIENT);
  const sockets = times(200, () => connect(gateway.port, '127.0.0.1'));
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.write('POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 500000\r\n\r\n{"query":');
  }
  const answers = await inTurn(
    times(5, () => SPAS),
    (asked) => ask(gateway, asked),
  );
  for (const socket of sockets) socket.destroy();
  const slowest = Math.max(...answers.map(({ ms }) => ms));
  return {
    happened: `${tally(answers)}, the slowest after ${slowest} ms`,
    holds: answers.every(isAnswered) && slowest < GRACE_MS,
  };
}

export const deadlines: readonly Check[] = [
  {
    name: 'deadlines: a statement that hangs',
    tried: `a query on a locked table, where a request may take ${DEADLINE_MS} ms`,
    expected: '504 DEADLINE_EXCEEDED at that time, and nothing runs on in PostgreSQL',
    run: hang,
  },
  {
    name: 'deadlines: many statements that hang',
    tried: '100 such queries at once',
    expected: 'DEADLINE_EXCEEDED or OVERLOADED for each in time, nothing runs on, and the next query is answered',
    run: hangMany,
  },
  {
    name: 'deadlines: a client that leaves',
    tried: 'a query on a locked table, whose client closes the connection',
    expected: 'its statement is gone from PostgreSQL within 200 ms',
    run: leave,
  },
  {
    name: 'deadlines: a pool without a free connection',
    tried: 'a query, while others hold both connections of a pool',
    expected: 'OVERLOADED at its field with Retry-After after about 2 s; all is well when they are free',
    run: exhaust,
  },
  {
    name: 'deadlines: clients that send slowly',
    tried: '200 connections with half a request each, and ordinary queries beside them',
    expected: 'the ordinary ones are answered as ever',
    run: dawdle,
  },
];
