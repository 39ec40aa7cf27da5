import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { ResponseStore } from './store.ts';

export type RedisStoreOptions = {
  /** What all its keys begin with. In a Redis Cluster it needs braces, as in `{convoy}:`, so that they lie in one slot. */
  prefix: string;
  /** Longer answers are not kept, in bytes. How many there are is Redis's to bound: give it `maxmemory` and an LRU policy. Default 262144. */
  maxEntryBytes?: number;
};

/** Tags whose last invalidation is remembered, about 100 bytes each. Beyond it the oldest go, with the responses that are older. */
const MAX_REMEMBERED = 50_000;
/** How long the invalidations outlive the last write. A response that lives longer than this may be dropped before its time. */
const REMEMBERED_MS = 86_400_000;

/**
 * One store for all gateways that share a Redis, 6.2 or later. An invalidation deletes nothing: it writes down the moment of each tag, and a lookup
 * compares. So it costs by its tags and not by the responses that it drops, and there are no sets of keys to grow or to lose.
 *
 * All moments lie in one sorted set. Where Redis evicts it, is flushed or starts empty, the next call begins another one, whose first
 * moment is Redis's clock in microseconds: it is later than any before, so that nothing from before is taken.
 *
 * Calls reject when Redis does, and wait as long as the connection lets them: open it with a `commandTimeout`, and use the store no
 * more after an `invalidate` or a `clear` that rejected until a `clear` was answered. A failover to a replica that lacks the last
 * writes may lack an invalidation: a response is then stale until it expires.
 */
export function createRedisStore(redis: Redis, { prefix, maxEntryBytes = 262_144 }: RedisStoreOptions): ResponseStore {
  const momentsKey = `${prefix}moments`;
  // A key is a whole request: it may be long.
  const keyOf = (key: string) => `${prefix}response:${createHash('sha256').update(key).digest('base64url')}`;
  const commands = define(redis);
  return {
    async get(key) {
      const [moment, body, etag, expiresAt, operation] = await commands.convoyCacheGet(momentsKey, keyOf(key));
      // Redis expires by its own clock, which may be behind.
      if (body === undefined || etag === undefined || Number(expiresAt) <= Date.now()) return { found: undefined, moment: Number(moment) };
      return { found: { body: Buffer.from(body), etag, expiresAt: Number(expiresAt), operation: operation || undefined } };
    },
    async set(key, { body, etag, expiresAt, operation = '' }, tags, moment) {
      if (expiresAt <= Date.now() || body.length > maxEntryBytes) return false;
      const answer = await commands.convoyCacheSet(momentsKey, keyOf(key), moment, body, etag, expiresAt, operation, ...members(tags));
      return answer === 1;
    },
    async invalidate(tags) {
      await commands.convoyCacheInvalidate(momentsKey, ...members(tags));
    },
    async clear() {
      await commands.convoyCacheClear(momentsKey);
    },
  };
}

// Beside the tags, the set of moments holds `now`, the latest, and `floor`: of what is older, nothing is known any more.
const members = (tags: readonly string[]) => tags.map((tag) => `:${tag}`);

const SHARED = `
-- Lua passes a limited number of values to a call, and writes large numbers with an exponent.
local CHUNK = 1000
local function text(number) return string.format('%.0f', number) end

local function remember() redis.call('pexpire', KEYS[1], ${REMEMBERED_MS}) end

local function moments()
  local found = redis.call('zmscore', KEYS[1], 'now', 'floor')
  if found[1] and found[2] then return tonumber(found[1]), tonumber(found[2]) end
  local time = redis.call('time')
  local start = time[1] * 1000000 + time[2]
  redis.call('zadd', KEYS[1], text(start), 'now', text(start), 'floor')
  remember()
  return start, start
end

local function invalidatedSince(tags, moment)
  for first = 1, #tags, CHUNK do
    for _, score in ipairs(redis.call('zmscore', KEYS[1], unpack(tags, first, math.min(first + CHUNK - 1, #tags)))) do
      if score and tonumber(score) > moment then return true end
    end
  end
  return false
end
`;

const GET = `${SHARED}
local now, floor = moments()
local entry = redis.call('hmget', KEYS[2], 'body', 'etag', 'expiresAt', 'moment', 'tags', 'operation')
if not entry[1] then return {text(now)} end
local moment = tonumber(entry[4])
if moment < floor or invalidatedSince(cmsgpack.unpack(entry[5]), moment) then
  redis.call('unlink', KEYS[2])
  return {text(now)}
end
return {text(now), entry[1], entry[2], entry[3], entry[6] or ''}
`;

const SET = `${SHARED}
local now, floor = moments()
local moment = tonumber(ARGV[1])
local tags = {}
for index = 6, #ARGV do tags[#tags + 1] = ARGV[index] end
if moment < floor or invalidatedSince(tags, moment) then return 0 end
redis.call('hset', KEYS[2], 'body', ARGV[2], 'etag', ARGV[3], 'expiresAt', ARGV[4], 'moment', ARGV[1], 'tags', cmsgpack.pack(tags), 'operation', ARGV[5])
redis.call('pexpireat', KEYS[2], ARGV[4])
remember()
return 1
`;

const INVALIDATE = `${SHARED}
local now, floor = moments()
now = now + 1
for _, tag in ipairs(ARGV) do redis.call('zadd', KEYS[1], text(now), tag) end
local excess = redis.call('zcard', KEYS[1]) - 2 - ${MAX_REMEMBERED}
if excess > 0 then
  -- The floor comes before all tags.
  floor = tonumber(redis.call('zrange', KEYS[1], excess, excess, 'withscores')[2])
  redis.call('zremrangebyscore', KEYS[1], '-inf', text(floor))
end
redis.call('zadd', KEYS[1], text(now), 'now', text(floor), 'floor')
remember()
`;

const CLEAR = `${SHARED}
local now = moments() + 1
redis.call('del', KEYS[1])
redis.call('zadd', KEYS[1], text(now), 'now', text(now), 'floor')
remember()
`;

type Commands = {
  convoyCacheGet(
    momentsKey: string,
    key: string,
  ): Promise<[moment: string, body?: string, etag?: string, expiresAt?: string, operation?: string]>;
  convoyCacheSet(momentsKey: string, key: string, ...args: (string | number | Buffer)[]): Promise<0 | 1>;
  convoyCacheInvalidate(momentsKey: string, ...args: (string | number)[]): Promise<unknown>;
  convoyCacheClear(momentsKey: string, ...args: (string | number)[]): Promise<unknown>;
};

function define(redis: Redis): Commands {
  redis.defineCommand('convoyCacheGet', { numberOfKeys: 2, lua: GET });
  redis.defineCommand('convoyCacheSet', { numberOfKeys: 2, lua: SET });
  redis.defineCommand('convoyCacheInvalidate', { numberOfKeys: 1, lua: INVALIDATE });
  redis.defineCommand('convoyCacheClear', { numberOfKeys: 1, lua: CLEAR });
  return redis as unknown as Commands;
}
