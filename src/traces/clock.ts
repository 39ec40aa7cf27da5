import type { HrTime } from '@opentelemetry/api';

const SETTING_MS = 60_000;

/** Turns moments of `performance.now` into those of the clock on the wall, all by one measure: spans of a trace lie within each other. */
export function createClock() {
  let offsetMs = performance.timeOrigin;
  let setAt = Number.NEGATIVE_INFINITY;
  return {
    /** Compares the clocks anew, where that was long ago: the one on the wall is corrected while a process runs. */
    set(): void {
      const now = performance.now();
      if (now - setAt < SETTING_MS) return;
      offsetMs = Date.now() - now;
      setAt = now;
    },
    at(ms: number): HrTime {
      const epochMs = offsetMs + ms;
      const seconds = Math.floor(epochMs / 1000);
      return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
    },
  };
}
