import { z } from 'zod';
import { BelfryError } from '../../model/errors.ts';
import { withoutGrant } from '../../model/principal.ts';
import type { NodeDirectory, NodeRecord } from '../../registry/node-directory.ts';
import type { Survey } from '../../registry/survey.ts';
import { identityOf } from '../auth/request-identity.ts';
import { nodeReport, nodeStatus, STATUS, type StatusAnswer } from './node-status.ts';
import { checked, query } from './query.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { json, named, route, type Route } from './route.ts';

export interface NodesDeps {
  readonly registry: NodeDirectory;
  readonly survey: Survey;
  readonly reads: ReadLimiter;
}

const node = z.strictObject(nodeReport.shape);

const detailed = node.extend({
  status: nodeStatus.nullable().optional().describe('Null if the node did not answer within two seconds'),
});

const DETAIL = checked(
  z.enum(['status']).describe('Asks each node for its status now, or within the last second'),
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
        'The last report of each node, in the order of their names; with its status also its report is of now',
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
          nodes.map(({ id, leaseEndsAt: _leaseEndsAt, ...last }) => {
            if (statuses === undefined) return last;
            const { report = last, ...status } = statuses.get(id) ?? {};
            return { ...report, status: statuses.has(id) ? status : null };
          }),
        );
      });
    },
  }),
];

async function statusById(survey: Survey): Promise<ReadonlyMap<string, StatusAnswer>> {
  const { answers } = await survey.ask(STATUS, {});
  return new Map(answers.map(({ id, answer }) => [id, answer]));
}
