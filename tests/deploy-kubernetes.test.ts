// The manifests of deploy/kubernetes: that they find each other, and in the gateway what they ask of it.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig, variables } from '../src/config.ts';
import { createDatabase } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';

const DIR = path.resolve(import.meta.dirname, '../deploy/kubernetes');
// biome-ignore lint/suspicious/noExplicitAny: each kind has a shape of its own.
type Manifest = any;

const read = async (file: string): Promise<Manifest> => parse(await readFile(path.join(DIR, file), 'utf8'));
const kustomization = await read('kustomization.yaml');
const manifests: Manifest[] = await Promise.all(kustomization.resources.map(read));
const one = (kind: string): Manifest => manifests.find((manifest) => manifest.kind === kind);

const deployment = one('Deployment');
const pod = deployment.spec.template;
const [gateway] = pod.spec.containers;
const job = one('Job').spec.template;
const secret = await read('secret.example.yaml');
const secrets: Record<string, string> = secret.stringData;

const isPartOf = (part: Record<string, string>, whole: Record<string, string>) =>
  Object.entries(part).every(([key, value]) => whole[key] === value);
const milliseconds = (quantity: string) => (quantity.endsWith('m') ? Number(quantity.slice(0, -1)) : Number(quantity) * 1000);

test('every manifest has its place, and no secret is among what is applied', async () => {
  const apart = ['kustomization.yaml', 'secret.example.yaml', 'prometheus-adapter-values.yaml'];
  expect((await readdir(DIR)).sort()).toEqual([...kustomization.resources, ...apart].sort());
  expect(manifests.map(({ kind }) => kind)).not.toContain('Secret');
  for (const [key, value] of Object.entries(secrets)) expect(value, key).toContain('CHANGE-ME');
});

test('the service, the budget, the monitor, the spread and the policy mean the gateways, and not the migration', () => {
  const selectors = [
    deployment.spec.selector.matchLabels,
    one('Service').spec.selector,
    one('PodDisruptionBudget').spec.selector.matchLabels,
    one('PodMonitor').spec.selector.matchLabels,
    ...pod.spec.topologySpreadConstraints.map((constraint: Manifest) => constraint.labelSelector.matchLabels),
  ];
  for (const selector of selectors) {
    expect(isPartOf(selector, pod.metadata.labels)).toBe(true);
    expect(isPartOf(selector, job.metadata.labels)).toBe(false);
  }
  // Both reach the database.
  for (const { metadata } of [pod, job]) expect(isPartOf(one('NetworkPolicy').spec.podSelector.matchLabels, metadata.labels)).toBe(true);
});

test('names and ports lead to what is there', () => {
  const names = gateway.ports.map(({ name }: Manifest) => name);
  const service = one('Service');
  const ports = [
    service.spec.ports[0].targetPort,
    one('PodMonitor').spec.podMetricsEndpoints[0].port,
    one('NetworkPolicy').spec.ingress[0].ports[0].port,
    ...['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => gateway[probe].httpGet.port),
  ];
  for (const port of ports) expect(names).toContain(port);
  expect(String(gateway.ports[0].containerPort)).toBe(pod.metadata.annotations['prometheus.io/port']);
  const [backend] = one('HTTPRoute').spec.rules[0].backendRefs;
  expect(backend).toEqual({ name: service.metadata.name, port: service.spec.ports[0].port });
  expect(one('HorizontalPodAutoscaler').spec.scaleTargetRef).toMatchObject({ kind: 'Deployment', name: deployment.metadata.name });
  for (const { spec } of [pod, job]) expect(spec.serviceAccountName).toBe(one('ServiceAccount').metadata.name);
});

test('the gateway starts with the settings of the config map and the files of the secret', () => {
  const settings: Record<string, string> = one('ConfigMap').data;
  expect(gateway.envFrom).toEqual([{ configMapRef: { name: one('ConfigMap').metadata.name } }]);
  expect(Object.keys(settings).filter((name) => !(name in variables))).toEqual([]);
  const given = { ...settings };
  for (const { spec } of [pod, job]) {
    const [container] = spec.containers;
    const volume = spec.volumes.find(({ name }: Manifest) => name === 'secrets');
    expect(volume.secret.secretName).toBe(secret.metadata.name);
    const { mountPath } = container.volumeMounts.find(({ name }: Manifest) => name === 'secrets');
    for (const { name, value } of container.env) {
      expect(path.dirname(value)).toBe(mountPath);
      given[name.replace(/_FILE$/, '')] = secrets[path.basename(value)] ?? '';
    }
  }
  expect(Object.keys(given)).toEqual(expect.arrayContaining(['DATABASE_URL', 'DATABASE_REPLICA_URLS', 'SECRET_KEY', 'REDIS_URL']));
  const config = loadConfig({ ...given, SECRET_KEY });
  expect(config.redisUrl).toBe(secrets['redis-url']);
  expect(config.trustedProxies.length).toBeGreaterThan(0);
});

test.each([
  ['the gateway', pod],
  ['the migration', job],
])('%s runs as nobody in particular, on a tree that it cannot change', (_name, { spec }) => {
  expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } });
  expect(spec.automountServiceAccountToken).toBe(false);
  for (const container of spec.containers) {
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.resources).toMatchObject({
      requests: { cpu: expect.any(String), memory: expect.any(String) },
      limits: { memory: expect.any(String) },
    });
    for (const { name } of container.volumeMounts) expect(spec.volumes.map((volume: Manifest) => volume.name)).toContain(name);
  }
});

test('a rollout loses nothing: pods end in their time, and as many as there were are always ready', () => {
  const [, seconds] = gateway.lifecycle.preStop.exec.command;
  // What the gateway gives to requests under way, and some for the closing.
  expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(seconds) + 25 + 5);
  expect(deployment.spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
  expect(deployment.spec.replicas).toBeGreaterThanOrEqual(2);
  expect(one('HorizontalPodAutoscaler').spec.minReplicas).toBeGreaterThan(one('PodDisruptionBudget').spec.maxUnavailable);
});

test('the paths of the probes answer, and the metric of the autoscaler is there', async () => {
  const database = await createDatabase();
  const process = startGateway({ DATABASE_URL: database.url, SECRET_KEY, MAX_WORKERS: '1' });
  onTestFinished(async () => {
    await process.stop('SIGKILL');
    await database.drop();
  });
  const { origin } = await process.ready;
  const inCompose = parse(await readFile(path.join(DIR, '../../docker-compose.yml'), 'utf8'), { merge: true }).services['gateway-1']
    .healthcheck.test;
  const texts = [inCompose.join(' '), await readFile(path.join(DIR, '../../Dockerfile'), 'utf8')];
  const paths = new Set([
    ...['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => gateway[probe].httpGet.path),
    ...texts.map((text) => /\/health[\w/]*/.exec(text)?.[0]),
  ]);
  for (const file of paths) expect({ file, status: (await fetch(`${origin}${file}`)).status }).toEqual({ file, status: 200 });

  const metrics = await (await fetch(`${origin}${pod.metadata.annotations['prometheus.io/path']}`)).text();
  const [{ pods }] = one('HorizontalPodAutoscaler').spec.metrics;
  expect(metrics).toMatch(new RegExp(`^${pods.metric.name}[ {]`, 'm'));
  const [rule] = (await read('prometheus-adapter-values.yaml')).rules.custom;
  expect(rule.seriesQuery).toMatch(new RegExp(`^${pods.metric.name}\\{`));
  expect(rule.name.as).toBe(pods.metric.name);
  // Below what the gateway itself defends itself at.
  expect(milliseconds(pods.target.averageValue)).toBeLessThan(1000);
});
