// The page of the load tool in a real browser. Skipped where the machine has no Chromium.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { pageOf } from '../bench/users/page.ts';
import { machineOf, type Report } from '../bench/users/report.ts';
import { times } from './support/protection.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => existsSync(file));
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const OPTIONS = { isSoak: false, seed: 1, html: '', started: { scale: 1, hasRedis: false, settings: {} } };
const TIMES = { p50: 1.5, p95: 12, p99: 34.5, max: 60 };

function aReport(rest: Partial<Report> = {}): Report {
  const processes = ['primary', 'worker 1', 'worker 2', 'PostgreSQL', 'load'].map((name) => ({
    name,
    cpu: 0.2,
    megabytes: 200,
    ownMegabytes: 120,
  }));
  return {
    begunAt: '2026-11-23T21:00:00.000Z',
    machine: machineOf(),
    options: { ...OPTIONS, users: 500, spawnPerSecond: 50, durationSeconds: 60, thinkMs: [1000, 3000] },
    settings: { TRUSTED_PROXIES: 'loopback' },
    accounts: 150,
    rampSeconds: 10,
    totals: { requests: 15_000, errors: 2, retries: 1, connections: 500, seconds: 60, requestsPerSecond: 249, ...TIMES, lateness: 1 },
    screens: [{ screen: 'SpaPage', requests: 15_000, errors: 2, errorsByCode: { '503 OVERLOADED': 2 }, keptShare: 0.75, ...TIMES }],
    examples: { '503 OVERLOADED': 'SpaPage: </script><script>document.title = "taken over"</script>' },
    processes,
    otherCpu: 0.1,
    statementsPerRequest: 0.4,
    memory: undefined,
    verdicts: [{ name: 'p99', wanted: 'at most 50 ms', measured: '34.5 ms', holds: true }],
    broken: undefined,
    series: times(70, (i) => ({
      atSecond: i + 1,
      users: Math.min(500, 50 * i),
      answers: 250,
      errors: i === 30 ? 2 : 0,
      retries: 0,
      ...TIMES,
    })),
    watched: times(70, (i) => ({ atSecond: i + 1, processes, otherCpu: 0.1 })),
    metrics: { before: undefined, after: undefined },
    ...rest,
  };
}

async function shown(report: Report) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const faults: string[] = [];
  const urls: string[] = [];
  page.on('pageerror', (error) => void faults.push(error.message));
  page.on('console', (message) => void faults.push(message.text()));
  page.on('request', (request) => void urls.push(request.url()));
  await page.setContent(pageOf(report));
  return { page, faults, urls };
}

test.skipIf(!CHROMIUM)('the page draws each chart and fills each table, and asks nobody for anything', { timeout: 60_000 }, async () => {
  const { page, faults, urls } = await shown(aReport());
  expect([faults, urls.filter((url) => !url.startsWith('data:'))]).toEqual([[], []]);
  expect(await page.locator('#verdict').textContent()).toBe('All thresholds hold');
  expect(await page.locator('.chart canvas').count()).toBe(5);
  expect(await page.locator('.chart .u-legend').nth(2).textContent()).toContain('worker 2');
  const drawn = await page.locator('.chart canvas').evaluateAll((all) =>
    all.map((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? { data: [] };
      return new Set(data).size > 20;
    }),
  );
  expect(drawn).toEqual(times(5, () => true));
  expect(await page.locator('#screens tbody tr').count()).toBe(2);
  expect(await page.locator('#screens tbody tr').first().textContent()).toBe('SpaPage15,00021.5012.034.560.075 %');
  expect(await page.locator('#processes tbody tr').count()).toBe(5);
  // What a server said is text.
  expect(await page.locator('#errors').textContent()).toContain('<script>document.title');
  expect(await page.title()).toBe('Convoy under its users');
  const width = await page.evaluate('document.documentElement.scrollWidth');
  expect(width).toBe(1280);
});

test.skipIf(!CHROMIUM)('the page of a soak has its memory, and says what did not hold', { timeout: 60_000 }, async () => {
  const { page, faults } = await shown(
    aReport({
      memory: { what: 'The heap of the gateway', growth: 1.12, series: times(60, (i) => ({ atSecond: i + 1, megabytes: 80 + i })) },
      verdicts: [{ name: 'growth', wanted: 'at most 5 %', measured: '12 %', holds: false }],
    }),
  );
  expect(faults).toEqual([]);
  expect(await page.locator('.chart canvas').count()).toBe(6);
  expect(await page.locator('.chart').last().textContent()).toContain('1.120 times');
  expect(await page.locator('#verdict').textContent()).toBe('A threshold does not hold');
});
