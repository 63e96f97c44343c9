import { onTestFinished } from 'vitest';
import { withHub, type Session } from '../../../src/clients/cli/session.ts';
import { hookOf, type WrittenHook } from '../../../src/sources/webhook/hooks-config.ts';
import { HookReceiver } from '../../../src/sources/webhook/receiver.ts';
import { HookServer } from '../../../src/sources/webhook/hook-server.ts';
import { ManualClock } from '../../support/clock.ts';
import { startNode, type TestNode } from '../../support/node.ts';

export interface Hooks {
  readonly node: TestNode;
  readonly url: string;
  readonly port: number;
  readonly clock: ManualClock;
  /** What was said of refused deliveries. */
  readonly refused: string[];
  readonly behind: Map<string, string>;
  readonly post: (path: string, body: string | Buffer, headers?: Record<string, string>) => Promise<Answer>;
  /** The events that the hub has. */
  readonly heard: () => Promise<Record<string, unknown>[]>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly id?: string; readonly error?: string; readonly duplicate?: boolean };
}

export interface Options {
  readonly maxBytes?: number;
  readonly now?: string;
  readonly settings?: Record<string, string>;
  /** Publishes in place of the hub. */
  readonly publish?: Session['publish'];
  /** How long a delivery may take, in milliseconds. */
  readonly withinMs?: number;
}

/** A source of webhooks in this process with one hook for each check, whose secrets are these, and a hub. */
export async function startHooks(
  hooks: Readonly<
    Record<string, Omit<WrittenHook, 'secretEnv' | 'secretFile'> & { readonly secrets: string }>
  >,
  { maxBytes = 1_048_576, now = new Date().toISOString(), settings = {}, publish, withinMs }: Options = {},
): Promise<Hooks> {
  const node = await startNode(settings);
  const session = await sessionOf(node);
  const clock = new ManualClock(now);
  const behind = new Map<string, string>();
  const refused: string[] = [];
  const receiver = new HookReceiver({
    name: 'webhook-test',
    session: { publish: publish ?? ((...args) => session.publish(...args)) },
    health: {
      behind: (part, why) => void behind.set(part, why),
      caughtUp: (part) => void behind.delete(part),
    },
    clock,
  });
  const written = Object.entries(hooks).map(([name, { secrets, ...hook }]) => {
    process.env[`TEST_SECRET_${name}`] = secrets;
    return hookOf(name, { ...hook, secretEnv: `TEST_SECRET_${name}` });
  });
  const server = new HookServer({
    hooks: new Map(written.map((hook) => [hook.name, hook])),
    maxBytes,
    ...(withinMs !== undefined && { withinMs }),
    begin: (head) => receiver.begin(head),
    told: (hook, status, why) => void (why !== undefined && refused.push(`${hook ?? ''} ${status} ${why}`)),
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  const url = `http://127.0.0.1:${server.port}`;
  return {
    node,
    url,
    port: server.port,
    clock,
    refused,
    behind,
    async post(path, body, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Connection: 'close', ...headers },
        body,
      });
      return {
        status: response.status,
        headers: response.headers,
        body: (await response.json()) as Answer['body'],
      };
    },
    async heard() {
      const { events } = await session.read<{ events: Record<string, unknown>[] }>(
        'api/v3/events?pattern=*.*.*&since=0-0',
      );
      return events.filter(({ type }) => !['connections', 'presence'].includes(String(type)));
    },
  };
}

async function sessionOf(node: TestNode): Promise<Session> {
  const token = await node.token();
  const { promise, resolve } = Promise.withResolvers<Session>();
  const end = Promise.withResolvers<void>();
  const closed = withHub({ url: node.url, token }, async (session) => {
    resolve(session);
    await end.promise;
  });
  onTestFinished(async () => {
    end.resolve();
    await closed;
  });
  return promise;
}
