import { Refusal, type Command, type Session } from '../../src/dialects/dialect.ts';
import { provisioning } from '../../src/dialects/provisioning.ts';
import type { BelfryError } from '../../src/model/errors.ts';
import type { HubEvent, NewEvent } from '../../src/model/event.ts';
import { passes } from '../../src/model/filter.ts';
import type { Json } from '../../src/model/json.ts';
import type { Identity } from '../../src/model/principal.ts';
import { anIdentity } from '../support/connection.ts';

export const EVENT_TYPES = [
  'TaskStatusChanged',
  'BatchOperationUpdate',
  'SystemHealthUpdate',
  'WorkflowProgressUpdate',
  'LogEntry',
  'MetricUpdate',
];

export async function open(target: string, caller: Identity | BelfryError = anIdentity()): Promise<Session> {
  const { pathname, searchParams } = new URL(target, 'ws://localhost:9090');
  return provisioning.open({
    path: pathname,
    query: searchParams,
    caller,
    now: 0,
    anonymous: true,
    settings: { nornAllowedOrigins: [], dorguInboundMaxBytes: 512, cloudeventsSource: '/belfry' },
    retained: async () => [],
  });
}

export async function refused(target: string, caller?: BelfryError): Promise<Refusal> {
  const session = await open(target, caller).catch((error: unknown) => error);
  if (session instanceof Refusal) return session;
  throw new Error('was not refused');
}

/** An event of a publisher, as the hub holds it. */
export function published(event_type: string, data: Json, more: object = {}): HubEvent {
  const event = provisioning.publishing?.parse({ event_type, data, ...more }) as NewEvent;
  return { time: '2025-10-02T07:15:09Z', size: 1, ...event };
}

/** Whether one of the subscriptions admits the event. */
export function admits({ subscriptions }: Pick<Session, 'subscriptions'>, event: HubEvent): boolean {
  return subscriptions.some(
    ({ pattern, filters }) => pattern.matches(event) && filters.every((filter) => passes(filter, event)),
  );
}

export function subscribe(events: readonly string[], filters: object): Command & { kind: 'subscribe' } {
  const command = provisioning.decode(JSON.stringify({ type: 'subscribe', events, filters }));
  if (command.kind === 'subscribe') return command;
  throw new Error('is no subscribe');
}

export const namesOf = ({ subscriptions }: Session): string[] => subscriptions.map(({ name }) => name);
