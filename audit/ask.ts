// GraphQL over the client, and answers in words.

import type { Gateway } from '../harness/gateway.ts';
import { type Answer, type Sent, send } from './client.ts';

export type Asked = {
  query?: string;
  variables?: unknown;
  operationName?: string;
  extensions?: unknown;
  token?: string;
  /** What X-Forwarded-For says. */
  from?: string;
  headers?: Sent['headers'];
  timeoutMs?: number;
};

/** So that the status of an answer without data is the one of its errors. */
export const ACCEPT = 'application/graphql-response+json, application/json';

const headersOf = ({ token, from, headers }: Asked): Sent['headers'] => ({
  accept: ACCEPT,
  authorization: token === undefined ? undefined : `Bearer ${token}`,
  'x-forwarded-for': from,
  ...headers,
});

/** Sends one operation, or several as an array where `operations` are given. */
export function ask(gateway: Pick<Gateway, 'port'>, asked: Asked, operations?: readonly object[]): Promise<Answer> {
  const { query, variables, operationName, extensions, timeoutMs } = asked;
  const body = JSON.stringify(operations ?? { query, variables, operationName, extensions });
  return send(gateway, { body, headers: headersOf(asked), timeoutMs });
}

/** A member of JSON, by its path: `data.spas.nodes.0.id`. */
export const at = (json: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], json);

/** `429 RATE_LIMITED`. */
export const told = ({ status, codes }: Answer): string => [status, ...new Set(codes)].join(' ');

/** Whether an answer has no error: one with errors may be 200 too. */
export const isAnswered = ({ status, codes }: Answer): boolean => status === 200 && codes.length === 0;

/** `60 × 200, 140 × 429 RATE_LIMITED`. */
export function tally(answers: readonly (Answer | string)[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    const words = typeof answer === 'string' ? answer : told(answer);
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return Array.from(counts, ([words, count]) => `${count} × ${words}`).join(', ');
}

export const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Does one after the other. */
export async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

const ORDINARY = '{ spas(first: 1) { nodes { id } } }';
const PATIENCE_MS = 2000;

/** What is wrong with the gateway after an attack: nothing where it answers an ordinary query within two seconds. */
export async function afterwards(gateway: Gateway): Promise<string[]> {
  const answer = await ask(gateway, { query: ORDINARY, timeoutMs: PATIENCE_MS }).catch((error: Error) => error.message);
  if (typeof answer === 'string') return [`afterwards an ordinary query gets ${answer}`];
  return at(answer.json, 'data.spas.nodes.0.id') ? [] : [`afterwards an ordinary query gets ${told(answer)}`];
}
