import { z } from 'zod';
import type { BrokerStats, RefusedReason } from '../../broker/broker.ts';
import type { NodeWarning } from '../../registry/node-watch.ts';
import { json, named, route, type Route } from './route.ts';

export interface HealthDeps {
  /** Rejects with the reason when events do not flow. */
  readonly ready: () => Promise<void>;
  readonly brokerStats: () => BrokerStats;
  readonly warnings: () => readonly NodeWarning[];
}

/** What keeps a node from publishing, as it is told to an operator. */
const WORDS: Readonly<Record<RefusedReason, string>> = {
  full: 'Redis is full or cannot write to its disk, and takes nothing. Expected room, or a larger maxmemory.',
  forbidden:
    "The node's user lacks a right in Redis. Expected those that the documentation lists under how-to/redis-rights.",
  away: 'Redis cannot write at the moment, or has no master. Expected it back.',
  timeout: 'Redis did not answer in time. Expected it to be less busy, or nearer.',
  unknown: 'Redis did not say what became of a publish. Expected it to answer.',
  other: 'Redis refused a publish. The log of the node says more.',
};

const READY = z.strictObject({
  status: z.literal('ready'),
  publishing: z.boolean().describe('Whether Redis took what this node last published, or would'),
  reason: z.string().optional().describe('What stands in the way of that'),
  warnings: z.array(z.string()).describe('What is wrong beside other nodes, or with Redis'),
});

export const HEALTH_ROUTES: readonly Route<HealthDeps>[] = [
  route({
    id: 'getHealth',
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process lives',
    open: true,
    answers: { 200: json('It does', named('Health', z.strictObject({ status: z.literal('ok') }))) },
    handler: (_deps: HealthDeps, { response }) => void response.json({ status: 'ok' }),
  }),
  route({
    id: 'getReadiness',
    method: 'get',
    path: '/readyz',
    summary: 'Whether events flow',
    open: true,
    answers: {
      200: json('They do', named('Ready', READY)),
      503: json(
        'They do not',
        named('NotReady', z.strictObject({ status: z.literal('not ready'), reason: z.string() })),
      ),
    },
    // A node that can hear but not publish stays ready, since its clients would find no better one: all have the same Redis.
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
