// A gateway with everything that one may have, and clients that do all that clients do: whoever looks at its metrics has something to see.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startRedis } from '../../harness/redis.ts';
import { startReplicaServers, untilReplayed } from '../../harness/replica-servers.ts';
import { demoId, demoPassword } from '../../prisma/seed/demo.ts';
import type { Role } from '../../src/generated/prisma/enums.ts';
import { createTokens } from '../../src/tokens.ts';
import { SECRET_KEY, startGateway } from './gateway.ts';
import { mutation, toIssue } from './inputs.ts';
import { hasRedis } from './redis-server.ts';

const DIRECTORY =
  'query Directory($n: Int!) { spas(first: $n) { nodes { name hiringForms(first: 2) { nodes { forRole spa { name } } } } } }';
const INBOX = 'query Inbox($n: Int!) { candidateForms(first: $n) { nodes { firstName spa { name } submittedBy { username } } } }';
const ISSUE = mutation('issueCertificate', 'certificate { id }');
const GALLERY = '{ templates(first: 2) { nodes { name } } }';
const SIGN_IN = 'mutation SignIn($input: SignInInput!) { signIn(input: $input) { token } }';
const nested = (depth: number): string => (depth === 0 ? 'id' : `hiringForms(first: 1) { nodes { spa { ${nested(depth - 1)} } } }`);
const aliased = (count: number) => `{ ${Array.from({ length: count }, (_, i) => `a${i}: __typename`).join(' ')} }`;
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

type Gateway = ReturnType<typeof startGateway>;
type Servers = Pick<Awaited<ReturnType<typeof startReplicaServers>>, 'primary' | 'replicas'>;
type Asked = { as?: Role; from?: string; accept?: string };

/** Two workers on this port, over a primary and a replica, with Redis where it is on the machine. `close` ends all of it. */
export async function startBusyGateway(port: number) {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const one of closing.splice(0).toReversed()) await one();
  };
  try {
    const servers = await startReplicaServers();
    closing.push(servers.close);
    const redis = hasRedis ? await startRedis() : undefined;
    if (redis) closing.push(redis.close);
    const gateway = startGateway({
      DATABASE_URL: servers.primary.url,
      DATABASE_REPLICA_URLS: servers.replicas.map((replica) => replica.url).join(),
      SECRET_KEY,
      PORT: String(port),
      MAX_WORKERS: '2',
      MAX_BATCH: '3',
      TRUSTED_PROXIES: 'loopback',
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_MINUTE: '400',
      COST_PER_MINUTE: '1000000',
      LIMIT_MODES: 'aliases:watch,rootFields:watch',
      // A machine with much to do must not be taken for a gateway that fails.
      MAX_EVENT_LOOP_DELAY_MS: '10000',
      LOG_LEVEL: 'fatal',
      ...(redis && { REDIS_ENABLED: 'true', REDIS_URL: redis.url }),
    });
    closing.push(() => gateway.stop('SIGKILL'));
    const { url } = await gateway.ready;
    return { close, ...clientsOf(url, gateway, servers) };
  } catch (error) {
    await close();
    throw error;
  }
}

function clientsOf(url: string, gateway: Gateway, { primary, replicas }: Servers) {
  const tokens = createTokens({ secretKeys: [SECRET_KEY], ttlSeconds: 3600 });

  async function send(body: unknown, { as, from = '198.51.100.1', accept = 'application/json' }: Asked = {}): Promise<string> {
    const headers: Record<string, string> = { 'content-type': 'application/json', 'x-forwarded-for': from, accept };
    if (as) headers.authorization = `Bearer ${(await tokens.sign(demoId(as))).token}`;
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return await response.text();
  }
  async function subscribeBriefly(): Promise<void> {
    const query = 'subscription Watch { certificateIssued { id } }';
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }), signal: AbortSignal.timeout(400) });
    await response.text();
  }

  return {
    /** What clients do in a moment: kept answers and others, writes, mistakes, and what is beyond limits. Some are cut off: a worker may be dying. */
    bustle: (round: number) =>
      Promise.allSettled([
        ...times(20, (i) => send({ query: DIRECTORY, variables: { n: (i % 4) + 2 } }, { from: `198.51.100.${i}` })),
        ...times(20, (i) => send({ query: INBOX, variables: { n: (i % 5) + round + 1 } }, { as: 'HR', from: `198.51.100.${i}` })),
        ...times(60, () => send({ query: '{ __typename }' }, { from: '203.0.113.9' })),
        send({ query: ISSUE, variables: { input: toIssue('ID_CARD') } }, { as: 'ADMIN' }),
        send({ query: SIGN_IN, variables: { input: { usernameOrEmail: 'hr', password: demoPassword } } }),
        send([{ query: GALLERY }, { query: aliased(1) }]),
        send({ query: 'query Broken {' }),
        send({ query: `query Typo { nothing${round} }` }),
        send({ query: '{ users(first: 1) { nodes { id } } }' }),
        send({ query: `{ spas(first: 1) { nodes { ${nested(5)} } } }` }),
        send({ query: aliased(31) }),
        send({ query: 'x'.repeat(1_100_000) }),
        subscribeBriefly(),
      ]),
    /** A fault of the gateway, as clients see it: a table is not there for a moment, at any server. */
    fail: async () => {
      await primary.rows('alter table certificate_templates rename to gone');
      for (const replica of replicas) await untilReplayed(primary, replica);
      await Promise.all(times(3, () => send({ query: GALLERY }, { as: 'ADMIN' })));
      await primary.rows('alter table gone rename to certificate_templates');
    },
    /** Ends a worker as a machine without memory does. Another one takes its place. */
    killWorker: async () => {
      const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(gateway.child.pid)]);
      process.kill(Number(stdout.trim().split(/\s+/)[0]), 'SIGKILL');
    },
  };
}
