import { availableParallelism } from 'node:os';
import path from 'node:path';
import proxyAddr from 'proxy-addr';
import { z } from 'zod';
import { StartError } from './errors.ts';
import { readEnvFile, readText } from './gateway/process/env-file.ts';
import { LIMIT_MODES, LIMITS, type LimitMode, type LimitName, OPERATION_MAXIMA } from './limits/limits.ts';
import { SAMPLERS } from './samplers.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

const flag = z.enum(['true', 'false'], 'true or false').transform((value) => value === 'true');
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
/** An origin as browsers send it. Sandboxed pages send `null`. */
const isOrigin = (text: string) => text === 'null' || (URL.canParse(text) && new URL(text).origin === text);
const whole = (least: number, unit = 'a whole number') => z.coerce.number(unit).int(unit).min(least, `at least ${least}`);
const httpUrl = z.url({ protocol: /^https?$/, error: 'a URL of http or https' });
const SECRET = 'at least 32 characters; make one with: openssl rand -base64 48';

const MODES = 'off, watch or enforce, for all or as name:mode with commas between them; the names are in the README';

/** `watch,cost:off` as modes by name; the first is for all that are not named. */
const modes = z.string().transform((value, context) => {
  const given: Partial<Record<LimitName, LimitMode>> = {};
  const isMode = (text: string): text is LimitMode => (LIMIT_MODES as readonly string[]).includes(text);
  const isLimit = (text: string): text is LimitName => Object.hasOwn(LIMITS, text);
  for (const item of value.split(',').map((one) => one.trim())) {
    const [name = '', mode = '', ...more] = item.split(':');
    if (isMode(item)) for (const limit of Object.keys(LIMITS)) given[limit as LimitName] ??= item;
    else if (isLimit(name) && isMode(mode) && more.length === 0) given[name] = mode;
    else {
      context.addIssue(MODES);
      return z.NEVER;
    }
  }
  return given;
});

/** Every variable that Convoy reads. README's table and .env.example are checked against it. */
export const variables = {
  PORT: z.coerce.number('a port').int('a port').min(0, 'a port').max(65_535, 'a port').default(4000),
  HOST: z.string().default('127.0.0.1'),
  MAX_WORKERS: whole(1, 'processes').max(256, 'at most 256').default(availableParallelism()),
  WORKER_CONNECTIONS: whole(1, 'connections').default(1000),
  KEEP_ALIVE_SECONDS: whole(1, 'whole seconds').max(3600, 'at most 3600').default(5),
  DATABASE_URL: z.string().optional(),
  DATABASE_DIR: z.string().optional(),
  DATABASE_CONNECTIONS: whole(1, 'connections').default(150),
  DATABASE_REPLICA_URLS: list.default([]),
  MAX_REPLICA_LAG_MS: whole(0, 'milliseconds').default(1000),
  MIGRATE_ON_START: flag.optional(),
  SEED_SCALE: z.coerce.number('a number, 0 or more').min(0, 'a number, 0 or more').max(100, 'at most 100').optional(),
  SECRET_KEY: z.string().min(32, SECRET).optional(),
  PREVIOUS_SECRET_KEYS: list.pipe(z.array(z.string().min(32, SECRET))).default([]),
  TOKEN_TTL_SECONDS: z.coerce
    .number('whole seconds')
    .int('whole seconds')
    .min(60, 'at least 60')
    .max(2_592_000, 'at most 30 days')
    .default(3600),
  PLAYGROUND: flag.optional(),
  INTROSPECTION: flag.optional(),
  CORS_ORIGINS: list
    .refine(
      (origins) => origins.every(isOrigin),
      'origins as browsers send them: https://app.example.com, in lower case and without a path',
    )
    .default([]),
  TRUSTED_PROXIES: list
    .refine((proxies) => areProxies(proxies), 'addresses, ranges as 10.0.0.0/8, or loopback, linklocal, uniquelocal')
    .default([]),
  RATE_LIMIT_ENABLED: flag.default(true),
  RATE_LIMIT_PER_MINUTE: whole(0, 'requests').default(60),
  RATE_LIMIT_PER_HOUR: whole(0, 'requests').default(1000),
  COST_PER_MINUTE: whole(0, 'points').default(10_000),
  MAX_COST: whole(1, 'points').default(1000),
  MAX_DEPTH: whole(1).default(OPERATION_MAXIMA.depth),
  MAX_ALIASES: whole(0).default(OPERATION_MAXIMA.aliases),
  MAX_ROOT_FIELDS: whole(1).default(OPERATION_MAXIMA.rootFields),
  MAX_DIRECTIVES: whole(0).default(OPERATION_MAXIMA.directives),
  MAX_TOKENS: whole(1).default(OPERATION_MAXIMA.tokens),
  MAX_BODY_BYTES: whole(1, 'bytes').max(25_000_000, 'at most 25000000').default(1_000_000),
  MAX_VARIABLES_BYTES: whole(0, 'bytes').default(OPERATION_MAXIMA.variablesBytes),
  MAX_VARIABLES_DEPTH: whole(0).default(OPERATION_MAXIMA.variablesDepth),
  MAX_BATCH: whole(1, 'operations').max(100, 'at most 100').default(1),
  MAX_SUBSCRIPTIONS: whole(0).default(20),
  LIMIT_MODES: modes.default({}),
  REQUEST_DEADLINE_MS: whole(1, 'milliseconds').max(2_147_483_647, 'at most 2147483647').default(10_000),
  MAX_EVENT_LOOP_DELAY_MS: whole(1, 'milliseconds').default(200),
  TRUSTED_DOCUMENTS: z.enum(['off', 'allow', 'only'], 'off, allow or only').default('off'),
  TRUSTED_DOCUMENTS_FILE: z.string().default('trusted-documents.json'),
  PERSISTED_QUERIES: flag.default(true),
  BATCHING: flag.default(true),
  RESPONSE_CACHE: flag.default(true),
  RESPONSE_CACHE_MAX_BYTES: z.coerce.number('bytes').int('whole bytes').min(1_000_000, 'at least 1000000').default(33_554_432),
  REDIS_ENABLED: flag.default(false),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'a URL, as redis://:password@host:6379' }).default('redis://localhost:6379'),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x20-\x7e]{16,}$/, 'at least 16 characters, all of them ASCII: it travels in a header')
    .optional(),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'fatal, error, warn, info, debug, trace or silent')
    .optional(),
  SLOW_OPERATION_MS: whole(0, 'milliseconds').default(1000),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl.optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: z.literal('http/protobuf', 'http/protobuf; nothing else is spoken here').optional(),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none'], 'otlp or none').default('otlp'),
  OTEL_SDK_DISABLED: flag.default(false),
  OTEL_TRACES_SAMPLER: z.enum(SAMPLERS, SAMPLERS.join(', ')).optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number('a number from 0 to 1').min(0, 'a number from 0 to 1').max(1, 'a number from 0 to 1').optional(),
  PROFILE: flag.default(false),
  DEBUG: flag.default(false),
};

const UNLIMITED_RATES = { requests: 'off', points: 'off', fields: 'off' } as const;

function areProxies(proxies: readonly string[]): boolean {
  try {
    if (proxies.length > 0) proxyAddr.compile([...proxies]);
    return true;
  } catch {
    return false;
  }
}

export type Config = ReturnType<typeof loadConfig>;

/**
 * The process's variables, over those of a .env file in the project's folder, which libraries see in `process.env` too. An empty variable
 * counts as absent. Throws StartError for a file that cannot be read.
 */
export function readEnvironment(): Record<string, string | undefined> {
  for (const [name, value] of Object.entries(readEnvFile(path.join(ROOT, '.env')))) process.env[name] ??= value;
  return process.env;
}

/** Variables that may be given as a file which holds the value, as Docker and Kubernetes hand secrets over: SECRET_KEY_FILE for SECRET_KEY. */
const SECRETS = ['DATABASE_URL', 'DATABASE_REPLICA_URLS', 'SECRET_KEY', 'PREVIOUS_SECRET_KEYS', 'REDIS_URL', 'METRICS_TOKEN'] as const;

function secretsFromFiles(env: Record<string, string | undefined>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of SECRETS) {
    const file = env[`${name}_FILE`]?.trim();
    if (!file) continue;
    if (env[name]?.trim()) throw new StartError(`${name} and ${name}_FILE are both set: unset one.`);
    const text = readText(file, `The file of ${name}_FILE`);
    if (text === undefined) throw new StartError(`The file of ${name}_FILE cannot be read (ENOENT): there is none of this name.`);
    found[name] = text.trim();
    if (found[name] === '') throw new StartError(`The file of ${name}_FILE is empty.`);
  }
  return found;
}

/**
 * Reads the settings. Without DATABASE_URL Convoy is a workplace: a database and a key of its own, demo data, a playground. With it,
 * nothing is assumed. Throws StartError, which names every variable that is wrong; values are not repeated, they may be secret.
 */
export function loadConfig(env: Record<string, string | undefined>) {
  const given = Object.fromEntries(
    Object.entries({ ...env, ...secretsFromFiles(env) }).filter(([name, value]) => name in variables && value?.trim() !== ''),
  );
  const result = z.object(variables).safeParse(given);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `  ${issue.path[0]?.toString()}: ${issue.message}`);
    throw new StartError(`These settings cannot be used:\n${problems.join('\n')}`);
  }
  const settings = result.data;
  const isWorkplace = settings.DATABASE_URL === undefined;
  return Object.freeze({
    port: settings.PORT,
    host: settings.HOST,
    /** How many processes answer requests. */
    maxWorkers: settings.MAX_WORKERS,
    /** Sockets that one of them holds. */
    workerConnections: settings.WORKER_CONNECTIONS,
    /** How long a connection stays open without a request. */
    keepAliveSeconds: settings.KEEP_ALIVE_SECONDS,
    databaseUrl: settings.DATABASE_URL,
    /** Connections to databases that all processes together may have. */
    databaseConnections: settings.DATABASE_CONNECTIONS,
    replicaUrls: settings.DATABASE_REPLICA_URLS,
    maxReplicaLagMs: settings.MAX_REPLICA_LAG_MS,
    databaseDir: path.resolve(ROOT, settings.DATABASE_DIR ?? '.convoy/postgres'),
    /** Whether the embedded database may move to a system folder where PostgreSQL's user cannot enter this one. */
    mayMoveDatabase: settings.DATABASE_DIR === undefined,
    migrateOnStart: settings.MIGRATE_ON_START ?? isWorkplace,
    seedScale: settings.SEED_SCALE ?? (isWorkplace ? 0.1 : 0),
    secretKey: settings.SECRET_KEY,
    secretKeyFile: path.join(ROOT, '.convoy/secret-key'),
    previousSecretKeys: settings.PREVIOUS_SECRET_KEYS,
    tokenTtlSeconds: settings.TOKEN_TTL_SECONDS,
    hasPlayground: settings.PLAYGROUND ?? isWorkplace,
    hasIntrospection: settings.INTROSPECTION ?? settings.PLAYGROUND ?? isWorkplace,
    corsOrigins: settings.CORS_ORIGINS,
    trustedProxies: settings.TRUSTED_PROXIES,
    rates: {
      perMinute: settings.RATE_LIMIT_PER_MINUTE,
      perHour: settings.RATE_LIMIT_PER_HOUR,
      pointsPerMinute: settings.COST_PER_MINUTE,
    },
    limitModes: { ...settings.LIMIT_MODES, ...(settings.RATE_LIMIT_ENABLED ? {} : UNLIMITED_RATES) },
    maxCost: settings.MAX_COST,
    maxima: {
      depth: settings.MAX_DEPTH,
      aliases: settings.MAX_ALIASES,
      rootFields: settings.MAX_ROOT_FIELDS,
      directives: settings.MAX_DIRECTIVES,
      tokens: settings.MAX_TOKENS,
      variablesBytes: settings.MAX_VARIABLES_BYTES,
      variablesDepth: settings.MAX_VARIABLES_DEPTH,
    },
    maxBodyBytes: settings.MAX_BODY_BYTES,
    /** How many operations a request may carry. */
    maxBatch: settings.MAX_BATCH,
    maxSubscriptions: settings.MAX_SUBSCRIPTIONS,
    deadlineMs: settings.REQUEST_DEADLINE_MS,
    maxDelayMs: settings.MAX_EVENT_LOOP_DELAY_MS,
    trustedDocuments: settings.TRUSTED_DOCUMENTS,
    trustedDocumentsFile: path.resolve(ROOT, settings.TRUSTED_DOCUMENTS_FILE),
    /** Whether clients may register documents by their hash. */
    hasPersistedQueries: settings.PERSISTED_QUERIES,
    metricsToken: settings.METRICS_TOKEN,
    hasBatching: settings.BATCHING,
    /** Undefined for no response cache. */
    responseCacheMaxBytes: settings.RESPONSE_CACHE ? settings.RESPONSE_CACHE_MAX_BYTES : undefined,
    redisUrl: settings.REDIS_ENABLED ? settings.REDIS_URL : undefined,
    /** Whether answers carry what they have cost the database. */
    showsProfile: settings.PROFILE,
    logLevel: settings.LOG_LEVEL ?? (settings.DEBUG ? 'debug' : 'info'),
    slowOperationMs: settings.SLOW_OPERATION_MS,
    /** Whether spans are sent somewhere: OpenTelemetry reads where, and the rest of its variables, itself. */
    hasTraces:
      (settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? settings.OTEL_EXPORTER_OTLP_ENDPOINT) !== undefined &&
      settings.OTEL_TRACES_EXPORTER === 'otlp' &&
      !settings.OTEL_SDK_DISABLED,
    traceSampler: settings.OTEL_TRACES_SAMPLER,
    traceRatio: settings.OTEL_TRACES_SAMPLER_ARG,
    /** Whether answers carry the cause of an unexpected error. */
    isDebugging: settings.DEBUG,
  });
}
