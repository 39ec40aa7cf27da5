import { setTimeout as wait } from 'node:timers/promises';
import { startReplicaServers, type TestServer } from '../../tests/support/replica-servers.ts';
import type { Scenario } from '../scenario.ts';
import { aFault } from '../under-load.ts';

const PAUSED_MS = 5000;
/** Reads of tables, which a replica counts for itself. What gateways ask to know how far it is reads none. */
const READS = 'select sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0))::int as count from pg_stat_user_tables';

const ofReplicas = (
  name: string,
  tried: string,
  work: (replica: TestServer) => Promise<unknown>,
  { settings = [], lagMs = 1000 }: { settings?: readonly string[]; lagMs?: number } = {},
) =>
  aFault({
    name: `replicas: ${name}`,
    tried,
    must: {},
    besides: 'members see at once what they wrote',
    prepare: async (ctx) => {
      const servers = await startReplicaServers({ replicas: [settings] });
      ctx.defer(servers.close);
      const { primary, replicas } = servers;
      const [replica] = replicas as [TestServer];
      const gateway = await ctx.gateway({
        DATABASE_URL: primary.url,
        DATABASE_REPLICA_URLS: replica.url,
        MAX_REPLICA_LAG_MS: String(lagMs),
        // Answers that are kept for other visitors are read from the primary.
        RESPONSE_CACHE: 'false',
      });
      ctx.defer(gateway.stop);
      const reads = async () => (await replica.rows<{ count: number }>(READS))[0]?.count ?? 0;
      const first = await reads();
      return {
        ports: [gateway.port],
        rows: primary.rows,
        fault: async () => {
          const count = (await reads()) - first;
          await work(replica);
          const words = `the replica had read its tables ${count} times before`;
          return count > 0 ? { words } : { problems: [words] };
        },
      };
    },
  });

export const replicas: readonly Scenario[] = [
  ofReplicas('one is killed', 'kill -9 of all processes of the only replica', (replica) => replica.kill()),
  ofReplicas('one hangs', `SIGSTOP of all processes of the only replica for ${PAUSED_MS / 1000} s`, async (replica) => {
    await replica.freeze();
    await wait(PAUSED_MS);
    await replica.wake();
  }),
  ofReplicas('one shows nothing new', `pg_wal_replay_pause() at the only replica for ${PAUSED_MS / 1000} s`, async (replica) => {
    await replica.rows('select pg_wal_replay_pause()');
    await wait(PAUSED_MS);
    await replica.rows('select pg_wal_replay_resume()');
  }),
  ofReplicas('one is late', 'the only replica shows everything 2 s late, which may be', () => wait(PAUSED_MS), {
    settings: ['recovery_min_apply_delay=2s'],
    lagMs: 10_000,
  }),
];
