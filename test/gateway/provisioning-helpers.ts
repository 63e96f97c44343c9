import type { ClientOptions } from 'ws';
import { connect, type TestClient } from '../support/client.ts';
import type { TestNode } from '../support/node.ts';

export const PLAIN = { roles: [] };

/** An event as a publisher writes it. */
export function anEvent(event_type: string, data: object = {}, metadata: object = {}): object {
  return { event_type, timestamp: '2025-10-02T07:15:09Z', data, metadata };
}

/** Connects to a provisioning socket, as an admin unless a token is given. The token `''` sends none. */
export async function provisioningClient(
  node: TestNode,
  target = '/ws',
  token?: string,
  options?: ClientOptions,
): Promise<TestClient> {
  const url = new URL(target, node.url.replace('http', 'ws'));
  const given = token ?? (await node.token());
  if (given !== '') url.searchParams.set('token', given);
  return connect(url.href, options);
}

/** Publishes one event or a list by HTTP in any format, as an admin. */
export async function publish(node: TestNode, body: unknown, query = ''): Promise<void> {
  const response = await fetch(`${node.url}/api/v3/events?token=${await node.token()}${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (response.status !== 204) throw new Error(`refused with ${response.status} ${await response.text()}`);
}

/**
 * The frames of everything that was published until now. Any change of the subscriptions, even an empty one, first
 * sends what waits.
 */
export async function heardSoFar(client: TestClient): Promise<Record<string, unknown>[]> {
  client.send({ type: 'unsubscribe', events: ['nothing at all'] });
  const heard: Record<string, unknown>[] = [];
  for (;;) {
    const frame = await client.next();
    if (frame['type'] === 'unsubscribed') return heard;
    heard.push(frame);
  }
}
