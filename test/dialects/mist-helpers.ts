import { readRetained } from '../../src/broker/broker.ts';
import { expect } from 'vitest';
import { Refusal, type Session, type OpenRequest } from '../../src/dialects/dialect.ts';
import { mist } from '../../src/dialects/mist.ts';
import { BelfryError } from '../../src/model/errors.ts';
import type { HubEvent } from '../../src/model/event.ts';
import type { Identity } from '../../src/model/principal.ts';
import { anEvent, anIdentity, settled, type TestConnection, type TestHub } from '../support/connection.ts';

export const RUNNING = anEvent({
  type: 'container',
  action: 'status',
  key: '7',
  object: { container: 'mist-app-7', state: 'running', status: 'Up' },
});
export const STOPPED = {
  ...RUNNING,
  object: { container: 'mist-app-7', state: 'exited', status: 'Exited (0)' },
};
export const DEPLOYING = anEvent({
  type: 'deployment',
  action: 'status',
  key: '42',
  object: { status: 'building' },
});

interface World {
  readonly caller?: Identity | BelfryError;
  readonly kept?: readonly HubEvent[];
  readonly now?: number;
  readonly retained?: OpenRequest['retained'];
}

/** Opens a stream for a caller that has the grants which Mist itself gives. */
export async function open(url: string, world: World = {}): Promise<Session> {
  const { caller = anIdentity(), kept = [], now = Date.parse('2025-01-15T10:30:00.5Z') } = world;
  const [path = '', query] = url.split('?');
  return mist.open({
    path,
    query: new URLSearchParams(query),
    caller: caller instanceof BelfryError ? caller : (mist.identify?.(caller) ?? caller),
    now,
    anonymous: true,
    settings: { nornAllowedOrigins: [], dorguInboundMaxBytes: 512, cloudeventsSource: '/belfry' },
    retained:
      world.retained ??
      (async ({ type, action, key, count }) =>
        kept
          .filter((event) => event.type === type && event.action === action && event.key === key)
          .slice(-count)),
  });
}

export async function refused(url: string, world?: World): Promise<Refusal> {
  const thrown: unknown = await open(url, world).catch((error: unknown) => error);
  if (thrown instanceof Refusal) return thrown;
  throw new Error('was not refused', { cause: thrown });
}

/** Every message that a client is sent whose stream ends after them. */
export async function told(url: string, world?: World): Promise<unknown[]> {
  const { subscriptions, first = [], encoding, closeAfterMs } = await open(url, world);
  expect({ subscriptions, closeAfterMs }).toEqual({ subscriptions: [], closeAfterMs: 0 });
  return first.map((event) => JSON.parse(encoding?.encode(event) ?? 'null') as unknown);
}

export function matches(
  { subscriptions }: Session,
  type: string,
  key: string,
  actions: readonly string[],
): string[] {
  const heard = (action: string): boolean =>
    subscriptions.some(({ pattern }) => pattern.matches({ type, action, key }));
  return actions.filter(heard);
}

/** The body of a refusal in JSON. */
export const json = (message: string, error: unknown): object => ({
  success: false,
  data: null,
  message,
  error,
});
export const anyText = expect.any(String) as string;

/**
 * Opens a stream as the gateway does. `upgrading` runs between the questions of the handshake and the first message.
 */
export async function begin(
  { broker, clock, commands, connect }: TestHub,
  url: string,
  upgrading = (): void => {},
  caller?: Identity,
): Promise<TestConnection> {
  const retained: OpenRequest['retained'] = async (query) => (await readRetained(broker, 0, [query])).events;
  const session = await open(url, { now: clock.now(), retained, ...(caller && { caller }) });
  upgrading();
  const client = connect({ dialect: mist, ...session });
  commands.open(client.connection, session);
  await settled();
  return client;
}

/** The messages that a client was sent since the last call: `log 3`, `status running`, `stats 1.5`, `end`. */
export function briefly(client: TestConnection): string[] {
  return client.takeTexts().map((text) => {
    const { type, data } = JSON.parse(text) as { type: string; data: Record<string, string> };
    const said = data['line'] ?? data['state'] ?? data['status'] ?? data['cpu_percent'];
    return [type, said].join(' ').trim();
  });
}
