import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { signToken } from '../../src/app-token.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { anEvent, publish } from './provisioning-helpers.ts';

type Frame = {
  readonly type?: string;
  readonly event_type?: string;
  readonly timestamp?: string;
  readonly data?: Record<string, unknown>;
  readonly code?: number;
};

/**
 * The browser client of the platform's API reference: the same calls in the same order, the token in the URL, an
 * application's ping as the heartbeat, no messages while it connects, and only frames with an event type handled.
 */
class DocumentedClient {
  ws: WebSocket | undefined;
  /** The calls of handlers in their order, with the names under which they were registered. */
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
    ws.on('close', (code) => {
      clearInterval(this.#heartbeat);
      this.#emit('disconnected', { code });
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
  it('receives everything that it has handlers for, although its first subscribe comes too early to be sent', async () => {
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

  it.each([2, 20])('calls its handler for each of %i events that are published at once', async (count) => {
    const [node, client] = await start([]);
    client.connect();
    await expect.poll(() => client.count('connected')).toBe(1);
    const tasks = Array.from({ length: count }, (_none, n) => ({ task_id: `t${n}`, status: 'Running' }));
    await publish(
      node,
      tasks.map((task) => anEvent('TaskStatusChanged', task)),
    );
    await expect.poll(() => client.count('TaskStatusChanged')).toBe(count);
    const cards = client.handled.filter(([name]) => name === 'TaskStatusChanged').map(([, { data }]) => data);
    expect(cards).toEqual(tasks);
  });

  it('subscribes, filters and unsubscribes once it is connected, and ignores the answers', async () => {
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

  it('keeps its own heartbeat going', async () => {
    const [, client] = await start([]);
    client.connect();
    await expect.poll(() => client.pongs).toBeGreaterThanOrEqual(3);
    expect(client.count('disconnected')).toBe(0);
  });

  it('reconnects by itself after the connection broke, and goes on receiving', async () => {
    const [node, client] = await start([], { reconnectMs: 20 });
    client.connect();
    await expect.poll(() => client.count('connected')).toBe(1);
    for (const connection of node.hub.connections)
      connection.close({ code: 1001, reason: 'test', retry: 'spread' });
    await expect.poll(() => client.count('connected')).toBe(2);
    await publish(node, anEvent('MetricUpdate', { value: 1 }));
    await expect.poll(() => client.count('MetricUpdate')).toBe(1);
  });

  it('may send its token after it is connected, as the reference shows', async () => {
    const [node, client] = await start([]);
    client.connect();
    await expect.poll(() => client.count('connected')).toBe(1);
    client.send({ type: 'auth', token: await node.token() });
    await expect.poll(() => client.pongs).toBeGreaterThanOrEqual(2);
    await publish(node, anEvent('SystemHealthUpdate'));
    await expect.poll(() => client.count('SystemHealthUpdate')).toBe(1);
  });

  it('gets an error and an end when its token is bad', async () => {
    const [node] = await start([]);
    const client = new DocumentedClient(`${node.url.replace('http', 'ws')}/ws?token=bad`);
    client.connect();
    await expect.poll(() => client.handled.map(([name]) => name)).toEqual(['error', 'disconnected']);
  });

  it('learns by the code 1001 that the node is going away', async () => {
    const [node, client] = await start([]);
    client.connect();
    await expect.poll(() => client.count('connected')).toBe(1);
    await node.stop();
    await expect.poll(() => client.handled.at(-1)).toEqual(['disconnected', { code: 1001 }]);
  });

  it('gets its own normal end answered with 1000', async () => {
    const [, client] = await start([]);
    client.connect();
    await expect.poll(() => client.count('connected')).toBe(1);
    client.ws?.close(1000);
    await expect.poll(() => client.handled.at(-1)).toEqual(['disconnected', { code: 1000 }]);
  });
});

interface Dashboard {
  readonly TaskStatusChanged: { task_id: string; status: string; progress: number };
  readonly BatchOperationUpdate: {
    batch_id: string;
    progress: number;
    operations: { id: string; status: string; progress: number }[];
  };
  readonly SystemHealthUpdate: {
    overall_status: string;
    metrics: { cpu_usage: number; memory_usage: number; disk_usage: number; active_workflows: number };
  };
  readonly WorkflowProgressUpdate: {
    workflow_id: string;
    progress: number;
    current_step: string;
    completed_steps: number;
    total_steps: number;
    estimated_time_remaining: number;
  };
  readonly LogEntry: { level: string; component: string; message: string };
}

/** What the dashboard of the reference shows, by the fields that it reads. */
const SHOWN: { [Type in keyof Dashboard]: (data: Dashboard[Type], timestamp: string) => string } = {
  TaskStatusChanged: ({ task_id: id, status, progress }) => `${id} ${status.toLowerCase()} ${progress}%`,
  BatchOperationUpdate: ({ batch_id: id, progress, operations }) =>
    [`${id} ${progress}%`, ...operations.map((each) => `${each.id} ${each.status} ${each.progress}%`)].join(),
  SystemHealthUpdate: ({ overall_status: status, metrics }) =>
    `${status.toLowerCase()} ${metrics.cpu_usage} ${metrics.memory_usage} ${metrics.disk_usage} ${metrics.active_workflows}`,
  WorkflowProgressUpdate: (data) =>
    `${data.workflow_id} ${data.progress}% ${data.current_step} (${data.completed_steps}/${data.total_steps}) ${data.estimated_time_remaining} s`,
  LogEntry: ({ level, component, message }, timestamp) =>
    `${new Date(timestamp).toISOString()} ${level.toLowerCase()} ${component} ${message}`,
};

describe('the documented dashboard', () => {
  it('shows every field that it reads of the five events that it is for', async () => {
    const [node, client] = await start(['admin']);
    client.connect();
    await expect.poll(() => client.count('connected')).toBe(1);
    const events: [keyof Dashboard, object, string][] = [
      ['TaskStatusChanged', { task_id: 't1', status: 'Running', progress: 12.5 }, 't1 running 12.5%'],
      [
        'BatchOperationUpdate',
        { batch_id: 'b1', progress: 50, operations: [{ id: 'oslo', status: 'Completed', progress: 100 }] },
        'b1 50%,oslo Completed 100%',
      ],
      [
        'SystemHealthUpdate',
        {
          overall_status: 'Warning',
          metrics: { cpu_usage: 71.5, memory_usage: 812, disk_usage: 40.1, active_workflows: 3 },
        },
        'warning 71.5 812 40.1 3',
      ],
      [
        'WorkflowProgressUpdate',
        {
          workflow_id: 'w1',
          progress: 25,
          current_step: 'Ordering',
          completed_steps: 1,
          total_steps: 4,
          estimated_time_remaining: 90,
        },
        'w1 25% Ordering (1/4) 90 s',
      ],
      [
        'LogEntry',
        { level: 'WARN', component: 'dns', message: 'zone expires' },
        '2025-10-02T07:15:09.000Z warn dns zone expires',
      ],
    ];
    for (const [type, data] of events) await publish(node, anEvent(type, data));
    for (const [type] of events) await expect.poll(() => client.count(type)).toBe(1);
    const heard = client.handled.filter(([name]) => name in SHOWN);
    expect(
      heard.map(([name, { data, timestamp = '' }]) =>
        SHOWN[name as keyof Dashboard](data as never, timestamp),
      ),
    ).toEqual(events.map(([, , shown]) => shown));
  });
});
