import { createHash } from 'node:crypto';
import { type JWTHeaderParameters, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { Unauthenticated } from './errors.ts';

/** Who a request comes from, as its token says. What they may do is read from the database at each request. */
export type Token = { userId: number; issuedAt: Date; expiresAt: Date };

export type Tokens = ReturnType<typeof createTokens>;

const ISSUER = 'convoy';
const AUDIENCE = 'convoy-clients';
/** How far the clocks of two gateways may differ. */
const MAX_SKEW_MS = 5_000;
/** Tokens that were verified and need not be again: a client sends the same one with each request. */
const MAX_REMEMBERED = 10_000;

/**
 * Signs and verifies tokens (JWT, HS256). `secretKeys`: the first signs, all verify, so that a key is rotated by putting a new one
 * in front and dropping the old one when its tokens have expired. `ttlSeconds`: how long a token lives.
 */
export function createTokens({ secretKeys, ttlSeconds }: { secretKeys: readonly string[]; ttlSeconds: number }) {
  const keys = new Map(secretKeys.map((secret) => [keyId(secret), new TextEncoder().encode(secret)]));
  const [signingKey] = keys;
  if (!signingKey) throw new Error('There is no key to sign tokens with.');

  const verified = new LRUCache<string, Token>({ max: MAX_REMEMBERED });

  return {
    /** `since`: from when on it is valid, default now. */
    async sign(userId: number, since = new Date()): Promise<{ token: string; expiresAt: Date }> {
      // To the millisecond, which RFC 7519 allows: a token from just before a change of the password differs from one just after it.
      const issuedAt = since.getTime() / 1000;
      const expiresAt = Math.floor(issuedAt) + ttlSeconds;
      const token = await new SignJWT()
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: signingKey[0] })
        .setSubject(String(userId))
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(signingKey[1]);
      return { token, expiresAt: new Date(expiresAt * 1000) };
    },

    /** The token of an Authorization header; undefined for one that is not valid. For those who need no reason. */
    async read(header: string): Promise<Token | undefined> {
      const token = bearerOf(header);
      return token === undefined ? undefined : await this.verify(token).catch(() => undefined);
    },

    /** Throws Unauthenticated when the token is expired, changed, issued in the future, signed by another key or made for another audience. */
    async verify(token: string): Promise<Token> {
      const known = verified.get(token);
      if (known && known.expiresAt.getTime() > Date.now()) return known;
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
      const { sub = '', iat = 0, exp = 0 } = payload;
      if (!/^[1-9]\d{0,9}$/.test(sub)) throw new Unauthenticated('The token is not valid: sign in again.');
      const issuedAt = new Date(Math.round(iat * 1000));
      // A moment to come would outlast every change of the password. jose compares it only where tokens have a greatest age.
      // Numbers that are no moment are neither before nor after any.
      const expiresAt = new Date(exp * 1000);
      if (!(issuedAt.getTime() <= Date.now() + MAX_SKEW_MS) || Number.isNaN(expiresAt.getTime()))
        throw new Unauthenticated('The token is not valid: sign in again.');
      const result = Object.freeze({ userId: Number(sub), issuedAt, expiresAt });
      verified.set(token, result);
      return result;
    },
  };
}

/** What stands behind `Bearer` in an Authorization header. */
export const bearerOf = (header: string): string | undefined => /^Bearer +(\S+)$/i.exec(header)?.[1];

/** A name for a key that does not give it away, so that a token says which one signed it. */
const keyId = (secret: string) => createHash('sha256').update(`convoy key id ${secret}`).digest('base64url').slice(0, 8);
