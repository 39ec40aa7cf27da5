import { randomBytes } from 'node:crypto';
import type { Plugin } from 'graphql-yoga';
import { ClientError, refusalOf } from '../errors.ts';
import { acceptedBy } from '../http/media-type.ts';
import type { createPlaygroundPage } from './playground-page.ts';

/** A named example: a document of one operation, its variables, and whether it is sent with a token of the example's user. */
export type Example = { query: string; variables: Record<string, unknown>; userId?: number };

type Options = {
  endpoint: string;
  examples: readonly Example[];
  /** Makes a token for an example's user; undefined where examples are to be sent without one. */
  signIn?: (userId: number) => Promise<string>;
};

/** Scripts come from the gateway alone, and the page talks to nobody else. GraphiQL's editor writes its styles and fonts into the page. */
const policyWith = (nonce: string) =>
  [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** Whether it may be a file of the playground, all of which lie below the path of GraphQL. */
export const isPlaygroundFile = (endpoint: string, path: string): boolean =>
  path.startsWith(`${endpoint}/`) && /^playground-[\w.-]+$/.test(path.slice(endpoint.length + 1));

/** Serves GraphiQL to browsers that open the endpoint, from the package and with the examples as tabs. Nothing is loaded from elsewhere. */
export function usePlayground({ endpoint, examples, signIn }: Options): Plugin {
  const headersOf = async (userId?: number) =>
    userId === undefined || !signIn ? '' : JSON.stringify({ authorization: `Bearer ${await signIn(userId)}` }, null, 2);
  const tabOf = async ({ query, variables, userId }: Example) => ({
    query,
    variables: JSON.stringify(variables, null, 2),
    headers: await headersOf(userId),
  });
  /** Whose token a new tab has. */
  const firstUser = examples.find(({ userId }) => userId !== undefined)?.userId;
  /** A query of a link has the token of a new tab. A mutation has none: somebody else may have written the link. */
  const linked = (query: string): Example => ({ query, variables: {}, ...(/\bmutation\b/.test(query) ? {} : { userId: firstUser }) });
  let opening: ReturnType<typeof createPlaygroundPage> | undefined;

  return {
    async onRequest({ request, url, fetchAPI, endResponse }) {
      if (request.method !== 'GET' || !url.pathname.startsWith(endpoint)) return;
      const isPage = url.pathname === endpoint && acceptedBy(request.headers.get('accept') ?? undefined).page;
      if (!isPage && !isPlaygroundFile(endpoint, url.pathname)) return;
      // GraphiQL takes 40 MB of memory: not before somebody wants to see it.
      opening ??= import('./playground-page.ts')
        .then((module) => module.createPlaygroundPage('Convoy', endpoint))
        .catch((error) => {
          // Where no file could be opened for want of file descriptors, the next one who comes tries again.
          opening = undefined;
          throw error;
        });
      const page = await opening;
      const file = page.files.find(({ path }) => path === url.pathname);
      // Compressed whoever asks: only browsers do, and each of them reads gzip.
      if (file)
        return endResponse(
          new fetchAPI.Response(file.gzipped, {
            headers: {
              'content-type': file.contentType,
              'content-encoding': 'gzip',
              'cache-control': 'public, max-age=31536000, immutable',
            },
          }),
        );
      if (!isPage) {
        const { status, body } = refusalOf(new ClientError('NOT_FOUND', 'Not found. Reload the page: the playground has another version.'));
        return endResponse(fetchAPI.Response.json(body, { status, headers: { 'cache-control': 'no-store' } }));
      }

      // GraphiQL writes the query that is being edited into the address, so that it can be shared and survives a reload: it comes first.
      const query = url.searchParams.get('query');
      const shared = query && !examples.some((example) => example.query === query) ? [linked(query)] : [];
      const ordered = [...shared, ...examples.toSorted((a, b) => Number(b.query === query) - Number(a.query === query))];
      const defaultTabs = await Promise.all(ordered.map(tabOf));
      const [first] = defaultTabs;
      const props = {
        title: 'Convoy',
        defaultTabs,
        // Of tabs that are opened later.
        defaultHeaders: await headersOf(firstUser),
        // The tab that is open at first takes its editors' text from these and not from defaultTabs.
        initialQuery: first?.query,
        initialVariables: first?.variables,
        initialHeaders: first?.headers,
        // Tabs that GraphiQL restored from the browser's storage would carry tokens that have expired, or none where headers are not
        // kept: without storage each load brings the examples anew, with fresh tokens. A browser keeps nothing, tokens least of all.
        storage: null,
        shouldPersistHeaders: false,
        defaultEditorToolsVisibility: true,
      };
      const nonce = randomBytes(16).toString('base64');
      const headers = {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': policyWith(nonce),
      };
      endResponse(new fetchAPI.Response(page.render(props, endpoint, nonce), { headers }));
    },
  };
}
