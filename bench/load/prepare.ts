// Asks a server everything that the load will ask it, once, and keeps what it answers: to compare, to know the lengths, and to
// have cursors for the pages behind the first.

import { createTokens } from '../../src/tokens.ts';
import { proxyHeaders } from './addresses.ts';
import type { Prepared } from './messages.ts';
import type { Arguments, Operation, Walk } from './operations.ts';
import type { Dialect } from './phrase.ts';

/** Walks that are under way at once. */
const CONCURRENCY = 8;

export type Answer = Prepared & {
  /** Which page of which walk: the same for all servers. */
  place: string;
  /** The answer as it came. */
  text: string;
  /** The answer in the frontend's shape. */
  data: unknown;
};

/** The cursors of the pages, by the field of the operation that has them. */
const LISTS: Partial<Record<Operation, string>> = { PublicCertificates: 'publicCertificates', SpaDirectory: 'spas' };

type Page = { pageInfo: { hasNextPage: boolean; endCursor: string | null } };

/** A key and a token for each user who is asked for. */
export async function signTokens(secretKey: string, walks: readonly Walk[]): Promise<Map<number, string>> {
  const tokens = createTokens({ secretKeys: [secretKey], ttlSeconds: 86_400 });
  const ids = new Set(walks.flatMap(({ args }) => args.userId ?? []));
  return new Map(await Promise.all(Array.from(ids, async (id) => [id, (await tokens.sign(id)).token] as const)));
}

/** `isProxied`: as if each request came from somebody else, so that limits are not met. */
export async function walkAll(
  url: string,
  dialect: Dialect,
  walks: readonly Walk[],
  tokens: Map<number, string>,
  isProxied = false,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  let asked = 0;
  const waiting = walks.entries();
  const work = async () => {
    for (const [index, walk] of waiting) answers.push(...(await follow(index, walk)));
  };
  async function follow(index: number, { operation, args, pages }: Walk): Promise<Answer[]> {
    const found: Answer[] = [];
    let after = args.after;
    for (let page = 1; page <= pages; page++) {
      const token = args.userId === undefined ? undefined : tokens.get(args.userId);
      const body = dialect.phrase(operation, { ...args, after });
      const headers = { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(isProxied ? proxyHeaders(asked++) : {}) };
      const { text, data } = await ask(url, body, headers, operation, { ...args, after });
      const read = dialect.read(operation, data);
      found.push({ operation, body, text, token, length: Buffer.byteLength(text), place: `${index}/${page} ${operation}`, data: read });
      const list = LISTS[operation];
      const pageInfo = list ? (read as Record<string, Page>)[list]?.pageInfo : undefined;
      after = pageInfo?.endCursor ?? undefined;
      if (!pageInfo?.hasNextPage || after === undefined) break;
    }
    return found;
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return answers;
}

async function ask(url: string, body: string, own: Record<string, string>, operation: string, args: Arguments) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...own },
    body,
  });
  const text = await response.text();
  const problem = () => new Error(`${operation} ${JSON.stringify(args)} was answered with ${response.status}:\n${text.slice(0, 2000)}`);
  if (response.status !== 200) throw problem();
  const { data, errors } = JSON.parse(text) as { data: Record<string, unknown>; errors?: unknown };
  if (errors || !data) throw problem();
  return { text, data };
}
