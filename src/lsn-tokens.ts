import { createHmac, timingSafeEqual } from 'node:crypto';

/** A position behind everything that a server will ever write: for a write of which nobody knows where it ends. */
export const BEHIND_ALL = 2n ** 64n - 1n;

export type LsnTokens = ReturnType<typeof createLsnTokens>;

/** Of a code of 32 bytes, so many are sent: nobody guesses 16. */
const MAC_BYTES = 16;
/** Position and end in base 36, code in base64url. */
const FORM = /^([0-9a-z]{1,13})\.([0-9a-z]{1,9})\.([\w-]{22})$/;

/**
 * Signs and reads positions in the primary's write-ahead log, as viewers carry them from a write of theirs to their reads: short texts for
 * a cookie or a header. `secretKeys`: the first signs, all verify. `ttlSeconds`: how long one is believed.
 */
export function createLsnTokens({ secretKeys, ttlSeconds }: { secretKeys: readonly string[]; ttlSeconds: number }) {
  // The words before keep a code for one thing from being taken for another's.
  const codeOf = (secret: string, text: string) =>
    createHmac('sha256', secret).update(`convoy lsn ${text}`).digest().subarray(0, MAC_BYTES);
  const [signingKey] = secretKeys;
  if (signingKey === undefined) throw new Error('There is no key to sign positions with.');

  return {
    ttlSeconds,
    sign(lsn: bigint): string {
      const endsAt = Math.floor(Date.now() / 1000) + ttlSeconds;
      const text = `${lsn.toString(36)}.${endsAt.toString(36)}`;
      return `${text}.${codeOf(signingKey, text).toString('base64url')}`;
    },
    /** The position of a token; undefined for one that was not signed here, or is too old. */
    read(token: string): bigint | undefined {
      const [, lsn = '', end = '', code = ''] = FORM.exec(token) ?? [];
      if (lsn === '' || Number.parseInt(end, 36) * 1000 < Date.now()) return undefined;
      const given = Buffer.from(code, 'base64url');
      if (!secretKeys.some((secret) => timingSafeEqual(codeOf(secret, `${lsn}.${end}`), given))) return undefined;
      let value = 0n;
      for (const digit of lsn) value = value * 36n + BigInt(Number.parseInt(digit, 36));
      return value;
    },
  };
}
