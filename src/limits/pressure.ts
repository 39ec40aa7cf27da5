import { monitorEventLoopDelay } from 'node:perf_hooks';

export type PressureOptions = {
  /** The delay of the event loop that is still none, in milliseconds, as a mean of each sample. Default 200. */
  maxDelayMs?: number;
  /** The points of the dearest operation that may be. Default 1000. */
  maxCost?: number;
  /** How long the operation that waits longest for its turn has waited, in milliseconds. More than a second is pressure. */
  oldestWaitMs?: () => number;
  /** Callers that wait for a connection of the pool, for each connection that it may have. More than one is pressure. */
  poolWaiters?: () => number;
  /** How often it is looked at, in milliseconds. Default 200. */
  sampleMs?: number;
};

export type Pressure = {
  /** The last sample: 1 and more is pressure. */
  level(): number;
  /** The most points that an anonymous operation may cost now; Infinity while there is no pressure. */
  maxCost(): number;
  close(): void;
};

const MAX_WAIT_MS = 1000;
const RESOLUTION_MS = 10;
/** Under pressure, what is let in sinks by a third with each sample, so that all that is anonymous is shed within four seconds. */
const SINKING = 2 / 3;
/** Without, it rises more slowly, so that it does not swing. */
const RISING = 1.2;

/** Measures how far behind the gateway is, and what to shed. It looks in the background: a request only reads a number. */
export function createPressure({
  maxDelayMs = 200,
  maxCost = 1000,
  oldestWaitMs = () => 0,
  poolWaiters = () => 0,
  sampleMs = 200,
}: PressureOptions = {}): Pressure {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let level = 0;
  let allowed = Number.POSITIVE_INFINITY;

  let lastAt = performance.now();
  const sample = () => {
    const elapsedMs = performance.now() - lastAt;
    lastAt += elapsedMs;
    // Without a turn of the loop in this sample there is nothing to read: one turn took all of it.
    const delayMs = delays.count > 0 ? delays.mean / 1e6 - RESOLUTION_MS : elapsedMs;
    delays.reset();
    level = Math.max(delayMs / maxDelayMs, oldestWaitMs() / MAX_WAIT_MS, poolWaiters());
    if (level > 1) allowed = Math.max(0.5, Math.min(allowed, maxCost) * SINKING);
    else if (allowed < maxCost) allowed = allowed * RISING;
    else allowed = Number.POSITIVE_INFINITY;
  };
  const timer = setInterval(sample, sampleMs).unref();

  return {
    level: () => level,
    maxCost: () => allowed,
    close() {
      clearInterval(timer);
      delays.disable();
    },
  };
}
