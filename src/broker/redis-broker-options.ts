import type { Logger } from 'pino';
import type { Format } from '../model/format.ts';
import type { Redaction } from '../model/redaction.ts';
import type { Retention } from '../model/retention.ts';
import type { Layout } from '../model/shards.ts';
import type { LogBounds } from './broker.ts';
import type { EventDecoderOptions } from './redis-event-decoder.ts';

export interface RedisBrokerOptions extends Omit<EventDecoderOptions, 'redaction'> {
  /** The address of a single Redis, of Sentinels or of a Cluster. */
  readonly url: string;
  /** The beginning of every key and channel, `belfry` by default. It may hold neither braces nor colons. */
  readonly prefix: string;
  /** The name of this node, under which Redis records which entries of the ingress it holds. */
  readonly node: string;
  readonly bounds: LogBounds;
  /** Memory that the ingress may take. When it is full, the entries that have waited longest are dropped. */
  readonly maxIngressBytes: number;
  /**
   * Bytes that tails and latest values may take. When they are full, what was written to least recently is evicted.
   */
  readonly maxRetainedBytes: number;
  /** The retention rules, which must be the same on all nodes. When they are absent, nothing but the log is kept. */
  readonly retention?: Retention;
  /**
   * Masks what nobody may see in everything that is published, through every entry point, and in dead letters. When
   * it is absent, nothing is masked.
   */
  readonly redaction?: Redaction;
  /** The formats in which services may call the function belfry_publish. */
  readonly formats: readonly Format[];
  /** How the events of a new hub are divided; one shard if absent. All nodes of a hub have the same. */
  readonly layout?: Layout;
  readonly log: Logger;
  /** For how long `start` tries to reach Redis. */
  readonly connectTimeoutMs?: number;
  /** How long a command may take before it counts as failed. */
  readonly commandTimeoutMs?: number;
  /** How long a node may hold entries of the ingress before another node claims them. */
  readonly claimAfterMs?: number;
}
