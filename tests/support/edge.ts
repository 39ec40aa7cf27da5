// nginx with the configuration of deploy/nginx, and clients of several addresses in front of it.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../../src/resources/free-port.ts';
import { until } from './batching.ts';

const NGINX = path.resolve(import.meta.dirname, '../../deploy/nginx');
const ENV = { PATH: `${process.env.PATH}:/usr/sbin` };

/** Whether nginx is on this machine. */
export const hasNginx = spawnSync('nginx', ['-v'], { env: ENV }).status === 0;

export type EdgeOptions = {
  /** Where the two gateways listen, as `127.0.0.1:4000`. */
  gateways: readonly [string, string];
  /** The range of what stands in front of nginx. Default nothing. */
  loadBalancer?: string;
  /** Who ends nginx: the test unless it says otherwise. */
  onEnd?: (stop: () => Promise<void>) => void;
};

/** Starts nginx as the official image does: the template's variables replaced, everything else as it is. */
export async function startEdge({ gateways, loadBalancer = 'unix:', onEnd = onTestFinished }: EdgeOptions) {
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-nginx-'));
  // Where root starts it, its processes are another user's.
  await chmod(dir, 0o755);
  const port = await freePort();
  await mkdir(path.join(dir, 'conf/conf.d'), { recursive: true });
  await cp(path.join(NGINX, 'nginx.conf'), path.join(dir, 'conf/nginx.conf'));
  const values: Record<string, string> = {
    LISTEN: `127.0.0.1:${port}`,
    GATEWAY_1: gateways[0],
    GATEWAY_2: gateways[1],
    MAX_BODY: '1100k',
    LOAD_BALANCER: loadBalancer,
  };
  const template = await readFile(path.join(NGINX, 'templates/convoy.conf.template'), 'utf8');
  await writeFile(
    path.join(dir, 'conf/conf.d/convoy.conf'),
    template.replaceAll(/\$\{(\w+)\}/g, (whole, name) => values[name] ?? whole),
  );
  const [out, err] = ['access.log', 'error.log'].map((name) => path.join(dir, name)) as [string, string];
  const args = ['-p', `${dir}/`, '-c', path.join(dir, 'conf/nginx.conf'), '-g', 'daemon off;'];
  const child = spawn('nginx', args, { env: ENV, stdio: ['ignore', openSync(out, 'a'), openSync(err, 'a')] });
  const exit = once(child, 'exit');
  onEnd(async () => {
    child.kill('SIGTERM');
    await exit;
    await rm(dir, { recursive: true });
  });
  const origin = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx did not start:\n${await readFile(err, 'utf8')}`);
    return fetch(`${origin}/nginx-health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }, 'nginx answers');
  return {
    origin,
    port,
    /** The lines of the access log so far. */
    log: async (): Promise<Record<string, string | number>[]> =>
      (await readFile(out, 'utf8'))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };
type Asked = { from?: string; method?: string; path?: string; headers?: Record<string, string>; body?: string | Buffer };

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** Sends a request from one of this machine's addresses, over kept connections, and resolves when its head has come. */
export async function openFrom(port: number, { from, method, path = '/graphql', headers, body }: Asked): Promise<IncomingMessage> {
  const verb = method ?? (body === undefined ? 'GET' : 'POST');
  const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const options = { host: '127.0.0.1', port, path, method: verb, localAddress: from, agent, headers: { ...type, ...headers } };
  const sent = request(options).end(body);
  const [answer] = await once(sent, 'response');
  return answer;
}

/** The whole answer. */
export async function askFrom(port: number, asked: Asked = {}): Promise<Answer> {
  const answer = await openFrom(port, asked);
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return { status: answer.statusCode ?? 0, headers: answer.headers, text };
}

/** A query as a GET's path. */
export const pathOf = (query: string) => `/graphql?query=${encodeURIComponent(query)}`;
