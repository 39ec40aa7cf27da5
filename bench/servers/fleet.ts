// The servers of a run, each in a process of its own, prepared for the load.

import type { BenchDatabase } from '../database/open-database.ts';
import type { Load } from '../load/open-load.ts';
import type { Walk } from '../load/operations.ts';
import { type Answer, signTokens, walkAll } from '../load/prepare.ts';
import { compare } from '../measure/compare.ts';
import { UsageError } from '../options.ts';
import { type ServerProcess, startProcess } from './server-process.ts';
import { POOL_SIZE, SERVERS, type ServerSpec } from './servers.ts';

export const SECRET_KEY = 'a key for the bench only, which signs what nobody else reads';

export type Member = { spec: ServerSpec; process: ServerProcess };

/** Which servers: all, or those that are named. Convoy is always asked, because answers are compared with its. */
export function chooseServers(only: readonly string[] | undefined): ServerSpec[] {
  const unknown = only?.filter((name) => !SERVERS.some((spec) => spec.name === name)) ?? [];
  if (unknown.length > 0)
    throw new UsageError(`There is no server ${unknown.join(', ')}: there are ${SERVERS.map(({ name }) => name).join(', ')}.`);
  return SERVERS.filter(({ name }) => only?.includes(name) ?? true);
}

export async function startServer(spec: ServerSpec, database: BenchDatabase): Promise<Member> {
  const settings = {
    DATABASE_URL: await database.urlFor(spec.name),
    SECRET_KEY,
    PORT: '0',
    LOG_LEVEL: 'warn',
    // As the peers, which are one process each.
    MAX_WORKERS: '1',
    POOL_SIZE: String(POOL_SIZE),
  };
  return { spec, process: await startProcess(spec.command, { ...settings, ...spec.settings }) };
}

/** Starts the servers, asks each everything once, compares, and hands the requests to the load. `onReady` is called after each. */
export async function openFleet(
  specs: readonly ServerSpec[],
  { database, load, walks, onReady }: { database: BenchDatabase; load: Load; walks: readonly Walk[]; onReady?: (name: string) => void },
) {
  const members: Member[] = [];
  const close = async () => {
    await Promise.all(members.map(({ process }) => process.stop()));
  };
  try {
    const tokens = await signTokens(SECRET_KEY, walks);
    let expected = specs[0]?.isReference ? undefined : await answersOfConvoy(database, walks, tokens);
    for (const spec of specs) {
      const member = await startServer(spec, database);
      members.push(member);
      const answers = await walkAll(member.process.url, spec.dialect, walks, tokens, spec.isProxied);
      expected ??= answers;
      compare(spec.name, answers, expected);
      await load.prepare(spec.name, member.process.url, answers, spec.isProxied);
      onReady?.(spec.name);
    }
    return { members, requests: expected?.length ?? 0, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** From a Convoy for the comparison alone, where the run has none. */
async function answersOfConvoy(database: BenchDatabase, walks: readonly Walk[], tokens: Map<number, string>): Promise<Answer[]> {
  const [spec] = SERVERS;
  const { process } = await startServer(spec, database);
  try {
    return await walkAll(process.url, spec.dialect, walks, tokens);
  } finally {
    await process.stop();
  }
}
