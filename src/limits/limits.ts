// The limits that a request meets, and what happens to one that is beyond: nothing, a count, or a refusal.

import { ClientError } from '../errors.ts';

/** Each limit with what it bounds. README's table is checked against it. */
export const LIMITS = {
  requests: 'Requests of a client, a minute and an hour',
  points: 'Points that the operations of a client cost, a minute',
  fields: 'Calls of fields that carry `@rateLimit`',
  cost: 'Points that one operation may cost',
  depth: 'Fields below each other, introspection apart',
  aliases: 'Fields with an alias, fragments written out',
  rootFields: 'Fields of the root, fragments written out',
  directives: 'Directives of a document',
  tokens: 'Tokens of a document',
  body: 'Bytes of a request, decompressed',
  variables: 'Bytes of the variables, and how deep they are nested',
  subscriptions: 'Subscriptions of a client that are open at once',
  pressure: 'The delay of the event loop and of what waits, beyond which anonymous operations are shed, the dearest first',
} as const;

export type LimitName = keyof typeof LIMITS;

/** `watch` counts what `enforce` would refuse, and lets it pass. */
export const LIMIT_MODES = ['off', 'watch', 'enforce'] as const;
export type LimitMode = (typeof LIMIT_MODES)[number];

/** How large an operation may be. */
export type OperationMaxima = {
  /** Fields below each other, introspection apart. Default 12. */
  depth: number;
  /** Fields with an alias, fragments written out. Default 30. */
  aliases: number;
  /** Fields of the root, fragments written out. Default 20. */
  rootFields: number;
  /** Directives of the document. Default 50. */
  directives: number;
  /** Tokens of the document. Default 2000. */
  tokens: number;
  /** Variables as JSON, in bytes. Default 262144. */
  variablesBytes: number;
  /** Lists and objects within each other in a variable. Default 10. */
  variablesDepth: number;
};

export const OPERATION_MAXIMA: OperationMaxima = {
  depth: 12,
  aliases: 30,
  rootFields: 20,
  directives: 50,
  tokens: 2000,
  variablesBytes: 262_144,
  variablesDepth: 10,
};

/** What was met: `refused`, or `watched` where it would have been. */
export type LimitAction = 'refused' | 'watched';

export type Limits = {
  modeOf(limit: LimitName): LimitMode;
  /** Counts a request that is beyond a limit, and tells whether it is to be refused. */
  isRefused(limit: LimitName): boolean;
};

export type LimitsOptions = {
  /** Where a limit has none, it is enforced. */
  modes?: Partial<Record<LimitName, LimitMode>>;
  /** Called for each request that is beyond a limit, whether it is refused or not. */
  count?: (limit: LimitName, action: LimitAction) => void;
};

export function createLimits({ modes = {}, count }: LimitsOptions = {}): Limits {
  const modeOf = (limit: LimitName) => modes[limit] ?? 'enforce';
  return {
    modeOf,
    isRefused(limit) {
      const mode = modeOf(limit);
      if (mode === 'off') return false;
      count?.(limit, mode === 'enforce' ? 'refused' : 'watched');
      return mode === 'enforce';
    },
  };
}

/** The refusal of an operation that is larger than a limit allows. `what`: what is counted, as in `aliases`. */
export function limitExceeded(limit: LimitName, what: string, { max, actual }: { max: number; actual: number }): ClientError {
  const is = Number.isFinite(actual) && actual < Number.MAX_SAFE_INTEGER ? actual.toLocaleString('en') : 'far more';
  return new ClientError('LIMIT_EXCEEDED', `The operation has ${is} ${what}; at most ${max.toLocaleString('en')} are allowed.`, {
    limit: { name: limit, max, ...(is === 'far more' ? {} : { actual }) },
  });
}
