import type { RateLimitStore, Verdict, Window } from '../../src/rate-limit/store.ts';

type Unit = { amount: number; at: number };

/** What a rate limit means, written down as plainly as can be: every call that was counted is kept, and asked at every question. */
export function createModel() {
  const taken = new Map<string, Unit[]>();
  const slotAt = (at: number, { windowMs }: Window) => Math.floor((at * 100) / windowMs);
  const leavesAt = (unit: Unit, window: Window) => ((slotAt(unit.at, window) + 101) * window.windowMs) / 100;
  const counted = (key: string, window: Window, at: number) =>
    (taken.get(key) ?? []).filter((unit) => slotAt(at, window) - slotAt(unit.at, window) <= 100);
  const total = (units: Unit[]) => units.reduce((sum, { amount }) => sum + amount, 0);

  function roomIn(key: string, window: Window, amount: number, at: number): number {
    if (amount > window.max) return window.windowMs;
    let units = counted(key, window, at);
    let roomAt = at;
    while (total(units) + amount > window.max) {
      const [first] = units as [Unit];
      roomAt = leavesAt(first, window);
      units = units.filter((unit) => leavesAt(unit, window) > roomAt);
    }
    return Math.ceil(roomAt - at);
  }

  return {
    take(key: string, windows: readonly Window[], amount: number, at: number): Verdict {
      const retryAfterMs = Math.max(...windows.map((window) => roomIn(key, window, amount, at)));
      if (retryAfterMs === 0 && amount > 0) taken.set(key, [...(taken.get(key) ?? []), { amount, at }]);
      const standings = windows.map((window) => {
        const units = counted(key, window, at);
        const left = Math.max(at, ...units.map((unit) => leavesAt(unit, window)));
        return { remaining: Math.max(0, window.max - total(units)), resetMs: Math.ceil(left - at) };
      });
      return { isAllowed: retryAfterMs === 0, retryAfterMs, standings, at };
    },
    /** Of calls that were allowed at that moment. */
    refund(key: string, amount: number, at: number): void {
      let left = amount;
      for (const unit of (taken.get(key) ?? []).filter((candidate) => candidate.at === at)) {
        const given = Math.min(left, unit.amount);
        unit.amount -= given;
        left -= given;
      }
      taken.set(key, taken.get(key)?.filter((unit) => unit.amount > 0) ?? []);
    },
  };
}

/** How many of so many calls at once are let through. */
export async function admitted(calls: number, store: RateLimitStore, key: string, windows: readonly Window[]): Promise<number> {
  const verdicts = await Promise.all(Array.from({ length: calls }, () => store.take(key, windows, 1)));
  return verdicts.filter(({ isAllowed }) => isAllowed).length;
}

/** How much is left of each window. */
export const remaining = async (store: RateLimitStore, key: string, windows: readonly Window[]) =>
  (await store.take(key, windows, 0)).standings.map((standing) => standing.remaining);

/** Whole numbers below a bound, the same ones each run. */
export function createRandom(seed: number) {
  let state = seed;
  return (bound: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * bound);
  };
}
