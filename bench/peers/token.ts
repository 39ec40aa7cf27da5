// Verifies Convoy's tokens with fast-jwt, which Fastify's own plugin uses: signature, issuer, audience and time, at each request.

import { createVerifier } from 'fast-jwt';

export type Token = { userId: number; issuedAt: Date };

const verify = createVerifier({ key: process.env.SECRET_KEY, algorithms: ['HS256'], allowedIss: 'convoy', allowedAud: 'convoy-clients' });

/** Who sends a request; null for a visitor. Throws where the token is not valid. */
export function readToken(authorization: string | undefined): Token | null {
  if (!authorization) return null;
  const { sub, iat } = verify(authorization.slice('Bearer '.length)) as { sub: string; iat: number };
  return { userId: Number(sub), issuedAt: new Date(iat * 1000) };
}
