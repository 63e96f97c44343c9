import { Redis, ReplyError } from 'ioredis';
import { Refused } from './publisher.ts';
import { pick } from './random.ts';

const ANSWERS_WITHIN_MS = 3_000;
const MAX_REDIRECTIONS = 5;

/** Sends commands to the master of their key, and follows redirections, as the libraries for a Cluster do. */
export class ClusterCaller {
  readonly #ports: readonly number[];
  readonly #random: () => number;
  readonly #connections = new Map<number, Redis>();
  /** The port of the master that took the last command. */
  #port: number | undefined;

  constructor(ports: readonly number[], random: () => number) {
    this.#ports = ports;
    this.#random = random;
  }

  /** @throws Refused when the command was surely not carried out */
  async call(command: string, ...args: (string | number)[]): Promise<unknown> {
    let asked: number | undefined;
    for (let time = 0; time < MAX_REDIRECTIONS; time++) {
      const port = asked ?? (this.#port ??= pick(this.#random, this.#ports));
      const redis = await this.#connected(port);
      try {
        if (asked !== undefined) void redis.asking().catch(() => undefined);
        return await redis.call(command, ...args);
      } catch (error) {
        if (!(error instanceof ReplyError)) {
          this.#port = undefined;
          throw error;
        }
        // The host is empty, since the servers do not say where they are reached.
        const [, kind, to] = /^(MOVED|ASK) \d+ [^:]*:(\d+)/.exec((error as Error).message) ?? [];
        if (to === undefined) throw new Refused(String(error));
        asked = kind === 'ASK' ? Number(to) : undefined;
        if (kind === 'MOVED') this.#port = Number(to);
      }
    }
    throw new Refused('redirected too often');
  }

  close(): void {
    for (const redis of this.#connections.values()) redis.disconnect();
  }

  async #connected(port: number): Promise<Redis> {
    let redis = this.#connections.get(port);
    if (redis === undefined) {
      redis = new Redis(port, '127.0.0.1', {
        lazyConnect: true,
        maxRetriesPerRequest: 0,
        enableOfflineQueue: false,
        connectTimeout: ANSWERS_WITHIN_MS,
        commandTimeout: ANSWERS_WITHIN_MS,
        enableReadyCheck: false,
        retryStrategy: () => null,
      });
      redis.on('error', () => undefined);
      this.#connections.set(port, redis);
    }
    try {
      if (redis.status !== 'ready') await redis.connect();
      return redis;
    } catch {
      redis.disconnect();
      this.#connections.delete(port);
      this.#port = undefined;
      throw new Refused('not connected');
    }
  }
}
