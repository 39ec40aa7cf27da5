// More work than the gateway has time for: who is sent away, and in which order.

import { setTimeout as wait } from 'node:timers/promises';
import type { Gateway } from '../../harness/gateway.ts';
import { type Verdict, verdictOf } from '../../harness/verdict.ts';
import { ask, isAnswered, tally, times, told } from '../ask.ts';
import type { AuditContext, Check, Settings } from '../check.ts';
import type { Answer } from '../client.ts';

/** A gateway that takes a few milliseconds for an emergency: here requests alone can make one. */
const NERVOUS: Settings = { RATE_LIMIT_ENABLED: 'false', MAX_EVENT_LOOP_DELAY_MS: '2' };
const KEPT = { query: '{ spas(first: 7) { nodes { id name } } }' };
const CHEAP = { query: '{ viewer { id } }' };
const DEAR = { query: '{ publicCertificates(first: 99) { nodes { id } } viewer { id } }' };
/** Each has a text of its own, which must be parsed and validated: little to send, and much to do. */
const heavy = (i: number) => ({
  query: times(180, (j) => `query Q${j} { viewer { id email } __typename }`).join(` # ${i}\n`),
  operationName: 'Q0',
});
const AT_ONCE = 30;
const PATIENCE_MS = 15_000;

/** Keeps a gateway busy with operations of somebody who is signed in, until it is stopped; returns how they were answered. */
function press(gateway: Gateway, token: string): () => Promise<string[]> {
  let isOn = true;
  const seen: string[] = [];
  let started = 0;
  const workers = times(AT_ONCE, async () => {
    while (isOn)
      seen.push(await ask(gateway, { ...heavy(started++), token, timeoutMs: PATIENCE_MS }).then(told, (error: Error) => error.message));
  });
  return async () => {
    isOn = false;
    await Promise.all(workers);
    return seen;
  };
}

async function overload(ctx: AuditContext): Promise<Verdict> {
  const gateway = await ctx.gateway(NERVOUS);
  const token = await ctx.tokenOf('ADMIN');
  const once = (asked: typeof CHEAP) => ask(gateway, { ...asked, timeoutMs: PATIENCE_MS });
  for (let i = 0; i < 3; i++) await once(KEPT);
  const release = press(gateway, token);
  const rounds: { kept: Answer; cheap: Answer; dear: Answer; known: Answer }[] = [];
  const isShed = (answer: Answer) => told(answer) === '503 OVERLOADED' && Number(answer.headers['retry-after']) > 0;
  const start = performance.now();
  while (performance.now() - start < PATIENCE_MS && !rounds.some(({ cheap }) => isShed(cheap))) {
    const [kept, cheap, dear, known] = await Promise.all([
      once(KEPT),
      once(CHEAP),
      once(DEAR),
      ask(gateway, { ...DEAR, token, timeoutMs: PATIENCE_MS }),
    ]);
    rounds.push({ kept, cheap, dear, known });
  }
  const others = await release();
  const released = performance.now();
  let back = await once(DEAR);
  while (!isAnswered(back) && performance.now() - released < PATIENCE_MS) {
    await wait(200);
    back = await once(DEAR);
  }
  const firstShed = (of: 'cheap' | 'dear') => rounds.findIndex((round) => isShed(round[of]));
  const answered = (answers: readonly Answer[]) => answers.filter((one) => !isAnswered(one)).map((one) => told(one));
  const problems = [
    ...(firstShed('dear') >= 0 && firstShed('cheap') >= 0 ? [] : [`strangers are not shed: ${tally(rounds.map(({ dear }) => dear))}`]),
    ...(firstShed('dear') <= firstShed('cheap') ? [] : ['the cheap ones are shed before the dear ones']),
    ...answered(rounds.map(({ known }) => known)).map((one) => `somebody who is signed in gets ${one}`),
    ...answered(rounds.map(({ kept }) => kept)).map((one) => `a kept answer is ${one}`),
    ...(rounds.every(({ kept }) => kept.headers['x-cache'] === 'hit') ? [] : ['a kept answer is made anew']),
    ...others.filter((one) => one !== '200').map((one) => `one of those who are signed in gets ${one}`),
    ...(isAnswered(back) ? [] : [`when it is over, strangers still get ${told(back)}`]),
  ];
  return verdictOf(
    problems,
    `dear ones shed in round ${firstShed('dear') + 1}, cheap ones in round ${firstShed('cheap') + 1}; ${others.length} of signed-in users answered; all let in again after ${Math.round(performance.now() - released)} ms`,
  );
}

export const overloads: readonly Check[] = [
  {
    name: 'overload: who is sent away',
    tried: `${AT_ONCE} heavy operations of a signed-in user at a time, and a dear, a cheap and a kept one of strangers beside them`,
    expected: 'strangers get 503 with Retry-After, the dear ones first; users and kept answers are served; strangers are back afterwards',
    run: overload,
  },
];
