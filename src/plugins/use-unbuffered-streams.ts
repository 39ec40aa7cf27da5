import type { Plugin } from 'graphql-yoga';

/** Tells proxies to pass event streams on as they come: nginx and its relatives would hold events back until there are enough of them. */
export function useUnbufferedStreams(): Plugin {
  return {
    onResponse({ response }) {
      if (response.headers.get('content-type')?.startsWith('text/event-stream')) response.headers.set('x-accel-buffering', 'no');
    },
  };
}
