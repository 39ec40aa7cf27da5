// An attack by a single request: what it must get, how soon, and that the gateway serves others after it.

import { verdictOf } from '../../harness/verdict.ts';
import { ACCEPT, type Asked, afterwards, ask, told } from '../ask.ts';
import { type AuditContext, type Check, OPEN, type Settings } from '../check.ts';
import { type Answer, type Sent, send } from '../client.ts';

/** How soon anything that is refused, or is little work, must be answered. */
export const BOUND_MS = 2000;

export type Attack = {
  name: string;
  tried: string;
  /** What the answer must be, in the words of `told`: `400 LIMIT_EXCEEDED`. A list: any of them. */
  expected: string | readonly string[];
  /** The limit that must be named, where one is exceeded. */
  limit?: string;
  /** An operation, or a request. Made when it is run: it may be large. */
  asked?: () => Asked;
  sent?: () => Sent;
  /** Default: no limits of rates. */
  settings?: Settings;
  /** What else must be true of the answer; in words where it is not. */
  flaw?: (answer: Answer, ctx: AuditContext) => string | undefined;
};

const accepting = (sent: Sent): Sent => ({ ...sent, headers: { accept: ACCEPT, ...sent.headers } });

/** A check of an attack. `concern`: before the colon of its name. */
export const attackOf =
  (concern: string) =>
  ({ name, tried, expected, limit, asked, sent, settings = OPEN, flaw }: Attack): Check => {
    const expectations = typeof expected === 'string' ? [expected] : expected;
    return {
      name: `${concern}: ${name}`,
      tried,
      expected: `${expectations.join(' or ')}${limit ? ` (${limit})` : ''} within ${BOUND_MS / 1000} s, and an ordinary query is answered after it`,
      run: async (ctx) => {
        const gateway = await ctx.gateway(settings);
        const answer = sent ? await send(gateway, accepting(sent())) : await ask(gateway, asked?.() ?? {});
        const met = answer.errors[0]?.extensions.limit?.name;
        const wrong = flaw?.(answer, ctx);
        const problems = [
          ...(expectations.includes(told(answer)) ? [] : [`it gets ${told(answer)} ${answer.errors[0]?.message ?? ''}`]),
          ...(limit === undefined || met === limit ? [] : [`the limit is ${met ?? 'not named'}`]),
          ...(answer.ms < BOUND_MS ? [] : [`it takes ${answer.ms} ms`]),
          ...(wrong === undefined ? [] : [wrong]),
          ...(await afterwards(gateway)),
        ];
        return verdictOf(problems, `${told(answer)} in ${answer.ms} ms`);
      },
    };
  };
