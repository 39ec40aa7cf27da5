// The dashboard that comes with the gateway: it names metrics that are there, and each of its panels shows something of a gateway that has
// something to show.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../src/resources/free-port.ts';
import { until } from './support/batching.ts';
import { startBusyGateway } from './support/busy-gateway.ts';
import {
  annotations,
  dashboard,
  dashboardText,
  expressions,
  interpolate,
  type Panel,
  panels,
  rows,
  variables,
} from './support/dashboard.ts';
import { createDatabase, SEEDED_SCALE } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';
import { everyMetric } from './support/metrics.ts';
import { hasPrometheus, SCRAPE_SECONDS, type Series, startPrometheus } from './support/prometheus.ts';
import { hasRedis } from './support/redis-server.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const read = async (file: string) => parse(await readFile(path.join(ROOT, file), 'utf8'));

/** The variable, as Grafana wants it in a data source. */
const SOURCE = /^\$\{datasource\}$/;
/** What is empty even on a busy gateway, and why. */
const EMPTY: Record<string, string> = hasRedis ? { 'Answers kept in memory': 'Redis keeps them' } : {};
/** How a panel says when it shows nothing. */
const SAYS_WHEN = /\b(Empty|Gaps|A dash)\b/;

test('every metric that is named is one that a gateway has', () => {
  const names = new Set(
    everyMetric()
      .getMetricsAsArray()
      .map(({ name }) => name),
  );
  const named = [...expressions.map(({ expr }) => expr), ...variables.map(({ definition = '' }) => definition)].flatMap(
    (text) => text.match(/\b(convoy|process|nodejs)_\w+/g) ?? [],
  );
  expect(new Set(named).size).toBeGreaterThan(40);
  expect(named.filter((name) => !names.has(name) && !names.has(name.replace(/_(bucket|sum|count)$/, '')))).toEqual([]);
});

test('every metric of Convoy is looked at', () => {
  const ofConvoy = everyMetric()
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => name.startsWith('convoy_'));
  const all = expressions.map(({ expr }) => expr).join('\n');
  expect(ofConvoy.filter((name) => !new RegExp(`\\b${name}(_bucket|_sum|_count)?\\{`).test(all))).toEqual([]);
});

test('every panel says what it shows, in which unit, and of which data source', () => {
  for (const { title, description, fieldConfig, datasource, targets } of panels) {
    expect(description, title).toMatch(/^.{40,}[.]$/);
    expect(fieldConfig.defaults.unit, title).toMatch(/^\w+$/);
    expect(targets.length, title).toBeGreaterThan(0);
    expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    for (const { uid } of [datasource, ...targets.map((target) => target.datasource)].map((one) => one ?? { uid: 'none' }))
      expect(uid, title).toMatch(SOURCE);
  }
  for (const { name, datasource } of annotations) expect(datasource.uid, name).toMatch(SOURCE);
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
});

test('rates are taken over what Grafana chooses, of the gateways that are chosen', () => {
  for (const { title, expr } of expressions) {
    expect(expr.match(/\[[^\]]+\]/g) ?? [], title).toEqual(expr.match(/\[\$__rate_interval\]/g) ?? []);
    for (const selector of expr.match(/\{[^}]*\}/g) ?? [])
      expect(selector, title).toMatch(selector.includes('alertname') ? /job=~"\$job\|"/ : /^\{job="\$job", instance=~"\$instance"/);
  }
});

test('alerts that descriptions name are there', async () => {
  const groups: { rules: { alert: string }[] }[] = (await read('deploy/prometheus/rules/alerts.yml')).groups;
  const alerts = groups.flatMap((group) => group.rules.map(({ alert }) => alert));
  const named = panels.flatMap(({ description }) => description?.match(/\bConvoy[A-Z]\w+/g) ?? []);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !alerts.includes(name))).toEqual([]);
});

test('ids are unique, nothing lies upon anything else, and the file is sorted and has no id of its own', () => {
  const ids = [...panels, ...rows].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const group of [dashboard.panels, ...rows.map((row) => row.panels ?? [])]) {
    for (const { gridPos, title } of group) expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    const overlaps = group.flatMap((a, i) =>
      group
        .slice(i + 1)
        .filter((b) => overlap(a, b))
        .map((b) => [a.title, b.title]),
    );
    expect(overlaps).toEqual([]);
  }
  expect(rows.filter(({ collapsed, panels: below = [] }) => collapsed !== below.length > 0)).toEqual([]);
  expect([dashboard.uid, dashboard.id]).toEqual(['convoy', undefined]);
  // How it is spaced is what the formatter says; it does not sort.
  JSON.parse(dashboardText, (_key, value) => {
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) expect(Object.keys(value)).toEqual(Object.keys(value).sort());
    return value;
  });
});

test('the dashboard lies where Grafana of the Compose file looks, beside the data source that it takes', async () => {
  const { services } = await read('docker-compose.yml');
  const { providers } = await read('deploy/grafana/provisioning/dashboards/convoy.yml');
  const { datasources } = await read('deploy/grafana/provisioning/datasources/prometheus.yml');
  expect(services.grafana.volumes).toContain(`./deploy/grafana/dashboards:${providers[0].options.path}:ro`);
  const kinds = variables.filter(({ type }) => type === 'datasource').map(({ query }) => query);
  expect([kinds, datasources[0].type, datasources[0].isDefault]).toEqual([['prometheus'], 'prometheus', true]);
});

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

describe.skipIf(!hasPrometheus)('read by Prometheus', () => {
  const closing: (() => Promise<unknown>)[] = [];
  let prometheus: Awaited<ReturnType<typeof startPrometheus>>;
  let [busy, ordinary] = ['', ''];
  let startedAt = 0;

  beforeAll(async () => {
    const ports = [await freePort(), await freePort()] as const;
    [busy, ordinary] = [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`];
    prometheus = await startPrometheus([busy, ordinary]);
    closing.push(prometheus.close);
    const starting = [startBusy(ports[0]), startOrdinary(ports[1])] as const;
    // Where one does not start, the other is closed all the same.
    await Promise.allSettled(starting);
    const [clients, ask] = await Promise.all(starting);
    // Prometheus looks at once, and then every five seconds, for whom to ask.
    await until(async () => (await prometheus.query('up{job="convoy"} == 1')).length === 2, 'Prometheus reads both');
    startedAt = Date.now();
    for (let round = 0; round < 9; round++) {
      const end = wait(1000 * SCRAPE_SECONDS);
      await Promise.all([clients.bustle(round), ask()]);
      // Twice: of a series that begins with a failure, Prometheus sees no increase before the next.
      if (round === 1 || round === 4) await clients.fail();
      if (round === 5) await clients.killWorker();
      await end;
    }
  }, 60_000);
  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
  });

  async function startBusy(port: number) {
    const gateway = await startBusyGateway(port);
    closing.push(gateway.close);
    return gateway;
  }
  /** One process, alone with its database and a visitor. */
  async function startOrdinary(port: number) {
    const database = await createDatabase({ seedScale: SEEDED_SCALE });
    const gateway = startGateway({ DATABASE_URL: database.url, SECRET_KEY, PORT: String(port) });
    closing.push(async () => {
      await gateway.stop('SIGKILL');
      await database.drop();
    });
    const { url } = await gateway.ready;
    return async () => {
      const body = JSON.stringify({ query: 'query Spas { spas(first: 3) { nodes { name } } }' });
      await (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).text();
    };
  }

  /** Both ways in which Grafana may ask; what the panel asks for is what counts. */
  async function seriesOf(expr: string, instance: string, isInstant: boolean): Promise<Series[]> {
    const choice = { job: 'convoy', instance, scrapeSeconds: SCRAPE_SECONDS, stepSeconds: 1 };
    const query = interpolate(expr, choice);
    const [now, range] = await Promise.all([prometheus.query(query), prometheus.queryRange(query, (Date.now() - startedAt) / 1000)]);
    return (isInstant ? now : range).filter(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))));
  }
  /** The queries of panels that have nothing to show of a gateway. */
  async function emptyOf(instance: string): Promise<{ title: string; expr: string; description?: string }[]> {
    const found = await Promise.all(
      panels.flatMap(({ title, description, targets }) =>
        targets.map(async ({ expr, instant }) => ({ title, expr, description, series: await seriesOf(expr, instance, instant) })),
      ),
    );
    return found.filter(({ series }) => series.length === 0);
  }

  test('every query of every panel is answered with numbers of a gateway that has much to do', async () => {
    const empty = await emptyOf(busy.replaceAll('.', '\\.'));
    expect(empty.filter(({ title }) => !(title in EMPTY)).map(({ title, expr }) => `${title}: ${expr}`)).toEqual([]);
    expect(new Set(empty.map(({ title }) => title))).toEqual(new Set(Object.keys(EMPTY)));
  });

  test('what shows nothing of an ordinary gateway says when', async () => {
    const empty = await emptyOf(ordinary);
    expect(empty.length).toBeGreaterThan(3);
    expect(empty.filter(({ description = '' }) => !SAYS_WHEN.test(description)).map(({ title, expr }) => `${title}: ${expr}`)).toEqual([]);
  });

  test('restarts are marked', async () => {
    const marks = await Promise.all(annotations.map(async ({ name, expr }) => [name, (await seriesOf(expr, '.+', false)).length]));
    expect(marks).toEqual([
      ['Workers replaced', 1],
      ['Starts', 2],
    ]);
  });

  test('the gateways can be chosen', async () => {
    const chosen: Record<string, string[]> = {};
    for (const { name, definition } of variables) {
      const [, metric = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '') ?? [];
      if (!metric) continue;
      const series = await prometheus.query(`group by (${label}) (${metric.replace('$job', 'convoy')})`);
      chosen[name] = series.map((one) => one.metric[label] ?? '').sort();
    }
    expect(chosen).toEqual({ job: ['convoy'], instance: [busy, ordinary].sort() });
    expect(variables.find(({ name }) => name === 'instance')?.allValue).toBe('.+');
  });
});
