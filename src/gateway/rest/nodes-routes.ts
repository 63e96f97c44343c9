import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import { BelfryError } from '../../model/errors.ts';
import { withoutGrant } from '../../model/principal.ts';
import type { NodeDirectory, NodeRecord, NodeReport } from '../../registry/node-directory.ts';
import type { Survey } from '../../registry/survey.ts';
import { identityOf } from '../auth/request-identity.ts';
import { nodeStatus, STATUS, type NodeStatus } from './node-status.ts';
import { checked, query } from './query.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { json, named, route, type Route } from './route.ts';

export interface NodesDeps {
  readonly registry: NodeDirectory;
  readonly survey: Survey;
  readonly reads: ReadLimiter;
}

const node = z.strictObject({
  name: z.string().describe('The name in BELFRY_NODE'),
  version: z.string(),
  since: rfc3339.describe('The time of its start'),
  digest: z.string().describe('A hash of the settings that all nodes should share'),
  connections: z.int().describe('The number of its sockets and streams'),
  eventsPerSecond: z.number().describe('What it heard in the last five seconds'),
  deliveriesPerSecond: z.number().describe('What it wrote to connections in the last five seconds'),
  p99Ms: z
    .number()
    .describe(
      'How long 99 of 100 flushes of the last five seconds took at most from the log to the last write',
    ),
  lagMs: z.number().describe('How long the slowest of them took'),
  ready: z.boolean(),
  warnings: z
    .array(z.string())
    .describe('Its differences from other nodes and its problems with Redis, one sentence each'),
}) satisfies z.ZodType<NodeReport>;

const detailed = node.extend({
  status: nodeStatus.nullable().optional().describe('Null if the node did not answer within two seconds'),
});

const DETAIL = checked(
  z.enum(['status']).describe('Asks each node for its status now'),
  () => new BelfryError('not_acceptable', 'The detail is not known. Expected ?detail=status.'),
);

export const NODES_ROUTES: readonly Route<NodesDeps>[] = [
  route({
    id: 'listNodes',
    method: 'get',
    path: '/api/v3/nodes',
    summary: 'List the nodes that share the Redis, as far as the caller may receive nodes.list.<name>',
    query: query({ detail: DETAIL }),
    answers: {
      200: json(
        'The last report of each node, in the order of their names',
        named('Nodes', z.array(detailed)),
      ),
    },
    errors: ['forbidden', 'reads_exceeded'],
    // The registry lists the nodes whose lease has not ended.
    handler: async ({ registry, survey, reads }: NodesDeps, { response, query: { detail } }) => {
      const { principal, subscribe } = identityOf(response);
      const permits = ({ name: key }: NodeRecord): boolean =>
        subscribe.permit({ type: 'nodes', action: 'list', key });
      if (subscribe.patterns.length === 0)
        throw new BelfryError('forbidden', withoutGrant(principal, 'to see the nodes'));
      await reads.answer(response, async () => {
        const nodes = (await registry.nodes()).filter(permits);
        const statuses = detail === undefined ? undefined : await statusById(survey);
        return JSON.stringify(
          nodes.map(({ id, leaseEndsAt: _leaseEndsAt, ...report }) =>
            statuses === undefined ? report : { ...report, status: statuses.get(id) ?? null },
          ),
        );
      });
    },
  }),
];

async function statusById(survey: Survey): Promise<ReadonlyMap<string, NodeStatus>> {
  const { answers } = await survey.ask(STATUS, {});
  return new Map(answers.map(({ id, answer }) => [id, answer]));
}
