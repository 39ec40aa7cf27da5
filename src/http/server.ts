import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ClientError } from '../errors.ts';
import type { Cors } from './cors.ts';
import { peekAt, rawRefusal } from './raw-answer.ts';

/** How long a client may take to send a request, and the head of it: slower ones hold a connection and memory for nothing. */
const [REQUEST_TIMEOUT_MS, HEADERS_TIMEOUT_MS] = [30_000, 10_000];
/** How often connections are asked for these: Node's 30 s would let a head take 40. */
const TIMEOUT_CHECK_MS = 2000;
/** What the headers of a request may take, in bytes. */
const MAX_HEADERS_BYTES = 16_384;

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
      maxHeaderSize: MAX_HEADERS_BYTES,
      keepAliveTimeout: keepAliveMs,
      // The guard does, with a body.
      requireHostHeader: false,
    },
    listener,
  );
  server.setTimeout(silenceMs);
  // An expectation that is not known may be ignored (RFC 9110, 10.1.1); node:http would answer 417 without a body.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));

  /** The request whose body is still coming, or whose answer is awaited. */
  const current = new WeakMap<Socket, ServerResponse>();
  server.prependListener('request', (req, res) => void current.set(req.socket, res));
  server.on('clientError', (error: ParserError, socket: Socket) => {
    const res = current.get(socket);
    const isAnswered = res?.headersSent && !res.writableFinished;
    if (!socket.writable || isAnswered) return void socket.destroy();
    // Of a body that is broken the head is known; else what has come of it must do.
    const allowed = res && !res.writableFinished ? cors(res.req) : peekAt(error.rawPacket, cors).cors;
    const { head, body } = rawRefusal(refusalFor(error), allowed);
    socket.write(head + body);
    socket.destroySoon();
  });
  return server;
}

function refusalFor({ code }: ParserError): ClientError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new ClientError('HEADERS_TOO_LARGE', `The headers are longer than ${MAX_HEADERS_BYTES.toLocaleString('en')} bytes.`);
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return new ClientError('PAYLOAD_TOO_LARGE', 'The extensions of the chunks are too long.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new ClientError('REQUEST_TIMEOUT', 'The request did not arrive in time.');
  return new ClientError('BAD_REQUEST', 'The request is not well-formed HTTP/1.1.');
}
