import { connect as connectTcp } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, drpClient, nativeClient, type TestClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';

const CONNECTIONS = 1_000;

function publish(node: TestNode, token: string, events: readonly object[]): Promise<Response> {
  return fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
}

/** A socket that shakes hands, subscribes, and then never reads again. */
async function stalledReader(node: TestNode, token: string, pattern: string): Promise<void> {
  const { hostname, port } = new URL(node.url);
  const socket = connectTcp(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const key = Buffer.alloc(16).toString('base64');
  const lines = [
    `GET /native/ws?token=${token}&pattern=${pattern} HTTP/1.1`,
    `Host: ${hostname}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
  ];
  socket.write([...lines, `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13', '', ''].join('\r\n'));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
}

describe('an event for many connections', () => {
  it('is encoded and framed once for each dialect, however many of 1,000 connections hear it', async () => {
    const node = await startNode();
    const token = await node.token();
    const clients: TestClient[] = [];
    for (let n = 0; n < CONNECTIONS / 2; n++) {
      clients.push(
        await nativeClient(node.url, token, ['machines.*.*']),
        await drpClient(node.url, token, ['machines.*.*']),
      );
    }
    const { encodes, frames } = node.hub.stats;
    await publish(node, token, [{ type: 'machines', action: 'update', key: 'web-1', object: { ok: true } }]);
    const heard = await Promise.all(clients.map((client) => client.next()));
    expect(heard.filter(({ key, Key }) => (key ?? Key) === 'web-1')).toHaveLength(CONNECTIONS);
    expect([node.hub.stats.encodes - encodes, node.hub.stats.frames - frames]).toEqual([2, 2]);
  }, 60_000);

  it('reaches 999 clients undisturbed when one never reads, and that one is closed with 4008 within its bound', async () => {
    const node = await startNode({ BELFRY_WRITE_TIMEOUT_MS: '60000' });
    const token = await node.token();
    const clients: TestClient[] = [];
    for (let n = 0; n < CONNECTIONS - 1; n++) {
      clients.push(
        await connect(`${node.url.replace('http', 'ws')}/native/ws?token=${token}&pattern=logs.*.*`),
      );
    }
    await Promise.all(clients.map((client) => client.next()));
    const counts = clients.map(() => 0);
    for (const [index, { ws }] of clients.entries()) {
      ws.removeAllListeners('message');
      ws.on('message', () => (counts[index] = (counts[index] ?? 0) + 1));
    }
    await stalledReader(node, token, 'logs.*.*');
    await expect.poll(() => node.hub.connections.size).toBe(CONNECTIONS);

    const line = 'x'.repeat(8_000);
    let published = 0;
    while (node.hub.stats.slowCloses === 0) {
      expect(published).toBeLessThan(5_000);
      await publish(
        node,
        token,
        Array.from({ length: 20 }, (_, n) => ({
          type: 'logs',
          action: 'line',
          key: String(published + n),
          object: line,
        })),
      );
      published += 20;
      await expect.poll(() => counts.every((count) => count >= published), { timeout: 20_000 }).toBe(true);
    }
    expect(node.hub.connections.size).toBe(CONNECTIONS - 1);
    expect(counts.every((count) => count === published)).toBe(true);
    expect(node.hub.stats.slowCloses).toBe(1);
    const { received, delivered, droppedSlow } = node.hub.stats.total;
    expect(received).toBe(delivered + droppedSlow);
  }, 120_000);

  it('disturbs no client that reads, however much arrives at once', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=drp,127.0.0.1:0=drp+tls' });
    const token = await node.token();
    const clients: TestClient[] = [];
    for (const { url } of node.listening) {
      for (let n = 0; n < 10; n++) clients.push(await drpClient(url, token, ['files.*.*']));
    }
    const events = Array.from({ length: 7 }, (_, n) => ({
      type: 'files',
      action: 'save',
      key: String(n),
      object: 'x'.repeat(900_000),
    }));
    expect((await publish(node, token, events)).status).toBe(204);
    for (const client of clients) {
      for (const { key } of events) expect(await client.next()).toMatchObject({ Key: key });
    }
    expect(node.hub.stats.slowCloses).toBe(0);
  }, 60_000);
});
