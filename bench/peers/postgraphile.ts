// PostGraphile 5 with its Amber preset over a schema of views, see ../database/visitor-views.sql. What SQL does not say well, amounts in
// words and a duration, is added as its documentation shows it: by plans that read columns and call a function.

import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { TYPES } from 'postgraphile/@dataplan/pg';
import { makePgService } from 'postgraphile/adaptors/pg';
import { context, lambda, type Step } from 'postgraphile/grafast';
import { grafserv } from 'postgraphile/grafserv/node';
import { sql } from 'postgraphile/pg-sql2';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { extendSchema, gql } from 'postgraphile/utils';
import { Prisma } from '../../src/generated/prisma/client.ts';
import { durationBetween } from '../../src/modules/certificate/dates.ts';
import { inWords } from '../../src/modules/certificate/money.ts';
import { announce } from './announce.ts';
import { DATABASE_URL, POOL_SIZE } from './pool.ts';
import { readToken } from './token.ts';

declare global {
  namespace Grafast {
    interface Context {
      viewerId: number | null;
      issuedAt: string | null;
    }
  }
}

/** What a plan reads of a column: text, or null. */
type Text = string | null;

const words = (amount: Text) => amount && inWords(new Prisma.Decimal(amount));

const plugin = extendSchema((build) => {
  const { viewers } = build.input.pgRegistry.pgResources;
  if (!viewers) throw new Error('There is no view of viewers.');
  return {
    typeDefs: gql`
      extend type Query { signedIn: Viewer }
      extend type Certificate { salaryInWords: String totalInWords: String duration: String }
    `,
    objects: {
      Query: {
        plans: {
          signedIn() {
            const $issuedAt = context().get('issuedAt');
            const $viewers = viewers.find({ id: context().get('viewerId') });
            $viewers.where(sql`${$viewers.alias}.tokens_valid_from <= ${$viewers.placeholder($issuedAt, TYPES.timestamptz)}`);
            return $viewers.single();
          },
        },
      },
      Certificate: {
        plans: {
          salaryInWords: ($certificate) => lambda($certificate.get('salary') as Step<Text>, words),
          totalInWords: ($certificate) => lambda($certificate.get('total') as Step<Text>, words),
          duration: ($certificate) =>
            lambda([$certificate.get('joining_date') as Step<Text>, $certificate.get('end_date') as Step<Text>] as const, ([start, end]) =>
              start && end ? durationBetween(new Date(start), new Date(end)) : null,
            ),
        },
      },
    },
  };
});

const server = createServer();
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [plugin],
  // Without global ids nothing is reached but by the fields that are meant.
  disablePlugins: ['MutationPlugin', 'NodePlugin', 'AddNodeInterfaceToSuitableTypesPlugin', 'NodeAccessorPlugin'],
  pgServices: [makePgService({ connectionString: DATABASE_URL, schemas: ['visitor'], poolConfig: { max: POOL_SIZE }, pubsub: false })],
  grafast: {
    context: ({ node }) => {
      const token = readToken(node?.req.headers.authorization);
      return { viewerId: token?.userId ?? null, issuedAt: token?.issuedAt.toISOString() ?? null };
    },
    explain: false,
  },
  grafserv: { graphqlPath: '/graphql', watch: false, graphiql: false, websockets: false },
});
await instance.createServ(grafserv).addTo(server);
server.listen(0, '127.0.0.1', () => announce(server.address()));
