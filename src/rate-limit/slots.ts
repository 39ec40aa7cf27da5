// What counts of one key in one window: how much was taken in each slot, a hundredth of the window. A slot is known by its number since
// the clock's zero, and counts until the whole of it has left the window, so that a unit never leaves before its time.

/** A window has this many slots; what counts lies in one more, as the oldest one leaves while the newest one fills. */
export const SLOTS = 100;

export type Counter = {
  windowMs: number;
  /** Of all slots together. */
  sum: number;
  /** Number and amount of each slot that is not empty, one after the other, the oldest first. */
  slots: number[];
};

// The product comes first: with whole milliseconds it is exact, so that a slot is the same one whoever computes it.
const slotAt = (at: number, windowMs: number) => Math.floor((at * SLOTS) / windowMs);

/** In how many whole milliseconds a slot has left the window. */
const leavesInMs = (slot: number, at: number, windowMs: number) => Math.max(1, Math.ceil(((slot + SLOTS + 1) * windowMs) / SLOTS - at));

/** Forgets the slots that have left. */
export function expire(counter: Counter, at: number): void {
  const { slots } = counter;
  const oldest = slotAt(at, counter.windowMs) - SLOTS;
  let left = 0;
  for (; left < slots.length && (slots[left] as number) < oldest; left += 2) counter.sum -= slots[left + 1] as number;
  if (left === 0) return;
  // Array.prototype.splice and copyWithin take several times as long.
  for (let index = left; index < slots.length; index++) slots[index - left] = slots[index] as number;
  slots.length -= left;
}

/** Counts an amount at a moment that is not before any other. */
export function add(counter: Counter, amount: number, at: number): void {
  const { slots } = counter;
  const slot = slotAt(at, counter.windowMs);
  // An array that is pushed to for the first time takes room for seventeen numbers; most clients need two.
  if (slots.length === 0) counter.slots = [slot, amount];
  else if (slots[slots.length - 2] === slot) (slots[slots.length - 1] as number) += amount;
  else slots.push(slot, amount);
  counter.sum += amount;
}

/** Takes back from the slot of that moment what is in it, at most. */
export function remove(counter: Counter, amount: number, at: number): void {
  const { slots } = counter;
  const slot = slotAt(at, counter.windowMs);
  let index = slots.length - 2;
  while (index >= 0 && (slots[index] as number) > slot) index -= 2;
  if (index < 0 || slots[index] !== slot) return;
  const given = Math.min(amount, slots[index + 1] as number);
  counter.sum -= given;
  if ((slots[index + 1] as number) > given) (slots[index + 1] as number) -= given;
  else slots.splice(index, 2);
}

/** In how many milliseconds an amount has room if nothing else is counted, 0 where it has now. Wants a counter without what has left. */
export function roomInMs({ windowMs, sum, slots }: Counter, amount: number, max: number, at: number): number {
  let excess = sum + amount - max;
  if (excess <= 0) return 0;
  if (amount > max) return windowMs;
  let index = 0;
  for (; index < slots.length; index += 2) {
    excess -= slots[index + 1] as number;
    if (excess <= 0) break;
  }
  return leavesInMs(slots[index] as number, at, windowMs);
}

/** What is left of a window. Wants a counter without what has left. */
export function standingOf({ windowMs, sum, slots }: Counter, max: number, at: number) {
  const newest = slots[slots.length - 2];
  return { remaining: Math.max(0, max - sum), resetMs: newest === undefined ? 0 : leavesInMs(newest, at, windowMs) };
}
