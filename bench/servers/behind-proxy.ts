// Convoys that differ in their limits alone, behind a proxy that tells the addresses of clients.

import { CONVOY, ONE_WORKER, type ServerSpec } from './servers.ts';

const NEVER = '1000000000';

/** Every limit counts and is enforced, and none is met. Those of single fields are fixed: the load must come from many addresses. */
export const NEVER_MET = {
  RATE_LIMIT_PER_MINUTE: NEVER,
  RATE_LIMIT_PER_HOUR: NEVER,
  COST_PER_MINUTE: NEVER,
  // Under pressure the gateway sheds from here downwards: it takes seconds of it until anything is refused.
  MAX_COST: NEVER,
  MAX_EVENT_LOOP_DELAY_MS: NEVER,
};

export const NO_RATES = { RATE_LIMIT_ENABLED: 'false' };

export const NO_LIMITS = { ...NO_RATES, LIMIT_MODES: 'off' };

export const NO_CACHE = { RESPONSE_CACHE: 'false' };

/** As shipped, but for these settings. */
export function behindProxy(name: string, settings: Record<string, string>): ServerSpec {
  return { name, what: '', ...CONVOY, isProxied: true, settings: { ...ONE_WORKER, TRUSTED_PROXIES: 'loopback', ...settings } };
}
