import { existsSync, globSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createHttpClient } from '../http-client.ts';
import type { ChaosContext, Scenario } from '../scenario.ts';
import { aFault } from '../under-load.ts';

const LIBRARY = globSync('/usr/lib/*/faketime/libfaketime.so.1').find((file) => existsSync(file));
/** More than a client of the traffic asks in a minute. */
const REQUESTS = 400;
const ASK = { query: '{ viewer { id } }' };

/** A clock of the gateway's own, that can be set. What waits for a time that has passed is not moved. */
async function aClock(ctx: ChaosContext) {
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-chaos-clock-'));
  ctx.defer(() => rm(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'offset');
  /** By so many seconds before the machine's. */
  const set = (seconds: number) => writeFileSync(file, `+${seconds}\n`);
  set(0);
  const settings = {
    LD_PRELOAD: LIBRARY ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    RATE_LIMIT_ENABLED: 'true',
    RATE_LIMIT_PER_MINUTE: String(REQUESTS),
    RATE_LIMIT_PER_HOUR: '100000',
    COST_PER_MINUTE: '1000000',
    LIMIT_MODES: 'enforce,fields:watch',
  };
  return { set, settings };
}

/** Statuses of as many requests as an address has in a minute, and of one more. */
async function useUp(port: number, address: string): Promise<{ last: number; beyond: number }> {
  const client = createHttpClient({ address });
  try {
    let last = 0;
    for (let i = 0; i < REQUESTS; i++) last = (await client.post(port, ASK)).status;
    return { last, beyond: (await client.post(port, ASK)).status };
  } finally {
    client.close();
  }
}

/** What somebody is answered, with a token or without: the first error's code, or the status. */
async function answerTo(port: number, address: string, token?: string): Promise<string> {
  const client = createHttpClient({ address, token });
  const { status, text } = await client.post(port, ASK).finally(client.close);
  return /"code":"(\w+)"/.exec(text)?.[1] ?? String(status);
}

export const clock: readonly Scenario[] = [
  aFault({
    name: 'clock: it is set forward',
    tried: "the gateway's clock is set forward by 61 s, then by two hours, and back again",
    obstacle: () => (LIBRARY === undefined ? 'there is no libfaketime here: apt-get install faketime' : undefined),
    must: { mayFail: /UNAUTHENTICATED/, unaffected: ['visitor', 'verifier'] },
    besides: 'windows of rates go by no clock that can be set, and tokens have expired after the two hours, with UNAUTHENTICATED',
    prepare: async (ctx) => {
      const { set, settings } = await aClock(ctx);
      const gateway = await ctx.gateway(settings);
      const { port } = gateway;
      const token = await ctx.tokenOf(1);
      return {
        ports: [port],
        rows: ctx.database.rows,
        fault: async () => {
          const [guest, user] = ['10.5.0.1', '10.5.0.2'];
          const used = await useUp(port, guest);
          const fresh = await answerTo(port, user, token);
          set(61);
          await wait(100);
          const later = await answerTo(port, guest);
          set(7200);
          await wait(500);
          const expired = await answerTo(port, user, token);
          set(0);
          await wait(100);
          const back = await answerTo(port, user, token);
          const words = `${used.last} and ${used.beyond} within the minute, ${later} as the clock is 61 s on; a token: ${fresh}, ${expired}, ${back}`;
          return words === '200 and 429 within the minute, RATE_LIMITED as the clock is 61 s on; a token: 200, UNAUTHENTICATED, 200'
            ? { words }
            : { problems: [words] };
        },
      };
    },
  }),
];
