// Whether a page costs the same however deep it lies and however much there is: page 1 beside page 5,000, and the frontend's mix over
// 200,000 certificates beside 2,000,000. One connection, so that nothing is shared between requests, and no response cache, so that
// every page is read.

import type { BenchDatabase } from '../database/open-database.ts';
import type { Load } from '../load/open-load.ts';
import { drawWalks, type Walk } from '../load/operations.ts';
import { type Answer, signTokens, walkAll } from '../load/prepare.ts';
import { describe, machineFacts } from '../measure/machine.ts';
import { type Measured, measure } from '../measure/measure.ts';
import { medianOf } from '../measure/median.ts';
import type { Options } from '../options.ts';
import { type Row, tableOf } from '../report/table.ts';
import { atMost, printTargets } from '../report/targets.ts';
import { writeJson } from '../report/write-report.ts';
import { SECRET_KEY, startServer } from '../servers/fleet.ts';
import { SERVERS } from '../servers/servers.ts';
import { type Session, withSession } from '../session.ts';

const [, BATCHING] = SERVERS;
const DEEP_PAGE = 5000;
const PAGE = 20;
const WALKED_PAGE = 100;

type Subject = { name: string; role: string; pid: number; database: BenchDatabase };

export const depth = (options: Options): Promise<void> => withSession((session) => compare(options, session));

async function compare(options: Options, { server, load }: Session): Promise<void> {
  const stops: (() => Promise<void>)[] = [];
  try {
    const subjects: Subject[] = [];
    const prepare = async (name: string, role: string, database: BenchDatabase, read: (url: string) => Promise<Answer[]>) => {
      const { process } = await startServer({ ...BATCHING, name: role }, database);
      stops.push(process.stop);
      await load.prepare(name, process.url, await read(process.url));
      return { name, role, pid: process.pid, database };
    };
    const [small, large] = [await server.database(1), await server.database(10)];
    const machine = await machineFacts(small.admin);
    console.log(describe(machine));
    for (const [size, database] of [
      ['200,000 certificates', small],
      ['2,000,000 certificates', large],
    ] as const) {
      const role = `batching ${size}`;
      const walks = await drawWalks(database.admin, options.seed, 1 / 3);
      subjects.push(await prepare(`mix, ${size}`, role, database, (url) => answers(url, walks)));
      subjects.push(await prepare(`page 1, ${size}`, role, database, (url) => answers(url, [FIRST_PAGE])));
      subjects.push(await prepare(`page 5,000, ${size}`, role, database, async (url) => [await deepPage(url)]));
    }
    const rows = await measureAll(options, load, subjects);
    console.log(`\n1 connection\n\n${tableOf(rows, undefined)}`);
    const p50 = (name: string) => rows.find((row) => row.server === name)?.figures.p50 ?? Number.NaN;
    const against = (other: string, base: string) => atMost(`p50 of ${other}, to ${base}`, 1.2, p50(other) / p50(base));
    const targets = [
      against('page 5,000, 200,000 certificates', 'page 1, 200,000 certificates'),
      against('page 5,000, 2,000,000 certificates', 'page 1, 2,000,000 certificates'),
      against('page 1, 2,000,000 certificates', 'page 1, 200,000 certificates'),
      against('mix, 2,000,000 certificates', 'mix, 200,000 certificates'),
    ];
    printTargets([{ targets }]);
    if (options.json) await writeJson(options.json, { machine, options, medians: rows, targets });
  } finally {
    await Promise.all(stops.map((stop) => stop()));
  }
}

const FIRST_PAGE: Walk = { operation: 'PublicCertificates', args: {}, pages: 1 };

async function answers(url: string, walks: readonly Walk[]): Promise<Answer[]> {
  return await walkAll(url, BATCHING.dialect, walks, await signTokens(SECRET_KEY, walks));
}

type Connection = { publicCertificates: { pageInfo: { endCursor: string | null } } };

/** Reaches the page as a client does: from cursor to cursor, in larger steps. */
async function deepPage(url: string): Promise<Answer> {
  let [behind, after] = [0, undefined as string | undefined];
  while (behind < (DEEP_PAGE - 1) * PAGE) {
    const first = Math.min(WALKED_PAGE, (DEEP_PAGE - 1) * PAGE - behind);
    const body = JSON.stringify({
      query: 'query ($first: Int, $after: String) { publicCertificates(first: $first, after: $after) { pageInfo { endCursor } } }',
      variables: { first, after },
    });
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { data } = (await response.json()) as { data: Connection };
    after = data.publicCertificates.pageInfo.endCursor ?? undefined;
    if (after === undefined) throw new Error(`There are fewer than ${DEEP_PAGE} pages of public certificates.`);
    behind += first;
  }
  const [answer] = await answers(url, [{ ...FIRST_PAGE, args: { after } }]);
  if (!answer) throw new Error('The deep page was not answered.');
  return answer;
}

async function measureAll({ rounds, seconds, warmUpSeconds, seed }: Options, load: Load, subjects: readonly Subject[]): Promise<Row[]> {
  const found = new Map<string, Measured[]>(subjects.map(({ name }) => [name, []]));
  // The first round warms the servers up, and does not count.
  for (let round = 0; round <= rounds; round++)
    for (const { name, role, pid, database } of subjects) {
      const figures = await measure(load, database.admin, {
        server: name,
        role,
        pid,
        connections: 1,
        seconds,
        warmUpSeconds,
        seed: seed + round,
      });
      if (round > 0) found.get(name)?.push(figures);
    }
  return Array.from(found, ([server, figures]) => ({ server, figures: medianOf(figures) }));
}
