/** The events of the Provisioning Platform, and how they stand in frames. */
import type { Caused } from '../client-form.ts';
import { expect } from '../outcome.ts';
import { faultIn, type Fields, fieldsOf, type Form, has, isFields } from '../frames.ts';
import type { Socket } from '../socket.ts';

export const EVENT: Form = { event_type: 'text', timestamp: 'time', data: 'value', metadata: 'object' };

interface EventType {
  /** The short word by which the URL asks for it. */
  readonly word: string;
  /** The type and action by which a hub knows it. */
  readonly type: string;
  readonly action: string;
  /** The field of the data that names what the event is about. */
  readonly keyField?: string;
  readonly data: Fields;
}

/** Every core type of the document, with data of the form of its example. */
export const CORE: Readonly<Record<string, EventType>> = {
  TaskStatusChanged: {
    word: 'task',
    type: 'task',
    action: 'status_changed',
    keyField: 'task_id',
    data: { name: 'create_servers', status: 'Running', previous_status: 'Pending', progress: 45.5 },
  },
  BatchOperationUpdate: {
    word: 'batch',
    type: 'batch',
    action: 'update',
    keyField: 'batch_id',
    data: {
      status: 'Running',
      progress: 65,
      operations: [{ id: 'servers', status: 'Completed', progress: 100 }],
    },
  },
  SystemHealthUpdate: {
    word: 'system',
    type: 'system',
    action: 'health_update',
    data: { overall_status: 'Healthy', components: {}, metrics: { cpu_usage: 45.2, active_workflows: 5 } },
  },
  WorkflowProgressUpdate: {
    word: 'workflow',
    type: 'workflow',
    action: 'progress_update',
    keyField: 'workflow_id',
    data: {
      name: 'deployment',
      progress: 75,
      current_step: 'Installing',
      total_steps: 8,
      completed_steps: 6,
    },
  },
  LogEntry: {
    word: 'log',
    type: 'log',
    action: 'entry',
    keyField: 'component',
    data: { level: 'INFO', message: 'Server created', task_id: 't1', details: { hostname: 'web-01' } },
  },
  MetricUpdate: {
    word: 'metric',
    type: 'metric',
    action: 'update',
    keyField: 'metric_name',
    data: { metric_type: 'histogram', value: 180.5, labels: { infra: 'production' } },
  },
};

/** An event about a name that the check made. The name stands in the metadata as well, since not every type has a key. */
export function eventOf(eventType: string, name: string, data: Fields = {}): Caused {
  const metadata = { conformance: name, infra: 'test' };
  const core = CORE[eventType];
  if (core === undefined) return { type: 'custom', action: eventType, key: '', object: data, metadata };
  const { type, action, keyField } = core;
  const key = keyField === undefined ? {} : { [keyField]: name };
  return {
    type,
    action,
    key: keyField === undefined ? '' : name,
    object: { ...key, ...core.data, ...data },
    metadata,
  };
}

/** The event as publishers of the platform write it. */
export function written({ type, action, object, metadata }: Caused): object {
  const core = Object.entries(CORE).find(([, each]) => each.type === type && each.action === action);
  return {
    event_type: core?.[0] ?? action,
    timestamp: new Date().toISOString(),
    data: object,
    metadata: metadata ?? {},
  };
}

/** The events in a frame: one by itself, or those of a batch. */
export function eventsIn(text: string): readonly Fields[] {
  const fields = fieldsOf(text);
  if (fields === undefined) return [];
  if (fields['type'] === 'batch' && Array.isArray(fields['events'])) return fields['events'].filter(isFields);
  return typeof fields['event_type'] === 'string' ? [fields] : [];
}

/** The events about a name, of everything that came. */
export function eventsOf(socket: Socket, name: string): readonly Fields[] {
  return socket.frames.flatMap(({ text }) =>
    eventsIn(text).filter(({ metadata }) => has(metadata, { conformance: name })),
  );
}

/** The next event of this type about this name, unchanged. @throws Failed */
export async function heard(socket: Socket, { type, action, object, metadata }: Caused): Promise<Fields> {
  const name = (metadata as Fields)['conformance'];
  const { event_type: eventType } = written({ type, action, key: '', object }) as Fields;
  const fits = (event: Fields): boolean =>
    event['event_type'] === eventType && has(event['metadata'], { conformance: name });
  const { text } = await socket.next(`the event ${String(eventType)} about ${String(name)}`, (frame) =>
    eventsIn(frame.text).some(fits),
  );
  const event = eventsIn(text).find(fits) ?? {};
  const fault = faultIn(event, EVENT);
  expect(fault === undefined, `an event with event_type, timestamp, data and metadata; ${fault}`);
  expect(has(event['data'], object as Fields), `the data ${JSON.stringify(object)}`);
  expect(has(event['metadata'], metadata as Fields), `the metadata ${JSON.stringify(metadata)}`);
  return event;
}

/** What is wrong with a frame: it is an event, a batch of events, or an answer with a type. */
export function faultOf(text: string): string | undefined {
  const fields = fieldsOf(text);
  if (fields === undefined) return 'it is not one JSON object';
  if (Object.hasOwn(fields, 'event_type')) return faultIn(fields, EVENT);
  const fault = faultIn(fields, { type: 'text' });
  if (fault !== undefined) return 'it has neither event_type nor type';
  if (fields['type'] !== 'batch') return undefined;
  if (!Array.isArray(fields['events'])) return 'its events are not a list';
  return fields['events'].map((event) => faultIn(event, EVENT)).find((each) => each !== undefined);
}

/** The next frame that is no event: the answer to a command. @throws Failed */
export async function answer(socket: Socket, type: string): Promise<Fields> {
  const { text } = await socket.next(
    `a message of the type ${type}`,
    (frame) => fieldsOf(frame.text)?.['type'] === type,
  );
  return fieldsOf(text) ?? {};
}

/** Resolves when the server has handled everything that was sent before, which it answers with pong. @throws Failed */
export async function pong(socket: Socket): Promise<void> {
  socket.send({ type: 'ping' });
  await answer(socket, 'pong');
}
