import type { Command, Redis } from 'ioredis';
import { StartError } from '../errors.ts';
import { type PolledTimeout, setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';

type Options = {
  /** How long a command may take: requests wait for it, and have another way when it fails. In milliseconds. */
  commandTimeoutMs: number;
  /** Called when the connection has failed, once until it is back. Commands fail meanwhile. */
  onError?: (error: Error) => void;
};

/** How long the connection may take to come back after Redis did. */
const MAX_RECONNECT_MS = 1000;
/** From when on a connection on which nothing comes is given up, where an answer is due: it may be dead without a word. */
const SILENCE_MS = 2000;

/** Opens a connection for commands that nobody waits for while Redis is away: they fail at once. Throws StartError where it does not answer. */
export async function openRedisCommands(redisUrl: string, { commandTimeoutMs, onError = () => undefined }: Options): Promise<Redis> {
  // 2 MB of code that most gateways do not need.
  const { Redis } = await import('ioredis');
  /** Its own `commandTimeout` and `socketTimeout` give up on answers that have come while this process had no time to read them. */
  class PunctualRedis extends Redis {
    #silence: PolledTimeout | undefined;

    override sendCommand(command: Command, ...rest: unknown[]): unknown {
      const timeout = setTimeoutAfterPoll(() => command.reject(new Error('Command timed out')), commandTimeoutMs);
      command.promise.then(timeout.cancel, timeout.cancel);
      this.#expectAnswer();
      return super.sendCommand(command, ...(rest as []));
    }

    #expectAnswer(): void {
      const { stream } = this;
      if (this.#silence || !stream) return;
      const { bytesRead } = stream;
      const end = () => {
        this.#silence = undefined;
        if (stream.bytesRead === bytesRead) stream.destroy(new Error(`Redis has been silent for ${SILENCE_MS} ms.`));
      };
      this.#silence = setTimeoutAfterPoll(end, SILENCE_MS, { isRef: false });
    }
  }
  const redis = new PunctualRedis(redisUrl, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    connectTimeout: 3000,
    retryStrategy: (times) => Math.min(50 * times, MAX_RECONNECT_MS),
    // After a failover the address may lead to another server; over the old connection the former primary refuses for good.
    reconnectOnError: (error) => error.message.includes('READONLY'),
  });
  let isLost = false;
  let cause: Error | undefined;
  redis.on('error', (error) => {
    cause = error;
    if (!isLost) onError(error);
    isLost = true;
  });
  redis.on('ready', () => {
    isLost = false;
  });
  await redis.connect().catch((error) => {
    redis.disconnect();
    throw startErrorOf(cause ?? error);
  });
  return redis;
}

/** ioredis itself says that the connection is closed, and why only in the event before. */
function startErrorOf({ message, code }: Error & { code?: string }): StartError {
  const [refusal] = /^(NOAUTH|WRONGPASS|NOPERM)\b|no password is set/.exec(message) ?? [];
  if (refusal) return new StartError(`Redis refuses the connection (${refusal}). Check user and password in REDIS_URL.`);
  if (/^(Unknown RESP type|Protocol error)/.test(message))
    return new StartError('What answers at REDIS_URL is not Redis. Check host and port, or set REDIS_ENABLED=false.');
  return new StartError(`Redis does not answer (${message || code}). Start it, check REDIS_URL, or set REDIS_ENABLED=false.`);
}
