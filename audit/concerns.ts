import type { Check } from './check.ts';
import { accounts } from './checks/accounts.ts';
import { bodies } from './checks/bodies.ts';
import { clients } from './checks/clients.ts';
import { cost } from './checks/cost.ts';
import { crossSite } from './checks/cross-site.ts';
import { deadlines } from './checks/deadlines.ts';
import { documents } from './checks/documents.ts';
import { failures } from './checks/failures.ts';
import { fieldLimits } from './checks/field-limits.ts';
import { hiddenSchema } from './checks/hidden-schema.ts';
import { hosts } from './checks/hosts.ts';
import { httpSpec } from './checks/http-spec.ts';
import { injection } from './checks/injection.ts';
import { metrics } from './checks/metrics.ts';
import { multiplying } from './checks/multiplying.ts';
import { overloads } from './checks/overload.ts';
import { prototypes } from './checks/prototypes.ts';
import { randomDocuments } from './checks/random-documents.ts';
import { rates } from './checks/rates.ts';
import { refusals } from './checks/refusals.ts';
import { retryAfter } from './checks/retry-after.ts';
import { secrets } from './checks/secrets.ts';
import { securityHeaders } from './checks/security-headers.ts';
import { shape } from './checks/shape.ts';
import { sharedRedis } from './checks/shared-redis.ts';
import { subscriptions } from './checks/subscriptions.ts';
import { tokens } from './checks/tokens.ts';

/** All checks, by concern, in the order in which they run. The last two look back at what the others have done. */
export const concerns: readonly (readonly Check[])[] = [
  rates,
  clients,
  fieldLimits,
  cost,
  shape,
  multiplying,
  bodies,
  hosts,
  crossSite,
  refusals,
  securityHeaders,
  hiddenSchema,
  metrics,
  tokens,
  accounts,
  injection,
  prototypes,
  httpSpec,
  documents,
  deadlines,
  subscriptions,
  overloads,
  sharedRedis,
  failures,
  randomDocuments,
  retryAfter,
  secrets,
];
