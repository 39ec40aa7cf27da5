// From what was recorded of operations and clients to limits that let them through.

import { StartError } from '../errors.ts';
import { RECORDED, type RecordedFigure } from './operation-records.ts';

/** A line of the text format of Prometheus. */
export type Sample = { name: string; labels: Readonly<Record<string, string>>; value: number };

/** The samples in the text format of Prometheus; what is none is left out. */
export function readSamples(text: string): Sample[] {
  return Array.from(text.matchAll(/^(\w+)(?:\{(.*)\})? ([^\s]+)$/gm), ([, name = '', labels = '', value]) => ({
    name,
    labels: Object.fromEntries(Array.from(labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g), ([, key = '', text = '']) => [key, text])),
    value: Number(value),
  }));
}

/** The setting of each figure, and the least that is worth suggesting: tighter than this, a small change of a screen would break it. */
const SETTINGS: Record<RecordedFigure, { name: string; least: number }> = {
  cost: { name: 'MAX_COST', least: 100 },
  depth: { name: 'MAX_DEPTH', least: 6 },
  aliases: { name: 'MAX_ALIASES', least: 5 },
  rootFields: { name: 'MAX_ROOT_FIELDS', least: 3 },
  directives: { name: 'MAX_DIRECTIVES', least: 5 },
  tokens: { name: 'MAX_TOKENS', least: 200 },
};
const WINDOWS = { minute: 'RATE_LIMIT_PER_MINUTE', hour: 'RATE_LIMIT_PER_HOUR', points: 'COST_PER_MINUTE' } as const;

/** What limits leave above the largest that was seen. */
const MARGIN = 1.25;

/** Those that nobody has named may be anybody's: they are shown, and limits are not chosen by them. */
const UNNAMED = ['anonymous', 'other'];

/** A table of operations, what limits were met, and lines for .env. Throws StartError where nothing was recorded. */
export function suggest(samples: readonly Sample[]): string {
  const of = (metric: string) => samples.filter(({ name }) => name === metric);
  const operations = of('convoy_operation_calls_total').map(({ labels, value }) => ({
    name: labels.operation ?? '',
    calls: value,
    figures: RECORDED.map((figure) => largest(samples, labels.operation, figure)),
  }));
  if (operations.length === 0) throw new StartError('Nothing was executed yet: send the gateway what its clients send, and ask again.');
  const rows = operations.toSorted((a, b) => b.calls - a.calls).map(({ name, calls, figures }) => [name, calls, ...figures].map(String));
  const named = operations.filter(({ name }) => !UNNAMED.includes(name));
  const chosenFrom = named.length > 0 ? named : operations;
  const lines = RECORDED.map((figure, i) => {
    const { name, least } = SETTINGS[figure];
    return `${name}=${Math.max(least, withMargin(Math.max(...chosenFrom.map(({ figures }) => figures[i] ?? 0))))}`;
  });
  for (const { labels, value } of of('convoy_client_largest')) {
    const name = WINDOWS[labels.window as keyof typeof WINDOWS];
    if (name) lines.push(`${name}=${withMargin(value)}`);
  }
  const met = of('convoy_limits_met_total').map(({ labels, value }) => `${labels.limit}: ${value} ${labels.action}`);
  return [
    table([['operation', 'calls', ...RECORDED], ...rows]),
    '',
    met.length > 0 ? `Limits that were met: ${met.join(', ')}.` : 'No limit was met.',
    `A quarter above the largest of ${named.length > 0 ? 'what has a name' : 'all'}:`,
    '',
    ...lines,
  ].join('\n');
}

function largest(samples: readonly Sample[], operation: string | undefined, figure: RecordedFigure): number {
  const found = samples.find(
    ({ name, labels }) => name === 'convoy_operation_largest' && labels.operation === operation && labels.figure === figure,
  );
  return found?.value ?? 0;
}

/** Two digits say enough. */
function withMargin(value: number): number {
  const above = Math.ceil(value * MARGIN);
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(above, 1))) - 1);
  return Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(above / step) * step);
}

function table(rows: string[][]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '))
    .join('\n');
}
