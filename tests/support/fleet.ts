// A gateway of several worker processes, and clients whose connections are their own.

import { spawnSync } from 'node:child_process';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { demoId } from '../../prisma/seed/demo.ts';
import type { Role } from '../../src/generated/prisma/enums.ts';
import { createTokens } from '../../src/tokens.ts';
import { createDatabase, SEEDED_SCALE } from './database.ts';
import { SECRET_KEY, startGateway } from './gateway.ts';

/** A machine that does much else answers late, and does answer. */
const PATIENCE_MS = 20_000;

export type FleetAnswer = { status: number; headers: IncomingHttpHeaders; body: string };

/** A gateway on a seeded database of its own, with two workers. Both end with the test, and no process of it is left. */
export async function aFleet(settings: Record<string, string> = {}, start: typeof startGateway = startGateway) {
  const database = await createDatabase({ seedScale: SEEDED_SCALE });
  onTestFinished(database.drop);
  const gateway = start({ DATABASE_URL: database.url, SECRET_KEY, MAX_WORKERS: '2', LOG_LEVEL: 'info', ...settings });
  const pid = gateway.child.pid as number;
  onTestFinished(async () => {
    const left = [...childrenOf(pid), pid];
    for (const one of left) kill(one, 'SIGKILL');
    await gateway.ended;
  });
  const { url, origin } = await gateway.ready;
  return {
    ...gateway,
    url,
    origin,
    port: Number(new URL(url).port),
    databaseUrl: database.url,
    /** The process ids of its workers. */
    workers: () => childrenOf(pid),
  };
}

export function childrenOf(pid: number): number[] {
  return spawnSync('pgrep', ['-P', String(pid)])
    .stdout.toString()
    .split('\n')
    .filter(Boolean)
    .map(Number);
}

/** Sends a signal to a process that may be gone already. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export async function tokenOf(role: Role): Promise<string> {
  return (await createTokens({ secretKeys: [SECRET_KEY], ttlSeconds: 3600 }).sign(demoId(role))).token;
}

export type AskOptions = { variables?: Record<string, unknown>; token?: string; path?: string; method?: string; timeoutMs?: number };

/** A client with one connection, which it keeps, and opens again where the gateway has closed it. `opened`: how often it has. */
export function aClient(port: number, { isKept = true } = {}) {
  const agent = new Agent({ keepAlive: isKept, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  let opened = 0;
  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    opened++;
    return createConnection(...args);
  };
  /** Rejects with the error of the connection, or after `timeoutMs` with `no answer`. */
  function ask(query: string, { variables, token, path = '/graphql', method = 'POST', timeoutMs = PATIENCE_MS }: AskOptions = {}) {
    return new Promise<FleetAnswer>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
      const sent = request({ agent, host: '127.0.0.1', port, path, method, headers }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          body += chunk;
        });
        response.once('error', fail);
        response.once('end', () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
      const fail = (error: Error) => {
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(() => sent.destroy(new Error('no answer')), timeoutMs);
      sent.once('error', fail);
      sent.end(method === 'POST' ? JSON.stringify({ query, variables }) : undefined);
    });
  }
  return {
    ask,
    get: (path: string, options: AskOptions = {}) => ask('', { ...options, path, method: 'GET' }),
    end: () => agent.destroy(),
    get opened() {
      return opened;
    },
  };
}

/** Asks again and again until `stop`, which resolves to what came of it. */
export function aLoad(clients: number, ask: (client: number, i: number) => Promise<FleetAnswer>) {
  const answers: FleetAnswer[] = [];
  const failures: string[] = [];
  let isOver = false;
  const loops = Array.from({ length: clients }, async (_, client) => {
    for (let i = 0; !isOver; i++)
      await ask(client, i).then(
        (answer) => void answers.push(answer),
        (error: NodeJS.ErrnoException) => void failures.push(error.code ?? error.message),
      );
  });
  return {
    answers,
    failures,
    stop: async () => {
      isOver = true;
      await Promise.all(loops);
      return { answers, failures };
    },
  };
}

/** Opens a subscription. `code`: why it was refused; `text`: what has come; `ended` resolves to it when the gateway has closed the stream, or cut it off. */
export async function aSubscription(
  url: string,
  query = 'subscription { certificateIssued { id } }',
  headers: Record<string, string> = {},
) {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(url, {
    method: 'POST',
    signal: controller.signal,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query }),
  });
  let text = '';
  const ended = (async () => {
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
    } catch {}
    return text;
  })();
  // What is refused is known whole, and a stream has no length.
  const code = response.headers.has('content-length') ? (/"code":"(\w+)"/.exec(await ended)?.[1] ?? 'NO_CODE') : undefined;
  return { code, text: () => text, ended, end: () => controller.abort() };
}

/** Waits for what other processes bring about, on a machine that may be slow. */
export async function eventually(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + 2 * PATIENCE_MS; performance.now() < end; await wait(50)) if (await isSo()) return;
  throw new Error(`It never came to this: ${what}.`);
}
