// The load, in a process of its own: `connections` callers without pause, each in an order of its own, or clients at a pace.

import { CLOSED_LOOP_ADDRESSES } from './addresses.ts';
import { openConnection, type Request } from './connection.ts';
import type { FromLoad, LoadFigures, Pace, Prepared, ToLoad } from './messages.ts';
import { runPace } from './pace.ts';
import { createRandom } from './random.ts';
import { bytesFrom, drawOrder, type ReadyRequest, type RequestsByOperation, readyRequests } from './requests.ts';

const MAX_ANSWERS = 2_000_000;

const prepared = new Map<string, { url: URL; byOperation: RequestsByOperation }>();
const latencies = new Float64Array(MAX_ANSWERS);
let connections: ReturnType<typeof openConnection>[] = [];
let isCounting = false;
let answered = 0;
let faults: string[] = [];
let faultCount = 0;
let begun = { at: 0, cpu: process.cpuUsage() };

const say = (message: FromLoad) => process.send?.(message);

process.on('message', (message: ToLoad) => {
  if (message.type === 'prepare') prepare(message.server, new URL(message.url), message.requests, message.isProxied);
  if (message.type === 'start') start(message.server, message.connections, message.seed);
  if (message.type === 'count') say({ type: 'count', answered });
  if (message.type === 'begin') begin();
  if (message.type === 'end') say({ type: 'figures', figures: end() });
  if (message.type === 'stop') stop();
  if (message.type === 'pace') pace(message.server, message.pace);
});
process.on('disconnect', () => process.exit());

function prepare(server: string, url: URL, requests: Prepared[], isProxied: boolean): void {
  prepared.set(server, { url, byOperation: readyRequests(url, requests, isProxied) });
  say({ type: 'ready' });
}

function preparedFor(server: string) {
  const found = prepared.get(server);
  if (!found) throw new Error(`${server} is not prepared.`);
  return found;
}

function start(server: string, count: number, seed: number): void {
  const { url, byOperation } = preparedFor(server);
  faults = [];
  answered = 0;
  faultCount = 0;
  const random = createRandom(seed);
  const addresses = createRandom(seed);
  connections = Array.from({ length: count }, () => {
    const order = drawOrder(byOperation, random);
    let position = 0;
    const next = (): Request => {
      const request = order[position++ % order.length] as ReadyRequest;
      if (request.addressAt === undefined) return request;
      return { name: request.name, length: request.length, bytes: bytesFrom(request, addresses.below(CLOSED_LOOP_ADDRESSES)) };
    };
    return openConnection(url, { next, answered: countAnswer, failed });
  });
  say({ type: 'ready' });
}

async function pace(server: string, wanted: Pace): Promise<void> {
  const { url, byOperation } = preparedFor(server);
  say({ type: 'paced', figures: await runPace(url, byOperation, wanted) });
}

function countAnswer(_request: Request, milliseconds: number): void {
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
