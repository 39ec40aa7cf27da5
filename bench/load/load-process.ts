// The load, in a process of its own: `connections` callers without pause, each in an order of its own.

import { openConnection, type Request } from './connection.ts';
import type { FromLoad, LoadFigures, Prepared, ToLoad } from './messages.ts';
import { OPERATIONS, SHARES } from './operations.ts';
import { createRandom } from './random.ts';

/** Requests before a connection begins its order again. */
const ORDER_LENGTH = 400;
const MAX_ANSWERS = 2_000_000;

const prepared = new Map<string, { url: URL; byOperation: Map<string, Request[]> }>();
const latencies = new Float64Array(MAX_ANSWERS);
let connections: ReturnType<typeof openConnection>[] = [];
let isCounting = false;
let answered = 0;
let faults: string[] = [];
let faultCount = 0;
let begun = { at: 0, cpu: process.cpuUsage() };

const say = (message: FromLoad) => process.send?.(message);

process.on('message', (message: ToLoad) => {
  if (message.type === 'prepare') prepare(message.server, new URL(message.url), message.requests);
  if (message.type === 'start') start(message.server, message.connections, message.seed);
  if (message.type === 'count') say({ type: 'count', answered });
  if (message.type === 'begin') begin();
  if (message.type === 'end') say({ type: 'figures', figures: end() });
  if (message.type === 'stop') stop();
});
process.on('disconnect', () => process.exit());

function prepare(server: string, url: URL, requests: Prepared[]): void {
  const byOperation = Map.groupBy(
    requests.map(({ operation, body, token, length }) => ({ name: operation, bytes: bytesOf(url, body, token), length })),
    ({ name }) => name as string,
  );
  prepared.set(server, { url, byOperation });
  say({ type: 'ready' });
}

export function bytesOf(url: URL, body: string, token?: string): Buffer {
  const head = [
    `POST ${url.pathname} HTTP/1.1`,
    `host: ${url.host}`,
    'connection: keep-alive',
    'accept: application/json',
    'content-type: application/json',
    ...(token ? [`authorization: Bearer ${token}`] : []),
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function start(server: string, count: number, seed: number): void {
  const { url, byOperation } = prepared.get(server) ?? {};
  if (!url || !byOperation) throw new Error(`${server} is not prepared.`);
  faults = [];
  answered = 0;
  faultCount = 0;
  const random = createRandom(seed);
  connections = Array.from({ length: count }, () => {
    const order = random.shuffle(
      OPERATIONS.flatMap((operation) => {
        const candidates = byOperation.get(operation);
        if (!candidates) return [];
        return Array.from(
          { length: (ORDER_LENGTH * SHARES[operation]) / 100 },
          () => candidates[random.below(candidates.length)] as Request,
        );
      }),
    );
    let position = 0;
    return openConnection(url, () => order[position++ % order.length] as Request, { answered: countAnswer, failed });
  });
  say({ type: 'ready' });
}

function countAnswer(milliseconds: number): void {
  if (isCounting && answered < MAX_ANSWERS) latencies[answered] = milliseconds;
  answered++;
}

function failed(what: string): void {
  if (faultCount++ < 3) faults.push(what);
}

function begin(): void {
  answered = 0;
  isCounting = true;
  begun = { at: performance.now(), cpu: process.cpuUsage() };
}

function end(): LoadFigures {
  const seconds = (performance.now() - begun.at) / 1000;
  const { user, system } = process.cpuUsage(begun.cpu);
  isCounting = false;
  const sorted = latencies.subarray(0, Math.min(answered, MAX_ANSWERS)).toSorted();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  // What is not answered yet has waited as well: a server that forgets a caller must not look quick.
  const max = Math.max(at(1), ...connections.map((connection) => connection.waited()));
  const cpuSeconds = (user + system) / 1e6;
  return { answered, seconds, p50: at(0.5), p99: at(0.99), max, cpuSeconds, faults: faultCount, firstFaults: faults };
}

function stop(): void {
  for (const connection of connections) connection.close();
  connections = [];
  say({ type: 'ready' });
}
