// Draws the report in the browser. Plain JavaScript: the page is one file, and this is a part of it.

const report = JSON.parse(document.getElementById('report').textContent);
const { totals, options, machine, series, watched, rampSeconds } = report;

const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
const COLORS = isDark
  ? ['#2fb8ad', '#f0964a', '#a58bf2', '#6aa2f5', '#ea6fa8', '#93c25a', '#c9a873', '#e58080']
  : ['#0b7a75', '#e07a1f', '#7a4fd0', '#2f6fd6', '#c2347a', '#5b8c2a', '#8a6d3b', '#b23b3b'];
const FAINT = isDark ? '#94a0b0' : '#66717f';
const LINE = isDark ? '#2a323d' : '#e9ecf0';

const number = (value, digits = 0) =>
  value == null ? '–' : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const ms = (value) => number(value, value != null && value < 10 ? 2 : 1);
const percent = (share) => (share == null ? '–' : `${number(share * 100)} %`);
const at = (id) => document.getElementById(id);

function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function fill(table, titles, rows) {
  const row = (name, cells, className) =>
    element('tr', className, ...cells.map((cell) => (cell.nodeType ? cell : element(name, '', cell))));
  table.append(
    element('thead', '', row('th', titles)),
    element('tbody', '', ...rows.map(({ cells, className }) => row('td', cells, className))),
  );
}

// ---------- the head

const isGood = !report.broken && report.verdicts.every(({ holds }) => holds);
at('verdict').textContent = isGood ? 'All thresholds hold' : report.broken ? 'It ended before its time' : 'A threshold does not hold';
at('verdict').className = isGood ? 'good' : 'bad';
const [least, most] = options.thinkMs.map((time) => number(time / 1000, time % 1000 ? 1 : 0));
at('subtitle').textContent =
  `${number(options.users)} users, ${number(options.spawnPerSecond)} more each second, thinking ${least} to ${most} s, for ${number(totals.seconds)} s. ${new Date(report.begunAt).toLocaleString('en-GB')}`;

if (report.broken) {
  at('broken').hidden = false;
  at('broken').textContent = report.broken;
}

for (const [what, value, className] of [
  ['users', number(options.users)],
  ['requests/s', number(totals.requestsPerSecond, totals.requestsPerSecond < 100 ? 1 : 0)],
  ['p50, ms', ms(totals.p50)],
  ['p95, ms', ms(totals.p95)],
  ['p99, ms', ms(totals.p99)],
  ['errors', number(totals.errors), totals.errors > 0 ? 'bad' : ''],
  ['retries', number(totals.retries)],
  ['statements a request', number(report.statementsPerRequest, 2)],
])
  at('cards').append(element('div', 'card', element('b', className, value), element('span', '', what)));

// ---------- the charts

/** A faint ground for the time until all users were there. */
const ramp = {
  hooks: {
    drawClear: (plot) => {
      const { ctx, bbox } = plot;
      ctx.fillStyle = isDark ? 'rgba(255, 255, 255, 0.04)' : 'rgba(20, 40, 80, 0.04)';
      const end = Math.min(plot.valToPos(rampSeconds, 'x', true), bbox.left + bbox.width);
      if (end > bbox.left) ctx.fillRect(bbox.left, bbox.top, end - bbox.left, bbox.height);
    },
  },
};

const plots = [];

function chart(title, note, x, lines, unit, { digits = 0, right } = {}) {
  const holder = element('div', '');
  const box = element('div', 'chart', element('h2', '', title), ...(note ? [element('p', '', note)] : []), holder);
  at('charts').append(box);
  const axis = (scale, side, suffix) => ({
    scale,
    side,
    stroke: FAINT,
    grid: { stroke: LINE, width: 1, show: side !== 1 },
    ticks: { stroke: LINE, width: 1 },
    size: (_plot, labels) => 18 + 7.5 * Math.max(...(labels ?? []).map((label) => label.length), 3),
    values: (_plot, ticks) => ticks.map((tick) => `${number(tick, Number.isInteger(tick) ? 0 : 1)}${suffix}`),
  });
  const isZeroBased = { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] };
  const plot = new uPlot(
    {
      width: 480,
      height: 230,
      plugins: [ramp],
      cursor: { sync: { key: 'time' }, points: { size: 6 } },
      scales: { x: { time: false, range: (_plot, _min, max) => [0, max] }, y: isZeroBased, ...(right ? { right: isZeroBased } : {}) },
      series: [
        { label: 'second', value: (_plot, value) => number(value) },
        ...lines.map(({ label, color, onRight, isArea, isBar, dash }, i) => ({
          label,
          scale: onRight ? 'right' : 'y',
          stroke: color ?? COLORS[i % COLORS.length],
          width: isBar ? 0 : 1.75,
          dash,
          fill: isArea || isBar ? `${color ?? COLORS[i % COLORS.length]}${isBar ? 'cc' : '22'}` : undefined,
          paths: isBar ? uPlot.paths.bars({ size: [0.8, 12] }) : undefined,
          points: { show: false },
          spanGaps: true,
          value: (_plot, value) => (value == null ? '–' : `${number(value, onRight ? 0 : digits)}${onRight ? '' : unit}`),
        })),
      ],
      axes: [
        {
          stroke: FAINT,
          grid: { stroke: LINE, width: 1 },
          ticks: { stroke: LINE, width: 1 },
          values: (_plot, ticks) => ticks.map((tick) => `${tick} s`),
        },
        axis('y', 3, unit),
        ...(right ? [axis('right', 1, '')] : []),
      ],
    },
    [x, ...lines.map(({ values }) => values)],
    holder,
  );
  plots.push({ plot, box });
}

const seconds = series.map(({ atSecond }) => atSecond);
const of = (name) => series.map((second) => second[name]);
const answered = series.map(({ answers, errors }) => answers + errors);

chart(
  'Users and requests a second',
  '',
  seconds,
  [
    { label: 'requests/s', values: answered, isArea: true },
    { label: 'users', values: of('users'), color: '#7a869a', onRight: true, dash: [5, 4] },
  ],
  '',
  { right: true },
);
chart(
  'Time until the answer',
  '',
  seconds,
  [
    { label: 'p99', values: of('p99'), color: COLORS[1] },
    { label: 'p95', values: of('p95'), color: COLORS[2] },
    { label: 'p50', values: of('p50'), color: COLORS[0] },
  ],
  ' ms',
  { digits: 1 },
);

const looks = watched.map(({ atSecond }) => atSecond);
const names = [...new Set(watched.flatMap(({ processes }) => processes.map(({ name }) => name)))];
const ofProcess = (read) =>
  names.map((name, i) => ({
    label: name,
    color: name === 'load' ? '#7a869a' : COLORS[i % COLORS.length],
    dash: name === 'load' ? [5, 4] : undefined,
    values: watched.map(({ processes }) => {
      const found = processes.find((process) => process.name === name);
      return found ? read(found) : null;
    }),
  }));
const everythingElse = { label: 'other programs', color: '#b4bcc8', values: watched.map(({ otherCpu }) => otherCpu * 100) };
chart('CPU, of one core', '', looks, [...ofProcess(({ cpu }) => cpu * 100), everythingElse], ' %');
const hasOwn = watched.some(({ processes }) => processes.some(({ ownMegabytes }) => ownMegabytes != null));
chart(
  `Memory${hasOwn ? ', what processes share divided among them' : ''}`,
  '',
  looks,
  ofProcess(({ ownMegabytes, megabytes }) => (hasOwn ? (ownMegabytes ?? null) : megabytes)),
  ' MB',
);
chart(
  'Errors and retries a second',
  '',
  seconds,
  [
    { label: 'errors', values: of('errors'), color: '#d0342c', isBar: true },
    { label: 'retries', values: of('retries'), color: COLORS[1], dash: [5, 4] },
  ],
  '',
);
if (report.memory)
  chart(
    report.memory.what,
    report.memory.growth == null
      ? ''
      : `Its least, which is what collections leave, is ${number(report.memory.growth, 3)} times in the last third what it was in the first.`,
    report.memory.series.map(({ atSecond }) => atSecond),
    [{ label: 'MB', values: report.memory.series.map(({ megabytes }) => megabytes), isArea: true }],
    ' MB',
    { digits: 1 },
  );

function resize() {
  for (const { plot, box } of plots) plot.setSize({ width: box.clientWidth - 40, height: 230 });
}
addEventListener('resize', resize);
resize();

// ---------- the tables

const times = ({ p50, p95, p99, max }) => [p50, p95, p99, max].map(ms);
const errorsCell = (count) => element('td', count > 0 ? 'bad' : '', number(count));
fill(
  at('screens'),
  ['Screen', 'requests', 'errors', 'p50', 'p95', 'p99', 'max', 'kept'],
  [
    ...report.screens.map((one) => ({
      cells: [one.screen, number(one.requests), errorsCell(one.errors), ...times(one), percent(one.keptShare)],
    })),
    { cells: ['all', number(totals.requests), errorsCell(totals.errors), ...times(totals), ''], className: 'all' },
  ],
);
fill(
  at('thresholds'),
  ['', 'wanted', 'measured', ''],
  report.verdicts.map(({ name, wanted, measured, holds }) => ({
    cells: [name, wanted, measured, element('td', holds ? 'good' : 'bad', holds ? 'holds' : 'does not hold')],
  })),
);
fill(
  at('processes'),
  ['', 'CPU, of a core', 'MB, at most', 'shared divided'],
  report.processes.map(({ name, cpu, megabytes, ownMegabytes }) => ({
    cells: [name, percent(cpu), number(megabytes), number(ownMegabytes)],
  })),
);
const errors = report.screens.flatMap(({ screen, errorsByCode }) =>
  Object.entries(errorsByCode).map(([code, count]) => ({ screen, code, count })),
);
if (errors.length > 0) {
  at('errors').hidden = false;
  fill(
    at('errors').querySelector('table'),
    ['Screen', 'code', 'the first one', 'count'],
    errors.map(({ screen, code, count }) => ({
      cells: [screen, code, report.examples[code] ?? '', number(count)],
    })),
  );
}
const settings = Object.entries(report.settings)
  .map(([name, value]) => `${name}=${value}`)
  .join(' ');
at('facts').textContent =
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB, ${machine.system}, Node ${machine.node}. ${report.accounts} of the users have an account. ${settings}`;
