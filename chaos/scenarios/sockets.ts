import { setTimeout as wait } from 'node:timers/promises';
import { openTcpProxy } from '../../harness/tcp-proxy.ts';
import { openHostileSockets } from '../hostile-sockets.ts';
import { createHttpClient } from '../http-client.ts';
import { memoryOf } from '../processes.ts';
import type { Scenario } from '../scenario.ts';
import { aFault } from '../under-load.ts';

const [READERS, QUESTIONS, MORE_MEGABYTES] = [300, 30, 200];
const SLOW = 300;
/** Idle connections are closed after five seconds, those in the middle of a head after ten. */
const [SILENT_MS, SLOW_MS] = [9000, 15_000];
const PLACES = 60;

const question = (body: string) =>
  `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-forwarded-for: 10.7.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const LARGE = question(
  JSON.stringify({
    query:
      '{ publicCertificates(first: 100) { nodes { number holderName spa { name city address } template { name } issuedBy { firstName } } } }',
  }),
);

export const sockets: readonly Scenario[] = [
  aFault({
    name: 'sockets: nobody reads',
    tried: `${READERS} connections that ask for ${QUESTIONS} large answers each, and read none`,
    must: { maxGapMs: 3000 },
    besides: `the memory grows by less than ${MORE_MEGABYTES} MB`,
    prepare: async (ctx) => {
      const gateway = await ctx.gateway();
      return {
        ports: [gateway.port],
        rows: ctx.database.rows,
        fault: async () => {
          const before = memoryOf(gateway);
          const readers = openHostileSockets(gateway.port, READERS, (socket) => {
            socket.pause();
            socket.write(LARGE.repeat(QUESTIONS));
          });
          ctx.defer(readers.destroy);
          let most = before;
          for (let i = 0; i < 20; i++) {
            await wait(300);
            most = Math.max(most, memoryOf(gateway));
          }
          readers.destroy();
          const words = `the memory went from ${before} to ${most} MB`;
          return most - before < MORE_MEGABYTES ? { words } : { problems: [words] };
        },
      };
    },
  }),
  aFault({
    name: 'sockets: clients that are gone without a word',
    tried: 'the network to 50 clients goes silent: nothing arrives any more, also not that they have closed',
    must: {},
    besides: `their connections are closed within ${SILENT_MS / 1000} s`,
    prepare: async (ctx) => {
      const gateway = await ctx.gateway();
      const network = await openTcpProxy({ hostname: '127.0.0.1', port: gateway.port });
      ctx.defer(network.close);
      const clients = Array.from({ length: 50 }, (_, i) => createHttpClient({ address: `10.6.0.${i}` }));
      ctx.defer(() => clients.map((client) => client.close()));
      return {
        ports: [gateway.port],
        rows: ctx.database.rows,
        fault: async () => {
          const ask = () => clients.map((client) => client.post(network.port, { query: '{ __typename }' }));
          await Promise.all(ask());
          const before = network.held();
          network.silence();
          for (const asked of ask()) asked.catch(() => undefined);
          const start = performance.now();
          while (network.held() > 0 && performance.now() - start < SILENT_MS) await wait(50);
          const words = `${before} connections, ${network.held()} of them held ${((performance.now() - start) / 1000).toFixed(1)} s later`;
          return before > 0 && network.held() === 0 ? { words } : { problems: [words] };
        },
      };
    },
  }),
  aFault({
    name: 'sockets: heads that come byte by byte',
    tried: `${SLOW} connections that send a byte of a head each second`,
    must: {},
    besides: `they are closed within ${SLOW_MS / 1000} s`,
    prepare: async (ctx) => {
      const gateway = await ctx.gateway();
      return {
        ports: [gateway.port],
        rows: ctx.database.rows,
        fault: async () => {
          const timers: NodeJS.Timeout[] = [];
          const slow = openHostileSockets(gateway.port, SLOW, (socket) => {
            let sent = 0;
            const timer = setInterval(() => socket.write(LARGE[sent++ % 40] ?? ''), 1000);
            timers.push(timer);
            socket.once('close', () => clearInterval(timer));
          });
          ctx.defer(slow.destroy);
          await wait(1000);
          const before = slow.held();
          const start = performance.now();
          while (slow.held() > 0 && performance.now() - start < SLOW_MS) await wait(100);
          const words = `${before} held at first, ${slow.held()} after ${((performance.now() - start) / 1000).toFixed(1)} s`;
          for (const timer of timers) clearInterval(timer);
          slow.destroy();
          return before === SLOW && words.includes(', 0 after') ? { words } : { problems: [words] };
        },
      };
    },
  }),
  aFault({
    name: 'sockets: more than there is room for',
    tried: `200 idle connections more, where both workers together hold ${2 * PLACES}, for 3 s`,
    must: { mayFail: /OVERLOADED|ECONNRESET/, calmWithinMs: 1000 },
    besides: 'those for whom there is none are answered 503 with Retry-After at once, and there is room as soon as the others go',
    prepare: async (ctx) => {
      const gateway = await ctx.gateway({ WORKER_CONNECTIONS: String(PLACES) });
      return {
        ports: [gateway.port],
        rows: ctx.database.rows,
        fault: async () => {
          const idle = openHostileSockets(gateway.port, 200, (socket) => socket.write('P'));
          ctx.defer(idle.destroy);
          await wait(3000);
          const refused = idle.read().filter((text) => /^HTTP\/1\.1 503 .*\r\nretry-after: \d/is.test(text)).length;
          const held = idle.held();
          idle.destroy();
          const words = `${held} of them held, ${refused} answered 503`;
          return held <= 2 * PLACES && refused === 200 - held ? { words } : { problems: [words] };
        },
      };
    },
  }),
];
