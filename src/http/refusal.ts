import type { Socket } from 'node:net';
import { Overloaded } from '../errors.ts';
import { type PolledTimeout, setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';

/** How long a client may take to begin its request; whatever it is, one that has not is refused then, in milliseconds. */
const SILENCE_MS = 100;
/** How long what a client still sends is thrown away, so that it reads the answer before the connection is gone. */
const LINGER_MS = 1000;

/** Answered all the same: who asks this would restart a gateway because it has many clients, and they would all go to the next one. */
const LIVENESS = /^(GET|HEAD) \/health\/live HTTP\/1\.[01]\r\n/;
/** As many bytes as tell. */
const LIVENESS_BYTES = 40;

export type RefusalOptions = {
  /** Refused sockets that linger at once; beyond, they are closed without a word. Default 1000. */
  maxLingering?: number;
};

/** Answers sockets that find no place: 503, with the body that every error has. What they send is not read, but for whether it asks if the gateway lives. */
export function createRefusal({ maxLingering = 1000 }: RefusalOptions = {}): (socket: Socket) => void {
  const { message, extensions } = new Overloaded('The gateway has no place for another connection. Try again.');
  const { http, ...rest } = extensions as { http: { status: number; headers: Record<string, string> } };
  const refusal = answerOf(`${http.status} Service Unavailable`, http.headers, { errors: [{ message, extensions: rest }] });
  const alive = answerOf('200 OK', {}, { status: 'ok' });
  let lingering = 0;

  return (socket) => {
    socket.on('error', () => undefined);
    if (lingering >= maxLingering) return void socket.destroy();
    lingering++;
    let end: PolledTimeout | undefined;
    const silence = setTimeoutAfterPoll(answer, SILENCE_MS);
    socket.once('close', () => {
      lingering--;
      end?.cancel();
      silence.cancel();
    });
    socket.once('data', answer).once('end', answer).resume();

    function answer(first?: Buffer): void {
      silence.cancel();
      end = setTimeoutAfterPoll(() => socket.destroy(), LINGER_MS);
      socket.off('data', answer).off('end', answer);
      // What follows is thrown away.
      socket.resume();
      const [, method] = LIVENESS.exec(first?.toString('latin1', 0, LIVENESS_BYTES) ?? '') ?? [];
      socket.end(method ? alive.head + (method === 'GET' ? alive.body : '') : refusal.head + refusal.body);
    }
  };
}

function answerOf(status: string, headers: Record<string, string>, content: object): { head: string; body: string } {
  const body = JSON.stringify(content);
  const lines = [
    `HTTP/1.1 ${status}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
  ];
  return { head: `${lines.join('\r\n')}\r\n\r\n`, body };
}
