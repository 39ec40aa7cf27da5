// Which server a trace names for a statement: the one that has run it.

import { expect, onTestFinished, test } from 'vitest';
import { untilReplayed } from '../harness/replica-servers.ts';
import { aCollector } from './support/collector.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';
import { withReplicaServers } from './support/replicated-app.ts';

const servers = withReplicaServers({ replicas: [[]] });
const traceId = (i: number) => `0af7651916cd43dd8448eb211c8032${String(i).padStart(2, '0')}`;

test('a statement is said to have run at the replica that ran it, or at the primary, also where that stood in', async () => {
  const { primary, replicas } = servers();
  const [replica] = replicas as [(typeof replicas)[0]];
  await primary.rows(`create role reader login password 'reader'`);
  await primary.rows('grant select on spas to reader');
  await untilReplayed(primary, replica);
  const collector = await aCollector();
  const gateway = startGateway({
    DATABASE_URL: primary.url,
    DATABASE_REPLICA_URLS: Object.assign(new URL(replica.url), { username: 'reader', password: 'reader' }).toString(),
    SECRET_KEY,
    RESPONSE_CACHE: 'false',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  onTestFinished(async () => void (await gateway.stop('SIGKILL')));
  const { url } = await gateway.ready;
  const cases = [
    ['{ spas(first: 2) { nodes { name } } }', replica.port],
    ['{ hiringForms(first: 2) { nodes { forRole } } }', primary.port],
    ['mutation { signIn(input: { usernameOrEmail: "user", password: "convoy-demo" }) { token } }', primary.port],
  ] as const;
  for (const [i, [query]] of cases.entries()) {
    const traceparent = `00-${traceId(i)}-b7ad6b7169203331-01`;
    const headers = { 'content-type': 'application/json', traceparent };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    expect((await answer.json()).errors).toBeUndefined();
  }
  expect((await gateway.stop()).code).toBe(0);
  const portsOf = (id: string) =>
    collector.spans
      .filter((span) => span.traceId === id && 'db.query.text' in span.attributes)
      .map((span) => span.attributes['server.port']);
  const ports = cases.map((_, i) => [...new Set(portsOf(traceId(i)))]);
  expect(ports).toEqual(cases.map(([, port]) => [port]));
});
