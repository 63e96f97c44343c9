import type { Response } from 'express';
import { BelfryError } from '../../model/errors.ts';
import { withoutGrant } from '../../model/principal.ts';
import type { NodeDirectory, NodeRecord } from '../../registry/node-directory.ts';
import { identityOf } from '../auth/caller.ts';
import type { Reads } from '../http/reads.ts';

export interface NodesOptions {
  readonly registry: NodeDirectory;
  readonly reads: Reads;
}

/**
 * `GET /api/v3/nodes`: the nodes that share the Redis, as each last said of itself, those whose lease has not ended. Whoever
 * may hear `nodes.list.<name>`, as admins may, sees that one.
 * @throws BelfryError `forbidden`
 */
export async function getNodes({ registry, reads }: NodesOptions, response: Response): Promise<void> {
  const { principal, subscribe } = identityOf(response);
  const permits = ({ name: key }: NodeRecord): boolean =>
    subscribe.permit({ type: 'nodes', action: 'list', key });
  if (subscribe.patterns.length === 0)
    throw new BelfryError('forbidden', withoutGrant(principal, 'to see the nodes'));
  await reads.answer(response, async () => {
    const nodes = await registry.nodes();
    return JSON.stringify(nodes.filter(permits).map(shown));
  });
}

function shown({ name, version, since, digest, connections, ready, warnings }: NodeRecord): object {
  return { name, version, since, digest, connections, ready, warnings };
}
