// Holds a memory store, and serves it to the process that started this one.

import { createMemoryStore } from '../../src/rate-limit/memory-store.ts';
import { serveStore } from '../../src/rate-limit/shared-store.ts';

serveStore(createMemoryStore(), process);
