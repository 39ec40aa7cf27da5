// A run: the gateway, the users, what is watched meanwhile, and the report.

import { createRandom } from '../load/random.ts';
import { checkWritable, writeJson, writeReport } from '../report/write-report.ts';
import { createCrowd, WITH_ACCOUNT } from './crowd.ts';
import { createFigures } from './figures.ts';
import { growthOf } from './growth.ts';
import { heapBytes, readMetrics, statementsBetween, withoutBuckets } from './metrics.ts';
import type { UsersOptions } from './options.ts';
import { pageOf } from './page.ts';
import { openProgress } from './progress.ts';
import { isGood, largestMegabytes, machineOf, otherCpu, processFigures, type Report, textOf } from './report.ts';
import { checkAddresses, openTarget, type Target } from './target.ts';
import { defaultsFor, judge, mergeThresholds, type Threshold } from './thresholds.ts';
import { createWatch, eachSecond, isOfGateway, type WatchSample } from './watch.ts';
import { createQuestions, loadAccounts, loadWorld } from './world.ts';

/** Of what a gateway says when it ends. */
const LAST_LINES = 20;
/** What memory may grow by in a soak. */
const GROWTH: Threshold = { name: 'growth', bound: 0.05, isShare: true };

/** Returns what the process ends with: 0 where all thresholds hold, else 1; 130 where somebody interrupted. */
export async function runUsers(options: UsersOptions): Promise<number> {
  for (const file of [options.html, ...(options.json ? [options.json] : [])]) await checkWritable(file);
  if (!options.url) console.error('Starting the gateway …');
  const target = await openTarget(options);
  try {
    const { wasInterrupted, ...report } = await load(options, target);
    console.log(`\n${textOf(report)}\n`);
    if (options.json) await writeJson(options.json, report);
    await writeReport(options.html, pageOf(report));
    if (wasInterrupted) return 130;
    return isGood(report) ? 0 : 1;
  } finally {
    await target.close();
  }
}

async function load(options: UsersOptions, target: Target): Promise<Report & { wasInterrupted: boolean }> {
  const { url } = target;
  const begunAt = new Date().toISOString();
  await checkAddresses(url);
  const ask = createQuestions(url);
  const random = createRandom(options.seed);
  const world = await loadWorld(ask, random);
  const wanted = Math.round((options.users * WITH_ACCOUNT) / 100);
  const accounts = await loadAccounts(ask, wanted, random);
  if (accounts.length < wanted)
    console.error(`The gateway has ${accounts.length} accounts of the demo where ${wanted} users would sign in: the others stay visitors.`);

  console.error(`${options.users} users come, ${options.spawnPerSecond} a second; ${accounts.length} of them have an account.`);
  const figures = createFigures();
  const crowd = createCrowd({ ...options, url, world, accounts, figures });
  const watch = createWatch(target.pids);
  const progress = openProgress(process.stderr);
  const heap: { atSecond: number; megabytes: number }[] = [];
  const before = await readMetrics(url);
  let broken: string | undefined;
  const breakOff = (why: string) => {
    broken ??= why;
    crowd.end();
  };
  target.ended.then((output) => breakOff(`The gateway ended while it was loaded. ${lastWordsOf(output)}`));
  let wasInterrupted = false;
  const interrupt = () => {
    wasInterrupted = true;
    breakOff('Somebody interrupted the load: this is what there was until then.');
  };
  target.leaveSignals();
  // More than once: whoever is impatient would leave PostgreSQL behind. It takes some seconds at most.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);

  const stop = eachSecond(async (atSecond) => {
    const { second, live } = figures.closeSecond(atSecond, crowd.count());
    const { errors, retries } = figures.soFar();
    progress.show({ ...second, wanted: options.users, errors, retries, live });
    await watch.look();
    if (options.isSoak) {
      const bytes = heapBytes(await readMetrics(url));
      if (bytes !== undefined) heap.push({ atSecond, megabytes: bytes / 2 ** 20 });
    }
  });
  await crowd.run().finally(stop);
  progress.close();

  const after = broken === undefined || wasInterrupted ? await readMetrics(url) : undefined;
  const totals = figures.totals();
  const rampSeconds = options.users / options.spawnPerSecond;
  const processes = processFigures(watch.samples(), rampSeconds);
  const statements = statementsBetween(before, after);
  const memory = options.isSoak ? memoryOf(heap, watch.samples()) : undefined;
  const thresholds = mergeThresholds(defaultsFor(options.users), options.isSoak ? [GROWTH] : [], options.thresholds);
  return {
    wasInterrupted,
    begunAt,
    machine: machineOf(),
    options,
    settings: target.settings,
    accounts: accounts.length,
    rampSeconds,
    totals,
    screens: figures.byScreen(),
    examples: figures.examples(),
    processes,
    otherCpu: otherCpu(watch.samples(), rampSeconds),
    statementsPerRequest: statements === undefined ? undefined : statements / totals.requests,
    memory,
    verdicts: judge(thresholds, { ...totals, memory: largestMegabytes(processes), growth: memory?.growth }),
    broken,
    series: figures.series(),
    watched: watch.samples(),
    metrics: { before: withoutBuckets(before), after: withoutBuckets(after) },
  };
}

/** What a gateway has said last, its lines for single requests left out. */
function lastWordsOf(output: string): string {
  const lines = output
    .trim()
    .split('\n')
    .filter((line) => !line.includes('"msg":"request"'));
  return lines.length === 0 ? 'It said nothing of it.' : `What it said last:\n${lines.slice(-LAST_LINES).join('\n')}`;
}

/** The heap, which is what a leak is in; where the gateway does not tell it, the memory of its processes. */
function memoryOf(heap: { atSecond: number; megabytes: number }[], watched: readonly WatchSample[]): Report['memory'] {
  const resident = watched.map(({ atSecond, processes }) => ({
    atSecond,
    megabytes: processes.filter(({ name }) => isOfGateway(name)).reduce((sum, { megabytes }) => sum + megabytes, 0),
  }));
  const series = heap.length > 0 ? heap : resident;
  return { what: heap.length > 0 ? 'The heap of the gateway' : 'The memory of the gateway', growth: growthOf(series), series };
}
