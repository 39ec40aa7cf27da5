// Values that are at hand, or will be. A page of twenty certificates has sixty edges: where a request knows a row already, a promise
// for each of them would cost more than the row did.

export type MaybePromise<T> = T | Promise<T>;

/** Continues with a value, at once where it is at hand. */
export function when<T, R>(value: MaybePromise<T>, next: (value: T) => R): R | Promise<Awaited<R>> {
  return value instanceof Promise ? (value.then(next) as Promise<Awaited<R>>) : next(value);
}

/** Continues with two values that are asked for at the same time, at once where both are at hand. */
export function whenBoth<A, B, R>(a: MaybePromise<A>, b: MaybePromise<B>, next: (a: A, b: B) => R): R | Promise<Awaited<R>> {
  if (!(a instanceof Promise)) return when(b, (second) => next(a, second));
  if (!(b instanceof Promise)) return when(a, (first) => next(first, b));
  return Promise.all([a, b]).then(([first, second]) => next(first, second)) as Promise<Awaited<R>>;
}
