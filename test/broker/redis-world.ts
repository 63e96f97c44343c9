import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { inject, onTestFinished } from 'vitest';
import { RedisBroker } from '../../src/broker/redis-broker.ts';
import type { RedisBrokerOptions } from '../../src/broker/redis-broker-options.ts';
import { systemClock } from '../../src/model/clock.ts';
import { Layout } from '../../src/model/shards.ts';
import type { Cursor } from '../../src/model/cursor.ts';
import { formats, parseEvent, parseLogged } from '../support/formats.ts';
import { randomPrefix } from '../support/redis.ts';
import { Recorder } from './recorder.ts';

export const MAX_EVENT_BYTES = 1_048_576;

export interface StartedNode {
  readonly broker: RedisBroker;
  readonly recorder: Recorder;
  readonly position: Cursor;
}

interface ShortLife {
  readonly starts?: boolean;
  /** How long a start is tried. A start that must be refused takes all of it. */
  readonly connectTimeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** A real Redis with some nodes, and a client that is not a node. Everything in it is deleted after the test. */
export class RedisWorld {
  readonly prefix: string;
  readonly layout: Layout;
  readonly url: string;
  /** A client that is not a node. */
  readonly redis: Redis;
  readonly rejected: { source: string; reason: string }[] = [];
  readonly logged: { level: number; msg: string; connection?: string }[] = [];
  #nodes = 0;

  /** `strangerUrl` names one of the servers that `url` is about, for the client that is not a node. */
  constructor(url = inject('redisUrl'), strangerUrl = url, prefix = randomPrefix(), layout = Layout.single) {
    this.layout = layout;
    this.url = url;
    this.prefix = prefix;
    this.redis = new Redis(strangerUrl, { maxRetriesPerRequest: 3 });
    this.redis.on('error', () => undefined);
    onTestFinished(() => this.#cleanUp());
  }

  /** A world whose hub has some shards, on the Redis that all tests share. */
  static ofShards(count: number): RedisWorld {
    return new RedisWorld(undefined, undefined, undefined, Layout.of(count));
  }

  get log(): string {
    return `{${this.prefix}}:log`;
  }

  get last(): string {
    return `{${this.prefix}}:last`;
  }

  /** The channel between nodes. */
  get channel(): string {
    return `${this.prefix}:log`;
  }

  node(options: Partial<RedisBrokerOptions> = {}): RedisBroker {
    const lines = {
      write: (line: string) => void this.logged.push(JSON.parse(line) as { level: number; msg: string }),
    };
    return new RedisBroker({
      url: this.url,
      prefix: this.prefix,
      layout: this.layout,
      node: `node-${++this.#nodes}`,
      clock: systemClock,
      bounds: { maxEvents: 100_000, maxBytes: 268_435_456, maxAgeMs: 86_400_000 },
      maxIngressBytes: 268_435_456,
      maxRetainedBytes: 268_435_456,
      formats: formats.all,
      parse: (body) => parseEvent(body),
      parseLogged: (body) => parseLogged(body),
      maxEventBytes: MAX_EVENT_BYTES,
      report: (source, reason) => void this.rejected.push({ source, reason }),
      log: pino({ level: 'debug', base: null }, lines),
      ...options,
    });
  }

  async start(options: Partial<RedisBrokerOptions> = {}): Promise<StartedNode> {
    const broker = this.node(options);
    onTestFinished(() => broker.stop());
    const recorder = new Recorder();
    await broker.start(recorder.hear);
    for (const shard of broker.layout.shards) await broker.follow(shard);
    return { broker, recorder, position: await broker.follow(0) };
  }

  /** The output of a process that starts a broker, unless told not to, stops it, and must then end by itself. */
  async shortLife({ starts = true, connectTimeoutMs = 10_000, env = {} }: ShortLife = {}): Promise<string> {
    const script = fileURLToPath(new URL('start-and-stop.ts', import.meta.url));
    const args = [script, this.url, this.prefix, `${connectTimeoutMs}`, starts ? 'start' : ''];
    const options = { timeout: 25_000, env: { ...process.env, ...env } };
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    return stdout.trim();
  }

  /** Publishes durably, as a service does. */
  async fcall(...events: (string | Buffer)[]): Promise<Cursor[]> {
    return (await this.redis.call('FCALL', 'belfry_publish', 1, this.log, ...events)) as Cursor[];
  }

  /** Publishes live, as a service does. */
  async shout(message: string | Buffer): Promise<void> {
    await this.redis.publish(`${this.prefix}:events`, message);
  }

  /** The clock of Redis, in milliseconds since 1970. */
  async now(): Promise<number> {
    const [seconds, micros] = await this.redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  /** Lets time pass for retained values: their expiry moves nearer, since a test cannot move the clock of Redis. */
  async age(ms: number, redis = this.redis): Promise<void> {
    for (const key of await redis.keys(`{${this.prefix}*:tail:*`)) {
      const left = await redis.pttl(key);
      if (left >= 0) await redis.pexpire(key, left - ms);
    }
  }

  /** Cuts the connections of one kind, of every node on this Redis. @returns how many they were */
  async cut(kind: 'PUBSUB' | 'NORMAL'): Promise<unknown> {
    return this.redis.call('CLIENT', 'KILL', 'TYPE', kind, 'SKIPME', 'yes');
  }

  /** The log lines at a level (40 is a warning) or above. */
  said(level = 0): string[] {
    return this.logged.filter((line) => line.level >= level).map(({ msg }) => msg);
  }

  /** The reasons of all refusals so far. */
  get reasons(): string[] {
    return this.rejected.map(({ source, reason }) => `${source} ${reason}`);
  }

  /** A server that belongs to the test is disposed of with everything in it. */
  async #cleanUp(): Promise<void> {
    if (this.url === inject('redisUrl')) {
      const keys = await this.redis.keys(`{${this.prefix}*`);
      if (keys.length > 0) await this.redis.del(keys);
    }
    this.redis.disconnect();
  }
}
