// GraphQL over HTTP, by the audits of graphql-http.

import { serverAudits } from 'graphql-http';
import { verdictOf } from '../../harness/verdict.ts';
import { inTurn } from '../ask.ts';
import type { Check } from '../check.ts';
import { SHOWN } from './shape.ts';

export const httpSpec: readonly Check[] = [
  {
    name: 'http: GraphQL over HTTP',
    tried: 'the server audits of graphql-http',
    expected: 'all hold, those of what a server should and may do too',
    run: async (ctx) => {
      // Some ask for a type of the schema.
      const { url } = await ctx.gateway(SHOWN);
      const results = await inTurn(serverAudits({ url: url.replace('localhost', '127.0.0.1'), fetchFn: fetch }), ({ fn }) => fn());
      const failed = results.flatMap((result) =>
        result.status === 'ok' ? [] : [`${result.id} (${result.status}) ${result.name}: ${result.reason}`],
      );
      return verdictOf(failed, `${results.length - failed.length} of ${results.length} hold`);
    },
  },
];
