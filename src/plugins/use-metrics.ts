import { createHash, timingSafeEqual } from 'node:crypto';
import type { Plugin } from 'graphql-yoga';
import type { Registry } from 'prom-client';
import type { LaneContext } from '../http/fast-lane.ts';

export type MetricsOptions = {
  registry: Registry;
  /** Opens the metrics to whoever sends it as `Authorization: Bearer …`, from anywhere. Default none. */
  token?: string;
};

/** Serves GET /metrics to this machine, to private networks, and to whoever has the token; 403 to others. The path is exact. */
export function useMetrics({ registry, token }: MetricsOptions): Plugin<LaneContext, LaneContext> {
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`);
  const isOpenTo = (request: Request, { call }: LaneContext): boolean => {
    if (call?.client.isPrivate) return true;
    const given = request.headers.get('authorization');
    return expected !== undefined && given !== null && timingSafeEqual(digest(given), expected);
  };
  return {
    async onRequest({ request, url, serverContext, fetchAPI, endResponse }) {
      if (url.pathname !== '/metrics' || request.method !== 'GET') return;
      const answer = isOpenTo(request, serverContext as LaneContext)
        ? new fetchAPI.Response(await registry.metrics(), {
            headers: { 'content-type': registry.contentType, 'cache-control': 'no-store' },
          })
        : fetchAPI.Response.json({ errors: [{ message: 'The metrics are not open to you.' }] }, { status: 403 });
      endResponse(answer);
    },
  };
}

/** Of the same length whatever is given, so that a comparison takes the same time. */
const digest = (text: string) => createHash('sha256').update(text).digest();
