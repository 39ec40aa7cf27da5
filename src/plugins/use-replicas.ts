import { type ExecutionResult, getOperationAST } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Reader, Route } from '../batching/read-routes.ts';
import { DeadlineExceeded } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import type { LaneContext } from '../http/fast-lane.ts';
import type { Call } from '../http/guard.ts';
import { BEHIND_ALL, type LsnTokens } from '../lsn-tokens.ts';

export type ReplicasOptions<R extends Reader> = {
  routeBy: (pick: () => R | undefined) => Route;
  /** A replica that may be read and, where a position is given, has replayed up to there. */
  pick: (lsn?: bigint) => R | undefined;
  /** Whether the primary answers, as far as one knows. */
  isPrimaryThere: () => boolean;
  /** A position behind everything that was committed before the call. */
  writtenUpTo: () => Promise<bigint>;
  tokens: LsnTokens;
};

/** A browser may send a cookie for each path and domain that ever set it, and a proxy joins headers; a head full of them is not read. */
const MAX_TOKENS = 4;

export const LSN_COOKIE = 'convoy_lsn';
export const LSN_HEADER = 'x-convoy-lsn';

/**
 * Lets queries read from replicas, each from one that shows what its viewer wrote last, and tells who has written how far that is, as
 * a cookie and a header, which are taken back in either. Mutations and subscriptions read the primary, and so does a query whose
 * answer others may get: what a replica that lags answers must never be kept after the change was announced.
 */
export function useReplicas<R extends Reader>({ routeBy, pick, isPrimaryThere, writtenUpTo, tokens }: ReplicasOptions<R>): Plugin<Context> {
  /** What requests with several operations have been told, so that the largest is sent. */
  const told = new WeakMap<Call, bigint>();

  /** The furthest position that a request carries and that was signed here. */
  function positionOf({ headers }: Request): bigint | undefined {
    const cookies = headers.get('cookie')?.matchAll(COOKIES).take(MAX_TOKENS) ?? [];
    const carried = Array.from(cookies, ([, value = '']) => value);
    carried.push(...(headers.get(LSN_HEADER)?.split(',', MAX_TOKENS) ?? []));
    let furthest: bigint | undefined;
    for (const token of carried) {
      const lsn = tokens.read(token.trim());
      if (lsn !== undefined && (furthest === undefined || lsn > furthest)) furthest = lsn;
    }
    return furthest;
  }

  async function tell(call: Call, { data, errors }: ExecutionResult): Promise<void> {
    const isUnderWay = errors?.some((error) => error instanceof DeadlineExceeded);
    // Refused before anything was done.
    if (data === undefined && !isUnderWay) return;
    // What goes on ends nobody knows where; a position that cannot be had is not known either.
    const lsn = isUnderWay ? BEHIND_ALL : await writtenUpTo().catch(() => BEHIND_ALL);
    if (lsn <= (told.get(call) ?? -1n)) return;
    told.set(call, lsn);
    const token = tokens.sign(lsn);
    call.headers[LSN_HEADER] = token;
    const secure = call.client.isSecure ? '; Secure' : '';
    call.headers['set-cookie'] = `${LSN_COOKIE}=${token}; Path=/; Max-Age=${tokens.ttlSeconds}; HttpOnly; SameSite=Lax${secure}`;
  }

  return {
    onExecute({ args }) {
      const { loaders, request, call } = args.contextValue as Context & LaneContext & { request: Request };
      const operation = getOperationAST(args.document, args.operationName)?.operation;
      if (operation === 'query') {
        if (!loaders.dependencies)
          loaders.follow(
            routeBy(() => pick(positionOf(request))),
            isPrimaryThere,
          );
        return;
      }
      if (operation !== 'mutation' || !call) return;
      return {
        async onExecuteDone({ result }) {
          if (!isAsyncIterable(result)) await tell(call, result as ExecutionResult);
        },
      };
    },
  };
}

const COOKIES = new RegExp(`(?:^|;)\\s*${LSN_COOKIE}=([^;\\s]+)`, 'g');
