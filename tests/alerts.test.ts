// The alerts that come with the gateway: they name metrics that are there, fire when they should, and say what to do.

import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { everyMetric } from './support/metrics.ts';

const FOLDER = path.resolve(import.meta.dirname, '../deploy/prometheus');
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

type Rule = { alert: string; expr: string; labels: { severity: string }; annotations: { summary: string; description: string } };

const read = async (file: string) => parse(await readFile(path.join(FOLDER, file), 'utf8'));
const rules: Rule[] = (await read('rules/alerts.yml')).groups.flatMap((group: { rules: Rule[] }) => group.rules);

test('alerts and what they advise name metrics that a gateway has', () => {
  const names = new Set(
    everyMetric()
      .getMetricsAsArray()
      .map(({ name }) => name),
  );
  const named = rules.flatMap(
    ({ expr, annotations }) => `${expr} ${annotations.description}`.match(/\b(convoy|process|nodejs)_\w+/g) ?? [],
  );
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((name) => !names.has(name.replace(/_bucket$/, '')))).toEqual([]);
});

test('every alert is tested, and says what it is and what to do', async () => {
  const tested = (await read('alerts.test.yml')).tests.map(({ name }: { name: string }) => name);
  expect(tested.toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
  for (const { alert, labels, annotations } of rules) {
    expect(['critical', 'warning'], alert).toContain(labels.severity);
    expect(annotations.summary, alert).toMatch(/\.$/);
    expect(annotations.description.length, alert).toBeGreaterThan(50);
  }
});

test.skipIf(!hasPromtool)('alerts fire for the gateway that they are about, and for no other', () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd: FOLDER, encoding: 'utf8' });
  expect([status, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('SUCCESS')]);
});
