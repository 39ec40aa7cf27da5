import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openPostgresServer } from '../postgres-server.ts';
import type { Scenario } from '../scenario.ts';
import { aFault } from '../under-load.ts';

const DISK_MEGABYTES = 400;
const FULL_MS = 5000;
const LARGE_WRITE = 'create table chaos_filler as select generate_series(1, 200000)';
/** PostgreSQL's error code, from its appendix A. */
const DISK_FULL = '53100';

/** Only root may mount a file system that is small enough to be filled. */
const obstacle = (): string | undefined => {
  if (process.platform !== 'linux') return 'a small file system can be mounted on Linux only';
  return process.getuid?.() === 0 ? undefined : 'only root can mount a small file system';
};

/** A folder on a file system of its own, in memory. */
async function mountSmallDisk() {
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-chaos-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m`, 'convoy-chaos', dir]);
  const filler = path.join(dir, 'filler');
  return {
    dir,
    /** Takes all the room there is. */
    fill: () => {
      const file = openSync(filler, 'a');
      try {
        for (const size of [2 ** 20, 4096]) {
          try {
            for (;;) writeSync(file, Buffer.alloc(size));
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          }
        }
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(filler, { force: true }),
    close: async () => {
      // Lazily: a process that is about to end may have a file open yet.
      execFileSync('umount', ['--lazy', dir]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export const disk: readonly Scenario[] = [
  aFault({
    name: 'disk: it is full',
    tried: `the disk of the database is filled, and has room again ${FULL_MS / 1000} s later`,
    obstacle,
    must: { mayFail: /DATABASE_UNAVAILABLE|OVERLOADED/, unaffected: ['visitor', 'verifier'], calmWithinMs: 3000 },
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
];
