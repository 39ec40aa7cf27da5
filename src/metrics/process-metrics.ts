import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import packageJson from '../../package.json' with { type: 'json' };
import { watchGarbage } from './garbage.ts';

/** How often the delay of the event loop is summed up, and how many sums are looked at: what happens between two scrapes is seen. */
const [SAMPLE_MS, SAMPLES] = [5000, 12];
const RESOLUTION_MS = 10;

/**
 * The library's own: names that are none of a gauge, a delay that is forgotten whenever anybody reads it, a start that is left out where
 * there are several processes, and what garbage.ts does better.
 */
const UNFIT = /^(nodejs_(active_\w+_total|eventloop_lag_\w+|gc_duration_seconds)|process_start_time_seconds)$/;

/**
 * Shows the process: memory, CPU, garbage, and how late its event loop is. Once in a process: what observes the garbage collector stays
 * until its end, and keeps it from ending no more than the timers do.
 */
export function watchProcess(registry: Registry): { close(): void } {
  const registers = [registry];
  // Of the library's monitor of the event loop nothing is shown: it need not look.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 2 ** 30 });
  for (const { name } of registry.getMetricsAsArray()) if (UNFIT.test(name)) registry.removeSingleMetric(name);

  const garbage = watchGarbage(registers);

  new Gauge({
    name: 'convoy_info',
    help: 'Always 1; the labels tell what runs.',
    labelNames: ['version', 'node'] as const,
    registers,
    aggregator: 'max',
  }).set({ version: packageJson.version, node: process.version }, 1);

  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, of several the first, in seconds since 1970.',
    registers,
    aggregator: 'min',
  }).set(Math.round(Date.now() / 1000 - process.uptime()));

  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const read = () => ({ p50: secondsOf(delays.percentile(50)), p99: secondsOf(delays.percentile(99)), max: secondsOf(delays.max) });
  const sums: ReturnType<typeof read>[] = [];
  const sample = () => {
    sums.push(read());
    if (sums.length > SAMPLES) sums.shift();
    delays.reset();
  };
  const timer = setInterval(sample, SAMPLE_MS).unref();
  new Gauge({
    name: 'convoy_event_loop_delay_seconds',
    help: 'How late the event loop was, as p50, p99 and max of the worst five seconds in the last minute.',
    labelNames: ['figure'] as const,
    registers,
    aggregator: 'max',
    collect() {
      const all = [...sums, ...(delays.count > 0 ? [read()] : [])];
      for (const figure of ['p50', 'p99', 'max'] as const) this.set({ figure }, Math.max(0, ...all.map((one) => one[figure])));
    },
  });
  return {
    close() {
      garbage.close();
      clearInterval(timer);
      delays.disable();
    },
  };
}

/** Node counts the time from one look to the next, in nanoseconds: what is beyond the time between looks is delay. */
const secondsOf = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
