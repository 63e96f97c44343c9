import type { Response } from 'express';
import type { BrokerStats, RefusedReason } from '../../broker/broker.ts';
import type { NodeWarning } from '../../registry/node-watch.ts';

export interface ReadinessOptions {
  /** Rejects with the reason when events do not flow. */
  readonly ready: () => Promise<void>;
  readonly brokerStats: () => BrokerStats;
  readonly warnings: () => readonly NodeWarning[];
}

/** What keeps a node from publishing, for who looks after it. */
const WORDS: Readonly<Record<RefusedReason, string>> = {
  full: 'Redis is full or cannot write to its disk, and takes nothing. Expected room, or a larger maxmemory.',
  forbidden:
    "The node's user lacks a right in Redis. Expected those that the documentation lists under how-to/redis-rights.",
  away: 'Redis cannot write at the moment, or has no master. Expected it back.',
  timeout: 'Redis did not answer in time. Expected it to be less busy, or nearer.',
  unknown: 'Redis did not say what became of a publish. Expected it to answer.',
  other: 'Redis refused a publish. The log of the node says more.',
};

/**
 * `GET /readyz`: 200 when events reach this node, 503 when they do not. A node that can hear but not publish stays ready,
 * since its clients would find no better one: all have the same Redis.
 */
export async function getReadiness(
  { ready, brokerStats, warnings }: ReadinessOptions,
  response: Response,
): Promise<void> {
  try {
    await ready();
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    response.status(503).json({ status: 'not ready', reason });
    return;
  }
  const { trouble } = brokerStats();
  response.json({
    status: 'ready',
    publishing: trouble === undefined,
    ...(trouble !== undefined && { reason: WORDS[trouble] }),
    warnings: warnings().map(({ message }) => message),
  });
}
