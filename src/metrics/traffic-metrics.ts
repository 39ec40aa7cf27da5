import { Gauge, type Registry } from 'prom-client';

/** Shows what clients hold open. */
export function createTrafficMetrics(registers: Registry[]) {
  const subscriptions = new Gauge({ name: 'convoy_open_subscriptions', help: 'Subscriptions that are open.', registers });
  return {
    addSubscriptions: (by: 1 | -1): void => subscriptions.inc(by),
    /** Shows the connections of a server, as `count` tells them when it is asked. */
    watchConnections(count: () => Promise<number>): void {
      new Gauge({
        name: 'convoy_open_connections',
        help: 'Connections of clients that are open.',
        registers,
        async collect() {
          this.set(await count());
        },
      });
    },
  };
}
