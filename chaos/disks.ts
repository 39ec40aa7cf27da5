// File systems of a scenario's own, which can be filled or become read-only. Only root may mount any, and not in each container.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const FULL_MEGABYTES = 400;
/** Of a file that takes as much room as is written. */
const EXT4_MEGABYTES = 600;
const PREFIX = path.join(tmpdir(), 'convoy-chaos-disk-');

/** Why no file system of that kind can be mounted here; undefined where it can. It is tried. */
export function obstacleToMount(kind: 'tmpfs' | 'ext4'): string | undefined {
  if (process.platform !== 'linux') return 'a file system of its own can be mounted on Linux only';
  if (process.getuid?.() !== 0) return 'only root can mount a file system of its own';
  const dir = mkdtempSync(PREFIX);
  try {
    if (kind === 'tmpfs') mountTmpfs(dir, 1);
    else {
      makeExt4(`${dir}.image`, 16);
      mountExt4(`${dir}.image`, dir);
      closeSync(openSync(triggerOf(dir), 'w'));
    }
    return undefined;
  } catch (error) {
    return `a ${kind} of its own cannot be mounted here: ${(error as Error).message.trim().split('\n').at(-1)}`;
  } finally {
    unmount(dir);
    rmSync(`${dir}.image`, { force: true });
    rmdirSync(dir);
  }
}

/** A folder on a small file system in memory. */
export async function mountSmallDisk() {
  const dir = await mkdtemp(PREFIX);
  mountTmpfs(dir, FULL_MEGABYTES);
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
      unmount(dir);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/**
 * A folder on an ext4 in a file. `remount,ro` is refused while a file is open for writing; an ext4 that finds an error becomes read-only
 * under whoever has it open, and so does this one, told to by the kernel's switch for tests.
 */
export async function mountBreakingDisk() {
  const place = await mkdtemp(PREFIX);
  // The database's user has to enter.
  await chmod(place, 0o755);
  const [dir, image] = [path.join(place, 'disk'), path.join(place, 'image')];
  await mkdir(dir);
  makeExt4(image, EXT4_MEGABYTES);
  mountExt4(image, dir);
  return {
    dir,
    becomeReadOnly: () => writeFileSync(triggerOf(dir), 'chaos'),
    /** As an operator does: unmounted when nobody holds it any more, checked, which takes a while, and mounted again. Throws where somebody holds it for too long. */
    mend: async ({ boundMs, checkingMs }: { boundMs: number; checkingMs: number }) => {
      for (const end = Date.now() + boundMs; ; await wait(50)) {
        try {
          run('umount', dir);
          break;
        } catch (error) {
          if (Date.now() > end) throw error;
        }
      }
      try {
        run('e2fsck', '-p', image);
      } catch (error) {
        // 1: errors were corrected.
        if ((error as { status?: number }).status !== 1) throw error;
      }
      await wait(checkingMs);
      mountExt4(image, dir);
    },
    close: async () => {
      unmount(dir);
      await rm(place, { recursive: true, force: true });
    },
  };
}

/** An error tells what the program has said. */
function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const mountTmpfs = (dir: string, megabytes: number) => run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'convoy-chaos', dir);
const mountExt4 = (image: string, dir: string) => run('mount', '-t', 'ext4', '-o', 'loop,errors=remount-ro', image, dir);

function makeExt4(image: string, megabytes: number): void {
  writeFileSync(image, '');
  truncateSync(image, megabytes * 2 ** 20);
  run('mkfs.ext4', '-q', '-F', image);
}

/** Linux's Documentation/ABI/testing/sysfs-fs-ext4. */
const triggerOf = (dir: string) => `/sys/fs/ext4/${path.basename(run('findmnt', '-no', 'SOURCE', dir).trim())}/trigger_fs_error`;

/** Lazily: a process that is about to end may have a file open yet. What is not mounted is no fault. */
function unmount(dir: string): void {
  try {
    run('umount', '--lazy', dir);
  } catch {
    // It is not mounted.
  }
}
