// What Convoy is meant to reach, what was measured, and whether it is met.

import type { Measured } from '../measure/measure.ts';

export type Target = { what: string; wanted: string; measured: string; isMet: boolean | undefined };

const shown = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2));

export function atLeast(what: string, bound: number, value: number | undefined, unit = ''): Target {
  return target(what, `at least ${bound}${unit}`, value, (measured) => measured >= bound, unit);
}

export function atMost(what: string, bound: number, value: number | undefined, unit = ''): Target {
  return target(what, `at most ${bound}${unit}`, value, (measured) => measured <= bound, unit);
}

export function below(what: string, bound: number, value: number | undefined, unit = ''): Target {
  return target(what, `below ${bound}${unit}`, value, (measured) => measured < bound, unit);
}

function target(what: string, wanted: string, value: number | undefined, meets: (measured: number) => boolean, unit: string): Target {
  if (value === undefined || Number.isNaN(value)) return { what, wanted, measured: 'not measured', isMet: undefined };
  return { what, wanted, measured: `${shown(value)}${unit}`, isMet: meets(value) };
}

/** `figures`: medians by server and number of connections. */
export function targetsOfRun(figures: (server: string, connections: number) => Measured | undefined): Target[] {
  const convoy = figures('convoy', 256);
  const times = (server: string, connections = 256) => {
    const [ours, theirs] = [figures('convoy', connections), figures(server, connections)];
    return ours && theirs && ours.requestsPerSecond / theirs.requestsPerSecond;
  };
  const most = (name: 'connections' | 'residentMegabytes') => {
    const values = [1, 32, 256].flatMap((count) => figures('convoy', count)?.[name] ?? []);
    return values.length === 0 ? undefined : Math.max(...values);
  };
  return [
    atLeast('requests/s to PostGraphile, 256 connections', 3, times('postgraphile')),
    atLeast('requests/s to Mercurius with JIT, 256 connections', 3, times('mercurius')),
    atLeast('requests/s to Apollo Server, 256 connections', 5, times('apollo')),
    atLeast('requests/s to Yoga with t.relation, 256 connections', 5, times('yoga')),
    atLeast('requests/s to the floor, 256 connections', 1.5, times('floor')),
    atLeast('requests/s to the floor, 1 connection', 0.4, times('floor', 1)),
    below('statements a request, 256 connections', 0.5, convoy?.statementsPerRequest),
    atMost('p99 to its own p50, 256 connections', 3, convoy && convoy.p99 / convoy.p50),
    atMost('connections to PostgreSQL', 20, most('connections')),
    below('memory under load', 250, most('residentMegabytes'), ' MB'),
  ];
}

export function printTargets(targets: readonly Target[]): void {
  const width = (name: 'what' | 'wanted' | 'measured') => Math.max(...targets.map((each) => each[name].length));
  const [what, wanted, measured] = [width('what'), width('wanted'), width('measured')];
  console.log('\nTargets, for Convoy without its response cache where nothing else is said\n');
  for (const each of targets) {
    const verdict = each.isMet === undefined ? '' : each.isMet ? 'met' : 'MISSED';
    console.log(`  ${each.what.padEnd(what)}  ${each.wanted.padEnd(wanted)}  ${each.measured.padStart(measured)}  ${verdict}`.trimEnd());
  }
}
