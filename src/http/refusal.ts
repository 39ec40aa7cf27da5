import type { Socket } from 'node:net';
import { Overloaded } from '../errors.ts';

/** How long what a client still sends is thrown away, so that it reads the answer before the connection is gone. */
const LINGER_MS = 1000;
/** Refused sockets that linger at once; beyond, they are closed without a word. */
const MAX_LINGERING = 1000;

/** Answers sockets that find no place, before a byte of them is read: 503, with the body that every error has. */
export function createRefusal(): (socket: Socket) => void {
  const { message, extensions } = new Overloaded('The gateway has no place for another connection. Try again.');
  const { http, ...rest } = extensions as { http: { status: number; headers: Record<string, string> } };
  const body = JSON.stringify({ errors: [{ message, extensions: rest }] });
  const head = [
    `HTTP/1.1 ${http.status} Service Unavailable`,
    ...Object.entries(http.headers).map(([name, value]) => `${name}: ${value}`),
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
  ];
  const answer = `${head.join('\r\n')}\r\n\r\n${body}`;
  let lingering = 0;

  return (socket) => {
    socket.on('error', () => undefined);
    if (lingering >= MAX_LINGERING) return void socket.destroy();
    lingering++;
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => {
      lingering--;
      clearTimeout(timer);
    });
    socket.resume().end(answer);
  };
}
