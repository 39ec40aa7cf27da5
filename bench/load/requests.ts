// The requests of the load: ready-made bytes, and the order in which a caller sends them.

import { ADDRESSES, addressOf } from './addresses.ts';
import type { Request } from './connection.ts';
import type { Prepared } from './messages.ts';
import { OPERATIONS, type Operation, SHARES } from './operations.ts';
import type { Random } from './random.ts';

/** `addressAt`: where the bytes have the client's address; undefined where no proxy tells it. */
export type ReadyRequest = Request & { addressAt: number | undefined };

export type RequestsByOperation = ReadonlyMap<Operation, readonly ReadyRequest[]>;

/** Requests before a caller begins its order again. */
const ORDER_LENGTH = 400;

export function readyRequests(url: URL, requests: readonly Prepared[], isProxied: boolean): RequestsByOperation {
  const all = requests.map(({ operation, body, token, length }) => {
    const bytes = bytesOf(url, body, token, isProxied);
    return { operation, name: operation, bytes, length, addressAt: isProxied ? bytes.indexOf(addressOf(0)) : undefined };
  });
  return Map.groupBy(all, ({ operation }) => operation);
}

function bytesOf(url: URL, body: string, token: string | undefined, isProxied: boolean): Buffer {
  const head = [
    `POST ${url.pathname} HTTP/1.1`,
    ...(isProxied ? [`x-forwarded-for: ${addressOf(0)}`] : []),
    `host: ${url.host}`,
    'connection: keep-alive',
    'accept: application/json',
    'content-type: application/json',
    ...(token ? [`authorization: Bearer ${token}`] : []),
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** The bytes of a request as they come from an address. */
export function bytesFrom({ bytes, addressAt }: ReadyRequest, address: number): Buffer {
  if (addressAt === undefined) return bytes;
  // A copy, because the bytes that were sent before may not have left yet.
  const own = Buffer.from(bytes);
  own.write(addressOf(address % ADDRESSES), addressAt, 'latin1');
  return own;
}

/** An order in which each operation has its share. */
export function drawOrder(byOperation: RequestsByOperation, random: Random): ReadyRequest[] {
  return random.shuffle(
    OPERATIONS.flatMap((operation) => {
      const candidates = byOperation.get(operation);
      if (!candidates) return [];
      return Array.from(
        { length: (ORDER_LENGTH * SHARES[operation]) / 100 },
        () => candidates[random.below(candidates.length)] as ReadyRequest,
      );
    }),
  );
}
