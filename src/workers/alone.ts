import { createServer } from 'node:net';
import type { Config } from '../config.ts';
import { listen, stopListening } from '../http/listen.ts';
import type { Log } from '../log.ts';
import type { Running } from '../primary.ts';
import { startWorker } from '../worker.ts';
import type { Orders } from './member.ts';

/** Answers requests in this process. */
export async function startAlone(config: Config, orders: Orders, log: Log): Promise<Running> {
  const worker = await startWorker({ config, log, ...orders, applicationName: `${orders.applicationName}/${process.pid}` });
  const door = createServer({ allowHalfOpen: true, noDelay: true }, worker.connections.take);
  const port = await listen(door, config.port, config.host).catch(async (error) => {
    await worker.close({ isHurried: true });
    throw error;
  });
  return {
    port,
    roll: async () => log.warn('there is nothing to renew: MAX_WORKERS is 1'),
    close: async (options) => {
      // Requests would keep this process from accepting what has come, which is reset when the door closes.
      const goOn = worker.connections.pause();
      await stopListening(door);
      goOn();
      await worker.close(options);
    },
  };
}
