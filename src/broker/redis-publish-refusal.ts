import { BelfryError } from '../model/errors.ts';
import { OutcomeUnknown } from '../model/idempotency.ts';
import type { RefusedReason } from './broker.ts';

/** Why a publish failed, and what its publisher is told. */
export interface PublishRefusal {
  readonly reason: RefusedReason;
  /** The message for the publisher; absent where the error says it already. */
  readonly words?: string;
  /** Whether Redis may have carried out the publish nevertheless. */
  readonly isLost: boolean;
}

/** The reason by the beginning of the refusal, which comes from Redis or from the hub's own scripts. */
const REASONS: readonly (readonly [form: RegExp, reason: RefusedReason, words?: string])[] = [
  [/^(?:OOM|BUSYKEY)/, 'full', 'Redis is full. Nothing was accepted; expected another try when it has room.'],
  [
    /^(?:NOPERM|NOAUTH|WRONGPASS|BELFRY forbidden)|\bNOPERM\b|can't publish to the channel|permissions to (?:run|access)/,
    'forbidden',
    'The user of this node lacks a right in Redis. Nothing was accepted; expected those that the documentation lists under how-to/redis-rights.',
  ],
  [
    /^(?:READONLY|CLUSTERDOWN|MOVED|ASK|MASTERDOWN|LOADING|NOREPLICAS|TRYAGAIN|BUSY)/,
    'away',
    'Redis cannot write at the moment. Nothing was accepted; expected another try in a moment.',
  ],
  [/^MISCONF/, 'full', 'Redis cannot write to its disk. Nothing was accepted; expected another try later.'],
];

/** The message after the outcome was asked for, and the publish had no effect. */
const LOST = 'Redis did not answer in time. Nothing was accepted; expected another try in a moment.';

/** The refusal behind an error of Redis, or of its connection. */
export function publishRefusalOf(error: unknown): PublishRefusal {
  if (error instanceof OutcomeUnknown) return { reason: 'unknown', isLost: false };
  if (!(error instanceof BelfryError)) return { reason: 'other', isLost: false };
  const { cause } = error;
  // The command was never sent, since the node knew that it was not connected.
  if (!(cause instanceof Error) || /Stream isn't writeable/.test(cause.message))
    return { reason: 'away', isLost: false };
  if (cause.name !== 'ReplyError') return { reason: 'timeout', words: LOST, isLost: true };
  const [, reason = 'other', words] = REASONS.find(([form]) => form.test(cause.message)) ?? [];
  return { reason, isLost: false, ...(words !== undefined && { words }) };
}

/** Whether the publish was refused since the slot of its shard is on its way to another master of the Cluster, or has gone there. */
export function isOnItsWay(error: unknown): boolean {
  return (
    error instanceof BelfryError &&
    error.cause instanceof Error &&
    /^(?:TRYAGAIN|ASK|MOVED) /.test(error.cause.message)
  );
}

/** The shard takes nothing any more, and has taken nothing of this publish, since the hub is divided anew. */
export class ShardClosed extends BelfryError {
  constructor() {
    super(
      'unavailable',
      'The hub is being divided into other shards. Nothing was accepted; expected another try in a moment.',
    );
  }
}
