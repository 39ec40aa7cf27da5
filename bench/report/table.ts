// The tables that are printed: one for each number of connections.

import type { Measured } from '../measure/measure.ts';

export type Row = { server: string; figures: Measured };

type Column = { title: string; cell: (row: Row, convoy: Row | undefined) => string };

const COLUMNS: readonly Column[] = [
  { title: '', cell: ({ server }) => server },
  { title: 'requests/s', cell: ({ figures }) => whole(figures.requestsPerSecond) },
  { title: 'to Convoy', cell: ({ figures }, convoy) => ratio(figures.requestsPerSecond, convoy?.figures.requestsPerSecond) },
  { title: 'p50 ms', cell: ({ figures }) => milliseconds(figures.p50) },
  { title: 'x', cell: ({ figures }, convoy) => ratio(figures.p50, convoy?.figures.p50) },
  { title: 'p99 ms', cell: ({ figures }) => milliseconds(figures.p99) },
  { title: 'x', cell: ({ figures }, convoy) => ratio(figures.p99, convoy?.figures.p99) },
  { title: 'max ms', cell: ({ figures }) => milliseconds(figures.max) },
  { title: 'CPU µs', cell: ({ figures }) => whole(figures.serverCpu) },
  { title: 'x', cell: ({ figures }, convoy) => ratio(figures.serverCpu, convoy?.figures.serverCpu) },
  { title: 'PostgreSQL µs', cell: ({ figures }) => whole(figures.postgresCpu) },
  { title: 'x', cell: ({ figures }, convoy) => ratio(figures.postgresCpu, convoy?.figures.postgresCpu) },
  {
    title: 'statements',
    cell: ({ figures }) => (Number.isNaN(figures.statementsPerRequest) ? '-' : figures.statementsPerRequest.toFixed(2)),
  },
  { title: 'x', cell: ({ figures }, convoy) => ratio(figures.statementsPerRequest, convoy?.figures.statementsPerRequest) },
  { title: 'connections', cell: ({ figures }) => whole(figures.connections) },
  { title: 'MB', cell: ({ figures }) => whole(figures.residentMegabytes) },
];

/** `convoy`: the row that ratios refer to. */
export function tableOf(rows: readonly Row[], convoy: Row | undefined): string {
  return aligned([COLUMNS.map(({ title }) => title), ...rows.map((row) => COLUMNS.map(({ cell }) => cell(row, convoy)))]);
}

/** Lines of cells, below each other. `texts`: how many columns stand to the left. */
export function aligned(lines: readonly (readonly string[])[], texts = 1): string {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, i) => (i < texts ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '))
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}

export const whole = (value: number) => (Number.isNaN(value) ? '-' : Math.round(value).toLocaleString('en'));
export const milliseconds = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1));
/** From the least to the largest. */
export const range = (values: readonly number[]) => `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;
export const ratio = (value: number, of: number | undefined) =>
  of === undefined || !(of > 0) || Number.isNaN(value) ? '-' : (value / of).toFixed(2);
