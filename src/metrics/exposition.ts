import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Registry } from 'prom-client';

/** The metrics of a registry in the text format of Prometheus. */
export const exposition = (registry: Registry): Promise<string> =>
  inTurns(
    registry.getMetricsAsArray().map(({ name }) => name),
    async (name) => `${await registry.getSingleMetricAsString(name)}\n`,
  );

/** Writes a metric in each turn of the event loop: with many series, all at once would keep requests waiting. */
export async function inTurns(names: Iterable<string>, write: (name: string) => Promise<string>): Promise<string> {
  const parts: string[] = [];
  for (const name of names) {
    parts.push(await write(name));
    await nextTurn();
  }
  return parts.join('\n');
}
