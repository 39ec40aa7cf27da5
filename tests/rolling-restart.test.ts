// SIGHUP: all workers are renewed, and no client notices.

import { once } from 'node:events';
import { copyFile, link, rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { printManifest } from '../src/persisted/manifest.ts';
import { readWebsitesAs } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import { aClient, aFleet, aLoad, aSubscription, eventually, isRunning, kill, tokenOf } from './support/fleet.ts';
import { startGateway } from './support/gateway.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { aFolder } from './support/persisted.ts';
import { times } from './support/protection.ts';
import { answersIn, bytesOf } from './support/raw-http.ts';

const TRIVIAL = '{ __typename }';
const SPAS = '{ spas(first: 2) { nodes { name } } }';
const ISSUE = mutation('issueCertificate', 'certificate { id }');
/** Reads nothing that the slow one reads: whoever waits two seconds for the same statement is refused. */
const QUICK = '{ templates(first: 2) { nodes { name } } }';
const SLOW = '{ spas(first: 1) { nodes { website } } }';

type Fleet = Awaited<ReturnType<typeof aFleet>>;

const renewed = (fleet: Fleet, count: number) =>
  eventually(() => fleet.output().split('all workers are new').length > count, 'all workers are new');

test('under load no request is lost: of kept connections, of new ones, slow ones, mutations', { timeout: 120_000 }, async () => {
  // On a machine that is late anyway, anonymous operations would be shed.
  const fleet = await aFleet({ LIMIT_MODES: 'pressure:off' });
  const { port, databaseUrl } = fleet;
  await readWebsitesAs(databaseUrl, `(select 'slow' from pg_sleep(2))`);
  const token = await tokenOf('USER');
  const before = fleet.workers();
  const [{ count: had } = { count: 0 }] = await rowsOf<{ count: number }>(databaseUrl, 'select count(*)::int from certificates');
  const kept = times(6, () => aClient(port));
  let issued = 0;
  const load = aLoad(8, async (i) => {
    const client = kept[i] ?? aClient(port, { isKept: false });
    if (i % 3 === 0) {
      const answer = await client.ask(ISSUE, { token, variables: { input: toIssue('ID_CARD') } });
      if (JSON.parse(answer.body).errors === undefined) issued++;
      return answer;
    }
    return client.ask(i === 4 ? SLOW : QUICK, { token: i % 2 ? token : undefined });
  });
  await wait(500);
  fleet.child.kill('SIGHUP');
  // While it rolls: all that come meanwhile are one more round.
  await eventually(() => fleet.workers().length > 2, 'the first new one has been started');
  expect(fleet.workers()).toEqual(expect.arrayContaining(before));
  for (let i = 0; i < 3; i++) {
    fleet.child.kill('SIGHUP');
    await wait(50);
  }
  await renewed(fleet, 2);
  const { answers, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(answers.filter(({ body }) => body.includes('"errors"'))).toEqual([]);
  const [{ count: has } = { count: 0 }] = await rowsOf<{ count: number }>(databaseUrl, 'select count(*)::int from certificates');
  expect([issued > 0, has - had]).toEqual([true, issued]);
  expect(fleet.workers()).toHaveLength(2);
  expect(before.filter(isRunning)).toEqual([]);
  // The third and the fourth signal asked for what the second had asked for.
  await wait(500);
  expect(fleet.output().split('all workers are new')).toHaveLength(3);
});

test('pipelined requests are answered to the last, and subscriptions told when to come back', { timeout: 60_000 }, async () => {
  const fleet = await aFleet();
  await readWebsitesAs(fleet.databaseUrl, `(select 'slow' from pg_sleep(2))`);
  // One on each worker.
  const sockets = [connect(fleet.port, '127.0.0.1'), connect(fleet.port, '127.0.0.1')];
  const received = sockets.map(async (socket) => {
    let text = '';
    for await (const chunk of socket.setEncoding('utf8')) text += chunk;
    return text;
  });
  for (const socket of sockets) {
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    const one = (query: string) => bytesOf({ headers: { connection: 'keep-alive' }, body: JSON.stringify({ query }) });
    socket.write(Buffer.concat([one(SLOW), one(TRIVIAL), one(SPAS), one(TRIVIAL)]));
  }
  const streams = await Promise.all(times(4, () => aSubscription(fleet.url)));
  await wait(300);
  fleet.child.kill('SIGHUP');
  for (const text of await Promise.all(received)) {
    expect(answersIn(text).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  }
  for (const { ended } of streams) expect(await ended).toMatch(/^(:\n\n)+retry: \d{3,4}\n\n$/);
  await renewed(fleet, 1);
  const back = await aSubscription(fleet.url);
  const issued = await aClient(fleet.port).ask(ISSUE, {
    token: await tokenOf('USER'),
    variables: { input: toIssue('ID_CARD', { isPublic: true }) },
  });
  expect(issued.body).not.toContain('errors');
  await eventually(() => back.text().includes('"certificateIssued"'), 'whoever came back has the event');
});

test('readiness is the gateway’s while it rolls, and a worker that dies meanwhile leaves neither more nor fewer', {
  timeout: 90_000,
}, async () => {
  const fleet = await aFleet();
  const probes = times(2, () => aClient(fleet.port));
  for (const probe of probes) expect((await probe.get('/health/ready')).status).toBe(200);
  const rollAndKill = async (which: number) => {
    const victim = fleet.workers()[which] as number;
    fleet.child.kill('SIGHUP');
    await eventually(() => fleet.workers().length === 3, 'a new one has been started');
    kill(victim, 'SIGKILL');
  };
  await rollAndKill(0);
  await Promise.all(
    times(40, async (i) => {
      await wait(100 * i);
      for (const probe of probes) {
        const status = await probe.get('/health/ready').then(
          (answer) => answer.status,
          (error) => error.code,
        );
        expect([200, 'ECONNRESET']).toContain(status);
      }
    }),
  );
  await renewed(fleet, 1);
  await eventually(() => fleet.workers().length === 2, 'there are two again');
  await wait(1000);
  expect(fleet.workers()).toHaveLength(2);
  expect(JSON.parse((await aClient(fleet.port).get('/health')).body).workers).toBe(2);
  // By now it is the one that is renewed last that is gone before the first new one is there; and no slot has been lost.
  await rollAndKill(1);
  await renewed(fleet, 2);
  await wait(1000);
  expect(fleet.workers()).toHaveLength(2);
});

test('a worker that is starting when the signal comes is renewed too', { timeout: 90_000 }, async () => {
  const fleet = await aFleet();
  const before = fleet.workers();
  kill(before[0] as number, 'SIGKILL');
  await eventually(() => fleet.workers().some((pid) => !before.includes(pid)), 'another one is starting');
  const atSignal = fleet.workers();
  fleet.child.kill('SIGHUP');
  await renewed(fleet, 1);
  await eventually(() => fleet.workers().length === 2, 'the old ones have ended');
  expect(fleet.workers().filter((pid) => atSignal.includes(pid))).toEqual([]);
});

test('where a new worker does not start, the others stay; a stop ends what is rolling', { timeout: 90_000 }, async () => {
  const good = printManifest([]);
  const manifest = path.join(await aFolder({ 'manifest.json': good }), 'manifest.json');
  const fleet = await aFleet({ TRUSTED_DOCUMENTS: 'allow', TRUSTED_DOCUMENTS_FILE: manifest });
  const before = fleet.workers();
  await writeFile(manifest, '{');
  fleet.child.kill('SIGHUP');
  await eventually(() => fleet.output().includes('the others stay as they are'), 'the log says why');
  await eventually(() => fleet.workers().length === 2, 'what did not start is gone');
  expect(fleet.workers()).toEqual(before);
  expect((await aClient(fleet.port).ask(TRIVIAL)).status).toBe(200);
  await writeFile(manifest, good);
  fleet.child.kill('SIGHUP');
  await eventually(() => fleet.workers().length === 3, 'a new one has been started');
  const all = fleet.workers();
  expect((await fleet.stop()).code).toBe(0);
  expect(all.filter(isRunning)).toEqual([]);
});

test('where no process can be made, as while Node is being replaced, those that run stay, and others come later', {
  timeout: 90_000,
}, async () => {
  const program = path.join(await aFolder({}), 'node');
  await link(process.execPath, program).catch(() => copyFile(process.execPath, program));
  const fleet = await aFleet({}, (settings) => startGateway(settings, { program }));
  const [killed = 0, other = 0] = fleet.workers();
  await rename(program, `${program}.new`);
  fleet.child.kill('SIGHUP');
  await eventually(() => fleet.output().includes('the others stay as they are'), 'the log says why');
  kill(killed, 'SIGKILL');
  await eventually(() => fleet.output().includes('a worker does not start'), 'there is nothing to replace it with');
  expect(fleet.output()).toContain('ENOENT');
  expect(fleet.workers()).toEqual([other]);
  expect((await aClient(fleet.port).ask(TRIVIAL)).status).toBe(200);
  await rename(`${program}.new`, program);
  await eventually(() => fleet.workers().length === 2, 'another one has been started');
  fleet.child.kill('SIGHUP');
  await renewed(fleet, 1);
  expect((await fleet.stop()).code).toBe(0);
});
