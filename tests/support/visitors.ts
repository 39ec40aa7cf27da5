// Visitors who ask over a real socket, and see whether an answer was kept for them.

import { expect } from 'vitest';
import { encodeId } from '../../src/graphql/ids.ts';
import { until } from './batching.ts';

export type Seen = {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: an answer has the shape of its query.
  data: any;
  /** What became of the answer: kept before, kept now, or null where it is not kept. */
  cache: string | null;
};
export type Operation = { query: string; variables?: Record<string, unknown>; operationName?: string };
type Options = { headers?: Record<string, string>; method?: 'GET' | 'POST' };

/** Asks a gateway as a visitor does. */
export async function visit(
  { url }: { url: string },
  operation: Operation,
  { headers = {}, method = 'POST' }: Options = {},
): Promise<Seen> {
  const search = new URLSearchParams(
    Object.entries(operation).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
  const response =
    method === 'GET'
      ? await fetch(`${url}?${search}`, { headers })
      : await fetch(url, { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(operation) });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
  return {
    status: response.status,
    headers: response.headers,
    text,
    data: isJson ? JSON.parse(text).data : undefined,
    cache: response.headers.get('x-cache'),
  };
}

/** Asks until the answer is kept, and returns it as it comes from there. */
export async function warm(gateway: { url: string }, operation: Operation, options: Options = {}): Promise<Seen> {
  let seen = await visit(gateway, operation, options);
  await until(async () => {
    seen = await visit(gateway, operation, options);
    return seen.cache === 'hit';
  }, `the answer of ${operation.query} is kept`);
  expect(seen.status).toBe(200);
  return seen;
}

const CERTIFICATES = 'nodes { id number holderName spa { name } template { name } issuedBy { firstName } } totalCount { value }';
const SPA_PAGE = `query ($id: ID!) { spa(id: $id) { name city hiringForms(first: 2) { nodes { forRole } totalCount { value } }
  certificates(first: 2) { ${CERTIFICATES} } } }`;
const CERTIFICATE = 'query ($number: String!) { certificate(number: $number) { holderName isPublic issuedBy { firstName } } }';

/** What visitors look at, by name. */
export const pages = (number: string): Record<string, Operation> => ({
  'spa 1': { query: SPA_PAGE, variables: { id: encodeId('Spa', 1) } },
  'spa 2': { query: SPA_PAGE, variables: { id: encodeId('Spa', 2) } },
  directory: { query: '{ spas(first: 100) { nodes { id name city } totalCount { value } } }' },
  board: { query: '{ hiringForms(first: 3) { nodes { id forRole spa { name } postedBy { firstName } } totalCount { value } } }' },
  gallery: { query: '{ templates(first: 100) { nodes { id name } totalCount { value } } }' },
  newest: { query: `{ publicCertificates(first: 3) { ${CERTIFICATES} } }` },
  certificate: { query: CERTIFICATE, variables: { number } },
  'user 5': { query: '{ node(id: "VXNlcjo1") { ... on User { firstName lastName } } }' },
});
