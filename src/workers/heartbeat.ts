// A worker that hangs, in an endless loop or because it was stopped, keeps its connections open and answers nothing: it is noticed by
// its silence. It is asked, and does not only tell: the question waits behind everything else on its way to the worker, so that an answer
// also says that the worker still takes what it is sent. This bounds how long a connection can be on its way to a worker.

import type { Peer } from './peer.ts';

/** Questions that a worker leaves unanswered until it counts as silent. */
const MISSES = 10;

/** In a worker: answers as long as its event loop turns. */
export function answerBeats(primary: Peer): void {
  primary.on('beat', () => undefined);
}

/** In the primary: calls `onSilence` once when a worker has been silent for `silenceMs`. Returns how to stop. */
export function watchBeats(worker: Peer, silenceMs: number, onSilence: () => void): () => void {
  let missed = 0;
  const heard = () => {
    missed = 0;
  };
  // What is counted is turns of this process's own timer, not time: where the primary itself was stopped, nobody else is to blame.
  const timer = setInterval(() => {
    if (missed++ < MISSES) return void worker.ask('beat', undefined, silenceMs).then(heard, () => undefined);
    clearInterval(timer);
    onSilence();
  }, silenceMs / MISSES);
  return () => clearInterval(timer);
}
