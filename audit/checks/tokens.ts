// Tokens that somebody has made up or changed.

import { createHmac, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { type Verdict, verdictOf } from '../../harness/verdict.ts';
import { ask, at, told } from '../ask.ts';
import { type AuditContext, type Check, OPEN } from '../check.ts';

type Claims = Record<string, unknown>;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());

/** A token of any header and claims. `sign`: what stands behind the second dot. */
function made(header: object, claims: Claims, sign: (text: string) => string): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign(text)}`;
}

const hmac = (algorithm: string, key: string) => (text: string) => createHmac(algorithm, key).update(text).digest('base64url');

/** What a valid token consists of. Changes of it are valid but for the change. */
async function parts(ctx: AuditContext) {
  const token = await ctx.tokenOf('ADMIN');
  const [head = '', body = '', signature = ''] = token.split('.');
  const header: { alg: string; typ: string; kid: string } = decode(head);
  const claims: Claims = decode(body);
  const right = hmac('sha256', ctx.secretKey);
  const changed = (changes: Claims) => made(header, { ...claims, ...changes }, right);
  return { token, head, body, signature, header, claims, right, changed, now: Math.floor(Date.now() / 1000) };
}

type Parts = Awaited<ReturnType<typeof parts>>;

function signedWithRsa({ header, claims }: Parts): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return made({ ...header, alg: 'RS256' }, claims, (text) => createSign('sha256').update(text).sign(privateKey, 'base64url'));
}

/** Each gives the Authorization header, or the token alone. */
const falseTokens: Record<string, (valid: Parts) => string> = {
  'algorithm none': ({ header, claims }) => made({ ...header, alg: 'none' }, claims, () => ''),
  'algorithm nOnE, with a signature': ({ header, claims, signature }) => made({ ...header, alg: 'nOnE' }, claims, () => signature),
  'another key': ({ header, claims }) => made(header, claims, hmac('sha256', randomBytes(36).toString('base64'))),
  'an empty key': ({ header, claims }) => made(header, claims, hmac('sha256', '')),
  'its own name of the key as the key': ({ header, claims }) => made(header, claims, hmac('sha256', header.kid)),
  'RS256 with a key of the sender': signedWithRsa,
  'RS256 over an HMAC with the right key': ({ header, claims, right }) => made({ ...header, alg: 'RS256' }, claims, right),
  'HS512 with the right key': ({ header, claims }) => made({ ...header, alg: 'HS512' }, claims, () => 'x'.repeat(86)),
  'no name of a key': ({ header, claims, right }) => made({ ...header, kid: undefined }, claims, right),
  'an unknown name of a key': ({ header, claims, right }) => made({ ...header, kid: '../../dev/null' }, claims, right),
  'a name of a key from every object': ({ header, claims, right }) => made({ ...header, kid: 'constructor' }, claims, right),
  'a key in the header': ({ header, claims }) =>
    made({ ...header, kid: undefined, jwk: { kty: 'oct', k: encode('mine') } }, claims, hmac('sha256', JSON.stringify('mine'))),
  'an extension that must be understood': ({ header, claims, right }) => made({ ...header, crit: ['x'], x: 1 }, claims, right),
  'another issuer': ({ changed }) => changed({ iss: 'somebody' }),
  'no issuer': ({ changed }) => changed({ iss: undefined }),
  'another audience': ({ changed }) => changed({ aud: 'others' }),
  expired: ({ changed, now }) => changed({ iat: now - 7200, exp: now - 3600 }),
  'expired a second ago': ({ changed, now }) => changed({ iat: now - 60, exp: now - 1 }),
  'from the future': ({ changed, now }) => changed({ iat: now + 3600, exp: now + 7200 }),
  'not valid yet': ({ changed, now }) => changed({ nbf: now + 3600 }),
  'without an end': ({ changed }) => changed({ exp: undefined }),
  'an end that is no number': ({ changed }) => changed({ exp: 'never' }),
  'a beginning that is no moment': ({ changed }) => changed({ iat: -1e300 }),
  'an end that is no moment': ({ changed }) => changed({ exp: 1e300 }),
  'without a beginning': ({ changed }) => changed({ iat: undefined }),
  'without a user': ({ changed }) => changed({ sub: undefined }),
  'a user that is no number': ({ changed }) => changed({ sub: '1 or 1=1' }),
  'another user behind the same signature': ({ head, claims, signature }) => `${head}.${encode({ ...claims, sub: '1' })}.${signature}`,
  'cut off': ({ token }) => token.slice(0, -6),
  'without a signature': ({ head, body }) => `${head}.${body}.`,
  'one letter of the signature changed': ({ token }) => `${token.slice(0, -10)}${token.at(-10) === 'A' ? 'B' : 'A'}${token.slice(-9)}`,
  '8 KB of letters': () => 'x'.repeat(8192),
  '8 KB of claims, with another key': ({ header, claims }) =>
    made(header, { ...claims, more: 'x'.repeat(6000) }, hmac('sha256', 'another')),
  Basic: () => `Basic ${Buffer.from('admin:convoy-demo').toString('base64')}`,
  'Bearer without a token': () => 'Bearer',
  'a token without Bearer': ({ token }) => `Token ${token}`,
  'two tokens': ({ token }) => `Bearer ${token} ${token}`,
};

async function tryOut(ctx: AuditContext, make: (valid: Parts) => string): Promise<Verdict> {
  const gateway = await ctx.gateway(OPEN);
  const text = make(await parts(ctx));
  // What the gateway must not print either, as long as it is no common word.
  if (text.length > 20) ctx.secrets.add(text);
  const authorization = /^(Basic|Bearer|Token)\b/.test(text) ? text : `Bearer ${text}`;
  const answer = await ask(gateway, { query: '{ viewer { id } spas(first: 1) { nodes { id } } }', headers: { authorization } });
  const data = at(answer.json, 'data');
  return {
    happened: `${told(answer)}${data == null ? '' : ` with ${JSON.stringify(data)}`}`,
    holds: told(answer) === '401 UNAUTHENTICATED' && data == null,
  };
}

export const tokens: readonly Check[] = [
  {
    name: 'tokens: a valid one',
    tried: 'a token of the demo admin, and a second one whose claims are put together by the audit',
    expected: 'both are the admin: what is refused below is refused for its fault alone',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const { token, changed } = await parts(ctx);
      const answers = [
        await ask(gateway, { query: '{ viewer { username } }', token }),
        await ask(gateway, { query: '{ viewer { username } }', token: changed({}) }),
      ];
      const names = answers.map(({ json }) => at(json, 'data.viewer.username'));
      return verdictOf(names.every((name) => name === 'admin') ? [] : [answers.map(told).join(', ')], names.join(', '));
    },
  },
  ...Object.entries(falseTokens).map(
    ([name, make]): Check => ({
      name: `tokens: ${name}`,
      tried: 'a query with such a token',
      expected: '401 UNAUTHENTICATED, and no data',
      run: (ctx) => tryOut(ctx, make),
    }),
  ),
];
