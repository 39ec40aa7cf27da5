// Clients that send at a pace of their own, whether they are answered or not, and one among them that sends far more. Behind a proxy
// connections are nobody's: whoever sends takes a free one, and where there is none, a new one. A request counts from the moment at
// which it was due, so that what a slow server keeps from being sent is not forgotten. Clients are told apart as the gateway does it: some
// are users, each with a token of their own, who ask for what is theirs; all others are addresses, and so is the greedy one.

import { setTimeout as sleep } from 'node:timers/promises';
import { openConnection, type Request } from './connection.ts';
import type { Pace, PaceFigures } from './messages.ts';
import { SHARES } from './operations.ts';
import { createRandom } from './random.ts';
import { bytesFrom, drawOrder, type ReadyRequest, type RequestsByOperation } from './requests.ts';

const MAX_CONNECTIONS = 900;
/** How long answers are waited for when the last request was sent. */
const LAST_ANSWERS_MS = 5_000;

/** `dueAt`: milliseconds since the start. `isCounted`: not of the warm-up. */
type Paced = Request & { dueAt: number; isGreedy: boolean; isCounted: boolean };

export async function runPace(url: URL, byOperation: RequestsByOperation, pace: Pace): Promise<PaceFigures> {
  const { clients, perSecond, greedyPerSecond, warmUpSeconds, seconds, seed, firstAddress } = pace;
  const countedFrom = warmUpSeconds * 1000;
  const endAt = countedFrom + seconds * 1000;

  const latencies: number[] = [];
  const lateness: number[] = [];
  const awaited = new Set<Paced>();
  const counts = { refused: 0, greedySent: 0, greedyRefused: 0, faults: 0 };
  const firstFaults: string[] = [];

  type Connection = ReturnType<typeof openConnection<Paced>>;
  const connections: Connection[] = [];
  /** Each in its turn, so that none is idle for so long that the server closes it. */
  const free: Connection[] = [];
  const waiting: Paced[] = [];

  const ofUsers = byOperation.get('Me') ?? [];
  const users = Math.min(ofUsers.length, Math.round((clients * SHARES.Me) / 100));
  const ofVisitors = new Map(byOperation.entries().filter(([operation]) => operation !== 'Me'));

  const begun = performance.now();
  const now = () => performance.now() - begun;

  function open(): void {
    const connection: Connection = openConnection(url, {
      next: () => {
        const request = waiting.shift();
        if (!request) free.push(connection);
        return request;
      },
      answered: (request) => {
        if (awaited.delete(request)) latencies.push(now() - request.dueAt);
      },
      refused: (request) => {
        awaited.delete(request);
        if (!request.isCounted) return;
        if (request.isGreedy) counts.greedyRefused++;
        else counts.refused++;
      },
      failed: (what) => {
        if (counts.faults++ < 3) firstFaults.push(what);
      },
    });
    connections.push(connection);
  }

  function send(request: Paced): void {
    if (request.isCounted && request.isGreedy) counts.greedySent++;
    if (request.isCounted && !request.isGreedy) {
      awaited.add(request);
      lateness.push(now() - request.dueAt);
    }
    const connection = free.shift();
    if (connection) connection.send(request);
    else waiting.push(request);
    if (!connection && connections.length < MAX_CONNECTIONS) open();
  }

  /** Sends what is due of one pace, each time that it is called. */
  function sender(senders: readonly { client: number; offset: number }[], everyMs: number, isGreedy: boolean) {
    const random = createRandom(seed + (isGreedy ? 1 : 0));
    const order = drawOrder(ofVisitors, random);
    const draw = (client: number): ReadyRequest | undefined =>
      client < users ? ofUsers[(firstAddress + client) % ofUsers.length] : order[random.below(order.length)];
    let sent = 0;
    return () => {
      for (;;) {
        const { client, offset } = senders[sent % senders.length] as { client: number; offset: number };
        const dueAt = (offset + Math.floor(sent / senders.length)) * everyMs;
        if (dueAt > now() || dueAt >= endAt) return;
        const drawn = draw(client);
        if (!drawn) throw new Error('There is nothing to ask.');
        sent++;
        const bytes = bytesFrom(drawn, firstAddress + client);
        send({ name: drawn.name, length: drawn.length, bytes, dueAt, isGreedy, isCounted: dueAt >= countedFrom });
      }
    };
  }

  const random = createRandom(seed);
  const many = Array.from({ length: clients }, (_, client) => ({ client, offset: random.below(1_000_000) / 1_000_000 }));
  many.sort((a, b) => a.offset - b.offset);
  const senders = [sender(many, 1000 / perSecond, false)];
  if (greedyPerSecond > 0) senders.push(sender([{ client: clients, offset: 0.5 }], 1000 / greedyPerSecond, true));

  while (now() < endAt) {
    for (const sendDue of senders) sendDue();
    await sleep(1);
  }
  while (awaited.size > 0 && now() < endAt + LAST_ANSWERS_MS) await sleep(10);
  // A server that forgets a caller must not look quick.
  const unanswered = awaited.size;
  for (const { dueAt } of awaited) latencies.push(now() - dueAt);
  for (const connection of connections) connection.close();

  const at = (values: readonly number[], share: number) => values[Math.min(values.length - 1, Math.floor(values.length * share))];
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    p50: at(sorted, 0.5) ?? Number.NaN,
    p99: at(sorted, 0.99) ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    answered: latencies.length - unanswered,
    unanswered,
    ...counts,
    firstFaults,
    lateness:
      at(
        lateness.toSorted((a, b) => a - b),
        0.99,
      ) ?? Number.NaN,
    connections: connections.length,
  };
}
