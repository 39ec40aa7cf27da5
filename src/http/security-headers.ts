import type { Client } from './client.ts';

/** For answers that are no pages: nothing of them may run, be framed, or be taken for something else. */
const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** RFC 6797 forbids it over HTTP: only a proxy knows. A year. */
const SECURE_HEADERS = { ...HEADERS, 'strict-transport-security': 'max-age=31536000' };

/** The headers of every answer, under small names. */
export const securityHeaders = ({ isSecure }: Pick<Client, 'isSecure'>): Record<string, string> => (isSecure ? SECURE_HEADERS : HEADERS);
