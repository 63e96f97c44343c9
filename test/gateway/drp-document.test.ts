import { describe, expect, it } from 'vitest';
import { drpClient, type TestClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';

async function post(
  node: TestNode,
  Type: string,
  Action: string,
  Key: string,
  Object: object,
): Promise<void> {
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ Type, Action, Key, Object }),
  });
  expect(response.status).toBe(204);
}

/** The next event, written as a filter, with its object. */
async function next(client: TestClient): Promise<[filter: string, object: unknown]> {
  const { Type, Action, Key, Object } = (await client.next()) as Record<string, string>;
  return [`${Type}.${Action}.${Key}`, Object];
}

async function say(client: TestClient, command: 'register' | 'deregister', filter: string): Promise<void> {
  client.send(`${command} ${filter}`);
  expect(await client.next()).toMatchObject({ Type: 'websocket', Action: command, Key: filter });
}

describe('the example in the document of drp', () => {
  it('works: a parameter is set on the global profile and removed, and each change is received as a save', async () => {
    const node = await startNode();
    const client = await drpClient(node.url, await node.token(), []);
    await say(client, 'register', 'profiles.*.*');
    const profile = (Params: object): object => ({ Validated: true, Errors: [], Name: 'global', Params });
    const set = profile({ colour: 'teal', 'kernel-console': 'console=ttyS0' });
    const removed = profile({ 'kernel-console': 'console=ttyS0' });
    await post(node, 'profiles', 'save', 'global', set);
    await post(node, 'machines', 'save', 'm1', {});
    await post(node, 'profiles', 'save', 'global', removed);
    expect(await next(client)).toEqual(['profiles.save.global', set]);
    expect(await next(client)).toEqual(['profiles.save.global', removed]);
  });

  it('registers *.*.* for everything that the user may see, whatever the action', async () => {
    const node = await startNode();
    const token = await node.token('ann', { subscribe: ['profiles.*.*', 'machines.*.m1'] });
    const client = await drpClient(node.url, token, []);
    await say(client, 'register', '*.*.*');
    await post(node, 'users', 'create', 'ann', {});
    await post(node, 'machines', 'update', 'm2', {});
    for (const action of ['create', 'save', 'update', 'destroy']) {
      await post(node, 'machines', action, 'm1', { Name: action });
      expect(await next(client)).toEqual([`machines.${action}.m1`, { Name: action }]);
    }
  });

  it('registers many filters by type, action and key, and deregisters each one separately', async () => {
    const node = await startNode();
    const client = await drpClient(node.url, await node.token(), []);
    await say(client, 'register', 'machines.create.*');
    await say(client, 'register', 'profiles.*.global');
    await say(client, 'register', '*.destroy.*');
    await post(node, 'machines', 'create', 'm1', {});
    await post(node, 'profiles', 'update', 'global', {});
    await post(node, 'leases', 'destroy', '7f000001', {});
    for (const heard of ['machines.create.m1', 'profiles.update.global', 'leases.destroy.7f000001'])
      expect((await next(client))[0]).toBe(heard);
    await say(client, 'deregister', 'machines.create.*');
    await post(node, 'machines', 'create', 'm2', {});
    await post(node, 'profiles', 'update', 'other', {});
    await post(node, 'machines', 'destroy', 'm2', {});
    expect((await next(client))[0]).toBe('machines.destroy.m2');
  });
});
