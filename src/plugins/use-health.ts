import type { Plugin } from 'graphql-yoga';
import type { MaybePromise } from '../batching/maybe-promise.ts';
import type { LaneContext } from '../http/fast-lane.ts';
import { type createIsOperator, HEALTH_PATHS } from '../http/operator.ts';
import { once } from './once.ts';

export type HealthOptions = {
  /** Whether requests can be answered. One that rejects is a no. */
  isReady: () => Promise<boolean>;
  /** What operators see beside. Default nothing. */
  figures?: () => MaybePromise<Record<string, unknown>>;
};

/**
 * Answers GET /health and /health/ready: 200 where requests can be answered, else 503, and never why. /health has the figures too, for
 * operators. /health/live is 200 as long as the process answers. The paths are exact.
 */
export function useHealth({
  isReady,
  figures = () => ({}),
  isOperator,
}: HealthOptions & { isOperator: ReturnType<typeof createIsOperator> }): Plugin<LaneContext, LaneContext> {
  // No limit counts these paths.
  const ask = once(() => isReady().catch(() => false));
  // What is not to be had is left out.
  const askFigures = once(async () => await Promise.resolve(figures()).catch(() => ({})));
  return {
    async onRequest({ request, url, serverContext, fetchAPI, endResponse }) {
      if (!HEALTH_PATHS.includes(url.pathname) || (request.method !== 'GET' && request.method !== 'HEAD')) return;
      const status = url.pathname === '/health/live' || (await ask()) ? 200 : 503;
      const { call } = serverContext as LaneContext;
      const shows = url.pathname === '/health' && isOperator(call?.client, request.headers.get('authorization'));
      endResponse(
        fetchAPI.Response.json(
          { status: status === 200 ? 'ok' : 'unavailable', ...(shows && (await askFigures())) },
          { status, headers: { 'cache-control': 'no-store' } },
        ),
      );
    },
  };
}
