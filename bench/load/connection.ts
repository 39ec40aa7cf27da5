// One kept-alive connection that asks, waits for the answer, and asks again. Written for this bench, because the load shares its cores
// with what it measures: requests are ready-made bytes that all connections share, and of an answer only the status line, the headers of
// length and the number of bytes are read. It sees the same requests/s and times as autocannon does, for half of its CPU and less.

import net from 'node:net';

export type Request = { bytes: Buffer; length: number; name: string };

export type Listener = {
  answered: (milliseconds: number) => void;
  failed: (what: string) => void;
};

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

/** Runs until `close`. `next` gives the request to send; an answer with another status or length than expected is a fault. */
export function openConnection(url: URL, next: () => Request, listener: Listener) {
  let socket: net.Socket;
  let request: Request;
  let sentAt = 0;
  let received: Buffer[] = [];
  let size = 0;
  /** Bytes of the whole answer; 0 while the head is not complete, -1 where it comes in chunks. */
  let expected = 0;
  let isClosed = false;

  function send(): void {
    request = next();
    received = [];
    size = 0;
    expected = 0;
    sentAt = performance.now();
    socket.write(request.bytes);
  }

  function readHead(): void {
    const [first] = received;
    if (!first) return;
    const all = received.length === 1 ? first : Buffer.concat(received);
    received = [all];
    const end = all.indexOf(HEAD_END);
    if (end === -1) return;
    const head = all.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    expected = length === undefined ? -1 : end + 4 + Number(length);
    if (!head.startsWith('HTTP/1.1 200'))
      listener.failed(`${request.name}: ${head.slice(0, head.indexOf('\r\n'))} ${all.subarray(end + 4, end + 304)}`);
    else if (length !== undefined && Number(length) !== request.length)
      listener.failed(`${request.name}: ${length} bytes instead of ${request.length}: ${all.subarray(end + 4, end + 304)}`);
  }

  function hear(chunk: Buffer): void {
    received.push(chunk);
    size += chunk.length;
    if (expected === 0) readHead();
    if (expected === -1 ? chunk.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) : expected > 0 && size >= expected) done();
  }

  function done(): void {
    if (expected === -1) {
      const length = unchunkedLength(Buffer.concat(received));
      if (length !== request.length) listener.failed(`${request.name}: ${length} bytes instead of ${request.length}`);
    }
    listener.answered(performance.now() - sentAt);
    if (!isClosed) send();
  }

  function connect(): void {
    socket = net.connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    socket.on('connect', send);
    socket.on('data', hear);
    socket.on('error', (error) => isClosed || listener.failed(`the connection broke: ${error.message}`));
    socket.on('close', () => {
      if (isClosed) return;
      listener.failed('the server closed the connection');
      setTimeout(connect, 100);
    });
  }

  connect();
  return {
    /** Milliseconds that the request under way has waited. */
    waited: () => performance.now() - sentAt,
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
