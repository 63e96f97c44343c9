import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { BelfryError } from '../model/errors.ts';
import { parseRedisUrl } from '../model/redis-url.ts';
import { DISCONNECT_TIMEOUT_MS, toMaster } from './redis-master-discovery.ts';
import { bound } from '../model/bound.ts';

const MAX_BACKOFF_MS = bound(
  'time between two tries to connect to Redis',
  2_000,
  'ms',
  'the next try is made',
);
/** One reason is logged so often at most, however many commands fail for it. */
const LOG_FAILURE_EVERY_MS = 10_000;

export interface ConnectionOptions {
  /** Any that {@link parseRedisUrl} takes. */
  readonly url: string;
  /** Begins all keys: on a Cluster it leads to the master of the slot of `{prefix}`, and serves no other. */
  readonly prefix: string;
  /** What it is for; seen in the log and in `CLIENT LIST`. */
  readonly role: string;
  /** A command that is not answered for so long is rejected, and so is one on a dead socket. */
  readonly commandTimeoutMs: number;
  /** Answers may be long: one is waited for as long as any bytes come within that time. */
  readonly bulk?: boolean;
  /** Commands of the connection's own making, as ioredis has them. */
  readonly scripts?: Readonly<Record<string, { readonly lua: string }>>;
  readonly log: Logger;
}

/**
 * One connection to Redis that comes back by itself, for as long as it is not closed. No command waits for it: while it
 * is away each is rejected at once, and one whose answer was lost with it is rejected and not repeated.
 */
export class RedisConnection {
  readonly redis: Redis;
  readonly #where: string;
  readonly #log: Logger;
  #state: 'new' | 'up' | 'lost' | 'closed' = 'new';
  #fault: Error | undefined;
  /** The last one that was logged. */
  #failure = { reason: '', loggedAt: 0 };
  /** How often it connected, or tried to, since a command was answered. */
  #attempts = 0;

  constructor(options: ConnectionOptions) {
    const { hosts } = parseRedisUrl(options.url);
    this.#where = hosts.map(({ host, port }) => `${host}:${port}`).join(',');
    this.#log = options.log.child({ redis: this.#where, connection: options.role });
    this.redis = makeRedis(options, () => backoff(++this.#attempts));
    this.redis.on('error', (error) => (this.#fault = error));
    this.redis.on('close', () => this.#lost());
  }

  /**
   * Resolves once it is ready, however often it had to be tried.
   * @throws BelfryError `unavailable`, with the last reason, when that took too long; it goes on trying until closed
   */
  open(withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = AbortSignal.timeout(withinMs);
      late.addEventListener('abort', () => reject(this.#unreachable(withinMs)), { once: true });
      this.redis.once('ready', resolve);
      // Each failure is also an `error` event, and followed by another try.
      this.redis.connect().catch(() => undefined);
    });
  }

  get isReady(): boolean {
    return this.#state !== 'closed' && this.redis.status === 'ready';
  }

  /** Who is at the other end. */
  get peer(): string {
    return `${this.redis.stream?.remoteAddress}:${this.redis.stream?.remotePort}`;
  }

  /**
   * A refusal in which Redis says what is expected is no failure, and is not logged.
   * @throws BelfryError `unavailable`, when it is not ready, or Redis refuses or does not answer in time
   */
  async ask<T>(run: (redis: Redis) => Promise<T>, expected?: string): Promise<T> {
    if (!this.isReady) {
      throw new BelfryError(
        'unavailable',
        'The node is not connected to Redis. Expected another try in a moment.',
      );
    }
    try {
      const answer = await run(this.redis);
      this.#answered();
      return answer;
    } catch (cause) {
      // ioredis hangs the command on its error, events and all, which belong in no log.
      Reflect.deleteProperty(Object(cause) as object, 'command');
      const reason = cause instanceof Error ? cause.message : String(cause);
      if (expected === undefined || !reason.includes(expected)) this.#logFailure(reason);
      throw new BelfryError(
        'unavailable',
        'Redis refused this, or did not answer in time. Expected another try in a moment; the log of the node says why.',
        { cause },
      );
    }
  }

  /** Gives up the socket for a new one. */
  renew(): void {
    this.redis.disconnect(true);
  }

  /** What is under way is answered first, if Redis answers at all. */
  async close(): Promise<void> {
    const answers = this.isReady;
    this.#state = 'closed';
    if (answers) await this.redis.quit().catch(() => undefined);
    this.redis.disconnect();
  }

  /** At once, whatever is under way: that is rejected, and done or not. */
  cut(): void {
    this.#state = 'closed';
    this.redis.disconnect();
  }

  /** Only now it is back: a master that has lost its cluster lets everybody in, and does nothing. */
  #answered(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'lost') this.#log.info('the connection to Redis is back');
    this.#state = 'up';
    this.#fault = undefined;
    this.#attempts = 0;
  }

  /** What Redis itself said is for operators: it may name keys, users and addresses. */
  #logFailure(reason: string): void {
    const now = performance.now();
    if (reason === this.#failure.reason && now - this.#failure.loggedAt < LOG_FAILURE_EVERY_MS) return;
    this.#failure = { reason, loggedAt: now };
    this.#log.warn({ reason }, 'a command failed at Redis');
  }

  /** Said once per loss: whatever fails to connect afterwards was not up before. */
  #lost(): void {
    if (this.#state !== 'up') return;
    this.#state = 'lost';
    this.#log.warn({ reason: this.#fault?.message }, 'the connection to Redis is lost; trying again');
  }

  #unreachable(withinMs: number): BelfryError {
    const reason = this.#fault?.message ?? 'no answer';
    return new BelfryError(
      'unavailable',
      `Redis at ${this.#where} cannot be reached within ${withinMs} ms: ${reason}.`,
      { cause: this.#fault },
    );
  }
}

/** Whether Redis refused a command of {@link RedisConnection.ask} with such words. */
export function isRefusal(error: unknown, words: string): boolean {
  return error instanceof BelfryError && error.cause instanceof Error && error.cause.message.includes(words);
}

function makeRedis(
  { url, prefix, role, commandTimeoutMs, bulk = false, scripts }: ConnectionOptions,
  retryStrategy: () => number,
): Redis {
  const options = {
    lazyConnect: true,
    connectionName: `belfry-${role}`,
    enableOfflineQueue: false,
    autoResubscribe: false,
    // What is under way when the connection closes is rejected then, and never sent twice.
    maxRetriesPerRequest: 0,
    ...(!bulk && { commandTimeout: commandTimeoutMs }),
    connectTimeout: commandTimeoutMs,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // A peer that vanished without a word is noticed by the first command after it.
    socketTimeout: bulk ? commandTimeoutMs : commandTimeoutMs * 2,
    retryStrategy,
    // After a failover the same name may lead to the new master.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    ...(scripts !== undefined && { scripts: { ...scripts } }),
  } satisfies RedisOptions;
  const address = parseRedisUrl(url);
  if (address.kind === 'single') return new Redis(url, options);
  return new Redis({ ...options, ...toMaster({ address, prefix, timeoutMs: commandTimeoutMs }) });
}

/** Doubles from 50 ms to two seconds, less up to half of it by chance, lest all nodes return at the same moment. */
function backoff(attempt: number): number {
  const full = Math.min(MAX_BACKOFF_MS, 50 * 2 ** Math.min(attempt - 1, 10));
  return full * (1 - Math.random() / 2);
}
