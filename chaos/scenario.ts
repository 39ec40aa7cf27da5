import type { Gateway } from '../harness/gateway.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';
import type { Verdict } from '../harness/verdict.ts';

export type Settings = Readonly<Record<string, string>>;

export type Scenario = {
  /** What it is done to, a colon, and what. */
  name: string;
  /** What is done. */
  tried: string;
  /** What must hold. */
  expected: string;
  /** Why it cannot be tried on this machine; undefined where it can. */
  obstacle?: () => string | undefined;
  /** Throws where it does not come to a verdict. */
  run: (ctx: ChaosContext) => Promise<Verdict>;
};

export type ChaosContext = {
  /** The database that gateways use by default. Scenarios may kill it, and start it again. */
  database: PostgresServer;
  /** The gateway with these settings, of two workers where they do not say otherwise. One that has ended is started anew. */
  gateway: (settings?: Settings) => Promise<Gateway>;
  /** What is done when the scenario is over, the last first, also where it fails or is interrupted. */
  defer: (undo: () => unknown) => void;
  /** Signs tokens: of users by their ids. */
  tokenOf: (userId: number) => Promise<string>;
  clients: number;
  /** How long a scenario lasts where its fault does not last longer. */
  seconds: number;
};
