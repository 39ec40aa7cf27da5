// What strangers read when the database fails: that it does, and nothing of it.

import { rowsOf } from '../../harness/rows.ts';
import { openTcpProxy } from '../../harness/tcp-proxy.ts';
import { type Verdict, verdictOf } from '../../harness/verdict.ts';
import { ask, isAnswered, tally, times, told } from '../ask.ts';
import type { AuditContext, Check, Settings } from '../check.ts';
import { type Answer, send } from '../client.ts';
import { lockTable } from '../database.ts';

const PRODUCTION: Settings = { RATE_LIMIT_ENABLED: 'false' };
const DETAIL = /prisma|postgres|ECONN|\bpg\b|sql|relation|does not exist|stack|node_modules|\.ts\b|spas_old|website|127\.0\.0\.1/i;
const RECOVERY_MS = 15_000;
const SPAS = { query: '{ spas(first: 3) { nodes { id name } } }' };
const SAVE = 'mutation ($input: SaveSpaInput!) { saveSpa(input: $input) { spa { id } } }';

const leaks = (answers: readonly Answer[]) =>
  answers.flatMap(({ body }) => (DETAIL.test(body) ? [`an answer says ${body.slice(0, 200)}`] : []));

/** Asks until it is answered; after how many milliseconds. */
async function recovery(gateway: Parameters<typeof ask>[0]): Promise<number> {
  const start = performance.now();
  for (;;) {
    const answer = await ask(gateway, SPAS).catch(() => undefined);
    const ms = Math.round(performance.now() - start);
    if ((answer && isAnswered(answer)) || ms > RECOVERY_MS) return ms;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function cut(ctx: AuditContext): Promise<Verdict> {
  const databaseUrl = await ctx.createDatabase();
  const { hostname, port } = new URL(databaseUrl);
  const proxy = await openTcpProxy({ hostname, port: Number(port || 5432) });
  const through = Object.assign(new URL(databaseUrl), { hostname: '127.0.0.1', port: String(proxy.port) }).toString();
  try {
    const gateway = await ctx.gateway(PRODUCTION, { databaseUrl: through });
    const token = await ctx.tokenOf('ADMIN');
    await ask(gateway, { ...SPAS, token });
    const lock = await lockTable(databaseUrl, 'spas');
    const input = { name: 'Audit' };
    const underWay = Promise.all([
      ...times(5, (i) => ask(gateway, { query: `{ spas(first: ${10 + i}) { nodes { id } } }` })),
      ask(gateway, { query: SAVE, variables: { input }, token }),
    ]);
    await lock.until(2);
    proxy.cut();
    const during = await underWay;
    await lock.close();
    const later = await Promise.all([
      ...times(5, (i) => ask(gateway, { query: `{ spas(first: ${20 + i}) { nodes { id } } }` })),
      ask(gateway, { query: SAVE, variables: { input }, token }),
    ]);
    const health = await send(gateway, { method: 'GET', target: '/health' });
    proxy.mend();
    const ms = await recovery(gateway);
    const answers = [...during, ...later];
    const others = answers.filter(
      // Of a write that may have been applied, no second try is asked for.
      ({ codes, headers, body }) =>
        !/^(DATABASE_UNAVAILABLE|OVERLOADED)$/.test(codes.join()) ||
        Boolean(headers['retry-after']) === body.includes('It may have been applied'),
    );
    const problems = [
      ...leaks([...answers, health]),
      ...others.slice(0, 1).map((answer) => `one gets ${told(answer)}`),
      ...(health.status === 503 ? [] : [`/health is ${health.status}`]),
      ...(gateway.isAlive() ? [] : ['the gateway has ended']),
      ...(ms < RECOVERY_MS ? [] : ['it does not come back']),
    ];
    return verdictOf(problems, `${tally(answers)}; /health ${health.status}; answers again after ${ms} ms`);
  } finally {
    proxy.close();
  }
}

async function broken(ctx: AuditContext): Promise<Verdict> {
  const databaseUrl = await ctx.createDatabase();
  const gateway = await ctx.gateway(PRODUCTION, { databaseUrl });
  const token = await ctx.tokenOf('ADMIN');
  await rowsOf(databaseUrl, 'alter table spas drop column website cascade');
  await rowsOf(databaseUrl, 'alter table users rename to users_old');
  const answers = await Promise.all([
    ask(gateway, SPAS),
    ask(gateway, { query: SAVE, variables: { input: { name: 'Audit', website: 'https://spa.example' } }, token }),
    ask(gateway, { query: 'mutation { signIn(input: { usernameOrEmail: "hr", password: "none" }) { token } }' }),
    ask(gateway, { query: '{ users(first: 1) { nodes { id } } }', token }),
  ]);
  const problems = [
    ...leaks(answers),
    ...answers.filter(({ codes }) => codes.join() !== 'INTERNAL_SERVER_ERROR').map((answer) => `one gets ${told(answer)}`),
    ...(answers.every(({ body }) => /"requestId":"[^"]+"/.test(body)) ? [] : ['one has no requestId by which the log could be searched']),
  ];
  return verdictOf(problems, tally(answers));
}

/** More often than a query comes until it is compiled. */
const TIMES = 8;

async function newer(ctx: AuditContext): Promise<Verdict> {
  const databaseUrl = await ctx.createDatabase();
  const gateway = await ctx.gateway({ ...PRODUCTION, RESPONSE_CACHE: 'false' }, { databaseUrl });
  await rowsOf(databaseUrl, `alter type certificate_category add value 'GIFT_CARD'`);
  await rowsOf(
    databaseUrl,
    `update certificates set category = 'GIFT_CARD' where id = (select id from certificates where is_public order by generated_at desc, id desc limit 1)`,
  );
  const answers: Answer[] = [];
  for (let round = 0; round < TIMES; round++)
    answers.push(await ask(gateway, { query: '{ publicCertificates(first: 5) { nodes { number } } }' }));
  const after = await ask(gateway, SPAS);
  const problems = [
    ...answers.filter(({ codes }) => codes.join() !== 'INTERNAL_SERVER_ERROR').map((answer) => `one gets ${told(answer)}`),
    ...(answers.some(({ body }) => body.includes('GIFT_CARD')) ? ['an answer shows the value'] : []),
    ...(answers.every(({ body }) => /"requestId":"[^"]+"/.test(body)) ? [] : ['one has no requestId by which the log could be searched']),
    ...(isAnswered(after) && gateway.isAlive() ? [] : ['the gateway has ended']),
  ];
  return verdictOf(problems, `${tally(answers)}; then ${told(after)}`);
}

export const failures: readonly Check[] = [
  {
    name: 'failures: a database that goes away',
    tried: 'the connections to it cut under six requests, then six more without it',
    expected:
      'DATABASE_UNAVAILABLE or OVERLOADED with Retry-After for each without a word of the driver, /health 503, and answers again when it is back',
    run: cut,
  },
  {
    name: 'failures: tables that are not as expected',
    tried: 'a query, a change, a sign-in and a list, where a column and a table are missing',
    expected: 'INTERNAL_SERVER_ERROR with a requestId, and no word of the driver, the tables or the code',
    run: broken,
  },
  {
    name: 'failures: a row that a newer version has written',
    tried: `a page of certificates, ${TIMES} times, one of which has a category that this version does not know`,
    expected: 'INTERNAL_SERVER_ERROR with a requestId each time, without the value, and a gateway that goes on',
    run: newer,
  },
];
