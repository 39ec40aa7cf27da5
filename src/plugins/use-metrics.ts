import type { Plugin } from 'graphql-yoga';
import type { Registry } from 'prom-client';
import type { LaneContext } from '../http/fast-lane.ts';
import type { createIsOperator } from '../http/operator.ts';

export type MetricsOptions = {
  registry: Registry;
  isOperator: ReturnType<typeof createIsOperator>;
};

/** Serves GET /metrics to operators; 403 to others. The path is exact. */
export function useMetrics({ registry, isOperator }: MetricsOptions): Plugin<LaneContext, LaneContext> {
  return {
    async onRequest({ request, url, serverContext, fetchAPI, endResponse }) {
      if (url.pathname !== '/metrics' || request.method !== 'GET') return;
      const answer = isOperator((serverContext as LaneContext).call?.client, request.headers.get('authorization'))
        ? new fetchAPI.Response(await registry.metrics(), {
            headers: { 'content-type': registry.contentType, 'cache-control': 'no-store' },
          })
        : fetchAPI.Response.json({ errors: [{ message: 'The metrics are not open to you.' }] }, { status: 403 });
      endResponse(answer);
    },
  };
}
