import { chmod, glob, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isAlive } from '../src/resources/file-lock.ts';

/** A file system in memory, where Linux has one. */
const MEMORY = '/dev/shm';
/** What the servers of a run may come to. Docker gives its containers 64 MB there unless it is told otherwise. */
const ROOM_BYTES = 2 ** 31;
const NAME = 'convoy-scratch-';

/**
 * Makes a folder for the files of servers that live for a run, for whoever makes it to remove. It lies in memory where there is room:
 * a database is made of 350 files, which a disk under load takes ten times as long for.
 */
export async function makeScratchFolder(): Promise<string> {
  const folder = await mkdtemp(path.join((await hasRoom(MEMORY)) ? MEMORY : tmpdir(), `${NAME}${process.pid}-`));
  // Where root starts it, PostgreSQL runs as another user, who has to enter.
  await chmod(folder, 0o755);
  return folder;
}

/** Removes the folders of processes that were killed. */
export async function removeLeftoverScratchFolders(): Promise<void> {
  for (const place of new Set([MEMORY, tmpdir()])) {
    for await (const folder of glob(`${NAME}*`, { cwd: place })) {
      if (!isAlive(Number(folder.slice(NAME.length).split('-')[0]))) await rm(path.join(place, folder), { recursive: true, force: true });
    }
  }
}

async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= ROOM_BYTES;
}
