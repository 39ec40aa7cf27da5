import { GraphQLSchema, validateSchema } from 'graphql';
import { StartError } from '../../errors.ts';

/**
 * The schema without root types that have no fields: an application may have no mutations, or no subscriptions. Throws StartError for a
 * schema that is not valid, which graphql-js would tell each request.
 */
export function usableSchema(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig();
  const empty = [config.mutation, config.subscription].filter((root) => root && Object.keys(root.getFields()).length === 0);
  const usable =
    empty.length === 0
      ? schema
      : new GraphQLSchema({
          ...config,
          mutation: empty.includes(config.mutation) ? undefined : config.mutation,
          subscription: empty.includes(config.subscription) ? undefined : config.subscription,
          types: config.types.filter((type) => !empty.includes(type as never)),
        });
  const [first, ...others] = validateSchema(usable);
  if (first)
    throw new StartError(`The GraphQL schema is not valid: ${first.message}${others.length > 0 ? ` (and ${others.length} more)` : ''}`);
  return usable;
}
