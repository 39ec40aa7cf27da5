import type { IncomingMessage } from 'node:http';
import { jsonTypeFor } from './media-type.ts';

/** The parameters of one operation, as they came. */
export type Params = {
  /** Absent where the document is known by a hash. */
  query?: string;
  operationName?: string;
  variables?: Record<string, unknown>;
  extensions?: Record<string, unknown>;
};

/** An ordinary request: one operation, to be answered with one JSON document. */
export type OperationRequest = {
  method: 'GET' | 'POST';
  /** The media type of the answer. */
  type: string;
  /** What the client has sent: the body, or what stands behind the question mark. */
  text: string;
  /** The same key is the same operation with the same variables. */
  key: string;
};

/** Reads an ordinary request, with the body that has come; undefined for one that is not ordinary, by its head. */
export function readOperation(req: IncomingMessage, endpoint: string, body: Buffer | undefined): OperationRequest | undefined {
  const { method, url = '', headers } = req;
  const isOrdinaryHead =
    method === 'POST'
      ? url === endpoint && /^application\/json(; ?charset=[uU][tT][fF]-8)?$/.test(headers['content-type'] ?? '')
      : // A browser that opens the address wants the playground.
        method === 'GET' && url.startsWith(`${endpoint}?`) && !headers.accept?.includes('text/html');
  const type = isOrdinaryHead ? jsonTypeFor(headers.accept) : undefined;
  if (type === undefined) return undefined;
  const text = method === 'GET' ? url.slice(url.indexOf('?') + 1) : (body?.toString() ?? '');
  return { method: method as 'GET' | 'POST', type, text, key: `${method} ${text}` };
}

/** The parameters as they came; undefined for what is no object of JSON: Yoga says what is wrong with it. */
export function parseParams({ method, text }: OperationRequest): Params | undefined {
  try {
    const params = method === 'POST' ? JSON.parse(text) : paramsOf(new URLSearchParams(text));
    return typeof params === 'object' && params !== null && !Array.isArray(params) ? params : undefined;
  } catch {
    return undefined;
  }
}

/** Whether they carry one query or mutation, and no mutation by GET. */
export function isOrdinary({ method }: OperationRequest, { query }: Params): boolean {
  const others = method === 'POST' ? /\bsubscription\b/ : /\b(subscription|mutation)\b/;
  // The word may stand elsewhere than as the operation's type: the detour costs time, nothing else.
  return typeof query === 'string' && !others.test(query);
}

function paramsOf(search: URLSearchParams): Record<string, unknown> {
  const parse = (name: string) => {
    const text = search.get(name);
    return text === null ? undefined : JSON.parse(text);
  };
  return {
    query: search.get('query') ?? undefined,
    ...(search.has('documentId') ? { documentId: search.get('documentId') } : {}),
    operationName: search.get('operationName') || undefined,
    variables: parse('variables'),
    extensions: parse('extensions'),
  };
}
