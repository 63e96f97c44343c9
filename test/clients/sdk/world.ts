import { onTestFinished } from 'vitest';
import { systemEnvironment, type Environment } from '../../../src/clients/sdk/environment.ts';
import { Hub, type HubOptions } from '../../../src/clients/sdk/hub.ts';
import type { Item } from '../../../src/clients/sdk/item.ts';
import type { Listener } from '../../../src/clients/sdk/listener.ts';
import type { Connection } from '../../../src/hub/connection.ts';
import { startNode, type TestNode } from '../../support/node.ts';

/** A client of this node with the rights of an admin. It ends with the test. */
export function clientOf(
  node: TestNode,
  options: HubOptions = {},
  environment: Partial<Environment> = {},
): Hub {
  const hub = new Hub(
    node.url,
    { token: () => node.token(), ...options },
    { ...systemEnvironment(), ...environment },
  );
  onTestFinished(() => hub.close());
  return hub;
}

/** A node and a client of it. */
export async function startWorld(
  settings: Record<string, string> = {},
  environment: Partial<Environment> = {},
): Promise<{ node: TestNode; hub: Hub }> {
  const node = await startNode(settings);
  return { node, hub: clientOf(node, {}, environment) };
}

/** Publishes without the client, and resolves with the ids. */
export async function publishTo(node: TestNode, ...topics: readonly string[]): Promise<string[]> {
  const events = topics.map((topic) => {
    const [type = '', action = '', key = ''] = topic.split('.');
    return { type, action, key, object: { n: key } };
  });
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  return (response.headers.get('Belfry-Event-Ids') ?? '').split(',');
}

/** The sockets that the node holds. */
export function socketsOf(node: TestNode): Connection[] {
  return [...node.hub.connections];
}

/** The next items of this number: the key of an event, or the gap. */
export async function take(listener: Listener, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  while (taken.length < count) {
    const { value, done } = (await listener.next()) as { value: Item; done: boolean };
    if (done) return [...taken, 'end'];
    taken.push(value.gap ?? value.key);
  }
  return taken;
}
