// A Pothos plugin: `rateLimit` of a field, which the schema shows as a directive.

import SchemaBuilder, {
  BasePlugin,
  type FieldNullability,
  type InputFieldMap,
  type PothosOutputFieldConfig,
  type SchemaTypes,
  type TypeParam,
} from '@pothos/core';
import {
  DirectiveLocation,
  GraphQLDirective,
  GraphQLEnumType,
  type GraphQLFieldResolver,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLResolveInfo,
  GraphQLString,
  responsePathAsArray,
} from 'graphql';
import type { FieldRateLimit } from '../rate-limit/field-limits.ts';
import type { Context } from './context.ts';

const pluginName = 'fieldRateLimits';

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      fieldRateLimits: FieldRateLimitsPlugin<Types>;
    }

    // The names and defaults of the parameters are Pothos's: a declaration that is merged must repeat them.
    export interface FieldOptions<
      Types extends SchemaTypes = SchemaTypes,
      ParentShape = unknown,
      Type extends TypeParam<Types> = TypeParam<Types>,
      Nullable extends FieldNullability<Type> = FieldNullability<Type>,
      Args extends InputFieldMap = InputFieldMap,
      ResolveShape = unknown,
      ResolveReturnShape = unknown,
    > {
      /** How often the field may be called: all of these limits hold. */
      rateLimit?: readonly FieldRateLimit[];
    }
  }
}

export class FieldRateLimitsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const limits = limitsOf(field);
    if (limits.length === 0) return field;
    return { ...field, extensions: { ...field.extensions, directives: { rateLimit: limits.map(argumentsOf) } } };
  }

  override wrapResolve(
    resolver: GraphQLFieldResolver<unknown, Types['Context'], object>,
    field: PothosOutputFieldConfig<Types>,
  ): typeof resolver {
    const limits = limitsOf(field);
    if (limits.length === 0) return resolver;
    const name = `${field.parentType}.${field.name}`;
    return async (parent, args, ctx, info) => {
      const { client, fieldLimits } = ctx as Context;
      await once(ctx, info, () => fieldLimits.check(limits, { field: name, args, client }));
      return await resolver(parent, args, ctx, info);
    };
  }
}

/** What was decided of the fields of a query, by their paths. */
const decided = new WeakMap<object, Map<string, Promise<void>>>();

/** Decides once about a field of a query: one that does not fit its compiled form is executed again, and calls the field once all the same. */
function once(ctx: object, { operation, path }: GraphQLResolveInfo, check: () => Promise<void>): Promise<void> {
  if (operation.operation !== 'query') return check();
  const known = decided.getOrInsertComputed(ctx, () => new Map());
  return known.getOrInsertComputed(responsePathAsArray(path).join('.'), check);
}

const limitsOf = ({ pothosOptions }: { pothosOptions: object }): readonly FieldRateLimit[] =>
  (pothosOptions as { rateLimit?: readonly FieldRateLimit[] }).rateLimit ?? [];

const argumentsOf = ({ by, perMinute, perHour, identityArgs }: FieldRateLimit) => ({
  by,
  ...(perMinute === undefined ? {} : { perMinute }),
  ...(perHour === undefined ? {} : { perHour }),
  ...(identityArgs === undefined ? {} : { identityArgs }),
});

const RateLimitKey = new GraphQLEnumType({
  name: 'RateLimitKey',
  description: 'Whose calls count together.',
  values: {
    ADDRESS: { description: 'Those of an address, whoever is signed in.' },
    CLIENT: { description: 'Those of a signed-in user; of an address where nobody is signed in.' },
    EVERYBODY: { description: 'Those of everybody.' },
  },
});

/** Shows in the schema what `rateLimit` says. Clients cannot send it. */
export const rateLimitDirective = new GraphQLDirective({
  name: 'rateLimit',
  description: 'How often a field may be called, aliases and batches counted each. Beyond: RATE_LIMITED, and `Retry-After` in seconds.',
  locations: [DirectiveLocation.FIELD_DEFINITION],
  isRepeatable: true,
  args: {
    by: { type: new GraphQLNonNull(RateLimitKey), description: 'Whose calls count together.' },
    perMinute: { type: GraphQLInt, description: 'Calls in any minute.' },
    perHour: { type: GraphQLInt, description: 'Calls in any hour.' },
    identityArgs: {
      type: new GraphQLList(new GraphQLNonNull(GraphQLString)),
      description: 'Arguments whose values have limits of their own.',
    },
  },
});

SchemaBuilder.registerPlugin(pluginName, FieldRateLimitsPlugin);

export default pluginName;
