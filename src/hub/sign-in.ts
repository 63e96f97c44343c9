import type { Json } from '../model/json.ts';
import { expiryOf, type Identity } from '../model/principal.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';

/**
 * Gives a connection the identity of its token. Resolves with the answer for the client, or with nothing if the
 * connection was closed meanwhile. Rejects with what `authenticate` and {@link Connections.identify} reject with, and
 * then nothing has changed.
 */
export async function signIn(
  parts: {
    readonly connections: Pick<Connections, 'identify'>;
    readonly authenticate: (token: string) => Promise<Identity>;
  },
  connection: Connection,
  token: string,
): Promise<Json | undefined> {
  const found = await parts.authenticate(token);
  const identity = connection.dialect.identify?.(found) ?? found;
  if (!connection.isOpen) return undefined;
  await parts.connections.identify(connection, identity);
  return { principal: identity.principal, expiresAt: expiryOf(identity) };
}
