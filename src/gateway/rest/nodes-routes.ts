import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import { BelfryError } from '../../model/errors.ts';
import { withoutGrant } from '../../model/principal.ts';
import type { NodeDirectory, NodeRecord, NodeReport } from '../../registry/node-directory.ts';
import { identityOf } from '../auth/request-identity.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { json, named, route, type Route } from './route.ts';

export interface NodesDeps {
  readonly registry: NodeDirectory;
  readonly reads: ReadLimiter;
}

const node: z.ZodType<NodeReport> = z.strictObject({
  name: z.string().describe('The name in BELFRY_NODE'),
  version: z.string(),
  since: rfc3339.describe('The time of its start'),
  digest: z.string().describe('A hash of the settings that all nodes should share'),
  connections: z.int().describe('The number of its sockets and streams'),
  eventsPerSecond: z.number().describe('What it heard in the last five seconds'),
  deliveriesPerSecond: z.number().describe('What it wrote to connections in the last five seconds'),
  lagMs: z.number().describe('The longest time from the log to the last write in the last five seconds'),
  ready: z.boolean(),
  warnings: z
    .array(z.string())
    .describe('Its differences from other nodes and its problems with Redis, one sentence each'),
});

export const NODES_ROUTES: readonly Route<NodesDeps>[] = [
  route({
    id: 'listNodes',
    method: 'get',
    path: '/api/v3/nodes',
    summary: 'List the nodes that share the Redis, as far as the caller may receive nodes.list.<name>',
    answers: {
      200: json('The last report of each node, in the order of their names', named('Nodes', z.array(node))),
    },
    errors: ['forbidden', 'reads_exceeded'],
    // The registry lists the nodes whose lease has not ended.
    handler: async ({ registry, reads }: NodesDeps, { response }) => {
      const { principal, subscribe } = identityOf(response);
      const permits = ({ name: key }: NodeRecord): boolean =>
        subscribe.permit({ type: 'nodes', action: 'list', key });
      if (subscribe.patterns.length === 0)
        throw new BelfryError('forbidden', withoutGrant(principal, 'to see the nodes'));
      await reads.answer(response, async () => {
        const nodes = await registry.nodes();
        return JSON.stringify(nodes.filter(permits).map(reportOf));
      });
    },
  }),
];

function reportOf({ id: _id, leaseEndsAt: _leaseEndsAt, ...report }: NodeRecord): NodeReport {
  return report;
}
