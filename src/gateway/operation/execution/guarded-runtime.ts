// graphql-jit 0.8 completes the values of promises in callbacks that nothing protects: what is thrown there, by `resolveType`, an iterator
// or a getter, is an unhandled rejection, which ends the process, and the operation never settles. Its runtime is one shared object, whose
// two methods that wait for promises are replaced here. The file is part of the package's `exports`.

import { createRequire } from 'node:module';

/** What graphql-jit keeps for one run of an operation. */
type Run = { errors: unknown[]; promiseCounter: number; resolve?: (run: Run) => void };
type Callback = (value: unknown) => void;
type Complete = (run: Run, value: unknown, onSuccess: Callback, onError: Callback) => void;
type Runtime = { isPromise(value: unknown): boolean; handleResolverResult: Complete; handleListItemResult: Complete };

/** Stands in the errors of a compiled operation in which something was thrown outside of a resolver: its data is incomplete. */
export class IncompleteRun extends Error {
  override name = 'IncompleteRun';
}

const complete: Complete = (run, value, onSuccess, onError) => {
  if (!runtime.isPromise(value)) {
    // What this throws reaches the callback around it, or the caller of the operation.
    onSuccess(value);
    return;
  }
  const settle = (callback: Callback) => (outcome: unknown) => {
    try {
      callback(outcome);
    } catch (cause) {
      run.errors.push(new IncompleteRun('A value could not be completed.', { cause }));
    }
    // `resolve` is not set when the synchronous part threw.
    if (--run.promiseCounter === 0) run.resolve?.(run);
  };
  run.promiseCounter++;
  // A promise is itself here; another thenable may call back at once, twice, or throw.
  void Promise.resolve(value).then(settle(onSuccess), settle(onError));
};

const { jitRuntime: runtime } = createRequire(import.meta.url)('graphql-jit/dist/runtime.js') as { jitRuntime: Runtime };

/** Whether compiled operations are protected. Where they are not, because graphql-jit has changed, nothing may be compiled. */
export const isGuarded = typeof runtime?.handleResolverResult === 'function' && typeof runtime.handleListItemResult === 'function';

if (isGuarded) Object.assign(runtime, { handleResolverResult: complete, handleListItemResult: complete });
