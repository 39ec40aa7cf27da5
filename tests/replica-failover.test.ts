// A replica becomes the primary, under the address that the primary had; another one still follows that which is gone.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { untilReplayed } from '../harness/replica-servers.ts';
import { anAddress } from './support/address.ts';
import { range, until } from './support/batching.ts';
import { aReplicatedApp, cookieOf, lsnHeaderOf, withReplicaServers } from './support/replicated-app.ts';

const servers = withReplicaServers({ replicas: [[], []] });

test('after a failover viewers see what they have written, before it and since, and no replica of the former primary is read', async () => {
  const { primary, replicas } = servers();
  const [heir, left] = replicas as [typeof primary, typeof primary];
  const { address, turnTo } = await anAddress(primary.url, primary.port);
  const app = await aReplicatedApp({ ...servers(), primary: { ...primary, url: address } });
  await Promise.all([app.untilIn(0), app.untilIn(1)]);
  const before = await app.write(1, 'before');
  await Promise.all(replicas.map((replica) => untilReplayed(primary, replica)));
  await wait(300);
  await primary.kill();
  expect(await app.read(1, cookieOf(before))).toBe('before');

  await heir.rows('select pg_promote()');
  turnTo(heir.port);
  await until(async () => !(await app.write(2, 'again')).errors, 'writes are taken again');
  for (const round of range(0, 40)) {
    const answer = await app.write(1, `round ${round}`);
    expect(await app.read(1, round % 2 ? cookieOf(answer) : lsnHeaderOf(answer))).toBe(`round ${round}`);
    await wait(30);
  }
  await app.untilIn(1, false);
  expect([await app.read(1), await app.read(1, cookieOf(before))]).toEqual(['round 39', 'round 39']);
  expect(app.changesOf(`127.0.0.1:${heir.port}`)).toMatch(/^in( out in)* out$/);
  expect(app.changesOf(`127.0.0.1:${left.port}`)).toMatch(/^in( out in)* out$/);
});
