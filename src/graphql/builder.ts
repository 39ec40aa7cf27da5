import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import ValidationPlugin from '@pothos/plugin-validation';
import { BadUserInput, Forbidden, Unauthenticated } from '../errors.ts';
import { getDatamodel } from '../generated/pothos-types.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type { Role } from '../generated/prisma/enums.ts';
import type { RowTypes } from '../resources/models.ts';
import { cacheFor } from './cache-hints.ts';
import type { Context } from './context.ts';
import EveryIssuePlugin, { keyOf } from './every-issue.ts';
import FieldRateLimitsPlugin from './field-rate-limits.ts';
import FreshMutationsPlugin from './fresh-mutations.ts';
import { resolveNodeType } from './node-types.ts';
import NullableRootsPlugin from './nullable-roots.ts';

export type SchemaTypes = {
  Context: Context;
  PrismaTypes: RowTypes;
  DefaultFieldNullability: false;
  AuthScopes: {
    /** Any signed-in user. */
    signedIn: boolean;
    /** Any of these roles. */
    roles: readonly Role[];
  };
  Scalars: {
    Date: { Input: Date; Output: Date };
    DateTime: { Input: Date; Output: Date };
    Decimal: { Input: Prisma.Decimal; Output: Prisma.Decimal };
    JSON: { Input: unknown; Output: unknown };
  };
};

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [
    NullableRootsPlugin,
    FreshMutationsPlugin,
    FieldRateLimitsPlugin,
    ScopeAuthPlugin,
    RelayPlugin,
    PrismaPlugin,
    EveryIssuePlugin,
    ValidationPlugin,
  ],
  defaultFieldNullability: false,
  prisma: {
    // Loaders read; the plugin gives the typed objects and never sends a statement of its own.
    client: () => {
      throw new Error('Rows are read through loaders, not through the Prisma plugin.');
    },
    dmmf: getDatamodel(),
  },
  relay: {
    idFieldOptions: { description: 'Unique among all objects; `node(id:)` finds the object again.' },
    nodeTypeOptions: { description: 'Anything with an id of its own.', resolveType: resolveNodeType, extensions: cacheFor('inherit') },
    // `node` and `nodes` are declared beside node-types.ts's register, which reads through loaders.
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    pageInfoTypeOptions: { description: 'Where a page of a connection lies in its list.', extensions: cacheFor('inherit') },
    hasNextPageFieldOptions: { description: 'Whether there are entries behind the page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there are entries before the page.' },
    startCursorFieldOptions: { description: 'The cursor of the first entry; null where the page is empty.' },
    endCursorFieldOptions: { description: 'The cursor of the last entry: for `after`, to read on.' },
  },
  scopeAuth: {
    authorizeOnSubscribe: true,
    unauthorizedError: () => new Forbidden(),
    authScopes: (ctx) => {
      const viewer = async () => {
        const found = await ctx.viewer();
        if (!found) throw new Unauthenticated();
        return found;
      };
      return {
        signedIn: async () => Boolean(await viewer()),
        roles: async (allowed) => allowed.includes((await viewer()).role),
      };
    },
  },
  validation: {
    validationError: ({ issues }) => new BadUserInput(issues.map(({ message, path = [] }) => ({ message, path: path.map(keyOf) }))),
  },
});

builder.queryType({ description: 'What can be read.' });
builder.mutationType({
  description: 'What can be changed. Each mutation applies entirely or not at all, and its answer shows what it wrote.',
});
builder.subscriptionType({ description: 'What can be followed, over server-sent events.' });
