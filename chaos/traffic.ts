// A small, steady load: clients that ask, wait a moment, and ask again, whatever they are answered.

import { setTimeout as wait } from 'node:timers/promises';
import { createRandom } from '../bench/load/random.ts';
import type { ErrorCode } from '../src/errors.ts';
import { createHttpClient, type HttpClient, type Reply } from './http-client.ts';
import { type ClientRole, nextOperation, type Operation, type World } from './operations.ts';

/** What became of one request. Moments are those of `performance.now()`, in milliseconds. */
export type Outcome = {
  role: ClientRole;
  startedAt: number;
  endedAt: number;
  /** What went wrong, such as `OVERLOADED` or `ECONNRESET`; undefined where the answer was the right one. */
  error?: string;
  /** Whether it was a query that a connection had died under, and that was sent once more. */
  isRetried: boolean;
};

/** A write that was sent. */
export type Write = NonNullable<Operation['write']> & { isAcknowledged: boolean };

export type TrafficOptions = {
  /** Of the gateways: clients are spread over them, each stays with one. */
  ports: readonly number[];
  clients: number;
  /** Of users; members take them in turn. */
  tokens: readonly string[];
  world: World;
  /** What the markers of this traffic begin with. */
  name: string;
};

export type Traffic = { outcomes: readonly Outcome[]; writes: readonly Write[]; stop: () => Promise<void> };

const ROLES: readonly ClientRole[] = ['visitor', 'verifier', 'member'];
const [LEAST_PAUSE_MS, MORE_PAUSE_MS] = [200, 400];
const WRONG = 'a wrong answer';

/** Errors after which an HTTP client may send a query once more: the connection has died under it. */
const DEAD = /^(ECONNRESET|EPIPE)$/;

export function startTraffic({ ports, clients, tokens, world, name }: TrafficOptions): Traffic {
  const outcomes: Outcome[] = [];
  const writes: Write[] = [];
  const stopping = new AbortController();
  let markers = 0;

  async function perform(client: HttpClient, port: number, role: ClientRole, operation: Operation): Promise<Operation | undefined> {
    const { query, variables, write } = operation;
    const written = write && { ...write, isAcknowledged: false };
    if (written) writes.push(written);
    const startedAt = performance.now();
    const end = (isRetried: boolean, error?: string) => {
      outcomes.push({ role, startedAt, endedAt: performance.now(), error, isRetried });
    };
    for (const isRetried of [false, true]) {
      try {
        const reply = await client.post(port, { query, variables });
        const { data, error } = understood(reply);
        const isRight = error === undefined && operation.isRight(data);
        // The code says that it was applied, and that its result could not be read.
        if (written) written.isAcknowledged = error === undefined || error === 'RESULT_UNAVAILABLE';
        end(isRetried, error ?? (isRight ? undefined : WRONG));
        return isRight ? operation.follow?.(data) : undefined;
      } catch (error) {
        const code = String((error as NodeJS.ErrnoException).code ?? error);
        if (!write && !isRetried && DEAD.test(code)) continue;
        end(isRetried, code);
        return undefined;
      }
    }
    return undefined;
  }

  async function act(i: number): Promise<void> {
    const role = ROLES[i % ROLES.length] as ClientRole;
    const port = ports[Math.floor(i / ROLES.length) % ports.length] as number;
    const token = role === 'member' ? tokens[i % tokens.length] : undefined;
    const client = createHttpClient({ address: `10.9.${i >> 8}.${i & 255}`, token });
    const random = createRandom(i + 1);
    let following: Operation | undefined;
    while (!stopping.signal.aborted) {
      const pauseMs = LEAST_PAUSE_MS + random.below(MORE_PAUSE_MS);
      await wait(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) break;
      following = await perform(client, port, role, following ?? nextOperation(role, world, random, () => `${name}-${markers++}`));
    }
    client.close();
  }

  const acting = Array.from({ length: clients }, (_, i) => act(i));
  return {
    outcomes,
    writes,
    /** Resolves when everything that was under way has ended. */
    stop: async () => {
      stopping.abort();
      await Promise.all(acting);
    },
  };
}

/** Codes of answers that say when to try again. */
const TRY_LATER: ReadonlySet<string> = new Set(['RATE_LIMITED', 'OVERLOADED', 'DATABASE_UNAVAILABLE'] satisfies ErrorCode[]);

type Answer = { data?: unknown; errors?: { extensions?: { code?: string } }[] };

function understood({ status, headers, text }: Reply): { data?: unknown; error?: string } {
  let answer: Answer = {};
  try {
    answer = JSON.parse(text) as Answer;
  } catch {
    return { error: `${status} that is no JSON` };
  }
  const codes = [...new Set((answer.errors ?? []).map(({ extensions }) => extensions?.code ?? 'an error without a code'))];
  if (status === 200 && codes.length === 0) return { data: answer.data };
  // The status is 200 where there is data, and for JSON: the codes tell.
  const told = codes.length > 0 ? codes.join(' and ') : String(status);
  const comesBack = status === 503 || codes.some((code) => TRY_LATER.has(code));
  return { error: comesBack && headers['retry-after'] === undefined ? `${told} without Retry-After` : told };
}
