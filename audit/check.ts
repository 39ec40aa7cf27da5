// What a check is, and what it is given.

import type { Gateway } from '../harness/gateway.ts';
import type { Verdict } from '../harness/verdict.ts';
import type { Role } from '../src/generated/prisma/enums.ts';

export type Check = {
  /** The concern, a colon, and what of it. */
  name: string;
  tried: string;
  /** What must happen. */
  expected: string;
  /** Runs before the first check, for what must be waited for: others run meanwhile. */
  begin?: (ctx: AuditContext) => Promise<void>;
  /** Throws, or takes too long, where the gateway does not even answer. */
  run: (ctx: AuditContext) => Promise<Verdict>;
};

/** Environment variables of a gateway. */
export type Settings = Readonly<Record<string, string>>;

export type GatewayOptions = {
  /** A database that the check may harm; by default one of the gateway's own, with demo data. */
  databaseUrl?: string;
  /** Whether it outlives the checks of its concern. */
  isKept?: boolean;
};

export type AuditContext = {
  /** The gateway with these settings; started where none runs. */
  gateway: (settings: Settings, options?: GatewayOptions) => Promise<Gateway>;
  /** The URL of a new database with demo data. */
  createDatabase: () => Promise<string>;
  /** A token of the demo user of a role, that the gateways accept. */
  tokenOf: (role: Role) => Promise<string>;
  /** What must never appear in what a gateway prints. Checks add what they have used. */
  secrets: Set<string>;
  /** Everything that the gateways of the run have printed. */
  outputs: () => string;
  secretKey: string;
  documents: number;
  seed: number;
};

/** No limits of rates: for checks that ask often. */
export const OPEN: Settings = { RATE_LIMIT_ENABLED: 'false', CORS_ORIGINS: 'https://app.example' };
