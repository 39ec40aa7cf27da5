// What operations may cost, one by one and in a minute.

import type { Gateway } from '../../harness/gateway.ts';
import { type Verdict, verdictOf } from '../../harness/verdict.ts';
import { encodeId } from '../../src/graphql/ids.ts';
import { type Asked, ask, at, inTurn, isAnswered, tally, times, told } from '../ask.ts';
import { type AuditContext, type Check, OPEN, type Settings } from '../check.ts';
import { type Answer, send } from '../client.ts';

const BUDGET = 400;
const BUDGETED: Settings = {
  RATE_LIMIT_PER_MINUTE: '100000',
  RATE_LIMIT_PER_HOUR: '100000',
  COST_PER_MINUTE: String(BUDGET),
  TRUSTED_PROXIES: 'loopback',
};

const NESTED = 'query ($n: Int) { spas(first: $n) { nodes { hiringForms(first: $n) { nodes { id postedBy { id } } } } } }';
const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Spa { certificates(first: 20) { nodes { id } } } } }';
const ids = (count: number) => times(count, (i) => encodeId('Spa', i + 1));

/** Statements that the gateway has sent for operations, by its own count. */
async function statements(gateway: Gateway): Promise<number> {
  const { body } = await send(gateway, { method: 'GET', target: '/metrics' });
  return Number(/^convoy_request_statements_sum(?:\{.*?\})? (\d+)/m.exec(body)?.[1] ?? Number.NaN);
}

/** Sends an operation that is too dear, and one like it that is not. */
async function refused(ctx: AuditContext, dear: Asked, cheap: Asked): Promise<Verdict> {
  const gateway = await ctx.gateway(OPEN);
  const before = await statements(gateway);
  const answer = await ask(gateway, dear);
  const sent = (await statements(gateway)) - before;
  const control = await ask(gateway, cheap);
  const problems = [
    ...(answer.codes.join() === 'LIMIT_EXCEEDED' && answer.errors[0]?.extensions.limit?.name === 'cost' ? [] : [`it gets ${told(answer)}`]),
    ...(sent === 0 ? [] : [`${sent} statements are sent`]),
    ...(answer.ms < 1000 ? [] : [`it takes ${answer.ms} ms`]),
    ...(control.status === 200 && control.errors.length === 0 ? [] : [`the cheaper one gets ${told(control)}`]),
  ];
  return verdictOf(
    problems,
    `${told(answer)} (${answer.errors[0]?.message}) in ${answer.ms} ms, no statement; the cheaper one gets ${told(control)}`,
  );
}

const tooDear = (name: string, tried: string, dear: Asked, cheap: Asked): Check => ({
  name: `cost: ${name}`,
  tried,
  expected: 'LIMIT_EXCEEDED before any statement is sent; less of the same is answered',
  run: (ctx) => refused(ctx, dear, cheap),
});

/** Points, by the header of an answer. */
const leftOf = ({ headers }: Answer): number => Number(/"points";r=(\d+)/.exec(headers.ratelimit ?? '')?.[1] ?? Number.NaN);

/** Pages of 100, each with another name, so that none is answered from what is kept. */
const page = (i: number, filter: string) => ({
  query: `query Page${i} { publicCertificates(first: 100, filter: { search: "${filter}" }) { nodes { id } } }`,
});

async function spend(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(BUDGETED);
  const answers = await inTurn(
    times(12, (i) => i),
    (i) => ask(gateway, { ...page(i, ''), from: '203.0.113.50' }),
  );
  const first = answers.findIndex(({ status }) => status === 429);
  const costs = answers.map(({ json }) => Number(at(json, 'extensions.cost.actual') ?? 0));
  const spent = costs.reduce((sum, cost) => sum + cost, 0);
  const refusal = answers[first];
  const problems = [
    ...(refusal ? [] : [`${spent} points were spent, and nothing was refused`]),
    ...(spent <= BUDGET ? [] : [`${spent} points were spent`]),
    ...(refusal && /points/.test(refusal.errors[0]?.message ?? '') && Number(refusal.headers['retry-after']) > 0
      ? []
      : ['the refusal does not say so']),
    ...(answers.slice(first).every(({ status }) => status === 429) ? [] : ['some came through later']),
  ];
  return verdictOf(problems, `${tally(answers)}; ${spent} points spent; "${refusal?.errors[0]?.message}"`);
}

async function comeBack(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(BUDGETED);
  const answers = await inTurn(
    times(12, (i) => i),
    (i) => ask(gateway, { ...page(i, 'nobody has this name'), from: '203.0.113.51' }),
  );
  const requested = answers.reduce((sum, { json }) => sum + Number(at(json, 'extensions.cost.requested') ?? 0), 0);
  const left = leftOf(answers.at(-1) as Answer);
  return {
    happened: `${tally(answers)}; ${requested} points estimated, ${BUDGET - left} spent`,
    holds: answers.every(isAnswered) && requested > BUDGET && BUDGET - left <= 2 * answers.length,
  };
}

async function agree(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(BUDGETED);
  const query = '{ rateLimit { cost maxCost budgets { name limit remaining } } publicCertificates(first: 20) { nodes { id } } }';
  const asked = { query, token: await ctx.tokenOf('SPA_MANAGER') };
  const [first, second] = [await ask(gateway, asked), await ask(gateway, asked)];
  const cost = at(second.json, 'extensions.cost') as Record<string, number> | undefined;
  const told = at(second.json, 'data.rateLimit') as
    | { cost: number; maxCost: number; budgets: { name: string; remaining: number }[] }
    | undefined;
  const remaining = (name: string) => told?.budgets.find((budget) => budget.name === name)?.remaining ?? Number.NaN;
  const { requested = Number.NaN, actual = Number.NaN } = cost ?? {};
  const problems = [
    ...(told?.cost === requested && told.maxCost === cost?.max ? [] : ['rateLimit.cost is not extensions.cost']),
    ...(remaining('points') + requested - actual === leftOf(second) ? [] : ['rateLimit and the header differ on points']),
    ...(leftOf(first) - actual === leftOf(second) ? [] : [`the header falls by ${leftOf(first) - leftOf(second)}, the cost is ${actual}`]),
    ...(second.headers.ratelimit?.includes(`"minute";r=${remaining('minute')};`) ? [] : ['rateLimit and the header differ on requests']),
    ...(actual <= requested ? [] : ['more was charged than estimated']),
  ];
  return verdictOf(problems, `estimated ${requested}, charged ${actual}, left ${leftOf(second)}, in all three`);
}

export const cost: readonly Check[] = [
  tooDear(
    'lists in lists',
    '100 openings of 100 spas',
    { query: NESTED.replaceAll('$n)', '100)').replace('query ($n: Int)', 'query') },
    { query: NESTED.replaceAll('$n)', '5)').replace('query ($n: Int)', 'query') },
  ),
  tooDear(
    'sizes in variables',
    'the same with the sizes in a variable',
    { query: NESTED, variables: { n: 100 } },
    { query: NESTED, variables: { n: 5 } },
  ),
  tooDear(
    'sizes by default',
    'the same with a default of the variable',
    { query: NESTED.replace('Int', 'Int = 100') },
    { query: NESTED.replace('Int', 'Int = 5') },
  ),
  tooDear(
    'nodes by ids',
    'lists of 100 objects by their ids',
    { query: NODES, variables: { ids: ids(100) } },
    { query: NODES, variables: { ids: ids(3) } },
  ),
  {
    name: 'cost: points of a minute',
    tried: `pages of 100 rows, one after the other, where ${BUDGET} points a minute are allowed`,
    expected: 'no more than that is spent; then 429, which says so, with Retry-After',
    run: spend,
  },
  {
    name: 'cost: points that were not used',
    tried: '12 pages of 100 that turn out empty',
    expected: 'all are answered, and next to nothing is spent',
    run: comeBack,
  },
  {
    name: 'cost: what answers say of it',
    tried: 'the query `rateLimit` beside a page, twice',
    expected: 'its figures, extensions.cost and the header RateLimit agree',
    run: agree,
  },
];
