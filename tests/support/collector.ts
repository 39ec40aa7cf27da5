// A collector of traces: OTLP over HTTP, its protobuf read as far as tests need it.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { until } from './batching.ts';

export type ReceivedSpan = {
  traceId: string;
  spanId: string;
  parentId: string;
  name: string;
  kind: number;
  state: string;
  startMs: number;
  endMs: number;
  attributes: Record<string, unknown>;
  events: string[];
  links: string[];
  isError: boolean;
  service: unknown;
};

/** A message: by the number of each field its values, which are numbers, or bytes that hold a text or another message. */
type Message = Map<number, (number | Buffer)[]>;

function decode(bytes: Buffer): Message {
  const message: Message = new Map();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
    }
  };
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const read = [
      varint,
      () => Number(take(8).readBigUInt64LE()),
      () => take(varint()),
      undefined,
      undefined,
      () => take(4).readUInt32LE(),
    ];
    const value = read[tag & 7]?.();
    if (value === undefined) throw new Error(`Wire type ${tag & 7} is not known.`);
    message.set(tag >> 3, [...(message.get(tag >> 3) ?? []), value]);
  }
  return message;
}

const messages = (message: Message, field: number) => (message.get(field) ?? []).map((value) => decode(value as Buffer));
const text = (message: Message, field: number, encoding: BufferEncoding = 'utf8') =>
  (message.get(field)?.[0] as Buffer | undefined)?.toString(encoding) ?? '';
const number = (message: Message, field: number) => (message.get(field)?.[0] as number | undefined) ?? 0;

function anyValue(value: Message): unknown {
  const [[field, [found]] = [0, [undefined]]] = [...value] as [number, unknown[]][];
  if (field === 5) return messages(decode(found as Buffer), 1).map(anyValue);
  // A double was read as the bits that it has.
  if (field === 4) return Number.NaN;
  return Buffer.isBuffer(found) ? found.toString() : found;
}
const attributesOf = (message: Message, field: number) =>
  Object.fromEntries(messages(message, field).map((pair) => [text(pair, 1), messages(pair, 2).map(anyValue)[0]]));

const spansIn = (body: Buffer): ReceivedSpan[] =>
  messages(decode(body), 1).flatMap((ofResource) => {
    const service = messages(ofResource, 1).map((resource) => attributesOf(resource, 1)['service.name'])[0];
    return messages(ofResource, 2).flatMap((scope) =>
      messages(scope, 2).map((span) => ({
        traceId: text(span, 1, 'hex'),
        spanId: text(span, 2, 'hex'),
        state: text(span, 3),
        parentId: text(span, 4, 'hex'),
        name: text(span, 5),
        kind: number(span, 6),
        startMs: number(span, 7) / 1e6,
        endMs: number(span, 8) / 1e6,
        attributes: attributesOf(span, 9),
        events: messages(span, 11).map((event) => text(event, 2)),
        links: messages(span, 13).map((link) => text(link, 2, 'hex')),
        isError: messages(span, 15).some((status) => number(status, 3) === 2),
        service,
      })),
    );
  });

/** Collects spans until the test ends. `status`: what it answers, while `state.status` is not changed. */
export async function aCollector() {
  const spans: ReceivedSpan[] = [];
  const state = { status: 200, requests: 0, headers: {} as Record<string, unknown> };
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    state.requests++;
    state.headers = req.headers;
    if (state.status === 200 && req.url === '/v1/traces') spans.push(...spansIn(Buffer.concat(chunks)));
    // 0 for a collector that takes what is sent and does not answer.
    if (state.status > 0) res.writeHead(state.status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  /** The spans of a trace, when there are so many. */
  const trace = async (traceId: string, count: number) => {
    const found = () => spans.filter((span) => span.traceId === traceId);
    await until(() => found().length >= count, `${count} spans of the trace have come`).catch((error) => {
      throw new Error(`${error.message} ${JSON.stringify(spans.map(({ name }) => name))}`);
    });
    return found();
  };
  return { url, spans, state, trace };
}

/** Spans as a tree of names, the first of each level first. */
export function treeOf(spans: readonly ReceivedSpan[], parentId: string): object {
  const below = spans.filter((span) => span.parentId === parentId).toSorted((a, b) => a.startMs - b.startMs);
  return Object.fromEntries(below.map((span) => [span.name, treeOf(spans, span.spanId)]));
}
