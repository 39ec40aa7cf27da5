// The limits of single fields, by graphql-rate-limit. The library reads what was counted, waits, and writes: calls at the same moment
// all pass. Here its store counts in the first step and refuses there, and its second step does nothing, so that it is exact.

import { getGraphQLRateLimiter, Store } from 'graphql-rate-limit';
import { RateLimited } from '../errors.ts';
import type { Client } from '../http/client.ts';
import type { Limits } from '../limits/limits.ts';
import { HOUR_MS, MINUTE_MS } from './named-windows.ts';
import type { RateLimitStore, Window } from './store.ts';

/** One limit of a field. Each call counts, those by aliases and in batches too. */
export type FieldRateLimit = {
  /** Whose calls count together: a signed-in user's or an address's, an address's whoever is signed in, or everybody's. */
  by: 'CLIENT' | 'ADDRESS' | 'EVERYBODY';
  /** Calls in any minute; undefined for no bound. */
  perMinute?: number;
  /** Calls in any hour; undefined for no bound. */
  perHour?: number;
  /** Arguments whose values have limits of their own, as paths: `input.usernameOrEmail`. Compared without case. */
  identityArgs?: readonly string[];
};

/** A call of a field. `field`: as `Mutation.signIn`. */
export type FieldCall = { field: string; args: object; client: Client };

/** The windows of a limit. */
export const windowsOf = ({ perMinute, perHour }: FieldRateLimit): Window[] => [
  ...(perMinute === undefined ? [] : [{ windowMs: MINUTE_MS, max: perMinute }]),
  ...(perHour === undefined ? [] : [{ windowMs: HOUR_MS, max: perHour }]),
];

type Limiter = ReturnType<typeof getGraphQLRateLimiter>;

/** Counts calls of fields. `check` rejects with RateLimited where one of the limits has no room. */
export function createFieldLimits({ store, limits }: { store: RateLimitStore; limits: Limits }) {
  const limiters = new WeakMap<FieldRateLimit, Limiter>();

  const limiterOf = (limit: FieldRateLimit): Limiter =>
    limiters.getOrInsertComputed(limit, () => {
      const windows = windowsOf(limit);
      class CountingStore extends Store {
        override async getForIdentity({ contextIdentity, fieldIdentity }: { contextIdentity: string; fieldIdentity: string }) {
          const verdict = await store.take(`field ${fieldIdentity} of ${contextIdentity}`, windows, 1);
          const [field = ''] = fieldIdentity.split(':', 1);
          if (!verdict.isAllowed && limits.isRefused('fields')) throw new RateLimited(`calls of ${field}`, verdict.retryAfterMs);
          return [];
        }
        override setForIdentity() {
          // It was counted already.
        }
      }
      return getGraphQLRateLimiter({
        identifyContext: ({ key, address }: Client) => (limit.by === 'CLIENT' ? key : limit.by === 'ADDRESS' ? address : 'everybody'),
        store: new CountingStore(),
      });
    });

  return {
    async check(fieldLimits: readonly FieldRateLimit[], { field, args, client }: FieldCall): Promise<void> {
      if (limits.modeOf('fields') === 'off') return;
      for (const limit of fieldLimits) {
        // Its key has the name of a field without the type, which another type may have too.
        const call = { parent: undefined, args: withoutCase(args), context: client, info: { fieldName: field } as never };
        await limiterOf(limit)(call, { max: 1, identityArgs: [...(limit.identityArgs ?? [])] });
      }
    },
  };
}

export type FieldLimits = ReturnType<typeof createFieldLimits>;

/**
 * Names are compared without case where they are looked up: here too, and by more, or each spelling would have a limit of its own.
 * Arguments come in their normal form: a field limits after its arguments were validated.
 */
function withoutCase<T>(value: T): T {
  if (typeof value === 'string') return fold(value) as T;
  if (typeof value !== 'object' || value === null || ![Object.prototype, null].includes(Object.getPrototypeOf(value))) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutCase(part)])) as T;
}

/**
 * Character by character: a sigma at the end of a word would become another letter. The database takes İ for i where JavaScript makes
 * i and a mark of it; the marks of Indic scripts are vowels, which tell names apart, and stay.
 */
const fold = (text: string) =>
  Array.from(text.normalize('NFKC').trim(), (character) => {
    const folded = character.toLowerCase().toUpperCase().toLowerCase();
    return folded.length > character.length ? folded.replaceAll(/\p{M}/gu, '') : folded;
  }).join('');
