import { createHash } from 'node:crypto';
import { type JWTHeaderParameters, jwtVerify, SignJWT } from 'jose';
import { Unauthenticated } from './errors.ts';

/** Who a request comes from, as its token says. What they may do is read from the database at each request. */
export type Token = { userId: number; issuedAt: Date; expiresAt: Date };

export type Tokens = ReturnType<typeof createTokens>;

const ISSUER = 'convoy';
const AUDIENCE = 'convoy-clients';

/**
 * Signs and verifies tokens (JWT, HS256). `secretKeys`: the first signs, all verify, so that a key is rotated by putting a new one
 * in front and dropping the old one when its tokens have expired. `ttlSeconds`: how long a token lives.
 */
export function createTokens({ secretKeys, ttlSeconds }: { secretKeys: readonly string[]; ttlSeconds: number }) {
  const keys = new Map(secretKeys.map((secret) => [keyId(secret), new TextEncoder().encode(secret)]));
  const [signingKey] = keys;
  if (!signingKey) throw new Error('There is no key to sign tokens with.');

  return {
    async sign(userId: number): Promise<{ token: string; expiresAt: Date }> {
      const issuedAt = Math.floor(Date.now() / 1000);
      const token = await new SignJWT()
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: signingKey[0] })
        .setSubject(String(userId))
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + ttlSeconds)
        .sign(signingKey[1]);
      return { token, expiresAt: new Date((issuedAt + ttlSeconds) * 1000) };
    },

    /** Throws Unauthenticated when the token is expired, changed, signed by another key or made for another audience. */
    async verify(token: string): Promise<Token> {
      const keyOf = ({ kid }: JWTHeaderParameters) => {
        const key = keys.get(kid ?? '');
        if (!key) throw new Error('unknown key');
        return key;
      };
      const { payload } = await jwtVerify(token, keyOf, {
        issuer: ISSUER,
        audience: AUDIENCE,
        algorithms: ['HS256'],
        requiredClaims: ['sub', 'iat', 'exp'],
      }).catch((error) => {
        const isExpired = error.code === 'ERR_JWT_EXPIRED';
        throw new Unauthenticated(isExpired ? 'The token has expired: sign in again.' : 'The token is not valid: sign in again.');
      });
      const { sub, iat = 0, exp = 0 } = payload;
      return { userId: Number(sub), issuedAt: new Date(iat * 1000), expiresAt: new Date(exp * 1000) };
    },
  };
}

/** A name for a key that does not give it away, so that a token says which one signed it. */
const keyId = (secret: string) => createHash('sha256').update(`convoy key id ${secret}`).digest('base64url').slice(0, 8);
