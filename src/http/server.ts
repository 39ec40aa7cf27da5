import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ClientError } from '../errors.ts';
import type { Cors } from './cors.ts';
import { MAX_HEAD_BYTES, peekAt, rawRefusal } from './raw-answer.ts';

/** How long a client may take to send a request, and the head of it: slower ones hold a connection and memory for nothing. */
const [REQUEST_TIMEOUT_MS, HEADERS_TIMEOUT_MS] = [30_000, 10_000];
/** How often connections are asked for these: Node's 30 s would let a head take 40. */
const TIMEOUT_CHECK_MS = 2000;

export type ServerOptions = {
  /** Whose pages may read answers. */
  cors: Cors;
  /** How long a connection stays open without a request after an answer, in milliseconds. */
  keepAliveMs: number;
  /** How long a connection may be still while a request is under way, in milliseconds. */
  silenceMs: number;
};

type ParserError = NodeJS.ErrnoException & { rawPacket?: Buffer };

/** A server that does not listen. What node:http itself refuses, before there is a request or because of its body, has a code too. */
export function createGatewayServer(listener: RequestListener, { cors, keepAliveMs, silenceMs }: ServerOptions): Server {
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
      keepAliveTimeout: keepAliveMs,
      // The guard does, with a body.
      requireHostHeader: false,
    },
    listener,
  );
  server.setTimeout(silenceMs);
  // An expectation that is not known may be ignored (RFC 9110, 10.1.1); node:http would answer 417 without a body.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));

  /** The responses of a connection that have not ended, by the order of their requests: a client may send several at once. */
  const pending = new WeakMap<Socket, Set<ServerResponse>>();
  server.prependListener('request', (req, res) => {
    const responses = pending.getOrInsertComputed(req.socket, () => new Set());
    responses.add(res);
    res.once('close', () => responses.delete(res));
  });
  server.on('clientError', (error: ParserError, socket: Socket) => {
    const [res, ...others] = pending.get(socket) ?? [];
    // What is refused comes after requests whose answers are awaited, or its own answer has begun.
    const isLate = res !== undefined && (others.length > 0 || res.req.complete || res.headersSent);
    if (!socket.writable || isLate) return void socket.destroy();
    // Of a body that is broken the head is known; else what has come of it must do.
    const allowed = res ? cors(res.req) : peekAt(error.rawPacket, cors).cors;
    const { head, body } = rawRefusal(refusalFor(error), allowed);
    socket.write(head + body);
    socket.destroySoon();
  });
  return server;
}

function refusalFor({ code }: ParserError): ClientError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new ClientError('HEADERS_TOO_LARGE', `The headers are longer than ${MAX_HEAD_BYTES.toLocaleString('en')} bytes.`);
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return new ClientError('PAYLOAD_TOO_LARGE', 'The extensions of the chunks are too long.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new ClientError('REQUEST_TIMEOUT', 'The request did not arrive in time.');
  return new ClientError('BAD_REQUEST', 'The request is not well-formed HTTP/1.1.');
}
