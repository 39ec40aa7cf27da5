import type { IncomingMessage } from 'node:http';
import { ClientError } from '../errors.ts';
import { acceptedBy, type BodyForm, bodyFormOf } from './media-type.ts';

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
  const { json: type, page } = acceptedBy(headers.accept);
  if (type === undefined) return undefined;
  if (method === 'POST') {
    if (url !== endpoint || !isJson(headers['content-type'])) return undefined;
    const text = body?.toString() ?? '';
    return { method, type, text, key: `POST ${text}` };
  }
  // A browser that opens the address wants the playground.
  if (method !== 'GET' || !url.startsWith(`${endpoint}?`) || page) return undefined;
  const text = url.slice(url.indexOf('?') + 1);
  return { method, type, text, key: `GET ${text}` };
}

/** The parameters as they came; undefined for what is no object of JSON: Yoga's way says what is wrong with it. */
export function parseParams({ method, text }: OperationRequest): Params | undefined {
  try {
    const params = paramsIn(text, method === 'POST' ? 'json' : 'form');
    return isObject(params) ? (params as Params) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What a text says, whatever it is: parameters, an array of them, or anything else. Members that are not known are left out: clients send
 * more, as `operationType`. Throws BAD_REQUEST for what is not JSON.
 */
export function paramsIn(text: string, form: BodyForm): unknown {
  if (form === 'document') return { query: text };
  if (form === 'form') return formIn(text);
  const value = parseJson(text, 'The body');
  return Array.isArray(value) ? value.map(known) : known(value);
}

/**
 * Whether the parameters of one operation, whose document is known by now, are those of a well-formed request of GraphQL over HTTP.
 * Throws BAD_REQUEST where they are not.
 */
export function checkParams(params: unknown): void {
  if (!isObject(params)) throw malformed(`The request must be an object with \`query\`, and not ${kindOf(params)}.`);
  const { query, operationName, variables, extensions } = params;
  if (query == null) throw malformed('The request has no operation: `query` is missing.');
  if (typeof query !== 'string') throw malformed(`\`query\` must be a string, and not ${kindOf(query)}.`);
  if (operationName != null && typeof operationName !== 'string')
    throw malformed(`\`operationName\` must be a string, and not ${kindOf(operationName)}.`);
  if (variables != null && !isObject(variables)) throw malformed(`\`variables\` must be an object, and not ${kindOf(variables)}.`);
  if (extensions != null && !isObject(extensions)) throw malformed(`\`extensions\` must be an object, and not ${kindOf(extensions)}.`);
}

/** Whether they carry one query or mutation, and no mutation by GET. */
export function isOrdinary({ method }: OperationRequest, { query }: Params): boolean {
  const others = method === 'POST' ? /\bsubscription\b/ : /\b(subscription|mutation)\b/;
  // The word may stand elsewhere than as the operation's type: the detour costs time, nothing else.
  return typeof query === 'string' && !others.test(query);
}

function formIn(text: string): Params & { documentId?: string } {
  const search = new URLSearchParams(text);
  const json = (name: string) => {
    const value = search.get(name);
    return value ? (parseJson(value, `\`${name}\``) as Record<string, unknown>) : undefined;
  };
  return {
    query: search.get('query') || undefined,
    documentId: search.get('documentId') ?? undefined,
    operationName: search.get('operationName') || undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  };
}

function known(params: unknown): unknown {
  if (!isObject(params)) return params;
  const { query, documentId, operationName, variables, extensions } = params;
  return { query, documentId, operationName, variables, extensions };
}

const malformed = (message: string) => new ClientError('BAD_REQUEST', message);

function parseJson(text: string, what: string): unknown {
  try {
    // Some clients begin with a mark of the byte order, which RFC 8259 lets readers ignore.
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch {
    throw malformed(`${what} is not JSON.`);
  }
}

function isJson(contentType: string | undefined): boolean {
  try {
    return bodyFormOf(contentType) === 'json';
  } catch {
    return false;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `an array`, `a number`, `null`: what there is where something else should be. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
