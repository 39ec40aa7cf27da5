import type { Plugin } from 'graphql-yoga';
import { Unauthenticated } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import { bearerOf, type Tokens } from '../tokens.ts';

/** Reads `Authorization: Bearer …` into the context. A token that is not valid ends the request: its sender takes itself for signed in. */
export function useToken(tokens: Tokens): Plugin<Context> {
  return {
    async onContextBuilding({ context, extendContext }) {
      const header = (context as Context & { request: Request }).request.headers.get('authorization');
      if (!header) return extendContext({ token: undefined });
      const token = bearerOf(header);
      if (!token) throw new Unauthenticated('Send the token as: Authorization: Bearer …');
      extendContext({ token: await tokens.verify(token) });
    },
  };
}
