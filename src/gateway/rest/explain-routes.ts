import type { Request, Response } from 'express';
import { eventAt, explain } from '../../hub/explain.ts';
import type { Connection } from '../../hub/connection.ts';
import type { EventLog } from '../../hub/event-log.ts';
import { isCursor } from '../../model/cursor.ts';
import { BelfryError } from '../../model/errors.ts';
import { ADMIN, type Identity } from '../../model/principal.ts';
import { targetOf } from '../sockets/handshake.ts';

export interface ExplainOptions {
  readonly connections: Iterable<Connection>;
  readonly eventLog: Pick<EventLog, 'history' | 'position'>;
  readonly node: string;
}

/** `GET /api/v3/explain?event=<id>&connection=<address or id>`, for administrators: why somebody heard something, or did not. */
export async function getExplanation(
  { connections, eventLog, node }: ExplainOptions,
  request: Request,
  response: Response,
  { principal, roles }: Identity,
): Promise<void> {
  if (!roles.includes(ADMIN))
    throw new BelfryError('forbidden', `${principal} may not look at others. Expected the role ${ADMIN}.`);
  const { query } = targetOf(request);
  const id = query.get('event') ?? '';
  if (!isCursor(id))
    throw new BelfryError(
      'cursor_invalid',
      'The parameter event is no id. Expected that of an event in the log.',
    );
  const address = query.get('connection') ?? '';
  const connection = [...connections].find(
    ({ id: own, remoteAddr }) => own === address || remoteAddr === address,
  );
  if (connection === undefined) {
    throw new BelfryError(
      'not_found',
      `The node ${node} holds no connection "${address.slice(0, 100)}"; another one may. Expected the ip:port or the id of one that is open here.`,
    );
  }
  const event = await eventAt(eventLog, id);
  if (event === undefined)
    throw new BelfryError(
      'not_found',
      `The log has no event ${id}. Expected one that was kept, and is not trimmed.`,
    );
  const { type, action, key } = event;
  const topic = `${type}.${action}.${key}`;
  response.json({ event: id, topic, connection: address, node, ...explain(eventLog, connection, event) });
}
