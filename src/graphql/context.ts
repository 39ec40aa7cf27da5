import type { PubSub } from 'graphql-yoga';
import type { MaybePromise } from '../batching/maybe-promise.ts';
import type { HasLoaders } from '../batching/request-loaders.ts';
import type { RequestProfile } from '../batching/request-profile.ts';
import type { Role } from '../generated/prisma/enums.ts';
import type { Client } from '../http/client.ts';
import type { OperationRun } from '../http/request-record.ts';
import type { Log } from '../log.ts';
import type { FieldLimits } from '../rate-limit/field-limits.ts';
import type { Db } from '../resources/prisma.ts';
import type { Topics } from '../resources/redis.ts';
import type { Token, Tokens } from '../tokens.ts';

/** Where a client stands with one of its budgets. */
export type BudgetStanding = { name: string; windowMs: number; max: number; remaining: number; resetMs: number };

/** Who asks: the signed-in user as the database knows them now, whatever their token is about to outlive. */
export type Viewer = { readonly id: number; readonly role: Role };

export type Context = HasLoaders & {
  requestId: string;
  /** Whose limits it meets. */
  client: Client;
  fieldLimits: FieldLimits;
  /** What the operation may cost at most, in points, as it was let in; 0 before. */
  cost: number;
  /** What one operation may cost, in points. */
  maxCost: number;
  /** Where the client stands with its requests and points. */
  budgets(): Promise<readonly BudgetStanding[]>;
  /** What the request has cost the database so far. */
  profile: RequestProfile;
  /** What is known of the operation, in its request's record. */
  operation: OperationRun | undefined;
  log: Log;
  prisma: Db;
  pubSub: PubSub<Topics>;
  tokens: Tokens;
  token: Token | undefined;
  /** Resolves when caches have heard of everything that was committed before. */
  announced(): Promise<void>;
  /** Null for a visitor, and for a token whose user is gone, inactive, or has since changed the password. */
  viewer(): MaybePromise<Viewer | null>;
};
