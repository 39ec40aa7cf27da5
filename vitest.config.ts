import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';

// Each file of tests is a process, and many of them start gateways: what they all load is compiled once. As scripts/start.js does.
process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, '.convoy/compile-cache');

/** Tests of what clients see, which must be the same without the parts that make it fast. */
const SEEN_BY_CLIENTS = [
  'bad-*',
  'certificate*',
  'connections',
  'contract',
  'counts',
  'database-faults',
  'loaders',
  'mutations',
  'permissions',
  'personal-data',
  'sign-in',
  'subscriptions',
  'tokens',
  'users',
  'visibility',
].map((name) => `tests/${name}.test.ts`);

export default defineConfig({
  // The build of graphql that Node itself takes: a second one beside it would not know the first one's types.
  resolve: { alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }] },
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    pool: 'forks',
    // PostgreSQL works on the same cores; beyond four, the tests that measure time get in each other's way.
    maxWorkers: Math.max(2, Math.min(4, availableParallelism())),
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Those of one file that wait for processes most of the time.
    maxConcurrency: 2,
    // No measure of speed: what hangs ends, on the slowest machine too.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'as shipped', include: ['tests/**/*.test.ts'] } },
      // Yoga's own way through HTTP, nothing compiled, and each request with statements of its own.
      { extends: true, test: { name: 'plain', include: SEEN_BY_CLIENTS, env: { CONVOY_TEST_PLAIN: 'true' } } },
    ],
  },
});
