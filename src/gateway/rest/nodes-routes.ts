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
  name: z.string().describe('As BELFRY_NODE has it'),
  version: z.string(),
  since: rfc3339.describe('When it started'),
  digest: z.string().describe('Of the settings that all nodes should share: equal where all of those are'),
  connections: z.int().describe('Sockets and streams that it holds'),
  ready: z.boolean(),
  warnings: z.array(z.string()).describe('What is wrong with it beside others, a sentence each'),
});

export const NODES_ROUTES: readonly Route<NodesDeps>[] = [
  route({
    id: 'listNodes',
    method: 'get',
    path: '/api/v3/nodes',
    summary:
      'The nodes that share the Redis, as each last said of itself; what the caller may hear as nodes.list.<name>',
    answers: { 200: json('In the order of their names', named('Nodes', z.array(node))) },
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

function reportOf({ name, version, since, digest, connections, ready, warnings }: NodeRecord): NodeReport {
  return { name, version, since, digest, connections, ready, warnings };
}
