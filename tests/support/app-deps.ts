// What an app is made of where a test does not say otherwise.

import { createApp } from '../../src/app.ts';
import type { AppDeps, ProtectionDeps } from '../../src/app-deps.ts';
import type { LimitMode, LimitName } from '../../src/limits/limits.ts';
import { createMetrics } from '../../src/metrics.ts';
import { loadViewer } from '../../src/modules/user/policy.ts';
import { createPersistedDocuments } from '../../src/persisted/persisted-documents.ts';
import { createGate } from '../../src/plugins/use-gate.ts';
import { createMemoryStore } from '../../src/rate-limit/memory-store.ts';
import { databaseError } from '../../src/resources/database-errors.ts';

/** Tests ask more often than any client may. What one operation may be stays bounded. */
export const WITHOUT_RATES: Partial<Record<LimitName, LimitMode>> = { requests: 'off', points: 'off', fields: 'off' };

/** Protection as it is by default, but for what a test gives; `modes` are for it to say, and the rates are off without. */
export const aProtection = (given: Partial<ProtectionDeps> = {}): ProtectionDeps => ({
  modes: WITHOUT_RATES,
  store: createMemoryStore(),
  pressure: { maxCost: () => Number.POSITIVE_INFINITY },
  gate: createGate(),
  documents: createPersistedDocuments({}),
  ...given,
});

type Needed = Pick<AppDeps, 'database' | 'prisma' | 'pubSub' | 'tokens' | 'log'>;

/** An app over resources that are open. */
export const anAppOver = (deps: Needed & Partial<AppDeps>) =>
  createApp({
    protection: aProtection(),
    metrics: createMetrics(),
    loadViewer,
    translateError: databaseError,
    playground: undefined,
    corsOrigins: [],
    isDebugging: false,
    ...deps,
  });
