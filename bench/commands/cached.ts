// A public page out of Convoy's response cache, beside a server that has nothing but these bytes.

import { nodeCommand } from '../../harness/commands.ts';
import { walkAll } from '../load/prepare.ts';
import { describe, machineFacts } from '../measure/machine.ts';
import { type Measured, measure } from '../measure/measure.ts';
import { medianOf } from '../measure/median.ts';
import type { Options } from '../options.ts';
import { counted } from '../report/picture.ts';
import { tableOf } from '../report/table.ts';
import { atLeast, printTargets } from '../report/targets.ts';
import { writeJson } from '../report/write-report.ts';
import { startServer } from '../servers/fleet.ts';
import { startProcess } from '../servers/server-process.ts';
import { SERVERS } from '../servers/servers.ts';
import { type Session, withSession } from '../session.ts';

const [CONVOY] = SERVERS;

export const cached = (options: Options): Promise<void> => withSession((session) => compare(options, session));

async function compare(options: Options, { server, load }: Session): Promise<void> {
  const database = await server.database(1);
  const machine = await machineFacts(database.admin);
  console.log(describe(machine));
  const convoy = await startServer(CONVOY, database);
  const [answer] = await walkAll(convoy.process.url, CONVOY.dialect, [{ operation: 'PublicCertificates', args: {}, pages: 1 }], new Map());
  if (!answer) throw new Error('Convoy did not answer.');
  const bare = await startProcess(nodeCommand('bench/peers/bare.ts'), { ANSWER: answer.text });
  try {
    await load.prepare(CONVOY.name, convoy.process.url, [answer]);
    await load.prepare('bare', bare.url, [answer]);
    const servers = [
      { server: CONVOY.name, pid: convoy.process.pid },
      { server: 'bare', pid: bare.pid },
    ];
    const { seconds, warmUpSeconds, seed } = options;
    const run = (cell: { server: string; pid: number }, connections: number) =>
      measure(load, database.admin, { ...cell, connections, seconds, warmUpSeconds, seed });
    for (const cell of servers) await run(cell, 32);
    const levels = [];
    for (const connections of options.connections) {
      const found = new Map<string, Measured[]>(servers.map((each) => [each.server, []]));
      for (let round = 1; round <= options.rounds; round++)
        for (const cell of servers) found.get(cell.server)?.push(await run(cell, connections));
      const rows = Array.from(found, ([name, figures]) => ({ server: name, figures: medianOf(figures) }));
      console.log(`\n${counted(connections, 'connection')}\n\n${tableOf(rows, rows[0])}`);
      levels.push({ connections, rows });
    }
    const targets = levels.map(({ connections, rows: [ours, theirs] }) => {
      const ratio = ours && theirs && ours.figures.requestsPerSecond / theirs.figures.requestsPerSecond;
      const what = `cached page, requests/s to a bare answer of ${answer.length} bytes, ${counted(connections, 'connection')}`;
      return atLeast(what, 0.4, ratio);
    });
    printTargets([{ targets }]);
    if (options.json) await writeJson(options.json, { machine, options, bytes: answer.length, medians: levels, targets });
  } finally {
    await Promise.all([convoy.process.stop(), bare.stop()]);
  }
}
