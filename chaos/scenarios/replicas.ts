import { setTimeout as wait } from 'node:timers/promises';
import { readMetrics } from '../../bench/users/metrics.ts';
import type { Gateway } from '../../harness/gateway.ts';
import type { PostgresProcess } from '../../harness/postgres-process.ts';
import { startReplicaServers } from '../../harness/replica-servers.ts';
import type { Scenario } from '../scenario.ts';
import { aFault, type Noticed } from '../under-load.ts';

const HARMED_MS = 5000;
/** A replica that answers again is read again after three answers in a row; one that was killed has to start and to catch up first. */
const BACK_MS = 10_000;
const NOTHING_READ: Reading = { isIn: false, statements: 0 };

type Harm = {
  name: string;
  tried: string;
  harm?: (replica: PostgresProcess) => Promise<unknown>;
  /** Undoes the harm; where it is absent, the replica must be read throughout. */
  mend?: (replica: PostgresProcess) => Promise<unknown>;
  /** Of the replica, as `name=value`. */
  settings?: readonly string[];
  maxLagMs?: number;
};

const ofReplicas = ({ name, tried, harm, mend, settings = [], maxLagMs = 1000 }: Harm) =>
  aFault({
    name: `replicas: ${name}`,
    tried,
    must: {},
    besides: `members see at once what they wrote; the replica is ${mend ? 'left out, and read again afterwards' : 'read throughout'}`,
    prepare: async (ctx) => {
      const servers = await startReplicaServers({ replicas: [settings] });
      ctx.defer(servers.close);
      const { primary, replicas } = servers;
      const [replica] = replicas as [PostgresProcess];
      const gateway = await ctx.gateway({
        DATABASE_URL: primary.url,
        DATABASE_REPLICA_URLS: replica.url,
        MAX_REPLICA_LAG_MS: String(maxLagMs),
        // Answers that are kept for other visitors are read from the primary.
        RESPONSE_CACHE: 'false',
      });
      ctx.defer(gateway.stop);
      return {
        ports: [gateway.port],
        rows: primary.rows,
        fault: async () => {
          const before = await untilRead(gateway, replica, NOTHING_READ);
          await harm?.(replica);
          await wait(HARMED_MS);
          const harmed = await readingOf(gateway, replica);
          await mend?.(replica);
          const mendedAt = performance.now();
          const after = mend ? await untilRead(gateway, replica, harmed) : harmed;
          const words = `the replica had run ${before.statements} statements before`;
          const noticed = mend
            ? leftOutAndBack(harmed, after, (performance.now() - mendedAt) / 1000)
            : readThroughout(harmed.statements - before.statements);
          return {
            problems: [...(before.statements === 0 ? ['the replica had not been read before'] : []), ...(noticed.problems ?? [])],
            words: `${words}, ${noticed.words}`,
          };
        },
      };
    },
  });

type Reading = { isIn: boolean; statements: number };

/**
 * By the gateway's own figures, of all its workers. PostgreSQL's statistics of tables are no measure of the last seconds: a connection
 * reports to them once a second where it is busy, and after ten where it is not.
 */
async function readingOf({ url }: Gateway, { port }: PostgresProcess): Promise<Reading> {
  const samples = await readMetrics(new URL(url));
  const sum = (metric: string, label: string) =>
    samples?.find(({ name, labels }) => name === metric && labels[label] === `127.0.0.1:${port}`)?.value ?? 0;
  return { isIn: sum('convoy_replica_up', 'replica') === 1, statements: sum('convoy_sql_statements_total', 'server') };
}

/** How it stands when it is read, and has been since; or after ten seconds. */
async function untilRead(gateway: Gateway, replica: PostgresProcess, before: Reading): Promise<Reading> {
  for (const end = performance.now() + BACK_MS; ; await wait(100)) {
    const reading = await readingOf(gateway, replica);
    if (isReadSince(before, reading) || performance.now() > end) return reading;
  }
}

const isReadSince = (before: Reading, now: Reading) => now.isIn && now.statements > before.statements;

const leftOutAndBack = (harmed: Reading, after: Reading, seconds: number): Noticed => ({
  problems: [
    ...(harmed.isIn ? ['it was not left out'] : []),
    ...(isReadSince(harmed, after) ? [] : [`it was not read again within ${BACK_MS / 1000} s`]),
  ],
  words: `${harmed.isIn ? 'was not' : 'was'} left out, and read again ${seconds.toFixed(1)} s after`,
});

const readThroughout = (statements: number): Noticed => ({
  problems: statements > 0 ? [] : ['it was not read while it was late'],
  words: `and ${statements} meanwhile`,
});

export const replicas: readonly Scenario[] = [
  ofReplicas({
    name: 'one is killed',
    tried: `kill -9 of all processes of the only replica, and a start ${HARMED_MS / 1000} s later`,
    harm: (replica) => replica.kill(),
    mend: (replica) => replica.start(),
  }),
  ofReplicas({
    name: 'one hangs',
    tried: `SIGSTOP of all processes of the only replica for ${HARMED_MS / 1000} s`,
    harm: (replica) => replica.freeze(),
    mend: (replica) => replica.wake(),
  }),
  ofReplicas({
    name: 'one shows nothing new',
    tried: `pg_wal_replay_pause() at the only replica for ${HARMED_MS / 1000} s`,
    harm: (replica) => replica.rows('select pg_wal_replay_pause()'),
    mend: (replica) => replica.rows('select pg_wal_replay_resume()'),
  }),
  ofReplicas({
    name: 'one is late',
    tried: `the only replica shows everything 2 s late for ${HARMED_MS / 1000} s, which may be`,
    settings: ['recovery_min_apply_delay=2s'],
    maxLagMs: 10_000,
  }),
];
