import type { Plugin } from 'graphql-yoga';

/** Answers GET /health: 200 when `isHealthy` resolves to true, else 503. The path is exact, and the answer never says why. */
export function useHealth(isHealthy: () => Promise<boolean>): Plugin {
  let asking: Promise<boolean> | undefined;
  // No limit counts this path: however many ask at once, the question is asked once.
  const ask = () =>
    (asking ??= isHealthy()
      .catch(() => false)
      .finally(() => {
        asking = undefined;
      }));
  return {
    async onRequest({ request, url, fetchAPI, endResponse }) {
      if (url.pathname !== '/health' || (request.method !== 'GET' && request.method !== 'HEAD')) return;
      const status = (await ask()) ? 200 : 503;
      endResponse(
        fetchAPI.Response.json({ status: status === 200 ? 'ok' : 'unavailable' }, { status, headers: { 'cache-control': 'no-store' } }),
      );
    },
  };
}
