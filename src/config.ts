import path from 'node:path';
import { z } from 'zod';
import { StartError } from './errors.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

const flag = z.enum(['true', 'false'], 'true or false').transform((value) => value === 'true');
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
const SECRET = 'at least 32 characters; make one with: openssl rand -base64 48';

/** Every variable that Convoy reads. README's table and .env.example are checked against it. */
export const variables = {
  PORT: z.coerce.number('a port').int('a port').min(0, 'a port').max(65_535, 'a port').default(4000),
  HOST: z.string().default('127.0.0.1'),
  DATABASE_URL: z.string().optional(),
  DATABASE_DIR: z.string().optional(),
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
  CORS_ORIGINS: list.default([]),
  BATCHING: flag.default(true),
  RESPONSE_CACHE: flag.default(true),
  RESPONSE_CACHE_MAX_BYTES: z.coerce.number('bytes').int('whole bytes').min(1_000_000, 'at least 1000000').default(33_554_432),
  REDIS_ENABLED: flag.default(false),
  REDIS_URL: z.string().default('redis://localhost:6379'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'fatal, error, warn, info, debug, trace or silent')
    .optional(),
  PROFILE: flag.default(false),
  DEBUG: flag.default(false),
};

export type Config = ReturnType<typeof loadConfig>;

/** The process's variables, over those of a .env file in the project's folder. An empty variable counts as absent. */
export function readEnvironment(): Record<string, string | undefined> {
  try {
    process.loadEnvFile(path.join(ROOT, '.env'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new StartError(`The file .env cannot be read: ${(error as Error).message}.`);
  }
  return process.env;
}

/**
 * Reads the settings. Without DATABASE_URL Convoy is a workplace: a database and a key of its own, demo data, a playground. With it,
 * nothing is assumed. Throws StartError, which names every variable that is wrong; values are not repeated, they may be secret.
 */
export function loadConfig(env: Record<string, string | undefined>) {
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => name in variables && value !== ''));
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
    databaseUrl: settings.DATABASE_URL,
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
    corsOrigins: settings.CORS_ORIGINS,
    hasBatching: settings.BATCHING,
    /** Undefined for no response cache. */
    responseCacheMaxBytes: settings.RESPONSE_CACHE ? settings.RESPONSE_CACHE_MAX_BYTES : undefined,
    redisUrl: settings.REDIS_ENABLED ? settings.REDIS_URL : undefined,
    /** Whether answers carry what they have cost the database. */
    showsProfile: settings.PROFILE,
    logLevel: settings.LOG_LEVEL ?? (settings.DEBUG ? 'debug' : 'info'),
    /** Whether answers carry the cause of an unexpected error. */
    isDebugging: settings.DEBUG,
  });
}
