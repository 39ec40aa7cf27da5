/** Places that clients take, by a key, and that processes take for them: what one that is gone has taken is free again. */
export type Places = {
  /** Whether there was one, of `max`. */
  take(holder: number, key: string, max: number): boolean;
  giveBack(holder: number, key: string): void;
  /** Gives back all that a holder has. */
  release(holder: number): void;
};

export function createPlaces(): Places {
  const taken = new Map<string, number>();
  const byHolder = new Map<number, Map<string, number>>();

  return {
    take(holder, key, max) {
      if ((taken.get(key) ?? 0) >= max) return false;
      add(taken, key, 1);
      add(
        byHolder.getOrInsertComputed(holder, () => new Map()),
        key,
        1,
      );
      return true;
    },
    giveBack(holder, key) {
      const own = byHolder.get(holder);
      if (!own?.has(key)) return;
      add(own, key, -1);
      add(taken, key, -1);
    },
    release(holder) {
      for (const [key, count] of byHolder.get(holder) ?? []) add(taken, key, -count);
      byHolder.delete(holder);
    },
  };
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
