// docker-compose.yml: that Compose takes it, that its parts fit each other and the gateway's settings, and that nothing in it is lax.

import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../src/config.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFile(path.join(ROOT, file), 'utf8');

type Service = {
  image: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  mem_limit?: string;
  cpus?: number;
  pids_limit?: number;
  restart?: string;
  logging?: { options?: { 'max-size'?: string; 'max-file'?: string } };
  healthcheck?: { test?: string[]; disable?: boolean };
  environment?: Record<string, string>;
  command?: string[];
  secrets?: string[];
  volumes?: string[];
  ports?: string[];
  tmpfs?: string[];
  stop_grace_period?: string;
  networks?: string[] | Record<string, { ipv4_address?: string } | null>;
};
type Compose = {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  networks: Record<string, { internal?: boolean } | null>;
};

const compose: Compose = parse(await read('docker-compose.yml'), { merge: true });
const services = Object.entries(compose.services);
const serviceOf = (name: string) => compose.services[name] as Service;
const gateways = services.filter(([name]) => /^gateway-\d$/.test(name));
const addressOf = (name: string) => (serviceOf(name).networks as Record<string, { ipv4_address: string }>).front?.ipv4_address;
/** The value of a flag of PostgreSQL's command. */
const flagOf = (name: string, flag: string) =>
  Number(
    serviceOf(name)
      .command?.find((one) => one.startsWith(`--${flag}=`))
      ?.split('=')[1],
  );

/** The folder with the secrets as deploy/secrets.sh makes them, in a copy of deploy/. */
async function madeSecrets() {
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-deploy-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  await cp(path.join(ROOT, 'deploy/secrets.sh'), path.join(dir, 'secrets.sh'));
  const make = () => run('sh', [path.join(dir, 'secrets.sh')]);
  await make();
  const folder = path.join(dir, 'secrets');
  const contents = async () =>
    Object.fromEntries(
      await Promise.all((await readdir(folder)).map(async (name) => [name, await readFile(path.join(folder, name), 'utf8')])),
    );
  return { folder, make, contents };
}

const hasCompose = spawnSync('docker-compose', ['version']).status === 0;

test.skipIf(!hasCompose)('docker-compose accepts the file', async () => {
  const { stdout } = await run('docker-compose', ['--file', path.join(ROOT, 'docker-compose.yml'), 'config', '--services']);
  expect(stdout.trim().split('\n').sort()).toEqual(services.map(([name]) => name).sort());
});

test.each(services)('%s is bounded, unprivileged, watched, and of a pinned version', (_name, service) => {
  expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  expect(service.user).toMatch(/^[1-9]\d*:\d+$/);
  expect(service.mem_limit).toMatch(/^\d+[mg]$/);
  expect(service.cpus).toBeGreaterThan(0);
  expect(service.pids_limit).toBeGreaterThan(0);
  expect(service.logging?.options).toMatchObject({ 'max-size': expect.any(String), 'max-file': expect.any(String) });
  if (service.image !== 'convoy') expect(service.image).toMatch(/:v?\d/);
  // What runs once has an end instead of a health.
  if (service.restart === 'no') return;
  expect(service.restart).toBe('unless-stopped');
  expect(service.healthcheck?.test?.length).toBeGreaterThan(1);
});

test('only nginx is open to the outside', () => {
  const open = services.flatMap(([name, { ports = [] }]) => ports.filter((port) => !port.startsWith('127.0.0.1:')).map(() => name));
  expect(open).toEqual(['nginx']);
  // By IPv6 all clients would have one address, Docker's own.
  for (const port of serviceOf('nginx').ports ?? []) expect(port).toMatch(/^0\.0\.0\.0:/);
  expect(compose.networks.back?.internal).toBe(true);
  expect(Object.keys(serviceOf('nginx').networks ?? {})).toEqual(['front']);
  for (const name of ['postgres', 'postgres-replica', 'redis']) expect(serviceOf(name).networks).toEqual(['back']);
});

test('no secret is written down: each comes from a file that deploy/secrets.sh makes and Git ignores', async () => {
  const { contents, make, folder } = await madeSecrets();
  const made = await contents();
  expect(Object.keys(made).sort()).toEqual(Object.keys(compose.secrets).sort());
  for (const [name, { file }] of Object.entries(compose.secrets)) expect(file).toBe(`./deploy/secrets/${name}`);
  expect(await read('.gitignore')).toContain('deploy/secrets/\n');
  for (const [name, { environment = {}, secrets = [] }] of services) {
    for (const [key, value] of Object.entries(environment)) {
      if (!/PASSWORD|SECRET|TOKEN|_URLS?(_FILE)?$/.test(key)) continue;
      expect(key, name).toMatch(/_FILE$/);
      expect(secrets, `${name} reads ${key}`).toContain(path.basename(value));
    }
  }
  // Whoever is not root and not their owner cannot enter the folder; the second time nothing changes.
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  for (const secret of [
    'postgres_password',
    'database_password',
    'replication_password',
    'redis_password',
    'grafana_password',
    'secret_key',
  ])
    expect(made[secret]?.length).toBeGreaterThan(40);
  expect(new Set(Object.values(made)).size).toBe(Object.keys(made).length);
  await make();
  expect(await contents()).toEqual(made);
});

test.each(gateways.map(([name]) => name))('%s starts with these settings and secrets', async (name) => {
  const { folder } = await madeSecrets();
  const env = Object.fromEntries(
    Object.entries(serviceOf(name).environment ?? {}).map(([key, value]) => [key, value.replace('/run/secrets', folder)]),
  );
  const config = loadConfig(env);
  expect(new URL(config.databaseUrl ?? '').hostname).toBe('postgres');
  expect(config.replicaUrls.map((url) => new URL(url).hostname)).toEqual(['postgres-replica']);
  expect(new URL(config.redisUrl ?? '').hostname).toBe('redis');
  expect(config.trustedProxies).toEqual([addressOf('nginx')]);
  expect(config.hasPlayground).toBe(false);
  expect(config.secretKey).toMatch(/^\S{64}$/);
  // The requests under way, and then the closing of what is open.
  expect(Number.parseInt(serviceOf(name).stop_grace_period ?? '', 10)).toBeGreaterThanOrEqual(35);
});

test('all gateways, the migration and the superusers fit into the connections of PostgreSQL, and of its replica', () => {
  const wanted = gateways.reduce((sum, [, { environment }]) => sum + Number(environment?.DATABASE_CONNECTIONS), 0);
  const [migration, reserved] = [10, 3];
  expect(wanted).toBeGreaterThan(0);
  for (const name of ['postgres', 'postgres-replica']) expect(wanted + migration + reserved).toBeLessThan(flagOf(name, 'max_connections'));
  // Else the replica does not start.
  expect(flagOf('postgres-replica', 'max_connections')).toBeGreaterThanOrEqual(flagOf('postgres', 'max_connections'));
});

test('nginx knows both gateways, gives its template all it asks for, and takes longer bodies than they do', async () => {
  const { environment: env = {} } = serviceOf('nginx');
  expect([env.GATEWAY_1, env.GATEWAY_2]).toEqual(gateways.map(([name]) => `${addressOf(name)}:4000`));
  const template = await read('deploy/nginx/templates/convoy.conf.template');
  const asked = new Set(Array.from(template.matchAll(/\$\{(\w+)\}/g), ([, name]) => name ?? ''));
  const filter = new RegExp(env.NGINX_ENVSUBST_FILTER?.replaceAll('$$', '$') ?? '');
  for (const name of asked) expect([name, name in env, filter.test(name)]).toEqual([name, true, true]);
  expect(Number.parseInt(env.MAX_BODY ?? '', 10) * 1024).toBeGreaterThan(loadConfig({}).maxBodyBytes);
});

test('the heaps of all processes of a gateway fit into its memory', async () => {
  const percentage = Number(/"--max-old-space-size-percentage=(\d+)"/.exec(await read('Dockerfile'))?.[1]);
  const limits = { compose: serviceOf('gateway-1').environment, kubernetes: parse(await read('deploy/kubernetes/configmap.yaml')).data };
  for (const [where, settings] of Object.entries(limits)) {
    const heaps = Number(settings?.MAX_WORKERS) * percentage;
    // The rest is for what is not heap, and for the primary.
    expect(heaps, where).toBeGreaterThan(0);
    expect(heaps, where).toBeLessThanOrEqual(70);
  }
});

test('every file that is mounted is there', async () => {
  const mounted = services.flatMap(([, { volumes = [] }]) =>
    volumes.filter((one) => one.startsWith('./')).map((one) => one.split(':')[0] ?? ''),
  );
  expect(mounted.length).toBeGreaterThan(5);
  for (const file of mounted) expect((await stat(path.join(ROOT, file))).size, file).toBeGreaterThan(0);
});

test('Prometheus asks every gateway', async () => {
  const { scrape_configs: jobs } = parse(await read('deploy/prometheus/prometheus.yml'));
  const targets = jobs
    .find((job: { job_name: string }) => job.job_name === 'convoy')
    .static_configs.flatMap((one: { targets: string[] }) => one.targets);
  expect(targets).toEqual(gateways.map(([name]) => `${name}:4000`));
});
