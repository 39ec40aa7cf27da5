// A worker that hangs, in an endless loop or because it was stopped, keeps its connections open and answers nothing: it is noticed by
// its silence. Beats come from its event loop, so that they say that this turns.

import type { Peer } from './peer.ts';

/** Beats that a worker misses until it counts as silent. */
const MISSES = 10;

/** In a worker: beats as long as the process lives. */
export function startBeats(primary: Peer, silenceMs: number): void {
  setInterval(() => primary.tell('alive'), silenceMs / MISSES).unref();
}

/** In the primary: calls `onSilence` once when a worker has been silent for `silenceMs`. Returns how to stop. */
export function watchBeats(worker: Peer, silenceMs: number, onSilence: () => void): () => void {
  let missed = 0;
  worker.on('alive', () => {
    missed = 0;
  });
  // What is counted is turns of this process's own timer, not time: where the primary itself was stopped, nobody else is to blame.
  const timer = setInterval(() => {
    if (missed++ < MISSES) return;
    clearInterval(timer);
    onSilence();
  }, silenceMs / MISSES);
  return () => clearInterval(timer);
}
