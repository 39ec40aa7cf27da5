import type { Socket } from 'node:net';
import { Overloaded } from '../errors.ts';
import type { Cors } from './cors.ts';
import { peekAt, rawAnswer, rawRefusal } from './raw-answer.ts';

/** How long a client may take to begin its request; whatever it is, one that has not is refused then, in milliseconds. */
const SILENCE_MS = 100;
/** How long what a client still sends is thrown away, so that it reads the answer before the connection is gone. */
const LINGER_MS = 1000;
/** Refused sockets that linger at once; beyond, they are closed without a word. */
const MAX_LINGERING = 1000;

/** Answered all the same: who asks this would restart a gateway because it has many clients, and they would all go to the next one. */
const LIVENESS = /^(GET|HEAD) \/health\/live HTTP\/1\.[01]\r\n/;

/**
 * Answers sockets that find no place: 503, with the body that every error has. Of what they send, the first bytes are looked at: for whether
 * they ask if the gateway lives, and for the page that asks, by `cors`. A preflight of such a page is answered, or the page could not
 * read the refusal that follows.
 */
export function createRefusal(cors: Cors): (socket: Socket) => void {
  const error = new Overloaded('The gateway has no room for another connection. Try again.');
  // For whoever is no page: a flood must cost little.
  const plain = rawRefusal(error);
  const alive = rawAnswer(200, {}, { status: 'ok' });
  let lingering = 0;

  function answerTo(first: Buffer | undefined): string {
    const asked = peekAt(first, cors);
    const [, method] = LIVENESS.exec(asked.line) ?? [];
    if (method) return alive.head + (method === 'GET' ? alive.body : '');
    if (asked.isPreflight) return rawAnswer(204, asked.cors).head;
    const { head, body } = asked.cors['access-control-allow-origin'] === undefined ? plain : rawRefusal(error, asked.cors);
    return asked.line.startsWith('HEAD ') ? head : head + body;
  }

  return (socket) => {
    socket.on('error', () => undefined);
    if (lingering >= MAX_LINGERING) return void socket.destroy();
    lingering++;
    const end = setTimeout(() => socket.destroy(), LINGER_MS);
    const silence = setTimeout(answer, SILENCE_MS);
    socket.once('close', () => {
      lingering--;
      clearTimeout(end);
      clearTimeout(silence);
    });
    socket.once('data', answer).once('end', answer).resume();

    function answer(first?: Buffer): void {
      clearTimeout(silence);
      socket.off('data', answer).off('end', answer);
      // What follows is thrown away.
      socket.resume();
      socket.end(answerTo(first));
    }
  };
}
