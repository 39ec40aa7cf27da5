// What Convoy is meant to reach, what was measured, and whether it is met.

import type { Measured } from '../measure/measure.ts';
import { aligned } from './table.ts';

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

/** The same targets for whichever server. `figures`: medians by server and number of connections. */
export function targetsOfRun(figures: (server: string, connections: number) => Measured | undefined, own: string): Target[] {
  const loaded = figures(own, 256);
  const times = (server: string, connections = 256) => {
    const [ours, theirs] = [figures(own, connections), figures(server, connections)];
    return ours && theirs && ours.requestsPerSecond / theirs.requestsPerSecond;
  };
  const most = (name: 'connections' | 'residentMegabytes') => {
    const values = [1, 32, 256].flatMap((count) => figures(own, count)?.[name] ?? []);
    return values.length === 0 ? undefined : Math.max(...values);
  };
  return [
    atLeast('requests/s to PostGraphile, 256 connections', 3, times('postgraphile')),
    atLeast('requests/s to Mercurius with JIT, 256 connections', 3, times('mercurius')),
    atLeast('requests/s to Apollo Server, 256 connections', 5, times('apollo')),
    atLeast('requests/s to Yoga with t.relation, 256 connections', 5, times('yoga')),
    atLeast('requests/s to the floor, 256 connections', 1.5, times('floor')),
    atLeast('requests/s to the floor, 1 connection', 0.4, times('floor', 1)),
    below('statements a request, 256 connections', 0.5, loaded?.statementsPerRequest),
    atMost('p99 to its own p50, 256 connections', 3, loaded && loaded.p99 / loaded.p50),
    atMost('connections to PostgreSQL', 20, most('connections')),
    below('memory under load', 250, most('residentMegabytes'), ' MB'),
  ];
}

/** The same targets in each column, for what its title says. */
export function printTargets(columns: readonly { title?: string; targets: readonly Target[] }[]): void {
  const names = columns[0]?.targets.map(({ what, wanted }) => [what, wanted]) ?? [];
  const measured = columns.map(({ title = '', targets }) => {
    const width = Math.max(...targets.map((each) => each.measured.length));
    return [title, ...targets.map((each) => `${each.measured.padStart(width)}  ${verdictOf(each)}`)];
  });
  const hasTitles = columns.some(({ title }) => title);
  const lines = [['', ''], ...names].map((texts, i) => [...texts, ...measured.map((column) => column[i] ?? '')]);
  console.log(`\nTargets\n\n${aligned(hasTitles ? lines : lines.slice(1), Number.POSITIVE_INFINITY)}`);
}

const verdictOf = ({ isMet }: Target) => (isMet === undefined ? '' : isMet ? 'met' : 'MISSED');
