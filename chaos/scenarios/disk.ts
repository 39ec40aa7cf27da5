import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openPostgresServer } from '../../harness/postgres-server.ts';
import { mountBreakingDisk, mountSmallDisk, obstacleToMount } from '../disks.ts';
import { embeddedDatabase } from '../embedded-database.ts';
import { running } from '../processes.ts';
import type { Scenario } from '../scenario.ts';
import { aFault } from '../under-load.ts';

const [FULL_MS, READ_ONLY_MS] = [5000, 5000];
/** A server that cannot write ends; whoever starts it again each second looks at the disk meanwhile. */
const UNMOUNT_MS = 20_000;
/** Meanwhile the folder is empty. */
const CHECKING_MS = 4000;
const LARGE_WRITE = 'create table chaos_filler as select generate_series(1, 200000)';
/** PostgreSQL's error code, from its appendix A. */
const DISK_FULL = '53100';

export const disk: readonly Scenario[] = [
  aFault({
    name: 'disk: it is full',
    tried: `the disk of the database is filled, and has room again ${FULL_MS / 1000} s later`,
    obstacle: () => obstacleToMount('tmpfs'),
    must: { mayFail: /DATABASE_UNAVAILABLE|OVERLOADED|RESULT_UNAVAILABLE/, unaffected: ['visitor', 'verifier'], calmWithinMs: 3000 },
    besides: 'a large write of somebody else fails for want of room',
    prepare: async (ctx) => {
      const small = await mountSmallDisk();
      ctx.defer(small.close);
      const database = await openPostgresServer({ dir: small.dir, settings: ['max_wal_size=64MB', 'min_wal_size=32MB', 'autovacuum=off'] });
      ctx.defer(database.close);
      const gateway = await ctx.gateway({ DATABASE_URL: database.url });
      ctx.defer(gateway.stop);
      return {
        ports: [gateway.port],
        rows: database.rows,
        fault: async () => {
          const end = performance.now() + FULL_MS;
          small.fill();
          const code = await database.rows(LARGE_WRITE).then(
            () => 'none',
            (error) => String(error.code),
          );
          for (; performance.now() < end; await wait(200)) small.fill();
          small.empty();
          await database.start();
          const words = `the error of the large write is ${code}`;
          return code === DISK_FULL ? { words } : { problems: [words] };
        },
      };
    },
  }),
  aFault({
    name: 'disk: it becomes read-only',
    tried: `the disk of the embedded database finds an error and becomes read-only; ${READ_ONLY_MS / 1000} s later it is checked and mounted again`,
    obstacle: () => obstacleToMount('ext4'),
    // PostgreSQL itself ends at the first commit that it cannot write, and cannot recover there.
    must: { mayFail: /DATABASE_UNAVAILABLE|OVERLOADED|RESULT_UNAVAILABLE/, isOut: true, maxGapMs: 8000, calmWithinMs: 8000 },
    besides: 'the gateway starts the database again by itself',
    prepare: async (ctx) => {
      const breaking = await mountBreakingDisk();
      ctx.defer(breaking.close);
      const database = embeddedDatabase(breaking.dir);
      ctx.defer(database.end);
      const gateway = await ctx.gateway({ DATABASE_URL: '', DATABASE_DIR: breaking.dir, SEED_SCALE: '0.01' });
      ctx.defer(gateway.stop);
      const first = database.pid();
      return {
        ports: [gateway.port],
        rows: database.rows,
        fault: async () => {
          breaking.becomeReadOnly();
          const code = errorOf(() => writeFileSync(path.join(breaking.dir, 'file'), 'x'));
          await wait(READ_ONLY_MS);
          const hadEnded = running([first]).length === 0;
          await breaking.mend({ boundMs: UNMOUNT_MS, checkingMs: CHECKING_MS });
          const words = `the error of a write to the disk is ${code}, its server ${hadEnded ? 'ended' : 'ran on'}`;
          return code === 'EROFS' && hadEnded ? { words } : { problems: [words] };
        },
      };
    },
  }),
];

function errorOf(work: () => void): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
