import type { Plugin } from 'graphql-yoga';
import { Registry } from 'prom-client';
import { type ClientError, Forbidden, Overloaded, refusalOf } from '../errors.ts';
import type { LaneContext } from '../http/fast-lane.ts';
import { type createIsOperator, METRICS_PATH } from '../http/operator.ts';
import { addError } from '../http/request-record.ts';
import { once } from './once.ts';

export type MetricsOptions = {
  /** The metrics in the text format of Prometheus: this process's own, or those of all workers. Where it rejects, the answer is 503. */
  read: () => Promise<string>;
  isOperator: ReturnType<typeof createIsOperator>;
};

/** Serves GET /metrics to operators; 403 to others. The path is exact. */
export function useMetrics({ read, isOperator }: MetricsOptions): Plugin<LaneContext, LaneContext> {
  // All workers write down their figures for it, and no limit counts this path.
  const readOnce = once(read);
  return {
    async onRequest({ request, url, serverContext, fetchAPI: { Response }, endResponse }) {
      if (url.pathname !== METRICS_PATH || (request.method !== 'GET' && request.method !== 'HEAD')) return;
      const { call } = serverContext as LaneContext;
      const refuse = (error: ClientError) => {
        const { status, headers, body } = refusalOf(error);
        if (call) addError(call.record, String(error.extensions.code));
        endResponse(Response.json(body, { status, headers: { ...headers, 'cache-control': 'no-store' } }));
      };
      if (!isOperator(call?.client, request.headers.get('authorization')))
        return refuse(new Forbidden('The metrics are for operators: ask from a private network, or with the token.'));
      const text = await readOnce().catch(() => undefined);
      if (text === undefined) return refuse(new Overloaded('The metrics of the workers are temporarily unavailable.'));
      endResponse(new Response(text, { headers: { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE, 'cache-control': 'no-store' } }));
    },
  };
}
