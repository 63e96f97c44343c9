import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { certificate } from '../../src/gateway/http/certificate.ts';
import { DrpClient, ProvisioningClient } from '../support/migrating-clients.ts';
import { startNode, TEST_SECRET, type TestNode } from '../support/node.ts';
import { startOldServer } from '../support/old-server.ts';
import { MAIN } from '../support/process.ts';
import { MigrationGuide } from './migration-guide.ts';

/** The address in the text of a client, in which the hosts of the guide stand for these. */
function addressIn(text: string, hosts: Readonly<Record<string, string>>): string {
  const [, scheme = '', name = ''] = /(\w+:\/\/)([\w.]+):\d+/.exec(text) ?? [];
  const host = hosts[name];
  if (host === undefined) throw new Error(`no server stands for ${name}`);
  return scheme + host;
}

/** The line of a client before the guide, after its step, and after the step back, which is the line before it. */
function linesOf(guide: MigrationGuide): { today: string; moved: string; back: string } {
  const diff = guide.block('What to point where', 'diff');
  const [, today = ''] = /^-(.*\n)/m.exec(diff) ?? [];
  const moved = guide.moved(today);
  const back = guide.movedBack(moved);
  expect(back).toBe(today);
  return { today, moved, back };
}

async function publish(node: TestNode, event: object): Promise<void> {
  const answer = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(event),
  });
  expect(answer.status).toBe(204);
}

it('the guide from the Provisioning Platform leads its client to the hub and back, with the same token', async () => {
  const guide = new MigrationGuide('provisioning');
  const settings = guide.settings({ PLATFORM_SECRET: TEST_SECRET });
  const node = await startNode({ ...settings, BELFRY_LISTEN: guide.listener });
  const old = await startOldServer(['/ws'], (message) =>
    message === '{"type":"ping"}' ? '{"type":"pong"}' : undefined,
  );
  const token = await node.token('ada');
  const hosts = { 'provisioning.internal': new URL(old.url).host, 'hub.internal': new URL(node.url).host };
  const event = (task_id: string): object => ({
    event_type: 'TaskStatusChanged',
    timestamp: '2026-01-15T10:30:00Z',
    data: { task_id, status: 'running' },
  });
  const sockets = (): unknown => ({ old: old.open(), hub: [...node.hub.connections].length });
  const { today, moved, back } = linesOf(guide);

  for (const { line, where } of [
    { line: today, where: { old: ['/ws'], hub: 0 } },
    { line: moved, where: { old: [], hub: 1 } },
    { line: back, where: { old: ['/ws'], hub: 0 } },
  ]) {
    const client = new ProvisioningClient(addressIn(line, hosts), token);
    await expect.poll(() => client.pongs).toBe(1);
    await expect.poll(sockets).toEqual(where);
    await expect.poll(() => [...node.hub.connections].every(({ cohort }) => cohort !== undefined)).toBe(true);
    old.broadcast(JSON.stringify(event(line)));
    await publish(node, event(line));
    await expect.poll(() => client.heard).toMatchObject([event(line)]);
    client.disconnect();
    await expect.poll(sockets).toEqual({ old: [], hub: 0 });
  }
});

/** A stand-in for DRP: it knows one user, acknowledges registrations, and tells each posted event to all sockets. */
async function startDrp(): Promise<{ host: string; open: () => number }> {
  const { key, cert } = await certificate({});
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer({ key, cert }, (incoming, response) => {
    void (async () => {
      const { url = '', method, headers } = incoming;
      const known = [
        `Bearer a-token-of-drp`,
        `Basic ${Buffer.from('rocketskates:r0cketsk8ts').toString('base64')}`,
      ];
      let body = '';
      for await (const part of incoming) body += String(part);
      response.setHeader('Content-Type', 'application/json');
      if (!known.includes(headers.authorization ?? '')) return response.writeHead(403).end('{"Code":403}');
      if (method === 'POST') {
        for (const ws of sockets.clients) ws.send(body);
        return response.writeHead(204).end();
      }
      return response.end(url.startsWith('/api/v3/users/') ? '{"Token":"a-token-of-drp"}' : '{}');
    })();
  });
  server.on('upgrade', (incoming, socket, head) => {
    if (incoming.headers.authorization !== 'Bearer a-token-of-drp') return void socket.destroy();
    sockets.handleUpgrade(incoming, socket, head, (ws) => {
      ws.on('message', (data: Buffer) => {
        const [command = '', filter] = data.toString().split(' ');
        ws.send(JSON.stringify({ Time: new Date(), Type: 'websocket', Action: command, Key: filter }));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const ws of sockets.clients) ws.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, open: () => sockets.clients.size };
}

/** The users that the commands of the guide make. */
async function usersOf(guide: MigrationGuide): Promise<string> {
  const commands = guide
    .block('What to point where', 'sh')
    .replace('npx belfry serve', 'printf %s "$BELFRY_USERS"');
  const npx = `npx() { shift; '${process.execPath}' '${MAIN}' "$@"; }\n`;
  const { stdout } = await promisify(execFile)('bash', ['-euc', npx + commands], {
    env: { PATH: process.env['PATH'] },
  });
  return stdout;
}

it('the guide from DRP leads drpcli to the hub and back, with its password and whatever token it has kept', async () => {
  const guide = new MigrationGuide('drp');
  const node = await startNode({
    BELFRY_USERS: await usersOf(guide),
    BELFRY_LISTEN: guide.listener,
  });
  const drp = await startDrp();
  const hub = new URL(node.listening[0]?.url ?? '').host;
  const hosts = { 'drp.internal': drp.host, 'hub.internal': hub };
  const { today, moved, back } = linesOf(guide);
  const kept: { token?: string } = {};

  for (const { line, where, refused } of [
    { line: today, where: { drp: 1, hub: 0 }, refused: [] },
    { line: moved, where: { drp: 0, hub: 1 }, refused: [expect.stringMatching(/^\/api\/v3\/info 40[13]$/)] },
    { line: back, where: { drp: 1, hub: 0 }, refused: ['/api/v3/info 403'] },
  ]) {
    const client = new DrpClient(addressIn(line, hosts), kept);
    await client.watch('profiles.*.*');
    expect({ drp: drp.open(), hub: [...node.hub.connections].length }).toEqual(where);
    const event = {
      Type: 'profiles',
      Action: 'save',
      Key: line.trim().length.toString(),
      Object: { Name: line },
    };
    await client.post(event);
    await expect.poll(() => client.heard).toMatchObject([event]);
    expect(client.refused).toEqual(refused);
    client.interrupt();
    await expect.poll(() => drp.open() + [...node.hub.connections].length).toBe(0);
  }
});
