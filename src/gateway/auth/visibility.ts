import { BelfryError } from '../../model/errors.ts';
import type { NewEvent } from '../../model/event.ts';
import { LEASES_TYPE } from '../../model/lease.ts';
import { holds } from '../../model/pattern-parts.ts';
import { UNKNOWN, type Grants, type Identity, type Principal } from '../../model/principal.ts';
import type { ConnectionQuery } from '../../registry/connection-query.ts';
import type { ConnectionRecord } from '../../registry/registry.ts';

/**
 * The type of the events about connections. A caller that may receive such an event may also look the connection up.
 */
const TYPE = 'connections';
const ACTION = 'create';

/** The principals whose connections a caller with these grants may see. */
export function visibleBy({ patterns }: Grants): ConnectionQuery['visible'] {
  const visible = new Set<Principal>();
  for (const { parts } of patterns) {
    if (parts === undefined) continue;
    const [type, action, key] = parts;
    if (!holds(type, TYPE) || !holds(action, ACTION)) continue;
    if (key === '*') return 'all';
    for (const principal of key) visible.add(principal);
  }
  return [...visible];
}

/** The same, restricted to one principal. */
export function narrowed(visible: ConnectionQuery['visible'], principal: Principal): readonly Principal[] {
  return visible === 'all' || visible.includes(principal) ? [principal] : [];
}

/** Checks that the caller may close all of these connections. @throws BelfryError `forbidden` */
export function mayClose(identity: Identity, records: readonly ConnectionRecord[]): void {
  for (const { Principal: key } of records) checkPublish(identity, { type: TYPE, action: 'delete', key });
}

/** Checks that the caller may divide the hub into other shards. @throws BelfryError `forbidden` */
export function mayReshard(identity: Identity): void {
  checkPublish(identity, { type: 'shards', action: 'reshard', key: 'hub' });
}

/** Checks that the caller may take, read and release a lease. @throws BelfryError `forbidden` */
export function mayLease(identity: Identity, name: string): void {
  checkPublish(identity, { type: LEASES_TYPE, action: 'take', key: name });
}

/**
 * Checks that the caller may revoke. A caller may always revoke its own token, session or principal, which signs it
 * out. `key` is the id or the principal.
 * @throws BelfryError `forbidden`
 */
export function mayRevoke(identity: Identity, key: string): void {
  const { tokenId, sessionId, principal } = identity;
  const isOwn = principal !== UNKNOWN && [tokenId, sessionId, principal].includes(key);
  if (!isOwn) checkPublish(identity, { type: 'tokens', action: 'revoke', key });
}

function checkPublish(
  { principal, publish }: Identity,
  event: Pick<NewEvent, 'type' | 'action' | 'key'>,
): void {
  if (publish.permit(event)) return;
  const { type, action, key } = event;
  throw new BelfryError(
    'forbidden',
    `${principal} may not do this. Expected a grant to publish "${type}.${action}.${key}".`,
  );
}
