import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connect } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';

const urlOf = (node: TestNode, path = '/native/ws'): string => `${node.url.replace('http', 'ws')}${path}`;

/** The result that a browser would see: the chosen subprotocol, or that the socket did not open. */
function offer(url: string, protocols: readonly string[]): Promise<string> {
  const ws = new WebSocket(url, [...protocols]);
  return new Promise((resolve) => {
    ws.on('open', () => {
      resolve(ws.protocol);
      ws.terminate();
    });
    ws.on('error', (error) => resolve(error.message));
  });
}

it('native answers with its own subprotocol, whatever its name and place in the offer', async () => {
  const node = await startNode();
  expect(await offer(urlOf(node), ['json'])).toBe('json');
  expect(await offer(urlOf(node), ['belfry.v1'])).toBe('belfry.v1');
  expect(await offer(urlOf(node), ['soap', 'json', 'belfry.v1'])).toBe('belfry.v1');
  expect(await offer(urlOf(node), ['soap'])).toBe('Server sent no subprotocol');
  expect(await offer(urlOf(node, '/norn/ws'), ['json'])).toBe('Server sent no subprotocol');
});

it('a token among the subprotocols says who a page is, and is never the answer', async () => {
  const node = await startNode();
  const token = `belfry.token.${await node.token('ada', { subscribe: ['a.*.*'] })}`;
  const client = await connect(urlOf(node), {}, [token, 'belfry.v1']);
  expect(client.ws.protocol).toBe('belfry.v1');
  client.send({ id: 1, command: 'subscribe', patterns: ['a.*.*'] });
  expect(await client.next()).toMatchObject({ action: 'subscribe' });
  expect([...node.hub.connections].map(({ identity }) => identity.principal)).toEqual(['user:ada']);
  expect(await offer(urlOf(node), [token])).toBe('Server sent no subprotocol');
  expect(await offer(urlOf(node), ['belfry.v1', 'belfry.token.x.y.z'])).toContain('401');
});

it('a socket that has not signed in yet is cut before a large frame of it is whole', async () => {
  const node = await startNode();
  const client = await connect(urlOf(node));
  const [connection] = node.hub.connections;
  client.ws.send('x'.repeat(900_000));
  expect(await client.closed).toMatchObject({ code: 1009, reason: 'more than 4096 bytes before signing in' });
  expect(connection?.isOpen).toBe(false);
  const later = await connect(urlOf(node));
  later.send({ id: 1, command: 'auth', token: await node.token() });
  later.send({
    id: 2,
    command: 'publish',
    events: [{ type: 'a', action: 'b', key: 'c', object: 'x'.repeat(900_000) }],
  });
  expect(await later.next()).toMatchObject({ action: 'auth', key: '1' });
  expect(await later.next()).toMatchObject({ action: 'publish', key: '2' });
});

it.each(['soap,,xmpp', ',', '', ' ,json.v2 ,'])('"%s" is a valid offer of subprotocols', async (offered) => {
  const node = await startNode();
  const headers = { 'Sec-WebSocket-Protocol': offered };
  const client = await connect(`${urlOf(node)}?token=${await node.token()}`, { headers });
  expect(client.ws.protocol).toBe('');
});
