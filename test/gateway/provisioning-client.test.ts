import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { signToken } from '../../src/app.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { anEvent, publish } from './provisioning-helpers.ts';

type Frame = {
  readonly type?: string;
  readonly event_type?: string;
  readonly data?: Record<string, unknown>;
};

/**
 * A browser's client as the API reference of the platform shows it: the same calls in the same order, the token in the
 * URL, an application's ping as heartbeat, nothing sent while it connects, and only frames with an event type handled.
 */
class DocumentedClient {
  ws: WebSocket | undefined;
  /** What handlers were called with, by the name they were registered under, in order. */
  readonly handled: [name: string, event: Frame][] = [];
  readonly warnings: string[] = [];
  pongs = 0;
  readonly #url: string;
  readonly #reconnectMs: number;
  #heartbeat: NodeJS.Timeout | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #reconnects = true;

  constructor(url: string, { reconnectMs = 5_000 } = {}) {
    this.#url = url;
    this.#reconnectMs = reconnectMs;
    onTestFinished(() => this.disconnect());
  }

  connect(): void {
    const ws = new WebSocket(this.#url, { perMessageDeflate: true });
    this.ws = ws;
    ws.on('open', () => {
      this.#heartbeat = setInterval(() => this.send({ type: 'ping' }), 50);
      this.#emit('connected', {});
    });
    ws.on('message', (data: Buffer) => this.#handle(JSON.parse(data.toString()) as Frame));
    ws.on('close', () => {
      clearInterval(this.#heartbeat);
      this.#emit('disconnected', {});
      if (this.#reconnects) this.#reconnect = setTimeout(() => this.connect(), this.#reconnectMs);
    });
    ws.on('error', () => this.#emit('error', {}));
  }

  send(message: object): void {
    if (this.ws?.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(message));
    else this.warnings.push('not connected, message not sent');
  }

  subscribe(events: readonly string[]): void {
    this.send({ type: 'subscribe', events });
  }

  unsubscribe(events: readonly string[]): void {
    this.send({ type: 'unsubscribe', events });
  }

  disconnect(): void {
    this.#reconnects = false;
    clearTimeout(this.#reconnect);
    this.ws?.close();
  }

  count(name: string): number {
    return this.handled.filter(([handled]) => handled === name).length;
  }

  #handle(message: Frame): void {
    if (message.type === 'pong') this.pongs++;
    else if (message.event_type) this.#emit(message.event_type, message);
  }

  #emit(name: string, event: Frame): void {
    this.handled.push([name, event]);
  }
}

async function start(
  roles: string[],
  more: { reconnectMs?: number } = {},
): Promise<[TestNode, DocumentedClient]> {
  const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=provisioning' });
  const token = await signToken(node.config, { subject: 'ann', roles, ttlS: 600 });
  return [node, new DocumentedClient(`${node.url.replace('http', 'ws')}/ws?token=${token}`, more)];
}

describe('the documented client', () => {
  it('is told everything it has handlers for, though its first subscribe comes too soon to be sent', async () => {
    const [node, client] = await start(['admin']);
    client.connect();
    client.subscribe(['TaskStatusChanged', 'WorkflowProgressUpdate']);
    expect(client.warnings).toEqual(['not connected, message not sent']);
    await expect.poll(() => client.count('connected')).toBe(1);
    const dashboard = [
      'TaskStatusChanged',
      'BatchOperationUpdate',
      'SystemHealthUpdate',
      'WorkflowProgressUpdate',
      'LogEntry',
    ];
    for (const type of dashboard) await publish(node, anEvent(type, { status: 'Running' }));
    for (const type of dashboard) await expect.poll(() => client.count(type)).toBe(1);
    expect(client.handled.at(-1)?.[1]).toEqual(anEvent('LogEntry', { status: 'Running' }));
  });

  it('subscribes, filters and unsubscribes once it is connected, and passes over the answers', async () => {
    const [node, client] = await start([]);
    client.connect();
    await expect.poll(() => client.count('connected')).toBe(1);
    client.subscribe(['TaskStatusChanged', 'WorkflowProgressUpdate']);
    client.send({
      type: 'subscribe',
      events: ['TaskStatusChanged'],
      filters: { task_name: 'resize_disk', status: ['Running', 'Completed', 'Failed'] },
    });
    client.unsubscribe(['WorkflowProgressUpdate']);
    const answered = client.pongs + 2;
    await expect.poll(() => client.pongs).toBeGreaterThanOrEqual(answered);
    await publish(node, anEvent('WorkflowProgressUpdate'));
    await publish(node, anEvent('TaskStatusChanged', { name: 'other', status: 'Running' }));
    await publish(node, anEvent('TaskStatusChanged', { name: 'resize_disk', status: 'Running' }));
    await expect.poll(() => client.count('TaskStatusChanged')).toBe(1);
    expect(client.handled.map(([name]) => name)).toEqual(['connected', 'TaskStatusChanged']);
  });

  it('keeps its heart beating', async () => {
    const [, client] = await start([]);
    client.connect();
    await expect.poll(() => client.pongs).toBeGreaterThanOrEqual(3);
    expect(client.count('disconnected')).toBe(0);
  });

  it('comes back by itself after the connection broke, and hears on', async () => {
    const [node, client] = await start([], { reconnectMs: 20 });
    client.connect();
    await expect.poll(() => client.count('connected')).toBe(1);
    for (const connection of node.hub.connections)
      connection.close({ code: 1001, reason: 'test', retry: true });
    await expect.poll(() => client.count('connected')).toBe(2);
    await publish(node, anEvent('MetricUpdate', { value: 1 }));
    await expect.poll(() => client.count('MetricUpdate')).toBe(1);
  });

  it('may send its token again once it is connected, as the reference shows', async () => {
    const [node, client] = await start([]);
    client.connect();
    await expect.poll(() => client.count('connected')).toBe(1);
    client.send({ type: 'auth', token: await node.token() });
    await expect.poll(() => client.pongs).toBeGreaterThanOrEqual(2);
    await publish(node, anEvent('SystemHealthUpdate'));
    await expect.poll(() => client.count('SystemHealthUpdate')).toBe(1);
  });

  it('meets an error and an end when its token is bad', async () => {
    const [node] = await start([]);
    const client = new DocumentedClient(`${node.url.replace('http', 'ws')}/ws?token=bad`);
    client.connect();
    await expect.poll(() => client.handled.map(([name]) => name)).toEqual(['error', 'disconnected']);
  });
});
