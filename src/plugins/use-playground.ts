import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { Plugin } from 'graphql-yoga';

/** A named example: a document of one operation, its variables, and whether it is sent with a token of the example's user. */
export type Example = { query: string; variables: Record<string, unknown>; userId?: number };

type Options = {
  endpoint: string;
  examples: readonly Example[];
  /** Makes a token for an example's user; undefined where examples are to be sent without one. */
  signIn?: (userId: number) => Promise<string>;
};

/** Serves GraphiQL to browsers that open the endpoint, from the package and with the examples as tabs. Nothing is loaded from elsewhere. */
export function usePlayground({ endpoint, examples, signIn }: Options): Plugin {
  const tabOf = async ({ query, variables, userId }: Example) => ({
    query,
    variables: JSON.stringify(variables, null, 2),
    headers: userId === undefined || !signIn ? undefined : JSON.stringify({ authorization: `Bearer ${await signIn(userId)}` }, null, 2),
  });
  return {
    async onRequest({ request, url, fetchAPI, endResponse }) {
      if (request.method !== 'GET' || url.pathname !== endpoint || !request.headers.get('accept')?.includes('text/html')) return;
      const defaultTabs = await Promise.all(examples.map(tabOf));
      const page = renderGraphiQL({
        title: 'Convoy',
        endpoint,
        defaultTabs,
        defaultEditorToolsVisibility: true,
        shouldPersistHeaders: false,
        subscriptionsProtocol: 'SSE',
      });
      endResponse(new fetchAPI.Response(page, { headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } }));
    },
  };
}
