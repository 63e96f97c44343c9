import { exactPattern } from '../../../../model/exact-pattern.ts';
import { mayPublish, type Me } from '../session/me.ts';
import { ANONYMOUS } from './connection.ts';

/** Whether somebody may close the connections of a principal, as the hub decides it. */
export function mayClose(me: Me, principal: string): boolean {
  return mayPublish(me, exactPattern('connections', 'delete', principal));
}

/** Whether somebody may revoke the tokens of a principal. One's own may always be revoked. */
export function mayRevoke(me: Me, principal: string): boolean {
  if (principal === ANONYMOUS) return false;
  return principal === me.principal || mayPublish(me, exactPattern('tokens', 'revoke', principal));
}
