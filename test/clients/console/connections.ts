import type { HubEvent } from '../../../src/clients/sdk/item.ts';
import type { Connection } from '../../../src/clients/console/src/connections/connection.ts';

/** A connection with some fields of its own. */
export function connectionOf(
  id: string,
  fields: Partial<Connection> = {},
): Connection & { readonly Principal: string } {
  return {
    Type: 'websocket',
    RemoteAddr: `192.0.2.1:${id}`,
    Principal: 'user:ada',
    CreateTime: '2026-11-27T10:00:00.000Z',
    ExpiresAt: null,
    Id: id,
    Node: 'n1',
    Dialect: 'native',
    Patterns: [],
    UserAgent: '',
    ...fields,
  };
}

/** An event about a connection, or about the presence of a principal. */
export function eventOf(topic: string, object: object, more: Partial<HubEvent> = {}): HubEvent {
  const [type = '', action = ''] = topic.split('.');
  return { type, action, key: 'user:ada', time: '2026-11-27T10:00:00.000Z', object, text: '', ...more };
}
