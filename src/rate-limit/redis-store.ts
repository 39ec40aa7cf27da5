import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { SLOTS } from './slots.ts';
import type { RateLimitStore, Window } from './store.ts';

export type RedisStoreOptions = {
  /** What all its keys begin with. */
  prefix: string;
};

/**
 * One store for all gateways that share a Redis, 6.2 or later, by the clock of that Redis. A call is one script and one round trip, and
 * touches one key, which expires with what it counts. Keys are hashed, as they may name people, together with the lengths of their
 * windows: gateways that are set otherwise, as while they are replaced, count apart.
 *
 * Calls reject when Redis does, and wait as long as the connection lets them: open it with a `commandTimeout`. A failover to a replica
 * that lacks the last writes may forget what they counted.
 */
export function createRedisStore(redis: Redis, { prefix }: RedisStoreOptions): RateLimitStore {
  const keyOf = (key: string, windows: readonly Window[]) =>
    `${prefix}${hash('sha256', `${windows.map(({ windowMs }) => windowMs).join()}:${key}`, 'base64url')}`;
  const limits = (windows: readonly Window[]) => windows.flatMap(({ windowMs, max }) => [windowMs, max]);
  const commands = define(redis);
  return {
    async take(key, windows, amount) {
      const [retryAfterMs, at, ...left] = await commands.convoyRateTake(keyOf(key, windows), amount, ...limits(windows));
      const standings = windows.map((_, i) => ({ remaining: Number(left[2 * i]), resetMs: Number(left[2 * i + 1]) }));
      return { isAllowed: retryAfterMs === 0, retryAfterMs, standings, at };
    },
    async refund(key, windows, amount, at) {
      await commands.convoyRateRefund(keyOf(key, windows), amount, at, ...limits(windows));
    },
  };
}

// A key holds, for each window, the number of a slot, the sum of all amounts, and the amounts of this slot and of those that follow it,
// down to the newest.
const SHARED = `
local SLOTS = ${SLOTS}
local amount = tonumber(ARGV[1])
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local stored = redis.call('get', KEYS[1])
local counters = stored and cmsgpack.unpack(stored) or {}

local function slotAt(at, ms) return math.floor(at * SLOTS / ms) end

local function leavesIn(slot, ms) return math.max(1, math.ceil((slot + SLOTS + 1) * ms / SLOTS - now)) end

-- Without the slots that have left. Where the clock was set back, what would lie in the future counts as taken now.
local function current(counter, slot)
  local first, oldest = counter[1], slot - SLOTS
  if first >= oldest and first + #counter - 3 <= slot then return counter end
  local moved = {math.max(oldest, math.min(slot, first)), 0}
  for index = 3, #counter do
    local position = math.min(first + index - 3, slot) - moved[1] + 3
    if position >= 3 then
      moved[position] = (moved[position] or 0) + counter[index]
      moved[2] = moved[2] + counter[index]
    end
  end
  return moved
end

local windows = {}
local function readFrom(argument)
  for index = argument, #ARGV, 2 do
    local ms = tonumber(ARGV[index])
    local slot = slotAt(now, ms)
    local position = #windows + 1
    windows[position] = {ms = ms, max = tonumber(ARGV[index + 1]), slot = slot}
    counters[position] = current(counters[position] or {slot, 0}, slot)
  end
end
`;

const TAKE = `${SHARED}
local function roomIn(window, counter)
  local excess = counter[2] + amount - window.max
  if excess <= 0 then return 0 end
  if amount > window.max then return math.ceil(window.ms) end
  for index = 3, #counter do
    excess = excess - counter[index]
    if excess <= 0 then return leavesIn(counter[1] + index - 3, window.ms) end
  end
end

local function add(slot, counter)
  if #counter == 2 then counter[1] = slot end
  local newest = slot - counter[1] + 3
  for index = #counter + 1, newest do counter[index] = 0 end
  counter[newest] = counter[newest] + amount
  counter[2] = counter[2] + amount
end

local function resetIn(window, counter)
  for index = #counter, 3, -1 do
    if counter[index] > 0 then return leavesIn(counter[1] + index - 3, window.ms) end
  end
  return 0
end

readFrom(2)
local retryAfter, longest = 0, 0
for index, window in ipairs(windows) do
  retryAfter = math.max(retryAfter, roomIn(window, counters[index]))
  longest = math.max(longest, window.ms)
end
if retryAfter == 0 and amount > 0 and longest > 0 then
  for index, window in ipairs(windows) do add(window.slot, counters[index]) end
  redis.call('set', KEYS[1], cmsgpack.pack(counters), 'px', string.format('%.0f', math.ceil(longest * (SLOTS + 1) / SLOTS)))
end
local answer = {retryAfter, now}
for index, window in ipairs(windows) do
  answer[#answer + 1] = math.max(0, window.max - counters[index][2])
  answer[#answer + 1] = resetIn(window, counters[index])
end
return answer
`;

const REFUND = `${SHARED}
if not stored then return end
readFrom(3)
local isEmpty = true
for index, window in ipairs(windows) do
  local counter = counters[index]
  local position = slotAt(tonumber(ARGV[2]), window.ms) - counter[1] + 3
  if position >= 3 and counter[position] then
    local given = math.min(amount, counter[position])
    counter[position] = counter[position] - given
    counter[2] = counter[2] - given
  end
  if counter[2] > 0 then isEmpty = false end
end
if isEmpty then redis.call('del', KEYS[1]) else redis.call('set', KEYS[1], cmsgpack.pack(counters), 'keepttl') end
`;

type Commands = {
  convoyRateTake(key: string, amount: number, ...limits: number[]): Promise<[retryAfterMs: number, at: number, ...left: number[]]>;
  convoyRateRefund(key: string, amount: number, at: number, ...limits: number[]): Promise<unknown>;
};

function define(redis: Redis): Commands {
  redis.defineCommand('convoyRateTake', { numberOfKeys: 1, lua: TAKE });
  redis.defineCommand('convoyRateRefund', { numberOfKeys: 1, lua: REFUND });
  return redis as unknown as Commands;
}
