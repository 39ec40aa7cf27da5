// Sends messages of its own beside one call in the store of its parent, and ends by itself.

import { createParentStore } from '../../src/rate-limit/shared-store.ts';

const store = createParentStore(process, { timeoutMs: 10_000 });
const taking = store.take('key', [{ windowMs: 60_000, max: 60 }], 1);
for (const message of ['text', 7, true, { batch: 0 }]) process.send?.(message);
const verdict = await taking;
process.send?.({ finished: verdict });
