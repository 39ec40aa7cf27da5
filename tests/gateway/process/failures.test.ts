// Nothing that a row contains, or a client asks for, ends a process: whole gateways of two workers, and what watches over each.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { rowsOf } from '../../support/database.ts';
import { aClient, aFleet, eventually } from '../../support/fleet.ts';
import { allowSpoils } from '../../support/spoilt-rows.ts';

const NEWEST = '(select id from certificates where is_public order by generated_at desc, id desc limit 1)';
const PAGE = '{ publicCertificates(first: 5) { nodes { number } } }';
const codesOf = ({ body }: { body: string }) =>
  (JSON.parse(body).errors ?? []).map((one: { extensions: { code: string } }) => one.extensions.code);
const logged = (output: string, word: string) => output.split('\n').filter((line) => line.includes(word));

test('a category that this version does not know ends no worker, however often it is asked for', { timeout: 240_000 }, async () => {
  const { port, workers, output, databaseUrl } = await aFleet({ RESPONSE_CACHE: 'false' });
  const before = workers();
  const clients = [0, 1, 2, 3].map(() => aClient(port));
  await allowSpoils(databaseUrl);
  await rowsOf(databaseUrl, `update certificates set category = 'GIFT_CARD' where id = ${NEWEST}`);
  // Four clients on two workers, so that each compiles the query.
  for (let round = 0; round < 12; round++)
    for (const answer of await Promise.all(clients.map((client) => client.ask(PAGE))))
      expect(codesOf(answer)).toEqual(['INTERNAL_SERVER_ERROR']);
  expect(workers()).toEqual(before);
  const faults = () => logged(output(), 'a request failed unexpectedly').length;
  await eventually(() => faults() >= 48, 'each is logged');
  expect(faults()).toBe(48);
  expect(codesOf((await clients[0]?.ask('{ spas(first: 1) { nodes { id } } }')) ?? { body: '{}' })).toEqual([]);
});

test('rows of which each fails in its own way are null, each with its error, and end no worker', { timeout: 240_000 }, async () => {
  const { port, workers, databaseUrl } = await aFleet({ RESPONSE_CACHE: 'false' });
  const before = workers();
  const client = aClient(port);
  await allowSpoils(databaseUrl);
  // The newest are a therapist's, whose details cannot be read, and one of no known type, which fails before that is known.
  await rowsOf(
    databaseUrl,
    `with newest as (select id, row_number() over (order by generated_at desc, id desc) as place from certificates where is_public limit 2)
     update certificates c set category = case when place = 1 then 'SPA_THERAPIST' else 'GIFT_CARD' end::certificate_category
     from newest where newest.id = c.id`,
  );
  await rowsOf(databaseUrl, 'alter table certificates rename column course_name to former_course_name');
  const query = '{ publicCertificates(first: 2) { nodes { ... on SpaTherapistCertificate { courseName } } } }';
  for (let round = 0; round < 6; round++) {
    const answer = await client.ask(query);
    expect(codesOf(answer)).toEqual(['INTERNAL_SERVER_ERROR', 'INTERNAL_SERVER_ERROR']);
    expect(JSON.parse(answer.body).data.publicCertificates.nodes).toEqual([null, null]);
  }
  expect(workers()).toEqual(before);
});

// Engines leave such a promise behind where a list without nulls has failed at one entry, and another one fails later.
test('a promise that is rejected and that nothing waits for is logged, and the process goes on; an exception ends it', async () => {
  const script = `
    import { createLog } from './src/log.ts';
    import { watchFailures } from './src/gateway/process/watch-failures.ts';
    watchFailures(createLog({ level: 'error' }));
    Promise.reject(new Error('left behind'));
    setImmediate(() => {
      console.log('it goes on');
      setImmediate(() => { throw new Error('thrown'); });
    });
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  expect(logged(output, 'a promise was rejected that nobody waits for').join()).toContain('left behind');
  expect(logged(output, 'an exception was thrown that nobody handles').join()).toContain('thrown');
  expect([output.includes('it goes on'), code]).toEqual([true, 1]);
});
