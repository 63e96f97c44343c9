import { z } from 'zod';
import type { BrokerStats, RefusedReason } from '../../broker/broker.ts';
import type { NodeWarning } from '../../registry/node-watch.ts';
import { json, named, route, type Route } from './route.ts';

export interface HealthDeps {
  /** Resolves while events flow, and otherwise rejects with the reason. */
  readonly ready: () => Promise<void>;
  readonly brokerStats: () => BrokerStats;
  readonly warnings: () => readonly NodeWarning[];
}

/** For operators, the reasons why a node cannot publish. */
const WORDS: Readonly<Record<RefusedReason, string>> = {
  full: 'Redis is full or cannot write to its disk, and accepts nothing. Expected room, or a larger maxmemory.',
  forbidden:
    "The node's user lacks a right in Redis. Expected those that the documentation lists under how-to/redis-rights.",
  away: 'Redis cannot write at the moment, or has no master. Expected a master that can write.',
  timeout: 'Redis did not answer in time. Expected a Redis that is less busy, or nearer.',
  unknown: 'Redis did not answer a publish, so its outcome is unknown. Expected an answer.',
  other: 'Redis refused a publish. The log of the node says more.',
};

const READY = z.strictObject({
  status: z.literal('ready'),
  publishing: z.boolean().describe('Whether Redis accepts what this node publishes'),
  reason: z.string().optional().describe('Why Redis does not accept it'),
  warnings: z.array(z.string()).describe('Differences from other nodes, and problems of Redis'),
});

export const HEALTH_ROUTES: readonly Route<HealthDeps>[] = [
  route({
    id: 'getHealth',
    method: 'get',
    path: '/healthz',
    summary: 'Check that the process is alive',
    open: true,
    answers: {
      200: json('The process is alive', named('Health', z.strictObject({ status: z.literal('ok') }))),
    },
    handler: (_deps: HealthDeps, { response }) => void response.json({ status: 'ok' }),
  }),
  route({
    id: 'getReadiness',
    method: 'get',
    path: '/readyz',
    summary: 'Check that events flow',
    open: true,
    answers: {
      200: json('Events flow', named('Ready', READY)),
      503: json(
        'Events do not flow',
        named('NotReady', z.strictObject({ status: z.literal('not ready'), reason: z.string() })),
      ),
    },
    // A node that can receive but not publish stays ready. Its clients would find no better node, because all nodes
    // have the same Redis.
    handler: async ({ ready, brokerStats, warnings }: HealthDeps, { response }) => {
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
    },
  }),
];
