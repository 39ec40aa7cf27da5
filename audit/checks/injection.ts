// Text that wants to be SQL, a pattern or an object, wherever the schema takes text.

import { type Verdict, verdictOf } from '../../harness/verdict.ts';
import { isFailure } from '../../src/errors.ts';
import { ask, at, inTurn, tally, times } from '../ask.ts';
import { type AuditContext, type Check, OPEN } from '../check.ts';
import type { Answer } from '../client.ts';
import { fieldsWithText, readSchema, textInputs } from '../schema-inputs.ts';

const TEXTS: readonly unknown[] = [
  "' or 1=1 --",
  "'; drop table users; --",
  '%',
  '_',
  '\\',
  '\u0000',
  '\ud800',
  { $ne: null },
  ['a', 'b'],
  `${'💆'.repeat(20_000)}\u202e`,
];
/** What comes from PostgreSQL, Prisma or a stack. */
const DRIVER = /prisma|postgres|syntax error|relation|column|stack|node_modules|at .*\.ts/i;
const AT_ONCE = 8;

/** What is wrong with the answer to hostile text. */
function flawOf({ status, codes, errors, ms }: Answer): string | undefined {
  if (status >= 500) return `it gets ${status}`;
  const failure = codes.find(isFailure);
  if (failure) return `something went wrong in the gateway: ${failure}`;
  // Where an error stands in the document is said as a line and a column.
  const words = errors.find(({ message, path, extensions }) => DRIVER.test(JSON.stringify({ message, path, extensions })));
  if (words) return `it says ${JSON.stringify(words).slice(0, 200)}`;
  return ms > 5000 ? `it takes ${ms} ms` : undefined;
}

async function everywhere(ctx: AuditContext, token: string | undefined): Promise<Verdict> {
  const gateway = await ctx.gateway(OPEN);
  const schema = readSchema();
  const inputs = textInputs(schema);
  const unreached = fieldsWithText(schema).filter((field) => !inputs.some(({ name }) => name.startsWith(`${field}(`)));
  const attempts = inputs.flatMap(({ name, query, variables }) => TEXTS.map((text) => ({ name, text, query, variables })));
  const flaws = unreached.map((field) => `${field} was not reached`);
  const answers: Answer[] = [];
  let next = 0;
  await Promise.all(
    times(AT_ONCE, async () => {
      for (let attempt = attempts[next++]; attempt; attempt = attempts[next++]) {
        const { name, text, query, variables } = attempt;
        const accept = query.startsWith('subscription') ? 'text/event-stream' : 'application/json';
        const answer = await ask(gateway, { query, variables: variables(text), token, headers: { accept } });
        answers.push(answer);
        const flaw = flawOf(answer);
        if (flaw) flaws.push(`${name} with ${JSON.stringify(text)?.slice(0, 30)}: ${flaw}`);
      }
    }),
  );
  return verdictOf(flaws, `${attempts.length} requests: ${tally(answers.map(({ status }) => String(status)))}`);
}

const LISTS = ['spas', 'publicCertificates', 'certificates', 'candidateForms', 'users', 'templates', 'hiringForms'];

async function patterns(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway({ ...OPEN, MAX_COST: '10000' }, { isKept: false });
  const token = await ctx.tokenOf('SUPER_ADMIN');
  const countOf = async (list: string, search: string) => {
    const query = `query ($search: String) { ${list}(filter: { search: $search }) { nodes { id } totalCount { value } } }`;
    const answer = await ask(gateway, { query, variables: { search }, token });
    return Number(at(answer.json, `data.${list}.totalCount.value`) ?? Number.NaN);
  };
  const flaws = await inTurn(LISTS, async (list) => {
    const all = await countOf(list, '');
    const found = await inTurn(['%', '_', '%%', '__', '\\', '%_%', "' or ''='"], async (search) => ({
      search,
      count: await countOf(list, search),
    }));
    return found.filter(({ count }) => !(count < all / 2)).map(({ search, count }) => `${list} by ${search} finds ${count} of ${all}`);
  });
  return verdictOf(flaws.flat(), `none of ${LISTS.length} lists gives more for them`);
}

const MOMENTS: readonly unknown[] = [
  ...[
    'infinity',
    '-infinity',
    'now',
    'today',
    'allballs',
    '0000-01-01 00:00:00+00',
    '4714-11-23 00:00:00+00 BC',
    '4714-11-24 00:00:00+00 BC',
  ],
  ...['294276-12-31 23:59:59.999999+00', '294277-01-01 00:00:00+00', '5874897-12-31', '2026-02-30 00:00:00+00', '2026-03-31 24:00:00+00'],
  ...['2026-03-31T09:30:00.000Z', '2026-03-31 09:30:00.123456+00', '2026-03-31 09:30:00+05:30', '', 'NaN', '\u0000'],
  ...[null, 0, 1e300, true, [], {}],
];
const IDS: readonly unknown[] = [1, -1, 0, 2 ** 31, 1.5, '1', null];

/** Cursors that are made as the gateway makes them, and lead to no row. */
async function cursors(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(OPEN);
  const answers = await inTurn(
    MOMENTS.flatMap((moment) => IDS.map((id) => ['Query.publicCertificates', moment, id])),
    async (values) => {
      const cursor = Buffer.from(JSON.stringify(values)).toString('base64url');
      const query = `query ($cursor: String) { after: publicCertificates(first: 1, after: $cursor) { nodes { id } } before: publicCertificates(last: 1, before: $cursor) { nodes { id } } }`;
      return { values, answer: await ask(gateway, { query, variables: { cursor } }) };
    },
  );
  const flaws = answers.flatMap(({ values, answer }) => {
    const flaw = flawOf(answer);
    return flaw ? [`${JSON.stringify(values)}: ${flaw}`] : [];
  });
  return verdictOf(flaws, `${answers.length} requests: ${tally(answers.map(({ answer }) => answer))}`);
}

export const injection: readonly Check[] = [
  {
    name: 'injection: patterns in searches',
    tried: '%, _ and backslashes in the search of every list',
    expected: 'they stand for themselves, and do not find everything',
    run: patterns,
  },
  {
    name: 'injection: forged cursors',
    tried: 'well-made cursors with moments that PostgreSQL has not, or has and JavaScript has not',
    expected: 'a page, or BAD_USER_INPUT; no 5xx',
    run: cursors,
  },
  {
    name: 'injection: as a visitor',
    tried: 'SQL, patterns, objects, NUL, half characters and 80 KB of emoji in every place of the schema that takes text',
    expected: 'no failure of the gateway, and no words of the database or the code',
    run: (ctx) => everywhere(ctx, undefined),
  },
  {
    name: 'injection: as a super admin',
    tried: 'the same by somebody who may do everything',
    expected: 'no failure of the gateway, and no words of the database or the code',
    run: async (ctx) => everywhere(ctx, await ctx.tokenOf('SUPER_ADMIN')),
  },
];
