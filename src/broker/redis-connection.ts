import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { BelfryError } from '../model/errors.ts';
import { parseRedisUrl } from '../model/redis-url.ts';
import { toMaster } from './redis-master-discovery.ts';
import { DISCONNECT_TIMEOUT_MS, readBy, type SocketReader } from './redis-socket.ts';
import { bound } from '../model/bound.ts';

const MAX_BACKOFF_MS = bound(
  'time between two tries to connect to Redis',
  2_000,
  'ms',
  'the next try is made',
);
/** The same reason is logged at most this often, however many commands fail for it. */
const LOG_FAILURE_EVERY_MS = 10_000;

export interface ConnectionOptions {
  /** Any URL that {@link parseRedisUrl} takes. */
  readonly url: string;
  /**
   * The beginning of all keys. On a Cluster the connection leads to the master of the slot of `{prefix}`, and to no
   * other.
   */
  readonly prefix: string;
  /** What the connection is for; it is shown in the log and in `CLIENT LIST`. */
  readonly role: string;
  /** A command that is not answered within this time is rejected, also when the socket is dead. */
  readonly commandTimeoutMs: number;
  /**
   * Whether answers may be long. Such an answer may take longer than that, as long as some bytes of it keep arriving
   * within that time.
   */
  readonly bulk?: boolean;
  /** Lua scripts that become commands of this connection, in the form that ioredis takes. */
  readonly scripts?: Readonly<Record<string, { readonly lua: string }>>;
  /** Makes what reads each socket of the connection, and hands to ioredis what it does not take itself. */
  readonly reader?: () => SocketReader;
  readonly log: Logger;
}

/**
 * One connection to Redis, which reconnects by itself until it is closed. Commands never wait for it: while it is
 * away each command is rejected at once, and a command whose answer was lost is rejected and not repeated.
 */
export class RedisConnection {
  readonly redis: Redis;
  readonly #where: string;
  readonly #log: Logger;
  #state: 'new' | 'up' | 'lost' | 'closed' = 'new';
  #fault: Error | undefined;
  /** The last failure that was logged. */
  #failure = { reason: '', loggedAt: 0 };
  /** How often it has tried to connect since a command was answered. */
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
   * Resolves once the connection is ready, however many attempts that takes.
   * @throws BelfryError `unavailable`, with the last reason, when that takes too long; the connection goes on trying
   * until it is closed
   */
  open(withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = AbortSignal.timeout(withinMs);
      late.addEventListener('abort', () => reject(this.#unreachable(withinMs)), { once: true });
      this.redis.once('ready', resolve);
      // Each failure is also an `error` event, and ioredis connects again after it.
      this.redis.connect().catch(() => undefined);
    });
  }

  get isReady(): boolean {
    return this.#state !== 'closed' && this.redis.status === 'ready';
  }

  /** The address and port of the server at the other end. */
  get peer(): string {
    return `${this.redis.stream?.remoteAddress}:${this.redis.stream?.remotePort}`;
  }

  /**
   * Runs a command. A refusal of Redis that contains the text `expected` is not logged as a failure.
   * @throws BelfryError `unavailable`, when the connection is not ready, or Redis refuses or does not answer in time
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
      // ioredis attaches the command with its arguments to the error; events must not get into the log that way.
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

  /** Closes the socket and opens a new one. */
  renew(): void {
    this.redis.disconnect(true);
  }

  /** Waits for the answers of commands under way, if Redis answers at all, and closes the connection. */
  async close(): Promise<void> {
    const answers = this.isReady;
    this.#state = 'closed';
    if (answers) await this.redis.quit().catch(() => undefined);
    this.redis.disconnect();
  }

  /** Closes the connection at once. Commands under way are rejected, though Redis may still carry them out. */
  cut(): void {
    this.#state = 'closed';
    this.redis.disconnect();
  }

  /**
   * The connection counts as back only after an answer: a master that has lost its cluster accepts connections, and
   * answers no command.
   */
  #answered(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'lost') this.#log.info('the connection to Redis is back');
    this.#state = 'up';
    this.#fault = undefined;
    this.#attempts = 0;
  }

  /**
   * What Redis said goes to the log of the operators only, since it may name keys, users and addresses. Commands under way when the
   * node itself closes the connection are no failures.
   */
  #logFailure(reason: string): void {
    if (this.#state === 'closed') return;
    const now = performance.now();
    if (reason === this.#failure.reason && now - this.#failure.loggedAt < LOG_FAILURE_EVERY_MS) return;
    this.#failure = { reason, loggedAt: now };
    this.#log.warn({ reason }, 'a command failed at Redis');
  }

  /** Logs each loss once: attempts that fail afterwards never reached the state `up`. */
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

/** Whether an error of {@link RedisConnection.ask} is a refusal of Redis that contains this text. */
export function isRefusal(error: unknown, words: string): boolean {
  return error instanceof BelfryError && error.cause instanceof Error && error.cause.message.includes(words);
}

function makeRedis(
  { url, prefix, role, commandTimeoutMs, bulk = false, scripts, reader }: ConnectionOptions,
  retryStrategy: () => number,
): Redis {
  const options = {
    lazyConnect: true,
    connectionName: `belfry-${role}`,
    enableOfflineQueue: false,
    autoResubscribe: false,
    // Commands under way when the connection closes are rejected, and never sent twice.
    maxRetriesPerRequest: 0,
    ...(!bulk && { commandTimeout: commandTimeoutMs }),
    connectTimeout: commandTimeoutMs,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // A server that vanished silently is noticed by the next command.
    socketTimeout: bulk ? commandTimeoutMs : commandTimeoutMs * 2,
    retryStrategy,
    // After a failover the same host name may lead to the new master.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    ...(scripts !== undefined && { scripts: { ...scripts } }),
  } satisfies RedisOptions;
  const address = parseRedisUrl(url);
  if (address.kind !== 'single')
    return new Redis({ ...options, ...toMaster({ address, prefix, timeoutMs: commandTimeoutMs, reader }) });
  return new Redis(url, { ...options, ...(reader !== undefined && { Connector: readBy(reader) }) });
}

/**
 * The time until the next attempt: it doubles from 50 ms to two seconds, minus a random part of up to one half, so
 * that the nodes do not all reconnect at the same moment.
 */
function backoff(attempt: number): number {
  const full = Math.min(MAX_BACKOFF_MS, 50 * 2 ** Math.min(attempt - 1, 10));
  return full * (1 - Math.random() / 2);
}
