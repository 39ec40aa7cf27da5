// What Apollo Client 3 and 4 make of the gateway's errors over a socket: GraphQL errors with code and issues, and no network errors.

import * as apollo4 from '@apollo/client';
import * as apollo3 from 'apollo-client-3/core/index.js';
import { expect, test } from 'vitest';
import { SPA } from '../../support/inputs.ts';
import { anApp } from '../../support/world.ts';

type Seen = {
  data: unknown;
  errors: readonly { message: string; path?: readonly (string | number)[]; extensions?: Record<string, unknown> }[];
  /** What an application takes for a failure of the connection. */
  networkError: unknown;
};
type Ask = (document: string, variables?: Record<string, unknown>) => Promise<Seen>;
type Connect = (uri: string, headers: Record<string, string>) => Ask;

const isMutation = (document: string) => document.startsWith('mutation');

const CLIENTS: Record<string, Connect> = {
  'Apollo Client 3': (uri, headers) => {
    const { ApolloClient, ApolloError, gql, HttpLink, InMemoryCache } = apollo3;
    const client = new ApolloClient({ link: new HttpLink({ uri, headers }), cache: new InMemoryCache() });
    return async (document, variables) => {
      const options = { variables, errorPolicy: 'all', fetchPolicy: 'no-cache' } as const;
      try {
        const { data, errors = [] } = isMutation(document)
          ? await client.mutate({ mutation: gql(document), ...options })
          : await client.query({ query: gql(document), ...options });
        return { data, errors, networkError: null };
      } catch (error) {
        if (!(error instanceof ApolloError)) throw error;
        return { data: undefined, errors: error.graphQLErrors, networkError: error.networkError };
      }
    };
  },
  'Apollo Client 4': (uri, headers) => {
    const { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } = apollo4;
    const client = new ApolloClient({ link: new HttpLink({ uri, headers }), cache: new InMemoryCache() });
    return async (document, variables = {}) => {
      const options = { variables, errorPolicy: 'all', fetchPolicy: 'no-cache' } as const;
      const { data, error } = isMutation(document)
        ? await client.mutate({ mutation: gql(document), ...options })
        : await client.query({ query: gql(document), ...options });
      const isOfGraphQL = CombinedGraphQLErrors.is(error);
      return { data, errors: isOfGraphQL ? error.errors : [], networkError: isOfGraphQL ? null : (error ?? null) };
    };
  },
};

test.each(Object.keys(CLIENTS))(
  '%s shows a wrong password, the issues of a form, and what is not well formed as GraphQL errors',
  async (name) => {
    const { url } = await anApp();
    const ask = (CLIENTS[name] as Connect)(url, {});
    const wrong = await ask('mutation SignIn($input: SignInInput!) { signIn(input: $input) { token } }', {
      input: { usernameOrEmail: 'user', password: 'wrong' },
    });
    expect(wrong).toMatchObject({ networkError: null, errors: [{ extensions: { code: 'UNAUTHENTICATED' }, path: ['signIn'] }] });

    const SIGN_UP = 'mutation SignUp($input: SignUpInput!) { signUp(input: $input) { token } }';
    const account = { username: 'a b', email: 'no address', password: 'long enough', firstName: 'A', lastName: 'B' };
    const form = await ask(SIGN_UP, { input: account });
    expect(form).toMatchObject({ networkError: null, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    const issues = form.errors[0]?.extensions?.issues as { path: unknown[]; message: string }[];
    expect(issues.map(({ path }) => path)).toEqual([
      ['input', 'username'],
      ['input', 'email'],
    ]);

    // Refused before anything runs: a variable, a field that the schema lacks, a screen that needs a sign-in.
    const refused = [
      await ask(SIGN_UP, { input: { ...account, role: 'ADMIN' } }),
      await ask('query Broken { passwords }'),
      await ask('query Screen { candidateForms { nodes { id } } spas(first: 1) { nodes { id } } }'),
    ];
    expect(refused.map(({ networkError, errors }) => [networkError, errors[0]?.extensions?.code])).toEqual([
      [null, 'BAD_USER_INPUT'],
      [null, 'GRAPHQL_VALIDATION_FAILED'],
      [null, 'UNAUTHENTICATED'],
    ]);
    expect(refused[2]?.data).toMatchObject({ candidateForms: null, spas: { nodes: [{ id: expect.any(String) }] } });
  },
);

test.each(Object.keys(CLIENTS))('%s shows which of several mutations was applied, and which was refused', async (name) => {
  const { url, tokens, prisma } = await anApp();
  const { token } = await tokens.sign(2);
  const ask = (CLIENTS[name] as Connect)(url, { authorization: `Bearer ${token}` });
  const { data, errors, networkError } = await ask(
    `mutation Save($a: SaveSpaInput!, $b: SaveSpaInput!) {
      a: saveSpa(input: $a) { spa { name } }
      b: saveSpa(input: $b) { spa { name } }
    }`,
    { a: { id: SPA, version: 1, name: 'Applied' }, b: { id: SPA, version: 1, name: 'Late' } },
  );
  expect(networkError).toBeNull();
  expect(data).toMatchObject({ a: { spa: { name: 'Applied' } }, b: null });
  expect(errors).toMatchObject([{ path: ['b'], extensions: { code: 'CONFLICT', field: 'version' } }]);
  expect(await prisma.spa.findUnique({ where: { id: 1 } })).toMatchObject({ name: 'Applied', version: 2 });
});
