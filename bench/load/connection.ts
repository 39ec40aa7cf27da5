// One kept-alive connection that carries one request at a time. Written for this bench, because the load shares its cores with what
// it measures: requests are ready-made bytes that all connections share, and of an answer only the status line, the headers of length
// and the number of bytes are read. It sees the same requests/s and times as autocannon does, for half of its CPU and less.

import net from 'node:net';

export type Request = { bytes: Buffer; length: number; name: string };

export type Listener<Asked extends Request> = {
  /** What to send next, as soon as the connection is free; undefined leaves it idle until `send`. */
  next: () => Asked | undefined;
  answered: (request: Asked, milliseconds: number) => void;
  /** The server has had enough for now: 429 or 503. Without this it is a fault. */
  refused?: (request: Asked) => void;
  failed: (what: string) => void;
};

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');
const REFUSAL = /^HTTP\/1\.1 (429|503)/;

/** Runs until `close`. An answer with another status or length than expected is a fault. */
export function openConnection<Asked extends Request>(url: URL, { next, answered, refused, failed }: Listener<Asked>) {
  let socket: net.Socket;
  /** Undefined while the connection is idle. */
  let request: Asked | undefined;
  let sentAt = 0;
  let received: Buffer[] = [];
  let size = 0;
  /** Bytes of the whole answer; 0 while the head is not complete, -1 where it comes in chunks. */
  let expected = 0;
  let isRefused = false;
  let isClosed = false;

  function write({ bytes }: Asked): void {
    received = [];
    size = 0;
    expected = 0;
    isRefused = false;
    sentAt = performance.now();
    socket.write(bytes);
  }

  function goOn(): void {
    request ??= next();
    if (request) write(request);
  }

  function readHead({ name, length: wanted }: Asked): void {
    const [first] = received;
    if (!first) return;
    const all = received.length === 1 ? first : Buffer.concat(received);
    received = [all];
    const end = all.indexOf(HEAD_END);
    if (end === -1) return;
    const head = all.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    expected = length === undefined ? -1 : end + 4 + Number(length);
    isRefused = refused !== undefined && REFUSAL.test(head);
    if (isRefused) return;
    if (!head.startsWith('HTTP/1.1 200')) failed(`${name}: ${head.slice(0, head.indexOf('\r\n'))} ${all.subarray(end + 4, end + 304)}`);
    else if (length !== undefined && Number(length) !== wanted)
      failed(`${name}: ${length} bytes instead of ${wanted}: ${all.subarray(end + 4, end + 304)}`);
  }

  function hear(chunk: Buffer): void {
    if (!request) return;
    received.push(chunk);
    size += chunk.length;
    if (expected === 0) readHead(request);
    if (expected === -1 ? chunk.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) : expected > 0 && size >= expected) done(request);
  }

  function done(asked: Asked): void {
    request = undefined;
    if (expected === -1 && !isRefused) {
      const length = unchunkedLength(Buffer.concat(received));
      if (length !== asked.length) failed(`${asked.name}: ${length} bytes instead of ${asked.length}`);
    }
    if (isRefused) refused?.(asked);
    else answered(asked, performance.now() - sentAt);
    if (!isClosed) goOn();
  }

  function connect(): void {
    socket = net.connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    socket.on('connect', goOn);
    socket.on('data', hear);
    socket.on('error', (error) => isClosed || failed(`the connection broke: ${error.message}`));
    socket.on('close', () => {
      // One that is idle may be closed at any time: `send` opens it again.
      if (isClosed || !request) return;
      failed('the server closed the connection');
      request = undefined;
      setTimeout(connect, 100);
    });
  }

  connect();
  return {
    /** Sends a request over a connection that is idle. */
    send: (asked: Asked) => {
      request = asked;
      if (socket.destroyed) connect();
      else write(asked);
    },
    /** Milliseconds that the request under way has waited. */
    waited: () => (request ? performance.now() - sentAt : 0),
    close: () => {
      isClosed = true;
      socket.destroy();
    },
  };
}

function unchunkedLength(answer: Buffer): number {
  let position = answer.indexOf(HEAD_END) + 4;
  let length = 0;
  for (;;) {
    const end = answer.indexOf('\r\n', position);
    const size = Number.parseInt(answer.toString('latin1', position, end), 16);
    if (!(size > 0)) return length;
    length += size;
    position = end + 2 + size + 2;
  }
}
