// The picture: a row for each number of connections, a panel for each figure, a bar for each server.

import type { Measured } from '../measure/measure.ts';
import type { Row } from './table.ts';

type Panel = { title: string; value: (figures: Measured) => number; digits: number };

const PANELS: readonly Panel[] = [
  { title: 'requests/s', value: (f) => f.requestsPerSecond, digits: 0 },
  { title: 'p50, ms', value: (f) => f.p50, digits: 1 },
  { title: 'p99, ms', value: (f) => f.p99, digits: 1 },
  { title: 'CPU, µs, with PostgreSQL', value: (f) => f.serverCpu + f.postgresCpu, digits: 0 },
  { title: 'statements a request', value: (f) => f.statementsPerRequest, digits: 2 },
];

const WIDTH = { names: 110, panel: 230, label: 95 };
const HEIGHT = { title: 40, heading: 44, bar: 18 };
const COLORS = { convoy: '#0b7a75', batching: '#5fb3ae', other: '#9aa5b1', text: '#1f2933', faint: '#616e7c' };

/** `levels`: rows by the number of connections. */
export function pictureOf(levels: readonly { connections: number; rows: readonly Row[] }[], subtitle: string): string {
  const width = WIDTH.names + PANELS.length * WIDTH.panel + 20;
  const levelHeight = HEIGHT.heading + HEIGHT.bar * (levels[0]?.rows.length ?? 0) + 16;
  const height = HEIGHT.title + 24 + levels.length * levelHeight;
  const parts = levels.map(({ connections, rows }, i) => level(connections, rows, HEIGHT.title + 24 + i * levelHeight));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">
<title>Convoy and its peers under load</title>
<rect width="100%" height="100%" fill="#fff"/>
${text(20, 28, 'Convoy and its peers under the frontend’s mix', `font-size="18" font-weight="600" fill="${COLORS.text}"`)}
${text(20, 48, subtitle, `fill="${COLORS.faint}"`)}
${parts.join('\n')}
</svg>
`;
}

function level(connections: number, rows: readonly Row[], top: number): string {
  const base = rows.find(({ server }) => server === 'convoy');
  const heading = text(20, top + 16, counted(connections, 'connection'), `font-weight="600" font-size="14" fill="${COLORS.text}"`);
  const names = rows.map(({ server }, i) => text(WIDTH.names - 6, barTop(top, i) + 12, server, `text-anchor="end" fill="${COLORS.text}"`));
  const panels = PANELS.map(({ title, value, digits }, column) => {
    const left = WIDTH.names + column * WIDTH.panel;
    const largest = Math.max(...rows.map(({ figures }) => value(figures)).filter(Number.isFinite), 0);
    const bars = rows.map(({ server, figures }, i) => {
      const amount = value(figures);
      const length = largest > 0 && Number.isFinite(amount) ? Math.max(1, (amount / largest) * (WIDTH.panel - WIDTH.label)) : 0;
      const color = server === 'convoy' || server === 'batching' ? COLORS[server] : COLORS.other;
      const ratio = base && base.server !== server ? ` (${(amount / value(base.figures)).toFixed(2)})` : '';
      const label = Number.isFinite(amount)
        ? `${amount.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}${ratio}`
        : '-';
      return `<rect x="${left}" y="${barTop(top, i)}" width="${length.toFixed(1)}" height="${HEIGHT.bar - 4}" fill="${color}"/>${text(left + length + 4, barTop(top, i) + 11, label, `font-size="11" fill="${COLORS.text}"`)}`;
    });
    return `${text(left, top + 34, title, `fill="${COLORS.faint}"`)}\n${bars.join('\n')}`;
  });
  return [heading, ...names, ...panels].join('\n');
}

/** `1 round`, `2 rounds`. */
export const counted = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`;

const barTop = (top: number, i: number) => top + HEIGHT.heading - 2 + i * HEIGHT.bar;
const text = (x: number, y: number, content: string, attributes: string) =>
  `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
