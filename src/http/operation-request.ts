import type { IncomingMessage } from 'node:http';
import { jsonTypeFor } from './media-type.ts';
import { readBody } from './read-body.ts';

/** The parameters of one operation, as they came. */
export type Params = { query: string; operationName?: string; variables?: Record<string, unknown>; extensions?: Record<string, unknown> };

/** An ordinary request: one operation, to be answered with one JSON document. */
export type OperationRequest = {
  method: 'GET' | 'POST';
  /** The media type of the answer. */
  type: string;
  /** What the client has sent: the body, or what stands behind the question mark. */
  text: string;
  /** The same key is the same operation with the same variables. */
  key: string;
  /** The body that was read, of a POST. */
  body: Buffer | undefined;
};

type Options = { endpoint: string; maxBodyBytes: number };

/** What kind of request it is, by its head; undefined for one that is not ordinary. */
export function ordinaryType({ method, url = '', headers }: IncomingMessage, { endpoint, maxBodyBytes }: Options): string | undefined {
  const isOrdinary =
    method === 'POST'
      ? url === endpoint &&
        headers['content-encoding'] === undefined &&
        /^application\/json(; ?charset=[uU][tT][fF]-8)?$/.test(headers['content-type'] ?? '') &&
        Number(headers['content-length']) <= maxBodyBytes
      : // A browser that opens the address wants the playground.
        method === 'GET' && url.startsWith(`${endpoint}?`) && !headers.accept?.includes('text/html');
  return isOrdinary ? jsonTypeFor(headers.accept) : undefined;
}

/** Reads an ordinary request; undefined when its client goes away before it has come. */
export async function readRequest(req: IncomingMessage, type: string): Promise<OperationRequest | undefined> {
  if (req.method === 'GET') {
    const text = req.url?.slice(req.url.indexOf('?') + 1) ?? '';
    return { method: 'GET', type, text, key: `GET ${text}`, body: undefined };
  }
  const body = await readBody(req);
  if (!body) return undefined;
  const text = body.toString();
  return { method: 'POST', type, text, key: `POST ${text}`, body };
}

/** The parameters; undefined for anything but one query or mutation, and for a mutation by GET: Yoga says what is wrong with it. */
export function parseParams({ method, text }: OperationRequest): Params | undefined {
  try {
    const params = method === 'POST' ? JSON.parse(text) : paramsOf(new URLSearchParams(text));
    const others = method === 'POST' ? /\bsubscription\b/ : /\b(subscription|mutation)\b/;
    // The word may stand elsewhere than as the operation's type: the detour costs time, nothing else.
    return typeof params?.query === 'string' && !others.test(params.query) ? params : undefined;
  } catch {
    return undefined;
  }
}

function paramsOf(search: URLSearchParams): Record<string, unknown> {
  const parse = (name: string) => {
    const text = search.get(name);
    return text === null ? undefined : JSON.parse(text);
  };
  return {
    query: search.get('query'),
    operationName: search.get('operationName') || undefined,
    variables: parse('variables'),
    extensions: parse('extensions'),
  };
}
