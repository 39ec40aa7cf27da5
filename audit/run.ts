import { randomBytes } from 'node:crypto';
import { endBySignal, UsageError, within } from '../harness/command.ts';
import { createReport } from '../harness/report.ts';
import type { Verdict } from '../harness/verdict.ts';
import { demoId } from '../prisma/seed/demo.ts';
import { createTokens } from '../src/tokens.ts';
import type { AuditContext, Check } from './check.ts';
import { openAuditDatabase } from './database.ts';
import { createGateways } from './gateways.ts';
import type { Options } from './options.ts';

/** How long a check may take, beside those that say so themselves. Documents are many. */
const CHECK_MS = 120_000;
const MS_PER_DOCUMENT = 20;

/** Runs the checks one after the other; true where all hold. Gateways of a concern are stopped behind its last check. */
export async function runAudit(concerns: readonly (readonly Check[])[], options: Options): Promise<boolean> {
  const chosen = concerns.map((checks) => checks.filter(({ name }) => options.only.test(name))).filter(({ length }) => length > 0);
  if (chosen.length === 0) throw new UsageError(`No check has a name that matches ${options.only.source}.`);
  const report = createReport({ json: options.json });
  const start = performance.now();
  const opening = openAuditDatabase(process.env.DATABASE_URL || undefined);
  endBySignal(async () => await (await opening).close());
  const database = await opening;
  const secretKey = randomBytes(36).toString('base64');
  // As strangers meet it, and as talkative as it can be: what it prints is searched for secrets.
  const base = { SECRET_KEY: secretKey, LOG_LEVEL: 'trace', DEBUG: 'false' };
  const gateways = createGateways({ database, base, set: options.set });
  const tokens = createTokens({ secretKeys: [secretKey], ttlSeconds: 3600 });
  const secrets = new Set([secretKey]);
  const ctx: AuditContext = {
    gateway: gateways.get,
    createDatabase: database.create,
    tokenOf: async (role) => {
      const { token } = await tokens.sign(demoId(role));
      secrets.add(token);
      return token;
    },
    secrets,
    outputs: gateways.outputs,
    secretKey,
    documents: options.documents,
    seed: options.seed,
  };
  const boundMs = CHECK_MS + options.documents * MS_PER_DOCUMENT;

  try {
    // What fails to begin fails when it is run.
    for (const check of chosen.flat()) await check.begin?.(ctx).catch(() => undefined);
    for (const checks of chosen) {
      for (const { name, tried, expected, run } of checks) {
        const began = performance.now();
        const verdict = await within(boundMs, run(ctx)).catch(failed);
        report.add({ name, tried, expected, ...verdict, ms: Math.round(performance.now() - began) });
      }
      await gateways.stopPassing();
    }
  } finally {
    await gateways.stopAll();
    await database.close();
  }
  return report.end((performance.now() - start) / 1000);
}

/** A check that throws, or does not end, has failed and ends nothing else. */
const failed = (error: unknown): Verdict => ({
  holds: false,
  happened: error instanceof Error ? error.message || String(error) : String(error),
});
