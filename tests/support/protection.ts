// What tests of the gateway's protection ask, and what they read of its answers and counters.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { LimitMode, LimitName, OperationMaxima } from '../../src/limits/limits.ts';
import { until } from './batching.ts';
import type { anApp } from './world.ts';

type World = Awaited<ReturnType<typeof anApp>>;

/** Modes under which only these limits of rate are enforced. */
export const onlyRates = (...names: ('requests' | 'points' | 'fields')[]): Partial<Record<LimitName, LimitMode>> => {
  const modeOf = (name: (typeof names)[number]): LimitMode => (names.includes(name) ? 'enforce' : 'off');
  return { requests: modeOf('requests'), points: modeOf('points'), fields: modeOf('fields') };
};

export type Standings = Record<string, { remaining: number; seconds: number }>;

/** What `RateLimit` says, by the name of the window; undefined where the header is not there. */
export function standingsIn(headers: Headers): Standings | undefined {
  const header = headers.get('ratelimit');
  if (header === null) return undefined;
  const items = header.split(', ').map((item) => {
    const [, name = '', remaining, seconds] = /^"(\w+)";r=(\d+);t=(\d+)$/.exec(item) ?? [];
    return [name, { remaining: Number(remaining), seconds: Number(seconds) }] as const;
  });
  const names = items.map(([name]) => name);
  if (new Set(names).size < names.length || names.includes('')) throw new Error(`RateLimit is: ${header}`);
  return Object.fromEntries(items);
}

export const remainingIn = (headers: Headers) =>
  Object.fromEntries(Object.entries(standingsIn(headers) ?? {}).map(([name, { remaining }]) => [name, remaining]));

/** The headers that tell of limits of rate, as they are there. */
export const RATE_HEADERS = [
  'ratelimit',
  'ratelimit-policy',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'retry-after',
];
export const rateHeadersOf = (headers: Headers) => RATE_HEADERS.filter((name) => headers.has(name));

/** How often limits were met so far, as `depth refused: 1`, sorted. */
export async function limitsMet({ metrics }: Pick<World, 'metrics'>): Promise<string[]> {
  const text = await metrics.registry.getSingleMetricAsString('convoy_limits_met_total');
  const found = text.matchAll(/^convoy_limits_met_total\{limit="(\w+)",action="(\w+)"\} (\d+)$/gm);
  return Array.from(found, ([, limit, action, count]) => `${limit} ${action}: ${count}`).sort();
}

/** A second server over the same app. */
export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

export const codesOf = (errors: { extensions: { code: string } }[] | undefined) => errors?.map(({ extensions }) => extensions.code) ?? [];

export const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** A client behind a proxy that is trusted. */
export const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

/** Limits so small that documents about them can be read. */
export const SMALL_MAXIMA: Partial<OperationMaxima> = {
  depth: 4,
  aliases: 3,
  rootFields: 3,
  directives: 2,
  tokens: 60,
  variablesBytes: 2000,
  variablesDepth: 3,
};
const spread = (fields: string) => `{ ...F } fragment F on Query { ${fields} }`;

/** Documents that just fit, and those that are one beyond, by the figure that they are about. */
export const DOCUMENTS: Record<string, [figure: LimitName, fits: string, beyond: string][]> = {
  queries: [
    [
      'depth',
      '{ spa(id: "U3BhOjE=") { certificates { nodes { id } } } }',
      '{ spa(id: "U3BhOjE=") { certificates { nodes { spa { id } } } } }',
    ],
    ['aliases', '{ a: __typename b: viewer { c: id } }', '{ a: __typename b: viewer { c: id ... { d: id } } }'],
    [
      'rootFields',
      '{ __typename viewer { id } rateLimit { cost } }',
      '{ __typename viewer { id } rateLimit { cost } ... { spas { nodes { id } } } }',
    ],
    [
      'directives',
      '{ __typename @skip(if: false) viewer @include(if: true) { id } }',
      '{ __typename @skip(if: false) viewer @include(if: true) { id @skip(if: false) } }',
    ],
    ['tokens', `{ viewer { ${'id '.repeat(55)}} }`, `{ viewer { ${'id '.repeat(56)}} }`],
  ],
  'queries with fragments': [
    [
      'depth',
      spread('spa(id: "U3BhOjE=") { certificates { nodes { id } } }'),
      '{ spa(id: "U3BhOjE=") { ...S } } fragment S on Spa { certificates { nodes { spa { id } } } }',
    ],
    [
      'aliases',
      `${spread('a: __typename b: __typename c: __typename')}`,
      'query { ...F ...G } fragment F on Query { a: __typename b: __typename } fragment G on Query { ...F }',
    ],
    [
      'rootFields',
      spread('__typename viewer { id } rateLimit { cost }'),
      '{ ...F ...G } fragment F on Query { __typename viewer { id } } fragment G on Query { ...F }',
    ],
    [
      'directives',
      spread('__typename @skip(if: false) @include(if: true)'),
      '{ ...F @skip(if: false) } fragment F on Query { __typename @skip(if: false) @include(if: true) }',
    ],
  ],
  mutations: [
    [
      'depth',
      'mutation { deleteSpa(id: "eA==") { deletedId } }',
      'mutation { saveSpa(input: {}) { spa { certificates { nodes { id } } } } }',
    ],
    [
      'aliases',
      'mutation { a: __typename b: __typename c: __typename }',
      'mutation { a: __typename b: __typename c: __typename d: __typename }',
    ],
    [
      'rootFields',
      'mutation { __typename ... { __typename } __typename }',
      'mutation { __typename ... { __typename __typename } __typename }',
    ],
  ],
  subscriptions: [['aliases', '', 'subscription { a: certificateIssued { b: id c: number d: number } }']],
  'several operations in one document': [
    [
      'aliases',
      'query A { a: __typename b: __typename } query B { c: __typename d: __typename }',
      'query A { __typename } query B { a: __typename b: __typename c: __typename d: __typename }',
    ],
    [
      'directives',
      'query A { __typename @skip(if: false) } query B { __typename @skip(if: false) }',
      'query A { __typename @skip(if: false) } query B { __typename @skip(if: false) @include(if: true) }',
    ],
  ],
};

/** Resolves when a socket takes more, or is closed, or does neither for long. */
export const roomIn = (socket: Socket) =>
  new Promise<unknown>((resolve) => {
    for (const event of ['drain', 'close', 'error']) socket.once(event, resolve);
    setTimeout(resolve, 2500).unref();
  });

/** Sends all of a long body before it reads a byte of the answer, as many clients do. */
export async function sendThenRead(port: number, { head, chunks }: { head: string; chunks: Buffer[] }) {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  let error: NodeJS.ErrnoException | undefined;
  socket.on('error', (one) => {
    error = one;
  });
  socket.pause();
  socket.write(head);
  let sent = 0;
  for (const chunk of chunks) {
    if (error || socket.destroyed) break;
    const isRoom = socket.write(chunk);
    sent += chunk.length;
    if (!isRoom) await roomIn(socket);
  }
  let received = '';
  socket.setEncoding('utf8').on('data', (data) => {
    received += data;
  });
  socket.resume();
  await until(() => received.includes('PAYLOAD_TOO_LARGE') || socket.destroyed, 'the answer has come').catch(() => undefined);
  return { received, error, sent };
}
