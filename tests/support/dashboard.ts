// The dashboard of deploy/grafana, as Grafana reads it.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

type Source = { type: string; uid: string };
type Target = { expr: string; refId: string; datasource: Source; instant: boolean; range: boolean };

export type Panel = {
  id: number;
  title: string;
  type: string;
  description?: string;
  collapsed?: boolean;
  datasource?: Source;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig: { defaults: { unit?: string } };
  targets: Target[];
  /** Of a row that is collapsed. */
  panels?: Panel[];
};

type Annotation = { name: string; datasource: Source; expr?: string };
type Variable = { name: string; type: string; query: unknown; definition?: string; allValue?: string };
type Dashboard = {
  id?: number;
  uid: string;
  panels: Panel[];
  annotations: { list: Annotation[] };
  templating: { list: Variable[] };
};

export const dashboardText = await readFile(path.resolve(import.meta.dirname, '../../deploy/grafana/dashboards/convoy.json'), 'utf8');
export const dashboard: Dashboard = JSON.parse(dashboardText);

/** Those that show something, those of collapsed rows too. */
export const panels = dashboard.panels.flatMap((panel) => (panel.type === 'row' ? (panel.panels ?? []) : [panel]));
export const rows = dashboard.panels.filter(({ type }) => type === 'row');
export const annotations = dashboard.annotations.list.filter(({ expr }) => expr !== undefined) as (Annotation & { expr: string })[];
export const variables = dashboard.templating.list;

/** Every expression, with the name of what shows it. */
export const expressions = [...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr }))), ...annotations].map(
  (one) => ({ title: 'title' in one ? one.title : one.name, expr: one.expr }),
);

export type Choice = { job: string; instance: string; scrapeSeconds: number; stepSeconds: number };

/**
 * An expression as Grafana sends it. `$__rate_interval` as in
 * https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/#use-__rate_interval. Throws where a variable is left.
 */
export function interpolate(expr: string, { job, instance, scrapeSeconds, stepSeconds }: Choice): string {
  const rateSeconds = Math.max(stepSeconds + scrapeSeconds, 4 * scrapeSeconds);
  // In a string of PromQL, a backslash stands before a backslash.
  const values: Record<string, string> = { $job: job, $instance: instance.replaceAll('\\', '\\\\'), $__rate_interval: `${rateSeconds}s` };
  return expr.replaceAll(/\$\{?\w+\}?/g, (name) => {
    const value = values[name];
    if (value === undefined) throw new Error(`Nothing is known of ${name} in: ${expr}`);
    return value;
  });
}
