// A real Prometheus with the configuration and the alert rules of deploy/prometheus.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { freePort } from '../../src/resources/free-port.ts';
import { until } from './batching.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../deploy/prometheus');

/** Whether Prometheus is on this machine. */
export const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;

/** How often it asks here, in seconds. */
export const SCRAPE_SECONDS = 1;

/** A series, as the API answers: values are seconds and a number as text. */
export type Series = { metric: Record<string, string>; values: [number, string][] };

/** Starts it, to ask these gateways, as `127.0.0.1:4000`, every second. `close` ends it and removes its data. */
export async function startPrometheus(gateways: readonly string[]) {
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-prometheus-'));
  const port = await freePort();
  const config = parse(await readFile(path.join(FOLDER, 'prometheus.yml'), 'utf8'));
  const interval = `${SCRAPE_SECONDS}s`;
  config.global = { ...config.global, scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval };
  for (const job of config.scrape_configs) job.static_configs = [{ targets: job.job_name === 'convoy' ? gateways : [`127.0.0.1:${port}`] }];
  await cp(path.join(FOLDER, 'rules'), path.join(dir, 'rules'), { recursive: true });
  await writeFile(path.join(dir, 'prometheus.yml'), stringify(config));
  const args = [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`];
  const server = spawn('prometheus', [...args, '--log.level=warn'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(server, 'exit');
  let stderr = '';
  server.stderr.on('data', (data) => {
    stderr += data;
  });
  const close = async () => {
    server.kill('SIGKILL');
    await exit;
    await rm(dir, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const isReady = async () => {
    if (server.exitCode !== null) throw new Error(`Prometheus ended:\n${stderr}`);
    return await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await until(isReady, 'Prometheus is ready').catch(async (error) => {
    await close();
    throw error;
  });

  async function ask<T>(endpoint: string, parameters: Record<string, string>): Promise<T> {
    const response = await fetch(`${url}/api/v1/${endpoint}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await response.json()) as { status: string; data: { result: T }; error?: string };
    if (status !== 'success') throw new Error(`${error} in: ${parameters.query}`);
    return data.result;
  }
  return {
    url,
    close,
    /** The series of an expression now, each with one value. */
    query: async (query: string): Promise<Series[]> =>
      (await ask<{ metric: Series['metric']; value: [number, string] }[]>('query', { query })).map(({ metric, value }) => ({
        metric,
        values: [value],
      })),
    /** The series of an expression over the last `seconds`, one value a second. */
    queryRange: (query: string, seconds: number): Promise<Series[]> => {
      const now = Date.now() / 1000;
      return ask<Series[]>('query_range', { query, start: String(now - seconds), end: String(now), step: '1' });
    },
  };
}
