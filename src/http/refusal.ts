import type { Socket } from 'node:net';
import { Overloaded } from '../errors.ts';
import { type PolledTimeout, setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';
import type { Cors } from './cors.ts';
import { peekAt, rawAnswer, rawRefusal } from './raw-answer.ts';

/** How long a client may take to begin its request; whatever it is, one that has not is refused then, in milliseconds. */
const SILENCE_MS = 100;
/** How long what a client still sends is thrown away, so that it reads the answer before the connection is gone. */
const LINGER_MS = 1000;

/** Answered all the same: who asks this would restart a gateway because it has many clients, and they would all go to the next one. */
const LIVENESS = /^(GET|HEAD) \/health\/live HTTP\/1\.[01]\r\n/;

export type RefusalOptions = {
  /** Refused sockets that linger at once; beyond, they are closed without a word. Default 1000. */
  maxLingering?: number;
};

/**
 * Answers sockets that find no place: 503, with the body that every error has. Of what they send, the first bytes are looked at: for whether
 * they ask if the gateway lives, and for the page that asks, by `cors`. A preflight of such a page is answered, or the page could not
 * read the refusal that follows.
 */
export function createRefusal(cors: Cors, { maxLingering = 1000 }: RefusalOptions = {}): (socket: Socket) => void {
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
      socket.end(answerTo(first));
    }
  };
}
