import { Gauge, type Registry } from 'prom-client';

/** What a server holds open, asked when the metrics are read. */
export type WatchedServer = {
  connections: () => Promise<number>;
  /** Requests that have no whole answer yet. */
  requests: () => number;
};

/** Shows what is open at the moment. */
export function createTrafficMetrics(registers: Registry[]) {
  const subscriptions = new Gauge({ name: 'convoy_open_subscriptions', help: 'Subscriptions that are open.', registers });
  return {
    addSubscriptions: (by: 1 | -1): void => subscriptions.inc(by),
    watchServer({ connections, requests }: WatchedServer): void {
      new Gauge({
        name: 'convoy_open_connections',
        help: 'Connections of clients that are open.',
        registers,
        async collect() {
          this.set(await connections());
        },
      });
      new Gauge({
        name: 'convoy_requests_in_flight',
        help: 'Requests that have no whole answer yet, open subscriptions among them.',
        registers,
        collect() {
          this.set(requests());
        },
      });
    },
  };
}
