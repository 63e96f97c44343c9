import type { Logger } from 'pino';
import type { Format } from '../model/format.ts';
import type { Redaction } from '../model/redaction.ts';
import type { Retention } from '../model/retention.ts';
import type { LogBounds } from './broker.ts';
import type { EventDecoderOptions } from './redis-event-decoder.ts';

export interface RedisBrokerOptions extends Omit<EventDecoderOptions, 'redaction'> {
  /** Of a single Redis, of Sentinels or of a Cluster. */
  readonly url: string;
  /** Begins every key and channel: `belfry`. Without braces and colons. */
  readonly prefix: string;
  /** The name of this node, by which Redis knows what it holds of the ingress. */
  readonly node: string;
  readonly bounds: LogBounds;
  /** Of memory that the ingress takes; what has waited longest goes. */
  readonly maxIngressBytes: number;
  /** Of tails and latest values; what was written to least recently goes. */
  readonly maxRetainedBytes: number;
  /** Alike on all nodes. Absent: nothing but the log is kept. */
  readonly retention?: Retention;
  /** Masks what nobody may see in whatever is published, by whichever entry point, and in dead letters. Absent: nothing. */
  readonly redaction?: Redaction;
  /** In which others publish by the function belfry_publish. */
  readonly formats: readonly Format[];
  readonly log: Logger;
  /** How long `start` tries to reach Redis. */
  readonly connectTimeoutMs?: number;
  /** How long any command may take before it counts as failed. */
  readonly commandTimeoutMs?: number;
  /** How long a node may hold entries of the ingress before another takes them from it. */
  readonly claimAfterMs?: number;
}
