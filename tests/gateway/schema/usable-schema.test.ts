import { buildSchema, GraphQLObjectType, GraphQLSchema, GraphQLString, graphqlSync, validateSchema } from 'graphql';
import { expect, test } from 'vitest';
import { StartError } from '../../../src/errors.ts';
import { usableSchema } from '../../../src/gateway/schema/usable-schema.ts';

test('root types that no module has added to are left out, and the others stay', () => {
  const [mutation, subscription] = ['Mutation', 'Subscription'].map((name) => new GraphQLObjectType({ name, fields: {} }));
  const query = new GraphQLObjectType({ name: 'Query', fields: { hello: { type: GraphQLString, resolve: () => 'there' } } });
  const declared = new GraphQLSchema({ query, mutation, subscription });
  expect(validateSchema(declared).map(({ message }) => message)).toEqual([
    'Type Mutation must define one or more fields.',
    'Type Subscription must define one or more fields.',
  ]);
  const schema = usableSchema(declared);
  expect(graphqlSync({ schema, source: '{ hello __schema { mutationType { name } subscriptionType { name } } }' })).toEqual({
    data: { hello: 'there', __schema: { mutationType: null, subscriptionType: null } },
  });
  expect(Object.keys(schema.getTypeMap())).not.toContain('Mutation');
});

test('a schema that has all of its root types is the same object', () => {
  const schema = buildSchema('type Query { a: Int } type Mutation { a: Int } type Subscription { a: Int }');
  expect(usableSchema(schema)).toBe(schema);
});

test('a schema that is not valid ends the start with the first thing that is wrong', () => {
  const empty = new GraphQLObjectType({ name: 'Empty', fields: {} });
  const reserved = new GraphQLObjectType({ name: '__Reserved', fields: { a: { type: GraphQLString } } });
  const query = new GraphQLObjectType({ name: 'Query', fields: { empty: { type: empty }, reserved: { type: reserved } } });
  const use = () => usableSchema(new GraphQLSchema({ query }));
  expect(use).toThrow(StartError);
  expect(use).toThrow(/^The GraphQL schema is not valid: [^\n]+ \(and 1 more\)$/);
});
